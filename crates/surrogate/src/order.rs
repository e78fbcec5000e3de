//! Order of process corners as inequality constraints: `ss <= tt <= ff` in current, over geometry and temperature.
//!
//! Devices of one geometry at one temperature see the same trunk, so the ratio of their currents at a bias is
//! `ln(I_fast / I_slow) = (h_fast - h_slow) . [z, 1]`, and
//! ```text
//! hinge = rho min(0, ln(I_fast / I_slow) - margin)
//! ```
//! is one more residual. Biases of the strong set where it fails, those of the readings and random ones between them,
//! join an active set and stay in it, as in [`constraint`](crate::constraint). Where corners have networks of their own, the
//! typical one stands and the others, from the inside out, are put in order with those that stand already.

mod across;
mod hinges;
mod pairs;

use gummel_device::Polarity;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::config::{FitConfig, LmConfig, Solver};
use crate::fit::{Solution, Watch};
use crate::lm::{Lm, Outcome, StopReason};
use crate::prepared::Prepared;
use crate::problem::Problem;
pub(crate) use across::across;
pub use hinges::Active;
pub(crate) use pairs::Still;
use pairs::pairs;

/// The order that corners must keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrderConfig {
    /// Most steps after the fit in which corners that are out of order are put in order; 0 only reports.
    pub steps: usize,
    /// Biases between readings drawn anew before each step, over all pairs of corners.
    pub draws: usize,
    /// rho: weight of a violation.
    pub strength: f64,
    /// Least ln of the ratio of the faster to the slower current.
    pub margin: f64,
    /// The skewed corners too: n-channel `sf <= tt <= fs`, p-channel `fs <= tt <= sf`.
    pub skewed: bool,
}

impl Default for OrderConfig {
    fn default() -> Self {
        OrderConfig { steps: 40, draws: 4000, strength: 100.0, margin: 1e-4, skewed: false }
    }
}

/// How the corners of a fit stand to each other at the biases of the readings.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct OrderReport {
    /// Pairs of a slower and a faster device of one geometry at one temperature.
    pub pairs: usize,
    /// Biases of the strong set at which they were compared.
    pub biases: usize,
    /// Those at which the faster device has less current than the slower one.
    pub violations: usize,
    /// Largest shortfall of the faster device's current, relative; 0 without violations.
    pub worst: f64,
    /// Biases left out because the readings themselves are out of order.
    pub unordered_readings: usize,
    /// Violations before the order was asked for; `None` where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<usize>,
}

/// Draws in a row without a violation after which the order is taken to hold.
const CLEAN_DRAWS: usize = 2;
/// rho of the first step over that of the last, reached after half of the steps.
const SOFTEST: f64 = 0.01;

/// Goes on from a solution until the corners of `problem` are in order, with each other and with those of networks that stand;
/// `problem` keeps the active set, so that later steps obey it. Also says how many readings were out of order before.
///
/// The stochastic solver takes no order.
pub(crate) fn enforce(
    problem: &mut Problem,
    still: &[Still<'_>],
    polarity: Polarity,
    config: &FitConfig,
    solution: Solution,
    watch: &mut Watch<'_>,
) -> (Solution, Option<usize>) {
    let Solver::Lm(LmConfig { seconds, .. }) = config.solver else { return (solution, None) };
    let order = &config.order;
    let pairs = pairs(problem, still, polarity, order.skewed);
    let over = matches!(solution.stopped, StopReason::Interrupted | StopReason::Time);
    if order.steps == 0 || over || pairs.is_empty() {
        return (solution, None);
    }
    let mut active = Active::new(pairs, order);
    let before = active.at_readings(problem, &solution.theta).violations;
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed ^ 0x0bde);
    let mut solution = solution;
    // Steps of networks before this one, of the same fit, count.
    solution.steps = solution.steps.max(watch.step());
    let mut damping = solution.damping.max(1e-4);
    let scale = 2.0 / problem.points().max(1) as f64;
    let mut clean = 0;
    watch.max_steps = solution.steps + order.steps;
    for step in 0..order.steps {
        if let Some(reason) = watch.over(seconds) {
            solution.stopped = reason;
            break;
        }
        let failing = active.violations(problem, &solution.theta, &mut rng);
        clean = if failing.is_empty() { clean + 1 } else { 0 };
        if clean >= CLEAN_DRAWS {
            break;
        }
        active.join(failing);
        let done = (2.0 * step as f64 / order.steps as f64).min(1.0);
        active.strength = order.strength * SOFTEST.powf(1.0 - done);
        problem.order = Some(active.clone());
        let prepared = Prepared::new(problem);
        let mut lm = Lm { damping, ..Lm::new(&prepared, solution.theta.clone()) };
        let outcome = lm.step(&prepared);
        damping = lm.damping;
        if let Outcome::Stalled = outcome {
            break;
        }
        solution.theta = lm.theta;
        solution.steps += 1;
        watch.note("order of corners", solution.steps, lm.loss * scale);
    }
    active.strength = order.strength;
    problem.order = Some(active);
    solution.damping = damping;
    (solution, Some(before))
}

/// How the corners stand at `theta`; `None` where no two devices can be compared.
pub(crate) fn report(
    problem: &Problem,
    polarity: Polarity,
    config: &OrderConfig,
    theta: &[f64],
    before: Option<usize>,
) -> Option<OrderReport> {
    let pairs = pairs(problem, &[], polarity, config.skewed);
    if pairs.is_empty() {
        return None;
    }
    let found = Active::new(pairs, config).at_readings(problem, theta);
    Some(OrderReport { before, ..found })
}

/// In a sentence.
pub(crate) fn told(report: &OrderReport) -> String {
    let OrderReport { violations, biases, worst, .. } = report;
    let mut text = match violations {
        0 => format!("{TOLD}in order at all {biases} strong readings"),
        n => {
            format!("{TOLD}out of order at {n} of {biases} strong readings, by up to {:.2} %", 100.0 * worst)
        }
    };
    if let Some(before) = report.before {
        text += &format!(" ({before} before the order was asked for)");
    }
    if report.unordered_readings > 0 {
        text += &format!("; at {} more the readings themselves are not", report.unordered_readings);
    }
    text
}

/// How [`told`] begins.
const TOLD: &str = "corners are ";

/// True for what this module says of a fit.
pub(crate) fn is_told(decision: &str) -> bool {
    decision.starts_with(TOLD)
}

/// Places along the axis of speed, or of skew for a channel of `sign`, and across it; faster devices are further along.
fn on_axis(speed: f64, skew: f64, sign: f64, skewed: bool) -> (f64, f64) {
    match skewed {
        false => (speed, skew),
        // The skewed fast corner of a p-channel device is the one whose n-channel is slow.
        true => (sign * skew, speed),
    }
}

#[cfg(test)]
mod tests;
