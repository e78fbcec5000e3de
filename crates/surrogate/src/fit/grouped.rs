//! A fit in which the data say who shares a trunk with whom.

use gummel_data::{Dataset, DeviceData};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{Observer, Parts, TaskFit};
use crate::config::FitConfig;
use crate::error::FitError;
use crate::grouping::{Grouping, group};
use crate::interval::Effect;
use crate::sharing::{AutoConfig, TaskOf};

/// Groups the tasks of `data` by trials on parts of the readings, then fits every group to all of them.
pub(super) fn fit(
    data: &Dataset,
    config: &FitConfig,
    auto: AutoConfig,
    observer: &mut dyn Observer,
) -> Result<Vec<TaskFit>, FitError> {
    auto.check()?;
    let (train, held_out) = data.split(&config.split);
    let (groups, grouping) = grouped(&train, config, auto, observer)?;
    let told = grouping.told(auto.worse);
    let parts = Parts::new(&train, &held_out, auto.tasks)?;
    let mut fits = Vec::new();
    for (k, chosen) in groups.iter().enumerate() {
        let mut watch = parts.watch(chosen, (k, groups.len()), observer);
        for (own, mut fit) in parts.finished(chosen, config, &mut watch)? {
            let family = &own.devices[0].id.family;
            // One network that serves everything has no name.
            let all = match auto.tasks {
                TaskOf::Family => parts.len() == 1,
                _ => groups.len() == 1,
            };
            let task = match (auto.tasks, chosen.as_slice()) {
                _ if all => String::new(),
                (TaskOf::Family, _) => family.to_string(),
                (_, [only]) => parts.names()[*only].clone(),
                _ => format!("group {}", k + 1),
            };
            let same = |d: &DeviceData| d.id.family == *family;
            let mut data = parts.part(data, chosen);
            data.devices.retain(same);
            fit.report.grouping = Some(grouping.clone());
            fit.report.decisions.extend(told.iter().cloned());
            fits.push(TaskFit { task, data, fit });
        }
    }
    Ok(fits)
}

/// Who shares a trunk with whom.
fn grouped(
    train: &Dataset,
    config: &FitConfig,
    auto: AutoConfig,
    observer: &mut dyn Observer,
) -> Result<(Vec<Vec<usize>>, Grouping), FitError> {
    let folds: Vec<(Parts, FitConfig)> = (0..auto.folds)
        .map(|k| {
            let (learnt, judging) = fold(train, auto.folds, k, config.seed);
            // Other starts in every fold, so that luck does not decide.
            let config = FitConfig { seed: config.seed.wrapping_add(k as u64), ..config.clone() };
            Ok((Parts::new(&learnt, &judging, auto.tasks)?, config))
        })
        .collect::<Result<_, FitError>>()?;
    let names = folds[0].0.names();
    let mut done = 0;
    // Squared errors of the tasks chosen, fold by fold.
    let mut fitted = |chosen: &[usize]| -> Result<Vec<Vec<Vec<Vec<f64>>>>, FitError> {
        let of = (3 * names.len() * folds.len()).max(done + folds.len());
        folds
            .iter()
            .map(|(parts, config)| {
                let mut watch = parts.watch(chosen, (done, of), observer);
                done += 1;
                parts.fit(chosen, config, &mut watch)
            })
            .collect()
    };
    let alone = match names.len() {
        1 => Vec::new(),
        n => (0..n).map(|k| fitted(&[k])).collect::<Result<_, FitError>>()?,
    };
    group(&names, auto.worse, |tasks| {
        let together = fitted(tasks)?;
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
