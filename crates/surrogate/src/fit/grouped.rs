//! A fit in which the data say who shares a trunk with whom.

use gummel_data::{Dataset, DeviceData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Judged, Observer, Parts, TaskFit};
use crate::checkpoint::Checkpoint;
use crate::config::FitConfig;
use crate::error::FitError;
use crate::grouping::{Grouping, Progressed, Tried, group};
use crate::interval::Effect;
use crate::sharing::{AutoConfig, TaskOf};

/// Groups the tasks of `data` by trials on parts of the readings, then fits every group to all of them.
///
/// `stopped` are the states of the networks of such a fit that goes on; none for a new one.
pub(super) fn fit(
    data: &Dataset,
    config: &FitConfig,
    auto: AutoConfig,
    stopped: &[&Checkpoint],
    observer: &mut dyn Observer,
) -> Result<Vec<TaskFit>, FitError> {
    auto.check()?;
    let (train, held_out) = data.split(&config.split);
    let parts = Parts::new(&train, &held_out, auto.tasks)?;
    let names = parts.names();
    let (state, stopped) = match stopped.iter().find_map(|c| c.grouping.as_ref()) {
        Some(Progressed::Settled(grouping)) => (Progressed::Settled(grouping.clone()), stopped),
        // What was fitted before the groups were known is of no group.
        Some(Progressed::Trying(tried)) => (grouped(&train, config, auto, tried, observer)?, &[][..]),
        None => (grouped(&train, config, auto, &[], observer)?, &[][..]),
    };
    let (groups, told) = match &state {
        Progressed::Settled(grouping) => (indices(grouping, &names)?, grouping.told(auto.worse)),
        Progressed::Trying(tried) => {
            let told = format!(
                "interrupted after {} fits that group tasks; until it goes on, all share a trunk",
                tried.len()
            );
            (vec![(0..names.len()).collect()], vec![told])
        }
    };
    let mut fits = Vec::new();
    for (k, chosen) in groups.iter().enumerate() {
        let mut watch = parts.watch(chosen, (k, groups.len()), observer);
        for (own, mut fit) in parts.finished(chosen, config, stopped, &mut watch)? {
            let family = &own.devices[0].id.family;
            // One network that serves everything has no name.
            let all = match auto.tasks {
                TaskOf::Family => parts.len() == 1,
                _ => groups.len() == 1,
            };
            let task = match (auto.tasks, chosen.as_slice()) {
                _ if all => String::new(),
                (TaskOf::Family, _) => family.to_string(),
                (_, [only]) => names[*only].clone(),
                _ => format!("group {}", k + 1),
            };
            let same = |d: &DeviceData| d.id.family == *family;
            let mut data = parts.part(data, chosen);
            data.devices.retain(same);
            if let Progressed::Settled(grouping) = &state {
                fit.report.grouping = Some(grouping.clone());
            }
            fit.report.decisions.extend(told.iter().cloned());
            fit.checkpoint.grouping = Some(state.clone());
            fits.push(TaskFit { task, data, fit });
        }
    }
    Ok(fits)
}

/// The groups of a checkpoint as indices of tasks.
///
/// # Errors
/// [`FitError::Checkpoint`] when its tasks are not those of the data.
fn indices(grouping: &Grouping, names: &[String]) -> Result<Vec<Vec<usize>>, FitError> {
    let of = |task: &String| names.iter().position(|n| n == task);
    let groups: Option<Vec<Vec<usize>>> =
        grouping.groups.iter().map(|g| g.iter().map(of).collect()).collect();
    groups.filter(|g| g.iter().map(Vec::len).sum::<usize>() == names.len()).ok_or_else(|| {
        FitError::Checkpoint {
            path: "checkpoint.json".into(),
            reason: format!("it groups other tasks than the {} of the data", names.len()),
        }
    })
}

/// Why trials end early.
enum Halt {
    /// The observer asked for it.
    Asked,
    Failed(FitError),
}

impl From<FitError> for Halt {
    fn from(error: FitError) -> Self {
        Halt::Failed(error)
    }
}

/// Fits some tasks together, fold by fold, and remembers what came of it.
struct Trials<'a> {
    /// What each fold learns from and is judged by, and its recipe.
    folds: Vec<(Parts, FitConfig)>,
    names: Vec<String>,
    over: Vec<Tried>,
    observer: &'a mut dyn Observer,
}

