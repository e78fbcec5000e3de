//! Terminal charges beside a fitted current: a trunk of one layer, heads by linear least squares.
//!
//! ```text
//! y_o = h_o . [tanh(W u + b), 1]       u the features of the current's trunk, o = gate, bulk, channel
//! qg = s y_g   qb = s y_b   (qd - qs)/2 = s vds y_c   qd = (qd - qs)/2 - (qg + qb)/2   qs = -(qg + qd + qb)
//! ```
//! Charges sum to zero and the capacitances are exact derivatives by construction. One layer is enough: given
//! `W` and `b`, every head is linear in charges and in capacitances alike, so only the trunk needs iterations
//! (`solve`). It evaluates in a fraction of the time of the current's trunk.
//!
//! Each charge and each kind of capacitance counts by its relative L2 error. The zero of a charge is free: only
//! differences of charge matter in a circuit, and the kernel sets gate and bulk charge to zero at zero bias.

mod rows;
mod score;
mod solve;

use gummel_data::{Dataset, DeviceData};
use gummel_device::Quantity;
use gummel_kernel::{Branch, Layer, Output, OutputKind};
use gummel_model::Model;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::config::Toggle;
use crate::error::FitError;
use rows::Points;
pub use score::{ChargeErrors, charge_errors};
use solve::Trunk;

/// How charges are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChargeConfig {
    /// Whether to fit charges; `auto` when every device has `qg`, `qd` and `qb`.
    pub fit: Toggle,
    /// Neurons of the only layer.
    pub neurons: usize,
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
            neurons: 32,
            starts: 4,
            start_steps: 8,
            max_steps: 60,
            subset: 3000,
        }
    }
}

/// Charges that a fit needs; capacitances are used where they are.
pub const NEEDED: [Quantity; 3] = [Quantity::Qg, Quantity::Qd, Quantity::Qb];

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
        NEEDED.iter().find(lacks).map(|q| format!("device {} has no {}", m.name, q.column()))
    });
    match (config.fit, missing) {
        (Toggle::Off, _) | (Toggle::Auto, Some(_)) => return Ok(false),
        (Toggle::On, Some(found)) => {
            return Err(FitError::Config {
                key: "charges.fit",
                found,
                expected: "qg, qd and qb, or 'off'".into(),
            });
        }
        (_, None) => {}
    }
    if !(1..=gummel_kernel::spec::MAX_WIDTH).contains(&config.neurons) {
        return Err(FitError::Config {
            key: "charges.neurons",
            found: config.neurons.to_string(),
            expected: format!("1 to {}", gummel_kernel::spec::MAX_WIDTH),
        });
    }
    let current = &model.spec.branches[0];
    let devices: Vec<&DeviceData> = found.into_iter().flatten().collect();
    let total: usize = devices.iter().map(|d| d.len()).sum();
    let stride = total.div_ceil(config.subset.max(1)).max(1);
    let scale = typical_charge(model, &devices);
    let part = |stride: usize| -> Vec<Points> {
        let places = model.spec.devices.iter().map(|d| &d.place);
        data.devices
            .iter()
            .zip(places)
            .map(|(d, place)| Points::new(d, place, current, scale, stride))
            .collect()
    };
    let (mut some, all) = (part(stride), part(1));
    some.retain(|points| points.len() > 0);
    if some.is_empty() {
        return Ok(false);
    }
    let trunk = train(&some, config, seed);
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

/// Root mean square of the gate charge per square micrometre over devices, C.
fn typical_charge(model: &Model, devices: &[&DeviceData]) -> f64 {
    let unit = Output { kind: OutputKind::GateCharge, scale: 1.0, per_geometry: true };
    let (mut sum, mut n) = (0.0, 0usize);
    for (device, heads) in devices.iter().zip(&model.spec.devices) {
        let factor = unit.geometry_factor(&heads.place);
        for q in device.quantities.get(&Quantity::Qg).into_iter().flatten().filter(|q| q.is_finite()) {
            sum += (q / factor).powi(2);
            n += 1;
        }
    }
    if sum > 0.0 { (sum / n as f64).sqrt() } else { 1e-15 }
}

/// The best of several random starts, trained to the end.
fn train(points: &[Points], config: &ChargeConfig, seed: u64) -> Trunk {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let starts: Vec<Trunk> =
        (0..config.starts.max(1)).map(|_| random(points, config.neurons, &mut rng)).collect();
    let mut best: Option<(f64, Trunk)> = None;
    for start in starts {
        let (loss, trunk) = solve::train(start, points, config.start_steps);
        if best.as_ref().is_none_or(|(b, _)| loss < *b) {
            best = Some((loss, trunk));
        }
    }
    let (_, trunk) = best.unwrap_or_else(|| unreachable!("there is at least one start"));
    solve::train(trunk, points, config.max_steps).1
}

/// Neurons that bend at data points, in random directions, from nearly linear to as sharp as a flat band.
fn random(points: &[Points], neurons: usize, rng: &mut ChaCha8Rng) -> Trunk {
    /// Gate, drain, bulk, then static inputs.
    const SPREAD: [f64; 4] = [1.0, 0.7, 0.5, 0.1];
    let inputs = points[0].inputs();
    let mut weights = Vec::with_capacity(neurons * (inputs + 1));
    for _ in 0..neurons {
        let direction: Vec<f64> = (0..inputs)
            .map(|i| SPREAD[i.min(3)] * rng.sample::<f64, _>(rand_distr::StandardNormal))
            .collect();
        let norm = direction.iter().map(|d| d * d).sum::<f64>().sqrt().max(1e-6);
        let slope = (0.2f64.ln() + rng.random::<f64>() * (4.0f64 / 0.2).ln()).exp() / norm;
        let device = &points[rng.random_range(0..points.len())];
        let at = rng.random_range(0..device.len());
        let row: Vec<f64> = direction.iter().map(|d| slope * d).collect();
        let bias = -row.iter().enumerate().map(|(i, w)| w * device.x(i)[at]).sum::<f64>();
        weights.extend(row);
        weights.push(bias);
    }
    Trunk { inputs, neurons, weights }
}

/// The branch without its heads, over the same inputs and population as the current.
fn branch(model: &Model, trunk: &Trunk, scale: f64) -> Branch {
    let current = &model.spec.branches[0];
    let rows = trunk.weights.chunks_exact(trunk.inputs + 1);
    let layer = Layer {
        inputs: trunk.inputs,
        outputs: trunk.neurons,
        weight: rows.clone().flat_map(|r| r[..trunk.inputs].iter().copied()).collect(),
        bias: rows.map(|r| r[trunk.inputs]).collect(),
    };
    Branch {
        layers: vec![layer],
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
            let mean = branch.population_heads[o].chunks_exact(columns.max(1));
            let mut head = own[o].clone();
            for (h, row) in head.iter_mut().zip(mean) {
                *h -= row.iter().zip(phi).map(|(b, p)| b * p).sum::<f64>();
            }
            head
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
