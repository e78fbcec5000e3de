//! Trends with geometry: current rises about as W and falls about as 1/L.
//!
//! The number is the local exponent `d ln id / d ln W` or `d ln id / d ln L` in strong inversion, by central
//! differences over 5 %, along nine sizes inside the family's range with the device's other size held.

use gummel_device::Geometry;

use crate::device::Volts;
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::scene::mirrored_id;
use crate::{QaError, Scene};

/// Relative step of the central difference.
const STEP: f64 = 0.05;

/// Over width.
pub(super) fn width(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    exponent(scene, bound, "W (m)", |g| g.w, |w, g| Geometry { w, ..g })
}

/// Over length.
pub(super) fn length(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    exponent(scene, bound, "L (m)", |g| g.l, |l, g| Geometry { l, ..g })
}

fn exponent(
    scene: &Scene<'_>,
    bound: Bound,
    axis: &str,
    size: fn(Geometry) -> f64,
    with: fn(f64, Geometry) -> Geometry,
) -> Result<Outcome, QaError> {
    let sizes = || scene.nominals.iter().map(|n| size(n.geometry).ln());
    let (low, high) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(f64::NEG_INFINITY, f64::max));
    if !scene.abilities.geometry {
        return Ok(Outcome::NotModelled("heads without a population: only its own devices".to_owned()));
    }
    if high - low < STEP {
        return Ok(Outcome::NotModelled("all devices share this size".to_owned()));
    }
    let [_, top] = scene.vgs();
    let on: [Volts; 2] = [scene.bias(top, scene.vds_max(), 0.0), scene.bias(top, 0.05, 0.0)];
    let current = |value: f64| {
        let g = with(value, scene.nominal.geometry);
        let device = scene.variant(|ask| (ask.query.w, ask.query.l) = (Some(g.w), Some(g.l)))?;
        mirrored_id(&*device, &on)
    };
    let mut worst = Worst::under(bound);
    let (mut x, mut saturated) = (Vec::new(), Vec::new());
    for value in Scene::steps([low, high], 9).into_iter().map(f64::exp) {
        let (up, down) = (current(value * (1.0 + STEP))?, current(value / (1.0 + STEP))?);
        for k in 0..2 {
            worst.see((up[k] / down[k]).ln() / (2.0 * (1.0 + STEP).ln()), on[k]);
        }
        x.push(value);
        saturated.push(current(value)?[0]);
    }
    let mut picture = Picture { log: true, ..Picture::new(axis, "on current (A)") };
    picture.add("saturation", &x, &saturated);
    Ok(worst.outcome("exponent, in saturation and at vds = 50 mV", Some(picture)))
}
