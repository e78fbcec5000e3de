//! Names, refusals and the file that is left.

use super::*;
use gummel_device::{Geometry, Polarity};
use gummel_kernel::Sample;
use gummel_model::{DeviceEntry, Manifest};

fn model(sample: &Sample, technology: &str, family: &str) -> Model {
    let spec = sample.spec();
    let polarity = if sample.sign > 0.0 { Polarity::N } else { Polarity::P };
    let mut manifest = Manifest::new(technology, family, polarity);
    manifest.devices = spec
        .devices
        .iter()
        .map(|d| DeviceEntry::new(&d.name, Geometry::new(d.place.w, d.place.l), 1e-12))
        .collect();
    Model::new(spec, manifest).unwrap()
}

fn demo() -> Model {
    model(&Sample::default(), "demo130", "nmos")
}

#[test]
fn names_come_from_technology_and_family_and_are_fit_for_netlists() {
    for (technology, family, expected) in [
        ("demo130", "nmos", "demo130_nmos"),
        ("ihp-sg13g2", "lv_nmos", "ihp_sg13g2_lv_nmos"),
        ("", "nmos", "m_nmos"),
        ("130nm", "n", "m_130nm_n"),
        ("µm", "", "m_"),
    ] {
        let name = default_name(&model(&Sample::default(), technology, family));
        assert_eq!(name, expected);
    }
}

#[test]
fn refusals_name_the_cause_and_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.osdi");
    let n = demo();
    let mut damaged = demo();
    damaged.spec.branches[0].layers[0].weight[3] = f64::NAN;
    let large = model(&Sample { devices: 9000, ..Sample::default() }, "big", "n");
    let named =
        |names: &[&str]| Options { names: names.iter().map(|n| (*n).into()).collect(), ..Options::default() };
    for (models, options, expected) in [
        (vec![], Options::default(), "0 models for one library, expected 1 to 8"),
        (vec![&n; 9], Options::default(), "9 models"),
        (vec![&n, &n], Options::default(), "two models would be called 'demo130_nmos'"),
        (vec![&n, &n], named(&["a"]), "two models are of family 'nmos'"),
        (vec![&n, &n, &n], named(&["a", "b"]), "2 names for 3 models"),
        (vec![&n, &n], named(&["a", "A"]), "two models would be called 'a'"),
        (vec![&n], named(&["NMOS"]), "'NMOS' cannot name a device type: simulators have"),
        (vec![&n], named(&["4 x"]), "expected a letter"),
        (vec![&damaged], Options::default(), "model demo130/nmos cannot be exported"),
        (vec![&large], Options::default(), "the library has room for 1048576"),
    ] {
        let message = write(&models, &path, &options).err().unwrap().to_string();
        assert!(message.contains(expected), "expected '{expected}' in '{message}'");
    }
    let nowhere = folder.path().join("absent/x.osdi");
    let message = write(&[&n], &nowhere, &Options::default()).unwrap_err().to_string();
    assert!(message.contains("absent"), "{message}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_example_names_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.osdi");
    let p = model(&Sample { sign: -1.0, charges: true, ..Sample::default() }, "demo130", "pmos");
    let report = write(&[&demo(), &p], &path, &Options::default()).unwrap();
    assert_eq!(report.bytes as u64, std::fs::metadata(&path).unwrap().len());
    assert_eq!((report.models[0].charges, report.models[1].charges), (false, true));
    assert_eq!(report.models[1].overlap, [0.0; 3]);
    let text = report.example();
    assert!(text.contains(".model pch demo130_pmos device=\"W10u_L0.13u\""), "{text}");
    let together = Options { names: vec!["demo130".into()], ..Options::default() };
    let text = write(&[&demo(), &p], &path, &together).unwrap().example();
    assert!(text.contains(".model pch demo130 family=\"pmos\" device=\"W10u_L0.13u\""), "{text}");
}

#[test]
fn the_same_models_give_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = ["a.osdi", "b.osdi"].map(|name| {
        let path = folder.path().join(name);
        write(&[&demo()], &path, &Options { abi: Abi::V0_4, ..Options::default() }).unwrap();
        std::fs::read(path).unwrap()
    });
    assert!(a == b);
}
