//! AdamW on minibatches in burn, on any device: the solver for large sets and graphics processors.
//!
//! Decoupled weight decay as in Loshchilov and Hutter, "Decoupled weight decay regularization" (2019),
//! on the trunk only; heads are held by the problem's own penalty. The learning rate rises linearly
//! over the first `WARM_UP` of the steps and falls along a cosine to `LAST_RATE` of its peak. Steps
//! run in f32; the loss that decides which state is kept comes from the f64 kernel, so that it is the
//! one Levenberg-Marquardt minimises.

mod anchored;
mod balance;
mod compute;
mod descend;
mod direction;
mod error;
mod even;
mod feed;
mod free;
mod gradients;
mod minibatch;
mod network;
mod objective;
mod pull;
mod shuffle;
mod surgery;
mod surrogate;
#[cfg(test)]
mod tests;
mod together;

use std::ops::ControlFlow;

pub use compute::{Compute, open};
pub use error::AdamwError;
pub use surrogate::{Surrogate, SurrogateConfig};

pub(crate) use anchored::Standing;
pub(crate) use descend::Walked;
pub(crate) use together::Bonds;

use crate::config::{AdamwConfig, Balancing, Conflicts};
use crate::further::Further;
use crate::lm::StopReason;
use crate::parameters::Parameters;
use crate::problem::Problem;
use descend::descend;
use free::Free;
use together::Together;

/// Steps between two judgements of the state by the f64 kernel.
pub const JUDGE_EVERY: usize = 100;

/// One judgement, as a watcher sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// Minibatch steps done.
    pub step: usize,
    /// Penalised half sum of squares over all points of the problem.
    pub loss: f64,
    /// Half sum of squares over the held-out points, where there are any.
    pub held_out: Option<f64>,
}

impl Judgement {
    /// What early stopping minimises: the held-out loss, or the loss where nothing is held out.
    pub fn criterion(&self) -> f64 {
        self.held_out.unwrap_or(self.loss)
    }
}

/// The best state found and how the search ended.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Parameters of the best judgement.
    pub parameters: Parameters,
    /// The best judgement.
    pub best: Judgement,
    /// Minibatch steps done.
    pub steps: usize,
    /// Points that went through the network, over all steps.
    pub samples: usize,
    /// Why it ended.
    pub stopped: StopReason,
}

/// Minimises `problem` from `start`; returns the best state that was judged, never a worse one than `start`.
///
/// `held_out` must share the layout of `problem`. `watch` sees every judgement and may break to stop.
/// The same arguments give the same result on a processor.
///
/// # Errors
/// When an option is out of its range, the problem has no weighted point, or the device cannot be opened.
pub fn solve(
    problem: &Problem,
    held_out: Option<&Problem>,
    start: &Parameters,
    config: &AdamwConfig,
    seed: u64,
    watch: &mut dyn FnMut(&Judgement) -> ControlFlow<()>,
) -> Result<Outcome, AdamwError> {
    solve_in_parts(problem, None, held_out, start, config, seed, watch)
}

/// As [`solve`], where `problem` may be the first part of a larger set: steps see the points of all parts of `further`,
/// one part in memory at a time, and states are judged on the first.
///
/// # Errors
/// As [`solve`], and when a part cannot be read.
pub(crate) fn solve_in_parts(
    problem: &Problem,
    further: Option<&Further<'_>>,
    held_out: Option<&Problem>,
    start: &Parameters,
    config: &AdamwConfig,
    seed: u64,
    watch: &mut dyn FnMut(&Judgement) -> ControlFlow<()>,
) -> Result<Outcome, AdamwError> {
    check(config)?;
    let device = open(config.device)?.device;
    let with = (config, seed);
    if problem.held.is_none() {
        let free = Free::new(problem, further, held_out, start, with, &device)?;
        let Walked { state, best, steps, samples, stopped } = descend(free, start.clone(), config, watch)?;
        return Ok(Outcome { parameters: state, best, steps, samples, stopped });
    }
    check_plain(config)?;
    let held = Together::alone(problem, further, held_out, start.flatten(&problem.layout), with, &device)?;
    let begun = held.begun();
    let Walked { state, best, steps, samples, stopped } = descend(held, begun, config, watch)?;
    let parameters = Parameters::from_flat(&state.thetas[0], &problem.layout);
    Ok(Outcome { parameters, best, steps, samples, stopped })
}

/// Minimises the losses of all `problems`, which have one shape, and the cost of their ties, from where networks and centres stand;
/// `held_out`, none or one for every problem, is as for [`solve`].
///
/// # Errors
/// As [`solve`], and when tasks are to be weighed, which is for tasks of one trunk.
pub(crate) fn solve_tied<'a>(
    problems: Vec<&'a Problem>,
    held_out: &[Problem],
    standing: &Standing,
    bonds: Bonds<'a>,
    (config, seed): (&AdamwConfig, u64),
    watch: &mut dyn FnMut(&Judgement) -> ControlFlow<()>,
) -> Result<Walked<Standing>, AdamwError> {
    check(config)?;
    check_plain(config)?;
    let device = open(config.device)?.device;
    let together = Together::tied(problems, held_out, standing, bonds, (config, seed), &device)?;
    descend(together, standing.clone(), config, watch)
}

/// Refuses weights and directions of tasks.
fn check_plain(config: &AdamwConfig) -> Result<(), AdamwError> {
    if config.balance == Balancing::Noise && config.conflicts == Conflicts::Ignored {
        return Ok(());
    }
    Err(AdamwError::Option {
        option: "balance, conflicts",
        found: format!("{:?}, {:?}", config.balance, config.conflicts).to_lowercase(),
        expected: "noise, ignored where a trunk is given or networks are tied",
    })
}

fn check(config: &AdamwConfig) -> Result<(), AdamwError> {
    let out_of_range = |option, found: String, expected| Err(AdamwError::Option { option, found, expected });
    if config.batch == 0 {
        return out_of_range("batch", "0".into(), "a positive number of points");
    }
    if !(config.learning_rate > 0.0 && config.learning_rate <= 1.0) {
        return out_of_range("learning_rate", config.learning_rate.to_string(), "a number in 0..=1, not 0");
    }
    if !(config.weight_decay >= 0.0 && config.weight_decay.is_finite()) {
        return out_of_range("weight_decay", config.weight_decay.to_string(), "0 or a positive number");
    }
    if !(config.clip > 0.0 && config.clip.is_finite()) {
        return out_of_range("clip", config.clip.to_string(), "a positive number");
    }
    Ok(())
}
