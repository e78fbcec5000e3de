//! Extrapolation of an instance to the first iteration of a time point.
//!
//! A simulator starts every time point from the last solution. As built-in transistors do, the instance linearises its
//! equations about voltages extrapolated in time instead, which saves about one Newton iteration in five. Where its own
//! past tells what is there, it is not even evaluated: along the line through the last two biases, currents and charges are the
//! cubic with the values and derivatives of both,
//!
//! ```text
//! v(s) = v0 + s (v0 - v1)     y(s) = y0 + m0 s + a s^2 + b s^3     m = dy/dv (v0 - v1)     s = (t - t0) / (t0 - t1)
//! ```
//! (Hermite), and derivatives go on linearly. The cubic counts if the parabola with `y0`, `m0` and `m1` differs by no more than would
//! charge the gate by 100 uV; elsewhere the extrapolated bias is evaluated. No simulator that loads OSDI 0.3 accepts a first iteration,
//! and the next one evaluates the transistor where the first has put it, so that no solution changes.

use crate::block::{ENTRIES, G, TERMINALS};
use crate::linear::{Linear, along};
use crate::rest::STILL;

/// The two accepted time points before the present one; zeroed memory is an empty history.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct History {
    /// Time of the point being solved, s.
    now: f64,
    /// The two points, in turn.
    points: [Point; 2],
    /// Accepted points seen; the latest is at this number modulo two.
    accepted: usize,
}

/// An accepted time point.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct Point {
    /// When, s.
    time: f64,
    /// The solution, V.
    solution: [f64; TERMINALS],
    /// The last evaluation, about which the solution was found.
    last: Linear,
}

/// What a first iteration is linearised about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Start {
    /// The simulator's own solution: nothing to extrapolate from, or no first iteration.
    Solution,
    /// This bias, at which the device is to be evaluated.
    Evaluate([f64; TERMINALS]),
    /// The bias, currents, charges and derivatives that were written.
    Written,
}

/// Steps that grow by more than this are not extrapolated over.
const LONGEST: f64 = 3.0;

/// Disagreement of cubic and parabola up to which the cubic counts, V on the gate's capacitance.
const TRUST: f64 = 1e-4;

impl History {
    /// What to linearise about where the simulator's solution is `v`; `time` is `None` outside transients.
    ///
    /// `at` is the last evaluation, and receives what is extrapolated.
    pub fn start(&mut self, time: Option<f64>, v: [f64; TERMINALS], at: &mut Linear) -> Start {
        let Some(time) = time.filter(|t| *t > 0.0) else {
            self.accepted = 0;
            self.now = 0.0;
            return Start::Solution;
        };
        if time == self.now {
            return Start::Solution;
        }
        if time > self.now {
            // The simulator moved on, so `v` solved the point at `now`.
            self.accepted += 1;
            self.points[self.accepted % 2] = Point { time: self.now, solution: v, last: *at };
        } else if time <= self.points[self.accepted % 2].time {
            self.accepted = 0;
        }
        self.now = time;
        let (p0, p1) = (&self.points[self.accepted % 2], &self.points[(self.accepted + 1) % 2]);
        let step = p0.time - p1.time;
        let factor = (time - p0.time) / step;
        if self.accepted < 3 || step <= 0.0 || factor >= LONGEST {
            return Start::Solution;
        }
        let [l0, l1] = [&p0.last, &p1.last];
        let way: [f64; TERMINALS] = std::array::from_fn(|k| l0.bias[k] - l1.bias[k]);
        let bias: [f64; TERMINALS] = std::array::from_fn(|k| l0.bias[k] + factor * way[k]);
        // What rests is known already.
        if way.iter().all(|d| d.abs() <= STILL) {
            return Start::Evaluate(bias);
        }
        let extrapolate = |y: [&[f64; TERMINALS]; 2], m: [&[f64; ENTRIES]; 2]| {
            Extrapolated::new(y, m.map(|m| along(&[0.0; TERMINALS], m, &way)), factor)
        };
        let charges = extrapolate([&l0.charges, &l1.charges], [&l0.capacitances, &l1.capacitances]);
        let currents = extrapolate([&l0.currents, &l1.currents], [&l0.conductances, &l1.conductances]);
        let (passed, most) = (time - p0.time, TRUST * l0.capacitances[G * TERMINALS + G]);
        // Not a number is not to be trusted.
        if !(0..TERMINALS).all(|k| charges.doubt[k] + passed * currents.doubt[k] <= most) {
            return Start::Evaluate(bias);
        }
        at.bias = bias;
        (at.currents, at.charges) = (currents.values, charges.values);
        let on = |m0: f64, m1: f64| m0 + factor * (m0 - m1);
        at.conductances = std::array::from_fn(|e| on(l0.conductances[e], l1.conductances[e]));
        at.capacitances = std::array::from_fn(|e| on(l0.capacitances[e], l1.capacitances[e]));
        Start::Written
    }
}

/// Values at the terminals, and how far they may be off.
struct Extrapolated {
    values: [f64; TERMINALS],
    doubt: [f64; TERMINALS],
}

