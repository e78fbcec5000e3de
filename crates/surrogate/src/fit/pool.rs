//! One trunk for devices of one or several families, each family with a population of its own.
//!
//! ```text
//! head of device k of family f = B_f phi(place of k) + D_k
//! ```
//! In the joint problem `phi` has a block of columns per family and is zero in those of the others, so that the solver
//! needs to know nothing of families. What it finds is cut into a model per family.

use std::ops::Range;

use gummel_data::Dataset;
use gummel_device::{DeviceId, Family as FamilyName};

use super::descent;
use super::opening::Opening;
use super::{Fit, Solution, Watch, decisions, settle};
use crate::assemble::{assemble, features, has_own_temperature};
use crate::checkpoint::Checkpoint;
use crate::config::{FitConfig, Solver, Toggle};
use crate::conflict::{self, Conflict};
use crate::error::FitError;
use crate::parameters::Layout;
use crate::problem::{Problem, Task};

/// Families solved for with one trunk, not yet models.
pub(crate) struct Joint {
    problem: Problem,
    families: Vec<Family>,
    config: FitConfig,
    solution: Solution,
    /// What was decided for all of them.
    said: Vec<String>,
}

/// One family of a joint problem.
struct Family {
    train: Dataset,
    held_out: Dataset,
    /// Its own problem, inputs scaled as in the joint one.
    problem: Problem,
    /// Its devices in the joint problem.
    devices: Range<usize>,
    /// Its columns of B in the joint problem.
    columns: Range<usize>,
    /// Its tasks in the joint problem.
    tasks: Range<usize>,
}

/// Fits `train` with one trunk, or goes on from where such a fit stopped; order and bounds come with [`Joint::finish`], which
/// judges `held_out` as well.
///
/// # Errors
/// As [`fit`](super::fit()); [`FitError::Config`] for what cannot be had with several families, [`FitError::Checkpoint`].
pub(crate) fn solve(
    train: &Dataset,
    held_out: &Dataset,
    config: &FitConfig,
    checkpoint: Option<&Checkpoint>,
    watch: &mut Watch<'_>,
) -> Result<Joint, FitError> {
    let Solver::Lm(lm) = &config.solver else {
        return Err(FitError::Config {
            key: "sharing.kind",
            found: "tasks to be grouped, with solver adamw".into(),
            expected: "solver.kind = \"lm\"".into(),
        });
    };
    let parts: Vec<Dataset> =
        train.parted_by(|id| id.family.clone()).into_iter().map(|(_, part)| part).collect();
    let names = names(train);
    if let [only] = parts.as_slice() {
        let mut opening = Opening::of(only, config, checkpoint, watch)?;
        let from = opening.from(checkpoint, &names)?;
        let Opening { mut problem, config, said, .. } = opening;
        let solution = descent::solve(&mut problem, lm, &config, from, watch)?;
        let family = Family {
            train: only.clone(),
            held_out: held_out.clone(),
            devices: 0..problem.layout.devices,
            columns: 0..problem.layout.phi,
            tasks: 0..problem.tasks.len(),
            problem: problem.clone(),
        };
        return Ok(Joint { problem, families: vec![family], config, solution, said });
    }
    if !config.trunk.from.is_empty() {
        return Err(FitError::Config {
            key: "trunk.from",
            found: format!("{} for {} families at once", config.trunk.from, parts.len()),
            expected: "one family, or no given trunk".into(),
        });
    }
    let config = seen_alike(train, config);
    let (problem, families) = merged(parts, held_out, &config)?;
    let mut opening = Opening::assembled(problem, config, checkpoint, watch);
    let from = opening.from(checkpoint, &names)?;
    let Opening { mut problem, config, mut said, .. } = opening;
    let solution = descent::solve(&mut problem, lm, &config, from, watch)?;
    said.push(format!("one trunk for {} families, a population of heads for each", families.len()));
    Ok(Joint { problem, families, config, solution, said })
}

