//! Solution of the damped normal equations by elimination of the devices (Schur complement).
//!
//! ```text
//! [ A_ss  A_sl ] [ d_s ]     [ g_s ]        S   = A_ss - sum_d A_sl A_ll^-1 A_ls
//! [ A_ls  A_ll ] [ d_l ] = - [ g_l ]        S d_s = -(g_s - sum_d A_sl A_ll^-1 g_l)
//! ```
//! A_ll is block diagonal over devices, so a step costs O(devices); the same elimination carries
//! bundle adjustment (Triggs et al., "Bundle adjustment: a modern synthesis", 2000).

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Llt;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Accum, Mat, MatRef, Par, Side};
use rayon::prelude::*;

use super::cholesky::{Factor, subtract_gram};
use super::normal::{LocalNormal, Normal};

/// Devices whose blocks are eliminated at once.
const BATCH: usize = 64;

/// Diagonal entries below this fraction of the largest one are damped as if they had it.
///
/// Marquardt's scaling lets parameters with little influence move far: weights of neurons that are about to
/// saturate run away and never come back. Measured on IHP lv_nmos (60 steps on 100 points per device, four
/// seeds), 1e-10 ends at a loss of 0.09 to 1.5, 1e-4 at 0.08 to 0.13, 1e-2 and 1e-3 at 0.06 to 0.09 of the same unit,
/// 0.1 at 0.08 to 0.11.
const DIAGONAL_FLOOR: f64 = 3e-3;

/// A step with what the quadratic model promises of it.
pub(crate) struct Step {
    /// Change of every unknown: shared, then device by device.
    pub(crate) delta: Vec<f64>,
    /// Predicted decrease of the loss.
    pub(crate) predicted: f64,
}

/// One device after elimination. `L^-1 A_ls`, by far the largest part, is formed again where it is needed: kept, it would
/// double the memory of a large family, to save a hundredth of a step's arithmetic.
struct Eliminated {
    factor: Llt<f64>,
    /// L^-1 g_l.
    gradient: Mat<f64>,
}

impl Eliminated {
    /// `None` when the device's own block is not positive definite.
    fn new(device: &LocalNormal, damping: f64) -> Option<Self> {
        let mut local = device.local.clone();
        damp(&mut local, damping);
        let factor = Llt::new(local.as_ref(), Side::Lower).ok()?;
        let mut gradient = column(&device.gradient);
        solve_lower_triangular_in_place(factor.L(), gradient.as_mut(), Par::Seq);
        Some(Eliminated { factor, gradient })
    }

    /// L^-1 A_ls of the same device.
    fn coupling(&self, device: &LocalNormal) -> Mat<f64> {
        let mut reduced = device.coupling.transpose().to_owned();
        solve_lower_triangular_in_place(self.factor.L(), reduced.as_mut(), Par::Seq);
        reduced
    }
}

/// Normal equations with the devices eliminated: `S d_s = -rhs` is left.
pub(crate) struct Reduced {
    /// S with its damping, lower triangle.
    pub(crate) schur: Mat<f64>,
    /// `g_s - sum_d A_sl A_ll^-1 g_l`, a column.
    pub(crate) rhs: Mat<f64>,
    damping: f64,
    shared_damping: Vec<f64>,
    eliminated: Vec<Eliminated>,
}

/// Solves `(A + damping diag(A)) delta = -g`; `None` when a block is not positive definite.
pub(crate) fn solve(normal: &Normal, damping: f64) -> Option<Step> {
    let mut reduced = reduce(normal, damping)?;
    let mut shared = reduced.rhs.clone();
    Factor::of(&mut reduced.schur)?.solve_in_place(&mut shared);
    shared *= faer::Scale(-1.0);
    reduced.step(normal, &shared, &normal.shared_gradient)
}

