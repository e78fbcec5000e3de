//! Networks tied to centres: the equations of one step, and their solution for any right side.
//!
//! With `S_k` the damped equations of task `k` (its devices eliminated), weights `W_k` of its ties and `A_k = S_k + W_k`,
//! ```text
//! A_k d_k - W_k sum_m z_km e_m = r_k                        steps d of the networks
//! sum_k z_km W_k (sum_n z_kn e_n - d_k) = q_m               steps e of the centres
//! ```
//! Given `e` the networks decouple. Without them
//! ```text
//! sum_k z_km z_kn (W_k - W_k A_k^-1 W_k) e_n = q_m + sum_k z_km W_k A_k^-1 r_k
//! ```

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::{Llt, Solve};
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Accum, Mat, Par, Side};
use rayon::prelude::*;

/// Smallest diagonal of the centres' equations, relative to the largest: a direction that no task spans stays.
pub(super) const RIDGE: f64 = 1e-10;

/// A network with its ties.
pub(super) struct Bound {
    /// Of `A`.
    pub(super) factor: Llt<f64>,
    weights: Vec<f64>,
}

impl Bound {
    /// Of the equations `schur` (lower triangle) and ties of these `weights`; `None` when they are not positive definite.
    pub(super) fn new(schur: &Mat<f64>, weights: Vec<f64>) -> Option<Self> {
        let mut a = schur.clone();
        for (i, w) in weights.iter().enumerate() {
            a[(i, i)] += w;
        }
        Some(Bound { factor: Llt::new(a.as_ref(), Side::Lower).ok()?, weights })
    }

    /// `W - W A^-1 W`: how hard the network pulls at what holds it.
    fn pull(&self) -> Mat<f64> {
        let n = self.weights.len();
        let mut pull = Mat::from_fn(n, n, |i, j| if i == j { self.weights[i] } else { 0.0 });
        let mut half = pull.clone();
        solve_lower_triangular_in_place(self.factor.L(), half.as_mut(), Par::Seq);
        matmul(pull.as_mut(), Accum::Add, half.transpose(), half.as_ref(), -1.0, Par::Seq);
        pull
    }
}

/// All of them; see the module's equations.
pub(super) struct Star<'t> {
    networks: Vec<Bound>,
    design: &'t [Vec<f64>],
    /// Of the centres' equations.
    centres: Llt<f64>,
}

impl<'t> Star<'t> {
    /// `None` where the equations are not positive definite.
    pub(super) fn new(networks: Vec<Bound>, design: &'t [Vec<f64>]) -> Option<Self> {
        let (n, m) = (networks.first()?.weights.len(), design[0].len());
        let pulls: Vec<Mat<f64>> = networks.par_iter().map(Bound::pull).collect();
        let mut matrix = Mat::<f64>::zeros(n * m, n * m);
        for (pull, z) in pulls.iter().zip(design) {
            for (a, za) in z.iter().enumerate() {
                for (b, zb) in z.iter().enumerate().filter(|(_, z)| **z != 0.0) {
                    let mut block = matrix.as_mut().submatrix_mut(a * n, b * n, n, n);
                    block += faer::Scale(za * zb) * pull;
                }
            }
        }
        let largest = (0..n * m).map(|i| matrix[(i, i)]).fold(0.0, f64::max);
        for i in 0..n * m {
            matrix[(i, i)] += RIDGE * largest + f64::MIN_POSITIVE.sqrt();
        }
        let centres = Llt::new(matrix.as_ref(), Side::Lower).ok()?;
        Some(Star { networks, design, centres })
    }

    /// Steps of the networks and of the centres for the right sides `r` and `q`.
    pub(super) fn solve(&self, r: &[Mat<f64>], q: &[Vec<f64>]) -> (Vec<Mat<f64>>, Vec<Vec<f64>>) {
        let n = self.networks[0].weights.len();
        let each = self.networks.par_iter().zip(r);
        let alone: Vec<Mat<f64>> = each.map(|(network, r)| network.factor.solve(r)).collect();
        let mut right = Mat::from_fn(n * q.len(), 1, |i, _| q[i / n][i % n]);
        for ((network, alone), z) in self.networks.iter().zip(&alone).zip(self.design) {
            for (m, z) in z.iter().enumerate() {
                (0..n).for_each(|i| right[(m * n + i, 0)] += z * network.weights[i] * alone[(i, 0)]);
            }
        }
        let moved = self.centres.solve(&right);
        let follow = |((network, mut step), z): ((&Bound, Mat<f64>), &Vec<f64>)| {
            let pulled = Mat::from_fn(n, 1, |i, _| {
                network.weights[i] * z.iter().enumerate().map(|(m, z)| z * moved[(m * n + i, 0)]).sum::<f64>()
            });
            step += network.factor.solve(&pulled);
            step
        };
        let steps = self.networks.par_iter().zip(alone).zip(self.design).map(follow).collect();
        (steps, (0..q.len()).map(|m| (0..n).map(|i| moved[(m * n + i, 0)]).collect()).collect())
    }
}
