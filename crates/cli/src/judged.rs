//! From a dataset to the curves that checks and the report page judge a model by.

use gummel_data::{Dataset, DeviceData};
use gummel_device::Quantity;
use gummel_qa::Measurements;

/// Terminal currents of every device, by name.
pub fn currents(data: Option<&Dataset>) -> Measurements {
    let devices = data.into_iter().flat_map(|d| &d.devices);
    let curves = |d: &DeviceData| {
        [Quantity::Id, Quantity::Ig, Quantity::Ib].iter().flat_map(|q| d.measured_curves(*q)).collect()
    };
    devices.map(|d| (d.id.name.clone(), curves(d))).collect()
}
