//! A fit with a network for every task, all held close to each other.

use std::collections::BTreeMap;

use gummel_data::Dataset;

use super::descent::From;
use super::finish::Ended;
use super::opening::Opening;
use super::settled::{Settled, settle};
use super::tasks::{TaskFit, tell_order};
use super::{Observer, Solution, Watch, decisions, descent, stochastic};
use crate::checkpoint::Checkpoint;
use crate::config::{FitConfig, Solver};
use crate::error::FitError;
use crate::lm::StopReason;
use crate::problem::Problem;
use crate::robust::BaseWeights;
use crate::sharing::SoftConfig;
use crate::soft::{self, Earlier, Member, Tied};

/// The hard-shared fit first, then a network per task, tied; from where `checkpoints`, by name of the task, say it stopped.
///
/// # Errors
/// As [`super::resume_tasks`].
pub(super) fn fit(
    data: &Dataset,
    config: &FitConfig,
    tied: &SoftConfig,
    checkpoints: &BTreeMap<String, Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Vec<TaskFit>, FitError> {
    let (train, held_out) = data.split(&config.split);
    let groups = tied.tasks.groups(&train);
    tied.check(config, groups.len())?;
    let names: Vec<&str> = groups.iter().map(|(name, _)| name.as_str()).collect();
    let earlier = Earlier::of(checkpoints, &names)?;
    let begun = earlier.as_ref().map(|e| e.hard);
    let devices: Vec<String> = train.devices.iter().map(|d| d.id.name.clone()).collect();
    let mut watch = Watch::new(observer);
    let mut opening = Opening::of(&train, config, begun, &mut watch)?;
    let from = opening.from(begun, &devices)?;
    let Opening { mut problem, config, said: opened, .. } = opening;
    let mut said = decisions(&problem, &train);
    said.extend(opened);
    let config = &config;
    let base = BaseWeights::of(&problem);
    let ties = earlier.as_ref().and_then(|e| e.ties.as_ref());
    let unseen = match &config.solver {
        Solver::Lm(_) => None,
        Solver::Adamw(_) => stochastic::judge(&problem, (&train, &held_out), config),
    };
    let mut hard = match (from, ties, &config.solver) {
        (From::Checkpoint(theta, checkpoint), Some(_), _) => over(theta, checkpoint, devices.len()),
        (from, _, Solver::Lm(lm)) => descent::solve(&mut problem, lm, config, from, &mut watch)?,
        (from, _, Solver::Adamw(adamw)) => {
            let fit = (adamw, config.seed);
            stochastic::solve(&problem, None, unseen.as_ref(), fit, from.theta(), &mut watch)?
        }
    };
    let begun = Checkpoint::new(&problem.layout, devices, &hard.theta, hard.steps, hard.damping);
    if let (false, Solver::Lm(_)) = (ended(hard.stopped), &config.solver) {
        // They follow from where the hard-shared fit ended, so that a fit that goes on has the same.
        hard.weights = base.apply(&mut problem, &hard.theta, config.residual.robust);
    }
    let mut members = soft::cut(&problem, &groups, &hard.theta);
    let soft = match &config.solver {
        Solver::Lm(lm) => soft::solve(&mut members, (tied, lm), hard.steps, ties, &mut watch)?,
        Solver::Adamw(adamw) => {
            let unseen = unseen.map_or_else(Vec::new, |unseen| soft::cut(&unseen, &groups, &hard.theta));
            let unseen: Vec<_> = unseen.into_iter().map(|member| member.problem).collect();
            let fit = (tied, adamw, config.seed);
            soft::walk(&mut members, &unseen, fit, hard.steps, ties, &mut watch)?
        }
    };
    said.push(format!("{} networks, parameters held close to each other", members.len()));
    if members.iter().any(|m| m.theta.iter().any(|v| !v.is_finite())) {
        return Err(FitError::Diverged { steps: soft.steps, loss: f64::NAN });
    }
    let mut networks: Vec<Settled> = members
        .into_iter()
        .zip(&groups)
        .zip(soft.held)
        .map(|((Member { problem, theta, .. }, (task, devices)), held)| {
            let solution = Solution {
                theta,
                stopped: soft.stopped,
                steps: soft.steps,
                damping: soft.damping,
                weights: devices.iter().map(|d| hard.weights[*d]).collect(),
            };
            let held = problem.held.as_ref().map_or_else(|| held.clone(), |given| given.and(&held));
            let problem = Problem { held: Some(held), ..problem };
            Settled::new(problem, solution, tied.tasks.part(&train, task))
        })
        .collect();
    let before = settle(&mut networks, config, &mut watch);
    let mut fits = networks
        .into_iter()
        .zip(&groups)
        .map(|(network, (task, _))| {
            let Settled { problem, solution, train, obeyed, .. } = network;
            let ended = Ended {
                problem: &problem,
                solution,
                train: &train,
                held_out: &tied.tasks.part(&held_out, task),
                config,
                decisions: said.iter().cloned().chain(obeyed).collect(),
                sharing: Some(soft.report.clone()),
                unordered: None,
            };
            let fit = ended.finish(&mut watch)?;
            Ok(TaskFit { task: task.clone(), data: tied.tasks.part(data, task), fit })
        })
        .collect::<Result<Vec<TaskFit>, FitError>>()?;
    let unfinished = fits.iter().any(|f| ended(f.fit.report.stopped));
    for (fit, ties) in fits.iter_mut().zip(soft.ties) {
        let ties = (!ended(hard.stopped)).then_some(ties);
        fit.fit.checkpoint.tied = Some(Tied { hard: Box::new(begun.clone()), ties, unfinished });
    }
    tell_order(&mut fits, config, before);
    Ok(fits)
}

/// A hard-shared fit that is over.
fn over(theta: Vec<f64>, checkpoint: &Checkpoint, devices: usize) -> Solution {
    Solution {
        theta,
        stopped: StopReason::Converged,
        steps: checkpoint.step,
        damping: checkpoint.damping,
        weights: vec![1.0; devices],
    }
}

/// True when a fit was ended from outside.
fn ended(stopped: StopReason) -> bool {
    matches!(stopped, StopReason::Interrupted | StopReason::Time)
}
