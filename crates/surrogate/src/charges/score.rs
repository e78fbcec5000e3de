//! How well a model meets charges and capacitances, through the same evaluator that a simulator uses.

use gummel_data::{Dataset, DeviceData};
use gummel_device::Quantity;
use gummel_device::metrics::{Spread, rel_l2};
use gummel_kernel::Instance;
use gummel_model::{DeviceQuery, Model, quantity};

use crate::error::FitError;

/// Relative L2 error of one charge or capacitance, as a spread over devices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChargeErrors {
    /// The quantity.
    pub quantity: Quantity,
    /// Relative L2 errors; those of charges up to a constant.
    pub error: Spread,
}

const CHARGES: [Quantity; 4] = [Quantity::Qg, Quantity::Qd, Quantity::Qs, Quantity::Qb];
const CAPACITANCES: [Quantity; 6] =
    [Quantity::Cgg, Quantity::Cgd, Quantity::Cgs, Quantity::Cdg, Quantity::Cdd, Quantity::Cbg];

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
    for p in (0..device.len()).filter(|&p| device.quantities[&what][p].is_finite()) {
        let kelvin = device.temperature[p];
        if instance.as_ref().is_none_or(|(t, _)| *t != kelvin) {
            let query = DeviceQuery::named(&device.id.name).at_temperature(kelvin);
            instance = Some((kelvin, model.instance(&query)?));
        }
        let Some((_, at)) = &instance else { continue };
        measured.push(device.quantities[&what][p]);
        modelled.push(quantity(&at.eval(device.bias_at(p).to_array()), what));
    }
    if CHARGES.contains(&what) {
        for values in [&mut measured, &mut modelled] {
            let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
            values.iter_mut().for_each(|v| *v -= mean);
        }
    }
    Ok(rel_l2(&measured, &modelled, |_| true))
}
