//! Properties that every model has whatever its numbers: derivatives, symmetry, conservation, agreement of evaluators.

mod agreement;
mod bounds;
mod derivatives;
mod oracle;
mod physics;

use gummel_kernel::{Folded, Instance, Isa, Member, OutputKind, Sample, Spec};
use proptest::prelude::*;

/// Families of one to three layers, with or without leakage, symmetry and dependence on the population.
fn family() -> impl Strategy<Value = Spec> {
    let widths = prop::collection::vec(3..42_usize, 1..=3);
    let yes = any::<bool>;
    (any::<u64>(), widths, yes(), yes(), yes(), yes(), yes()).prop_map(
        |(seed, layers, p_channel, leakage, population, symmetric, bounded)| {
            let sign = if p_channel { -1.0 } else { 1.0 };
            let mut spec =
                Sample { seed, sign, layers, devices: 3, leakage, charges: true, population, bounded }.spec();
            for branch in &mut spec.branches {
                branch.features.symmetric = symmetric;
            }
            spec
        },
    )
}

/// As [`family`], all with exchangeable drain and source.
fn symmetric_family() -> impl Strategy<Value = Spec> {
    family().prop_map(|mut spec| {
        for branch in &mut spec.branches {
            branch.features.symmetric = true;
        }
        spec
    })
}

/// Terminal voltages in and around the range of operation.
fn bias() -> impl Strategy<Value = [f64; 4]> {
    prop::array::uniform4(-2.0..2.0)
}

/// The first device of `spec`, moved from its place so that static inputs and bases count.
fn folded(spec: &Spec) -> Folded {
    let mut place = spec.devices[0].place;
    place.temperature = 341.0;
    place.speed = 0.4;
    Folded::new(spec, Member::Device(0), &place)
}

fn instance(spec: &Spec) -> Instance {
    Instance::from_folded(folded(spec), Isa::detect())
}

/// Largest magnitude.
fn largest<'a>(values: impl IntoIterator<Item = &'a f64>) -> f64 {
    values.into_iter().fold(0.0, |m, v| v.abs().max(m))
}

/// `[drain, gate, source, bulk]` with drain and source exchanged.
fn swapped<T: Copy>([d, g, s, b]: [T; 4]) -> [T; 4] {
    [s, g, d, b]
}

/// The current outputs that [`family`] may give a model.
const CURRENTS: [OutputKind; 3] = [OutputKind::Channel, OutputKind::Gate, OutputKind::Bulk];
