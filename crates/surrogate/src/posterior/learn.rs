//! The population of a fitted family: scatter of heads, scatter of readings, certainty of each head.

use faer::Mat;
use gummel_data::Dataset;
use gummel_device::metrics::quantile;
use gummel_kernel::Place;
use gummel_model::{HeadPopulation, Model, Population};
use rayon::prelude::*;

use super::kriging::{self, Kriging, MOST_NEIGHBOURS, Reach};
use super::map::estimate;
use super::readings::Readings;
use super::warmth::Warmth;
use super::{Gaussian, Prior, flatten, mean, square};
use crate::config::FitConfig;
use crate::doubt::sound;

/// Readings scatter around a device that the trunk has not seen this many times as much as around a fitted one.
///
/// Measured on IHP's four families by leaving devices out of whole fits, 1.4 to 2.0 (docs/src/benchmarks.md); the fit cannot know it: trunks
/// that went on for some steps without a device scatter 1.0 to 1.3 times as much around it.
const UNSEEN: f64 = 1.75;
/// Instrument noise of a reading that can tell of the model's own scatter, asinh units.
const CLEAN: f64 = 5e-3;
/// Normal quantile of 90 %: scatter is measured so that 90 % of the readings lie inside.
pub(super) const NINETY: f64 = 1.644_853_627;

/// Learns the population of `model`, which was fitted to `data` by `config`; its heads follow temperature as `warmth` says. Devices
/// that validation doubts do not tell how others scatter.
///
/// `None` when there are fewer than two devices.
pub(crate) fn learn(
    model: &Model,
    data: &Dataset,
    config: &FitConfig,
    warmth: &Warmth,
) -> Option<Population> {
    let branch = &model.spec.branches[0];
    let readings: Vec<Vec<Readings>> =
        data.devices.par_iter().map(|d| Readings::of(model, d, config)).collect();
    let sound = sound_of(data, config);
    let outputs = (0..branch.outputs.len())
        .map(|o| {
            let noise = noises(model, &readings, o);
            let usual = quantile(&mut sound.iter().map(|&d| noise[d]).collect::<Vec<f64>>(), 0.5);
            let scatter = learn_scatter(model, o, &sound)?;
            let covariance = warmth.beside(o, &scatter.covariance, branch.deviation.len());
            // The device is one of those that the scatter was learned from.
            let zero = |d: usize| Prior {
                head: Gaussian {
                    mean: vec![0.0; model.spec.devices[d].deviation[0][o].len()],
                    covariance: covariance.clone(),
                },
                freedom: f64::INFINITY,
            };
            let posterior = (0..model.spec.devices.len())
                .into_par_iter()
                .map(|d| {
                    let own: Vec<&Readings> = readings[d].iter().filter(|r| r.output == o).collect();
                    let found = estimate(&own, &zero(d), noise[d], config.residual.robust)?;
                    Some(flatten(&found.head.covariance))
                })
                .collect::<Option<Vec<_>>>()?;
            Some(HeadPopulation {
                reach: scatter.numbers.reach,
                shared: scatter.numbers.shared,
                calibration: 1.0,
                covariance: flatten(&covariance),
                new_noise: UNSEEN * usual,
                noise,
                posterior,
            })
        })
        .collect::<Option<Vec<_>>>()?;
    Some(Population { voltage_offset: config.residual.voltage_offset, outputs })
}

/// Scatter of readings around every device, from its residuals where the instrument is clean.
fn noises(model: &Model, readings: &[Vec<Readings>], o: usize) -> Vec<f64> {
    let own = |d: usize| -> f64 {
        let head = &model.spec.devices[d].deviation[0][o];
        let mut clean: Vec<f64> = readings[d]
            .iter()
            .filter(|r| r.output == o)
            .flat_map(|r| (0..r.len()).map(|p| r.at(head, p)))
            .filter(|p| p.variance < CLEAN * CLEAN)
            .map(|p| p.residual.abs())
            .collect();
        quantile(&mut clean, 0.9) / NINETY
    };
    let all: Vec<f64> = (0..readings.len()).map(own).collect();
    let mut known: Vec<f64> = all.iter().copied().filter(|n| n.is_finite()).collect();
    // Without one clean reading nothing is known: the accuracy the fit aims at stands in.
    let usual = if known.is_empty() { CLEAN } else { quantile(&mut known, 0.5) };
    all.into_iter().map(|n| if n.is_finite() { n.max(0.1 * usual) } else { usual }).collect()
}

/// Places of devices of a model.
fn places(model: &Model, devices: &[usize]) -> Vec<Place> {
    devices.iter().map(|&d| model.spec.devices[d].place).collect()
}

/// Heads of devices of a model where they stand, mean and deviation together, one row each.
fn heads(model: &Model, o: usize, devices: &[usize]) -> Mat<f64> {
    let branch = &model.spec.branches[0];
    let rows: Vec<Vec<f64>> = devices
        .iter()
        .map(|&d| {
            let device = &model.spec.devices[d];
            branch.head(o, &device.deviation[0][o], &device.place)
        })
        .collect();
    Mat::from_fn(rows.len(), branch.head_len(), |i, j| rows[i][j])
}

