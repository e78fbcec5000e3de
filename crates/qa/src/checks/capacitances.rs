//! Accuracy of capacitances against data, `||C - C_data|| / ||C_data||` of each kind over all its sweeps.
//!
//! Capacitances are what a simulator takes from charges, and what an LCR meter measures; the level of a charge is free.

use gummel_device::metrics::rel_l2;
use gummel_device::{Curve, Quantity};

use super::accuracy::against;
use crate::device::{B, D, G, S};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

/// Kinds of capacitance: the terminal whose charge it is, the terminal whose voltage changes.
const KINDS: [(Quantity, usize, usize); 6] = [
    (Quantity::Cgg, G, G),
    (Quantity::Cgd, G, D),
    (Quantity::Cgs, G, S),
    (Quantity::Cdg, D, G),
    (Quantity::Cdd, D, D),
    (Quantity::Cbg, B, G),
];

/// The largest relative L2 error of any kind of capacitance.
pub(super) fn run(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    if scene.device.capacitances(&[scene.bias(0.0, 0.0, 0.0)])?.is_none() {
        return Ok(Outcome::NotModelled("no charges".to_owned()));
    }
    let mut worst = Worst::under(bound);
    let (mut parts, mut shown) = (Vec::new(), None);
    for (quantity, row, column) in KINDS {
        let curves: Vec<&Curve> = scene.measured.iter().copied().filter(|c| c.quantity == quantity).collect();
        let biases: Vec<_> = curves.iter().flat_map(|c| c.sweep.biases()).map(|b| b.to_array()).collect();
        let measured: Vec<f64> = curves.iter().flat_map(|c| &c.values).copied().collect();
        let modelled: Vec<f64> =
            scene.device.capacitances(&biases)?.unwrap_or_default().iter().map(|c| c[row][column]).collect();
        let error = rel_l2(&measured, &modelled);
        let apart = |i: usize| (modelled[i] - measured[i]).abs();
        let far = (0..modelled.len()).max_by(|a, b| apart(*a).total_cmp(&apart(*b)));
        if let (Some(far), true) = (far, !error.is_nan()) {
            parts.push(format!("{} {:.2} %", quantity.column(), 100.0 * error));
            if worst.see(error, biases[far]) {
                shown = picture(&curves, &modelled, far);
            }
        }
    }
    if parts.is_empty() {
        return Ok(Outcome::NotTested("no capacitances were measured under this condition".to_owned()));
    }
    Ok(worst.outcome(parts.join(", "), shown))
}

/// The sweep that holds point `far` of all points, with the model's values.
fn picture(curves: &[&Curve], modelled: &[f64], far: usize) -> Option<Picture> {
    let mut start = 0;
    let curve = curves.iter().find(|c| {
        start += c.values.len();
        far < start
    })?;
    let modelled = &modelled[start - curve.values.len()..start];
    Some(against(&curve.sweep, &format!("{} (F)", curve.quantity.column()), &curve.values, modelled))
}
