//! Programs and exports of models against the kernel, for every kind of model the kernel knows.

use gummel_device::{Geometry, Polarity};
use gummel_kernel::{Folded, Instance, Isa, Member, Place, Sample, Spec};
use gummel_model::{DeviceEntry, Manifest, Model};

use crate::program::{Input, Program, build::Derivatives};
use crate::scope::{Scope, depends_on};
use crate::{ExportError, ExportOptions, Target, VerifyOptions, export, verify};

/// Biases inside and far outside the range, drain and source also exchanged.
fn biases() -> impl Iterator<Item = [f64; 3]> {
    (0..400).map(|k| {
        let t = f64::from(k);
        let wide = if k % 4 == 0 { 3.0 } else { 1.0 };
        [
            wide * (0.4 + 0.9 * (0.7 * t).sin()),
            wide * 1.3 * (0.31 * t).cos(),
            wide * (-0.3 + 0.5 * (1.9 * t).sin()),
        ]
    })
}

fn samples() -> Vec<Spec> {
    let mut specs = Vec::new();
    for bits in 0..16u32 {
        let sample = Sample {
            seed: u64::from(bits) + 3,
            sign: if bits & 1 == 0 { 1.0 } else { -1.0 },
            layers: if bits & 2 == 0 { vec![5, 4] } else { vec![6] },
            leakage: bits & 4 != 0,
            charges: bits & 8 != 0,
            population: bits & 3 != 0,
            ..Sample::default()
        };
        let mut spec = sample.spec();
        if bits & 4 != 0 {
            spec.branches[0].features.symmetric = false;
        }
        specs.push(spec);
    }
    specs
}

fn input(place: &Place, [vgs, vds, vbs]: [f64; 3]) -> impl Fn(Input) -> f64 {
    let p = *place;
    move |i| match i {
        Input::Vgs => vgs,
        Input::Vds => vds,
        Input::Vbs => vbs,
        Input::W => p.w,
        Input::L => p.l,
        Input::Temperature => p.temperature,
        Input::Speed => p.speed,
        Input::Skew => p.skew,
    }
}

/// Largest difference of the program's results from the kernel's, relative to the largest flow or slope.
fn difference(spec: &Spec, scope: &Scope, k: usize, place: &Place, program: &Program) -> f64 {
    let member = Member::Device(scope.devices[k]);
    let kernel = Instance::from_folded(Folded::new(spec, member, place), Isa::detect());
    let mut worst = 0.0f64;
    for bias in biases() {
        let point = kernel.eval([bias[1], bias[0], 0.0, bias[2]]);
        let values = program.run(k, input(place, bias));
        let (i, q) = (point.currents(), point.charges());
        let largest = |v: &[f64]| v.iter().fold(f64::MIN_POSITIVE, |a, x| a.max(x.abs()));
        let slopes = [point.gm(), point.gds(), point.gmb()];
        for ((name, _), value) in program.outputs().iter().zip(values) {
            let (expected, scale) = match *name {
                "id" => (i[0], largest(&i)),
                "ig" => (i[1], largest(&i)),
                "is" => (i[2], largest(&i)),
                "ib" => (i[3], largest(&i)),
                "qd" => (q[0], largest(&q)),
                "qg" => (q[1], largest(&q)),
                "qs" => (q[2], largest(&q)),
                "qb" => (q[3], largest(&q)),
                "gm" => (slopes[0], largest(&slopes)),
                "gds" => (slopes[1], largest(&slopes)),
                "gmb" => (slopes[2], largest(&slopes)),
                _ => continue,
            };
            worst = worst.max((value - expected).abs() / scale);
        }
    }
    worst
}

#[test]
fn the_program_is_the_kernel_with_everything_folded() {
    for spec in samples() {
        let places = spec.devices.iter().map(|d| d.place).collect();
        let scope = Scope { devices: (0..spec.devices.len()).collect(), places, open: Vec::new() };
        let program = Program::new(&spec, &scope, Derivatives::OfDrainCurrent);
        assert!(program.place_inputs().is_empty());
        for k in 0..spec.devices.len() {
            let d = difference(&spec, &scope, k, &scope.places[k], &program);
            assert!(d < 2e-13, "{d}");
        }
    }
}

#[test]
fn the_program_is_the_kernel_with_open_geometry_temperature_and_corner() {
    for spec in samples() {
        for devices in [vec![1], vec![2, 0]] {
            let places: Vec<Place> = devices.iter().map(|d| spec.devices[*d].place).collect();
            let open = Input::PLACE.into_iter().filter(|i| depends_on(&spec, *i)).collect();
            let scope = Scope { devices, places, open };
            let program = Program::new(&spec, &scope, Derivatives::OfDrainCurrent);
            assert_eq!(program.place_inputs(), scope.open);
            for k in 0..scope.devices.len() {
                let own = scope.places[k];
                let mut place =
                    Place { w: 3e-6, l: 0.4e-6, temperature: 390.0, speed: 0.7, skew: -0.4, ..own };
                if scope.open.len() < 3 {
                    (place.temperature, place.speed, place.skew) = (own.temperature, own.speed, own.skew);
                }
                let d = difference(&spec, &scope, k, &place, &program);
                assert!(d < 2e-13, "{d}");
            }
        }
    }
}

/// How much larger than their sum the activations are whose difference a charge of the model below is.
const CANCELLING: f64 = 300.0;

/// As large as a fit of the bundled transistors, and as those with charges that are differences of much larger activations:
/// where all charges of a device nearly vanish, rounding is large beside the largest of them.
#[test]
fn a_full_size_model_with_charges_comes_back_from_c_at_the_default_number_of_biases() {
    let sample =
        Sample { devices: 40, layers: vec![24, 24], charges: true, bounded: true, ..Sample::default() };
    let mut spec = sample.spec();
    let mut manifest = Manifest::new("made-up", "full", Polarity::N);
    let last = spec.branches[1].layers.last_mut().expect("a layer");
    let (inputs, slightly) = (last.inputs, 1.0 + 1.0 / CANCELLING);
    for k in 0..inputs {
        last.weight[inputs + k] = slightly * last.weight[k];
    }
    last.bias[1] = slightly * last.bias[0];
    for (k, device) in spec.devices.iter_mut().enumerate() {
        device.name += &format!("_{k}");
        device.range = [[-0.3, 1.35], [0.0, 1.2], [-1.2, 0.0]];
        manifest.devices.push(DeviceEntry::new(&device.name, Geometry::new(1e-6, 1e-6), 1e-12));
        for head in &mut device.deviation[1] {
            (head[0], head[1]) = (CANCELLING, -CANCELLING);
        }
    }
    let model = Model::new(spec, manifest).expect("consistent");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("full.h");
    export(&model, Target::C, &ExportOptions::default(), &path).expect("written");
    match verify(&path, &model, &VerifyOptions::default()) {
        Ok(verdict) => assert!(verdict.passed && verdict.points == 10_000, "{verdict:#?}"),
        Err(ExportError::ToolMissing { tool, .. }) => eprintln!("SKIPPED: no {tool}"),
        Err(other) => panic!("{other}"),
    }
}