/// Mean over devices of the mean of `w^2 z z^T` over readings, `w` as the fit weighs them: how much heads that differ differ in
/// currents.
pub(crate) fn metric(model: &Model, readings: &[Vec<Readings>], o: usize, relative: f64) -> Mat<f64> {
    let branch = &model.spec.branches[0];
    // The first function of a deviation is the constant.
    let (m, functions) = (branch.head_len(), branch.deviation.len());
    let of = |d: usize| -> Mat<f64> {
        let head = &model.spec.devices[d].deviation[0][o];
        let (mut sum, mut all) = (Mat::<f64>::zeros(m, m), f64::MIN_POSITIVE);
        for readings in readings[d].iter().filter(|r| r.output == o) {
            for point in (0..readings.len()).map(|p| readings.at(head, p)) {
                let weight = point.slope.powi(2) / (1.0 + point.variance / (relative * relative));
                all += weight;
                for i in 0..m {
                    let factor = weight * point.z[i * functions];
                    (0..m).for_each(|j| sum[(i, j)] += factor * point.z[j * functions]);
                }
            }
        }
        sum * faer::Scale(1.0 / all)
    };
    let sums: Vec<Mat<f64>> = (0..readings.len()).into_par_iter().map(of).collect();
    let mut mean = Mat::<f64>::zeros(m, m);
    sums.iter().for_each(|s| mean += s);
    // Activations that are alike in all readings leave directions in which heads do not show.
    let least = 1e-9 * (0..m).map(|i| mean[(i, i)]).sum::<f64>() + f64::MIN_POSITIVE.sqrt();
    (0..m).for_each(|i| mean[(i, i)] += least);
    mean
}

fn learn_scatter(model: &Model, o: usize, devices: &[usize]) -> Option<kriging::Scatter> {
    let chosen = spread_over(devices);
    kriging::scatter(&places(model, &chosen), &heads(model, o, &chosen))
}

/// All of `devices`; where there are more than are asked at most, every so many.
fn spread_over(devices: &[usize]) -> Vec<usize> {
    devices.iter().copied().step_by(devices.len().div_ceil(MOST_NEIGHBOURS).max(1)).collect()
}

/// Devices that tell how others scatter: those that validation does not doubt, as long as there are two.
pub(super) fn sound_of(data: &Dataset, config: &FitConfig) -> Vec<usize> {
    sound(data, &config.residual, |sound| sound.len() > 1)
}

/// A process through the heads of devices of a model.
pub(crate) struct Process {
    /// Which devices.
    pub(super) devices: Vec<usize>,
    pub(super) kriging: Kriging,
}

impl Process {
    /// The process with these numbers through the heads of output `o` of `devices`.
    pub(super) fn through(model: &Model, o: usize, devices: &[usize], numbers: Reach) -> Option<Self> {
        let kriging = Kriging::new(&places(model, devices), &heads(model, o, devices), numbers)?;
        Some(Process { devices: devices.to_vec(), kriging })
    }

    /// The process through the heads of output `o` of `devices` that predicts those left out best, in the `metric` of currents.
    pub(super) fn foremost(model: &Model, o: usize, devices: &[usize], metric: &Mat<f64>) -> Option<Self> {
        let devices = spread_over(devices);
        let kriging = kriging::foremost(&places(model, &devices), &heads(model, o, &devices), metric)?;
        Some(Process { devices, kriging })
    }
}

/// What the population expects of the deviation of output `o` of a device at `place`, other than those called `except`.
pub(crate) fn prior(
    model: &Model,
    population: &HeadPopulation,
    o: usize,
    place: &Place,
    except: &str,
) -> Option<Prior> {
    let others: Vec<usize> =
        (0..model.spec.devices.len()).filter(|&d| model.spec.devices[d].name != except).collect();
    let chosen = kriging::nearest(&places(model, &others), place, MOST_NEIGHBOURS);
    let devices: Vec<usize> = chosen.iter().map(|&k| others[k]).collect();
    let numbers = Reach { reach: population.reach, shared: population.shared, additive: 0.0 };
    let process = Process::through(model, o, &devices, numbers)?.kriging;
    let (head, factor) = process.predict(place);
    let expected = model.spec.branches[0].mean_head(o, place);
    let mut covariance = square(&population.covariance);
    covariance *= faer::Scale(factor);
    // How a head follows temperature is what the population's mean says; only where it stands is the neighbours' to say.
    let branch = &model.spec.branches[0];
    let mut deviation = vec![0.0; branch.own_len()];
    // A mean that followed the process that predicts currents best says more than this one, which the density of heads chose.
    if !mean::is_settled(model) {
        let constants = deviation.iter_mut().step_by(branch.deviation.len());
        constants.zip(head.iter().zip(&expected)).for_each(|(d, (h, m))| *d = h - m);
    }
    let head = Gaussian { mean: deviation, covariance };
    Some(Prior { head, freedom: process.freedom() })
}
