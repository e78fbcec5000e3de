//! A problem with what stays the same between evaluations: blocks of points and their whitening factors.

use gummel_kernel::{Isa, OutputKind, bidiagonal};

use crate::problem::{Problem, Task};
use crate::smooth;

/// A problem made ready for repeated evaluation; made anew when weights change.
pub(crate) struct Prepared<'a> {
    pub(crate) problem: &'a Problem,
    /// Blocks of every task, in the problem's order.
    blocks: Vec<Vec<PointBlock>>,
    /// Curves of smoothness, one per task of the problem that has any.
    smooth: Vec<Option<(Task, Vec<PointBlock>)>>,
    /// Ranges of tasks that belong to device 0, 1, 2 ...
    devices: Vec<std::ops::Range<usize>>,
}

/// Points of one head with what makes rows of residuals of them.
pub(crate) struct Rows<'a> {
    pub(crate) task: &'a Task,
    pub(crate) blocks: &'a [PointBlock],
    /// How `y` becomes a residual.
    pub(crate) kind: OutputKind,
}

/// Consecutive points of a task that are evaluated together.
pub(crate) struct PointBlock {
    pub(crate) first: usize,
    pub(crate) points: usize,
    pub(crate) whitening: Whitening,
}

impl<'a> Prepared<'a> {
    pub(crate) fn new(problem: &'a Problem) -> Self {
        let blocks = problem.tasks.iter().map(|t| PointBlock::all(t, problem.slope_weight)).collect();
        let smooth = match problem.smoothness {
            rho if rho > 0.0 => smooth::curves(problem)
                .into_iter()
                .map(|curves| {
                    let curves = curves?;
                    let blocks = PointBlock::bends(&curves, rho);
                    Some((curves, blocks))
                })
                .collect(),
            _ => Vec::new(),
        };
        Prepared { problem, blocks, smooth, devices: device_groups(problem) }
    }

    /// All rows of device `d`, readings and smoothness; none for a device without tasks.
    pub(crate) fn device(&self, d: usize) -> impl Iterator<Item = Rows<'_>> {
        self.devices[d].clone().flat_map(|k| {
            let task = &self.problem.tasks[k];
            let kind = self.problem.outputs[task.output].kind;
            let readings = Rows { task, blocks: &self.blocks[k], kind };
            let smooth = self.smooth.get(k).and_then(Option::as_ref);
            // Smoothness is asked of y itself, which is what the kinds other than the channel's compare.
            let smooth = smooth.map(|(task, blocks)| Rows { task, blocks, kind: OutputKind::Bulk });
            std::iter::once(readings).chain(smooth)
        })
    }

    /// Number of points of device `d` over all its tasks.
    pub(crate) fn points_of(&self, d: usize) -> usize {
        self.problem.tasks[self.devices[d].clone()].iter().map(Task::points).sum()
    }
}

impl PointBlock {
    /// All blocks of a task; `slope` weighs differences of neighbours against points.
    pub(crate) fn all(task: &Task, slope: f64) -> Vec<PointBlock> {
        let ready = |(first, points)| PointBlock {
            first,
            points,
            whitening: Whitening::new(task, first, points, slope),
        };
        task.blocks().into_iter().map(ready).collect()
    }

    /// Blocks whose rows are `rho` times the third differences along curves.
    fn bends(curves: &Task, rho: f64) -> Vec<PointBlock> {
        let ready = |(first, points)| PointBlock {
            first,
            points,
            whitening: Whitening::bends(&curves.linked[first..first + points], rho),
        };
        curves.blocks().into_iter().map(ready).collect()
    }
}

/// A device without tasks has an empty range.
fn device_groups(problem: &Problem) -> Vec<std::ops::Range<usize>> {
    let mut next = 0;
    (0..problem.layout.devices)
        .map(|d| {
            let first = next;
            while next < problem.tasks.len() && problem.tasks[next].device == d {
                next += 1;
            }
            first..next
        })
        .collect()
}

