//! The next bias points worth measuring: those that shrink the uncertainty of a device's curves most.
//!
//! With the covariance `C` of a head, a reading at a bias with activations `z` and variance `s^2` leaves
//! ```text
//! C' = C - C z z^T C / (z^T C z + s^2)            z scaled by g = du/dy, the slope of asinh(i / 2f) over y
//! ```
//! whatever it reads (in the linearised model). Points are chosen one by one from the biases that can be measured,
//! each such that the sum of `w` times the standard deviation of the prediction over all of them falls most: the error to be
//! expected, with `w` 1 where the current is strong and `WEAK` where it is weak. A greedy optimal design
//! (V. V. Fedorov, "Theory of Optimal Experiments", 1972).

use faer::Mat;
use gummel_device::metrics::StrongSet;
use gummel_device::{Bias, Geometry};
use gummel_kernel::basis::factors;
use gummel_kernel::{Branch, DeviceHeads, Folded, Member, OutputKind, Place};
use gummel_model::{Model, ModelError, Population};

use rayon::prelude::*;

use crate::error::FitError;
use crate::posterior::{learn, square};

/// For whom, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanOptions {
    /// Points wanted.
    pub points: usize,
    /// Noise floor of the instrument, A.
    pub floor: f64,
    /// Biases that can be measured, as they are set at the terminals, V.
    pub candidates: Vec<Bias>,
}

/// A point to measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Planned {
    /// Terminal voltages, V.
    pub bias: Bias,
    /// Current expected, A.
    pub expected: f64,
    /// Standard deviation of the prediction there before this point is measured, asinh units.
    pub before: f64,
    /// Root mean square over the strong part of the curves of what the head leaves uncertain, once it is measured.
    pub after: f64,
}

/// Who is planned for: a device of the model, or a place that nobody has measured.
#[derive(Clone, Debug, PartialEq)]
pub enum Subject {
    /// A device the model has a head for (its own readings count as taken).
    Known(usize),
    /// A device at this place without a reading.
    Unknown(Place),
}

/// The next points for `subject`, best first.
///
/// # Errors
/// [`FitError::NotAdaptable`] when the model carries no population, [`FitError::Config`] without candidates.
pub fn plan(model: &Model, subject: &Subject, options: &PlanOptions) -> Result<Vec<Planned>, FitError> {
    let refuse =
        |reason: &str| FitError::NotAdaptable { family: model.manifest.title(), reason: reason.to_owned() };
    if options.candidates.is_empty() {
        return Err(FitError::Config {
            key: "candidates",
            found: "no bias".to_owned(),
            expected: "at least one bias that can be measured".to_owned(),
        });
    }
    let population = model
        .population
        .as_ref()
        .ok_or_else(|| refuse("it carries no population (population.safetensors); fit again"))?;
    let channel = model.spec.branches[0]
        .outputs
        .iter()
        .position(|o| o.kind == OutputKind::Channel)
        .ok_or_else(|| refuse("it has no channel current"))?;
    let heads = &population.outputs[channel];
    let (folded, mut covariance, noise) = match subject {
        Subject::Known(d) => {
            let place = model.spec.devices[*d].place;
            let folded = Folded::new(&model.spec, Member::Device(*d), &place);
            (folded, square(&heads.posterior[*d]), heads.noise[*d])
        }
        Subject::Unknown(place) => {
            let prior = learn::prior(model, heads, channel, place, "")
                .ok_or_else(|| refuse("it has no device to compare with"))?;
            (expected_device(model, channel, place, prior.head.mean)?, prior.head.covariance, heads.new_noise)
        }
    };
    let place = match subject {
        Subject::Known(d) => &model.spec.devices[*d].place,
        Subject::Unknown(place) => place,
    };
    let psi = model.spec.branches[0].psi(place);
    let geometry = Geometry { w: place.w, l: place.l, nf: 1.0, mult: place.mult };
    let strong = StrongSet::new(geometry, model.manifest.polarity, options.floor);
    let points = Candidates::new(&folded, channel, population, &psi, options, noise, strong);
    Ok((0..options.points.min(options.candidates.len())).map(|_| points.next(&mut covariance)).collect())
}

/// The device that the population expects at `place`, as plain numbers.
fn expected_device(
    model: &Model,
    channel: usize,
    place: &Place,
    deviation: Vec<f64>,
) -> Result<Folded, ModelError> {
    let mut spec = model.spec.clone();
    let outputs = &spec.branches[0].outputs;
    let zero = vec![0.0; deviation.len()];
    let mut own = vec![zero; outputs.len()];
    own[channel] = deviation;
    let index = spec.devices.len();
    let mut deviations = vec![own];
    deviations.extend(spec.branches[1..].iter().map(Branch::no_deviation));
    spec.devices.push(DeviceHeads {
        name: String::new(),
        place: *place,
        deviation: deviations,
        range: [[0.0; 2]; 3],
    });
    Ok(Folded::new(&spec, Member::Device(index), place))
}

