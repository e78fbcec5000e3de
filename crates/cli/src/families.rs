//! The families of a dataset, each by itself.

use gummel_data::{Dataset, DeviceData};
use std::collections::BTreeMap;

/// The families of `data` by name, each as a dataset of its own.
pub fn by_family(data: &Dataset) -> BTreeMap<String, Dataset> {
    let mut families: BTreeMap<String, Vec<DeviceData>> = BTreeMap::new();
    for device in &data.devices {
        families.entry(device.id.family.to_string()).or_default().push(device.clone());
    }
    families.into_iter().map(|(f, devices)| (f, Dataset { devices, files: data.files.clone() })).collect()
}
