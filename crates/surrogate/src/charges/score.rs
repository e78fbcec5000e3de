//! How well a model meets charges and capacitances, through the same evaluator that a simulator uses.

use std::collections::BTreeMap;

use gummel_data::{Dataset, DeviceData};
use gummel_device::metrics::{Spread, rel_l2};
use gummel_device::{Curve, Quantity};
use gummel_kernel::Instance;
use gummel_model::{DeviceQuery, Model, quantity};

use super::rest;
use crate::error::FitError;

/// Relative L2 error of one charge or capacitance, as a spread over devices; at vds = 0 a symmetric model is compared with
/// what a symmetric device would have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChargeErrors {
    /// The quantity.
    pub quantity: Quantity,
    /// Relative L2 errors; those of charges up to a constant per temperature.
    pub error: Spread,
}

const CHARGES: [Quantity; 4] = [Quantity::Qg, Quantity::Qd, Quantity::Qs, Quantity::Qb];
const CAPACITANCES: [Quantity; 6] =
    [Quantity::Cgg, Quantity::Cgd, Quantity::Cgs, Quantity::Cdg, Quantity::Cdd, Quantity::Cbg];

/// Whether a quantity is one of the capacitances that errors are given of.
pub(super) fn is_capacitance(what: Quantity) -> bool {
    CAPACITANCES.contains(&what)
}

/// Curves of the capacitances that `device` was measured at, as `model` is to be compared with them: where a symmetric
/// model cannot tell drain from source, what a symmetric device would have.
pub fn capacitance_curves(model: &Model, device: &DeviceData) -> Vec<Curve> {
    let near = rest::near(&model.spec.branches[0].features);
    let known = CAPACITANCES.into_iter().filter(|what| device.quantities.contains_key(what));
    known.flat_map(|what| device.curves_of(what, &rest::values(device, what, near))).collect()
}

/// Errors of every charge and capacitance that `data` holds.
///
/// # Errors
/// [`FitError::Model`] when the model does not know a device.
pub fn charge_errors(model: &Model, data: &Dataset) -> Result<Vec<ChargeErrors>, FitError> {
    let mut out = Vec::new();
    for what in CHARGES.into_iter().chain(CAPACITANCES) {
        let known = data.devices.iter().filter(|d| d.quantities.contains_key(&what));
        let errors: Vec<f64> = known.map(|d| error(model, d, what)).collect::<Result<_, _>>()?;
        if !errors.is_empty() {
            out.push(ChargeErrors { quantity: what, error: Spread::over(errors) });
        }
    }
    Ok(out)
}

fn error(model: &Model, device: &DeviceData, what: Quantity) -> Result<f64, FitError> {
    let mut instance: Option<(f64, Instance)> = None;
    let (mut measured, mut modelled) = (Vec::new(), Vec::new());
    let values = rest::values(device, what, rest::near(&model.spec.branches[0].features));
    let known: Vec<usize> = (0..device.len()).filter(|&p| values[p].is_finite()).collect();
    for &p in &known {
        let kelvin = device.temperature[p];
        if instance.as_ref().is_none_or(|(t, _)| *t != kelvin) {
            let query = DeviceQuery::named(&device.id.name).at_temperature(kelvin);
            instance = Some((kelvin, model.instance(&query)?));
        }
        let Some((_, at)) = &instance else { continue };
        measured.push(values[p]);
        modelled.push(quantity(&at.eval(device.bias_at(p).to_array()), what));
    }
    if CHARGES.contains(&what) {
        let kelvin: Vec<f64> = known.iter().map(|&p| device.temperature[p]).collect();
        centre(&mut measured, &kelvin);
        centre(&mut modelled, &kelvin);
    }
    Ok(rel_l2(&measured, &modelled))
}

/// Takes the mean over all points of the same temperature away: levels of charge are free.
fn centre(values: &mut [f64], kelvin: &[f64]) {
    let mut means: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (v, t) in values.iter().zip(kelvin) {
        let (sum, n) = means.entry(t.to_bits()).or_default();
        (*sum, *n) = (*sum + v, *n + 1.0);
    }
    for (v, t) in values.iter_mut().zip(kelvin) {
        let (sum, n) = means[&t.to_bits()];
        *v -= sum / n;
    }
}
