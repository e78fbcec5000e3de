//! How tasks pull at the trunk they share, layer by layer.
//!
//! ```text
//! cosine_kj = g_k' H^-1 g_j / sqrt(g_k' H^-1 g_k  g_j' H^-1 g_j)        pull_k = g_k' H^-1 g_k / 2 loss_k
//! ```
//! `g_k`: gradient of the loss of task `k` over the parameters of a layer where the joint fit ended, the heads of its devices
//! eliminated; `H`: Gauss-Newton matrix of all tasks over the same parameters. `H^-1 g_k` is the step that task `k` asks
//! for; `g_j' H^-1 g_k` is how much task `j` would gain by it to first order, the affinity of C. Fifty et al. ("Efficiently
//! identifying task groupings for multi-task learning", 2021) with a second-order step. A negative cosine is a conflict
//! (T. Yu et al., "Gradient surgery for multi-task learning", 2020).
//!
//! At the minimum of the joint loss the gradients of all tasks sum to zero: two tasks always pull in opposite directions,
//! and only how hard says something; of more tasks, those that pull in the same direction want the same trunk (F. Sattler,
//! K.-R. Müller, W. Samek, "Clustered federated learning", 2021). All this is said of readings that were fitted: who
//! competes for the trunk. Whether a task meets unseen readings worse for it, only [`transfer`](mod@crate::transfer) tells.

use std::ops::Range;

use faer::linalg::solvers::Llt;
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, Par, Side};
use serde::{Deserialize, Serialize};

use crate::lm::{arrow, normal, residuals};
use crate::prepared::Prepared;
use crate::problem::Problem;

/// Damping that keeps directions apart which the readings do not determine.
const DAMPING: f64 = 1e-6;

/// How tasks pull at the trunk they share.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conflict {
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// The trunk as a whole, then its layers, first to last.
    pub layers: Vec<LayerConflict>,
}

/// How tasks pull at one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerConflict {
    /// `trunk`, or `layer 1`, `layer 2` ...
    pub layer: String,
    /// Cosine of the steps of each two tasks, from -1 (opposed) to 1.
    pub cosine: Vec<Vec<f64>>,
    /// Share of each task's loss that a step of this layer in its favour would take away, to first order.
    pub pull: Vec<f64>,
}

/// How the tasks, each some devices of `problem`, pull at `theta`.
pub(crate) fn between(problem: &Problem, theta: &[f64], groups: &[(String, Vec<usize>)]) -> Conflict {
    let all = normal::assemble(&Prepared::new(problem), theta);
    let joint = arrow::reduce(&all, DAMPING).map(|r| r.schur);
    let (gradients, losses): (Vec<Vec<f64>>, Vec<f64>) =
        groups.iter().map(|(_, devices)| asked(problem, theta, devices)).unzip();
    let parts = problem.layout.shape.layers().map(|l| l.range());
    let named = parts.enumerate().map(|(k, range)| (format!("layer {}", k + 1), range));
    let layers = std::iter::once(("trunk".to_owned(), 0..problem.layout.trunk())).chain(named);
    Conflict {
        tasks: groups.iter().map(|(name, _)| name.clone()).collect(),
        layers: layers
            .map(|(layer, range)| layer_conflict(layer, range, &joint, &gradients, &losses))
            .collect(),
    }
}

/// Gradient over the shared unknowns of the loss of `devices`, their heads eliminated, and that loss.
fn asked(problem: &Problem, theta: &[f64], devices: &[usize]) -> (Vec<f64>, f64) {
    let tasks = problem.tasks.iter().filter(|t| devices.contains(&t.device)).cloned().collect();
    let own = Problem { held: None, order: None, ..problem.with_tasks(tasks) };
    let normal = normal::assemble(&Prepared::new(&own), theta);
    let gradient = arrow::reduce(&normal, DAMPING)
        .map_or_else(|| normal.shared_gradient.clone(), |r| r.rhs.col(0).iter().copied().collect());
    let readings = Problem { strength: 0.0, ..own };
    (gradient, residuals::loss(&Prepared::new(&readings), theta))
}

