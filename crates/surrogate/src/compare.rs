//! Does sharing help? The same data fitted with several ways of sharing, judged on what none of them saw.

use gummel_data::Dataset;
use serde::{Deserialize, Serialize};

use crate::config::FitConfig;
use crate::error::FitError;
use crate::fit::{Observer, combined, fit_tasks};
use crate::interval::interval;
use crate::pretrained::TrunkConfig;
use crate::report::{DeviceReport, Part, Summary, summarise};
use crate::sharing::{AutoConfig, Sharing, SingleConfig, SoftConfig, TaskOf, Towards};

/// A way of sharing under a name.
#[derive(Clone, Debug, PartialEq)]
pub struct Contender {
    /// Name in tables.
    pub name: String,
    /// What it shares.
    pub sharing: Sharing,
    /// True when it begins with the trunk that the recipe names; the others begin anywhere.
    pub given_trunk: bool,
}

/// What a way of sharing reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Name of the way.
    pub name: String,
    /// Number of networks.
    pub networks: usize,
    /// Number of parameters over all networks.
    pub parameters: usize,
    /// Seconds of fitting.
    pub seconds: f64,
    /// Errors over the devices, held-out points where there are any, else fitted ones.
    pub summary: Summary,
    /// Errors against those of the first contender; `None` for the first.
    pub change: Option<Change>,
}

/// Errors relative to a baseline, device by device.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Mean over devices and metrics (current, gm, gds) of `error / baseline - 1`: the negative of delta-m of K.
    /// Maninis et al., "Attentive single-tasking of multiple tasks" (2019). Below zero, sharing helps.
    pub mean: f64,
    /// Ends of the 95 % interval of the mean: what other devices of this kind would give. `None` for fewer than four.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
    /// Devices whose current is met worse than by the baseline, by more than 1 %.
    pub worse: usize,
    /// Devices compared.
    pub devices: usize,
}

/// The contenders that `data` and `config` allow: each device alone, one trunk, a tied network per device, with several
/// corners a network per corner tied to the corner plane, and with a given trunk one that begins with it.
pub fn contenders(data: &Dataset, config: &FitConfig) -> Vec<Contender> {
    let way = |name: &str, sharing| Contender { name: name.into(), sharing, given_trunk: false };
    let soft = |tasks, towards| Sharing::Soft(SoftConfig { tasks, towards, ..SoftConfig::default() });
    let mut all = vec![
        way("single", Sharing::Single(SingleConfig::default())),
        way("hard", Sharing::Hard),
        way("soft", soft(TaskOf::Device, Towards::Mean)),
    ];
    if TaskOf::Corner.groups(data).len() > 1 {
        all.push(way("corners", soft(TaskOf::Corner, Towards::Corners)));
    }
    if data.devices.len() > 1 {
        let auto = AutoConfig { tasks: TaskOf::Device, ..AutoConfig::default() };
        all.push(way("auto", Sharing::Auto(auto)));
    }
    if !config.trunk.from.is_empty() {
        all.push(Contender { given_trunk: true, ..way("trunk", Sharing::Hard) });
    }
    if config.sharing != Sharing::Hard {
        all.push(way("recipe", config.sharing.clone()));
    }
    all
}

/// Fits `data` with every contender; the first is the baseline of the others. Those that were not fitted to the end because the
/// observer asked for it are not among the standings.
///
/// # Errors
/// As [`fit_tasks`].
pub fn compare(
    data: &Dataset,
    config: &FitConfig,
    contenders: &[Contender],
    observer: &mut dyn Observer,
) -> Result<Vec<Standing>, FitError> {
    let mut standings = Vec::with_capacity(contenders.len());
    let mut baseline: Option<Vec<DeviceReport>> = None;
    for contender in contenders {
        let mut config = FitConfig { sharing: contender.sharing.clone(), ..config.clone() };
        if !contender.given_trunk {
            config.trunk = TrunkConfig::default();
        }
        let fits = fit_tasks(data, &config, observer)?;
        if observer.stop() {
            // An interrupted fit says nothing of its way.
            break;
        }
        let report = combined(&fits).ok_or(FitError::Empty)?;
        let part =
            if report.devices.iter().any(|d| d.part == Part::HeldOut) { Part::HeldOut } else { Part::Train };
        let devices: Vec<DeviceReport> = report.devices.into_iter().filter(|d| d.part == part).collect();
        let summary = summarise(&devices, part).ok_or(FitError::Empty)?;
        let p = report.parameters;
        standings.push(Standing {
            name: contender.name.clone(),
            networks: fits.len(),
            parameters: p.trunk + p.population + p.per_device * p.devices,
            seconds: report.seconds,
            summary,
            change: baseline.as_ref().map(|b| change(b, &devices)),
        });
        baseline.get_or_insert(devices);
    }
    Ok(standings)
}

fn change(baseline: &[DeviceReport], devices: &[DeviceReport]) -> Change {
    let (mut worse, mut compared) = (0, 0);
    // Sum and number of the changes of every device.
    let mut changes: Vec<(f64, usize)> = Vec::new();
    for device in devices {
        let Some(before) = baseline.iter().find(|b| b.name == device.name) else { continue };
        compared += 1;
        let metrics = [
            (Some(device.errors.rel_rms), Some(before.errors.rel_rms)),
            (device.gm_rel_l2, before.gm_rel_l2),
            (device.gds_rel_l2, before.gds_rel_l2),
        ];
        if device.errors.rel_rms > 1.01 * before.errors.rel_rms {
            worse += 1;
        }
        let known = metrics.into_iter().filter_map(|(now, then)| Some((now?, then?)));
        let sums = known.filter(|(now, then)| now.is_finite() && *then > 0.0);
        changes.push(sums.fold((0.0, 0), |(sum, n), (now, then)| (sum + now / then - 1.0, n + 1)));
    }
    let mean = |drawn: &mut dyn Iterator<Item = usize>| {
        let (sum, n) = drawn.fold((0.0, 0), |(sum, n), k| (sum + changes[k].0, n + changes[k].1));
        sum / n.max(1) as f64
    };
    Change {
        mean: mean(&mut (0..changes.len())),
        interval: interval(changes.len(), |drawn| mean(&mut drawn.iter().copied())),
        worse,
        devices: compared,
    }
}
