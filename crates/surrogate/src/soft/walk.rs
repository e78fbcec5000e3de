//! Soft sharing by AdamW: all networks and what they are held to move together, by minibatches.

use std::ops::ControlFlow;

use super::joint::{Joint, centres};
use super::member::Member;
use super::state::Stand;
use super::tie::Tie;
use super::{SoftSolution, State, annealed, ended, learn, ramp, tie_between};
use crate::adamw::{self, Bonds, JUDGE_EVERY, Standing};
use crate::config::AdamwConfig;
use crate::error::FitError;
use crate::fit::Watch;
use crate::prepared::Prepared;
use crate::problem::Problem;
use crate::sharing::{Schedule, SoftConfig};

/// Damping of the first step, should Levenberg-Marquardt go on from here.
const DAMPING: f64 = 1e-2;

/// As [`super::solve`], with as many steps as the recipe of AdamW has; `held_out`, none or one for every member, is for early
/// stopping. Networks that stood somewhere go on from there, with new steps.
///
/// # Errors
/// [`FitError::Checkpoint`] where `from` is of other members, [`FitError::Adamw`] for options out of range or a missing device.
pub(crate) fn walk(
    members: &mut [Member],
    held_out: &[Problem],
    (config, adamw, seed): (&SoftConfig, &AdamwConfig, u64),
    first_step: usize,
    from: Option<&Stand<'_>>,
    watch: &mut Watch<'_>,
) -> Result<SoftSolution, FitError> {
    let mut tie = tie_between(members, config, from)?;
    let thetas: Vec<Vec<f64>> = members.iter().map(|m| m.theta.clone()).collect();
    let centres = from.map_or_else(|| centres(&thetas, &tie), Stand::centres);
    let standing = Standing { thetas, centres };
    let problems: Vec<&Problem> = members.iter().map(|m| &m.problem).collect();
    let points: usize = problems.iter().map(|p| p.points()).sum();
    watch.max_steps = first_step + adamw.steps;
    let prepared: Vec<Prepared<'_>> = match config.schedule {
        Schedule::Learned => problems.iter().map(|p| Prepared::new(p)).collect(),
        Schedule::Fixed | Schedule::Annealed => Vec::new(),
    };
    let mut develop = |step: usize, standing: &Standing, tie: &mut Tie| match config.schedule {
        Schedule::Fixed => false,
        Schedule::Annealed => loosen(step, adamw.steps, tie),
        Schedule::Learned if step == 0 => false,
        Schedule::Learned => {
            let mut joint = Joint::new(&prepared, standing.thetas.clone(), tie);
            joint.stand(held_to(standing, tie), DAMPING, tie);
            learn::strengths(tie, &joint, &prepared);
            true
        }
    };
    let bonds = Bonds { tie: &mut tie, develop: &mut develop };
    let walked = adamw::solve_tied(problems, held_out, &standing, bonds, (adamw, seed), &mut |seen| {
        watch.note("soft sharing", first_step + seen.step, seen.loss * 2.0 / points.max(1) as f64);
        if watch.stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    drop(prepared);
    let centres = held_to(&walked.state, &tie);
    let thetas = walked.state.thetas;
    // Steps of Levenberg-Marquardt, should it go on from here.
    let state = State { centres, damping: DAMPING, losses: &[], taken: 0, stopped: walked.stopped };
    Ok(ended(members, &tie, thetas, &state, first_step + walked.steps))
}

/// Centres of networks: nothing pulls at those of networks that are tied to each other, which are wherever steps left them.
fn held_to(standing: &Standing, tie: &Tie) -> Vec<Vec<f64>> {
    if tie.mutual { centres(&standing.thetas, tie) } else { standing.centres.clone() }
}

/// Sets annealed ties for the steps up to the next judgement; false from the second judgement after the ramp on.
pub(super) fn loosen(step: usize, steps: usize, tie: &mut Tie) -> bool {
    let ramp = ramp(steps);
    tie.scale(annealed(step.min(ramp), ramp));
    step < ramp + JUDGE_EVERY
}
