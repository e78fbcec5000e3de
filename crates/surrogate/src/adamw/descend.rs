//! The steps of AdamW, whatever it is that moves: rates, judgements, the best state, early stopping.

use std::ops::ControlFlow;

use burn::grad_clipping::GradientClippingConfig;
use burn::lr_scheduler::LrSchedulerConfig;
use burn::lr_scheduler::cosine::CosineAnnealingLrSchedulerConfig;
use burn::lr_scheduler::linear::LinearLrSchedulerConfig;
use burn::lr_scheduler::module_lr_scheduler::{ModuleLearningRate, ModuleLrScheduler};
use burn::lr_scheduler::sequential::SequentialLrSchedulerConfig;
use burn::module::ParamGroup;
use burn::optim::{AdamWConfig, ModuleOptimizer};

use super::error::AdamwError;
use super::surrogate::TRUNK;
use super::{JUDGE_EVERY, Judgement};
use crate::config::AdamwConfig;
use crate::lm::StopReason;

/// Part of the steps over which the learning rate rises.
const WARM_UP: f64 = 0.05;
/// Learning rate of the first and of the last step, relative to the peak.
const LAST_RATE: f64 = 1e-2;

/// What AdamW moves.
pub(super) trait Walker {
    /// Where it stands.
    type State: Clone;

    /// Follows the gradient of the next batch; returns how many points that has.
    fn step(&mut self, rate: ModuleLearningRate) -> Result<usize, AdamwError>;

    /// Where it stands now.
    fn state(&self) -> Self::State;

    /// How good a state is.
    fn judge(&self, step: usize, state: &Self::State) -> Judgement;

    /// Changes what is minimised, where that is meant to change; true when it did.
    fn turn(&mut self, _step: usize, _state: &Self::State) -> bool {
        false
    }
}

/// How a walk ended.
pub(crate) struct Walked<S> {
    /// The best state.
    pub(crate) state: S,
    pub(crate) best: Judgement,
    pub(crate) steps: usize,
    pub(crate) samples: usize,
    pub(crate) stopped: StopReason,
}

/// Takes the steps of `config` from `begun`; returns the best state that was judged, by what is minimised in the end.
pub(super) fn descend<W: Walker>(
    mut walker: W,
    begun: W::State,
    config: &AdamwConfig,
    watch: &mut dyn FnMut(&Judgement) -> ControlFlow<()>,
) -> Result<Walked<W::State>, AdamwError> {
    let mut schedule = schedule(config)?;
    walker.turn(0, &begun);
    let mut best = (walker.judge(0, &begun), begun);
    let (mut stale, mut step, mut samples) = (0, 0, 0);
    let mut stopped = if watch(&best.0).is_break() { StopReason::Interrupted } else { StopReason::Steps };
    while stopped == StopReason::Steps && step < config.steps {
        samples += walker.step(schedule.step())?;
        step += 1;

        if step % JUDGE_EVERY == 0 || step == config.steps {
            let state = walker.state();
            if walker.turn(step, &state) {
                best.0 = walker.judge(best.0.step, &best.1);
            }
            let seen = walker.judge(step, &state);
            // A state that is no longer finite cannot come back: Adam's moments are spoilt too.
            if !seen.criterion().is_finite() {
                stopped = StopReason::Stalled;
            } else if seen.criterion() < best.0.criterion() {
                (best, stale) = ((seen, state), 0);
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
    let (best, state) = best;
    Ok(Walked { state, best, steps: step, samples, stopped })
}

/// AdamW with decay of what is called [`TRUNK`] only.
pub(super) fn optimizer(config: &AdamwConfig) -> ModuleOptimizer {
    let clip = GradientClippingConfig::Norm(config.clip as f32);
    let adam = AdamWConfig::new().with_epsilon(1e-8).with_weight_decay(0.0);
    let trunk = adam.clone().with_weight_decay(config.weight_decay as f32);
    adam.with_grad_clipping(Some(clip.clone())).init().with_group(
        ParamGroup::from_any_predicates(vec![TRUNK]),
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
