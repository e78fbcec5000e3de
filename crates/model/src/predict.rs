//! Model x sweep -> curve, and quantities over arrays of biases.

use gummel_device::{Curve, Origin, Quantity, Sweep};
use gummel_kernel::{Instance, OperatingPoint};
use ndarray::{Array2, ArrayView2};

use crate::ModelError;

/// The quantity at an evaluated bias, SI units; currents and charges count into the device.
pub fn quantity(point: &OperatingPoint, quantity: Quantity) -> f64 {
    let current = |k: usize| point.currents()[k];
    let charge = |k: usize| point.charges()[k];
    let capacitance = |r: usize, c: usize| point.capacitances()[r][c];
    const D: usize = 0;
    const G: usize = 1;
    const S: usize = 2;
    const B: usize = 3;
    match quantity {
        Quantity::Id => point.id(),
        Quantity::Ig => current(G),
        Quantity::Is => current(S),
        Quantity::Ib => current(B),
        Quantity::Gm => point.gm(),
        Quantity::Gds => point.gds(),
        Quantity::Gmb => point.gmb(),
        Quantity::Qg => charge(G),
        Quantity::Qd => charge(D),
        Quantity::Qs => charge(S),
        Quantity::Qb => charge(B),
        Quantity::Cgg => capacitance(G, G),
        Quantity::Cgd => capacitance(G, D),
        Quantity::Cgs => capacitance(G, S),
        Quantity::Cdg => capacitance(D, G),
        Quantity::Cdd => capacitance(D, D),
        Quantity::Cbg => capacitance(B, G),
    }
}

/// A quantity of `instance` along `sweep`, labelled `device`, at `temperature` (K, for the label only).
pub fn curve(instance: &Instance, device: &str, sweep: &Sweep, what: Quantity, temperature: f64) -> Curve {
    let values = sweep.biases().map(|b| quantity(&instance.eval(b.to_array()), what)).collect();
    Curve {
        device: device.to_owned(),
        sweep: sweep.clone(),
        quantity: what,
        values,
        temperature,
        origin: Origin::Fitted,
    }
}

/// Quantities of `instance` at `biases`, shape `(n, 4)` as `vd vg vs vb` in volts; gives `(n, quantities)`.
///
/// # Errors
/// [`ModelError::BiasColumns`] when `biases` does not have four columns.
pub fn predict(
    instance: &Instance,
    biases: ArrayView2<'_, f64>,
    quantities: &[Quantity],
) -> Result<Array2<f64>, ModelError> {
    if biases.ncols() != 4 {
        return Err(ModelError::BiasColumns { found: biases.ncols() });
    }
    let mut out = Array2::zeros((biases.nrows(), quantities.len()));
    for (bias, mut row) in biases.rows().into_iter().zip(out.rows_mut()) {
        let point = instance.eval(std::array::from_fn(|k| bias[k]));
        for (value, &what) in row.iter_mut().zip(quantities) {
            *value = quantity(&point, what);
        }
    }
    Ok(out)
}
