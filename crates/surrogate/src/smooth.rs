//! Smoothness between measured bulk voltages: curves along which `y` must not bend where no reading asks for it.
//!
//! Bulk voltages are measured far apart, and halfway between two of them nothing holds the trunk: it can meet every
//! reading to 0.1 % and be wrong there by any factor. The rows `rho (y_(p+3) - 3 y_(p+2) + 3 y_(p+1) - y_p)`, taken
//! along curves of [`NODES`] biases within the box of each task, are near 0 for the true characteristic, whose
//! body effect is nearly a parabola over their spacing, and large for a ripple.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::problem::{Problem, Task};

/// Points of one curve.
const NODES: usize = 9;
/// The bias feature along which curves are drawn, the bulk's.
const AXIS: usize = 2;
/// Readings per point on such a curve.
const SHARE: usize = 8;
/// Scaled range of the feature below which it counts as not varied; the box of all data is 3.4 wide.
const NARROW: f64 = 0.3;

/// For each task of a problem the points of its curves, as a task of their own; `None` where bulk voltage is not varied.
///
/// The same problem has the same curves.
pub(crate) fn curves(problem: &Problem) -> Vec<Option<Task>> {
    problem.tasks.iter().enumerate().map(|(k, task)| drawn(task, k as u64)).collect()
}

/// One curve for every 72 readings, begun or full, through random readings of `task`.
fn drawn(task: &Task, seed: u64) -> Option<Task> {
    let n = task.points();
    let swept = task.x.get(AXIS * n..(AXIS + 1) * n)?;
    let (low, high) = swept.iter().fold((f64::MAX, f64::MIN), |(a, b), &x| (a.min(x), b.max(x)));
    if high - low < NARROW {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let total = n.div_ceil(SHARE * NODES) * NODES;
    let mut x = vec![0.0; task.x.len() / n * total];
    for first in (0..total).step_by(NODES) {
        let p = rng.random_range(0..n);
        // Nodes of different curves lie at different places.
        let shift: f64 = rng.random();
        for (k, row) in x.chunks_exact_mut(total).enumerate() {
            let at = |j: usize| match k {
                AXIS => low + (high - low) * (j as f64 + shift) / NODES as f64,
                _ => task.x[k * n + p],
            };
            row[first..first + NODES].iter_mut().enumerate().for_each(|(j, v)| *v = at(j));
        }
    }
    Some(Task {
        x,
        vds: vec![0.0; total],
        target: vec![0.0; total],
        weight: vec![1.0; total],
        linked: (0..total).map(|p| (p + 1) % NODES != 0).collect(),
        steepness: vec![1.0; total],
        phi: task.phi.clone(),
        psi: task.psi.clone(),
        site: task.site.clone(),
        ..*task
    })
}
