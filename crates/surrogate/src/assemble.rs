//! A dataset becomes a problem: features, weights, bases and tasks of one family.

mod builder;
mod check;

use std::collections::BTreeSet;

use gummel_data::{Dataset, DeviceData};
use gummel_device::{DeviceId, Quantity};
use gummel_kernel::jacobian::TrunkShape;
use gummel_kernel::{Basis, Branch, Covariate, Features, Hull, Output, OutputKind, Place, StaticInput};

use crate::config::{FitConfig, Toggle};
use crate::doubt::sound;
use crate::error::FitError;
use crate::parameters::Layout;
use crate::population::{population, warmed};
use crate::problem::{Problem, Task, trusted};
use builder::Builder;

/// Width of the scaled feature box: inputs lie in about -1.7 .. 1.7, where tanh bends but does not saturate.
const SPAN: f64 = 3.4;

/// Scale of temperature as an input of the trunk.
///
/// The population's heads follow temperature linearly and the trunk bends what is left; at full scale (1) it bends
/// between the measured temperatures for nothing.
const TAU_SCALE: f64 = 0.3;

/// Builds the problem of a dataset of one family.
///
/// # Errors
/// [`FitError::Empty`], [`FitError::SeveralFamilies`] or [`FitError::Config`].
pub fn assemble(data: &Dataset, config: &FitConfig) -> Result<Problem, FitError> {
    check::check(data, config)?;
    let mut kinds: Vec<(Quantity, OutputKind)> =
        config.tasks.quantities.iter().filter_map(|q| Some((*q, kind_of(*q)?))).collect();
    kinds.sort_by_key(|(_, kind)| *kind as u8);
    kinds.dedup();
    // Gate and bulk heads predict asinh(i / 2f), so f must be the same for all devices.
    let leakage_floor = config.residual.floor.unwrap_or(data.devices[0].floor);
    let temperatures: BTreeSet<u64> =
        data.devices.iter().flat_map(|d| d.temperature.iter().map(|t| t.to_bits())).collect();
    let varies = match config.network.temperature_input {
        Toggle::On => true,
        Toggle::Auto => temperatures.len() > 1,
        Toggle::Off => false,
    };
    let features = features(data, config);
    let hull = Hull::of(data.devices.iter().map(|d| place_of(d, 300.15)));
    let sound = sound(data, &config.residual, |sound| !sound.is_empty());
    let sound: Vec<&DeviceId> = sound.iter().map(|&d| &data.devices[d].id).collect();
    let mut population = population(&sound, config.heads.population);
    let mut deviation = Basis::constant();
    let mut statics = Vec::new();
    if varies {
        statics.push(StaticInput { covariate: Covariate::Tau, scale: TAU_SCALE });
        if has_own_temperature(data, config) {
            deviation.terms.push([0, 0, 0, 0, 1, 0, 0]);
        }
        population.terms.extend(warmed(&population));
    }
    let mut tasks = Vec::new();
    for (index, device) in data.devices.iter().enumerate() {
        for rows in by_temperature(device) {
            for (output, (quantity, kind)) in kinds.iter().enumerate() {
                let builder =
                    Builder { device, index, config, features: &features, statics: &statics, leakage_floor };
                if let Some(mut task) = builder.task(output, *quantity, *kind, &rows) {
                    let seen = hull.map_or(task.place, |h| h.pull(&task.place));
                    task.phi = population.at(&seen);
                    task.psi = deviation.at(&seen);
                    tasks.push(task);
                }
            }
        }
    }
    let channel_scale = typical_conductance(&tasks);
    let outputs: Vec<Output> = kinds
        .iter()
        .map(|(_, kind)| match kind {
            OutputKind::Channel => Output { kind: *kind, scale: channel_scale, per_geometry: true },
            _ => Output { kind: *kind, scale: 2.0 * leakage_floor, per_geometry: false },
        })
        .collect();
    for task in &mut tasks {
        task.ln_scale = (outputs[task.output].scale * outputs[task.output].geometry_factor(&task.place)).ln();
    }
    let layout = Layout {
        shape: TrunkShape { inputs: 3 + statics.len(), widths: config.network.widths() },
        outputs: outputs.len(),
        devices: data.devices.len(),
        phi: population.len(),
        psi: deviation.len(),
    };
    Ok(Problem {
        layout,
        features,
        statics,
        outputs,
        population,
        deviation,
        hull,
        tasks,
        strength: config.heads.strength,
        slope_weight: config.residual.slope_weight,
        smoothness: config.residual.smoothness,
        held: None,
        order: None,
    })
}

/// Whether every device's deviation follows temperature, where that is an input. Corners of one geometry are held to be one
/// device with other parameters: what temperature does is theirs together.
pub(crate) fn has_own_temperature(data: &Dataset, config: &FitConfig) -> bool {
    let first = data.devices.first().and_then(|d| d.id.corner);
    match config.heads.own_temperature {
        Toggle::On => true,
        Toggle::Auto => data.devices.iter().all(|d| d.id.corner == first),
        Toggle::Off => false,
    }
}

fn kind_of(quantity: Quantity) -> Option<OutputKind> {
    match quantity {
        Quantity::Id => Some(OutputKind::Channel),
        Quantity::Ig => Some(OutputKind::Gate),
        Quantity::Ib => Some(OutputKind::Bulk),
        _ => None,
    }
}

