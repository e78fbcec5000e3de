//! Unreasonable bias, geometry and temperature, as a circuit simulator tries them on its way to a solution.
//!
//! The number is `log10(largest |I| there / largest |I| in range)`, in decades; infinite when a current or a
//! conductance is not a finite number.

use crate::device::{Device, Volts};
use crate::finding::{Bound, Outcome, Worst};
use crate::{QaError, Scene};

/// Up to a hundred times the supply at every terminal, both signs.
pub(super) fn bias(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let top = supply(scene);
    let values = [-100.0, -10.0, -3.0, 0.0, 3.0, 10.0, 100.0].map(|f| f * top);
    let mut biases = Vec::new();
    for d in values {
        for g in values {
            for b in values {
                biases.push([d, g, 0.0, b]);
            }
        }
    }
    growth(scene, bound, &[("", &*scene.device)], &biases)
}

/// A thousandth to a thousand times the device's width and length; currents per width count.
pub(super) fn geometry(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let g = scene.nominal.geometry;
    let mut devices = Vec::new();
    for factor in [1e-3, 0.1, 10.0, 1e3] {
        devices.push(scene.variant(|ask| ask.query.w = Some(factor * g.w))?);
        devices.push(scene.variant(|ask| ask.query.l = Some(factor * g.l))?);
    }
    let devices: Vec<(&str, &dyn Device)> = devices.iter().map(|d| ("", &**d)).collect();
    growth(scene, bound, &devices, &inside(scene))
}

/// From 1 K to 1000 K.
pub(super) fn temperature(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    if !scene.abilities.temperature {
        return Ok(Outcome::NotModelled("one temperature only".to_owned()));
    }
    let mut devices = Vec::new();
    for (name, kelvin) in [("1 K", 1.0), ("77 K", 77.0), ("600 K", 600.0), ("1000 K", 1000.0)] {
        devices.push((name, scene.variant(|ask| ask.query.temperature = Some(kelvin))?));
    }
    let devices: Vec<(&str, &dyn Device)> = devices.iter().map(|(n, d)| (*n, &**d)).collect();
    growth(scene, bound, &devices, &inside(scene))
}

fn supply(scene: &Scene<'_>) -> f64 {
    scene.vds_max().max(scene.vgs()[1])
}

fn inside(scene: &Scene<'_>) -> Vec<Volts> {
    scene.grid(&Scene::steps(scene.vgs(), 9), &Scene::steps([0.0, scene.vds_max()], 9))
}

fn growth(
    scene: &Scene<'_>,
    bound: Bound,
    devices: &[(&str, &dyn Device)],
    biases: &[Volts],
) -> Result<Outcome, QaError> {
    let largest = |i: &[f64; 4]| i.iter().fold(0.0f64, |m, i| m.max(i.abs()));
    let usual = scene.currents(&inside(scene))?.iter().map(largest).fold(scene.nominal.floor, f64::max);
    let mut worst = Worst::under(bound);
    let mut remark = "";
    for (name, device) in devices {
        let (currents, conductances) = (device.currents(biases)?, device.conductances(biases)?);
        for ((i, g), at) in currents.iter().zip(&conductances).zip(biases) {
            let finite = i.iter().chain(g.iter().flatten()).all(|v| v.is_finite());
            let decades = if finite { (largest(i) / usual).max(1e-3).log10() } else { f64::INFINITY };
            if worst.see(decades, *at) {
                remark = name;
            }
        }
    }
    let remark = if remark.is_empty() {
        "decades above the largest current in range".to_owned()
    } else {
        format!("at {remark}")
    };
    Ok(worst.outcome(remark, None))
}
