//! Errors of readings that a fit did not see, curve by curve, in the measure that the fit minimises.

use gummel_data::Dataset;
use gummel_model::Model;
use rayon::prelude::*;

use crate::config::ResidualConfig;
use crate::report::modelled;

/// Squared weighted residuals of the drain current: `w^2 (asinh(i / 2f) - asinh(i_measured / 2f))^2`, a list per curve of
/// every device in `data`, which `model` must be a model of the family of.
pub fn squares(model: &Model, data: &Dataset, residual: &ResidualConfig) -> Vec<Vec<f64>> {
    let of = |device: &gummel_data::DeviceData| {
        let sign = device.id.family.polarity.sign();
        let floor = residual.floor.unwrap_or(device.floor);
        let mut curves = vec![Vec::new(); device.curves.len()];
        for (p, modelled) in modelled(model, device).into_iter().enumerate() {
            let measured = sign * device.id()[p];
            let weight = residual.weight(measured, floor, residual.offset(device.bias_at(p).vds()));
            let r = weight * ((modelled / (2.0 * floor)).asinh() - (measured / (2.0 * floor)).asinh());
            curves[device.curve[p]].push(r * r);
        }
        curves
    };
    data.devices.par_iter().flat_map_iter(of).collect()
}
