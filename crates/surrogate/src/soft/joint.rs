//! One Levenberg-Marquardt step for all networks and the centres that hold them.
//!
//! With task `k` reduced to its shared unknowns (`S_k` damped, right side `b_k`), weights `W_k` of its ties and
//! `A_k = S_k + W_k`, the networks follow the centres by `d_k = A_k^-1 (W_k sum_m z_km e_m - b_k)`, and the steps `e` of
//! the centres solve
//! ```text
//! sum_k z_km z_kn (W_k - W_k A_k^-1 W_k) e_n = sum_k z_km W_k (theta_k - target_k - A_k^-1 b_k)
//! ```

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::{Llt, Solve};
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Accum, Mat, Par, Side};
use rayon::prelude::*;

use super::tie::Tie;
use crate::lm::arrow::{self, Reduced, Step};
use crate::lm::normal::{self, Normal};
use crate::lm::{Trial, damped, residuals};
use crate::prepared::Prepared;

/// Smallest diagonal of the centres' equations, relative to the largest: a direction that no task spans stays.
const RIDGE: f64 = 1e-10;

/// State of a soft-shared fit between steps.
pub(crate) struct Joint {
    /// All unknowns of every task.
    pub(crate) thetas: Vec<Vec<f64>>,
    /// What the tasks are held to.
    pub(crate) centres: Vec<Vec<f64>>,
    /// Loss of every task, without ties.
    losses: Vec<f64>,
    penalty: f64,
    pub(crate) damping: f64,
}

/// A task with its ties, the devices eliminated: `A = S + W`.
struct Tied {
    reduced: Reduced,
    factor: Llt<f64>,
    weights: Vec<f64>,
    /// Distance of its shared unknowns from where they are held.
    offset: Vec<f64>,
}

/// A tied task with what the centres need of it.
struct Held {
    tied: Tied,
    /// `-A^-1 b`: where it would go if the centres stayed.
    alone: Mat<f64>,
    /// `W - W A^-1 W`.
    pull: Mat<f64>,
}

impl Held {
    fn of(tied: Tied) -> Self {
        let Tied { reduced, factor, weights, offset } = &tied;
        let n = weights.len();
        let mut alone = reduced.rhs.clone();
        (0..n).for_each(|i| alone[(i, 0)] += weights[i] * offset[i]);
        let diagonal = Mat::from_fn(n, n, |i, j| if i == j { weights[i] } else { 0.0 });
        let mut half = diagonal.clone();
        solve_lower_triangular_in_place(factor.L(), half.as_mut(), Par::Seq);
        let mut pull = diagonal;
        matmul(pull.as_mut(), Accum::Add, half.transpose(), half.as_ref(), -1.0, Par::Seq);
        solve_lower_triangular_in_place(factor.L(), alone.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(factor.L().transpose(), alone.as_mut(), Par::Seq);
        alone *= faer::Scale(-1.0);
        Held { tied, alone, pull }
    }

    /// Gradient over its shared unknowns, ties included.
    fn gradient(&self, normal: &Normal) -> Vec<f64> {
        let Tied { weights, offset, .. } = &self.tied;
        normal.shared_gradient.iter().zip(weights).zip(offset).map(|((g, w), d)| g + w * d).collect()
    }
}

impl Joint {
    /// Starts at `thetas` with the centres where they explain them best.
    pub(crate) fn new(prepared: &[Prepared<'_>], thetas: Vec<Vec<f64>>, tie: &Tie) -> Self {
        let losses = losses(prepared, &thetas);
        let centres = centres(&thetas, tie);
        let mut joint = Joint { thetas, centres, losses, penalty: 0.0, damping: 1e-2 };
        joint.weigh(tie);
        joint
    }

    /// Puts the centres and the damping where they were.
    pub(crate) fn stand(&mut self, centres: Vec<Vec<f64>>, damping: f64, tie: &Tie) {
        (self.centres, self.damping) = (centres, damping);
        self.weigh(tie);
    }

    /// Losses of all tasks and what their distances cost.
    pub(crate) fn loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() + self.penalty
    }

    /// Loss of the readings alone.
    pub(crate) fn data_loss(&self) -> f64 {
        self.losses.iter().sum()
    }

    /// Counts the penalty anew after the strengths changed.
    pub(crate) fn weigh(&mut self, tie: &Tie) {
        self.penalty = tie.penalties(&self.thetas, &self.centres);
    }

