//! Charge conservation: charges sum to zero, so do rows and columns of the capacitances, and these are their derivatives.
//!
//! That `C` is the Jacobian of charges (curl-free) is what makes a transient analysis lose no charge over a
//! cycle; it is judged by central differences of the charges.

use crate::device::{Volts, differences};
use crate::finding::{Bound, Outcome, Worst};
use crate::{QaError, Scene};

/// Step of the differences, V.
const STEP: f64 = 1e-4;

pub(super) fn run(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let high = scene.vds_max();
    let biases: Vec<Volts> = scene.grid(&Scene::steps(scene.vgs(), 15), &Scene::steps([-high, high], 15));
    let (Some(charges), Some(matrices)) =
        (scene.device.charges(&biases)?, scene.device.capacitances(&biases)?)
    else {
        return Ok(Outcome::NotModelled("no charges".to_owned()));
    };
    let slopes = differences(&biases, STEP, |b| Ok(scene.device.charges(b)?.unwrap_or_default()))?;
    let mut worst = Worst::under(bound);
    let mut remark = "";
    let largest = |values: &[f64]| values.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
    // Where everything nearly vanishes, rounding is no violation.
    let least = |values: f64| 1e-3 * values;
    let least_charge = least(charges.iter().map(|q| largest(q)).fold(0.0, f64::max));
    let least_capacitance = least(matrices.iter().map(|c| largest(c.as_flattened())).fold(0.0, f64::max));
    for (((q, c), d), at) in charges.iter().zip(&matrices).zip(&slopes).zip(&biases) {
        let flat = c.as_flattened();
        let scale = largest(flat).max(least_capacitance);
        let sums = (0..4).flat_map(|k| [c[k].iter().sum::<f64>(), c.iter().map(|row| row[k]).sum()]);
        let sums = sums.fold(0.0f64, |m, s| m.max(s.abs())) / scale;
        let apart =
            flat.iter().zip(d.iter().flatten()).fold(0.0f64, |m, (a, b)| m.max((a - b).abs())) / scale;
        let total = q.iter().sum::<f64>().abs() / largest(q).max(least_charge);
        for (number, name) in
            [(total, "sum of charges"), (sums, "rows and columns"), (apart, "capacitances against charges")]
        {
            if worst.see(number, *at) {
                remark = name;
            }
        }
    }
    Ok(worst.outcome(remark, None))
}
