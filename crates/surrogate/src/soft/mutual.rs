//! Networks tied to each other: the equations of one step,
//!
//! ```text
//! S_k d_k + sum_j W_jk (d_k - d_j) = r_k
//! ```
//! with weights `W_jk` of the distance between two networks. They have no centre that could be eliminated; where all weights are
//! equal, the equations of ties to a common centre of the mean weight ([`Star`]) have the same solution. Conjugate gradients begin
//! with those and mend the rest.

use faer::Mat;
use rayon::prelude::*;

use super::star::Star;
use super::tie::Tie;

/// Residual at which steps are good enough, relative to that of no step, in the norm of the equations with equal weights.
const ENOUGH: f64 = 1e-3;
/// Most products with the equations.
const PRODUCTS: usize = 200;

/// Weights of the distances between every two networks.
pub(super) struct Mutual {
    /// Those of networks `j < k` at `k (k - 1) / 2 + j`, one per shared unknown.
    weights: Vec<Vec<f64>>,
    networks: usize,
}

impl Mutual {
    pub(super) fn new(tie: &Tie, thetas: &[Vec<f64>]) -> Self {
        let networks = thetas.len();
        let pairs: Vec<(usize, usize)> = (0..networks).flat_map(|k| (0..k).map(move |j| (j, k))).collect();
        let of = |(j, k): &(usize, usize)| tie.weights_between(&thetas[*j], &thetas[*k], networks);
        Mutual { weights: pairs.par_iter().map(of).collect(), networks }
    }

    /// Weights of ties to a common centre that come nearest: means over the other networks.
    pub(super) fn mean(&self, k: usize) -> Vec<f64> {
        let mut mean = vec![0.0; self.weights[0].len()];
        for j in (0..self.networks).filter(|j| *j != k) {
            mean.iter_mut().zip(self.of(j, k)).for_each(|(m, w)| *m += w);
        }
        mean.iter_mut().for_each(|m| *m *= self.networks as f64 / (self.networks - 1) as f64);
        mean
    }

    fn of(&self, j: usize, k: usize) -> &[f64] {
        let (low, high) = (j.min(k), j.max(k));
        &self.weights[high * (high - 1) / 2 + low]
    }

    /// Steps for the right sides `r`, where `schur` are the damped equations of the networks (lower triangles) and `star` those of
    /// ties of the [mean weights](Mutual::mean); `None` where they cannot be found.
    pub(super) fn solve(
        &self,
        schur: &[&Mat<f64>],
        star: &Star<'_>,
        r: Vec<Mat<f64>>,
    ) -> Option<Vec<Mat<f64>>> {
        let equations: Vec<Mat<f64>> = schur.par_iter().map(|s| whole(s)).collect();
        let still = [vec![0.0; r[0].nrows()]];
        let precondition = |r: &[Mat<f64>]| star.solve(r, &still).0;
        let mut steps: Vec<Mat<f64>> = r.iter().map(|r| Mat::zeros(r.nrows(), 1)).collect();
        let mut left = r;
        let mut conditioned = precondition(&left);
        let mut direction = conditioned.clone();
        let mut size = dot(&left, &conditioned);
        let enough = ENOUGH * ENOUGH * size;
        for _ in 0..PRODUCTS {
            if size <= enough || size.is_nan() {
                break;
            }
            let product = self.product(&equations, &direction);
            let length = size / dot(&direction, &product);
            add(&mut steps, length, &direction);
            add(&mut left, -length, &product);
            conditioned = precondition(&left);
            let next = dot(&left, &conditioned);
            let turned = next / size;
            direction.iter_mut().zip(&conditioned).for_each(|(d, z)| *d = z + faer::Scale(turned) * &*d);
            size = next;
        }
        size.is_finite().then_some(steps)
    }

    /// The left side of the equations.
    fn product(&self, equations: &[Mat<f64>], d: &[Mat<f64>]) -> Vec<Mat<f64>> {
        let of = |(k, s): (usize, &Mat<f64>)| {
            let mut product = s * &d[k];
            for (j, other) in d.iter().enumerate().filter(|(j, _)| *j != k) {
                for (i, w) in self.of(j, k).iter().enumerate() {
                    product[(i, 0)] += w * (d[k][(i, 0)] - other[(i, 0)]);
                }
            }
            product
        };
        equations.par_iter().enumerate().map(of).collect()
    }
}

