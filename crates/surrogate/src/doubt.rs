//! Devices that validation doubts: how much the shared trunk listens to them.
//!
//! A head of its own describes nearly any device, so a residual does not tell a device with wrong geometry, a jump or four
//! times the current of its siblings from a sound one; the trunk only gets worse for all. Flags of validation do tell.

use gummel_data::{Dataset, DeviceData, Flags, Selection};

use crate::config::ResidualConfig;

/// Factor on squared weights of a doubted device.
const TRUST: f64 = 1e-3;

/// What validation holds against the device as a whole: the flags for which a selection leaves devices out by default.
pub(crate) fn doubts(device: &DeviceData) -> Flags {
    let all = device.flags.iter().fold(Flags::NONE, |all, f| all | *f);
    all & Selection::default().exclude_devices_with
}

/// Numbers of the devices that are trusted in full, in order; of all devices where those are not `enough`.
pub(crate) fn sound(
    data: &Dataset,
    residual: &ResidualConfig,
    enough: impl Fn(&[usize]) -> bool,
) -> Vec<usize> {
    let all = 0..data.devices.len();
    let sound: Vec<usize> = all.clone().filter(|&d| trust(&data.devices[d], residual) >= 1.0).collect();
    if enough(&sound) { sound } else { all.collect() }
}

/// Factor on the squared weights of the device's readings, 1 for a device without doubts, and for all where weights are not robust.
pub(crate) fn trust(device: &DeviceData, residual: &ResidualConfig) -> f64 {
    if residual.robust <= 0.0 || doubts(device).is_empty() { 1.0 } else { TRUST }
}
