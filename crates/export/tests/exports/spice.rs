//! Subcircuits in a circuit: charges act in a small-signal analysis, a library switches corners.

use std::path::Path;
use std::process::Command;

use gummel_device::Corner;
use gummel_export::library::Sections;
use gummel_export::{ExportOptions, Selection, Target, export};
use gummel_model::{DeviceQuery, Model};

use crate::models::rich;
use crate::tools::tools;

/// All that ngspice says, `None` when there is no ngspice.
fn transcript(folder: &Path, netlist: &str) -> Option<String> {
    std::fs::write(folder.join("test.cir"), netlist).unwrap();
    let ran = Command::new(&tools().ngspice).args(["-b", "test.cir"]).current_dir(folder).output();
    let Ok(ran) = ran else {
        eprintln!("SKIPPED: no ngspice; see tests/ngspice.sh");
        return None;
    };
    Some([ran.stdout, ran.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n"))
}

/// Values printed by ngspice as `name = value`, `None` when there is no ngspice.
fn ngspice(folder: &Path, netlist: &str) -> Option<Vec<f64>> {
    let text = transcript(folder, netlist)?;
    let values: Vec<f64> = text.lines().filter_map(|l| l.split_once(" = ")?.1.trim().parse().ok()).collect();
    assert!(!values.is_empty(), "{text}");
    Some(values)
}

#[test]
fn ngspice_takes_the_temperature_of_an_instance_in_kelvin_and_the_log_says_so() {
    let mut model = rich();
    model.manifest.devices.iter_mut().for_each(|d| d.temperatures = vec![233.15, 300.15, 398.15]);
    let folder = tempfile::tempdir().unwrap();
    export(&model, Target::Osdi, &ExportOptions::default(), &folder.path().join("demo.osdi")).unwrap();
    let current = |kelvin: f64| {
        let query = DeviceQuery::named("W2u_L0.5u").at_temperature(kelvin);
        -model.instance(&query).unwrap().eval([-0.7, -0.7, 0.0, 0.0]).id()
    };
    for (instance, card, kelvin, remark) in [
        ("", "", 300.15, None),
        ("dt=98", "", 398.15, None),
        ("temp=398.15", "", 398.15, None),
        (
            "temp=125",
            "",
            125.0,
            Some("is in kelvin in this simulator: for 125 degrees Celsius write temp=398.15"),
        ),
        (
            "",
            ".temp 300",
            573.15,
            Some("573.15 K is outside the temperatures of the fit, 233.15 to 398.15 K"),
        ),
    ] {
        let netlist = format!(
            "* temperature\n{card}\n.model m demo_pmos device=\"W2u_L0.5u\"\nvd d 0 -0.7\nn1 d d 0 0 m {instance}\n\
             .options reltol=1e-9 abstol=1e-18 vntol=1e-12\n.control\nset num_threads=1\npre_osdi demo.osdi\n\
             set numdgt=12\nop\nprint i(vd) @n1[out_of_range]\nquit 0\n.endc\n.end\n"
        );
        let Some(text) = transcript(folder.path(), &netlist) else { return };
        let value = |name: &str| -> f64 {
            let line = text.lines().find(|l| l.starts_with(name)).unwrap_or_else(|| panic!("{text}"));
            line.split_once(" = ").unwrap().1.trim().parse().unwrap()
        };
        assert!((value("i(vd)") / current(kelvin) - 1.0).abs() < 1e-6, "{instance} {card}: {text}");
        assert_eq!(value("@n1[out_of_range]"), f64::from(u8::from(remark.is_some())), "{instance} {card}");
        match remark {
            Some(remark) => assert!(text.contains(remark), "{text}"),
            None => assert!(!text.contains("outside the temperatures"), "{text}"),
        }
    }
}

#[test]
fn a_library_of_which_a_part_cannot_be_written_leaves_none_of_it() {
    for sections in [Sections::Spice, Sections::Osdi] {
        let folder = tempfile::tempdir().unwrap();
        // Written last of all.
        std::fs::create_dir(folder.path().join("demo.lib")).unwrap();
        let options = ExportOptions { sections, ..ExportOptions::default() };
        let path = folder.path().join("demo.lib");
        let error = export(&rich(), Target::Library, &options, &path).unwrap_err().to_string();
        assert!(error.contains("demo.lib") && error.contains("directory"), "{error}");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{sections:?}");
    }
    let nowhere = Path::new("no/such/folder/demo.lib");
    let error = export(&rich(), Target::Library, &ExportOptions::default(), nowhere).unwrap_err().to_string();
    assert!(error.contains("the folder no/such/folder takes no new file"), "{error}");
}

#[test]
fn charges_are_the_models_capacitances() {
    let model = rich();
    let folder = tempfile::tempdir().unwrap();
    let device = "W2u_L0.5u";
    let options = ExportOptions {
        selection: Selection { devices: vec![device.into()], ..Selection::default() },
        ..ExportOptions::default()
    };
    export(&model, Target::Spice, &options, &folder.path().join("p.sp")).unwrap();
    let hertz = 1e9;
    let netlist = format!(
        "* charges\n.include p.sp\nvd d 0 -0.7\nvg g 0 -0.9 ac 1\nvb b 0 0.2\nx1 d g 0 b demo_pmos_W2u_L0p5u\n\
         .options reltol=1e-9 abstol=1e-18 vntol=1e-12\n.control\nset numdgt=12\nac lin 1 {hertz} {hertz}\n\
         print imag(i(vg)) imag(i(vd)) imag(i(vb))\nquit 0\n.endc\n.end\n"
    );
    let Some(found) = ngspice(folder.path(), &netlist) else { return };
    let point = model.instance(&DeviceQuery::named(device)).unwrap().eval([-0.7, -0.9, 0.0, 0.2]);
    let capacitances = point.capacitances();
    for (found, terminal) in found.into_iter().zip([1, 0, 3]) {
        // A source's current counts out of the device's terminal.
        let expected = -std::f64::consts::TAU * hertz * capacitances[terminal][1];
        assert!((found / expected - 1.0).abs() < 1e-6, "terminal {terminal}: {found} {expected}");
    }
}

#[test]
fn a_library_has_a_section_per_corner() {
    check_library(Sections::Spice, 'x', "", 6);
}

#[test]
fn a_library_of_model_cards_has_a_section_per_corner() {
    let load = ".control\nset num_threads=1\npre_osdi demo.osdi\n.endc\n.options temp=27\n";
    check_library(Sections::Osdi, 'n', load, 2);
}

#[test]
fn a_library_of_devices_fitted_at_corners_takes_each_in_its_section() {
    check_sections(&at_corners(), Sections::Spice, 'x', "", 6, &|corner| format!("W2u_L0.5u_{corner}"));
    let load = ".control\nset num_threads=1\npre_osdi demo.osdi\n.endc\n.options temp=27\n";
    check_sections(&at_corners(), Sections::Osdi, 'n', load, 2, &|corner| format!("W2u_L0.5u_{corner}"));
}

/// A model whose devices were fitted at every corner, each with deviations of its own.
fn at_corners() -> Model {
    let mut spec = rich().spec;
    let bases = std::mem::take(&mut spec.devices);
    for (k, corner) in Corner::ALL.into_iter().enumerate() {
        for base in &bases {
            let mut device = base.clone();
            device.name = format!("{}_{corner}", base.name);
            let position = corner.position();
            (device.place.speed, device.place.skew) = (position.speed, position.skew);
            device.deviation[0][0].iter_mut().for_each(|v| *v += 0.01 * k as f64);
            spec.devices.push(device);
        }
    }
    crate::models::model(spec)
}

fn check_library(sections: Sections, letter: char, load: &str, files: usize) {
    check_sections(&rich(), sections, letter, load, files, &|_| "W2u_L0.5u".into());
}

fn check_sections(
    model: &Model,
    sections: Sections,
    letter: char,
    load: &str,
    files: usize,
    device: &dyn Fn(Corner) -> String,
) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.lib");
    let options = ExportOptions { sections, ..ExportOptions::default() };
    let written = export(model, Target::Library, &options, &path).unwrap();
    assert_eq!(written.files.len(), files);
    for corner in Corner::ALL {
        let netlist = format!(
            "* corner\n{load}.lib demo.lib {corner}\nvd d 0 -0.7\n{letter}1 d d 0 0 demo_pmos_W2u_L0p5u\n\
             .options reltol=1e-9 abstol=1e-18 vntol=1e-12\n.control\nset numdgt=12\nop\nprint i(vd)\nquit 0\n.endc\n.end\n"
        );
        let Some(found) = ngspice(folder.path(), &netlist) else { return };
        let query = DeviceQuery::named(device(corner)).at_corner(corner);
        let expected = -model.instance(&query).unwrap().eval([-0.7, -0.7, 0.0, 0.0]).id();
        assert!((found[0] / expected - 1.0).abs() < 1e-6, "{corner}: {found:?} {expected}");
    }
}

#[test]
fn a_library_needs_corners() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.lib");
    let selection = Selection { corner: Some(Corner::Ss.position()), ..Selection::default() };
    let options = ExportOptions { selection, ..ExportOptions::default() };
    let error = export(&rich(), Target::Library, &options, &path).unwrap_err().to_string();
    assert!(error.contains("has all corners"), "{error}");
    let mut between = crate::models::two_neurons();
    between.spec.devices.iter_mut().for_each(|d| d.place.speed = 0.5);
    let error = export(&between, Target::Library, &ExportOptions::default(), &path).unwrap_err().to_string();
    assert!(error.contains("stand at none"), "{error}");
    assert!(!path.exists());
}
