//! Where an operating point starts, and how far one Newton iteration may move a transistor's bias.
//!
//! A transistor that is off tells an iteration next to nothing about where it turns on, so the next bias may be
//! far away, the one after that far on the other side, and so on. As built-in transistors do (L. W. Nagel, "SPICE2: A
//! Computer Program to Simulate Semiconductor Circuits", 1975), the first iteration of an operating point assumes
//! a transistor that conducts, and the bias at which currents are linearised then goes only a part of a long way. The
//! simulator is told and iterates again, so no solution changes.

use crate::block::{B, D, G, S, TERMINALS};

/// Voltages of gate and drain at the first iteration, as a share of the span: on, and saturated.
const START: f64 = 0.5;

/// Largest step of a voltage between terminals, as a share of the span.
const STEP: f64 = 0.4;

/// The scale of a device's voltages in V: the larger end of its fitted vgs and vds.
pub fn span(range: &[[f64; 2]]) -> f64 {
    let largest = range[..2].iter().flatten().fold(0.0, |a: f64, v| a.max(v.abs()));
    if largest.is_finite() && largest > 0.0 { largest } else { 1.0 }
}

/// The bias at which an operating point's first iteration is linearised; `solution` is the simulator's guess.
pub fn start(solution: [f64; TERMINALS], sign: f64, span: f64) -> [f64; TERMINALS] {
    let mut at = [solution[S]; TERMINALS];
    at[G] += sign * START * span;
    at[D] += sign * START * span;
    at
}

/// The bias between `from` and `to` at which an iteration is linearised.
///
/// Gate, bulk and the other end of the channel are limited against the end that is the source at `from`, so that a
/// symmetric device stays one. Steps from far outside may be as long as the voltage already is.
pub fn limited(from: [f64; TERMINALS], to: [f64; TERMINALS], sign: f64, span: f64) -> [f64; TERMINALS] {
    let (source, drain) = if sign * (from[D] - from[S]) < 0.0 { (D, S) } else { (S, D) };
    let mut at = to;
    for terminal in [drain, G, B] {
        let [before, asked] = [from, to].map(|v| v[terminal] - v[source]);
        let most = f64::max(STEP * span, before.abs());
        if (asked - before).abs() > most {
            at[terminal] = to[source] + before + most.copysign(asked - before);
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: [f64; 4] = [40.0, -7.0, 3.0, 0.5];

    #[test]
    fn a_short_step_is_left_as_it_is_and_a_long_one_arrives() {
        let from = start([0.2; 4], 1.0, 1.2);
        let near = from.map(|v| v + 0.3).map(|v| if v > 0.6 { v - 0.1 } else { v });
        assert_eq!(limited(from, near, 1.0, 1.2), near);
        let mut at = from;
        let steps = (1..50).find(|_| {
            at = limited(at, FAR, 1.0, 1.2);
            at == FAR
        });
        assert!(steps.is_some_and(|n| (4..12).contains(&n)), "{steps:?}: {at:?}");
    }

    #[test]
    fn ends_of_the_channel_and_polarities_are_alike() {
        let swap = |[d, g, s, b]: [f64; 4]| [s, g, d, b];
        let from = [1.0, 0.6, 0.1, 0.0];
        for sign in [1.0, -1.0] {
            let (from, far) = (from.map(|v| sign * v), FAR.map(|v| sign * v));
            let expected = limited(from, far, sign, 1.2);
            assert_eq!(swap(limited(swap(from), swap(far), sign, 1.2)), expected);
            assert_eq!(expected.map(|v| sign * v), limited(from.map(|v| sign * v), FAR, 1.0, 1.2));
            assert_ne!(expected, far);
        }
        assert_eq!(start([0.0; 4], -1.0, 1.2), [-0.6, -0.6, 0.0, 0.0]);
    }

    #[test]
    fn a_range_of_nothing_has_a_span_all_the_same() {
        assert_eq!(span(&[[-0.2, 1.2], [0.0, 3.3], [-5.0, 0.0]]), 3.3);
        assert_eq!(span(&[[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]]), 1.0);
        assert_eq!(span(&[[f64::NEG_INFINITY, 0.0], [0.0, 1.0], [0.0, 0.0]]), 1.0);
    }
}
