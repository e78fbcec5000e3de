//! Tasks of a dataset, fitted in any combination and judged by readings that the fits did not see.

use gummel_data::Dataset;
use gummel_device::{DeviceId, Family};

use super::pool::{self, Joint};
use super::{Fit, Observer, Progress, Watch};
use crate::checkpoint::Checkpoint;
use crate::config::{FitConfig, Toggle};
use crate::conflict::Conflict;
use crate::error::FitError;
use crate::sharing::{Sharing, TaskOf};
use crate::unseen::squares;

/// The tasks of a dataset: what is fitted of each and what judges it.
pub(crate) struct Parts {
    train: Dataset,
    held_out: Dataset,
    tasks: TaskOf,
    /// Names, and devices in `train`.
    groups: Vec<(String, Vec<usize>)>,
}

/// Squared weighted residuals of the unseen readings of each task, curve by curve.
pub(crate) type Judged = Vec<Vec<Vec<f64>>>;

impl Parts {
    /// The tasks of `train`.
    ///
    /// # Errors
    /// [`FitError::SeveralFamilies`] when tasks are not families and there are several of those.
    pub(crate) fn new(train: &Dataset, held_out: &Dataset, tasks: TaskOf) -> Result<Self, FitError> {
        let mut families: Vec<&Family> = train.devices.iter().map(|d| &d.id.family).collect();
        families.sort();
        families.dedup();
        if tasks != TaskOf::Family && families.len() > 1 {
            let names: Vec<String> = families.iter().map(ToString::to_string).collect();
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
        let mut watch = Watch::new(observer);
        let (joint, config) = self.joint(chosen, config, &mut watch)?;
        self.judged(chosen, joint, &config, &mut watch)
    }

    /// As [`Parts::fit`] of all tasks, and how they pull at their trunk.
    pub(crate) fn fit_all(
        &self,
        config: &FitConfig,
        observer: &mut dyn Observer,
    ) -> Result<(Judged, Conflict), FitError> {
        let all: Vec<usize> = (0..self.len()).collect();
        let mut watch = Watch::new(observer);
        let (joint, config) = self.joint(&all, config, &mut watch)?;
        let ids = |devices: &[usize]| devices.iter().map(|d| &self.train.devices[*d].id).collect();
        let groups: Vec<(String, Vec<&DeviceId>)> =
            self.groups.iter().map(|(name, devices)| (name.clone(), ids(devices))).collect();
        let conflict = joint.conflict(&groups);
        Ok((self.judged(&all, joint, &config, &mut watch)?, conflict))
    }

    /// The tasks `chosen` solved for together, with the recipe that was used.
    fn joint(
        &self,
        chosen: &[usize],
        config: &FitConfig,
        watch: &mut Watch<'_>,
    ) -> Result<(Joint, FitConfig), FitError> {
        let train = self.part(&self.train, chosen);
        // Bounds and charges cost most of a fit's time, and tasks do not share them.
        let mut config = FitConfig { sharing: Sharing::Hard, ..config.clone() };
        config.charges.fit = Toggle::Off;
        (config.constraints.steps, config.order.steps) = (0, 0);
        let nothing = Dataset { devices: Vec::new(), files: train.files.clone() };
        Ok((pool::solve(&train, &nothing, &config, None, watch)?, config))
    }

    /// Errors of the unseen readings of each of the tasks `chosen`.
    fn judged(
        &self,
        chosen: &[usize],
        joint: Joint,
        config: &FitConfig,
        watch: &mut Watch<'_>,
    ) -> Result<Judged, FitError> {
        let fits = joint.finish(watch)?;
        let of_task = |k: &usize| {
            let unseen = self.part(&self.held_out, &[*k]);
            fits.iter()
                .flat_map(|(train, fit)| {
                    let family = &train.devices[0].id.family;
                    let own = unseen.only(|d| d.id.family == *family);
                    squares(&fit.model, &own, &config.residual)
                })
                .collect()
        };
        Ok(chosen.iter().map(of_task).collect())
    }

    /// Fits the tasks `chosen` together for good: all of `train`, and what the recipe holds out judged. A model per family.
    ///
    /// Where one of `stopped` is the state of such a fit of these tasks, it goes on from there.
    pub(crate) fn finished(
        &self,
        chosen: &[usize],
        config: &FitConfig,
        stopped: &[&Checkpoint],
        observer: &mut dyn Observer,
    ) -> Result<Vec<(Dataset, Fit)>, FitError> {
        let (train, held_out) = (self.part(&self.train, chosen), self.part(&self.held_out, chosen));
        let mut watch = Watch::new(observer);
        let names = pool::names(&train);
        let checkpoint = stopped.iter().copied().find(|c| c.is_of(&names));
        pool::solve(&train, &held_out, config, checkpoint, &mut watch)?.finish(&mut watch)
    }

    /// The devices in `data` of the tasks `chosen`.
    pub(crate) fn part(&self, data: &Dataset, chosen: &[usize]) -> Dataset {
        data.only(|d| {
            let name = self.tasks.name(d);
            chosen.iter().any(|k| self.groups[*k].0 == name)
        })
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
