//! AdamW on minibatches in burn, on any device: the solver for large sets and graphics processors.
//!
//! Decoupled weight decay as in Loshchilov and Hutter, "Decoupled weight decay regularization" (2019),
//! on the trunk only; heads are held by the problem's own penalty. The learning rate rises linearly
//! over the first `WARM_UP` of the steps and falls along a cosine to `LAST_RATE` of its peak. Steps
//! run in f32; the loss that decides which state is kept comes from the f64 kernel, so that it is the
//! one Levenberg-Marquardt minimises.

mod balance;
mod compute;
mod direction;
mod error;
mod feed;
mod gradients;
mod minibatch;
mod objective;
mod surgery;
mod surrogate;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use burn::grad_clipping::GradientClippingConfig;
use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::ModuleLrScheduler;
use burn::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::module::ParamGroup;
use burn::optim::{AdamWConfig, ModuleOptimizer};

pub use compute::{Compute, open};
pub use error::AdamwError;
pub use surrogate::{Places, Surrogate, SurrogateConfig};

use crate::config::AdamwConfig;
use crate::further::Further;
use crate::lm::{StopReason, residuals};
use crate::parameters::Parameters;
use crate::prepared::Prepared;
use crate::problem::Problem;
use direction::Direction;

/// Steps between two judgements of the state by the f64 kernel.
pub const JUDGE_EVERY: usize = 100;
/// Part of the steps over which the learning rate rises.
const WARM_UP: f64 = 0.05;
/// Learning rate of the first and of the last step, relative to the peak.
const LAST_RATE: f64 = 1e-2;

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
    let mut direction = Direction::new(problem, further, &device, config, seed)?;
    let mut surrogate = Surrogate::from_parameters(start, &problem.layout, &device.clone().autodiff());
    let mut optimizer = optimizer(config);
    let mut schedule = schedule(config)?;

    let judge = Judge::new(problem, held_out);
    let mut best = (judge.judge(0, start), start.clone());
    let (mut stale, mut step, mut samples) = (0, 0, 0);
    let mut stopped = if watch(&best.0).is_break() { StopReason::Interrupted } else { StopReason::Steps };
    while stopped == StopReason::Steps && step < config.steps {
        let (gradients, points) = direction.next(&surrogate)?;
        samples += points;
        surrogate = optimizer.step(schedule.step(), surrogate, gradients);
        step += 1;

        if step % JUDGE_EVERY == 0 || step == config.steps {
            let parameters = surrogate.to_parameters(&problem.layout);
            let seen = judge.judge(step, &parameters);
            // A state that is no longer finite cannot come back: Adam's moments are spoilt too.
            if !seen.criterion().is_finite() {
                stopped = StopReason::Stalled;
            } else if seen.criterion() < best.0.criterion() {
                (best, stale) = ((seen, parameters), 0);
            } else {
                stale += 1;
            }
            if watch(&seen).is_break() {
                stopped = StopReason::Interrupted;
            } else if config.patience > 0 && stale >= config.patience {
                stopped = StopReason::Converged;
            }
        }
    }
    let (best, parameters) = best;
    Ok(Outcome { parameters, best, steps: step, samples, stopped })
}

/// Scores states with the f64 kernel.
struct Judge<'a> {
    problem: Prepared<'a>,
    /// Without the penalty: it says nothing about points that were not fitted.
    held_out: Option<Problem>,
}

impl<'a> Judge<'a> {
    fn new(problem: &'a Problem, held_out: Option<&Problem>) -> Self {
        Judge {
            problem: Prepared::new(problem),
            held_out: held_out.map(|h| Problem { strength: 0.0, ..h.clone() }),
        }
    }

    fn judge(&self, step: usize, parameters: &Parameters) -> Judgement {
        let theta = parameters.flatten(&self.problem.problem.layout);
        Judgement {
            step,
            loss: residuals::loss(&self.problem, &theta),
            held_out: self.held_out.as_ref().map(|h| residuals::loss(&Prepared::new(h), &theta)),
        }
    }
}

fn optimizer(config: &AdamwConfig) -> ModuleOptimizer {
    let clip = GradientClippingConfig::Norm(config.clip as f32);
    let adam = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.0);
    let trunk = adam.clone().with_weight_decay(config.weight_decay as f32);
    adam.with_grad_clipping(Some(clip.clone())).init().with_group(
        ParamGroup::from_any_predicates(vec![surrogate::TRUNK]),
        trunk.build(),
        Some(clip.init()),
    )
}

fn schedule(config: &AdamwConfig) -> Result<ModuleLrScheduler, AdamwError> {
    let (peak, low) = (config.learning_rate, config.learning_rate * LAST_RATE);
    let rise = ((config.steps as f64 * WARM_UP) as usize).max(1);
    let fall = config.steps.saturating_sub(rise).max(1);
    SequentialLrSchedulerConfig::new(
        vec![
            LrSchedulerConfig::Linear(LinearLrSchedulerConfig::new(low, peak, rise)),
            LrSchedulerConfig::Cosine(CosineAnnealingLrSchedulerConfig::new(peak, fall).with_min_lr(low)),
        ],
        vec![rise],
    )
    .init()
    .map_err(AdamwError::Schedule)
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
