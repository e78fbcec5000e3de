//! A fit with the sharing that its recipe asks for; a network for every task, each alone.

use std::collections::BTreeMap;

use gummel_data::Dataset;

use super::parts::OneOf;
use super::{Fit, FitReport, Observer, grouped, run, sizing, tied};
use crate::checkpoint::Checkpoint;
use crate::config::{FitConfig, Solver};
use crate::error::FitError;
use crate::order::{self, OrderReport};
use crate::report::{Part, summarise};
use crate::sharing::{Sharing, SingleConfig};

/// One network of a fit.
#[derive(Clone, Debug)]
pub struct TaskFit {
    /// Name of the task; empty where one network serves all.
    pub task: String,
    /// Its data, held-out ones included.
    pub data: Dataset,
    /// Its model and report.
    pub fit: Fit,
}

/// Fits one family with the sharing that the configuration asks for: one network, or one per task.
///
/// # Errors
/// As [`crate::fit()`]; [`FitError::Config`] where soft sharing is asked for but cannot be had.
pub fn fit_tasks(
    data: &Dataset,
    config: &FitConfig,
    observer: &mut dyn Observer,
) -> Result<Vec<TaskFit>, FitError> {
    resume_tasks(data, config, &BTreeMap::new(), observer)
}

/// Goes on from the checkpoints of a fit of the same data and configuration, by name of the task; a task without one is fitted
/// anew, and without any this is [`fit_tasks`].
///
/// A fit that was stopped while its tasks were grouped goes on with the grouping, and ends as if it had not been stopped; so does
/// one that was stopped while Levenberg-Marquardt tied networks to each other, which needs the checkpoints of all (AdamW takes
/// new steps from where they stood).
///
/// # Errors
/// As [`fit_tasks`], and [`FitError::Checkpoint`] when a checkpoint belongs to something else.
pub fn resume_tasks(
    data: &Dataset,
    config: &FitConfig,
    checkpoints: &BTreeMap<String, Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Vec<TaskFit>, FitError> {
    let refuse =
        |reason: &str| FitError::Checkpoint { path: "checkpoint.json".into(), reason: reason.into() };
    match &config.sharing {
        Sharing::Hard => {
            let fit = run(data.split(&config.split), config, checkpoints.get(""), None, observer)?;
            Ok(vec![TaskFit { task: String::new(), data: data.clone(), fit }])
        }
        Sharing::Single(single) => alone(data, config, *single, checkpoints, observer),
        Sharing::Soft(soft) => tied::fit(data, config, soft, checkpoints, observer),
        Sharing::Auto(auto) => {
            let stopped: Vec<&Checkpoint> = checkpoints.values().collect();
            if !stopped.is_empty() && stopped.iter().all(|c| c.grouping.is_none()) {
                return Err(refuse(
                    "it is of a fit that groups no tasks, which goes on with the sharing it has",
                ));
            }
            grouped::fit(data, config, *auto, &stopped, observer)
        }
    }
}

/// The reports of all networks of a fit as one: devices of all, errors over all, unknowns of all.
///
/// The report of a fit with one network is that network's own; `None` without any.
pub fn combined(tasks: &[TaskFit]) -> Option<FitReport> {
    let mut reports = tasks.iter().map(|t| &t.fit.report);
    let mut all = reports.next()?.clone();
    let several = tasks.len() > 1;
    for report in reports {
        all.devices.extend(report.devices.iter().cloned());
        all.parameters.trunk += report.parameters.trunk;
        all.parameters.population += report.parameters.population;
        all.parameters.devices += report.parameters.devices;
        // Networks that were solved for together share their clock.
        let apart = report.sharing.is_none();
        all.seconds = if apart { all.seconds + report.seconds } else { all.seconds.max(report.seconds) };
        for said in &report.decisions {
            if !all.decisions.contains(said) {
                all.decisions.push(said.clone());
            }
        }
    }
    if several {
        all.summaries =
            [Part::Train, Part::HeldOut].into_iter().filter_map(|p| summarise(&all.devices, p)).collect();
    }
    Some(all)
}

/// Every task by itself, with the same recipe.
fn alone(
    data: &Dataset,
    config: &FitConfig,
    single: SingleConfig,
    checkpoints: &BTreeMap<String, Checkpoint>,
    observer: &mut dyn Observer,
) -> Result<Vec<TaskFit>, FitError> {
    // Split once for all, so that every way of sharing is judged on the same points.
    let (train, held_out) = data.split(&config.split);
    let groups = single.tasks.groups(&train);
    let mut fits = Vec::with_capacity(groups.len());
    for (k, (task, _)) in groups.iter().enumerate() {
        if observer.stop() && !fits.is_empty() {
            break;
        }
        let mut part = OneOf { observer, task: task.clone(), before: k, of: groups.len() };
        let split = (single.tasks.part(&train, task), single.tasks.part(&held_out, task));
        let fit = run(split, config, checkpoints.get(task), None, &mut part)?;
        fits.push(TaskFit { task: task.clone(), data: single.tasks.part(data, task), fit });
    }
    if config.network.hidden.is_empty() && matches!(config.solver, Solver::Lm(_)) {
        tell_sizes_once(&mut fits);
    }
    tell_order(&mut fits, config, None);
    Ok(fits)
}

/// One sentence on the sizes of all networks in place of one for each.
fn tell_sizes_once(fits: &mut [TaskFit]) {
    let width = |f: &TaskFit| f.fit.model.spec.branches[0].layers[0].outputs;
    let least = fits.iter().map(width).min().unwrap_or(0);
    let most = fits.iter().map(width).max().unwrap_or(0);
    let told = format!("trunks of {least} to {most} neurons, chosen by each network's held-out curves");
    for fit in fits {
        fit.fit.report.decisions.retain(|d| !sizing::is_told(d));
        fit.fit.report.decisions.push(told.clone());
    }
}

/// Says in every network's report how corners of different networks stand to each other.
///
/// `before` counts the readings at which they were out of order, where that was mended.
pub(super) fn tell_order(fits: &mut [TaskFit], config: &FitConfig, before: Option<usize>) {
    let networks: Vec<_> = fits.iter().map(|f| (&f.fit.model, &f.data)).collect();
    let Some(found) = order::across(&networks, &config.order) else { return };
    let found = OrderReport { before, ..found };
    for fit in fits {
        fit.fit.report.decisions.retain(|d| !order::is_told(d));
        fit.fit.report.decisions.push(order::told(&found));
        fit.fit.report.order = Some(found.clone());
    }
}
