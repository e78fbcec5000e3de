//! Bounds over boxes hold every point of them, and branch and bound finds what is there.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::AtomicBool;

use gummel_kernel::bounds::{Box3, Channel, Limits, Sign, search};
use gummel_kernel::{Folded, Instance, Isa, Member, OutputKind, Sample};
use proptest::prelude::*;

fn folded(seed: u64) -> Folded {
    let spec = Sample { seed, ..Sample::default() }.spec();
    Folded::new(&spec, Member::Device(0), &spec.devices[0].place)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_point_of_a_box_lies_within_its_bounds(
        seed in 0u64..1000,
        corner in prop::array::uniform3(0.0..1.0f64),
        edges in prop::array::uniform3(1e-4..0.6f64),
        inside in prop::collection::vec(prop::array::uniform3(0.0..1.0f64), 20),
        symmetric in any::<bool>(),
        saturation in prop::option::of(1.0..4.0f64),
    ) {
        let mut folded = folded(seed);
        folded.branches[0].features.saturation = saturation;
        folded.branches[0].features.symmetric = symmetric;
        let low = [1.5 * corner[0] - 0.2, 1.5 * corner[1], -1.2 * corner[2]];
        let high: [f64; 3] = std::array::from_fn(|k| low[k] + edges[k]);
        let bounds = Channel::new(&folded.branches[0]).unwrap().slopes(low, high);
        let instance = Instance::from_folded(folded.clone(), Isa::detect());
        for t in inside {
            let v: [f64; 3] = std::array::from_fn(|k| low[k] + t[k] * edges[k]);
            if v[1] <= 0.0 {
                continue;
            }
            let channel = instance.eval_currents([v[1], v[0], 0.0, v[2]]).output(OutputKind::Channel);
            let gate = channel.gradient[0] / channel.value;
            let drain = channel.gradient[1] * v[1] / channel.value;
            prop_assert!(bounds.gate.low <= gate + 1e-12 && gate - 1e-12 <= bounds.gate.high, "{bounds:?} {gate}");
            prop_assert!(bounds.drain.low <= drain + 1e-12 && drain - 1e-12 <= bounds.drain.high, "{bounds:?} {drain}");
            prop_assert!(channel.value.ln() <= bounds.ln_current + 1e-12);
        }
    }

    #[test]
    fn bounds_close_in_with_the_cube_of_the_box(seed in 0u64..1000, at in prop::array::uniform3(0.1..1.0f64)) {
        let folded = folded(seed);
        let mut channel = Channel::new(&folded.branches[0]).unwrap();
        let mut excess = |edge: f64| {
            let b = channel.slopes(at, at.map(|v| v + edge));
            b.drain.rest
        };
        let (wide, narrow) = (excess(0.02), excess(0.01));
        prop_assert!(narrow < 0.2 * wide + 1e-10, "{narrow} after {wide}");
    }
}

const BOX: Box3 = Box3 { low: [0.0, 0.0, -1.0], high: [1.5, 1.5, 0.0] };

#[test]
fn a_device_that_rises_everywhere_is_proved() {
    let folded = folded(1);
    for sign in [Sign::Gate, Sign::Drain] {
        let found = search(&folded, sign, BOX, Limits::default()).unwrap();
        assert!(found.holds() && found.counterexample().is_none(), "{sign:?} {found:?}");
        assert!((found.proved - 1.0).abs() < 1e-12, "{found:?}");
    }
}

#[test]
fn a_device_that_falls_somewhere_is_caught_at_a_bias_where_it_falls() {
    let mut folded = folded(1);
    // Against the drain neuron that saturates: the current now falls with vds.
    folded.branches[0].outputs[0].head[1] *= 2.5;
    let found = search(&folded, Sign::Drain, BOX, Limits { boxes: 200_000, ..Limits::default() }).unwrap();
    assert!(!found.holds());
    let [vgs, vds, vbs] = found.counterexample().unwrap();
    let instance = Instance::from_folded(folded.clone(), Isa::detect());
    assert!(instance.eval([vds, vgs, 0.0, vbs]).gds() <= 0.0);
    assert!((found.proved + found.silent + found.open - 1.0).abs() < 1e-9, "{found:?}");
    // Where currents do not count, nothing has to be proved.
    let all = Limits { boxes: 200_000, floor: 1e3, ..Limits::default() };
    assert!(search(&folded, Sign::Drain, BOX, all).unwrap().holds());
}

#[test]
fn a_search_that_is_stopped_leaves_the_box_open() {
    let stop = AtomicBool::new(true);
    let found =
        search(&folded(1), Sign::Drain, BOX, Limits { stop: Some(&stop), ..Limits::default() }).unwrap();
    assert_eq!((found.open, found.boxes), (1.0, 0));
    assert!(!found.holds());
}

#[test]
fn a_search_that_is_cut_short_says_so() {
    let found = search(&folded(1), Sign::Drain, BOX, Limits { boxes: 3, ..Limits::default() }).unwrap();
    assert!(found.open > 0.0 && !found.holds());
    assert!(
        search(&folded(1), Sign::Drain, Box3 { low: [0.0; 3], high: [-1.0; 3] }, Limits::default()).is_none()
    );
}
