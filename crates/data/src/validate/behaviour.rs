//! Checks of a device as a whole: dead drain, shorted gate, polarity, responses that are zero throughout.

use gummel_device::{Geometry, Polarity, metrics};

use super::floor::default_floor;
use super::points::OFFSET;
use crate::Flags;
use crate::block::Block;

/// Gate swing from which on a transistor must turn on, V.
const SWING: f64 = 1.0;
/// Gate current of a short, A, and its share of the largest drain current.
const SHORT: (f64, f64) = (1e-6, 0.1);
/// Floors of drain current below which nothing is said about polarity.
const SIGNAL: f64 = 100.0;

/// The polarity with which a device conducts: n when large currents lie at high gate voltages.
///
/// Compares the mean gate voltage of the points above half of the largest current with that of the
/// points below a tenth of it. `None` without gate dependence.
pub(crate) fn conducts_as(vg: &[f64], id: &[f64]) -> Option<Polarity> {
    let peak = id.iter().filter(|i| i.is_finite()).fold(0.0f64, |a, i| a.max(i.abs()));
    let mean = |keep: &dyn Fn(f64) -> bool| {
        let (sum, n) = vg
            .iter()
            .zip(id)
            .filter(|(v, i)| v.is_finite() && i.is_finite() && keep(i.abs()))
            .fold((0.0, 0usize), |(s, n), (v, _)| (s + v, n + 1));
        (n > 0).then(|| sum / n as f64)
    };
    let difference = mean(&|i| i >= 0.5 * peak)? - mean(&|i| i < 0.1 * peak)?;
    if difference.abs() < 0.05 {
        return None;
    }
    Some(if difference > 0.0 { Polarity::N } else { Polarity::P })
}

/// Flags a file whose response is exactly zero throughout, as an unconnected meter gives.
pub(super) fn flag_silent(block: &mut Block) {
    let response = |name: &str| name.starts_with(['i', 'c']) && !name.starts_with("ic_");
    let mut responses = block.columns.iter().filter(|(n, _)| response(n)).peekable();
    let some = responses.peek().is_some();
    if some && block.rows() > 1 && responses.all(|(_, v)| v.iter().all(|x| *x == 0.0)) {
        block.flag_all(Flags::DEAD);
    }
}

/// Flags a transistor that is dead, shorted or of another polarity than its name says.
pub(super) fn flag_behaviour(block: &mut Block) {
    let (Some(id), Some(vd), Some(vg)) = (block.column("id"), block.column("vd"), block.column("vg")) else {
        return;
    };
    let vs = block.column("vs");
    let forward = |i: usize| {
        let vds = vd[i] - vs.map_or(0.0, |v| v[i]);
        if vds.abs() > OFFSET { id[i] * vds.signum() } else { f64::NAN }
    };
    let largest =
        |values: &mut dyn Iterator<Item = f64>| values.filter(|v| v.is_finite()).fold(0.0f64, f64::max);
    let on = largest(&mut (0..id.len()).map(forward));
    let gate = block.column("ig").map_or(0.0, |ig| largest(&mut ig.iter().map(|i| i.abs())));
    let geometry = &block.identity;
    let geometry = Geometry { w: geometry.w, l: geometry.l, nf: geometry.nf, mult: geometry.mult };
    let polarity = block.identity.polarity.or_else(|| conducts_as(vg, id));
    let swing = largest(&mut vg.iter().copied()) + largest(&mut vg.iter().map(|v| -v));
    let floor = if block.floor > 0.0 { block.floor } else { default_floor(block.identity.simulated) };
    let mut flags = Flags::NONE;
    // Even a weak transistor passes the constant-current threshold criterion tenfold when on.
    let criterion = metrics::criterion_current(polarity.unwrap_or(Polarity::P));
    let weakest = if geometry.is_valid() { 10.0 * criterion * geometry.squares() } else { 0.0 };
    if swing >= SWING && on < weakest.max(10.0 * floor) {
        flags |= Flags::DEAD;
    }
    if gate > SHORT.0 && gate > SHORT.1 * on {
        flags |= Flags::SHORT;
    }
    let mut shown = None;
    if on > SIGNAL * floor && flags.is_empty() {
        shown = conducts_as(vg, id);
    }
    match (block.identity.polarity, shown) {
        (Some(named), Some(shown)) if named != shown => flags |= Flags::POLARITY,
        (None, Some(shown)) => block.identity.polarity = Some(shown),
        _ => {}
    }
    block.flag_all(flags);
}
