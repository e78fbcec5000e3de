//! Soft sharing: a network for every task, its parameters held close to those of the others.
//!
//! ```text
//! sum_k loss_k(theta_k) + penalty(theta_k - sum_m z_km u_m)      z_k = (1) or (1, speed, skew)
//! ```
//! The centres `u` are unknowns too. A step of Levenberg-Marquardt solves for all networks and centres at once:
//! the normal equations have an arrow structure again, with the centres as its head, so that tight ties cost no
//! more steps than loose ones. AdamW ([`walk`]) moves centres and distances from them, all networks in one batch. Tasks start
//! from the hard-shared fit, which tight ties give back.

mod joint;
mod learn;
mod member;
mod mutual;
mod star;
mod state;
pub(crate) mod tie;
mod walk;

use crate::checkpoint::{bits, numbers};
use crate::config::LmConfig;
use crate::error::FitError;
use crate::fit::{StopRule, Watch};
use crate::held::Held;
use crate::lm::StopReason;
use crate::prepared::Prepared;
use crate::problem::Problem;
use crate::sharing::{Schedule, SoftConfig};

pub(crate) use member::{Member, cut};
pub(crate) use state::{Earlier, Stand};
pub use state::{Tied, Ties};
pub use tie::SharingReport;
pub(crate) use walk::walk;

use joint::Joint;
use tie::Tie;

/// Steps between two updates of learned strengths.
const LEARN_EVERY: usize = 5;
/// Annealing starts at this multiple of the strength.
const ANNEAL_FROM: f64 = 100.0;

/// What soft sharing ended with.
pub(crate) struct SoftSolution {
    pub(crate) stopped: StopReason,
    pub(crate) steps: usize,
    pub(crate) damping: f64,
    pub(crate) report: SharingReport,
    /// Where every member is held, and how tightly, for steps that it takes by itself.
    pub(crate) held: Vec<Held>,
    /// The state of every member.
    pub(crate) ties: Vec<Ties>,
}

/// Moves the parameters of all members to the minimum of losses and ties, from where they are or from where they stood.
///
/// # Errors
/// [`FitError::Checkpoint`] where `from` is of other members.
pub(crate) fn solve(
    members: &mut [Member],
    (config, lm): (&SoftConfig, &LmConfig),
    first_step: usize,
    from: Option<&Stand<'_>>,
    watch: &mut Watch<'_>,
) -> Result<SoftSolution, FitError> {
    let mut tie = tie_between(members, config, from)?;
    let (problems, thetas): (Vec<&Problem>, Vec<Vec<f64>>) =
        members.iter().map(|m| (&m.problem, m.theta.clone())).unzip();
    let prepared: Vec<Prepared<'_>> = problems.into_iter().map(Prepared::new).collect();
    let points: usize = prepared.iter().map(|p| p.problem.points()).sum();
    let mut joint = Joint::new(&prepared, thetas, &tie);
    let (mut rule, mut stopped) = (StopRule::new(lm.tolerance), StopReason::Steps);
    let (mut begin, mut most) = (0, config.max_steps);
    if let Some((stand, first)) = from.and_then(|s| Some((s, s.ties.first()?))) {
        joint.stand(stand.centres(), f64::from_bits(first.damping), &tie);
        rule = StopRule::after(lm.tolerance, numbers(&first.losses));
        (begin, most) = (first.taken, stand.most(config.max_steps));
        if begin == most {
            stopped = first.stopped;
        }
    }
    let ramp = ramp(config.max_steps);
    let mut taken = begin;
    for step in begin..most {
        if let Some(reason) = watch.over(lm.seconds) {
            stopped = reason;
            break;
        }
        match config.schedule {
            Schedule::Annealed if step <= ramp => {
                tie.scale(annealed(step, ramp));
                joint.weigh(&tie);
            }
            Schedule::Learned if step > 0 && step % LEARN_EVERY == 0 => {
                learn::strengths(&mut tie, &joint, &prepared);
                joint.weigh(&tie);
                rule.forget();
            }
            _ => {}
        }
        if !joint.step(&prepared, &tie) {
            stopped = StopReason::Stalled;
            break;
        }
        taken = step + 1;
        watch.note("soft sharing", first_step + taken, joint.loss() * 2.0 / points.max(1) as f64);
        let settled = config.schedule != Schedule::Annealed || step > ramp;
        if settled && rule.converged(joint.loss()) {
            stopped = StopReason::Converged;
            break;
        }
    }
    let Joint { thetas, centres, damping, .. } = joint;
    drop(prepared);
    let state = State { centres, damping, losses: rule.losses(), taken, stopped };
    Ok(ended(members, &tie, thetas, &state, first_step + taken))
}

/// The ties that `config` asks for between `members`; both are put where they stood.
///
/// # Errors
/// [`FitError::Checkpoint`] where `from` is of other members.
fn tie_between(
    members: &mut [Member],
    config: &SoftConfig,
    from: Option<&Stand<'_>>,
) -> Result<Tie, FitError> {
    let design = members.iter().map(|m| m.design(config.towards)).collect();
    let mut tie = Tie::new(&members[0].problem.layout, config, design);
    if let Some(stand) = from {
        stand.put(members, &mut tie)?;
    }
    Ok(tie)
}

/// Steps over which annealed ties are let go, of so many.
fn ramp(steps: usize) -> usize {
    (steps / 2).max(1)
}

/// Factor on annealed strengths.
fn annealed(step: usize, ramp: usize) -> f64 {
    ANNEAL_FROM.powf(1.0 - step as f64 / ramp as f64)
}

/// What a solver knows at its end, beside the networks.
struct State<'a> {
    centres: Vec<Vec<f64>>,
    damping: f64,
    /// Losses by which convergence is judged.
    losses: &'a [f64],
    /// Steps that the checkpoint counts.
    taken: usize,
    stopped: StopReason,
}

/// Gives `members` the parameters `thetas`, and says what came of them.
fn ended(
    members: &mut [Member],
    tie: &Tie,
    thetas: Vec<Vec<f64>>,
    state: &State<'_>,
    steps: usize,
) -> SoftSolution {
    let State { centres, damping, losses, taken, stopped } = state;
    let names: Vec<String> = members.iter().map(|m| m.name.clone()).collect();
    let report = tie.report(&names, &thetas, centres);
    let held = (0..thetas.len()).map(|k| tie.hold(k, &thetas, centres));
    let ties = thetas.iter().map(|theta| Ties {
        network: bits(theta),
        centres: centres.iter().map(|u| bits(u)).collect(),
        strengths: bits(&tie.strengths),
        damping: damping.to_bits(),
        losses: bits(losses),
        taken: *taken,
        stopped: *stopped,
    });
    let (held, ties) = (held.collect(), ties.collect());
    members.iter_mut().zip(thetas).for_each(|(member, theta)| member.theta = theta);
    SoftSolution { stopped: *stopped, steps, damping: *damping, report, held, ties }
}

#[cfg(test)]
mod tests;