impl Trials<'_> {
    /// Squared errors of the tasks `chosen`, fold by fold.
    fn of(&mut self, chosen: &[usize]) -> Result<Vec<Judged>, Halt> {
        (0..self.folds.len()).map(|fold| self.judged(chosen, fold)).collect()
    }

    /// Squared errors of the tasks `chosen` in one fold, unless they are known already.
    fn judged(&mut self, chosen: &[usize], fold: usize) -> Result<Judged, Halt> {
        let tasks: Vec<String> = chosen.iter().map(|k| self.names[*k].clone()).collect();
        if let Some(known) = self.over.iter().find(|t| t.fold == fold && t.tasks == tasks) {
            return Ok(known.squares());
        }
        let done = self.over.len();
        let of = (3 * self.names.len() * self.folds.len()).max(done + self.folds.len());
        let (parts, config) = &self.folds[fold];
        let mut watch = parts.watch(chosen, (done, of), self.observer);
        let found = if watch.stop() { None } else { Some(parts.fit(chosen, config, &mut watch)?) };
        // A fit that was interrupted says nothing of its tasks.
        let found = found.filter(|_| !self.observer.stop()).ok_or(Halt::Asked)?;
        self.over.push(Tried::new(tasks, fold, &found));
        Ok(found)
    }
}

/// Who shares a trunk with whom; `known` are fits that were made before.
fn grouped(
    train: &Dataset,
    config: &FitConfig,
    auto: AutoConfig,
    known: &[Tried],
    observer: &mut dyn Observer,
) -> Result<Progressed, FitError> {
    let folds: Vec<(Parts, FitConfig)> = (0..auto.folds)
        .map(|k| {
            let (learnt, judging) = fold(train, auto.folds, k, config.seed);
            // Other starts in every fold, so that luck does not decide.
            let config = FitConfig { seed: config.seed.wrapping_add(k as u64), ..config.clone() };
            Ok((Parts::new(&learnt, &judging, auto.tasks)?, config))
        })
        .collect::<Result<_, FitError>>()?;
    let names = folds[0].0.names();
    let mut trials = Trials { folds, names: names.clone(), over: known.to_vec(), observer };
    let found = compared(&names, auto.worse, &mut trials);
    match found {
        Ok(grouping) => Ok(Progressed::Settled(grouping)),
        Err(Halt::Asked) => Ok(Progressed::Trying(trials.over)),
        Err(Halt::Failed(error)) => Err(error),
    }
}

/// The groups that trials lead to.
fn compared(names: &[String], worse: f64, trials: &mut Trials<'_>) -> Result<Grouping, Halt> {
    let alone = match names.len() {
        1 => Vec::new(),
        n => (0..n).map(|k| trials.of(&[k])).collect::<Result<Vec<_>, Halt>>()?,
    };
    group(names, worse, |tasks| {
        let together = trials.of(tasks)?;
        let change = |(at, k): (usize, &usize)| {
            let pairs: Vec<_> =
                together.iter().zip(&alone[*k]).map(|(now, before)| (&now[at][..], &before[0][..])).collect();
            Effect::over(&pairs)
        };
        Ok(tasks.iter().enumerate().map(change).collect())
    })
}

/// The readings that fold `k` of `folds` learns from, and those that judge it; every reading judges once. A device of a
/// single reading is always learnt.
fn fold(train: &Dataset, folds: usize, k: usize, seed: u64) -> (Dataset, Dataset) {
    let (mut learnt, mut judging) = (Vec::new(), Vec::new());
    for (d, device) in train.devices.iter().enumerate() {
        let mut part: Vec<usize> = (0..device.len()).map(|i| i % folds).collect();
        part.shuffle(&mut ChaCha8Rng::seed_from_u64(seed.wrapping_add(d as u64)));
        match device.filter(|i| part[i] != k) {
            Some(most) => {
                learnt.push(most);
                judging.extend(device.filter(|i| part[i] == k));
            }
            None => learnt.push(device.clone()),
        }
    }
    let of = |devices| Dataset { devices, files: train.files.clone() };
    (of(learnt), of(judging))
}
