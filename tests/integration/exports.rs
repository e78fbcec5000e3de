//! The bundled fit through every export and its tool.

use gummel_export::{ExportOptions, Target, VerifyOptions, export, verify};
use gummel_surrogate::fit;

use crate::bundled::quick;
use crate::sample::coarse;
use crate::tools::{assert_same, tools};

#[test]
fn every_export_of_the_bundled_transistors_is_the_model() {
    let model = fit(&coarse("demo130/pmos"), &quick(), &mut ()).unwrap().model;
    assert!(model.spec.branches.len() > 1, "the noiseless transistors come with charges");
    let folder = tempfile::tempdir().unwrap();
    for (target, points) in [
        (Target::C, None),
        (Target::VerilogA, Some(1000)),
        (Target::Onnx, Some(4000)),
        (Target::OnnxF32, Some(4000)),
        (Target::Osdi, Some(400)),
        (Target::Spice, Some(32)),
    ] {
        let path = folder.path().join(target.default_file(&model));
        export(&model, target, &ExportOptions::default(), &path).unwrap();
        let options = VerifyOptions { points, tools: tools().clone(), ..VerifyOptions::default() };
        assert_same(verify(&path, &model, &options));
    }
}
