//! The whole fit: dataset and configuration in, frozen model and report out.

mod descent;
mod finish;
mod grouped;
mod opening;
mod parts;
mod pool;
mod settled;
mod sizing;
mod stochastic;
mod tasks;
mod tied;

use std::collections::BTreeSet;
use std::time::Instant;

use gummel_data::Dataset;
use gummel_model::Model;
use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::config::{FitConfig, LmConfig, Solver};
use crate::constraint;
use crate::error::FitError;
use crate::further::{Further, Source};
use crate::grouping::Grouping;
use crate::lm::StopReason;
use crate::order::{self, OrderReport};
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::report::{DeviceReport, Summary};
use crate::soft::SharingReport;

use descent::From;
pub(crate) use descent::StopRule;
use finish::Ended;
use opening::Opening;
pub(crate) use parts::{Judged, Parts};
pub use tasks::{TaskFit, combined, fit_tasks, resume_tasks};

/// Sees a fit from outside and may end it.
pub trait Observer {
    /// Called after every step.
    fn progress(&mut self, progress: &Progress);

    /// Asked before every step; true ends the fit at its best state.
    fn stop(&self) -> bool {
        false
    }
}

/// An observer that looks away.
impl Observer for () {
    fn progress(&mut self, _: &Progress) {}
}

/// Where a fit stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    /// What is going on: `trunk size`, `starts (2 left)`, `subset`, `all points`, `adamw`.
    pub stage: String,
    /// Steps done over all stages.
    pub step: usize,
    /// Most steps over all stages.
    pub max_steps: usize,
    /// Mean weighted square of the residual (about the square of the relative error).
    pub loss: f64,
    /// Seconds since the fit began.
    pub seconds: f64,
}

/// One row of the loss history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryPoint {
    /// Stage name.
    pub stage: String,
    /// Steps done over all stages.
    pub step: usize,
    /// Mean weighted square of the residual.
    pub loss: f64,
    /// Seconds since the fit began.
    pub seconds: f64,
}

/// Sizes of a surrogate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParameterCount {
    /// Trunk, shared by all devices.
    pub trunk: usize,
    /// Population mean of the heads, shared by all devices.
    pub population: usize,
    /// Each device's own.
    pub per_device: usize,
    /// Number of devices.
    pub devices: usize,
}

/// What a fit found, beside the model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FitReport {
    /// Errors of every device, training and held-out.
    pub devices: Vec<DeviceReport>,
    /// Errors over the devices: training, then held-out if any.
    pub summaries: Vec<Summary>,
    /// Loss over time.
    pub history: Vec<HistoryPoint>,
    /// Number of parameters.
    pub parameters: ParameterCount,
    /// Seconds of fitting.
    pub seconds: f64,
    /// Why it ended.
    pub stopped: StopReason,
    /// What was decided from the data, one sentence each.
    pub decisions: Vec<String>,
    /// Distances between the networks of a soft-shared fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharing: Option<SharingReport>,
    /// Which tasks share a trunk and why, where that was left to the data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grouping: Option<Grouping>,
    /// Order of process corners, where several were fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderReport>,
}

/// A fitted family.
#[derive(Clone, Debug)]
pub struct Fit {
    /// The frozen model, errors and provenance in its manifest.
    pub model: Model,
    /// Errors, history, decisions.
    pub report: FitReport,
    /// State from which the fit can go on.
    pub checkpoint: Checkpoint,
}

/// Fits one family.
///
/// # Errors
/// [`FitError`] for an empty or mixed dataset, a configuration out of range, or a missing device.
pub fn fit(data: &Dataset, config: &FitConfig, observer: &mut dyn Observer) -> Result<Fit, FitError> {
    run(data.split(&config.split), config, None, None, observer)
}

/// Fits one family of a set larger than memory; `first` is the first part of `source`.
///
/// AdamW sees the readings of all parts, one part in memory at a time. Levenberg-Marquardt fits the first. Either is
/// judged by all readings, and the report says so.
///
/// # Errors
/// As [`fit`], and [`FitError::Data`] when a part cannot be read.
pub fn fit_in_parts(
    first: &Dataset,
    source: &dyn Source,
    config: &FitConfig,
    observer: &mut dyn Observer,
) -> Result<Fit, FitError> {
    run(first.split(&config.split), config, None, Some(source), observer)
}

/// Goes on from a checkpoint of the same data and configuration.
///
/// # Errors
/// As [`fit`], and [`FitError::Checkpoint`] when the checkpoint belongs to something else.
pub fn resume(
    data: &Dataset,
    config: &FitConfig,
    checkpoint: &Checkpoint,
    observer: &mut dyn Observer,
) -> Result<Fit, FitError> {
    run(data.split(&config.split), config, Some(checkpoint), None, observer)
}

/// A problem solved without a dataset around it.
#[derive(Clone, Debug)]
pub struct Solved {
    /// The unknowns at the end.
    pub parameters: Parameters,
    /// Why it ended.
    pub stopped: StopReason,
    /// Loss over time.
    pub history: Vec<HistoryPoint>,
}

/// Runs the Levenberg-Marquardt schedule on a ready problem; its robust weights are set on the way.
///
/// # Errors
/// [`FitError::Diverged`] when the unknowns are not finite at the end.
pub fn solve_problem(
    problem: &mut Problem,
    config: &LmConfig,
    seed: u64,
    observer: &mut dyn Observer,
) -> Result<Solved, FitError> {
    let constraints = constraint::ConstraintsConfig { steps: 0, ..Default::default() };
    let fit = FitConfig { seed, constraints, ..FitConfig::default() };
    let mut watch = Watch::new(observer);
    let solution = descent::solve(problem, config, &fit, From::Anywhere, &mut watch)?;
    Ok(Solved {
        parameters: Parameters::from_flat(&solution.theta, &problem.layout),
        stopped: solution.stopped,
        history: watch.history,
    })
}

