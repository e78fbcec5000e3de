//! Devices that validation doubts: how much the shared trunk listens to them.
//!
//! A head of its own describes nearly any device, so a residual does not tell a device with wrong geometry, a jump or four
//! times the current of its siblings from a sound one; the trunk only gets worse for all. Flags of validation do tell.

use gummel_data::{DeviceData, Flags, Selection};

/// Factor on squared weights of a doubted device.
const TRUST: f64 = 1e-3;

/// What validation holds against the device as a whole: the flags for which a selection leaves devices out by default.
pub(crate) fn doubts(device: &DeviceData) -> Flags {
    let all = device.flags.iter().fold(Flags::NONE, |all, f| all | *f);
    all & Selection::default().exclude_devices_with
}

/// Factor on the squared weights of the device's readings, 1 for a device without doubts.
pub(crate) fn trust(device: &DeviceData) -> f64 {
    if doubts(device).is_empty() { 1.0 } else { TRUST }
}
