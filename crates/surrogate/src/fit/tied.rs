//! A fit with a network for every task, all held close to each other.

use std::collections::BTreeMap;

use gummel_data::Dataset;

use super::descent::From;
use super::finish::Ended;
use super::opening::Opening;
use super::ordered::{put_in_order, tell_order};
use super::tasks::TaskFit;
use super::{Observer, Solution, Watch, decisions, descent};
use crate::checkpoint::Checkpoint;
use crate::config::{FitConfig, Solver};
use crate::error::FitError;
use crate::lm::StopReason;
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
    let Solver::Lm(lm) = &config.solver else {
        return Err(FitError::Config {
            key: "sharing.kind",
            found: "soft with solver adamw".into(),
            expected: "solver.kind = \"lm\", which solves for all networks and their ties at once".into(),
        });
    };
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
    let mut hard = match (from, ties) {
        (From::Checkpoint(theta, checkpoint), Some(_)) => over(theta, checkpoint, devices.len()),
        (from, _) => descent::solve(&mut problem, lm, config, from, &mut watch)?,
    };
    let begun = Checkpoint::new(&problem.layout, devices, &hard.theta, hard.steps, hard.damping);
    if !hard.stopped.from_outside() {
        // They follow from where the hard-shared fit ended, so that a fit that goes on has the same.
        hard.weights = base.apply(&mut problem, &hard.theta, config.residual.robust);
    }
    let mut members: Vec<Member> =
        groups.iter().map(|(name, devices)| Member::cut(name, &problem, devices, &hard.theta)).collect();
    let soft = soft::solve(&mut members, (tied, lm), hard.steps, ties, &mut watch)?;
    said.push(format!("{} networks, parameters held close to each other", members.len()));
    let mut networks = Vec::with_capacity(members.len());
    for ((member, (task, devices)), held) in members.into_iter().zip(&groups).zip(soft.held) {
        if member.theta.iter().any(|v| !v.is_finite()) {
            return Err(FitError::Diverged { steps: soft.steps, loss: f64::NAN });
        }
        let mut problem = member.problem;
        // Order and bounds must not undo the ties: a network of its own goes astray between a few readings.
        problem.held = Some(held);
        let solution = Solution {
            theta: member.theta,
            stopped: soft.stopped,
            steps: soft.steps,
            damping: soft.damping,
            weights: devices.iter().map(|d| hard.weights[*d]).collect(),
        };
        let parts = (tied.tasks.part(&train, task), tied.tasks.part(&held_out, task));
        let mut network = Ended::new(problem, parts, config.clone(), solution, said.clone());
        network.sharing = Some(soft.report.clone());
        network.settle(&mut watch);
        networks.push(network);
    }
    let parts: Vec<Dataset> = groups.iter().map(|(task, _)| tied.tasks.part(data, task)).collect();
    let before = put_in_order(&mut networks, &parts, config, &mut watch)?;
    let mut fits = networks
        .into_iter()
        .zip(&groups)
        .zip(parts)
        .map(|((network, (task, _)), data)| {
            Ok(TaskFit { task: task.clone(), data, fit: network.finish(&mut watch)? })
        })
        .collect::<Result<Vec<TaskFit>, FitError>>()?;
    let unfinished = fits.iter().any(|f| f.fit.report.stopped.from_outside());
    for (fit, ties) in fits.iter_mut().zip(soft.ties) {
        let ties = (!hard.stopped.from_outside()).then_some(ties);
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
