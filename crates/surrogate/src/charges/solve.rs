//! Variable projection: heads by linear least squares, the trunk by Levenberg-Marquardt on what they leave.
//!
//! With `A(theta)` the rows of a head and `J` the derivative of its residual by the trunk at fixed head, the normal
//! matrix of the trunk is `J^T (1 - A (A^T A)^-1 A^T) J` (Golub and Pereyra 1973, in Kaufman's approximation of 1975).

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::{Llt, Solve};
use faer::{Accum, Mat, Par, Side};
use gummel_kernel::spec::FEATURES;
use rayon::prelude::*;

use super::rows::{Points, Problem, Term};

/// Penalty on squared head numbers; the targets have unit norm.
const HEAD_PENALTY: f64 = 1e-10;
/// Penalty on squared trunk weights, which keeps idle neurons from running away.
const TRUNK_PENALTY: f64 = 1e-8;
/// Steps that gain less than this fraction count as standing still.
const STILL: f64 = 1e-4;

/// Weights and bias of every neuron: `neurons` rows of `inputs + 1`.
#[derive(Clone)]
pub(super) struct Trunk {
    pub(super) inputs: usize,
    pub(super) neurons: usize,
    pub(super) weights: Vec<f64>,
}

/// tanh of a device's points with what its derivatives are made of; one row per neuron.
struct Activations {
    /// tanh.
    z: Vec<f64>,
    /// tanh' = 1 - tanh^2.
    first: Vec<f64>,
    /// `du/dv_k` of the argument `u`.
    along: [Vec<f64>; FEATURES],
}

impl Activations {
    fn of(trunk: &Trunk, points: &Points) -> Self {
        let n = points.len();
        let mut u = vec![0.0; trunk.neurons * n];
        let mut along: [Vec<f64>; FEATURES] = std::array::from_fn(|_| vec![0.0; trunk.neurons * n]);
        for (m, row) in trunk.weights.chunks_exact(trunk.inputs + 1).enumerate() {
            let u = &mut u[m * n..][..n];
            u.fill(row[trunk.inputs]);
            for (i, w) in row[..trunk.inputs].iter().enumerate() {
                add_scaled(u, *w, points.x(i));
                if i < FEATURES {
                    for (k, along) in along.iter_mut().enumerate() {
                        add_scaled(&mut along[m * n..][..n], *w, points.slope(k, i));
                    }
                }
            }
        }
        let z: Vec<f64> = u.iter().map(|u| u.tanh()).collect();
        let first = z.iter().map(|z| 1.0 - z * z).collect();
        Activations { z, first, along }
    }
}

fn add_scaled(out: &mut [f64], factor: f64, x: &[f64]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o += factor * x;
    }
}

fn add_product(out: &mut [f64], a: &[f64], b: &[f64]) {
    for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
        *o += a * b;
    }
}

/// Rows of a problem as a matrix over `[neurons, 1]` of each of its heads, and the target.
fn design(trunk: &Trunk, acts: &Activations, n: usize, problem: &Problem) -> (Mat<f64>, Mat<f64>) {
    let (rows, length) = (&problem.rows, trunk.neurons + 1);
    let mut a = Mat::<f64>::zeros(n * rows.len(), length * problem.heads);
    for (block, rows) in rows.iter().enumerate() {
        for Term { head, by, weight } in &rows.terms {
            for m in 0..trunk.neurons {
                let out = &mut a.col_as_slice_mut(head * length + m)[block * n..][..n];
                let first = &acts.first[m * n..][..n];
                match by {
                    None => add_product(out, weight, &acts.z[m * n..][..n]),
                    Some(k) => {
                        let along = &acts.along[*k][m * n..][..n];
                        (0..n).for_each(|p| out[p] += weight[p] * first[p] * along[p]);
                    }
                }
            }
            if by.is_none() {
                let out = &mut a.col_as_slice_mut(head * length + trunk.neurons)[block * n..][..n];
                add_scaled(out, 1.0, weight);
            }
        }
    }
    let targets: Vec<f64> = rows.iter().flat_map(|r| r.target.iter().copied()).collect();
    (a, Mat::from_fn(targets.len(), 1, |i, _| targets[i]))
}