/// Eliminates the devices; `None` when a block is not positive definite.
pub(crate) fn reduce(normal: &Normal, damping: f64) -> Option<Reduced> {
    let ns = normal.shared_gradient.len();
    let mut schur = normal.shared.clone();
    let shared_damping = damp(&mut schur, damping);
    let mut rhs = column(&normal.shared_gradient);
    let mut eliminated: Vec<Eliminated> = Vec::with_capacity(normal.devices.len());
    for batch in normal.devices.chunks(BATCH) {
        let part: Option<Vec<(Eliminated, Mat<f64>)>> = batch
            .par_iter()
            .map(|device| {
                let own = Eliminated::new(device, damping)?;
                let coupling = own.coupling(device);
                Some((own, coupling))
            })
            .collect();
        let part = part?;
        let rows: usize = part.iter().map(|(_, coupling)| coupling.nrows()).sum();
        let mut stacked = Mat::<f64>::zeros(rows, ns);
        let mut gradient = Mat::<f64>::zeros(rows, 1);
        let mut at = 0;
        for (e, coupling) in &part {
            let n = coupling.nrows();
            stacked.submatrix_mut(at, 0, n, ns).copy_from(coupling);
            gradient.submatrix_mut(at, 0, n, 1).copy_from(&e.gradient);
            at += n;
        }
        subtract_gram(schur.as_mut(), stacked.as_ref());
        matmul(rhs.as_mut(), Accum::Add, stacked.transpose(), gradient.as_ref(), -1.0, Par::Seq);
        eliminated.extend(part.into_iter().map(|(e, _)| e));
    }
    Some(Reduced { schur, rhs, damping, shared_damping, eliminated })
}

impl Reduced {
    /// The whole step that follows from the shared unknowns' part, `shared`, for the equations `normal` that were reduced. `shared_gradient` is the gradient of
    /// everything that is minimised, of `normal` and of what else holds the shared unknowns.
    pub(crate) fn step(&self, normal: &Normal, shared: &Mat<f64>, shared_gradient: &[f64]) -> Option<Step> {
        let locals: Vec<Mat<f64>> = self
            .eliminated
            .par_iter()
            .zip(&normal.devices)
            .map(|(e, device)| {
                let mut t = e.gradient.clone();
                matmul(t.as_mut(), Accum::Add, e.coupling(device).as_ref(), shared.as_ref(), 1.0, Par::Seq);
                solve_upper_triangular_in_place(e.factor.L().transpose(), t.as_mut(), Par::Seq);
                t *= faer::Scale(-1.0);
                t
            })
            .collect();
        let mut predicted = gain(shared, shared_gradient, &self.shared_damping);
        let mut delta: Vec<f64> = shared.col(0).iter().copied().collect();
        for (local, device) in locals.iter().zip(&normal.devices) {
            let d = damping_of(device.local.as_ref(), self.damping);
            predicted += gain(local, &device.gradient, &d);
            delta.extend(local.col(0).iter().copied());
        }
        delta.iter().all(|d| d.is_finite()).then_some(Step { delta, predicted })
    }
}

/// `(D delta - g) . delta / 2`, the decrease the quadratic model predicts.
fn gain(delta: &Mat<f64>, gradient: &[f64], damping: &[f64]) -> f64 {
    gradient
        .iter()
        .zip(damping)
        .enumerate()
        .map(|(i, (g, d))| 0.5 * delta[(i, 0)] * (d * delta[(i, 0)] - g))
        .sum()
}

fn damping_of(a: MatRef<'_, f64>, damping: f64) -> Vec<f64> {
    let n = a.nrows();
    let largest = (0..n).map(|i| a[(i, i)]).fold(0.0, f64::max);
    (0..n).map(|i| damping * a[(i, i)].max(DIAGONAL_FLOOR * largest) + f64::MIN_POSITIVE).collect()
}

fn damp(a: &mut Mat<f64>, damping: f64) -> Vec<f64> {
    let d = damping_of(a.as_ref(), damping);
    for (i, d) in d.iter().enumerate() {
        a[(i, i)] += d;
    }
    d
}

fn column(v: &[f64]) -> Mat<f64> {
    Mat::from_fn(v.len(), 1, |i, _| v[i])
}
