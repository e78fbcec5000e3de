//! How much the difference of two neighbouring readings counts: more where it is a large part of the device's gm or gds.
//!
//! Errors of gm and gds are judged against the slopes of the whole device (`metrics::rel_l2`), where a small relative error of a strong
//! current is a large one. With `m` the current between two neighbours and `d` the root mean square of its steps along the same voltage,
//! an error of the slope is `(m / d)` times the difference of the residuals:
//! ```text
//! factor^2 = 1 + c^2 min(m / d, MOST)^2
//! ```

use gummel_kernel::spec::FEATURES;

/// Largest `m / d`: beyond it steps are within the noise of the readings.
const MOST: f64 = 30.0;

/// Factor for the difference between each reading and the next; 1 where they are of two curves.
///
/// `x` are trunk inputs, rows of as many numbers as there are currents (A); `weight` square roots of weights; `c` as in the module.
pub(crate) fn factors(x: &[f64], current: &[f64], weight: &[f64], linked: &[bool], c: f64) -> Vec<f64> {
    let n = current.len();
    let pairs = || (0..n).filter(|&p| linked[p]);
    let mut steps = [(0.0, 0.0); FEATURES];
    for p in pairs().filter(|&p| weight[p] > 0.0 && weight[p + 1] > 0.0) {
        let (sum, count) = &mut steps[along(x, n, p)];
        *sum += (current[p + 1] - current[p]).powi(2);
        *count += 1.0;
    }
    let typical = steps.map(|(sum, count): (f64, f64)| (sum / count).sqrt());
    let mut factors = vec![1.0; n];
    for p in pairs() {
        let ratio = 0.5 * (current[p] + current[p + 1]).abs() / typical[along(x, n, p)];
        // Not a number where no current steps.
        factors[p] = 1f64.hypot(c * if ratio.is_nan() { 0.0 } else { ratio.min(MOST) });
    }
    factors
}

/// The voltage that changes most between a reading and the next.
fn along(x: &[f64], n: usize, p: usize) -> usize {
    let step = |k: usize| (x[k * n + p + 1] - x[k * n + p]).abs();
    (1..FEATURES).fold(0, |best, k| if step(k) > step(best) { k } else { best })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_counts_by_its_current_over_the_typical_step_of_its_voltage() {
        // Two curves over the gate, then one over the drain.
        let gate = [0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0];
        let drain = [1.0, 1.0, 2.0, 2.0, 0.0, 1.0, 2.0];
        let x = [&gate[..], &drain, &[0.0; 7]].concat();
        let current = [0.0, 3.0, 0.0, 4.0, 0.0, 2.0, 4.0];
        let linked = [true, false, true, false, true, true, false];
        let found = factors(&x, &current, &[1.0; 7], &linked, 2.0);
        let over_gate = (0.5f64 * (9.0 + 16.0)).sqrt();
        for (p, ratio) in [(0, 1.5 / over_gate), (2, 2.0 / over_gate), (4, 0.5), (5, 1.5)] {
            assert!((found[p] - (1.0 + (2.0 * ratio).powi(2)).sqrt()).abs() < 1e-12, "{found:?}");
        }
        assert!([1, 3, 6].iter().all(|&p| found[p] == 1.0), "{found:?}");
    }

    #[test]
    fn flat_currents_and_none_leave_a_finite_factor() {
        let x = [0.0, 1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        for current in [[5.0; 3], [0.0; 3]] {
            let found = factors(&x, &current, &[1.0; 3], &[true, true, false], 1.0);
            assert!(found.iter().all(|f| f.is_finite() && *f >= 1.0), "{found:?}");
        }
        // A reading without weight does not say what is typical.
        let found = factors(&x, &[1.0, 2.0, 900.0], &[1.0, 1.0, 0.0], &[true, true, false], 1.0);
        assert!((found[0] - 1f64.hypot(1.5)).abs() < 1e-12, "{found:?}");
    }
}
