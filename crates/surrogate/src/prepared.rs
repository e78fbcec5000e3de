//! A problem with what stays the same between evaluations: blocks of points and their whitening factors.

use crate::problem::{Problem, Task};

/// A problem made ready for repeated evaluation; made anew when weights change.
pub(crate) struct Prepared<'a> {
    pub(crate) problem: &'a Problem,
    /// Blocks of every task, in the problem's order.
    blocks: Vec<Vec<PointBlock>>,
    /// Ranges of tasks that belong to device 0, 1, 2 ...
    devices: Vec<std::ops::Range<usize>>,
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
        Prepared { problem, blocks, devices: device_groups(problem) }
    }

    /// The tasks of device `d` with their blocks; none for a device without tasks.
    pub(crate) fn device(&self, d: usize) -> impl Iterator<Item = (&'a Task, &[PointBlock])> {
        let range = self.devices[d].clone();
        self.problem.tasks[range.clone()].iter().zip(self.blocks[range].iter().map(Vec::as_slice))
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
}

impl Whitening {
    /// Factors `W = S^2 + slope^2 D^T min(S)^2 D` of points `first .. first + n` of a task.
    pub(crate) fn new(task: &Task, first: usize, n: usize, slope: f64) -> Self {
        let s = &task.weight[first..first + n];
        let link = |p: usize| {
            if p + 1 < n && task.linked[first + p] {
                let k = slope * s[p].min(s[p + 1]);
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
        Whitening { diagonal, next }
    }

    /// Replaces `r` (at least as long as the block) by `L^T r`.
    pub(crate) fn apply(&self, r: &mut [f64]) {
        let n = self.diagonal.len();
        for p in 0..n {
            let following = if p + 1 < n { r[p + 1] } else { 0.0 };
            r[p] = self.diagonal[p] * r[p] + self.next[p] * following;
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
                expected += (slope * t.weight[p].min(t.weight[p + 1]) * (r[p + 1] - r[p])).powi(2);
            }
        }
        let mut white = r;
        w.apply(&mut white);
        let got: f64 = white.iter().map(|v| v * v).sum();
        assert!((got / expected - 1.0).abs() < 1e-12, "{got} against {expected}");
    }
}