/// What the devices of `data` are called in a checkpoint where several families may take part: family by family.
pub(super) fn names(data: &Dataset) -> Vec<String> {
    let mut families: Vec<&FamilyName> = Vec::new();
    for device in &data.devices {
        if !families.contains(&&device.id.family) {
            families.push(&device.id.family);
        }
    }
    let mut names = Vec::with_capacity(data.devices.len());
    for family in families {
        let own = data.devices.iter().filter(|d| d.id.family == *family);
        names.extend(own.map(|d| format!("{family} {}", d.id.name)));
    }
    names
}

/// The recipe with temperature an input for all families where it is one for any, and deviations that follow it in all or in none.
fn seen_alike(data: &Dataset, config: &FitConfig) -> FitConfig {
    let mut config = config.clone();
    if config.network.temperature_input == Toggle::Auto {
        let mut all = data.devices.iter().flat_map(|d| d.temperature.iter());
        let first = all.next().copied();
        let varies = all.any(|t| Some(*t) != first);
        config.network.temperature_input = if varies { Toggle::On } else { Toggle::Off };
    }
    let own = has_own_temperature(data, &config);
    config.heads.own_temperature = if own { Toggle::On } else { Toggle::Off };
    config
}

/// The problem of all families at once.
fn merged(
    parts: Vec<Dataset>,
    held_out: &Dataset,
    config: &FitConfig,
) -> Result<(Problem, Vec<Family>), FitError> {
    let all = |p: &Dataset| p.devices.clone();
    let whole = Dataset { devices: parts.iter().flat_map(all).collect(), files: Vec::new() };
    let features = features(&whole, config);
    let (mut families, mut devices, mut columns, mut tasks) = (Vec::new(), 0, 0, 0);
    for train in parts {
        let mut problem = assemble(&train, config)?;
        problem.scale_inputs(&features);
        let name = &train.devices[0].id.family;
        let after =
            (devices + problem.layout.devices, columns + problem.layout.phi, tasks + problem.tasks.len());
        families.push(Family {
            held_out: held_out.only(|d| d.id.family == *name),
            devices: devices..after.0,
            columns: columns..after.1,
            tasks: tasks..after.2,
            train,
            problem,
        });
        (devices, columns, tasks) = after;
    }
    Ok((placed(&families), families))
}

/// The tasks of all families in one problem, with a block of columns of B for each family.
fn placed(families: &[Family]) -> Problem {
    let end = |range: fn(&Family) -> &Range<usize>| families.last().map_or(0, |f| range(f).end);
    let (devices, columns) = (end(|f| &f.devices), end(|f| &f.columns));
    let place = |family: &Family, task: &Task| {
        let mut phi = vec![0.0; columns];
        phi[family.columns.clone()].copy_from_slice(&task.phi);
        Task { device: family.devices.start + task.device, phi, ..task.clone() }
    };
    let tasks = families.iter().flat_map(|f| f.problem.tasks.iter().map(|t| place(f, t))).collect();
    let first = &families[0].problem;
    let layout = Layout { devices, phi: columns, ..first.layout.clone() };
    Problem { layout, tasks, ..first.clone() }
}

impl Joint {
    /// How the tasks, each some devices with a name, pull at the trunk that serves them all.
    pub(crate) fn conflict(&self, groups: &[(String, Vec<&DeviceId>)]) -> Conflict {
        let index = |device: &&DeviceId| {
            let family = self.families.iter().find(|f| f.train.devices[0].id.family == device.family)?;
            let at = family.train.devices.iter().position(|d| d.id == **device)?;
            Some(family.devices.start + at)
        };
        let groups: Vec<(String, Vec<usize>)> = groups
            .iter()
            .map(|(name, devices)| (name.clone(), devices.iter().filter_map(index).collect()))
            .collect();
        conflict::between(&self.problem, &self.solution.theta, &groups)
    }

