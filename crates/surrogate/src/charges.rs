//! Terminal charges beside a fitted current: a trunk of their own, heads by linear least squares.
//!
//! ```text
//! y_o = h_o . [z(u), 1]       z a trunk of tanh layers over u, the features of the current's; o = gate, bulk, channel
//! qg = s y_g   qb = s y_b   (qd - qs)/2 = s vds y_c   qd = (qd - qs)/2 - (qg + qb)/2   qs = -(qg + qd + qb)
//! ```
//! Charges sum to zero and the capacitances are exact derivatives by construction. Given the trunk, every head is linear in
//! charges and in capacitances alike, so only the trunk needs iterations (`solve`).
//!
//! Each charge and each kind of capacitance counts by its relative L2 error. The zero of a charge is free: only
//! differences of charge matter in a circuit, and the kernel sets gate and bulk charge to zero at zero bias.

mod rest;
mod rows;
mod score;
mod solve;
mod trunk;

use gummel_data::{Dataset, DeviceData};
use gummel_device::Quantity;
use gummel_kernel::basis::times;
use gummel_kernel::{Branch, Layer, Output, OutputKind};
use gummel_model::Model;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};

use crate::config::Toggle;
use crate::error::FitError;
use rows::Points;
pub use score::{ChargeErrors, capacitance_curves, charge_errors};
use trunk::Trunk;

/// How charges are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChargeConfig {
    /// Whether to fit charges; `auto` when every device has `qg`, `qd` and `qb`, or all capacitances.
    pub fit: Toggle,
    /// Neurons of each layer.
    pub hidden: Vec<usize>,
    /// Random starts, of which the best goes on.
    pub starts: usize,
    /// Steps of each start.
    pub start_steps: usize,
    /// Most steps of the best start.
    pub max_steps: usize,
    /// Most points that the trunk is fitted to; heads see all.
    pub subset: usize,
}

impl Default for ChargeConfig {
    fn default() -> Self {
        ChargeConfig {
            fit: Toggle::Auto,
            hidden: vec![16, 16],
            starts: 4,
            start_steps: 8,
            max_steps: 120,
            subset: 3000,
        }
    }
}

/// Charges that a fit takes; capacitances are used where they are.
const NEEDED: [Quantity; 3] = [Quantity::Qg, Quantity::Qd, Quantity::Qb];

/// Capacitances that stand for the charges where those are missing.
const INSTEAD: [Quantity; 6] =
    [Quantity::Cgg, Quantity::Cgd, Quantity::Cgs, Quantity::Cbg, Quantity::Cdg, Quantity::Cdd];

/// The starts are tried on the subset divided by this.
const FIRST: f64 = 3.0;

/// Outputs of the branch, in this order.
const KINDS: [OutputKind; 3] = [OutputKind::GateCharge, OutputKind::BulkCharge, OutputKind::ChannelCharge];