/// Derivative of the rows by every trunk number at fixed `heads`.
fn jacobian(
    trunk: &Trunk,
    acts: &Activations,
    points: &Points,
    problem: &Problem,
    heads: &Mat<f64>,
) -> Mat<f64> {
    let (n, width, length) = (points.len(), trunk.inputs + 1, trunk.neurons + 1);
    let one = vec![1.0; n];
    let mut j = Mat::<f64>::zeros(n * problem.rows.len(), trunk.neurons * width);
    for m in 0..trunk.neurons {
        let (z, first) = (&acts.z[m * n..][..n], &acts.first[m * n..][..n]);
        for i in 0..width {
            let x = if i < trunk.inputs { points.x(i) } else { &one };
            let column = j.col_as_slice_mut(m * width + i);
            for (rows, out) in problem.rows.iter().zip(column.chunks_exact_mut(n)) {
                for Term { head, by, weight } in &rows.terms {
                    let h = heads[(head * length + m, 0)];
                    let Some(k) = by else {
                        (0..n).for_each(|p| out[p] += h * weight[p] * first[p] * x[p]);
                        continue;
                    };
                    // d/dw (tanh'(u) du/dv) = tanh''(u) x du/dv + tanh'(u) dx/dv
                    let along = &acts.along[*k][m * n..][..n];
                    (0..n).for_each(|p| out[p] -= 2.0 * h * weight[p] * z[p] * first[p] * along[p] * x[p]);
                    if i < FEATURES {
                        let slope = points.slope(*k, i);
                        (0..n).for_each(|p| out[p] += h * weight[p] * first[p] * slope[p]);
                    }
                }
            }
        }
    }
    j
}

/// Normal equations of a problem's heads, factored, and their solution.
fn solve(a: &Mat<f64>, target: &Mat<f64>) -> Option<(Llt<f64>, Mat<f64>)> {
    let mut gram = Mat::<f64>::zeros(a.ncols(), a.ncols());
    matmul(gram.as_mut(), Accum::Replace, a.transpose(), a.as_ref(), 1.0, Par::Seq);
    for i in 0..a.ncols() {
        gram[(i, i)] += HEAD_PENALTY;
    }
    let factor = Llt::new(gram.as_ref(), Side::Lower).ok()?;
    let mut right = Mat::<f64>::zeros(a.ncols(), 1);
    matmul(right.as_mut(), Accum::Replace, a.transpose(), target.as_ref(), 1.0, Par::Seq);
    let solution = factor.solve(&right);
    Some((factor, solution))
}

/// Loss, normal matrix and negative gradient of the trunk.
pub(super) struct Normal {
    pub(super) loss: f64,
    matrix: Mat<f64>,
    pub(super) descent: Mat<f64>,
}

impl Normal {
    /// `None` when a head cannot be solved for.
    pub(super) fn at(trunk: &Trunk, devices: &[Points]) -> Option<Normal> {
        let size = trunk.weights.len();
        let parts: Option<Vec<Normal>> =
            devices.par_iter().map(|points| Normal::of_device(trunk, points)).collect();
        let mut sum = Normal {
            loss: TRUNK_PENALTY * trunk.weights.iter().map(|w| w * w).sum::<f64>(),
            matrix: Mat::from_fn(size, size, |i, j| if i == j { TRUNK_PENALTY } else { 0.0 }),
            descent: Mat::from_fn(size, 1, |i, _| -TRUNK_PENALTY * trunk.weights[i]),
        };
        for part in parts? {
            sum.loss += part.loss;
            sum.matrix += part.matrix;
            sum.descent += part.descent;
        }
        sum.loss.is_finite().then_some(sum)
    }

    fn of_device(trunk: &Trunk, points: &Points) -> Option<Normal> {
        let (n, size) = (points.len(), trunk.weights.len());
        let acts = Activations::of(trunk, points);
        let mut sum = Normal { loss: 0.0, matrix: Mat::zeros(size, size), descent: Mat::zeros(size, 1) };
        for problem in &points.problems {
            let (a, target) = design(trunk, &acts, n, problem);
            let (factor, h) = solve(&a, &target)?;
            let mut residual = target;
            matmul(residual.as_mut(), Accum::Add, a.as_ref(), h.as_ref(), -1.0, Par::Seq);
            sum.loss += residual.col(0).iter().map(|r| r * r).sum::<f64>();
            sum.loss += HEAD_PENALTY * h.col(0).iter().map(|h| h * h).sum::<f64>();
            let j = jacobian(trunk, &acts, points, problem, &h);
            let mut shared = Mat::<f64>::zeros(a.ncols(), size);
            matmul(shared.as_mut(), Accum::Replace, a.transpose(), j.as_ref(), 1.0, Par::Seq);
            let explained = factor.solve(&shared);
            matmul(sum.matrix.as_mut(), Accum::Add, j.transpose(), j.as_ref(), 1.0, Par::Seq);
            matmul(sum.matrix.as_mut(), Accum::Add, shared.transpose(), explained.as_ref(), -1.0, Par::Seq);
            matmul(sum.descent.as_mut(), Accum::Add, j.transpose(), residual.as_ref(), 1.0, Par::Seq);
        }
        Some(sum)
    }