    /// A model per family, with what it was fitted to, in the order of the families' first devices; bounds on gm and gds are
    /// brought about one by one. The checkpoint of each is that of all, before the bounds.
    pub(crate) fn finish(self, watch: &mut Watch<'_>) -> Result<Vec<(Dataset, Fit)>, FitError> {
        let Joint { problem, families, config, solution, said } = self;
        let names = families.iter().flat_map(|f| names(&f.train)).collect();
        let (steps, damping) = (solution.steps, solution.damping);
        let checkpoint = Checkpoint::new(&problem.layout, names, &solution.theta, steps, damping);
        families
            .into_iter()
            .map(|family| {
                let (own, solution) = family.cut(&problem, &solution);
                let mut decisions = decisions(&own, &family.train);
                decisions.extend(said.iter().cloned());
                let data = (&family.train, &family.held_out);
                let fit = settle(own, data, None, &config, solution, decisions, watch)?;
                Ok((family.train, Fit { checkpoint: checkpoint.clone(), ..fit }))
            })
            .collect()
    }
}

impl Family {
    /// This family's part of a solved joint problem.
    fn cut(&self, joint: &Problem, solution: &Solution) -> (Problem, Solution) {
        let mut own = self.problem.clone();
        own.layout.shape = joint.layout.shape.clone();
        // Robust weights were set in the joint problem.
        for (task, weighed) in own.tasks.iter_mut().zip(&joint.tasks[self.tasks.clone()]) {
            task.weight.clone_from(&weighed.weight);
        }
        let (layout, whole, all) = (&own.layout, &joint.layout, &solution.theta);
        let mut theta = all[..whole.trunk()].to_vec();
        for o in 0..layout.outputs {
            for row in all[whole.population(o)..][..whole.head() * whole.phi].chunks_exact(whole.phi) {
                theta.extend_from_slice(&row[self.columns.clone()]);
            }
        }
        for d in self.devices.clone() {
            theta.extend_from_slice(whole.deviations(all, d));
        }
        let weights = solution.weights[self.devices.clone()].to_vec();
        let solution = Solution { theta, weights, ..*solution };
        (own, solution)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lm::residuals::loss;
    use crate::prepared::Prepared;
    use crate::synthetic::Synthetic;

    #[test]
    fn families_cut_out_of_a_joint_problem_say_what_it_said() {
        let of =
            |devices, seed| Synthetic { devices, gates: 6, hidden: vec![4, 3], gate: true, seed }.problem();
        let mut parts = vec![of(2, 1), of(3, 2)];
        // The second family knows fewer functions of size.
        parts[1].population = gummel_kernel::Basis::constant();
        parts[1].layout.phi = 1;
        parts[1].tasks.iter_mut().for_each(|t| t.phi = vec![1.0]);
        let empty = || Dataset { devices: Vec::new(), files: Vec::new() };
        let (mut devices, mut columns, mut tasks) = (0, 0, 0);
        let mut families = Vec::new();
        for problem in parts {
            let (d, c, t) = (problem.layout.devices, problem.layout.phi, problem.tasks.len());
            families.push(Family {
                train: empty(),
                held_out: empty(),
                devices: devices..devices + d,
                columns: columns..columns + c,
                tasks: tasks..tasks + t,
                problem,
            });
            (devices, columns, tasks) = (devices + d, columns + c, tasks + t);
        }
        let joint = placed(&families);
        assert_eq!((joint.layout.devices, joint.layout.phi), (5, 4));
        let theta: Vec<f64> = (0..joint.layout.total()).map(|k| 0.1 * ((k * 7 % 13) as f64 - 6.0)).collect();
        let solution = Solution {
            theta,
            stopped: crate::lm::StopReason::Converged,
            steps: 1,
            damping: 1e-2,
            weights: vec![1.0; 5],
        };
        let whole = loss(&Prepared::new(&joint), &solution.theta);
        let parts: f64 = families
            .iter()
            .map(|f| {
                let (own, solution) = f.cut(&joint, &solution);
                assert_eq!(solution.theta.len(), own.layout.total());
                loss(&Prepared::new(&own), &solution.theta)
            })
            .sum();
        assert!((parts / whole - 1.0).abs() < 1e-12, "{parts} against {whole}");
    }
}
