//! How tasks share what they learn: one network, tied networks, or none of each other.

use std::collections::BTreeMap;

use gummel_data::{Dataset, DeviceData};
use serde::{Deserialize, Serialize};

use crate::config::FitConfig;
use crate::error::FitError;

/// Who shares what.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Sharing {
    /// One trunk for all devices, a head for each (R. Caruana, "Multitask learning", 1997).
    #[default]
    Hard,
    /// A network for every task, parameters held close to each other (L. Duong et al., "Low resource dependency
    /// parsing: cross-lingual parameter sharing in a neural network parser", 2015).
    Soft(SoftConfig),
    /// A network for every task, each fitted alone: what sharing is compared with.
    Single(SingleConfig),
    /// One trunk for as many tasks as lose nothing by it; the others have trunks of their own.
    Auto(AutoConfig),
}

/// What a task is, where every task has a network of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskOf {
    /// A device: a geometry on a site at a corner.
    #[default]
    Device,
    /// A process corner with all its geometries.
    Corner,
    /// A geometry with all its corners and sites.
    Geometry,
    /// A family with all its devices.
    Family,
}

/// Options of networks that know nothing of each other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SingleConfig {
    /// What a task is.
    pub tasks: TaskOf,
}

/// Options of the guard against negative transfer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AutoConfig {
    /// What a task is. Families share a trunk only; each has its own population of heads.
    pub tasks: TaskOf,
    /// Relative increase of a task's error of unseen readings that must lie above its 95 % interval.
    pub worse: f64,
    /// Parts of every device's readings, each of which judges fits to the others while tasks are grouped.
    pub folds: usize,
}

impl Default for AutoConfig {
    fn default() -> Self {
        AutoConfig { tasks: TaskOf::Family, worse: 0.01, folds: 5 }
    }
}

impl AutoConfig {
    /// Refuses what cannot be meant.
    ///
    /// # Errors
    /// [`FitError::Config`] names the key.
    pub(crate) fn check(&self) -> Result<(), FitError> {
        let wrong = |key, found: String, expected: &str| {
            Err(FitError::Config { key, found, expected: expected.into() })
        };
        if !(self.worse >= 0.0 && self.worse.is_finite()) {
            return wrong("sharing.worse", self.worse.to_string(), "a number from 0 on, e.g. 0.01");
        }
        if !(2..=100).contains(&self.folds) {
            return wrong("sharing.folds", self.folds.to_string(), "2 to 100 parts, e.g. 5");
        }
        Ok(())
    }
}

/// Options of soft sharing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SoftConfig {
    /// What a task is.
    pub tasks: TaskOf,
    /// What parameters are held close to.
    pub towards: Towards,
    /// How distances are measured.
    pub distance: Distance,
    /// Penalty of a squared distance of one, in units of the loss of one reading.
    pub strength: f64,
    /// Factor on the strength for each layer of the trunk, first to last; those not named have 1.
    pub layers: Vec<f64>,
    /// Factor on the strength for the heads.
    pub heads: f64,
    /// How the strength develops.
    pub schedule: Schedule,
    /// Most steps of Levenberg-Marquardt after the hard-shared start; AdamW takes as many as for that.
    pub max_steps: usize,
}

impl Default for SoftConfig {
    fn default() -> Self {
        SoftConfig {
            tasks: TaskOf::Device,
            towards: Towards::Mean,
            distance: Distance::Squared,
            strength: 1.0,
            layers: Vec::new(),
            heads: 0.01,
            schedule: Schedule::Fixed,
            max_steps: 30,
        }
    }
}

/// What the parameters of a task are held close to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Towards {
    /// The mean over tasks.
    #[default]
    Mean,
    /// A plane over speed and skew: `tt` at its origin, a direction for fast and slow, one for skewed corners.
    Corners,
    /// Every other network. The distances between every two of `K` networks count one `K`th each, so that squared ones are
    /// those from the mean; with norms and absolute values networks fall into groups that have a layer or a parameter in common
    /// (D. Hallac, J. Leskovec, S. Boyd, "Network lasso: clustering and optimization in large graphs", 2015).
    Others,
}

/// Distance of parameters `d` from where they are held, per task and layer of `n` numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distance {
    /// `|d|^2 / 2`: all parameters a little different.
    #[default]
    Squared,
    /// `sqrt(n) |d|`: whole layers equal or free (M. Yuan, Y. Lin, "Model selection and estimation in regression with
    /// grouped variables", 2006).
    Norm,
    /// `sum |d_i|`: few parameters different.
    Absolute,
}

/// How the strength develops over the steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Constant.
    #[default]
    Fixed,
    /// From a hundred times the strength down to it over the first half of the steps.
    Annealed,
    /// Per layer, from the distances found (D. MacKay, "Bayesian interpolation", 1992); the strength is the start.
    Learned,
}

impl TaskOf {
    /// Name of the task that `device` belongs to.
    pub fn name(self, device: &DeviceData) -> String {
        match self {
            TaskOf::Device => device.id.name.clone(),
            TaskOf::Corner => {
                device.id.corner.map_or_else(|| "no-corner".to_owned(), |c| c.name().to_owned())
            }
            TaskOf::Geometry => device.id.geometry.label(),
            TaskOf::Family => device.id.family.to_string(),
        }
    }

    /// The tasks of `data`, in the order of their first devices, each with the indices of its devices.
    pub(crate) fn groups(self, data: &Dataset) -> Vec<(String, Vec<usize>)> {
        let mut groups: Vec<(String, Vec<usize>)> = Vec::new();
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        for (d, device) in data.devices.iter().enumerate() {
            let name = self.name(device);
            let at = *index.entry(name.clone()).or_insert_with(|| {
                groups.push((name, Vec::new()));
                groups.len() - 1
            });
            groups[at].1.push(d);
        }
        groups
    }

    /// The devices of one task.
    pub(crate) fn part(self, data: &Dataset, task: &str) -> Dataset {
        data.only(|d| self.name(d) == task)
    }
}

impl SoftConfig {
    /// Refuses what cannot be meant.
    ///
    /// # Errors
    /// [`FitError::Config`] names the key.
    pub(crate) fn check(&self, config: &FitConfig, tasks: usize) -> Result<(), FitError> {
        let wrong = |key, found: String, expected: String| Err(FitError::Config { key, found, expected });
        let factors = self.layers.iter().chain([&self.strength, &self.heads]);
        if let Some(bad) = factors.into_iter().find(|v| !(v.is_finite() && **v >= 0.0)) {
            return wrong("sharing.strength, layers, heads", bad.to_string(), "numbers from 0 on".into());
        }
        let most = config.network.widths().len();
        if self.layers.len() > most {
            return wrong(
                "sharing.layers",
                format!("{} factors", self.layers.len()),
                format!("at most {most}, one per layer"),
            );
        }
        if tasks < 2 {
            return wrong(
                "sharing.tasks",
                format!("{tasks} task"),
                "two tasks or more to tie together".into(),
            );
        }
        Ok(())
    }
}
