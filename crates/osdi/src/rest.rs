//! Transistors at rest in a transient: what hardly moved since it was evaluated follows from its derivatives.
//!
//! ```text
//! I(v) = I(v0) + G(v0) (v - v0)     Q(v) = Q(v0) + C(v0) (v - v0)     |v - v0| <= 10 nV at every terminal
//! ```
//! A current that changes by a factor e within kT/q (20 mV at -40 C) is met to `(1e-8 / 20e-3)^2 / 2 = 1.3e-13` of its value,
//! which is rounding; `v0` stays where it was evaluated, so nothing adds up. In a large digital circuit most
//! transistors rest most of the time.

use crate::block::{InstanceBlock, TERMINALS};
use crate::linear::along;

/// Distance of a terminal's voltage within which derivatives tell the rest, V.
pub const STILL: f64 = 1e-8;

/// The last evaluation of a transient, whose derivatives are those of the block; zeroed memory is none.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct Rest {
    /// Where it was, V.
    bias: [f64; TERMINALS],
    /// Currents there, A.
    currents: [f64; TERMINALS],
    /// Charges there, C.
    charges: [f64; TERMINALS],
    /// Not zero where there is one.
    known: u64,
}

impl InstanceBlock {
    /// Brings currents and charges to `bias` without an evaluation, where that is close enough.
    pub fn follow(&mut self, bias: [f64; TERMINALS]) -> bool {
        let from = &self.rest;
        let moved: [f64; TERMINALS] = std::array::from_fn(|k| bias[k] - from.bias[k]);
        // Not a number is not close.
        if from.known == 0 || !moved.iter().all(|d| d.abs() <= STILL) {
            return false;
        }
        let at = &mut self.at;
        at.bias = bias;
        at.currents = along(&from.currents, &at.conductances, &moved);
        at.charges = along(&from.charges, &at.capacitances, &moved);
        true
    }

    /// Remembers the evaluation that was just made.
    pub fn remember(&mut self) {
        let at = &self.at;
        self.rest = Rest { bias: at.bias, currents: at.currents, charges: at.charges, known: 1 };
    }

    /// Forgets the last evaluation: the device may be another one now, charges were not asked for, or the block's derivatives
    /// are of another bias.
    pub fn forget(&mut self) {
        self.rest.known = 0;
    }
}
