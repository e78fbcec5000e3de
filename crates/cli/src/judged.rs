//! From a dataset to the curves that checks and the report page judge a model by.

use gummel_data::Dataset;
use gummel_device::Quantity;
use gummel_qa::Measurements;

/// Drain currents of every device, by name.
pub fn currents(data: Option<&Dataset>) -> Measurements {
    let devices = data.into_iter().flat_map(|d| &d.devices);
    devices.map(|d| (d.id.name.clone(), d.measured_curves(Quantity::Id))).collect()
}