fn layer_conflict(
    layer: String,
    range: Range<usize>,
    joint: &Option<Mat<f64>>,
    gradients: &[Vec<f64>],
    losses: &[f64],
) -> LayerConflict {
    let n = range.len();
    let block = joint.as_ref().map(|j| j.submatrix(range.start, range.start, n, n));
    let factor = block.and_then(|b| Llt::new(b, Side::Lower).ok());
    // Without curvature there is no step to speak of.
    let Some(factor) = factor else {
        let unknown = vec![f64::NAN; losses.len()];
        return LayerConflict { layer, cosine: vec![unknown.clone(); losses.len()], pull: unknown };
    };
    // L^-1 g: scalar products of these are those of the gradients in H^-1.
    let mut steps = Mat::from_fn(n, gradients.len(), |i, k| gradients[k][range.start + i]);
    solve_lower_triangular_in_place(factor.L(), steps.as_mut(), Par::Seq);
    let product = |k: usize, j: usize| -> f64 {
        steps.col(k).iter().zip(steps.col(j).iter()).map(|(a, b)| a * b).sum()
    };
    let tasks = 0..losses.len();
    let cosine = |k: usize, j: usize| product(k, j) / (product(k, k) * product(j, j)).sqrt();
    LayerConflict {
        layer,
        cosine: tasks.clone().map(|k| tasks.clone().map(|j| cosine(k, j)).collect()).collect(),
        pull: tasks.map(|k| product(k, k) / (2.0 * losses[k]).max(f64::MIN_POSITIVE)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lm::Lm;
    use crate::problem::Task;
    use crate::synthetic::Synthetic;

    /// Five devices, of which the first two are twins and the last two turn on the other way round; fitted with a narrow
    /// trunk.
    fn mixture() -> (Problem, Vec<f64>) {
        let family = Synthetic { devices: 5, gates: 10, hidden: vec![3, 3], ..Synthetic::default() };
        let mut problem = family.problem();
        problem.population = gummel_kernel::Basis::constant();
        problem.layout.phi = 1;
        for task in &mut problem.tasks {
            task.phi = vec![1.0];
            if task.device > 2 {
                let n = task.points();
                task.x[..n].iter_mut().for_each(|x| *x = -*x);
            }
        }
        problem.tasks[1] = Task { device: 1, ..problem.tasks[0].clone() };
        let prepared = Prepared::new(&problem);
        let mut rng = <rand_chacha::ChaCha8Rng as rand::SeedableRng>::seed_from_u64(0);
        let mut lm = Lm::new(&prepared, crate::start::start(&problem, &mut rng));
        for _ in 0..200 {
            lm.step(&prepared);
        }
        let theta = lm.theta;
        drop(prepared);
        (problem, theta)
    }

    #[test]
    fn twins_pull_as_one_and_nobody_else_pulls_as_they_do() {
        let (problem, theta) = mixture();
        let groups: Vec<(String, Vec<usize>)> = (0..5).map(|d| (format!("t{d}"), vec![d])).collect();
        let conflict = between(&problem, &theta, &groups);
        let names: Vec<&str> = conflict.layers.iter().map(|l| l.layer.as_str()).collect();
        assert_eq!(names, ["trunk", "layer 1", "layer 2"]);
        for LayerConflict { cosine, pull, .. } in &conflict.layers {
            let even = |k: usize, j: usize| (cosine[k][j] - cosine[j][k]).abs() < 1e-9;
            assert!((0..5).all(|k| (0..5).all(|j| even(k, j))), "{conflict:?}");
            assert!((0..5).all(|k| (cosine[k][k] - 1.0).abs() < 1e-9 && pull[k] > 0.0), "{conflict:?}");
            assert!(cosine[0][1] > 0.999 && (pull[0] / pull[1] - 1.0).abs() < 1e-3, "{conflict:?}");
            assert!((2..5).all(|j| cosine[0][j] < 0.999), "{conflict:?}");
        }
    }

    #[test]
    fn where_the_joint_fit_ended_two_tasks_pull_in_opposite_directions() {
        let (problem, theta) = mixture();
        let two = [("a".to_owned(), vec![0, 1, 2]), ("b".to_owned(), vec![3, 4])];
        let conflict = between(&problem, &theta, &two);
        assert!(conflict.layers[0].cosine[0][1] < -0.9, "{conflict:?}");
    }
}
