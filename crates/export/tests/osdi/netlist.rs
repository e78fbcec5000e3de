//! What a netlist can ask for, and what the simulator's log says when it asks for something else.

use std::ffi::CStr;

use gummel_export::osdi::Abi;
use gummel_model::DeviceQuery;

use crate::host::Value;
use crate::samples::Exported;

#[test]
fn both_interfaces_show_the_symbols_their_simulators_look_for() {
    for (abi, minor, size) in [(Abi::V0_3, 3, None), (Abi::V0_4, 4, Some(328))] {
        let exported = Exported::new(abi);
        let library = &exported.library;
        assert_eq!(library.number("OSDI_VERSION_MAJOR"), Some(0));
        assert_eq!(library.number("OSDI_VERSION_MINOR"), Some(minor));
        assert_eq!(library.number("OSDI_DESCRIPTOR_SIZE"), size);
        assert_eq!(library.number("OSDI_NUM_DESCRIPTORS"), Some(3));
    }
}

#[test]
fn refusals_reach_the_log_with_what_is_allowed() {
    let exported = Exported::new(Abi::V0_3);
    type Parameters = Vec<(&'static str, Value)>;
    let cases: [(&str, Parameters, &str); 8] = [
        (
            "demo_n",
            vec![("device", "W9u_L9u".into())],
            "no device 'W9u_L9u' in the model; it holds W10u_L0.13u",
        ),
        ("demo_n", vec![], "give device=\"...\", or w and l; the model holds W10u"),
        (
            "demo_n",
            vec![("device", "W10u_L0.13u".into()), ("corner", "xx".into())],
            "expected tt, ff, ss, sf or fs",
        ),
        ("demo_n", vec![("w", 3e-6.into()), ("l", 1e-6.into())], "no device with w="),
        ("demo_pop", vec![("w", 50e-6.into()), ("l", 0.3e-6.into())], "w=50u is outside the fitted range"),
        ("demo_pop", vec![("w", (-1.0).into()), ("l", 0.3e-6.into())], "w=-1 is not a positive number"),
        (
            "demo_n",
            vec![("device", "W10u_L0.13u".into()), ("$mfactor", 0.0.into())],
            "m=0 is not a positive number",
        ),
        (
            "demo_n",
            vec![("device", "W10u_L0.13u".into()), ("cgso", (-1e-10).into())],
            "cgso=-0.0000000001 is not",
        ),
    ];
    for (name, parameters, expected) in cases {
        let messages = exported.library.device(name).instance(&parameters).err().unwrap().join("\n");
        assert!(messages.contains(expected), "expected '{expected}' in '{messages}'");
    }
}

#[test]
fn models_of_one_type_are_told_apart_by_their_family() {
    let v = [1.1, 0.9, 0.0, -0.1];
    for abi in [Abi::V0_3, Abi::V0_4] {
        let (one, apart) = (Exported::as_one_type(abi), Exported::new(abi));
        assert_eq!(one.library.number("OSDI_NUM_DESCRIPTORS"), Some(1));
        let device = one.library.device("demo");
        for family in ["n", "p", "pop"] {
            let named = ("device", Value::from("W10u_L0.13u"));
            let mut found = device.instance(&[("family", family.into()), named.clone()]).unwrap();
            let kind = format!("demo_{family}");
            let mut expected = apart.library.device(&kind).instance(&[named]).unwrap();
            found.eval(v, None);
            expected.eval(v, None);
            assert_eq!(found.currents(), expected.currents(), "{family}");
        }
        for (parameters, expected) in [
            (vec![], "give family=\"...\"; the device type has n p pop"),
            (vec![("family", "nmos".into())], "no family 'nmos' in the device type; it has n p pop"),
        ] {
            let messages = device.instance(&parameters).err().unwrap().join("\n");
            assert!(messages.contains(expected), "expected '{expected}' in '{messages}'");
        }
    }
}

#[test]
fn corner_geometry_and_temperature_move_a_population() {
    let exported = Exported::new(Abi::V0_3);
    let model = &exported.models[2];
    let device = exported.library.device("demo_pop");
    let v = [1.2, 1.0, 0.0, 0.0];
    let mut place = model.spec.devices[0].place;
    (place.w, place.l, place.temperature, place.speed) = (5e-6, 0.3e-6, 398.15, 1.0);
    let mut instance =
        device.instance(&[("w", 5e-6.into()), ("l", 0.3e-6.into()), ("corner", "ff".into())]).unwrap();
    instance.setup(398.15).unwrap();
    instance.eval(v, None);
    let expected = model.instance_at(&place).unwrap().eval(v).id();
    assert!((instance.currents()[0] / expected - 1.0).abs() < 1e-12);
    // The same instance at another temperature: setup runs again, as after `alter` or a sweep of temperature.
    instance.setup(300.15).unwrap();
    instance.eval(v, None);
    place.temperature = 300.15;
    let expected = model.instance_at(&place).unwrap().eval(v).id();
    assert!((instance.currents()[0] / expected - 1.0).abs() < 1e-12);
    let query = DeviceQuery::named("W10u_L0.13u").with_geometry(4e-6, 0.2e-6);
    let parameters = [("device", "W10u_L0.13u".into()), ("w", 4e-6.into()), ("l", 0.2e-6.into())];
    let mut moved = device.instance(&parameters).unwrap();
    moved.eval(v, None);
    let expected = model.instance(&query).unwrap().eval(v).id();
    assert!((moved.currents()[0] / expected - 1.0).abs() < 1e-12);
}

#[test]
fn sizes_may_be_drawn_in_other_units() {
    let exported = Exported::new(Abi::V0_3);
    let device = exported.library.device("demo_pop");
    let v = [1.2, 1.0, 0.0, 0.0];
    let in_metres = {
        let mut instance = device.instance(&[("w", 5e-6.into()), ("l", 0.3e-6.into())]).unwrap();
        instance.eval(v, None);
        instance.currents()[0]
    };
    let micrometres = [("w", 5.0.into()), ("l", 0.3.into())];
    let given = |more: [(&'static str, Value); 2]| -> Vec<(&'static str, Value)> {
        micrometres.iter().cloned().chain(more).collect()
    };
    // Of the model line, of the simulator, and a model line that overrules the simulator.
    let shrunk = given([("scale", 1e-6.into()), ("shrink", 0.0.into())]);
    let larger = vec![("w", (5e-6 / 0.9).into()), ("l", (0.3e-6 / 0.9).into()), ("shrink", 10.0.into())];
    type Given = (Vec<(&'static str, Value)>, Vec<(&'static CStr, f64)>);
    let cases: [Given; 4] = [
        (shrunk.clone(), vec![]),
        (larger, vec![(c"gmin", 1e-12)]),
        (micrometres.to_vec(), vec![(c"gmin", 1e-12), (c"shrink", 0.0), (c"scale", 1e-6)]),
        (shrunk, vec![(c"scale", 1.0), (c"shrink", 50.0)]),
    ];
    for (parameters, simulator) in cases {
        let mut instance = device.bare(&parameters);
        // A second setup, as after a change of temperature, must not scale again.
        for _ in 0..2 {
            instance.setup_with(300.15, &simulator).unwrap();
            instance.eval(v, None);
            let found = instance.currents()[0];
            assert!((found / in_metres - 1.0).abs() < 1e-12, "{found} {in_metres}");
        }
    }
    let refused = |scale: f64, shrink: f64| {
        let parameters = given([("scale", scale.into()), ("shrink", shrink.into())]);
        device.instance(&parameters).err().unwrap().join("\n")
    };
    assert!(refused(0.0, 0.0).contains("scale=0 shrink=0: expected a positive scale"));
    assert!(refused(1e-6, 100.0).contains("0 <= shrink < 100"));
    let far = refused(1.0, 0.0);
    assert!(far.contains("w=5000000u is outside the fitted range"), "{far}");
    let far = refused(1e-3, 0.0);
    assert!(far.contains("(w and l are in units of 1e-3 m)"), "{far}");
}

#[test]
fn a_temperature_that_the_model_does_not_know_is_remarked() {
    let exported = Exported::new(Abi::V0_3);
    let mut instance =
        exported.library.device("demo_n").instance(&[("device", "W10u_L0.13u".into())]).unwrap();
    let warnings = instance.setup(398.15).unwrap().join("\n");
    assert!(warnings.contains("398.15 K has no effect"), "{warnings}");
    assert!(instance.setup(300.15).unwrap().is_empty());
}