/// Adds a branch of charges to `model`, fitted to the charges and capacitances of `data`, which may be other data
/// than the currents were fitted to. Does nothing when the configuration or (in `auto`) the data say so.
///
/// # Errors
/// [`FitError::Config`] when charges are asked for and missing, or the number of neurons is impossible;
/// [`FitError::Model`] when the numbers do not make a model.
pub fn add(model: &mut Model, data: &Dataset, config: &ChargeConfig, seed: u64) -> Result<bool, FitError> {
    let found: Vec<Option<&DeviceData>> =
        model.spec.devices.iter().map(|m| data.devices.iter().find(|d| d.id.name == m.name)).collect();
    let missing = model.spec.devices.iter().zip(&found).find_map(|(m, d)| {
        let Some(d) = d else { return Some(format!("device {} has no data", m.name)) };
        let lacks = |q: &&Quantity| !d.quantities.get(q).is_some_and(|v| v.iter().any(|x| x.is_finite()));
        let (charge, instead) = (NEEDED.iter().find(lacks)?, INSTEAD.iter().find(lacks)?);
        Some(format!("device {} has neither {} nor {}", m.name, charge.column(), instead.column()))
    });
    match (config.fit, missing) {
        (Toggle::Off, _) | (Toggle::Auto, Some(_)) => return Ok(false),
        (Toggle::On, Some(found)) => {
            return Err(FitError::Config {
                key: "charges.fit",
                found,
                expected: "qg, qd and qb, or cgg, cgd, cgs, cbg, cdg and cdd, or 'off'".into(),
            });
        }
        (_, None) => {}
    }
    let (widest, deepest) = (gummel_kernel::spec::MAX_WIDTH, gummel_kernel::spec::MAX_LAYERS);
    let hidden = &config.hidden;
    if hidden.is_empty() || hidden.len() > deepest || hidden.iter().any(|w| !(1..=widest).contains(w)) {
        return Err(FitError::Config {
            key: "charges.hidden",
            found: format!("{hidden:?}"),
            expected: format!("1 to {deepest} layers of 1 to {widest} neurons, e.g. [16, 16]"),
        });
    }
    let current = &model.spec.branches[0];
    let devices: Vec<&DeviceData> = found.into_iter().flatten().collect();
    let total: usize = devices.iter().map(|d| d.len()).sum();
    let share = config.subset as f64 / total.max(1) as f64;
    let scale = typical_charge(model, &devices);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Every so-manieth point of a grid could be all of one voltage, so they are drawn.
    let mut part = |share: f64| -> Vec<Points> {
        let places = model.spec.devices.iter().map(|d| &d.place);
        devices
            .iter()
            .zip(places)
            .map(|(d, place)| Points::new(d, place, current, scale, |_| rng.random::<f64>() < share))
            .collect()
    };
    let (mut few, mut some, all) = (part(share / FIRST), part(share), part(1.0));
    few.retain(|points| points.len() > 0);
    some.retain(|points| points.len() > 0);
    if few.is_empty() || some.is_empty() {
        return Ok(false);
    }
    let trunk = train(&few, &some, config, seed);
    let heads: Vec<[Vec<f64>; 3]> = all.iter().map(|points| solve::heads(&trunk, points)).collect();
    let branch = branch(model, &trunk, scale);
    attach(model, branch, &heads)?;
    Ok(true)
}

/// Writes the errors of charges and capacitances into the manifest and says them in a line.
pub(crate) fn record(model: &mut Model, data: &Dataset) -> Result<Option<String>, FitError> {
    let errors = charge_errors(model, data)?;
    let words: Vec<String> =
        errors.iter().map(|e| format!("{} {:.2}", e.quantity.column(), 100.0 * e.error.median)).collect();
    for e in &errors {
        model.manifest.metrics.insert(format!("{}_rel_l2", e.quantity.column()), e.error);
    }
    Ok((!words.is_empty()).then(|| format!("charges fitted; median relative L2 %: {}", words.join(", "))))
}

/// Root mean square over devices of the gate charge per square micrometre, or of what one volt brings, C.
fn typical_charge(model: &Model, devices: &[&DeviceData]) -> f64 {
    let unit = Output { kind: OutputKind::GateCharge, scale: 1.0, per_geometry: true };
    let (mut sum, mut n) = (0.0, 0usize);
    for (device, heads) in devices.iter().zip(&model.spec.devices) {
        let factor = unit.geometry_factor(&heads.place);
        let charge = device.quantities.get(&Quantity::Qg).or_else(|| device.quantities.get(&Quantity::Cgg));
        for q in charge.into_iter().flatten().filter(|q| q.is_finite()) {
            sum += (q / factor).powi(2);
            n += 1;
        }
    }
    if sum > 0.0 { (sum / n as f64).sqrt() } else { 1e-15 }
}

/// The best of several random starts on `few` points, trained to the end on `points`.
fn train(few: &[Points], points: &[Points], config: &ChargeConfig, seed: u64) -> Trunk {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let starts: Vec<Trunk> =
        (0..config.starts.max(1)).map(|_| random(few, &config.hidden, &mut rng)).collect();
    let mut best: Option<(f64, Trunk)> = None;
    for start in starts {
        let (loss, trunk) = solve::train(start, few, config.start_steps);
        if best.as_ref().is_none_or(|(b, _)| loss < *b) {
            best = Some((loss, trunk));
        }
    }
    let (_, trunk) = best.unwrap_or_else(|| unreachable!("there is at least one start"));
    solve::train(trunk, points, config.max_steps).1
}

