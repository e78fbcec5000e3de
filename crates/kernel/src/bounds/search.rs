//! Branch and bound: a sign is proved over a whole box of biases, or a bias is named where it fails.
//!
//! A box whose bounds settle a sign is done; another is cut in two along the coordinate that widens its bounds most.
//! Large boxes come first, so that a search cut short has proved what it could. Where a sign fails, boxes are cut down
//! to a size that tells where, no further.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Bounds, Channel};
use crate::folded::Folded;
use crate::instance::Instance;
use crate::isa::Isa;
use crate::spec::OutputKind;

/// Mirrored biases `[vgs, vds, vbs]` between two corners, V.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Box3 {
    /// Lowest voltages.
    pub low: [f64; 3],
    /// Highest voltages.
    pub high: [f64; 3],
}

/// A sign that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// gm > 0: the current rises with vgs.
    Gate,
    /// gds > 0: the current rises with vds.
    Drain,
}

/// When to give up.
#[derive(Clone, Copy, Debug)]
pub struct Limits<'a> {
    /// Most boxes.
    pub boxes: usize,
    /// Boxes with all edges below this are not cut further, V.
    pub smallest: f64,
    /// The same for a box in whose centre the sign fails, V.
    pub smallest_failing: f64,
    /// Currents below this have no sign to prove, A; 0 for none.
    pub floor: f64,
    /// Once raised, what is left stays open.
    pub stop: Option<&'a AtomicBool>,
}

impl Default for Limits<'_> {
    fn default() -> Self {
        Limits { boxes: 1_000_000, smallest: 4e-3, smallest_failing: 0.04, floor: 0.0, stop: None }
    }
}

/// What is known of one sign over the box; fractions are of its volume.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Finding {
    /// Fraction where the sign is proved.
    pub proved: f64,
    /// Fraction where the current is proved to lie below the floor, and the sign is not.
    pub silent: f64,
    /// Fraction that the search left open, because the sign fails there or because it was cut short.
    pub open: f64,
    /// Lowest `d ln I / d vgs` (1/V) or `d ln I / d ln vds` met at any centre of a box above the floor.
    pub lowest: f64,
    /// Where it was met: `[vgs, vds, vbs]` of the mirrored device, V.
    pub at: [f64; 3],
    /// Boxes looked at.
    pub boxes: usize,
}

impl Finding {
    /// True when nothing is left open.
    pub fn holds(&self) -> bool {
        self.open == 0.0
    }

    /// The bias where the sign fails, if one was met.
    pub fn counterexample(&self) -> Option<[f64; 3]> {
        (self.lowest <= 0.0).then_some(self.at)
    }
}

/// Searches the whole box for one sign; `None` when the device has no channel current or the box is empty.
pub fn search(folded: &Folded, sign: Sign, within: Box3, limits: Limits<'_>) -> Option<Finding> {
    let sides: [f64; 3] = std::array::from_fn(|k| within.high[k] - within.low[k]);
    if sides.iter().any(|s| !(*s >= 0.0 && s.is_finite())) || within.low[1] < 0.0 {
        return None;
    }
    let mut channel = Channel::new(folded.branches.first()?)?;
    // Mirrored voltages go in, so the sign of the device must not turn them again.
    let mirrored = Folded { sign: 1.0, ..folded.clone() };
    let instance = Instance::from_folded(mirrored, Isa::detect());
    let mut found =
        Finding { proved: 0.0, silent: 0.0, open: 0.0, lowest: f64::INFINITY, at: within.low, boxes: 0 };
    let ln_floor = if limits.floor > 0.0 { limits.floor.ln() } else { f64::NEG_INFINITY };
    let mut waiting = VecDeque::from([(within, 1.0f64)]);
    while let Some((b, volume)) = waiting.pop_front() {
        if limits.stop.is_some_and(|s| s.load(Ordering::Relaxed)) {
            found.open += volume + waiting.iter().map(|(_, v)| v).sum::<f64>();
            break;
        }
        found.boxes += 1;
        let slopes = channel.slopes(b.low, b.high);
        let bounds = match sign {
            Sign::Gate => slopes.gate,
            Sign::Drain => slopes.drain,
        };
        if bounds.low > 0.0 {
            found.proved += volume;
            continue;
        }
        if slopes.ln_current < ln_floor {
            found.silent += volume;
            continue;
        }
        let center: [f64; 3] = std::array::from_fn(|k| 0.5 * (b.low[k] + b.high[k]));
        let fails = found.meet(&instance, sign, center, limits.floor);
        let edges: [f64; 3] = std::array::from_fn(|k| b.high[k] - b.low[k]);
        let smallest = if fails { limits.smallest_failing } else { limits.smallest };
        let small = edges.iter().all(|e| *e <= smallest);
        if small || bounds.high < 0.0 || found.boxes + waiting.len() >= limits.boxes {
            found.open += volume;
            continue;
        }
        let k = widest(&bounds, edges, sides, smallest);
        let (mut left, mut right) = (b, b);
        left.high[k] = center[k];
        right.low[k] = center[k];
        waiting.push_back((left, 0.5 * volume));
        waiting.push_back((right, 0.5 * volume));
    }
    Some(found)
}

/// The coordinate to cut: the one that widens the bounds most, of those that are not small yet.
fn widest(bounds: &Bounds, edges: [f64; 3], sides: [f64; 3], smallest: f64) -> usize {
    let share = |k: usize| if sides[k] > 0.0 { edges[k] / sides[k] } else { 0.0 };
    let whole: f64 = (0..3).map(share).sum();
    let weight = |k: usize| bounds.by_axis[k] + bounds.rest * share(k) / whole.max(f64::MIN_POSITIVE);
    let cuttable = (0..3).filter(|&k| edges[k] > smallest);
    cuttable.max_by(|&a, &b| weight(a).total_cmp(&weight(b))).unwrap_or(0)
}

impl Finding {
    /// Looks at the sign at one bias; true when it fails there.
    fn meet(&mut self, instance: &Instance, sign: Sign, at: [f64; 3], floor: f64) -> bool {
        let [vgs, vds, vbs] = at;
        let channel = instance.eval_currents([vds, vgs, 0.0, vbs]).output(OutputKind::Channel);
        if channel.value < floor.max(f64::MIN_POSITIVE) {
            return false;
        }
        let slope = match sign {
            Sign::Gate => channel.gradient[0] / channel.value,
            Sign::Drain => channel.gradient[1] * vds / channel.value,
        };
        if slope < self.lowest {
            (self.lowest, self.at) = (slope, at);
        }
        slope <= 0.0
    }
}
