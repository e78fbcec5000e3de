//! A fit in which the data say who shares a trunk with whom.

use gummel_data::{Dataset, DeviceData, Split};

use super::parts::Judged;
use super::{Observer, Parts, TaskFit};
use crate::config::FitConfig;
use crate::error::FitError;
use crate::grouping::{Grouping, Outcome, group};
use crate::interval::Effect;
use crate::sharing::{AutoConfig, TaskOf};

/// Groups the tasks of `data` by trials on part of the readings, then fits every group to all of them.
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
    let n = parts.len();
    let mut all = Vec::new();
    for (k, chosen) in groups.iter().enumerate() {
        let mut watch = parts.watch(chosen, (2 * n - 1 + k, 2 * n - 1 + groups.len()), observer);
        for (own, mut fit) in parts.finished(chosen, config, &mut watch)? {
            let family = &own.devices[0].id.family;
            let task = match (auto.tasks, chosen.as_slice()) {
                (TaskOf::Family, _) => family.to_string(),
                (_, [only]) => parts.names()[*only].clone(),
                _ if groups.len() == 1 => String::new(),
                _ => format!("group {}", k + 1),
            };
            let same = |d: &DeviceData| d.id.family == *family;
            let mut data = parts.part(data, chosen);
            data.devices.retain(same);
            fit.report.grouping = Some(grouping.clone());
            fit.report.decisions.extend(told.iter().cloned());
            all.push(TaskFit { task, data, fit });
        }
    }
    Ok(all)
}

/// Who shares a trunk with whom.
fn grouped(
    train: &Dataset,
    config: &FitConfig,
    auto: AutoConfig,
    observer: &mut dyn Observer,
) -> Result<(Vec<Vec<usize>>, Grouping), FitError> {
    let (learnt, judging) = train.split(&Split::Points { fraction: auto.held_out, seed: config.seed });
    let parts = Parts::new(&learnt, &judging, auto.tasks)?;
    let n = parts.len();
    let mut done = 0;
    let mut fitted = |chosen: &[usize]| -> Result<Judged, FitError> {
        let mut watch = parts.watch(chosen, (done, 3 * n - 1), observer);
        done += 1;
        parts.fit(chosen, config, &mut watch)
    };
    let mut alone = Vec::with_capacity(n);
    if n > 1 {
        for k in 0..n {
            alone.extend(fitted(&[k])?.squares);
        }
    }
    group(&parts.names(), auto.worse, |tasks| {
        let Judged { squares, conflict } = fitted(tasks)?;
        let changes = squares.iter().zip(tasks).map(|(now, k)| Effect::between(now, &alone[*k]));
        Ok(Outcome { changes: changes.collect(), apart: conflict.apart() })
    })
}
