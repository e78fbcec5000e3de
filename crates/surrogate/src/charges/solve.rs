//! Variable projection: heads by linear least squares, the trunk by Levenberg-Marquardt on what they leave.
//!
//! With `A(theta)` the rows of a head and `J` the derivative of its residual by the trunk at fixed head, the normal
//! matrix of the trunk is `J^T (1 - A (A^T A)^-1 A^T) J` (Golub and Pereyra 1973, in Kaufman's approximation of 1975).

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::{Llt, Solve};
use faer::{Accum, Mat, Par, Side};
use rayon::prelude::*;

use super::rows::{Points, Problem};
use super::trunk::{Activations, Trunk};
use crate::symmetric;

/// Penalty on squared head numbers; the targets have unit norm.
const HEAD_PENALTY: f64 = 1e-10;
/// Penalty on squared trunk weights, which keeps idle neurons from running away.
const TRUNK_PENALTY: f64 = 1e-8;
/// Steps that gain less than this fraction count as standing still.
const STILL: f64 = 1e-4;

/// The targets of all rows of a problem.
fn target(problem: &Problem) -> Mat<f64> {
    let targets: Vec<f64> = problem.rows.iter().flat_map(|r| r.target.iter().copied()).collect();
    Mat::from_fn(targets.len(), 1, |i, _| targets[i])
}

/// Heads of a problem that leave least, and what they leave.
struct Projected {
    design: Mat<f64>,
    factor: Llt<f64>,
    heads: Mat<f64>,
    residual: Mat<f64>,
}

impl Projected {
    fn of(acts: &Activations<'_>, problem: &Problem) -> Option<Self> {
        let (design, mut residual) = (acts.design(problem), target(problem));
        let (factor, heads) = solve(&design, &residual)?;
        matmul(residual.as_mut(), Accum::Add, design.as_ref(), heads.as_ref(), -1.0, Par::Seq);
        Some(Projected { design, factor, heads, residual })
    }

    fn loss(&self) -> f64 {
        let squares = |m: &Mat<f64>| m.col(0).iter().map(|v| v * v).sum::<f64>();
        squares(&self.residual) + HEAD_PENALTY * squares(&self.heads)
    }
}

/// The sum of squared relative errors that the best heads leave; `None` when a head cannot be solved for.
pub(super) fn loss(trunk: &Trunk, devices: &[Points]) -> Option<f64> {
    let of_device = |points: &Points| -> Option<f64> {
        let acts = Activations::of(trunk, points);
        points.problems.iter().map(|problem| Some(Projected::of(&acts, problem)?.loss())).sum()
    };
    let parts: Option<Vec<f64>> = devices.par_iter().map(of_device).collect();
    let loss = penalty(trunk) + parts?.iter().sum::<f64>();
    loss.is_finite().then_some(loss)
}

fn penalty(trunk: &Trunk) -> f64 {
    TRUNK_PENALTY * trunk.weights.iter().map(|w| w * w).sum::<f64>()
}

/// Normal equations of a problem's heads, factored, and their solution.
fn solve(a: &Mat<f64>, target: &Mat<f64>) -> Option<(Llt<f64>, Mat<f64>)> {
    let mut gram = Mat::<f64>::zeros(a.ncols(), a.ncols());
    symmetric::add(gram.as_mut(), a.as_ref(), a.as_ref(), 1.0);
    for i in 0..a.ncols() {
        gram[(i, i)] += HEAD_PENALTY;
    }
    let factor = Llt::new(gram.as_ref(), Side::Lower).ok()?;
    let mut right = Mat::<f64>::zeros(a.ncols(), 1);
    matmul(right.as_mut(), Accum::Replace, a.transpose(), target.as_ref(), 1.0, Par::Seq);
    let solution = factor.solve(&right);
    Some((factor, solution))
}

/// Loss, normal matrix (its lower triangle) and negative gradient of the trunk.
pub(super) struct Normal {
    loss: f64,
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
            loss: penalty(trunk),
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
        let size = trunk.weights.len();
        let acts = Activations::of(trunk, points);
        let mut sum = Normal { loss: 0.0, matrix: Mat::zeros(size, size), descent: Mat::zeros(size, 1) };
        for problem in &points.problems {
            let projected = Projected::of(&acts, problem)?;
            sum.loss += projected.loss();
            let j = acts.jacobian(trunk, problem, &projected.heads);
            let mut shared = Mat::<f64>::zeros(projected.design.ncols(), size);
            matmul(shared.as_mut(), Accum::Replace, projected.design.transpose(), j.as_ref(), 1.0, Par::Seq);
            let explained = projected.factor.solve(&shared);
            symmetric::add(sum.matrix.as_mut(), j.as_ref(), j.as_ref(), 1.0);
            symmetric::add(sum.matrix.as_mut(), shared.as_ref(), explained.as_ref(), -1.0);
            let residual = projected.residual.as_ref();
            matmul(sum.descent.as_mut(), Accum::Add, j.transpose(), residual, 1.0, Par::Seq);
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

/// Trains a trunk for at most `steps` steps, as long as `goes_on`, which hears the mean of the squared relative errors; gives its
/// loss, their sum, and the trunk.
pub(super) fn train(
    mut trunk: Trunk,
    devices: &[Points],
    steps: usize,
    goes_on: &mut dyn FnMut(f64) -> bool,
) -> (f64, Trunk) {
    let kinds: usize = devices.iter().flat_map(|d| &d.problems).map(|p| p.rows.len()).sum();
    let Some(mut normal) = Normal::at(&trunk, devices) else { return (f64::INFINITY, trunk) };
    let (mut damping, mut still) = (1e-2, 0);
    for _ in 0..steps {
        if !goes_on(normal.loss / kinds as f64) {
            break;
        }
        let trial = normal.step(damping).and_then(|step| {
            let mut trial = trunk.clone();
            trial.weights.iter_mut().zip(step.col(0).iter()).for_each(|(w, d)| *w += d);
            let better = loss(&trial, devices)? < normal.loss;
            better.then(|| Some((Normal::at(&trial, devices)?, trial))).flatten()
        });
        if let Some((better, next)) = trial {
            still = if normal.loss - better.loss < STILL * normal.loss { still + 1 } else { 0 };
            (trunk, normal) = (next, better);
            damping = (damping / 3.0).max(1e-9);
        } else {
            damping *= 4.0;
            still += usize::from(damping > 1e6);
        }
        if still > 3 {
            break;
        }
    }
    (normal.loss, trunk)
}

/// Heads of a device's gate, bulk and channel charge, `neurons + 1` rows of `functions` columns; zero where the points do not determine
/// one.
pub(super) fn heads(trunk: &Trunk, points: &Points, functions: usize) -> [Vec<f64>; 3] {
    let length = trunk.neurons() + 1;
    if points.len() == 0 {
        return std::array::from_fn(|_| vec![0.0; length * functions]);
    }
    let acts = Activations::of(trunk, points);
    let [gate, rest] = points.problems.each_ref().map(|problem| {
        solve(&acts.design(problem), &target(problem))
            .map_or_else(|| vec![0.0; length * problem.heads], |(_, h)| h.col(0).iter().copied().collect())
    });
    let (bulk, channel) = rest.split_at(length * functions);
    [&gate, bulk, channel].map(|head: &[f64]| {
        (0..length).flat_map(|i| (0..functions).map(move |k| head[k * length + i])).collect()
    })
}
