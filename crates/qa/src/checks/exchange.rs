//! Exchange of drain and source: currents, conductances and capacitances follow their terminals.
//!
//! With `P` the exchange of drain and source, a symmetric device has `I(P v) = P I(v)` and, for the matrices
//! of derivatives, `G(P v) = P G(v) P`. The DC part covers all four terminal currents and their
//! conductances, the AC part the capacitances, among them `(cgs - cgd) / (cgs + cgd)` and
//! `(css - cdd) / (css + cdd)`, which are odd in `vx` when this holds.

use crate::device::{Matrix, Volts, apart};
use crate::finding::{Bound, Outcome, Worst};
use crate::{QaError, Scene};

/// Drain and source exchanged.
fn exchanged([d, g, s, b]: Volts) -> Volts {
    [s, g, d, b]
}

fn exchanged_matrix(m: Matrix) -> Matrix {
    exchanged_rows(m).map(exchanged)
}

fn exchanged_rows([d, g, s, b]: Matrix) -> Matrix {
    [s, g, d, b]
}

/// Terminal currents and their conductances.
pub(super) fn dc(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let biases = biases(scene);
    let flipped: Vec<Volts> = biases.iter().map(|b| exchanged(*b)).collect();
    let mut worst = Worst::under(bound);
    let (here, there) = (scene.currents(&biases)?, scene.currents(&flipped)?);
    let floor = scene.nominal.floor;
    for ((a, b), at) in here.iter().zip(&there).zip(&biases) {
        worst.see(apart(a, &exchanged(*b), floor), *at);
    }
    let (here, there) = (scene.conductances(&biases)?, scene.conductances(&flipped)?);
    for ((a, b), at) in here.iter().zip(&there).zip(&biases) {
        // A floor over one volt, as small as a conductance that matters.
        worst.see(apart(a.as_flattened(), exchanged_matrix(*b).as_flattened(), floor), *at);
    }
    let picture = scene.over_gate(&worst, "relative difference");
    Ok(worst.outcome("currents and conductances of all terminals", picture))
}

/// Capacitances.
pub(super) fn ac(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let biases = biases(scene);
    let flipped: Vec<Volts> = biases.iter().map(|b| exchanged(*b)).collect();
    let (Some(here), Some(there)) =
        (scene.device.capacitances(&biases)?, scene.device.capacitances(&flipped)?)
    else {
        return Ok(Outcome::NotModelled("no charges".to_owned()));
    };
    let mut worst = Worst::under(bound);
    for ((a, b), at) in here.iter().zip(&there).zip(&biases) {
        worst.see(apart(a.as_flattened(), exchanged_matrix(*b).as_flattened(), 0.0), *at);
    }
    let picture = scene.over_gate(&worst, "relative difference");
    Ok(worst.outcome("the matrix of capacitances", picture))
}

fn biases(scene: &Scene<'_>) -> Vec<Volts> {
    scene.grid(&Scene::steps(scene.vgs(), 9), &Scene::steps([0.0, scene.vds_max()], 9))
}
