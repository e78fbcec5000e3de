//! Extrapolation of the bias at the first iteration of a time point, as built-in transistors do it.
//!
//! A simulator starts every time point from the last solution. Linear extrapolation of the device's own
//! voltages saves about one Newton iteration in five; the equations are linearised about the extrapolated
//! bias, and no simulator that loads OSDI 0.3 accepts a first iteration, so the solution is unaffected.

/// Accepted biases of the two time points before the present one; zeroed memory is an empty history.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct History {
    /// Time of the point being solved, s.
    now: f64,
    /// Times of the two accepted points, latest first.
    times: [f64; 2],
    /// Biases at those times.
    biases: [[f64; 4]; 2],
    /// Accepted points seen.
    accepted: u64,
}

/// Steps that grow by more than this are not extrapolated over.
const LONGEST: f64 = 3.0;

impl History {
    /// The bias at which to evaluate: `v` or, at the first iteration of a time point, an extrapolation.
    ///
    /// `time` is `None` outside transients.
    pub fn predict(&mut self, time: Option<f64>, v: [f64; 4]) -> [f64; 4] {
        let Some(time) = time.filter(|t| *t > 0.0) else {
            *self = History::default();
            return v;
        };
        if time == self.now {
            return v;
        }
        if time > self.now {
            // The simulator moved on, so `v` solved the point at `now`.
            if self.accepted > 0 {
                (self.times[1], self.biases[1]) = (self.times[0], self.biases[0]);
            }
            (self.times[0], self.biases[0]) = (self.now, v);
            self.accepted += 1;
        } else if time <= self.times[0] {
            self.accepted = 0;
        }
        self.now = time;
        let step = self.times[0] - self.times[1];
        let factor = (time - self.times[0]) / step;
        if self.accepted < 3 || step <= 0.0 || factor >= LONGEST {
            return v;
        }
        let [b1, b2] = self.biases;
        std::array::from_fn(|k| b1[k] + factor * (b1[k] - b2[k]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(t: f64) -> [f64; 4] {
        [t, 2.0 * t, 0.0, -t]
    }

    #[test]
    fn a_ramp_is_met_exactly_and_only_at_the_first_iteration() {
        let mut h = History::default();
        let mut last = ramp(0.0);
        for k in 1..8 {
            let t = f64::from(k * k);
            let first = h.predict(Some(t), last);
            if k > 3 {
                for (a, b) in first.iter().zip(ramp(t)) {
                    assert!((a - b).abs() < 1e-12, "step {k}");
                }
            }
            assert_eq!(h.predict(Some(t), first), first);
            last = ramp(t);
        }
    }

    #[test]
    fn a_rejected_step_is_not_taken_for_a_solution() {
        let mut h = History::default();
        for k in 1..6 {
            h.predict(Some(f64::from(k)), ramp(f64::from(k - 1)));
        }
        let retry = h.predict(Some(4.5), [9.0; 4]);
        assert_eq!(retry, ramp(4.5), "the failed iterate is not used");
    }

    #[test]
    fn history_is_dropped_outside_transients_and_when_time_goes_back() {
        let mut h = History::default();
        for k in 1..6 {
            h.predict(Some(f64::from(k)), ramp(f64::from(k - 1)));
        }
        let mut again = h;
        assert_eq!(again.predict(Some(0.5), [7.0; 4]), [7.0; 4]);
        h.predict(None, ramp(0.0));
        assert_eq!(h.predict(Some(1.0), [7.0; 4]), [7.0; 4]);
    }
}
