//! Variants that must agree: the reversed polarity, a common voltage on all terminals, several devices in parallel, sizes in
//! other units.
//!
//! The terminal flip of the same list of variants is the exchange of drain and source.

use crate::device::{Terminals, Volts, apart};
use crate::finding::{Bound, Outcome, Worst};
use crate::{QaError, Scene, Units};

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

/// Sizes in micrometres, and sizes a ninth larger that the process shrinks by 10 %, are the same transistor. Its capacitances, where it
/// has some, are looked at too: the current of a long channel depends on the ratio of the sizes alone.
pub(super) fn scale(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    if !scene.abilities.units {
        return Ok(Outcome::NotModelled(
            "sizes of the model alone are metres; its device library has scale and shrink, and --exports tests them"
                .to_owned(),
        ));
    }
    let biases = biases(scene);
    let few = [scene.bias(scene.vgs()[1], 0.0, 0.0), scene.bias(scene.vgs()[1], scene.vds_max(), 0.0)];
    let (here, stored) = (scene.currents(&biases)?, scene.device.capacitances(&few)?);
    let mut worst = Worst::under(bound);
    for units in [Units { scale: 1e-6, shrink: 0.0 }, Units { scale: 1.0, shrink: 10.0 }] {
        let scaled = scene.variant(|ask| ask.units = Some(units))?;
        see(&mut worst, &here, &scaled.currents(&biases)?, &biases, scene.nominal.floor);
        if let (Some(here), Some(there)) = (&stored, scaled.capacitances(&few)?) {
            for ((a, b), at) in here.iter().zip(&there).zip(few) {
                worst.see(apart(a.as_flattened(), b.as_flattened(), 0.0), at);
            }
        }
    }
    let picture = scene.over_gate(&worst, "relative difference");
    let what = if stored.is_some() { "currents and capacitances" } else { "currents" };
    Ok(worst.outcome(format!("{what} with scale = 1e-6, and with shrink = 10"), picture))
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
    let mut worst = Worst::under(bound);
    let there: Vec<Terminals> = there.iter().map(|i| i.map(back)).collect();
    see(&mut worst, &scene.currents(biases)?, &there, biases, scene.nominal.floor);
    let picture = scene.over_gate(&worst, "relative difference");
    Ok(worst.outcome(remark, picture))
}

/// How far currents at the same biases are apart, relative to what exceeds the noise floor.
fn see(worst: &mut Worst, here: &[Terminals], there: &[Terminals], biases: &[Volts], floor: f64) {
    for ((a, b), at) in here.iter().zip(there).zip(biases) {
        worst.see(apart(a, b, floor), *at);
    }
}
