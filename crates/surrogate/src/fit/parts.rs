//! Tasks of a dataset, fitted in any combination and judged by readings that the fits did not see.

use gummel_data::{Dataset, DeviceData};

use super::pool::{self, by_family};
use super::{Fit, Observer, Progress, Watch};
use crate::config::{FitConfig, Toggle};
use crate::conflict::Conflict;
use crate::error::FitError;
use crate::sharing::{Sharing, TaskOf};
use crate::unseen;

/// The tasks of a dataset: what is fitted of each and what judges it.
pub(crate) struct Parts {
    train: Dataset,
    held_out: Dataset,
    tasks: TaskOf,
    /// Names, and devices in `train`.
    groups: Vec<(String, Vec<usize>)>,
}

/// What a fit of some tasks came to.
pub(crate) struct Judged {
    /// Squared weighted residuals of the unseen readings of each task, curve by curve.
    pub(crate) squares: Vec<Vec<Vec<f64>>>,
    /// How the tasks pull at their trunk.
    pub(crate) conflict: Conflict,
}

impl Parts {
    /// The tasks of `train`.
    ///
    /// # Errors
    /// [`FitError::SeveralFamilies`] when tasks are not families and there are several of those.
    pub(crate) fn new(train: &Dataset, held_out: &Dataset, tasks: TaskOf) -> Result<Self, FitError> {
        let families = by_family(train);
        if tasks != TaskOf::Family && families.len() > 1 {
            let names: Vec<String> = families.iter().map(|f| f.devices[0].id.family.to_string()).collect();
            return Err(FitError::SeveralFamilies { found: families.len(), names: names.join(", ") });
        }
        let groups = tasks.groups(train);
        Ok(Parts { train: train.clone(), held_out: held_out.clone(), tasks, groups })
    }

    /// Number of tasks.
    pub(crate) fn len(&self) -> usize {
        self.groups.len()
    }

    /// Names of all tasks.
    pub(crate) fn names(&self) -> Vec<String> {
        self.groups.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Fitted readings of every task.
    pub(crate) fn fitted(&self) -> Vec<usize> {
        let points = |devices: &Vec<usize>| devices.iter().map(|d| self.train.devices[*d].len()).sum();
        self.groups.iter().map(|(_, devices)| points(devices)).collect()
    }

    /// Who watches the fit of `chosen`, `done` of `of` fits being over.
    pub(crate) fn watch<'a>(
        &self,
        chosen: &[usize],
        (done, of): (usize, usize),
        observer: &'a mut dyn Observer,
    ) -> OneOf<'a> {
        let name = match chosen {
            [only] => self.groups[*only].0.clone(),
            [a, b] => format!("{} + {}", self.groups[*a].0, self.groups[*b].0),
            more => format!("{} tasks", more.len()),
        };
        OneOf { observer, task: name, before: done, of }
    }

    /// Fits the drain currents of the tasks `chosen` together, without bounds, and judges each by what is held out.
    pub(crate) fn fit(
        &self,
        chosen: &[usize],
        config: &FitConfig,
        observer: &mut dyn Observer,
    ) -> Result<Judged, FitError> {
        let (train, held_out) = (self.part(&self.train, chosen), self.part(&self.held_out, chosen));
        // Bounds and charges cost most of a fit's time, and tasks do not share them.
        let mut config = FitConfig { sharing: Sharing::Hard, ..config.clone() };
        config.charges.fit = Toggle::Off;
        (config.constraints.steps, config.order.steps) = (0, 0);
        let mut watch = Watch::new(observer);
        let nothing = Dataset { devices: Vec::new(), ..train.clone() };
        let joint = pool::solve(&train, &nothing, &config, &mut watch)?;
        let groups: Vec<(String, Vec<DeviceData>)> = chosen
            .iter()
            .map(|k| {
                let (name, devices) = &self.groups[*k];
                (name.clone(), devices.iter().map(|d| self.train.devices[*d].clone()).collect())
            })
            .collect();
        let conflict = joint.conflict(&groups);
        let fits = joint.finish(&mut watch)?;
        let squares = chosen
            .iter()
            .map(|k| {
                let of = self.part(&held_out, &[*k]);
                let mut all = Vec::new();
                for (part, fit) in by_family(&train).iter().zip(&fits) {
                    let family = &part.devices[0].id.family;
                    let same = |d: &&DeviceData| d.id.family == *family;
                    let own = Dataset {
                        devices: of.devices.iter().filter(same).cloned().collect(),
                        files: Vec::new(),
                    };
                    all.extend(unseen::squares(&fit.model, &own, &config.residual));
                }
                all
            })
            .collect();
        Ok(Judged { squares, conflict })
    }

    /// Fits the tasks `chosen` together for good: all of `train`, and what the recipe holds out judged. A model per family.
    pub(crate) fn finished(
        &self,
        chosen: &[usize],
        config: &FitConfig,
        observer: &mut dyn Observer,
    ) -> Result<Vec<(Dataset, Fit)>, FitError> {
        let (train, held_out) = (self.part(&self.train, chosen), self.part(&self.held_out, chosen));
        let mut watch = Watch::new(observer);
        let fits = pool::solve(&train, &held_out, config, &mut watch)?.finish(&mut watch)?;
        Ok(by_family(&train).into_iter().zip(fits).collect())
    }

    /// The devices in `data` of the tasks `chosen`.
    pub(crate) fn part(&self, data: &Dataset, chosen: &[usize]) -> Dataset {
        let taken = |d: &&DeviceData| chosen.iter().any(|k| self.groups[*k].0 == self.tasks.name(d));
        Dataset { devices: data.devices.iter().filter(taken).cloned().collect(), files: data.files.clone() }
    }
}

/// Shows the fit of one task as a part of all.
pub(crate) struct OneOf<'a> {
    pub(crate) observer: &'a mut dyn Observer,
    /// Name of the task.
    pub(crate) task: String,
    /// Fits that are over.
    pub(crate) before: usize,
    /// Fits in all.
    pub(crate) of: usize,
}

impl Observer for OneOf<'_> {
    fn progress(&mut self, progress: &Progress) {
        self.observer.progress(&Progress {
            stage: format!("{} ({} of {})", self.task, self.before + 1, self.of),
            step: self.before * progress.max_steps + progress.step,
            max_steps: self.of * progress.max_steps,
            ..progress.clone()
        });
    }

    fn stop(&self) -> bool {
        self.observer.stop()
    }
}
