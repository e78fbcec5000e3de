//! Made-up models of every kind, and one of two neurons that a person can check.

use gummel_device::{Geometry, Polarity};
use gummel_kernel::{Basis, Branch, DeviceHeads, Features, Layer, Output, OutputKind, Place, Sample, Spec};
use gummel_model::{DeviceEntry, Manifest, Model};

/// A model of a spec, with a manifest that says the least.
pub(crate) fn model(spec: Spec) -> Model {
    let (family, polarity) = if spec.sign > 0.0 { ("nmos", Polarity::N) } else { ("pmos", Polarity::P) };
    let mut manifest = Manifest::new("demo", family, polarity);
    let entry = |d: &DeviceHeads| DeviceEntry::new(&d.name, Geometry::new(d.place.w, d.place.l), 1e-12);
    manifest.devices = spec.devices.iter().map(entry).collect();
    Model::new(spec, manifest).unwrap()
}

/// Plain n-channel; p-channel with everything a model can have; a single device with leakage, not symmetric.
pub(crate) fn models() -> [Model; 3] {
    let rich = Sample {
        seed: 5,
        sign: -1.0,
        layers: vec![7, 5],
        leakage: true,
        charges: true,
        population: true,
        bounded: true,
        ..Sample::default()
    };
    let mut single = Sample { devices: 1, layers: vec![6], leakage: true, ..Sample::default() }.spec();
    single.branches[0].features.symmetric = false;
    [model(Sample::default().spec()), model(rich.spec()), model(single)]
}

/// p-channel with charges and open temperature: what transients and libraries need.
pub(crate) fn rich() -> Model {
    let [_, rich, _] = models();
    rich
}

/// Two neurons, two devices, round numbers.
pub(crate) fn two_neurons() -> Model {
    let layer =
        Layer { inputs: 3, outputs: 2, weight: vec![2.0, 0.0, 0.5, 0.0, 1.5, 0.0], bias: vec![0.25, -0.5] };
    let branch = Branch {
        features: Features {
            symmetric: true,
            smoothing: 0.01,
            center: [0.5, 0.5, 0.0],
            scale: [1.0, 2.0, 1.0],
            saturation: None,
            knee: Some(0.125),
        },
        statics: Vec::new(),
        layers: vec![layer],
        outputs: vec![Output { kind: OutputKind::Channel, scale: 1e-5, per_geometry: true }],
        population: Basis { terms: vec![[0; 7], [0, 0, 0, 0, 1, 0, 0]] },
        deviation: Basis::constant(),
        hull: None,
        population_heads: vec![vec![6.0, -0.5, -1.0, 0.25, -3.0, 0.0]],
    };
    let device = |name: &str, w, l, deviation: [f64; 3]| DeviceHeads {
        name: name.into(),
        place: Place { w, l, mult: 1.0, temperature: 300.15, speed: 0.0, skew: 0.0 },
        deviation: vec![vec![deviation.to_vec()]],
        range: [[0.0, 1.2], [0.0, 1.2], [-1.0, 0.0]],
    };
    let devices = vec![
        device("W1u_L0.13u", 1e-6, 0.13e-6, [0.0, 0.125, 0.0]),
        device("W10u_L1u", 10e-6, 1e-6, [0.5, 0.0, -0.25]),
    ];
    model(Spec { sign: 1.0, branches: vec![branch], devices })
}