    /// The damped step, `None` when the matrix is not positive definite.
    fn step(&self, damping: f64) -> Option<Mat<f64>> {
        let mut damped = self.matrix.clone();
        for i in 0..damped.nrows() {
            damped[(i, i)] += damping * damped[(i, i)].max(TRUNK_PENALTY);
        }
        Some(Llt::new(damped.as_ref(), Side::Lower).ok()?.solve(&self.descent))
    }
}

/// Trains a trunk for at most `steps` steps; gives its loss, the sum of squared relative errors, and the trunk.
pub(super) fn train(mut trunk: Trunk, devices: &[Points], steps: usize) -> (f64, Trunk) {
    let Some(mut normal) = Normal::at(&trunk, devices) else { return (f64::INFINITY, trunk) };
    let (mut damping, mut still) = (1e-2, 0);
    for _ in 0..steps {
        let trial = normal.step(damping).and_then(|step| {
            let mut trial = trunk.clone();
            trial.weights.iter_mut().zip(step.col(0).iter()).for_each(|(w, d)| *w += d);
            let normal = Normal::at(&trial, devices)?;
            Some((trial, normal))
        });
        match trial {
            Some((next, better)) if better.loss < normal.loss => {
                still = if normal.loss - better.loss < STILL * normal.loss { still + 1 } else { 0 };
                (trunk, normal) = (next, better);
                damping = (damping / 3.0).max(1e-9);
            }
            _ => {
                damping *= 4.0;
                still += usize::from(damping > 1e6);
            }
        }
        if still > 3 {
            break;
        }
    }
    (normal.loss, trunk)
}

/// Heads of a device's gate, bulk and channel charge; zero where the points do not determine one.
pub(super) fn heads(trunk: &Trunk, points: &Points) -> [Vec<f64>; 3] {
    if points.len() == 0 {
        return std::array::from_fn(|_| vec![0.0; trunk.neurons + 1]);
    }
    let (acts, length) = (Activations::of(trunk, points), trunk.neurons + 1);
    let [gate, rest] = points.problems.each_ref().map(|problem| {
        let (a, target) = design(trunk, &acts, points.len(), problem);
        match solve(&a, &target) {
            Some((_, h)) => h.col(0).iter().copied().collect(),
            None => vec![0.0; length * problem.heads],
        }
    });
    let (bulk, channel) = rest.split_at(length);
    [gate, bulk.to_vec(), channel.to_vec()]
}

/// Heads `B` of a population, `head length` rows of `phi` columns, that meet the devices' heads best.
pub(super) fn population(phi: &[Vec<f64>], heads: &[&[f64]]) -> Vec<f64> {
    /// Keeps functions that few devices tell apart small.
    const PENALTY: f64 = 1e-3;
    let (columns, rows) = (phi.first().map_or(0, Vec::len), heads.first().map_or(0, |h| h.len()));
    if columns == 0 {
        return Vec::new();
    }
    let gram = Mat::from_fn(columns, columns, |i, j| {
        phi.iter().map(|p| p[i] * p[j]).sum::<f64>() + if i == j { PENALTY } else { 0.0 }
    });
    let right = Mat::from_fn(columns, rows, |i, r| phi.iter().zip(heads).map(|(p, h)| p[i] * h[r]).sum());
    let Ok(factor) = Llt::new(gram.as_ref(), Side::Lower) else { return vec![0.0; rows * columns] };
    let solution = factor.solve(&right);
    (0..rows).flat_map(|r| (0..columns).map(move |i| (i, r))).map(|(i, r)| solution[(i, r)]).collect()
}
