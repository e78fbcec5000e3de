//! All evaluators give the same numbers: the plain oracle, every instruction set, single points and batches.

use gummel_kernel::{Batch, Dual, Folded, Instance, Isa, Member};
use proptest::prelude::*;

use crate::{CURRENTS, bias, family, folded, largest, oracle};

proptest! {
    #[test]
    fn a_packed_instance_follows_the_description(spec in family(), v in bias()) {
        let mut place = spec.devices[1].place;
        (place.temperature, place.skew, place.speed, place.mult) = (390.0, 0.3, -0.2, 2.0);
        let instance = Instance::new(&spec, Member::Device(1), &place);
        let point = instance.eval(v);
        for (kind, expected) in oracle::outputs(&spec, 1, &place, v) {
            let found = point.output(kind).value;
            prop_assert!((found - expected).abs() <= 1e-11 * expected.abs() + 1e-29, "{kind:?}: {found} {expected}");
        }
    }

    #[test]
    fn neurons_saturate_however_large_their_weights(mut spec in family(), v in bias()) {
        for branch in &mut spec.branches {
            if let Some(last) = branch.layers.last_mut() {
                last.weight.iter_mut().for_each(|w| *w *= 1e4);
            }
        }
        let place = spec.devices[1].place;
        for isa in Isa::available() {
            let folded = Folded::new(&spec, Member::Device(1), &place);
            let point = Instance::from_folded(folded, isa).eval(v);
            for (kind, expected) in oracle::outputs(&spec, 1, &place, v) {
                let found = point.output(kind).value;
                let off = (found - expected).abs();
                prop_assert!(off <= 1e-8 * expected.abs() + 1e-29, "{isa:?}, {kind:?}: {found} {expected}");
            }
        }
    }

    #[test]
    fn all_instruction_sets_agree(spec in family(), v in bias()) {
        let reference = Instance::from_folded(folded(&spec), Isa::Baseline);
        let point = reference.eval(v);
        for isa in Isa::available() {
            let instance = Instance::from_folded(folded(&spec), isa);
            let other = instance.eval(v);
            let pairs = [
                (point.conductances(), other.conductances()),
                (point.capacitances(), other.capacitances()),
                ([point.currents(), [0.0; 4], [0.0; 4], [0.0; 4]], [other.currents(), [0.0; 4], [0.0; 4], [0.0; 4]]),
                ([point.charges(), [0.0; 4], [0.0; 4], [0.0; 4]], [other.charges(), [0.0; 4], [0.0; 4], [0.0; 4]]),
            ];
            for (a, b) in pairs {
                let scale = largest(a.as_flattened());
                for (a, b) in a.as_flattened().iter().zip(b.as_flattened()) {
                    prop_assert!((a - b).abs() <= 1e-12 * scale, "{isa:?}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn parts_of_an_evaluation_equal_the_whole(spec in family(), v in bias()) {
        let instance = Instance::from_folded(folded(&spec), Isa::detect());
        let point = instance.eval(v);
        prop_assert_eq!(instance.current(v), point.id());
        let currents = instance.eval_currents(v);
        for kind in CURRENTS {
            prop_assert_eq!(currents.output(kind), point.output(kind));
        }
    }

    #[test]
    fn batches_equal_single_points(spec in family(), biases in prop::collection::vec(bias(), 0..75)) {
        let place = spec.devices[0].place;
        let devices: Vec<Folded> = (0..3).map(|d| Folded::new(&spec, Member::Device(d), &place)).collect();
        for isa in Isa::available() {
            let batch = Batch::new(&devices, isa).expect("one trunk");
            let n = biases.len();
            let (mut id, mut all) = (vec![f64::NAN; 3 * n], vec![Dual::default(); 3 * n]);
            batch.currents(&biases, &mut id);
            batch.derivatives(&biases, &mut all);
            for (d, device) in devices.iter().enumerate() {
                let instance = Instance::from_folded(device.clone(), isa);
                for (p, &v) in biases.iter().enumerate() {
                    let (point, k) = (instance.eval(v), d * n + p);
                    let (value, gradient) = (point.id(), point.drain_current().gradient);
                    // gds cancels where its parts are large, so all slopes share one tolerance.
                    let (close, steep) = (1e-12 * size(&point), 1e-12 * size(&point).max(largest(&gradient)) * 100.0);
                    prop_assert!((id[k] - value).abs() <= close, "{isa:?} device {d} point {p}: {} {value}", id[k]);
                    prop_assert!((all[k].value - value).abs() <= close, "{isa:?} device {d} point {p}");
                    for (a, b) in all[k].gradient.iter().zip(gradient) {
                        prop_assert!((a - b).abs() <= steep, "{isa:?} device {d} point {p}: {a} {b}");
                    }
                }
            }
        }
    }
}

/// Magnitude of the currents that add up to a drain current.
fn size(point: &gummel_kernel::OperatingPoint) -> f64 {
    largest(&CURRENTS.map(|k| point.output(k).value))
}

#[test]
fn a_bad_bias_spoils_no_other_of_its_batch() {
    let spec = gummel_kernel::Sample::default().spec();
    let device = Folded::new(&spec, Member::Device(0), &spec.devices[0].place);
    for isa in Isa::available() {
        let batch = Batch::new(std::slice::from_ref(&device), isa).expect("a device");
        let mut biases = [[1.0, 0.8, 0.0, 0.0]; 11];
        biases[5][1] = f64::NAN;
        let (mut id, mut all) = ([0.0; 11], [Dual::default(); 11]);
        batch.currents(&biases, &mut id);
        batch.derivatives(&biases, &mut all);
        for p in 0..11 {
            assert_eq!(id[p].is_nan(), p == 5, "{isa:?} point {p}");
            assert_eq!(all[p].value.is_nan(), p == 5, "{isa:?} point {p}");
        }
    }
}

#[test]
fn a_batch_refuses_what_does_not_share_a_trunk() {
    let spec = gummel_kernel::Sample { population: true, ..Default::default() }.spec();
    let cold = spec.devices[0].place;
    let hot = gummel_kernel::Place { temperature: 400.0, ..cold };
    let devices = [cold, hot].map(|place| Folded::new(&spec, Member::Device(0), &place));
    let error = Batch::new(&devices, Isa::Baseline).err().map(|d| d.to_string()).unwrap_or_default();
    assert!(error.contains("device 1") && error.contains("temperature"), "{error}");
    assert!(Batch::new(&[], Isa::Baseline).is_err());
}
