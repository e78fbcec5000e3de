//! From parameters to the result: frozen model, errors, verdicts, checkpoint.

use gummel_data::{Dataset, Flags};
use gummel_model::Model;

use super::{Fit, FitReport, ParameterCount, Solution, StopReason, Watch};
use crate::charges;
use crate::checkpoint::Checkpoint;
use crate::config::FitConfig;
use crate::doubt::doubts;
use crate::error::FitError;
use crate::freeze::freeze;
use crate::order;
use crate::parameters::{Layout, Parameters};
use crate::posterior::calibrate::calibrate;
use crate::posterior::learn::learn;
use crate::posterior::mean;
use crate::posterior::warmth::{self, Warmth};
use crate::problem::Problem;
use crate::report::{DeviceReport, Part, Summary, judge, summarise, verdicts};
use crate::soft::SharingReport;

/// A solved problem with all that belongs to it.
pub(super) struct Ended<'a> {
    pub(super) problem: &'a Problem,
    pub(super) solution: Solution,
    pub(super) train: &'a Dataset,
    pub(super) held_out: &'a Dataset,
    pub(super) config: &'a FitConfig,
    pub(super) decisions: Vec<String>,
    pub(super) sharing: Option<SharingReport>,
    /// Corners out of order before that was mended.
    pub(super) unordered: Option<usize>,
}

impl Ended<'_> {
    /// Freezes, adds charges where they are asked for, and judges.
    pub(super) fn finish(self, watch: &mut Watch<'_>) -> Result<Fit, FitError> {
        let Ended { problem, solution, train, held_out, config, mut decisions, sharing, unordered } = self;
        let names: Vec<String> = train.devices.iter().map(|d| d.id.name.clone()).collect();
        let parameters = Parameters::from_flat(&solution.theta, &problem.layout);
        let mut model = freeze(problem, &parameters, train, config)?;
        let warmth = Warmth::of(&model, "", config.residual.relative);
        model.population = learn(&model, train, config, &warmth);
        if model.population.is_some() {
            let means = mean::settle(&mut model, train, config);
            calibrate(&mut model, train, config, &means);
            warmth::settle(&mut model, &warmth);
        }
        decisions.extend(charges::watched(&mut model, train, &config.charges, config.seed, watch)?);
        let mut devices = judge(&model, train, Part::Train);
        let weights: Vec<(String, f64)> =
            names.iter().cloned().zip(solution.weights.iter().copied()).collect();
        let doubts: Vec<Flags> = train.devices.iter().map(doubts).collect();
        verdicts(&mut devices, &weights, &doubts);
        devices.extend(judge(&model, held_out, Part::HeldOut));
        let summaries: Vec<Summary> =
            [Part::Train, Part::HeldOut].into_iter().filter_map(|p| summarise(&devices, p)).collect();
        record(&mut model, &devices, &summaries);
        let doubtful = devices.iter().filter(|d| d.verdict.is_some()).count();
        if doubtful > 0 {
            decisions.push(format!("{doubtful} devices do not fit the family; the table says why"));
        }
        let order = order::report(
            problem,
            train.devices[0].id.family.polarity,
            &config.order,
            &solution.theta,
            unordered,
        );
        decisions.extend(order.as_ref().map(order::told));
        let checkpoint =
            Checkpoint::new(&problem.layout, names, &solution.theta, solution.steps, solution.damping);
        let report = FitReport {
            devices,
            summaries,
            history: watch.history.clone(),
            parameters: count(&problem.layout),
            seconds: watch.seconds(),
            stopped: if watch.stop() { StopReason::Interrupted } else { solution.stopped },
            decisions,
            sharing,
            grouping: None,
            order,
        };
        Ok(Fit { model, report, checkpoint })
    }
}

/// Errors into the manifest, so that the model folder alone says how good it is.
fn record(model: &mut Model, devices: &[DeviceReport], summaries: &[Summary]) {
    for entry in &mut model.manifest.devices {
        if let Some(d) = devices.iter().find(|d| d.part == Part::Train && d.name == entry.name) {
            entry.errors = Some(d.errors);
            entry.gm_rel_l2 = d.gm_rel_l2;
            entry.gds_rel_l2 = d.gds_rel_l2;
        }
    }
    for s in summaries {
        let prefix = if s.part == Part::HeldOut { "held_out_" } else { "" };
        model.manifest.metrics.extend(s.rows().map(|(name, spread)| (format!("{prefix}{name}"), spread)));
    }
}

fn count(layout: &Layout) -> ParameterCount {
    ParameterCount {
        trunk: layout.trunk(),
        population: layout.shared() - layout.trunk(),
        per_device: layout.local(),
        devices: layout.devices,
    }
}
