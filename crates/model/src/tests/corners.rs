//! Corners as a space: devices moved to a corner, and between corners.

use gummel_device::Corner;

use super::sample;
use crate::{DeviceEntry, DeviceQuery, Model, ModelError};

/// A transistor at `corners` whose constants of the head are one, two, three ... apart.
fn at_corners(corners: &[Corner]) -> Model {
    let mut model = sample(true, 1.0);
    let (first, entry) = (model.spec.devices[0].clone(), model.manifest.devices[0].clone());
    (model.spec.devices, model.manifest.devices) = (Vec::new(), Vec::new());
    for (k, corner) in corners.iter().enumerate() {
        let name = format!("W1u_L1u_{corner}");
        let mut device = gummel_kernel::DeviceHeads { name: name.clone(), ..first.clone() };
        (device.place.speed, device.place.skew) = (corner.position().speed, corner.position().skew);
        let head = &mut device.deviation[0][0];
        *head.last_mut().expect("a constant") = 0.1 * (k + 1) as f64;
        model.spec.devices.push(device);
        model.manifest.devices.push(DeviceEntry { name, corner: Some(*corner), ..entry.clone() });
    }
    Model::new(model.spec, model.manifest).expect("consistent")
}

#[test]
fn a_device_moved_to_a_corner_is_the_device_of_that_corner() {
    let model = at_corners(&Corner::ALL);
    let id = |model: &Model, name: &str| {
        let device = model.instance(&DeviceQuery::named(name)).expect("known");
        device.current([1.0, 0.8, 0.0, 0.0])
    };
    for corner in Corner::ALL {
        let name = format!("W1u_L1u_{corner}");
        let moved = model.moved("W1u_L1u_tt", corner.position()).expect("moved");
        assert_eq!(id(&moved, "W1u_L1u_tt"), id(&model, &name), "{corner}");
    }
    let all = model.at_positions(
        &[(0.5, 0.0), (1.0, 0.0)].map(|(speed, skew)| gummel_device::CornerPosition { speed, skew }),
    );
    let all = all.expect("corners");
    assert_eq!(all.spec.devices.len(), 2);
    assert_eq!(id(&all, "W1u_L1u_ff"), id(&model, "W1u_L1u_ff"));
    // Own constants: 0.1 at tt, 0.2 at ff, 0.3 at ss; the polynomial through them at 0.5.
    let constant = *all.spec.devices[0].deviation[0][0].last().expect("a constant");
    assert!((constant - (0.75 * 0.1 + 0.375 * 0.2 - 0.125 * 0.3)).abs() < 1e-12, "{constant}");
    assert_eq!(all.spec.devices[0].name, "W1u_L1u_speed0.5_skew0");
}

#[test]
fn a_corner_that_was_not_fitted_counts_as_typical_and_one_corner_is_no_space() {
    let model = at_corners(&[Corner::Tt, Corner::Ff]);
    let moved = model.moved("W1u_L1u_ff", Corner::Fs.position()).expect("moved");
    assert_eq!(moved.spec.devices[0].deviation, model.spec.devices[0].deviation);
    assert_eq!(moved.spec.devices[0].place.skew, 1.0);
    let one = at_corners(&[Corner::Tt]).at_positions(&[Corner::Ff.position()]);
    assert!(matches!(one, Err(ModelError::NoCorners { .. })));
}