/// What a solver hands back.
#[derive(Clone)]
pub(crate) struct Solution {
    pub(crate) theta: Vec<f64>,
    pub(crate) stopped: StopReason,
    pub(crate) steps: usize,
    pub(crate) damping: f64,
    /// Robust factor per device.
    pub(crate) weights: Vec<f64>,
}

/// Clock, history and observer of a running fit.
pub(crate) struct Watch<'a> {
    observer: &'a mut dyn Observer,
    begun: Instant,
    pub(crate) max_steps: usize,
    pub(crate) history: Vec<HistoryPoint>,
}

impl<'a> Watch<'a> {
    /// The clock starts now.
    pub(crate) fn new(observer: &'a mut dyn Observer) -> Self {
        Watch { observer, begun: Instant::now(), max_steps: 0, history: Vec::new() }
    }

    pub(crate) fn note(&mut self, stage: &str, step: usize, loss: f64) {
        let seconds = self.seconds();
        self.history.push(HistoryPoint { stage: stage.to_owned(), step, loss, seconds });
        let stage = stage.to_owned();
        self.observer.progress(&Progress { stage, step, max_steps: self.max_steps, loss, seconds });
    }

    /// Shows how far a stage before the fit has come; it is no part of the fit's history.
    pub(crate) fn show(&mut self, stage: &str, step: usize, max_steps: usize, loss: f64) {
        let (stage, seconds) = (stage.to_owned(), self.seconds());
        self.observer.progress(&Progress { stage, step, max_steps, loss, seconds });
    }

    /// The last step noted.
    pub(crate) fn step(&self) -> usize {
        self.history.last().map_or(0, |point| point.step)
    }

    pub(crate) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    pub(crate) fn stop(&self) -> bool {
        self.observer.stop()
    }

    /// Why the fit must end now, if it must: the observer asks for it, or more than `seconds` are over.
    pub(crate) fn over(&self, seconds: f64) -> Option<StopReason> {
        if self.stop() {
            return Some(StopReason::Interrupted);
        }
        (self.seconds() > seconds).then_some(StopReason::Time)
    }
}

/// Fits `train` and judges `held_out` as well.
fn run(
    (train, held_out): (Dataset, Dataset),
    config: &FitConfig,
    checkpoint: Option<&Checkpoint>,
    source: Option<&dyn Source>,
    observer: &mut dyn Observer,
) -> Result<Fit, FitError> {
    let mut watch = Watch::new(observer);
    let mut opening = Opening::of(&train, config, checkpoint, &mut watch)?;
    let names: Vec<String> = train.devices.iter().map(|d| d.id.name.clone()).collect();
    let from = opening.from(checkpoint, &names)?;
    let Opening { mut problem, config, said, .. } = opening;
    let config = &config;
    let mut decisions = decisions(&problem, &train);
    decisions.extend(said);
    let further = source.map(|source| Further::new(source, &train, config));
    let solution = match &config.solver {
        Solver::Lm(lm) => descent::solve(&mut problem, lm, config, from, &mut watch)?,
        Solver::Adamw(adamw) => {
            let held = stochastic::judge(&problem, (&train, &held_out), config);
            let fit = (adamw, config.seed);
            stochastic::solve(&problem, further.as_ref(), held.as_ref(), fit, from.theta(), &mut watch)?
        }
    };
    settle(problem, (&train, &held_out), further.as_ref(), config, solution, decisions, &mut watch)
}

/// From the minimum to the result: order and bounds where they are asked for, then model, errors, report.
fn settle(
    mut problem: Problem,
    (train, held_out): (&Dataset, &Dataset),
    further: Option<&Further<'_>>,
    config: &FitConfig,
    solution: Solution,
    mut decisions: Vec<String>,
    watch: &mut Watch<'_>,
) -> Result<Fit, FitError> {
    let polarity = train.devices[0].id.family.polarity;
    let (solution, unordered) = order::enforce(&mut problem, &[], polarity, config, solution, watch);
    let (solution, obeyed) = constraint::enforce(&problem, train, config, false, solution, watch);
    decisions.extend(obeyed);
    if let Some(further) = further {
        watch.show("judging all parts", 0, further.parts(), f64::NAN);
        decisions.push(further.told(&problem, &solution.theta)?);
    }
    Ended { problem: &problem, solution, train, held_out, config, decisions, sharing: None, unordered }
        .finish(watch)
}

fn decisions(problem: &Problem, data: &Dataset) -> Vec<String> {
    let floors = gummel_device::metrics::Spread::over(data.devices.iter().map(|d| d.floor));
    let mut out = vec![
        format!("noise floor {:.1e} A (median over devices, estimated from the data)", floors.median),
        format!(
            "heads: {} functions of geometry and corner, deviations held with strength {}",
            problem.layout.phi, problem.strength
        ),
    ];
    if !problem.statics.is_empty() {
        let temperatures: BTreeSet<u64> =
            data.devices.iter().flat_map(|d| d.temperature.iter().map(|t| t.to_bits())).collect();
        out.push(format!(
            "temperature is an input of trunk and population: the data have {}",
            temperatures.len()
        ));
    }
    out
}
