//! A new device's head from few points: the most probable head under the population, trunk frozen.
//!
//! The population says what head to expect at the device's geometry and how far it may stray
//! (`posterior::kriging`); readings correct it (`posterior::map`). The model gains the device with the
//! certainty of its head, so that intervals and further measurements can be asked for.

use gummel_data::{Dataset, DeviceData};
use gummel_device::metrics::criterion_current;
use gummel_kernel::{Branch, DeviceHeads};
use gummel_model::{CornerCurve, Model};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;

use crate::assemble::place_of;
use crate::config::FitConfig;
use crate::error::FitError;
use crate::freeze::{entry, range, reference_temperature};
use crate::posterior::map::{Posterior, estimate};
use crate::posterior::readings::Readings;
use crate::posterior::warmth::{ROUNDS, Warmth};
use crate::posterior::{Prior, corner, flatten, learn};
use crate::report::{DeviceReport, Part, judge_device};

/// How a device is taken in.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AdaptOptions {
    /// Use only this many of the device's points, drawn at random; all when absent.
    pub points: Option<usize>,
    /// Seed of the draw.
    pub seed: u64,
}

/// A model with one more device.
#[derive(Clone, Debug)]
pub struct Adapted {
    /// The model; a device of that name is replaced.
    pub model: Model,
    /// Index of the device in the model.
    pub device: usize,
    /// Rows of the data that were used.
    pub used: Vec<usize>,
    /// Errors over all points given, used or not.
    pub report: DeviceReport,
    /// Scatter of readings around the device, asinh units (about relative error).
    pub noise: f64,
    /// Whether a device of that name was replaced.
    pub replaced: bool,
}

/// Takes `device` into `model`.
///
/// # Errors
/// [`FitError::NotAdaptable`] when the model carries no population or its recipe cannot be read,
/// [`FitError::Empty`] when no point is left, [`FitError::Model`] when the result is no model.
pub fn adapt(model: &Model, device: &DeviceData, options: &AdaptOptions) -> Result<Adapted, FitError> {
    let config = recipe(model)?;
    let used = match options.points {
        Some(n) if n < device.len() => draw(device, n, options.seed),
        _ => (0..device.len()).collect(),
    };
    let part = device.filter(|p| used.binary_search(&p).is_ok()).ok_or(FitError::Empty)?;
    let heads = posteriors(model, &part, &config)?;
    let noise = heads.first().map_or(0.0, |h| h.noise);
    let (grown, index, replaced) = grow(model, &part, heads)?;
    let report = judge_device(&grown, device, Part::HeldOut);
    Ok(Adapted { model: grown, device: index, used, report, noise, replaced })
}

/// The recipe a model was fitted by; its residual is what readings are compared by.
///
/// # Errors
/// [`FitError::NotAdaptable`] when the manifest's recipe is of another version.
pub fn recipe(model: &Model) -> Result<FitConfig, FitError> {
    FitConfig::deserialize(model.manifest.config.clone()).map_err(|e| FitError::NotAdaptable {
        family: model.manifest.title(),
        reason: format!("the recipe in its manifest is not one of this version: {e}"),
    })
}

/// The most probable head of every output given the readings of `device`.
pub(crate) fn posteriors(
    model: &Model,
    device: &DeviceData,
    config: &FitConfig,
) -> Result<Vec<Posterior>, FitError> {
    let refuse =
        |reason: &str| FitError::NotAdaptable { family: model.manifest.title(), reason: reason.to_owned() };
    let population = model.population.as_ref().ok_or_else(|| {
        refuse("it carries no population (population.safetensors); fit again, with at least two devices")
    })?;
    let place = place_of(device, reference_temperature(device));
    let readings = Readings::of(model, device, config);
    let curve = CornerCurve::of(model);
    let warmth = Warmth::of(model, &device.id.name, config.residual.relative);
    population
        .outputs
        .iter()
        .enumerate()
        .map(|(o, heads)| {
            let prior = corner::prior(&curve, heads, o, device, &place)
                .or_else(|| learn::prior(model, heads, o, &place, &device.id.name))
                .ok_or_else(|| refuse("no other device is left to compare with"))?;
            let own: Vec<&Readings> = readings.iter().filter(|r| r.output == o).collect();
            estimate_warm(&own, prior, heads.new_noise, config.residual.robust, |deviation| {
                warmth.expect(model, o, &place, deviation)
            })
            .ok_or_else(|| refuse("its population is damaged: a covariance is not positive definite"))
        })
        .collect()
}

