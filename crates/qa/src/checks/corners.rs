//! Corners: a faster corner never carries less current, and fast and slow are neither equal nor worlds apart.

use gummel_device::Corner;

use crate::device::Volts;
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::scene::mirrored_id;
use crate::{QaError, Scene};

/// Smallest ratio of currents between a faster and a slower corner, over biases where both are credible.
///
/// `ss <= tt <= ff`, and for the own polarity `ss <= slow skew <= tt <= fast skew <= ff`.
pub(super) fn order(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let (slow, fast) =
        if scene.device.sign() > 0.0 { (Corner::Sf, Corner::Fs) } else { (Corner::Fs, Corner::Sf) };
    let biases = scene.grid(&Scene::steps(scene.vgs(), 25), &Scene::steps([0.05, scene.vds_max()], 9));
    let mut currents: Vec<(Corner, Vec<f64>)> = Vec::new();
    for corner in [Corner::Ss, slow, Corner::Tt, fast, Corner::Ff] {
        if let Some(device) = scene.at_corner(corner)? {
            currents.push((corner, mirrored_id(&*device, &biases)?));
        }
    }
    if currents.len() < 2 {
        return Ok(not_modelled());
    }
    let mut worst = Worst::under(bound);
    let mut between = String::new();
    for pair in currents.windows(2) {
        let ((slower, below), (faster, above)) = (&pair[0], &pair[1]);
        for ((low, high), at) in below.iter().zip(above).zip(&biases) {
            if (low.max(*high) > scene.credible() || !low.is_finite()) && worst.see(high / low, *at) {
                between = format!("{faster} over {slower}");
            }
        }
    }
    Ok(worst.outcome(between, Some(transfer(scene, &currents)?)))
}

/// Ratio of the on currents of ff and ss.
pub(super) fn spread(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let (Some(ff), Some(ss)) = (scene.at_corner(Corner::Ff)?, scene.at_corner(Corner::Ss)?) else {
        return Ok(not_modelled());
    };
    let on = scene.bias(scene.vgs()[1], scene.vds_max(), 0.0);
    let ratio = mirrored_id(&*ff, &[on])?[0] / mirrored_id(&*ss, &[on])?[0];
    let mut worst = Worst::under(bound);
    worst.see(ratio, on);
    Ok(worst.outcome("on current of ff over that of ss", None))
}

fn transfer(scene: &Scene<'_>, corners: &[(Corner, Vec<f64>)]) -> Result<Picture, QaError> {
    let vgs = Scene::steps(scene.vgs(), 81);
    let biases: Vec<Volts> = vgs.iter().map(|g| scene.bias(*g, scene.vds_max(), 0.0)).collect();
    let mut picture = Picture { log: true, ..Picture::new("vgs (V)", "drain current (A)") };
    for (corner, _) in corners {
        if let Some(device) = scene.at_corner(*corner)? {
            picture.add(corner.name(), &vgs, &mirrored_id(&*device, &biases)?);
        }
    }
    Ok(picture)
}

fn not_modelled() -> Outcome {
    Outcome::NotModelled("one corner only".to_owned())
}