/// A first layer of neurons that bend at data points, in random directions, from nearly linear to as sharp as a flat band;
/// further layers random.
fn random(points: &[Points], hidden: &[usize], rng: &mut ChaCha8Rng) -> Trunk {
    /// Gate, drain, bulk, then static inputs.
    const SPREAD: [f64; 4] = [1.0, 0.7, 0.5, 0.1];
    /// Standard deviation of further layers' weights over the root of their inputs, and of their biases.
    const FURTHER: [f64; 2] = [1.0, 0.5];
    let inputs = points[0].inputs();
    let sizes: Vec<usize> = std::iter::once(inputs).chain(hidden.iter().copied()).collect();
    let mut weights = Vec::new();
    for _ in 0..hidden[0] {
        let direction: Vec<f64> =
            (0..inputs).map(|i| SPREAD[i.min(3)] * rng.sample::<f64, _>(StandardNormal)).collect();
        let norm = direction.iter().map(|d| d * d).sum::<f64>().sqrt().max(1e-6);
        let slope = (0.2f64.ln() + rng.random::<f64>() * (4.0f64 / 0.2).ln()).exp() / norm;
        let device = &points[rng.random_range(0..points.len())];
        let at = rng.random_range(0..device.len());
        let row: Vec<f64> = direction.iter().map(|d| slope * d).collect();
        let bias = -row.iter().enumerate().map(|(i, w)| w * device.x(i)[at]).sum::<f64>();
        weights.extend(row);
        weights.push(bias);
    }
    for layer in sizes[1..].windows(2) {
        let scale = FURTHER[0] / (layer[0] as f64).sqrt();
        for _ in 0..layer[1] {
            weights.extend((0..layer[0]).map(|_| scale * rng.sample::<f64, _>(StandardNormal)));
            weights.push(FURTHER[1] * rng.sample::<f64, _>(StandardNormal));
        }
    }
    Trunk { sizes, weights }
}

/// The branch without its heads, over the same inputs and population as the current.
fn branch(model: &Model, trunk: &Trunk, scale: f64) -> Branch {
    let current = &model.spec.branches[0];
    let layers = trunk.layers().into_iter().map(|span| Layer {
        inputs: span.inputs,
        outputs: span.outputs,
        weight: trunk.rows(&span).flat_map(|r| r[..span.inputs].iter().copied()).collect(),
        bias: trunk.rows(&span).map(|r| r[span.inputs]).collect(),
    });
    Branch {
        layers: layers.collect(),
        outputs: KINDS.iter().map(|&kind| Output { kind, scale, per_geometry: true }).collect(),
        deviation: gummel_kernel::Basis::constant(),
        ..current.clone()
    }
}

/// Splits heads into population and deviations and puts them into the model.
fn attach(model: &mut Model, mut branch: Branch, heads: &[[Vec<f64>; 3]]) -> Result<(), FitError> {
    let phi: Vec<Vec<f64>> = model.spec.devices.iter().map(|d| branch.phi(&d.place)).collect();
    let (rows, columns) = (branch.head_len(), branch.population.len());
    branch.population_heads = vec![vec![0.0; rows * columns]; KINDS.len()];
    let mut spec = model.spec.clone();
    for o in 0..KINDS.len() {
        let own: Vec<&[f64]> = heads.iter().map(|h| h[o].as_slice()).collect();
        branch.population_heads[o] = solve::population(&phi, &own);
    }
    for ((device, own), phi) in spec.devices.iter_mut().zip(heads).zip(&phi) {
        let deviation = |o: usize| -> Vec<f64> {
            let mean = times(&branch.population_heads[o], phi, rows);
            own[o].iter().zip(mean).map(|(h, m)| h - m).collect()
        };
        device.deviation.push((0..KINDS.len()).map(deviation).collect());
    }
    spec.branches.push(branch);
    let population = model.population.take();
    *model = Model { population, ..Model::new(spec, model.manifest.clone())? };
    Ok(())
}

#[cfg(test)]
mod tests;
