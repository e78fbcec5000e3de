//! Every export against the kernel, run by the tool it is meant for.
#![allow(clippy::unwrap_used)]

use gummel_device::{Geometry, Polarity};
use gummel_export::{ExportError, ExportOptions, Target, VerifyOptions, export, verify};
use gummel_kernel::Sample;
use gummel_model::{DeviceEntry, Manifest, Model};

fn model(sample: &Sample) -> Model {
    let spec = sample.spec();
    let polarity = if sample.sign > 0.0 { Polarity::N } else { Polarity::P };
    let mut manifest = Manifest::new("demo", if sample.sign > 0.0 { "nmos" } else { "pmos" }, polarity);
    let entry = |d: &gummel_kernel::DeviceHeads| {
        DeviceEntry::new(&d.name, Geometry::new(d.place.w, d.place.l), 1e-12)
    };
    manifest.devices = spec.devices.iter().map(entry).collect();
    Model::new(spec, manifest).unwrap()
}

/// n and p, plain and with everything a model can have.
fn models() -> [Model; 3] {
    let rich = Sample {
        seed: 5,
        sign: -1.0,
        layers: vec![7, 5],
        leakage: true,
        charges: true,
        population: true,
        ..Sample::default()
    };
    let single = Sample { devices: 1, layers: vec![6], leakage: true, ..Sample::default() };
    [model(&Sample::default()), model(&rich), model(&single)]
}

fn check(target: Target, points: usize) {
    for model in models() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(target.default_file(&model));
        export(&model, target, &ExportOptions::default(), &path).unwrap();
        match verify(&path, &model, &VerifyOptions { points: Some(points), ..VerifyOptions::default() }) {
            Ok(verdict) => {
                assert!(verdict.passed && verdict.same_weights, "{verdict:#?}");
                assert!(verdict.differences.len() >= 4);
                eprintln!(
                    "{} {} {:?}",
                    verdict.target,
                    verdict.tool,
                    verdict.differences.iter().map(|d| (&d.quantity, d.largest)).collect::<Vec<_>>()
                );
            }
            Err(missing @ ExportError::ToolMissing { .. }) => {
                println!("SKIPPED: {missing}");
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn c_is_the_model() {
    check(Target::C, 10_000);
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
fn spice_is_the_model() {
    check(Target::Spice, 200);
}
