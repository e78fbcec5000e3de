//! Variants that must agree: the reversed polarity, a common voltage on all terminals, several devices in parallel.
//!
//! The terminal flip of the same list of variants is the exchange of drain and source.

use crate::device::{Terminals, Volts};
use crate::finding::{Bound, Outcome, Worst};
use crate::{QaError, Scene};

/// The same equations with all signs turned: `I_p(-v) = -I_n(v)`.
pub(super) fn polarity(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let biases = biases(scene);
    let reversed = scene.variant(|ask| ask.reversed = true)?;
    let turned: Vec<Volts> = biases.iter().map(|b| b.map(|v| -v)).collect();
    let there = reversed.currents(&turned)?;
    compare(scene, bound, &biases, &there, |i| -i, "reversed polarity")
}

/// 0.3 V added to every terminal changes nothing.
pub(super) fn common_mode(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let biases = biases(scene);
    let lifted: Vec<Volts> = biases.iter().map(|b| b.map(|v| v + 0.3)).collect();
    let there = scene.currents(&lifted)?;
    compare(scene, bound, &biases, &there, |i| i, "0.3 V on all terminals")
}

/// Three devices in parallel carry three times the current at every terminal.
pub(super) fn multiplicity(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let biases = biases(scene);
    let own = scene.nominal.geometry.mult;
    let three = scene.variant(|ask| ask.query.mult = Some(3.0 * own))?;
    let there = three.currents(&biases)?;
    compare(scene, bound, &biases, &there, |i| i / 3.0, "three in parallel")
}

fn biases(scene: &Scene<'_>) -> Vec<Volts> {
    scene.grid(&Scene::steps(scene.vgs(), 9), &Scene::steps([-scene.vds_max(), scene.vds_max()], 9))
}

fn compare(
    scene: &Scene<'_>,
    bound: Bound,
    biases: &[Volts],
    there: &[Terminals],
    back: fn(f64) -> f64,
    remark: &str,
) -> Result<Outcome, QaError> {
    let here = scene.currents(biases)?;
    let mut worst = Worst::under(bound);
    for ((a, b), at) in here.iter().zip(there).zip(biases) {
        let largest = a.iter().fold(scene.nominal.floor, |m, i| m.max(i.abs()));
        let apart = a.iter().zip(b).map(|(a, b)| (a - back(*b)).abs()).fold(0.0, f64::max);
        worst.see(apart / largest, *at);
    }
    let picture = scene.over_gate(&worst, "relative difference");
    Ok(worst.outcome(remark, picture))
}
