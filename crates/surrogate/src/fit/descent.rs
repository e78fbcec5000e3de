//! The Levenberg-Marquardt schedule: several starts on a subset, the best of them further, then all points.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Solution, Watch};
use crate::checkpoint::Checkpoint;
use crate::config::{FitConfig, LmConfig};
use crate::error::FitError;
use crate::lm::{Lm, Outcome, StopReason};
use crate::problem::Problem;
use crate::robust::BaseWeights;
use crate::start::start;

/// Rounds on all points; robust weights are set anew before each.
const ROUNDS: usize = 3;
/// A stage ends when this many steps in a row improve less than the tolerance.
const PATIENCE: usize = 3;

pub(super) fn solve(
    problem: &mut Problem,
    config: &LmConfig,
    fit: &FitConfig,
    from: Option<(Vec<f64>, &Checkpoint)>,
    watch: &mut Watch<'_>,
) -> Result<Solution, FitError> {
    let mut stages = Stages { config, watch, step: 0 };
    stages.watch.max_steps = config.starts * config.start_steps + config.subset_steps + config.max_steps;
    let base = BaseWeights::of(problem);
    let mut weights = vec![1.0; problem.layout.devices];
    let (mut lm, mut stopped) = match from {
        Some((theta, checkpoint)) => {
            stages.step = checkpoint.step;
            stages.watch.max_steps = checkpoint.step + config.max_steps;
            let mut lm = Lm::new(problem, theta);
            lm.damping = checkpoint.damping;
            (lm, StopReason::Converged)
        }
        None => stages.search(problem, fit.seed)?,
    };
    let mut left = config.max_steps;
    for round in 0..ROUNDS {
        if matches!(stopped, StopReason::Interrupted | StopReason::Time) || left == 0 {
            break;
        }
        weights = base.apply(problem, &lm.theta, fit.residual.robust);
        let steps = if round + 1 == ROUNDS { left } else { left.div_ceil(ROUNDS) };
        let before = stages.step;
        stopped = stages.run(problem, &mut lm, "all points", steps);
        left -= (stages.step - before).min(left);
    }
    if lm.theta.iter().any(|v| !v.is_finite()) {
        return Err(FitError::Diverged { steps: stages.step, loss: lm.loss });
    }
    Ok(Solution { theta: lm.theta, stopped, steps: stages.step, damping: lm.damping, weights })
}

struct Stages<'a, 'b> {
    config: &'a LmConfig,
    watch: &'a mut Watch<'b>,
    step: usize,
}

impl Stages<'_, '_> {
    /// The best of several starts on a subset, driven on there.
    fn search(&mut self, problem: &Problem, seed: u64) -> Result<(Lm, StopReason), FitError> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let subset = problem.subset(self.config.subset, &mut rng);
        let mut best: Option<Lm> = None;
        let mut stopped = StopReason::Steps;
        for k in 0..self.config.starts.max(1) {
            let mut lm = Lm::new(&subset, start(problem, &mut rng));
            let stage = format!("start {}/{}", k + 1, self.config.starts);
            stopped = self.run(&subset, &mut lm, &stage, self.config.start_steps);
            if best.as_ref().is_none_or(|b| lm.loss < b.loss) {
                best = Some(lm);
            }
            if matches!(stopped, StopReason::Interrupted | StopReason::Time) {
                break;
            }
        }
        let mut lm = best.ok_or(FitError::Empty)?;
        if !matches!(stopped, StopReason::Interrupted | StopReason::Time) {
            stopped = self.run(&subset, &mut lm, "subset", self.config.subset_steps);
        }
        Ok((lm, stopped))
    }

    fn run(&mut self, problem: &Problem, lm: &mut Lm, stage: &str, steps: usize) -> StopReason {
        let scale = 2.0 / problem.points().max(1) as f64;
        let mut idle = 0;
        for _ in 0..steps {
            if self.watch.stop() {
                return StopReason::Interrupted;
            }
            if self.watch.seconds() > self.config.seconds {
                return StopReason::Time;
            }
            match lm.step(problem) {
                Outcome::Stalled => return StopReason::Stalled,
                Outcome::Improved(fraction) => {
                    self.step += 1;
                    self.watch.note(stage, self.step, lm.loss * scale);
                    idle = if fraction < self.config.tolerance { idle + 1 } else { 0 };
                    if idle >= PATIENCE {
                        return StopReason::Converged;
                    }
                }
            }
        }
        StopReason::Steps
    }
}
