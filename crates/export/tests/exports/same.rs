//! What an export computes, and what `verify` says of one that computes something else.

use gummel_device::Corner;
use gummel_export::program::Input;
use gummel_export::{
    ExportError, ExportOptions, Selection, Target, VerifyOptions, export, export_together, verify,
};

use gummel_kernel::Sample;
use gummel_model::Model;

use crate::models::{model, models, rich, two_neurons};
use crate::tools::{assert_same, tools};

fn options(points: usize) -> VerifyOptions {
    VerifyOptions { points: Some(points), tools: tools().clone(), ..VerifyOptions::default() }
}

fn check(target: Target, points: usize) {
    for model in models() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(target.default_file(&model));
        export(&model, target, &ExportOptions::default(), &path).unwrap();
        assert_same(verify(&path, &model, &options(points)));
    }
}

#[test]
fn c_is_the_model() {
    check(Target::C, 10_000);
}

#[test]
fn numpy_is_the_model() {
    check(Target::Numpy, 10_000);
}

#[test]
fn verilog_a_is_the_model() {
    check(Target::VerilogA, 2000);
}

#[test]
fn onnx_is_the_model() {
    check(Target::Onnx, 10_000);
}

#[test]
fn onnx_in_single_precision_is_the_model() {
    check(Target::OnnxF32, 10_000);
}

#[test]
fn onnx_in_single_precision_is_the_model_whatever_its_depth() {
    for layers in [vec![6], vec![6, 5], vec![6, 5, 4], vec![6, 5, 4, 4]] {
        let sample = Sample { layers, charges: true, leakage: true, ..Sample::default() };
        let model = model(sample.spec());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        export(&model, Target::OnnxF32, &ExportOptions::default(), &path).unwrap();
        assert_same(verify(&path, &model, &options(4000)));
    }
}

#[test]
fn device_libraries_and_subcircuits_are_checked_with_their_charges() {
    let model = rich();
    let folder = tempfile::tempdir().unwrap();
    for (target, charges) in
        [(Target::Osdi, vec!["qd", "qg", "qs", "qb"]), (Target::Spice, vec!["q_gate", "q_bulk", "q_channel"])]
    {
        let path = folder.path().join(target.default_file(&model));
        export(&model, target, &ExportOptions::default(), &path).unwrap();
        let verdict = match verify(&path, &model, &options(40)) {
            Err(missing @ ExportError::ToolMissing { .. }) => {
                eprintln!("SKIPPED: {missing}");
                return;
            }
            other => other.unwrap(),
        };
        assert!(verdict.passed, "{verdict:#?}");
        for charge in charges {
            let found = verdict.differences.iter().find(|d| d.quantity == charge).unwrap();
            assert!(found.expected.abs() > 1e-18, "{found:?}");
        }
    }
}

#[test]
fn places_that_a_model_does_not_know_are_refused() {
    let mut plain = model(Sample::default().spec());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.h");
    let said = |model: &Model, selection: Selection| {
        let options = ExportOptions { selection, ..ExportOptions::default() };
        export(model, Target::C, &options, &path).map_err(|e| e.to_string())
    };
    let at = |temperature: f64| Selection { temperature: Some(temperature), ..Selection::default() };
    for impossible in [f64::NAN, f64::INFINITY, -26.85] {
        let error = said(&rich(), at(impossible)).unwrap_err();
        assert!(error.contains("temperature is") && error.contains("finite positive"), "{error}");
    }
    let error = said(&plain, at(398.15)).unwrap_err();
    assert!(error.contains("125.00 degrees Celsius was asked for") && error.contains("27.00"), "{error}");
    let corner = |c: Corner| Selection { corner: Some(c.position()), ..Selection::default() };
    let error = said(&plain, corner(Corner::Ff)).unwrap_err();
    assert!(error.contains("ff was asked for, the chosen devices were fitted at tt"), "{error}");
    assert!(!path.exists());
    // Where the devices stand already is no other place.
    said(&plain, at(300.15)).unwrap();
    plain.spec.devices.iter_mut().for_each(|d| d.place.speed = 1.0);
    said(&plain, corner(Corner::Ff)).unwrap();
    said(&rich(), Selection { corner: Some(Corner::Ff.position()), ..at(398.15) }).unwrap();
}

#[test]
fn spice_is_the_model() {
    check(Target::Spice, 60);
}

