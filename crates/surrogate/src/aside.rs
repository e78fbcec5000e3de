//! Curves of a problem kept aside to choose by: how large a trunk, how tight a hold.

use std::ops::Range;

use rand::Rng;
use rand::seq::SliceRandom;

use crate::lm::residuals::raw_residuals;
use crate::problem::{Problem, Task, trusted};

/// Most devices that a choice is made on where each has hundreds of readings.
pub(crate) const DEVICES: usize = 12;
/// Most devices that a choice is made on where they have few.
const MOST_DEVICES: usize = 48;
/// Points of all tasks that a choice is made on, but at least [`LEAST`] of each.
const POINTS: usize = 2500;
/// Fewer points of a task than this say nothing of its curves.
const LEAST: usize = 50;
/// One curve in this many is held out.
const PARTS: usize = 5;
/// Families with fewer points are judged by several parts of their curves in turn: one would be luck.
const FEW_POINTS: usize = 4000;
/// How many parts that are.
const TURNS: usize = 3;
/// Readings whose weight is above this count: the noise of the others would hide what trunks differ in.
const STRONG: f64 = 0.5;

/// Devices to choose on: more of them where each has so few readings that their curves would judge by luck.
pub(crate) fn devices(problem: &Problem) -> usize {
    let each = problem.points() / problem.layout.devices.max(1);
    POINTS.div_ceil(each.max(1)).clamp(DEVICES, MOST_DEVICES)
}

/// How many parts of the curves judge in turn.
pub(crate) fn turns(problem: &Problem) -> usize {
    if problem.points() < FEW_POINTS { TURNS } else { 1 }
}

/// Points of every task that a choice is made on.
pub(crate) fn points_per_task(learnt: &Problem) -> usize {
    (POINTS / learnt.tasks.len().max(1)).max(LEAST)
}

/// Curves to learn from and curves to judge by, out of every task that has several; part `turn` of them is held out. Devices
/// that validation doubts have no say where there are others.
pub(crate) fn apart(problem: &Problem, turn: usize, rng: &mut impl Rng) -> (Problem, Problem) {
    let (mut learnt, mut held) = (Vec::new(), Vec::new());
    for task in trusted(problem.tasks.iter()) {
        let curves = curves(task);
        let mut order: Vec<usize> = (0..curves.len()).collect();
        order.shuffle(rng);
        let parts = PARTS.min(curves.len());
        let mut out = vec![false; task.points()];
        if parts > 1 {
            for c in order.iter().skip(turn % parts).step_by(parts) {
                out[curves[*c].clone()].fill(true);
            }
        }
        learnt.push(task.kept(|p| !out[p]));
        held.push(task.kept(|p| out[p]));
    }
    held.retain(|t| t.points() > 0);
    (problem.with_tasks(learnt), problem.with_tasks(held))
}

/// Points of every curve of a task.
fn curves(task: &Task) -> Vec<Range<usize>> {
    let mut first = 0;
    let ends = (0..task.points()).filter(|p| !task.linked[*p]);
    ends.map(|end| std::mem::replace(&mut first, end + 1)..end + 1).collect()
}

/// Geometric mean over curves of the RMS weighted residual; one curve that no trunk describes does not decide.
pub(crate) fn error(held: &Problem, theta: &[f64]) -> f64 {
    geometric(&log_errors(held, theta))
}

/// Geometric mean of errors, given their natural logarithms; NaN of nothing.
pub(crate) fn geometric(logs: &[f64]) -> f64 {
    (logs.iter().sum::<f64>() / logs.len() as f64).exp()
}

/// Natural logarithm of the RMS weighted residual of every curve that has a reading which counts.
pub(crate) fn log_errors(held: &Problem, theta: &[f64]) -> Vec<f64> {
    let mut logs = Vec::new();
    for (task, residuals) in held.tasks.iter().zip(raw_residuals(held, theta)) {
        for curve in curves(task) {
            let strong = curve.filter(|p| task.weight[*p] > STRONG);
            let (sum, points) =
                strong.fold((0.0, 0usize), |(s, n), p| (s + (task.weight[p] * residuals[p]).powi(2), n + 1));
            if points > 0 {
                logs.push(0.5 * (sum / points as f64).max(f64::MIN_POSITIVE).ln());
            }
        }
    }
    logs
}

/// Geometric mean of the errors of all turns, for the trials that all of them reached.
pub(crate) fn common(paths: &[Vec<f64>]) -> Vec<f64> {
    let widths = paths.iter().map(Vec::len).min().unwrap_or(0);
    let mean = |k: usize| paths.iter().map(|p| p[k].ln()).sum::<f64>() / paths.len() as f64;
    (0..widths).map(|k| mean(k).exp()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Synthetic;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn every_curve_is_either_learnt_or_held_and_every_turn_holds_others() {
        let problem = Synthetic { devices: 2, gates: 8, ..Synthetic::default() }.problem();
        let mut seen = 0;
        for turn in 0..PARTS {
            let (learnt, held) = apart(&problem, turn, &mut ChaCha8Rng::seed_from_u64(1));
            assert_eq!(learnt.points() + held.points(), problem.points());
            for task in &held.tasks {
                assert!(curves(task).iter().all(|c| c.len() == 8), "a curve was cut");
            }
            seen += held.points();
        }
        assert_eq!(seen, problem.points());
    }

    #[test]
    fn doubted_devices_have_no_say_where_there_are_others() {
        let mut problem = Synthetic { devices: 3, gates: 8, ..Synthetic::default() }.problem();
        let devices = |problem: &Problem| {
            let (learnt, held) = apart(problem, 0, &mut ChaCha8Rng::seed_from_u64(1));
            let of = |p: &Problem| p.tasks.iter().map(|t| t.device).collect::<Vec<_>>();
            assert_eq!(of(&learnt), of(&held));
            of(&held)
        };
        problem.tasks[1].trust = 0.1;
        assert_eq!(devices(&problem), [0, 2]);
        problem.tasks.iter_mut().for_each(|t| t.trust = 0.1);
        assert_eq!(devices(&problem), [0, 1, 2], "nobody else is there");
    }
}
