//! Trends with temperature: the threshold voltage falls by about one to three millivolts per kelvin, leakage rises.

use crate::device::{Device, Volts};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::scene::mirrored_id;
use crate::{QaError, Scene};

/// Drain voltage of the linear threshold, V.
const LINEAR: f64 = 0.05;

/// d Vth / d T in mV/K between neighbouring temperatures; threshold by constant current at vds = 50 mV.
pub(super) fn threshold(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let Some(temperatures) = temperatures(scene) else { return Ok(not_modelled()) };
    let mut worst = Worst::under(bound);
    let (mut x, mut y) = (Vec::new(), Vec::new());
    for t in temperatures {
        let device = scene.variant(|ask| ask.query.temperature = Some(t))?;
        if let Some(vth) = threshold_voltage(scene, &*device)? {
            x.push(t);
            y.push(vth);
        }
    }
    for i in 1..x.len() {
        worst.see(1e3 * (y[i] - y[i - 1]) / (x[i] - x[i - 1]), scene.bias(y[i], LINEAR, 0.0));
    }
    let mut picture = Picture::new("temperature (K)", "threshold voltage (V)");
    picture.add("constant current, vds = 50 mV", &x, &y);
    Ok(worst.outcome(format!("{} temperatures", x.len()), Some(picture)))
}

/// Smallest ratio of the current 0.15 V below threshold at one temperature to that at the next lower one.
pub(super) fn leakage(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let Some(temperatures) = temperatures(scene) else { return Ok(not_modelled()) };
    let Some(vth) = threshold_voltage(scene, &*scene.device)? else {
        return Ok(Outcome::NotTested("the current never crosses the threshold criterion".to_owned()));
    };
    let at = scene.bias(vth - 0.15, scene.vds_max(), 0.0);
    let mut worst = Worst::under(bound);
    let mut y: Vec<f64> = Vec::new();
    for t in &temperatures {
        let device = scene.variant(|ask| ask.query.temperature = Some(*t))?;
        let id = mirrored_id(&*device, &[at])?[0];
        if let Some(before) = y.last() {
            // Below the floor the data say nothing.
            let floor = scene.nominal.floor;
            worst.see(id.max(floor) / before.max(floor), at);
        }
        y.push(id);
    }
    let mut picture = Picture { log: true, ..Picture::new("temperature (K)", "drain current (A)") };
    picture.add("vgs = Vth - 0.15 V", &temperatures, &y);
    Ok(worst.outcome("per step of temperature", Some(picture)))
}

/// Nine temperatures from the lowest to the highest of the family's data.
fn temperatures(scene: &Scene<'_>) -> Option<Vec<f64>> {
    let all = || scene.nominals.iter().flat_map(|n| n.temperatures.iter().copied());
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    (scene.abilities.temperature && high > low).then(|| Scene::steps([low, high], 9))
}

fn not_modelled() -> Outcome {
    Outcome::NotModelled("one temperature only".to_owned())
}

/// vgs at which the current first crosses the criterion, V.
fn threshold_voltage(scene: &Scene<'_>, device: &dyn Device) -> Result<Option<f64>, QaError> {
    let vgs = Scene::steps(scene.vgs(), 301);
    let biases: Vec<Volts> = vgs.iter().map(|g| scene.bias(*g, LINEAR, 0.0)).collect();
    let id = mirrored_id(device, &biases)?;
    let wanted = scene.criterion();
    let crossing = (1..id.len()).find(|i| id[i - 1] < wanted && id[*i] >= wanted && id[i - 1] > 0.0);
    Ok(crossing.map(|i| {
        let share = (wanted / id[i - 1]).ln() / (id[i] / id[i - 1]).ln();
        vgs[i - 1] + share * (vgs[i] - vgs[i - 1])
    }))
}
