//! Robust weights: outlying readings and devices that do not fit lose influence.
//!
//! A reading's weight falls as `1 / (1 + (r / c s)^2)` (Cauchy), `s` the device's own typical residual;
//! a device whose typical residual is far above the family's is weighed down as a whole, so that a
//! mislabelled or damaged transistor does not bend the shared trunk. Devices that validation doubts begin with little
//! weight, see `doubt`.

use gummel_device::metrics::quantile;

use crate::lm::residuals::raw_residuals;
use crate::problem::{Problem, most_trust};

/// A device is weighed down when its typical residual exceeds the family's by this factor.
const DEVICE_LIMIT: f64 = 4.0;
/// Typical residuals below this (asinh units, about relative error) are never outlying.
const SMALLEST: f64 = 2e-3;

/// Point weights of a problem before any robust factor.
pub(crate) struct BaseWeights {
    points: Vec<Vec<f64>>,
    /// Factor on the squared weights of every task, 1 for the most trusted.
    trust: Vec<f64>,
}

impl BaseWeights {
    pub(crate) fn of(problem: &Problem) -> Self {
        let most = most_trust(problem.tasks.iter());
        BaseWeights {
            points: problem.tasks.iter().map(|t| t.weight.clone()).collect(),
            trust: problem.tasks.iter().map(|t| t.trust / most).collect(),
        }
    }

    /// Sets the problem's weights to base times the devices' trust; returns the factor per device.
    pub(crate) fn trusted(&self, problem: &mut Problem) -> Vec<f64> {
        let mut factors = vec![1.0; problem.layout.devices];
        for ((task, base), trust) in problem.tasks.iter_mut().zip(&self.points).zip(&self.trust) {
            task.weight.iter_mut().zip(base).for_each(|(w, b)| *w = b * trust.sqrt());
            factors[task.device] = trust.min(factors[task.device]);
        }
        factors
    }

    /// Sets the problem's weights to base times robust factors at `theta`; returns the factor per device.
    pub(crate) fn apply(&self, problem: &mut Problem, theta: &[f64], limit: f64) -> Vec<f64> {
        let mut factors = vec![1.0; problem.layout.devices];
        if limit <= 0.0 {
            return factors;
        }
        let residuals: Vec<Vec<f64>> = raw_residuals(problem, theta);
        let typical: Vec<f64> = residuals.iter().zip(&self.points).map(|(r, w)| typical(r, w)).collect();
        let family: Vec<f64> = (0..problem.outputs.len())
            .map(|o| {
                let own = || (0..typical.len()).filter(|&k| problem.tasks[k].output == o);
                let most = own().map(|k| self.trust[k]).fold(0.0, f64::max);
                let trusted = own().filter(|&k| self.trust[k] >= most);
                quantile(&mut trusted.map(|k| typical[k]).collect::<Vec<f64>>(), 0.5).max(SMALLEST)
            })
            .collect();
        for (k, task) in problem.tasks.iter_mut().enumerate() {
            let excess = typical[k] / (DEVICE_LIMIT * family[task.output]);
            let device = self.trust[k] * if excess > 1.0 { 1.0 / (excess * excess) } else { 1.0 };
            factors[task.device] = device.min(factors[task.device]);
            let scale = limit * typical[k].max(SMALLEST);
            for ((w, base), r) in task.weight.iter_mut().zip(&self.points[k]).zip(&residuals[k]) {
                // Weighted residuals, so that readings in the noise are not taken for outliers.
                let u = base * r / scale;
                *w = base * (device / (1.0 + u * u)).sqrt();
            }
        }
        factors
    }
}

/// Median weighted residual of a task over its readings above the noise.
fn typical(residuals: &[f64], weights: &[f64]) -> f64 {
    let mut r: Vec<f64> =
        residuals.iter().zip(weights).filter(|(_, w)| **w > 0.5).map(|(r, w)| (r * w).abs()).collect();
    if r.is_empty() { 0.0 } else { quantile(&mut r, 0.5) }
}
