//! Several families as one: a trunk to begin with should know what transistors of any kind share.

use gummel_data::{Dataset, DeviceData};
use gummel_device::{Bias, Family, Polarity, Quantity};

/// Drain currents of all devices of `data` as those of one family of n-channel transistors, called `technology/name`.
///
/// Voltages and currents of p-channel devices change their signs. Devices are named after their family; corners are forgotten,
/// because those of n- and p-channel devices do not correspond.
pub fn pooled(data: &Dataset, technology: &str, name: &str) -> Dataset {
    let family = Family { technology: technology.into(), name: name.into(), polarity: Polarity::N };
    let devices = data.devices.iter().map(|device| mirrored(device, &family)).collect();
    Dataset { devices, files: data.files.clone() }
}

fn mirrored(device: &DeviceData, family: &Family) -> DeviceData {
    let sign = device.id.family.polarity.sign();
    let mut new = device.clone();
    new.id.name = format!("{}_{}", device.id.family.name, device.id.name);
    new.id.family = family.clone();
    new.id.corner = None;
    new.bias.iter_mut().for_each(|v| *v *= sign);
    for curve in &mut new.curves {
        let Bias { vd, vg, vs, vb } = curve.held;
        curve.held = Bias { vd: sign * vd, vg: sign * vg, vs: sign * vs, vb: sign * vb };
    }
    new.quantities.retain(|quantity, _| *quantity == Quantity::Id);
    new.quantities.values_mut().for_each(|values| values.iter_mut().for_each(|v| *v *= sign));
    new
}
