//! Unreasonable bias, geometry and temperature, as a circuit simulator tries them on its way to a solution.
//!
//! The number is `log10(largest |I| there / largest |I| in range)`, in decades; infinite when a current or a
//! conductance is not a finite number.

use crate::device::{Device, Volts};
use crate::finding::{Bound, Outcome, Picture, Worst};
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
    let (worst, _) = growth(scene, bound, &[&*scene.device], &biases)?;
    let picture = scene.over_gate(&worst, "decades above those in range");
    Ok(worst.outcome("decades above the largest current in range", picture))
}

/// A thousandth to a thousand times the device's width and length; currents per width count.
pub(super) fn geometry(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let g = scene.nominal.geometry;
    let decades = [-3.0, -1.0, 1.0, 3.0];
    let mut devices = Vec::new();
    for factor in decades.map(|d| 10f64.powf(d)) {
        devices.push(scene.variant(|ask| ask.query.w = Some(factor * g.w))?);
        devices.push(scene.variant(|ask| ask.query.l = Some(factor * g.l))?);
    }
    let devices: Vec<&dyn Device> = devices.iter().map(|d| &**d).collect();
    let (worst, each) = growth(scene, bound, &devices, &inside(scene))?;
    let mut picture = Picture::new("decades of size over that of the device", "decades above those in range");
    for (first, name) in ["width", "length"].into_iter().enumerate() {
        picture.add(name, &decades, &each.iter().copied().skip(first).step_by(2).collect::<Vec<_>>());
    }
    picture.bounded(bound);
    Ok(worst.outcome("decades above the largest current in range", Some(picture)))
}

/// From 1 K to 1000 K.
pub(super) fn temperature(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    if !scene.abilities.temperature {
        return Ok(Outcome::NotModelled("one temperature only".to_owned()));
    }
    let kelvins = [1.0, 77.0, 600.0, 1000.0];
    let devices = kelvins.map(|kelvin| scene.variant(|ask| ask.query.temperature = Some(kelvin)));
    let devices = devices.into_iter().collect::<Result<Vec<_>, _>>()?;
    let devices: Vec<&dyn Device> = devices.iter().map(|d| &**d).collect();
    let (worst, each) = growth(scene, bound, &devices, &inside(scene))?;
    let far = (0..each.len()).max_by(|a, b| bound.badness(each[*a]).total_cmp(&bound.badness(each[*b])));
    let mut picture = Picture::new("temperature (K)", "decades above those in range");
    picture.add("largest current", &kelvins, &each);
    picture.bounded(bound);
    Ok(worst.outcome(format!("at {} K", kelvins[far.unwrap_or(0)]), Some(picture)))
}

fn supply(scene: &Scene<'_>) -> f64 {
    scene.vds_max().max(scene.vgs()[1])
}

fn inside(scene: &Scene<'_>) -> Vec<Volts> {
    scene.grid(&Scene::steps(scene.vgs(), 9), &Scene::steps([0.0, scene.vds_max()], 9))
}

/// Decades of every device at every bias, and the worst of each device.
fn growth(
    scene: &Scene<'_>,
    bound: Bound,
    devices: &[&dyn Device],
    biases: &[Volts],
) -> Result<(Worst, Vec<f64>), QaError> {
    let largest = |i: &[f64; 4]| i.iter().fold(0.0f64, |m, i| m.max(i.abs()));
    let usual = scene.currents(&inside(scene))?.iter().map(largest).fold(scene.nominal.floor, f64::max);
    let mut worst = Worst::under(bound);
    let mut each = Vec::new();
    for device in devices {
        let mut largest_here = f64::NEG_INFINITY;
        let (currents, conductances) = (device.currents(biases)?, device.conductances(biases)?);
        for ((i, g), at) in currents.iter().zip(&conductances).zip(biases) {
            let finite = i.iter().chain(g.iter().flatten()).all(|v| v.is_finite());
            let decades = if finite { (largest(i) / usual).max(1e-3).log10() } else { f64::INFINITY };
            worst.see(decades, *at);
            largest_here = decades.max(largest_here);
        }
        each.push(largest_here);
    }
    Ok((worst, each))
}