    /// One step that lowers the loss; false when no damping gives one.
    pub(crate) fn step(&mut self, prepared: &[Prepared<'_>], tie: &Tie) -> bool {
        let normals: Vec<Normal> =
            prepared.par_iter().zip(&self.thetas).map(|(p, theta)| normal::assemble(p, theta)).collect();
        let mut damping = self.damping;
        let found = damped(&mut damping, self.loss(), |damping| {
            let (steps, centres, gain) = self.proposal(&normals, tie, damping)?;
            let thetas: Vec<Vec<f64>> =
                self.thetas.iter().zip(&steps).map(|(t, s)| added(t, &s.delta)).collect();
            let losses = losses(prepared, &thetas);
            let penalty = tie.penalties(&thetas, &centres);
            let loss = losses.iter().sum::<f64>() + penalty;
            let predicted = steps.iter().map(|s| s.predicted).sum::<f64>() + gain;
            Some(Trial { state: (thetas, centres, losses, penalty), loss, predicted })
        });
        self.damping = damping;
        let lower = found.is_some();
        if let Some(Trial { state, .. }) = found {
            (self.thetas, self.centres, self.losses, self.penalty) = state;
        }
        lower
    }

    /// Steps of all tasks, the new centres, and the decrease of the loss that the centres' part promises.
    fn proposal(
        &self,
        normals: &[Normal],
        tie: &Tie,
        damping: f64,
    ) -> Option<(Vec<Step>, Vec<Vec<f64>>, f64)> {
        let held: Vec<Held> = normals
            .par_iter()
            .enumerate()
            .map(|(k, normal)| Some(Held::of(self.tied(k, normal, tie, damping)?)))
            .collect::<Option<_>>()?;
        let moved = centre_steps(&held, tie)?;
        let mut gain = 0.0;
        let steps: Vec<Step> = held
            .par_iter()
            .enumerate()
            .map(|(k, h)| {
                let mut follow = Mat::from_fn(tie.len(), 1, |i, _| {
                    h.tied.weights[i] * tie.design[k].iter().zip(&moved).map(|(z, e)| z * e[i]).sum::<f64>()
                });
                follow = h.tied.factor.solve(&follow);
                follow += &h.alone;
                h.tied.reduced.step(&normals[k], &follow, &h.gradient(&normals[k]))
            })
            .collect::<Option<_>>()?;
        for (k, h) in held.iter().enumerate() {
            let Tied { weights, offset, .. } = &h.tied;
            for (z, e) in tie.design[k].iter().zip(&moved) {
                gain += 0.5 * z * (0..tie.len()).map(|i| e[i] * weights[i] * offset[i]).sum::<f64>();
            }
        }
        let centres = self.centres.iter().zip(&moved).map(|(u, e)| added(u, e)).collect();
        Some((steps, centres, gain))
    }

    /// Eliminates the devices of task `k` and adds its ties.
    fn tied(&self, k: usize, normal: &Normal, tie: &Tie, damping: f64) -> Option<Tied> {
        let reduced = arrow::reduce(normal, damping)?;
        let offset = tie.offset(k, &self.thetas[k], &self.centres);
        let weights = tie.weights(&offset);
        let mut a = reduced.schur.clone();
        for (i, w) in weights.iter().enumerate() {
            a[(i, i)] += w;
        }
        let factor = Llt::new(a.as_ref(), Side::Lower).ok()?;
        Some(Tied { reduced, factor, weights, offset })
    }

    /// Diagonal of the inverse of each task's tied equations: variances of its shared unknowns in units of the noise.
    pub(crate) fn variances(&self, prepared: &[Prepared<'_>], tie: &Tie) -> Option<Vec<Vec<f64>>> {
        prepared
            .par_iter()
            .enumerate()
            .map(|(k, p)| {
                let normal = normal::assemble(p, &self.thetas[k]);
                let factor = self.tied(k, &normal, tie, f64::EPSILON)?.factor;
                let mut inverse = Mat::<f64>::identity(tie.len(), tie.len());
                solve_lower_triangular_in_place(factor.L(), inverse.as_mut(), Par::Seq);
                Some((0..tie.len()).map(|i| inverse.col(i).iter().map(|v| v * v).sum()).collect())
            })
            .collect()
    }
}

/// How far the centres move.
fn centre_steps(held: &[Held], tie: &Tie) -> Option<Vec<Vec<f64>>> {
    let (n, m) = (tie.len(), tie.centres());
    let mut matrix = Mat::<f64>::zeros(n * m, n * m);
    let mut right = Mat::<f64>::zeros(n * m, 1);
    for (k, h) in held.iter().enumerate() {
        let Tied { weights, offset, .. } = &h.tied;
        for (a, za) in tie.design[k].iter().enumerate() {
            for i in 0..n {
                right[(a * n + i, 0)] += za * weights[i] * (offset[i] + h.alone[(i, 0)]);
            }
            for (b, zb) in tie.design[k].iter().enumerate().filter(|(_, z)| **z != 0.0) {
                let mut block = matrix.as_mut().submatrix_mut(a * n, b * n, n, n);
                block += faer::Scale(za * zb) * &h.pull;
            }
        }
    }
    let largest = (0..n * m).map(|i| matrix[(i, i)]).fold(0.0, f64::max);
    for i in 0..n * m {
        matrix[(i, i)] += RIDGE * largest + f64::MIN_POSITIVE.sqrt();
    }
    let steps = Llt::new(matrix.as_ref(), Side::Lower).ok()?.solve(&right);
    Some((0..m).map(|a| (0..n).map(|i| steps[(a * n + i, 0)]).collect()).collect())
}

fn losses(prepared: &[Prepared<'_>], thetas: &[Vec<f64>]) -> Vec<f64> {
    prepared.par_iter().zip(thetas).map(|(p, theta)| residuals::loss(p, theta)).collect()
}

/// Least-squares centres of the shared unknowns.
pub(super) fn centres(thetas: &[Vec<f64>], tie: &Tie) -> Vec<Vec<f64>> {
    let (n, m) = (tie.len(), tie.centres());
    let mut matrix = Mat::from_fn(m, m, |a, b| tie.design.iter().map(|z| z[a] * z[b]).sum::<f64>());
    for a in 0..m {
        matrix[(a, a)] += RIDGE * tie.design.len() as f64;
    }
    let right =
        Mat::from_fn(m, n, |a, i| tie.design.iter().zip(thetas).map(|(z, t)| z[a] * t[i]).sum::<f64>());
    // The ridge makes the matrix positive definite; without a factor the tasks are held to zero.
    let solved =
        Llt::new(matrix.as_ref(), Side::Lower).map_or_else(|_| Mat::zeros(m, n), |f| f.solve(&right));
    (0..m).map(|a| solved.row(a).iter().copied().collect()).collect()
}

fn added(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}