/// The most probable head under a prior whose slope over temperature follows from its constants, as `expect` says of a deviation.
fn estimate_warm(
    readings: &[&Readings],
    mut prior: Prior,
    noise: f64,
    robust: f64,
    expect: impl Fn(&mut [f64]) -> bool,
) -> Option<Posterior> {
    if !expect(&mut prior.head.mean) {
        return estimate(readings, &prior, noise, robust);
    }
    let mut found = estimate(readings, &prior, noise, robust)?;
    for _ in 0..ROUNDS {
        let (before, mut expected) = (prior.head.mean.clone(), found.head.mean.clone());
        if !expect(&mut expected) {
            break;
        }
        let slopes = prior.head.mean.iter_mut().skip(1).step_by(2);
        slopes.zip(expected.iter().skip(1).step_by(2)).for_each(|(slope, expected)| *slope = *expected);
        // As with readings at the reference alone, which tell nothing of slopes.
        if prior.head.mean == before {
            break;
        }
        found = estimate(readings, &prior, noise, robust)?;
    }
    Some(found)
}

/// The model with a device of these heads.
fn grow(model: &Model, device: &DeviceData, heads: Vec<Posterior>) -> Result<(Model, usize, bool), FitError> {
    let mut grown = model.clone();
    let name = &device.id.name;
    // Readings are of currents; the charges of a new device are those of the population at its size.
    let of_currents = heads.iter().map(|h| h.head.mean.clone()).collect();
    let of_charges = grown.spec.branches.iter().skip(1).map(Branch::no_deviation);
    let own = DeviceHeads {
        name: name.clone(),
        place: place_of(device, reference_temperature(device)),
        deviation: std::iter::once(of_currents).chain(of_charges).collect(),
        range: range(device),
    };
    let old = grown.spec.devices.iter().position(|d| d.name == *name);
    let index = old.unwrap_or(grown.spec.devices.len());
    put(&mut grown.spec.devices, index, own);
    put(&mut grown.manifest.devices, index, entry(device));
    // A proof of signs does not cover a head that it never saw.
    grown.manifest.certificate = None;
    if let Some(population) = &mut grown.population {
        for (output, head) in population.outputs.iter_mut().zip(&heads) {
            put(&mut output.noise, index, head.noise);
            put(&mut output.posterior, index, flatten(&head.head.covariance));
        }
    }
    let mut checked = Model::new(grown.spec, grown.manifest)?;
    checked.population = grown.population;
    let errors = judge_device(&checked, device, Part::Train);
    let entry = &mut checked.manifest.devices[index];
    entry.errors = Some(errors.errors);
    (entry.gm_rel_l2, entry.gds_rel_l2) = (errors.gm_rel_l2, errors.gds_rel_l2);
    Ok((checked, index, old.is_some()))
}

/// Puts `value` at `index`, which is that of an element or one past the last.
fn put<T>(list: &mut Vec<T>, index: usize, value: T) {
    match list.get_mut(index) {
        Some(slot) => *slot = value,
        None => list.push(value),
    }
}

/// `n` of a device's rows, ascending: half above the constant-current threshold, half below it and above the noise.
///
/// Where one kind runs out, the others fill up.
pub fn draw(device: &DeviceData, n: usize, seed: u64) -> Vec<usize> {
    let sign = device.id.family.polarity.sign();
    let threshold = criterion_current(device.id.family.polarity) * device.id.geometry.squares();
    let mut kinds: [Vec<usize>; 3] = Default::default();
    for p in 0..device.len() {
        let (current, vds) = (sign * device.id()[p], sign * device.bias_at(p).vds());
        let kind = match () {
            () if vds < LEAST_VDS || current < SIGNAL * device.floor => 2,
            () if current >= threshold => 0,
            () => 1,
        };
        kinds[kind].push(p);
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    kinds.iter_mut().for_each(|k| k.shuffle(&mut random));
    let [above, below, rest] = kinds;
    let below_share = (n / 2).min(below.len());
    let mut chosen: Vec<usize> =
        above.iter().take(n - below_share).chain(below.iter().take(below_share)).copied().collect();
    let spare = below.into_iter().skip(below_share).chain(rest);
    let missing = n.saturating_sub(chosen.len());
    chosen.extend(spare.take(missing));
    chosen.sort_unstable();
    chosen
}

/// Points below this drain voltage, V, say little of the channel.
const LEAST_VDS: f64 = 0.04;
/// Points below this many floors say little at all.
const SIGNAL: f64 = 20.0;

/// Adapts `model` to every device of `data` in turn.
///
/// # Errors
/// As [`adapt`].
pub fn adapt_all(
    model: &Model,
    data: &Dataset,
    options: &AdaptOptions,
) -> Result<(Model, Vec<Adapted>), FitError> {
    let mut model = model.clone();
    let mut all = Vec::with_capacity(data.devices.len());
    for device in &data.devices {
        let adapted = adapt(&model, device, options)?;
        model = adapted.model.clone();
        all.push(adapted);
    }
    Ok((model, all))
}
