//! How wide the expectation of a new head is: so wide that it holds what the fitted ones do when each is left out.
//!
//! The covariance of heads is learned by the process that finds them most probable, their expectation by the one that leaves the
//! least error of currents ([`kriging`](super::kriging)). Where the second is the better, the first makes expectations too wide. Its
//! covariance counts `s` times, the `s` with which 90 % intervals hold 90 % of the readings of devices left out, in the mean over them:
//! ```text
//! r_p^2 <= k^2 [ s (du/dy)^2 z_p^T C z_p + n^2 + v_p ]        k = 1.645;  r_p: residual of a reading at the head that others expect
//! ```
//! These devices were seen by the trunk and by the others' heads, which is worth a further factor that only whole fits without them tell.
//! This is conformal prediction with devices as its units (V. Vovk, A. Gammerman, G. Shafer, "Algorithmic Learning in a Random World",
//! 2005), a factor on the variance being what is made to conform.

use gummel_data::Dataset;
use gummel_model::{HeadPopulation, Model};
use rayon::prelude::*;

use super::kriging::Reach;
use super::law::REFERENCE;
use super::learn::{self, NINETY, Process};
use super::mean;
use super::readings::Readings;
use crate::config::FitConfig;

/// Heads of devices that the fit has not seen stray this many times as far from what is expected of them as those of fitted ones
/// that are left out of the expectation alone.
///
/// Measured on IHP's four families by leaving devices out of whole fits, 2.2 to 2.9 (docs/src/benchmarks.md).
const UNSEEN: f64 = 2.5;
/// Share of a device's readings that their intervals are to hold.
const SHARE: f64 = 0.9;
/// Fewest devices that tell.
const FEWEST: usize = 8;
/// Most that `s` is, and one over the least.
const MOST: f64 = 16.0;

/// Sets the width of what the population of `model`, fitted to `data`, expects of new devices; `means` are the processes that its
/// mean follows, where it follows one. Leaves a population with process corners alone, whose new corners others expect.
pub(crate) fn calibrate(model: &mut Model, data: &Dataset, config: &FitConfig, means: &[Option<Process>]) {
    if mean::has_corners(&model.spec.branches[0]) {
        return;
    }
    let Some(mut population) = model.population.take() else { return };
    for (o, heads) in population.outputs.iter_mut().enumerate() {
        if let Some(scale) = scale(model, data, config, o, heads, means.get(o).and_then(Option::as_ref)) {
            widen(heads, scale, model.spec.branches[0].deviation.len());
        }
    }
    model.population = Some(population);
}

/// The `s` of output `o`; `None` where too few devices tell.
fn scale(
    model: &Model,
    data: &Dataset,
    config: &FitConfig,
    o: usize,
    heads: &HeadPopulation,
    mean: Option<&Process>,
) -> Option<f64> {
    let numbers = Reach { reach: heads.reach, shared: heads.shared, additive: 0.0 };
    let devices = mean.map_or_else(|| learn::sound_of(data, config), |mean| mean.devices.clone());
    let usual = Process::through(model, o, &devices, numbers)?;
    let errors = mean.unwrap_or(&usual).kriging.errors();
    let factors = usual.kriging.factors();
    let functions = model.spec.branches[0].deviation.len();
    let of_device = |(k, &d): (usize, &usize)| {
        let mut head = model.spec.devices[d].deviation[0][o].clone();
        // The first function of a deviation is the constant.
        let constants = head.iter_mut().step_by(functions).enumerate();
        constants.for_each(|(j, value)| *value -= errors[(k, j)]);
        let readings = Readings::of(model, &data.devices[d], config);
        // Errors are of heads at the reference, where they follow temperature.
        let near = |r: &Readings| functions == 1 || (r.temperature() - REFERENCE).abs() < NEAR;
        let own = readings.iter().filter(|r| r.output == o && near(r));
        own.flat_map(|r| needed(r, &head, heads, factors[k])).collect::<Vec<f64>>()
    };
    let mut of_devices: Vec<Vec<f64>> = devices.par_iter().enumerate().map(of_device).collect();
    of_devices.retain(|needed| !needed.is_empty());
    if of_devices.len() < FEWEST {
        return None;
    }
    let enough = enough(&of_devices)?;
    Some((UNSEEN * UNSEEN * enough).clamp(1.0 / MOST, MOST))
}

/// The least number that is as large as [`SHARE`] of each device's, in the mean over devices.
fn enough(of_devices: &[Vec<f64>]) -> Option<f64> {
    let each = |numbers: &Vec<f64>| 1.0 / (numbers.len() * of_devices.len()) as f64;
    let mut all: Vec<(f64, f64)> =
        of_devices.iter().flat_map(|numbers| numbers.iter().map(move |s| (*s, each(numbers)))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut held = 0.0;
    let found = all.iter().find(|(_, share)| {
        held += share;
        // Sums of shares round.
        held > SHARE - 1e-9
    });
    found.map(|(s, _)| *s)
}

/// Temperatures as far from the reference say what heads do there, K.
const NEAR: f64 = 10.0;

/// The least `s` with which the interval of each reading holds it.
fn needed(readings: &Readings, head: &[f64], heads: &HeadPopulation, factor: f64) -> Vec<f64> {
    let m = head.len();
    let of = |p: usize| {
        let point = readings.at(head, p);
        let times: f64 = (0..m)
            .map(|i| point.z[i] * (0..m).map(|j| heads.covariance[i * m + j] * point.z[j]).sum::<f64>())
            .sum();
        let rest = heads.new_noise * heads.new_noise + point.variance;
        let missing = (point.residual / NINETY).powi(2) - rest;
        // What noise alone explains needs nothing, nor does a reading without weight, which any interval holds; what has no width of its
        // own needs all there is.
        if missing <= 0.0 { 0.0 } else { missing / (factor * point.slope * point.slope * times) }
    };
    (0..readings.len()).map(of).collect()
}

/// Multiplies the covariance of what does not depend on temperature by `scale`.
fn widen(heads: &mut HeadPopulation, scale: f64, functions: usize) {
    let m = heads.covariance.len().isqrt();
    for (k, value) in heads.covariance.iter_mut().enumerate() {
        if (k / m).is_multiple_of(functions) && (k % m).is_multiple_of(functions) {
            *value *= scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenth_of_the_readings_is_left_out_and_every_device_counts_alike() {
        let numbers = |n: usize, scale: f64| (1..=n).map(|k| scale * k as f64).collect::<Vec<f64>>();
        assert_eq!(enough(&[numbers(10, 1.0)]), Some(9.0));
        // 80 % of the second device are beyond any of the first, however many readings the first has.
        let two = [numbers(1000, 1e-3), numbers(10, 100.0)];
        assert_eq!(enough(&two), Some(800.0));
        assert_eq!(enough(&[]), None);
    }

    #[test]
    fn what_follows_temperature_keeps_its_width() {
        let mut heads = HeadPopulation {
            reach: 1.0,
            shared: 0.9,
            calibration: 1.0,
            covariance: vec![1.0; 16],
            noise: Vec::new(),
            new_noise: 0.01,
            posterior: Vec::new(),
        };
        widen(&mut heads, 3.0, 2);
        let expected = [[3.0, 1.0, 3.0, 1.0], [1.0; 4], [3.0, 1.0, 3.0, 1.0], [1.0; 4]];
        assert_eq!(heads.covariance, expected.concat());
    }
}
