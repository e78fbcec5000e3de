//! Corners as a space: devices moved to a corner, and between corners.

use gummel_device::Corner;

use super::sample;
use crate::{DeviceEntry, DeviceQuery, Model, ModelError};

/// A transistor at `corners` whose constants of the head are one, two, three ... apart.
fn at_corners(corners: &[Corner]) -> Model {
    with_constants(true, corners, |k, _| 0.1 * (k + 1) as f64)
}

/// A transistor at `corners` with the constants of the head that `constant` says, beside a population or without.
fn with_constants(population: bool, corners: &[Corner], constant: impl Fn(usize, Corner) -> f64) -> Model {
    let mut model = sample(population, 1.0);
    let (first, entry) = (model.spec.devices[0].clone(), model.manifest.devices[0].clone());
    (model.spec.devices, model.manifest.devices) = (Vec::new(), Vec::new());
    for (k, corner) in corners.iter().enumerate() {
        let name = format!("W1u_L1u_{corner}");
        let mut device = gummel_kernel::DeviceHeads { name: name.clone(), ..first.clone() };
        (device.place.speed, device.place.skew) = (corner.position().speed, corner.position().skew);
        let head = &mut device.deviation[0][0];
        *head.last_mut().expect("a constant") = constant(k, *corner);
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
fn a_query_at_a_corner_is_the_device_fitted_there_from_whichever_corner_it_starts() {
    for population in [true, false] {
        let model = with_constants(population, &Corner::ALL, |k, _| 0.1 * (k + 1) as f64);
        let id = |query: DeviceQuery| {
            let device = model.instance(&query).expect("known");
            device.current([1.0, 0.8, 0.0, 0.0])
        };
        for (from, to) in Corner::ALL.into_iter().flat_map(|a| Corner::ALL.map(|b| (a, b))) {
            let asked = DeviceQuery::named(format!("W1u_L1u_{from}")).at_corner(to);
            assert_eq!(id(asked), id(DeviceQuery::named(format!("W1u_L1u_{to}"))), "{from} at {to}");
        }
        // Between corners it is what a model of drawn positions holds.
        let between = gummel_device::CornerPosition { speed: 0.4, skew: -0.3 };
        let drawn = model.at_positions(&[between]).expect("corners");
        let there = drawn.instance(&DeviceQuery::named(&*drawn.spec.devices[0].name)).expect("drawn");
        let asked = DeviceQuery {
            corner: Some(between),
            temperature: Some(drawn.spec.devices[0].place.temperature),
            ..DeviceQuery::named("W1u_L1u_ff")
        };
        assert_eq!(id(asked), there.current([1.0, 0.8, 0.0, 0.0]));
    }
}

/// `y`, ln of the channel current up to a constant, of device `name` where it conducts.
fn ln_id(model: &Model, name: &str) -> f64 {
    let device = model.instance(&DeviceQuery::named(name)).expect("known");
    let branch = &device.folded().branches[0];
    let z = branch.activations([1.0, 0.8, 0.0, 0.0]);
    let channel = &branch.outputs[0];
    channel.constant + channel.head.iter().zip(&z).map(|(h, z)| h * z).sum::<f64>()
}

/// `model` without its device at `corner`.
fn without(model: &Model, corner: Corner) -> Model {
    let mut less = model.clone();
    let name = format!("W1u_L1u_{corner}");
    less.spec.devices.retain(|d| d.name != name);
    less.manifest.devices.retain(|d| d.name != name);
    Model::new(less.spec, less.manifest).expect("consistent")
}

#[test]
fn any_corner_of_a_bent_curve_is_found_from_the_others() {
    // A device's own speed: 1 at ff, 0.6 at fs, and heads that bend with it.
    let own = |corner| match corner {
        Corner::Tt => 0.0,
        Corner::Ff => 1.0,
        Corner::Ss => -1.0,
        Corner::Sf => -0.6,
        Corner::Fs => 0.6,
    };
    let curve = |_: usize, corner| 0.2 + 0.3 * own(corner) - 0.05 * own(corner) * own(corner);
    let all = with_constants(false, &Corner::ALL, curve);
    for corner in Corner::ALL {
        let found = without(&all, corner).at_positions(&[corner.position()]).expect("four corners");
        let name = format!("W1u_L1u_{corner}");
        let off = ln_id(&found, &name) - ln_id(&all, &name);
        assert!(off.abs() < 2e-3, "{corner}: {off}");
    }
}

#[test]
fn a_corner_whose_opposite_alone_is_known_is_its_mirror_image_whatever_the_population_says() {
    let model = at_corners(&[Corner::Tt, Corner::Ff]);
    let ss = model.at_positions(&[Corner::Ss.position()]).expect("two corners");
    let typical = ln_id(&model, "W1u_L1u_tt");
    let (fast, slow) = (ln_id(&model, "W1u_L1u_ff") - typical, ln_id(&ss, "W1u_L1u_ss") - typical);
    assert!((fast + slow).abs() < 1e-9, "{fast} {slow}");
}

#[test]
fn a_corner_that_nothing_tells_of_counts_as_typical_and_one_corner_is_no_space() {
    let model = at_corners(&[Corner::Tt, Corner::Ff]);
    let moved = model.moved("W1u_L1u_ff", Corner::Fs.position()).expect("moved");
    assert_eq!(moved.spec.devices[0].deviation, model.spec.devices[0].deviation);
    assert_eq!(moved.spec.devices[0].place.skew, 1.0);
    let one = at_corners(&[Corner::Tt]).at_positions(&[Corner::Ff.position()]);
    assert!(matches!(one, Err(ModelError::NoCorners { .. })));
}
