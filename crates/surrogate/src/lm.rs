//! Levenberg-Marquardt on the whole multitask problem.
//!
//! Damping follows Nielsen's gain-ratio rule (Madsen, Nielsen, Tingleff, "Methods for non-linear least
//! squares problems", 2004): it shrinks smoothly when the quadratic model predicts well, and grows
//! faster with every failure in a row.

pub(crate) mod arrow;
mod cholesky;
#[cfg(test)]
pub(crate) mod gradient;
pub(crate) mod normal;
pub(crate) mod residuals;

use crate::prepared::Prepared;

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

impl StopReason {
    /// True for a fit that was ended from outside: what would follow is left.
    pub(crate) fn from_outside(self) -> bool {
        matches!(self, StopReason::Interrupted | StopReason::Time)
    }
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
    /// The loss fell.
    Improved,
    /// No damping worked.
    Stalled,
}

/// Residuals beside those of the data.
pub(crate) trait Beside {
    /// Adds their part to the normal equations at `theta`.
    fn add(&self, theta: &[f64], normal: &mut normal::Normal);
    /// Half their sum of squares.
    fn loss(&self, theta: &[f64]) -> f64;
}

/// Nothing beside the data.
impl Beside for () {
    fn add(&self, _: &[f64], _: &mut normal::Normal) {}

    fn loss(&self, _: &[f64]) -> f64 {
        0.0
    }
}

impl Lm {
    pub(crate) fn new(prepared: &Prepared<'_>, theta: Vec<f64>) -> Self {
        let loss = residuals::loss(prepared, &theta);
        Lm { theta, loss, damping: 1e-2 }
    }

    /// One accepted step: linearise once, raise the damping until the loss falls.
    pub(crate) fn step(&mut self, prepared: &Prepared<'_>) -> Outcome {
        self.step_beside(prepared, &())
    }

    /// At most `most` steps, until none lowers the loss.
    pub(crate) fn steps(&mut self, prepared: &Prepared<'_>, most: usize) {
        for _ in 0..most {
            if let Outcome::Stalled = self.step(prepared) {
                break;
            }
        }
    }

    /// As [`Lm::step`], with residuals beside those of the data.
    pub(crate) fn step_beside(&mut self, prepared: &Prepared<'_>, beside: &impl Beside) -> Outcome {
        let normal = linearised(prepared, &self.theta, |normal| beside.add(&self.theta, normal));
        self.loss = normal.loss;
        let (theta, before) = (&self.theta, self.loss);
        let found = damped(&mut self.damping, before, |damping| {
            let step = arrow::solve(&normal, damping)?;
            let theta = added(theta, &step.delta);
            let loss = residuals::loss(prepared, &theta) + beside.loss(&theta);
            Some(Trial { state: theta, loss, predicted: step.predicted })
        });
        match found {
            Some(Trial { state, loss, .. }) => {
                (self.theta, self.loss) = (state, loss);
                Outcome::Improved
            }
            None => Outcome::Stalled,
        }
    }
}

/// The normal equations at `theta` with what `beside` adds to them; what is held and cannot move stays out of both.
pub(crate) fn linearised(
    prepared: &Prepared<'_>,
    theta: &[f64],
    beside: impl FnOnce(&mut normal::Normal),
) -> normal::Normal {
    let mut normal = normal::assemble(prepared, theta);
    beside(&mut normal);
    if let Some(held) = &prepared.problem.held {
        held.keep(&mut normal);
    }
    normal
}

/// The sum of parameters and a step.
pub(crate) fn added(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

/// Where a damped step would lead.
pub(crate) struct Trial<T> {
    pub(crate) state: T,
    pub(crate) loss: f64,
    /// Decrease of the loss that the quadratic model promised.
    pub(crate) predicted: f64,
}

/// Raises `damping` until a trial's loss is below `before`, and relaxes it for the next step; `None` when none is.
pub(crate) fn damped<T>(
    damping: &mut f64,
    before: f64,
    trial: impl Fn(f64) -> Option<Trial<T>>,
) -> Option<Trial<T>> {
    let mut growth = 2.0;
    for _ in 0..20 {
        let lower = trial(*damping).filter(|t| t.loss.is_finite() && t.loss < before);
        if let Some(t) = lower {
            *damping = relaxed(*damping, (before - t.loss) / t.predicted.max(f64::MIN_POSITIVE));
            return Some(t);
        }
        *damping *= growth;
        growth *= 2.0;
    }
    None
}

/// The damping after a step whose loss fell by `ratio` of what was predicted.
fn relaxed(damping: f64, ratio: f64) -> f64 {
    let shrink = 1.0 - (2.0 * ratio - 1.0).powi(3);
    (damping * shrink.clamp(0.2, 2.0)).max(1e-12)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;
    use crate::synthetic::Synthetic;

    fn steps(problem: &Problem, theta: &[f64], n: usize) -> Lm {
        let prepared = Prepared::new(problem);
        let mut lm = Lm::new(&prepared, theta.to_vec());
        for _ in 0..n {
            lm.step(&prepared);
        }
        lm
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let family = Synthetic { devices: 2, gates: 6, hidden: vec![4, 3], gate: true, seed: 3 };
        let problem = family.problem();
        let prepared = Prepared::new(&problem);
        let mut theta = family.start(&problem).flatten(&problem.layout);
        let own = problem.layout.shared()..problem.layout.total();
        theta[own].iter_mut().enumerate().for_each(|(k, v)| *v = 0.02 * (k % 7) as f64 - 0.05);
        let normal = normal::assemble(&prepared, &theta);
        gradient::assert_slopes(&normal, &theta, |t| residuals::loss(&prepared, t), 1e-5, 1e-6);
    }

    #[test]
    fn the_result_does_not_depend_on_the_number_of_threads() {
        // Enough unknowns and devices for the parallel paths of the factorisation and of the sums.
        let family = Synthetic { devices: 40, gates: 8, hidden: vec![28, 28], ..Synthetic::default() };
        let problem = family.problem();
        let theta = family.start(&problem).flatten(&problem.layout);
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let lm = pool.install(|| steps(&problem, &theta, 6));
            lm.theta.iter().map(|v| v.to_bits()).collect::<Vec<u64>>()
        };
        let one = with(1);
        for threads in [2, 3, 7] {
            assert!(with(threads) == one, "{threads} threads differ from one");
        }
    }

    #[test]
    fn weights_of_the_trunk_do_not_run_away() {
        let family = Synthetic { devices: 4, gates: 20, hidden: vec![10, 10], ..Synthetic::default() };
        let problem = family.problem();
        for seed in 0..4 {
            let theta = Synthetic { seed, ..family.clone() }.start(&problem).flatten(&problem.layout);
            let lm = steps(&problem, &theta, 60);
            let largest = lm.theta[..problem.layout.trunk()].iter().fold(0.0f64, |a, w| a.max(w.abs()));
            assert!(largest < 12.0, "seed {seed}: largest weight {largest}");
        }
    }
}