/// How much the weak part of the curves counts, the strong part being 1; its deviations are larger by far.
const WEAK: f64 = 0.03;
/// Most biases at which the fall of uncertainty is summed; of more, evenly spaced ones.
const MOST_TARGETS: usize = 400;

/// Biases with what a reading there would tell.
struct Candidates<'a> {
    biases: &'a [Bias],
    /// Slope of asinh(i / 2f) over every number of the deviation.
    seen: Vec<Vec<f64>>,
    /// Variance of a reading: instrument and scatter.
    variance: Vec<f64>,
    /// What each counts.
    weight: Vec<f64>,
    current: Vec<f64>,
}

impl<'a> Candidates<'a> {
    fn new(
        folded: &Folded,
        channel: usize,
        population: &Population,
        psi: &[f64],
        options: &'a PlanOptions,
        noise: f64,
        strong: StrongSet,
    ) -> Self {
        let branch = &folded.branches[0];
        let head = &branch.outputs[channel];
        let f = options.floor;
        let (mut seen, mut variance, mut current) = (Vec::new(), Vec::new(), Vec::new());
        let mut weight = Vec::new();
        for bias in &options.candidates {
            let v = bias.mirrored(folded.sign);
            let mut z = branch.activations(v.to_array());
            z.push(1.0);
            let y: f64 = head.constant + head.head.iter().zip(&z).map(|(h, z)| h * z).sum::<f64>();
            let i = v.vds() * head.scale * y.min(700.0).exp();
            let slope = (i / (2.0 * f)) / (i / (2.0 * f)).hypot(1.0);
            let offset = population.voltage_offset / v.vds().abs().max(f64::MIN_POSITIVE);
            z.iter_mut().for_each(|z| *z *= slope);
            seen.push(factors(&z, psi));
            variance.push(noise * noise + f * f / (i * i + 4.0 * f * f) + (offset * offset).min(1e6));
            weight.push(if strong.contains(i, v.vds()) { 1.0 } else { WEAK });
            current.push(folded.sign * i);
        }
        Candidates { biases: &options.candidates, seen, variance, weight, current }
    }

    /// Chooses the best point and updates the covariance as if it were measured.
    fn next(&self, covariance: &mut Mat<f64>) -> Planned {
        let m = covariance.nrows();
        let times = |z: &[f64]| -> Vec<f64> {
            (0..m).map(|i| (0..m).map(|j| covariance[(i, j)] * z[j]).sum()).collect()
        };
        let products: Vec<Vec<f64>> = self.seen.iter().map(|z| times(z)).collect();
        let spread: Vec<f64> = self.seen.iter().zip(&products).map(|(z, c)| dot(z, c).max(0.0)).collect();
        let targets = self.seen.len().div_ceil(MOST_TARGETS);
        let fall = |k: usize| -> f64 {
            let scale = 1.0 / (spread[k] + self.variance[k]);
            let of = |p: usize| {
                let before = spread[p] + self.variance[p];
                let after = (before - scale * dot(&products[k], &self.seen[p]).powi(2)).max(0.0);
                self.weight[p] * (before.sqrt() - after.sqrt())
            };
            (0..self.seen.len()).step_by(targets).map(of).sum()
        };
        let falls: Vec<f64> = (0..self.seen.len()).into_par_iter().map(fall).collect();
        let k = (0..falls.len()).fold(0, |best, k| if falls[k] > falls[best] { k } else { best });
        let c = &products[k];
        let scale = 1.0 / (spread[k] + self.variance[k]);
        for i in 0..m {
            for j in 0..m {
                covariance[(i, j)] -= scale * c[i] * c[j];
            }
        }
        Planned {
            bias: self.biases[k],
            expected: self.current[k],
            before: (spread[k] + self.variance[k]).sqrt(),
            after: self.strong_deviation(covariance),
        }
    }
}

impl Candidates<'_> {
    /// Root mean square of the head's part of the deviations where the current is strong, else anywhere.
    fn strong_deviation(&self, covariance: &Mat<f64>) -> f64 {
        let strong: Vec<usize> = (0..self.seen.len()).filter(|&p| self.weight[p] == 1.0).collect();
        let chosen = if strong.is_empty() { (0..self.seen.len()).collect() } else { strong };
        let m = covariance.nrows();
        let spread = |z: &[f64]| -> f64 {
            (0..m).map(|i| z[i] * (0..m).map(|j| covariance[(i, j)] * z[j]).sum::<f64>()).sum()
        };
        let sum: f64 = chosen.iter().map(|&p| spread(&self.seen[p]).max(0.0)).sum();
        (sum / chosen.len() as f64).sqrt()
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
