//! Order of process corners as inequality constraints: `ss <= tt <= ff` in current, over geometry and temperature.
//!
//! Devices of one geometry at one temperature see the same trunk, so the ratio of their currents at a bias is
//! `ln(I_fast / I_slow) = (h_fast - h_slow) . [z, 1]`, and
//! ```text
//! hinge = rho min(0, ln(I_fast / I_slow) - margin)
//! ```
//! is one more residual. Biases of the strong set where it fails, those of the readings and random ones between them,
//! join an active set and stay in it, as in [`constraint`](crate::constraint). Where corners have networks of their own, the
//! ratio of their currents is a residual of both ([`between()`]).

mod across;
mod between;
mod hinges;
mod pairs;
mod ratio;

use gummel_device::Polarity;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::config::FitConfig;
use crate::fit::{Solution, Watch};
use crate::lm::{Lm, Outcome, StopReason};
use crate::prepared::Prepared;
use crate::problem::Problem;
pub(crate) use across::across;
pub(crate) use between::{Moved, Network, between};
pub use hinges::Active;
use pairs::{Pair, Standing, channels, neighbours};

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
/// Damping of the first step, at least: what comes is new to the fit.
const LEAST_DAMPING: f64 = 1e-4;

/// Corners that are brought into order step by step.
trait Disorder {
    /// Watches biases at which the order fails; says whether it did anywhere anew.
    fn look(&mut self, rng: &mut ChaCha8Rng) -> bool;
    /// One step with hinges of weight `strength`, to the mean weighted square of the residual; `None` where there is none that
    /// lowers the loss.
    fn step(&mut self, strength: f64) -> Option<f64>;
}

/// Steps until the order holds, after `first` steps of the fit; with the number taken, and why they ended if from outside.
fn rounds(
    corners: &mut impl Disorder,
    (config, seconds): (&FitConfig, f64),
    first: usize,
    watch: &mut Watch<'_>,
) -> (usize, Option<StopReason>) {
    let order = &config.order;
    let mut rng = ChaCha8Rng::seed_from_u64(config.seed ^ 0x0bde);
    let (mut clean, mut taken) = (0, 0);
    watch.max_steps = first + order.steps;
    for step in 0..order.steps {
        if let Some(reason) = watch.over(seconds) {
            return (taken, Some(reason));
        }
        clean = if corners.look(&mut rng) { 0 } else { clean + 1 };
        if clean >= CLEAN_DRAWS {
            break;
        }
        let done = (2.0 * step as f64 / order.steps as f64).min(1.0);
        let Some(loss) = corners.step(order.strength * SOFTEST.powf(1.0 - done)) else { break };
        taken += 1;
        watch.note("order of corners", first + taken, loss);
    }
    (taken, None)
}

/// Goes on from a solution until the corners are in order; `problem` keeps the active set, so that later steps obey it.
pub(crate) fn enforce(
    problem: &mut Problem,
    polarity: Polarity,
    config: &FitConfig,
    seconds: f64,
    solution: &mut Solution,
    watch: &mut Watch<'_>,
) -> Option<usize> {
    let order = &config.order;
    let pairs = pairs(problem, polarity, order.skewed);
    if order.steps == 0 || solution.stopped.from_outside() || pairs.is_empty() {
        return None;
    }
    let active = Active::new(pairs, order);
    let before = active.at_readings(problem, &solution.theta).violations;
    let first = solution.steps;
    solution.damping = solution.damping.max(LEAST_DAMPING);
    let mut within = Within { problem, active, solution };
    let (taken, over) = rounds(&mut within, (config, seconds), first, watch);
    let Within { problem, mut active, solution } = within;
    active.strength = order.strength;
    problem.order = Some(active);
    solution.steps += taken;
    solution.stopped = over.unwrap_or(solution.stopped);
    Some(before)
}

/// Corners that share a trunk.
struct Within<'a> {
    problem: &'a mut Problem,
    active: Active,
    solution: &'a mut Solution,
}

impl Disorder for Within<'_> {
    fn look(&mut self, rng: &mut ChaCha8Rng) -> bool {
        self.active.look(self.problem, &self.solution.theta, rng)
    }

    fn step(&mut self, strength: f64) -> Option<f64> {
        self.active.strength = strength;
        self.problem.order = Some(self.active.clone());
        let prepared = Prepared::new(self.problem);
        let mut lm = Lm::new(&prepared, self.solution.theta.clone());
        lm.damping = self.solution.damping;
        let outcome = lm.step(&prepared);
        self.solution.damping = lm.damping;
        if let Outcome::Stalled = outcome {
            return None;
        }
        self.solution.theta = lm.theta;
        Some(lm.loss * 2.0 / self.problem.points().max(1) as f64)
    }
}

/// How the corners stand at `theta`; `None` where no two devices can be compared.
pub(crate) fn report(
    problem: &Problem,
    polarity: Polarity,
    config: &OrderConfig,
    theta: &[f64],
    before: Option<usize>,
) -> Option<OrderReport> {
    let pairs = pairs(problem, polarity, config.skewed);
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

/// Pairs of channel tasks of one geometry and temperature, the slower first, from neighbouring corners.
fn pairs(problem: &Problem, polarity: Polarity, skewed: bool) -> Vec<Pair> {
    let tasks: Vec<usize> = channels(problem).map(|(k, _)| k).collect();
    let standing = |k: &usize| Standing { place: problem.tasks[*k].place, polarity, among: String::new() };
    let standing: Vec<Standing> = tasks.iter().map(standing).collect();
    let pair =
        |(slow, fast): (usize, usize)| Pair::new((problem, tasks[slow]), (problem, tasks[fast]), polarity);
    neighbours(&standing, skewed).into_iter().map(pair).collect()
}

#[cfg(test)]
mod tests;