impl Extrapolated {
    /// From values and slopes over one step at the latest point and the one before, `s` steps on.
    fn new([y0, y1]: [&[f64; TERMINALS]; 2], [m0, m1]: [[f64; TERMINALS]; 2], s: f64) -> Self {
        let mut this = Extrapolated { values: *y0, doubt: [0.0; TERMINALS] };
        for k in 0..TERMINALS {
            let (bend, turn) = (m1[k] - m0[k], y1[k] - y0[k] + m0[k]);
            let (a, b) = (bend + 3.0 * turn, bend + 2.0 * turn);
            this.values[k] += s * (m0[k] + s * (a + s * b));
            this.doubt[k] = (s * s * (a + 0.5 * bend + s * b)).abs();
        }
        this
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A device between gate and drain: `i = 1 mS u^2 / 2`, `q = 1 fF (u + sharp u^3)` of `u = vg - vd`.
    fn device(bias: [f64; TERMINALS], sharp: f64) -> Linear {
        let u = bias[G] - bias[0];
        let mut at = Linear { bias, ..Linear::default() };
        let (i, g) = (1e-3 * u * u / 2.0, 1e-3 * u);
        let (q, c) = (1e-15 * (u + sharp * u.powi(3)), 1e-15 * (1.0 + 3.0 * sharp * u * u));
        (at.currents[0], at.currents[G], at.charges[0], at.charges[G]) = (-i, i, -q, q);
        for (e, sign) in [(0, 1.0), (G, -1.0), (G * TERMINALS, -1.0), (G * TERMINALS + G, 1.0)] {
            (at.conductances[e], at.capacitances[e]) = (sign * g, sign * c);
        }
        at
    }

    fn ramp(t: f64) -> [f64; TERMINALS] {
        [-0.01 * t, 0.02 * t, 0.0, 0.001 * t]
    }

    /// Solves the points at `times` as a simulator does; returns what the first iteration at the last one starts from.
    fn run(times: &[f64], sharp: f64, h: &mut History) -> (Start, Linear) {
        let mut at = device(ramp(0.0), sharp);
        for (k, t) in times.iter().enumerate() {
            let start = h.start(Some(t * 1e-12), at.bias, &mut at);
            if k + 1 == times.len() {
                return (start, at);
            }
            let (solution, mut scratch) = (ramp(*t), Linear::default());
            assert_eq!(
                h.start(Some(t * 1e-12), solution, &mut scratch),
                Start::Solution,
                "a second iteration"
            );
            at = device(solution, sharp);
        }
        unreachable!("no time")
    }

    fn close(a: &[f64], b: &[f64], scale: f64) {
        for (a, b) in a.iter().zip(b) {
            assert!((a - b).abs() <= scale, "{a:e} {b:e}");
        }
    }

    #[test]
    fn a_quadratic_current_and_a_linear_charge_are_known_without_an_evaluation() {
        let (start, at) = run(&[1.0, 3.0, 6.0, 7.0, 9.5], 0.0, &mut History::default());
        assert_eq!(start, Start::Written);
        let exact = device(ramp(9.5), 0.0);
        close(&at.bias, &exact.bias, 1e-14);
        close(&at.currents, &exact.currents, 1e-17);
        close(&at.charges, &exact.charges, 1e-29);
        close(&at.conductances, &exact.conductances, 1e-16);
        close(&at.capacitances, &exact.capacitances, 1e-28);
    }

    #[test]
    fn a_bend_that_the_past_does_not_tell_is_evaluated() {
        let (start, _) = run(&[1.0, 3.0, 6.0, 7.0, 9.5], 10.0, &mut History::default());
        let Start::Evaluate(bias) = start else { panic!("{start:?}") };
        close(&bias, &ramp(9.5), 1e-14);
        // Of shorter steps it is told, to what was promised.
        let times: Vec<f64> = (1..8).map(|k| 1.0 + 0.1 * f64::from(k)).collect();
        let (start, at) = run(&times, 10.0, &mut History::default());
        assert_eq!(start, Start::Written);
        close(&at.charges, &device(ramp(1.7), 10.0).charges, 1e-5 * 1e-15);
    }

    #[test]
    fn what_rests_is_left_to_its_last_evaluation() {
        let (mut h, at) = (History::default(), device(ramp(3.0), 1.0));
        for k in 1..8 {
            let mut written = at;
            let start = h.start(Some(f64::from(k)), at.bias, &mut written);
            assert_ne!(start, Start::Written);
            assert_eq!(written.currents, at.currents);
        }
    }

    #[test]
    fn a_rejected_step_is_not_taken_for_a_solution() {
        let mut h = History::default();
        run(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.0, &mut h);
        let mut failed = device([9.0; TERMINALS], 0.0);
        assert_eq!(h.start(Some(4.5e-12), [9.0; TERMINALS], &mut failed), Start::Written);
        close(&failed.bias, &ramp(4.5), 1e-14);
    }

    #[test]
    fn the_past_is_dropped_outside_transients_when_time_goes_back_and_before_long_steps() {
        let mut h = History::default();
        run(&[1.0, 2.0, 3.0, 4.0, 5.0], 0.0, &mut h);
        let mut at = device(ramp(5.0), 0.0);
        let mut again = h;
        assert_eq!(again.start(Some(0.5e-12), [7.0; TERMINALS], &mut at), Start::Solution);
        let mut long = h;
        assert_eq!(long.start(Some(9.0e-12), ramp(5.0), &mut at), Start::Solution);
        h.start(None, ramp(0.0), &mut at);
        assert_eq!(h.start(Some(1e-12), [7.0; TERMINALS], &mut at), Start::Solution);
    }
}
