//! Passivity and Kirchhoff: a transistor takes power from its terminals and keeps no current.

use crate::device::Volts;
use crate::finding::{Bound, Outcome, Worst};
use crate::{QaError, Scene};

/// Smallest power `sum I V` over `sum |I V|`; power below one noise floor times one volt does not count.
pub(super) fn passivity(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let biases = both_directions(scene);
    let mut worst = Worst::under(bound);
    for (i, v) in scene.currents(&biases)?.iter().zip(&biases) {
        let power: f64 = i.iter().zip(v).map(|(i, v)| i * v).sum();
        let moved: f64 = i.iter().zip(v).map(|(i, v)| (i * v).abs()).sum();
        worst.see(power / (moved + scene.nominal.floor), *v);
    }
    let picture = scene.over_gate(&worst, "power over the sum of |I V|");
    Ok(worst.outcome(format!("{} biases, both signs of vds", biases.len()), picture))
}

/// Largest `|sum I|` over the largest current, and the same for rows and columns of the conductances.
pub(super) fn kirchhoff(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let biases = both_directions(scene);
    let mut worst = Worst::under(bound);
    for (i, v) in scene.currents(&biases)?.iter().zip(&biases) {
        let largest = i.iter().fold(1e-3 * scene.nominal.floor, |m, i| m.max(i.abs()));
        worst.see(i.iter().sum::<f64>().abs() / largest, *v);
    }
    let picture = scene.over_gate(&worst, "sum of currents over the largest");
    Ok(worst.outcome(format!("{} biases, both signs of vds", biases.len()), picture))
}

fn both_directions(scene: &Scene<'_>) -> Vec<Volts> {
    let high = scene.vds_max();
    scene.grid(&Scene::steps(scene.vgs(), 31), &Scene::steps([-high, high], 41))
}
