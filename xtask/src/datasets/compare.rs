//! How far two generations of a set are apart.

use anyhow::{Result, ensure};
use gummel_data::Dataset;

/// Largest difference accepted, relative to the quantity's largest value along the curve: mathematics
/// libraries differ in last bits, and the files hold six digits.
const TOLERANCE: f64 = 1e-5;

/// The largest difference of `new` from `old`.
///
/// # Errors
/// Different devices, points or quantities, or a difference beyond the tolerance, named.
pub(crate) fn worst_difference(old: &Dataset, new: &Dataset) -> Result<f64> {
    let ids = |set: &Dataset| set.devices.iter().map(|d| d.id.clone()).collect::<Vec<_>>();
    ensure!(ids(old) == ids(new), "the sets have different devices");
    let mut worst: f64 = 0.0;
    for (a, b) in old.devices.iter().zip(&new.devices) {
        let name = &a.id.name;
        ensure!(a.bias == b.bias && a.temperature == b.temperature, "{name}: different biases");
        ensure!(a.quantities.keys().eq(b.quantities.keys()), "{name}: different quantities");
        for (quantity, old) in &a.quantities {
            let new = &b.quantities[quantity];
            let mut scale = vec![f64::MIN_POSITIVE; a.curves.len()];
            for (v, c) in old.iter().zip(&a.curve) {
                scale[*c] = scale[*c].max(v.abs());
            }
            let differences = old.iter().zip(new).zip(&a.curve).map(|((x, y), c)| (x - y).abs() / scale[*c]);
            let largest = differences.fold(0.0, f64::max);
            let column = quantity.column();
            ensure!(largest <= TOLERANCE, "{name}: {column} differs by {largest:.1e} of its largest value");
            worst = worst.max(largest);
        }
    }
    Ok(worst)
}