/// Bias features centred and scaled on the box of the data.
pub(crate) fn features(data: &Dataset, config: &FitConfig) -> Features {
    let mut features = Features {
        symmetric: config.network.symmetric,
        smoothing: config.network.smoothing,
        center: [0.0; 3],
        scale: [1.0; 3],
        saturation: None,
        knee: (config.network.symmetric && config.network.knee > 0.0).then_some(config.network.knee),
    };
    let (mut low, mut high) = ([f64::INFINITY; 3], [f64::NEG_INFINITY; 3]);
    for device in &data.devices {
        for p in 0..device.len() {
            let x = features.at_bias(device, p);
            for k in 0..3 {
                low[k] = low[k].min(x[k]);
                high[k] = high[k].max(x[k]);
            }
        }
    }
    for k in 0..3 {
        features.center[k] = 0.5 * (low[k] + high[k]);
        // A voltage that was never varied carries no information; a finite scale keeps it harmless.
        features.scale[k] = SPAN / (high[k] - low[k]).max(0.1);
    }
    features.saturation = (config.network.reach > 0.0).then_some(0.5 * SPAN * config.network.reach);
    features
}

/// Trunk inputs of a measured point.
trait AtBias {
    fn at_bias(&self, device: &DeviceData, p: usize) -> [f64; 3];
}

impl AtBias for Features {
    fn at_bias(&self, device: &DeviceData, p: usize) -> [f64; 3] {
        let b = device.bias_at(p).mirrored(device.id.family.polarity.sign());
        self.at(b.vgs(), b.vds(), b.vbs()).x
    }
}

/// Where a device stands in the population at temperature `kelvin`.
pub(crate) fn place_of(device: &DeviceData, kelvin: f64) -> Place {
    let g = device.id.geometry;
    let corner = device.id.corner.map(|c| c.position()).unwrap_or_default();
    Place { w: g.w, l: g.l, mult: g.mult, temperature: kelvin, speed: corner.speed, skew: corner.skew }
}

/// Rows of a device grouped by temperature, in measured order.
pub(crate) fn by_temperature(device: &DeviceData) -> Vec<Vec<usize>> {
    let mut groups: Vec<(f64, Vec<usize>)> = Vec::new();
    for (p, &t) in device.temperature.iter().enumerate() {
        match groups.iter_mut().find(|(kelvin, _)| *kelvin == t) {
            Some((_, rows)) => rows.push(p),
            None => groups.push((t, vec![p])),
        }
    }
    groups.into_iter().map(|(_, rows)| rows).collect()
}

/// Tasks of a device as a model's first branch sees them, with the residual's definition of `config`.
pub(crate) fn tasks_of(branch: &Branch, device: &DeviceData, config: &FitConfig) -> Vec<Task> {
    let builder = Builder {
        device,
        index: 0,
        config,
        features: &branch.features,
        statics: &branch.statics,
        leakage_floor: leakage_floor(&branch.outputs).unwrap_or(device.floor),
    };
    let mut tasks = builder.tasks(&branch.outputs);
    for task in &mut tasks {
        let output = &branch.outputs[task.output];
        task.phi = branch.phi(&task.place);
        task.psi = branch.psi(&task.place);
        task.ln_scale = (output.scale * output.geometry_factor(&task.place)).ln();
    }
    tasks
}

/// Further readings of device `index` of a problem, each task with the number of the problem's task that it belongs to.
/// Readings at temperatures that the problem does not have are left out.
pub(crate) fn further_tasks(
    problem: &Problem,
    index: usize,
    device: &DeviceData,
    config: &FitConfig,
) -> Vec<(usize, Task)> {
    let builder = Builder {
        device,
        index,
        config,
        features: &problem.features,
        statics: &problem.statics,
        leakage_floor: leakage_floor(&problem.outputs).unwrap_or(device.floor),
    };
    let first = problem.tasks.partition_point(|t| t.device < index);
    let own = problem.tasks[first..].iter().take_while(|t| t.device == index);
    let own: Vec<(usize, &Task)> = (first..).zip(own).collect();
    builder
        .tasks(&problem.outputs)
        .into_iter()
        .filter_map(|task| {
            let same = |t: &Task| t.output == task.output && t.place.temperature == task.place.temperature;
            let (number, known) = own.iter().find(|(_, t)| same(t))?;
            let (phi, psi) = (known.phi.clone(), known.psi.clone());
            Some((*number, Task { phi, psi, ln_scale: known.ln_scale, ..task }))
        })
        .collect()
}

/// Noise floor of gate and bulk currents, A: their outputs are scaled by twice it.
fn leakage_floor(outputs: &[Output]) -> Option<f64> {
    outputs.iter().find(|o| o.kind != OutputKind::Channel).map(|o| 0.5 * o.scale)
}

/// Geometric mean of `i / (vds W/L)` over readings of trusted devices well above the floor, S: where heads start from.
fn typical_conductance(tasks: &[Task]) -> f64 {
    let (mut sum, mut n) = (0.0, 0usize);
    for t in trusted(tasks.iter().filter(|t| t.output == 0)) {
        for p in 0..t.points() {
            let i = 2.0 * t.floor * t.target[p].sinh();
            if i > 30.0 * t.floor && t.vds[p] > 0.01 {
                sum += (i / t.vds[p] * t.place.l / (t.place.w * t.place.mult)).ln();
                n += 1;
            }
        }
    }
    if n == 0 { 1e-6 } else { (sum / n as f64).exp() }
}