/// Factor `L` of the weights of one block: `(L^T r)_p = diagonal_p r_p + next_p r_{p+1}`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Whitening {
    /// Factor on the point itself.
    pub(crate) diagonal: Vec<f64>,
    /// Factor on the following point.
    pub(crate) next: Vec<f64>,
    /// What is applied to the result.
    then: Option<Box<Whitening>>,
}

impl Whitening {
    /// Factors `W = S^2 + slope^2 D^T min(S)^2 F^2 D` of points `first .. first + n` of a task.
    pub(crate) fn new(task: &Task, first: usize, n: usize, slope: f64) -> Self {
        let s = &task.weight[first..first + n];
        let link = |p: usize| {
            if p + 1 < n && task.linked[first + p] {
                let k = slope * task.steepness[first + p] * s[p].min(s[p + 1]);
                k * k
            } else {
                0.0
            }
        };
        let (mut diagonal, mut next) = (vec![0.0; n], vec![0.0; n]);
        let mut carried = 0.0;
        for p in 0..n {
            let before = if p > 0 { link(p - 1) } else { 0.0 };
            let pivot = s[p] * s[p] + before + link(p) - carried;
            diagonal[p] = pivot.max(0.0).sqrt();
            next[p] = if diagonal[p] > 0.0 { -link(p) / diagonal[p] } else { 0.0 };
            carried = next[p] * next[p];
        }
        Whitening { diagonal, next, then: None }
    }

    /// `rho (r_(p+3) - 3 r_(p+2) + 3 r_(p+1) - r_p)` within curves, 0 at the last three points of each: three
    /// passes of differences, each a point shorter.
    fn bends(linked: &[bool], rho: f64) -> Self {
        let followed =
            |p: usize, points: usize| linked[p..].iter().take(points).filter(|l| **l).count() == points;
        let pass = |points: usize, factor: f64, then| {
            let row = |v: f64| (0..linked.len()).map(|p| if followed(p, points) { v } else { 0.0 }).collect();
            Whitening { diagonal: row(-factor), next: row(factor), then }
        };
        let third = pass(3, rho, None);
        let second = pass(2, 1.0, Some(Box::new(third)));
        pass(1, 1.0, Some(Box::new(second)))
    }

    /// Replaces `r` (at least as long as the block) by `L^T r`.
    pub(crate) fn apply(&self, r: &mut [f64]) {
        bidiagonal::apply(Isa::detect(), &self.diagonal, &self.next, &mut r[..self.diagonal.len()]);
        if let Some(then) = &self.then {
            then.apply(r);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::tests::task;

    #[test]
    fn whitening_reproduces_points_and_slopes() {
        let t = task(vec![true, true, false, true, true, false]);
        let slope = 1.7;
        let w = Whitening::new(&t, 0, 6, slope);
        let r = [0.3, -0.2, 0.5, 1.0, 0.7, -0.4];
        let mut expected: f64 = (0..6).map(|p| (t.weight[p] * r[p]).powi(2)).sum();
        for p in 0..5 {
            if t.linked[p] {
                let weight = slope * t.steepness[p] * t.weight[p].min(t.weight[p + 1]);
                expected += (weight * (r[p + 1] - r[p])).powi(2);
            }
        }
        let mut white = r;
        w.apply(&mut white);
        let got: f64 = white.iter().map(|v| v * v).sum();
        assert!((got / expected - 1.0).abs() < 1e-12, "{got} against {expected}");
    }

    #[test]
    fn smoothness_sees_third_differences_within_curves_and_no_parabola() {
        let linked = [true, true, true, true, false, true, true, true, false];
        let bends = Whitening::bends(&linked, 2.0);
        let mut parabola: Vec<f64> = (0..9).map(|p| 3.0 - 0.5 * p as f64 + 0.7 * (p * p) as f64).collect();
        bends.apply(&mut parabola);
        assert!(parabola.iter().all(|r| r.abs() < 1e-12), "{parabola:?}");
        let mut cubes: Vec<f64> = (0..9).map(|p| (p * p * p) as f64).collect();
        bends.apply(&mut cubes);
        // The third difference of p^3 is 6; five points have two of them, four have one.
        assert_eq!(cubes, [12.0, 12.0, 0.0, 0.0, 0.0, 12.0, 0.0, 0.0, 0.0]);
    }
}