/// A symmetric matrix from its lower triangle.
fn whole(lower: &Mat<f64>) -> Mat<f64> {
    Mat::from_fn(lower.nrows(), lower.ncols(), |i, j| lower[(i.max(j), i.min(j))])
}

fn dot(a: &[Mat<f64>], b: &[Mat<f64>]) -> f64 {
    let of = |(a, b): (&Mat<f64>, &Mat<f64>)| {
        a.col(0).iter().zip(b.col(0).iter()).map(|(a, b)| a * b).sum::<f64>()
    };
    a.iter().zip(b).map(of).sum()
}

fn add(to: &mut [Mat<f64>], factor: f64, what: &[Mat<f64>]) {
    to.iter_mut().zip(what).for_each(|(to, what)| *to += faer::Scale(factor) * what);
}

#[cfg(test)]
mod tests {
    use faer::Side;
    use faer::linalg::solvers::{Llt, Solve};

    use super::*;
    use crate::sharing::{Distance, SoftConfig, Towards};
    use crate::soft::star::Bound;
    use crate::synthetic::Synthetic;

    /// Numbers that look like nothing, from -1 to 1.
    fn number(k: usize) -> f64 {
        ((k * k * 7 + k * 131) % 997) as f64 / 498.5 - 1.0
    }

    #[test]
    fn steps_solve_the_equations_of_all_networks_at_once() {
        let layout = Synthetic { devices: 1, hidden: vec![3], ..Synthetic::default() }.problem().layout;
        let (n, networks) = (layout.shared(), 4);
        // Networks 0 and 1 nearly the same: weights of very different sizes.
        let theta = |k: usize| (0..n).map(|i| number(i + 50 * k.max(1)) + 1e-3 * k as f64).collect();
        let thetas: Vec<Vec<f64>> = (0..networks).map(theta).collect();
        let schur: Vec<Mat<f64>> = (0..networks)
            .map(|k| {
                let a = Mat::from_fn(n, n, |i, j| number(1000 * (k + 1) + n * i + j));
                &a * a.transpose() + Mat::<f64>::identity(n, n) * faer::Scale(1e-3)
            })
            .collect();
        let r: Vec<Mat<f64>> = (0..networks).map(|k| Mat::from_fn(n, 1, |i, _| number(77 * k + i))).collect();
        for distance in [Distance::Squared, Distance::Norm, Distance::Absolute] {
            let config = SoftConfig {
                towards: Towards::Others,
                distance,
                strength: 0.3,
                heads: 1.0,
                ..SoftConfig::default()
            };
            let tie = Tie::new(&layout, &config, vec![vec![1.0]; networks]);
            let mutual = Mutual::new(&tie, &thetas);
            let bound = (0..networks).map(|k| Bound::new(&schur[k], mutual.mean(k)).unwrap()).collect();
            let star = Star::new(bound, &tie.design).unwrap();
            let found = mutual.solve(&schur.iter().collect::<Vec<_>>(), &star, r.clone()).unwrap();
            let whole = Mat::from_fn(n * networks, n * networks, |a, b| {
                let ((k, i), (j, l)) = ((a / n, a % n), (b / n, b % n));
                let own = if k == j { schur[k][(i, l)] } else { 0.0 };
                let ties: f64 = match (i == l, k == j) {
                    (true, true) => (0..networks).filter(|m| *m != k).map(|m| mutual.of(m, k)[i]).sum(),
                    (true, false) => -mutual.of(j, k)[i],
                    (false, _) => 0.0,
                };
                own + ties
            });
            let right = Mat::from_fn(n * networks, 1, |a, _| r[a / n][(a % n, 0)]);
            let exact = Llt::new(whole.as_ref(), Side::Lower).unwrap().solve(&right);
            let largest = exact.col(0).iter().fold(0.0, |a: f64, b| a.max(b.abs()));
            for (a, exact) in exact.col(0).iter().enumerate() {
                let off = found[a / n][(a % n, 0)] - exact;
                assert!(off.abs() < 2e-2 * largest, "{distance:?} {a}: {off} of {exact}");
            }
        }
    }
}
