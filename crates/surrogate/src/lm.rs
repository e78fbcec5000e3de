//! Levenberg-Marquardt on the whole multitask problem.
//!
//! Damping follows Nielsen's gain-ratio rule (Madsen, Nielsen, Tingleff, "Methods for non-linear least
//! squares problems", 2004): it shrinks smoothly when the quadratic model predicts well, and grows
//! faster with every failure in a row.

mod arrow;
pub(crate) mod normal;

use crate::problem::Problem;

/// Why an optimisation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// Steps no longer improve the loss by the wanted fraction.
    Converged,
    /// The step limit.
    Steps,
    /// The time limit.
    Time,
    /// The observer asked for it.
    Interrupted,
    /// No damping gives a step that improves the loss.
    Stalled,
}

/// State of an optimisation between steps.
#[derive(Clone, Debug)]
pub(crate) struct Lm {
    /// Current parameters.
    pub(crate) theta: Vec<f64>,
    /// Current loss (half the weighted sum of squares).
    pub(crate) loss: f64,
    /// Marquardt's damping.
    pub(crate) damping: f64,
}

/// Outcome of one step.
pub(crate) enum Outcome {
    /// The loss fell by this fraction.
    Improved(f64),
    /// No damping worked.
    Stalled,
}

impl Lm {
    pub(crate) fn new(problem: &Problem, theta: Vec<f64>) -> Self {
        let loss = normal::loss(problem, &theta);
        Lm { theta, loss, damping: 1e-2 }
    }

    /// One accepted step: linearise once, raise the damping until the loss falls.
    pub(crate) fn step(&mut self, problem: &Problem) -> Outcome {
        let normal = normal::assemble(problem, &self.theta);
        self.loss = normal.loss;
        let mut growth = 2.0;
        for _ in 0..20 {
            if let Some(step) = arrow::solve(&normal, self.damping) {
                let trial: Vec<f64> = self.theta.iter().zip(&step.delta).map(|(t, d)| t + d).collect();
                let loss = normal::loss(problem, &trial);
                let ratio = (self.loss - loss) / step.predicted.max(f64::MIN_POSITIVE);
                if loss.is_finite() && loss < self.loss {
                    let before = self.loss;
                    self.theta = trial;
                    self.loss = loss;
                    let shrink = 1.0 - (2.0 * ratio - 1.0).powi(3);
                    self.damping = (self.damping * shrink.clamp(0.2, 2.0)).max(1e-12);
                    return Outcome::Improved((before - loss) / before);
                }
            }
            self.damping *= growth;
            growth *= 2.0;
        }
        Outcome::Stalled
    }
}