#[test]
fn a_device_library_is_the_model() {
    check(Target::Osdi, 600);
}

#[test]
fn a_device_at_another_corner_and_temperature_is_the_model_there() {
    let model = rich();
    let selection = Selection {
        devices: vec!["W2u_L0.5u".into()],
        corner: Some(Corner::Ff.position()),
        temperature: Some(398.15),
    };
    let folder = tempfile::tempdir().unwrap();
    for (target, open) in [
        (Target::C, vec![]),
        (Target::Numpy, vec![]),
        (Target::Spice, vec![]),
        (Target::Onnx, Input::PLACE.to_vec()),
    ] {
        let path = folder.path().join(target.default_file(&model));
        let options_of = ExportOptions { selection: selection.clone(), open, ..ExportOptions::default() };
        export(&model, target, &options_of, &path).unwrap();
        assert_same(verify(&path, &model, &options(40)));
    }
}

#[test]
fn an_export_of_other_numbers_is_found_out() {
    let model = two_neurons();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.h");
    export(&model, Target::C, &ExportOptions::default(), &path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches("1.5*xd").count(), 1);
    std::fs::write(&path, text.replace("1.5*xd", "1.500001*xd")).unwrap();
    let verdict = verify(&path, &model, &options(500)).unwrap();
    let id = verdict.differences.iter().find(|d| d.quantity == "id").unwrap();
    assert!(!verdict.passed && verdict.same_weights && id.largest > 1e-8 && id.largest < 1e-5, "{verdict:?}");

    let mut other = model.clone();
    other.spec.devices[0].deviation[0][0][2] += 1e-3;
    let verdict = verify(&path, &other, &options(500)).unwrap();
    assert!(!verdict.passed && !verdict.same_weights);
}

#[test]
fn what_cannot_be_checked_says_why() {
    let model = two_neurons();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("demo.h");
    let said = |options: &VerifyOptions| verify(&path, &model, options).unwrap_err().to_string();
    assert!(said(&options(10)).contains("cannot read"));
    std::fs::write(&path, "int main(void) { return 0; }\n").unwrap();
    assert!(said(&options(10)).contains("found no line 'gummel-export"));
    export(&model, Target::C, &ExportOptions::default(), &path).unwrap();
    let mut without = options(10);
    without.tools.cc = "/no/such/compiler".into();
    let missing = said(&without);
    assert!(missing.contains("/no/such/compiler") && missing.contains("install a C compiler"), "{missing}");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("return o;", "return 0;")).unwrap();
    assert!(said(&options(10)).contains("could not run the export"));
}

#[test]
fn what_cannot_be_exported_leaves_no_file() {
    let model = two_neurons();
    let folder = tempfile::tempdir().unwrap();
    let unknown = Selection { devices: vec!["W1u_L0.12u".into()], ..Selection::default() };
    for target in Target::ALL.into_iter().filter(|t| *t != Target::Osdi) {
        let path = folder.path().join(target.default_file(&model));
        let options = ExportOptions { selection: unknown.clone(), ..ExportOptions::default() };
        let error = export(&model, target, &options, &path).unwrap_err().to_string();
        assert!(error.contains("nearest: W1u_L0.13u"), "{error}");
        let two = export_together(&[&model, &model], target, &ExportOptions::default(), &path)
            .unwrap_err()
            .to_string();
        assert!(two.contains("takes one model, found 2"), "{two}");
        let nowhere = folder.path().join("no/such/folder/x");
        let error = export(&model, target, &ExportOptions::default(), &nowhere).unwrap_err();
        assert!(matches!(error, ExportError::Io { action: "write", .. }), "{error}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let unknown = "osci".parse::<Target>().unwrap_err().to_string();
    assert!(unknown.contains("unknown target 'osci'") && unknown.contains("verilog-a"), "{unknown}");
}

#[test]
fn the_same_model_gives_the_same_bytes() {
    let model = rich();
    let folder = tempfile::tempdir().unwrap();
    for target in [Target::VerilogA, Target::C, Target::Numpy, Target::Onnx, Target::Spice, Target::Gmid] {
        let write = |name: &str| {
            let path = folder.path().join(name);
            export(&model, target, &ExportOptions::default(), &path).unwrap();
            std::fs::read(path).unwrap()
        };
        assert!(write("a") == write("b"), "{}", target.name());
    }
}
