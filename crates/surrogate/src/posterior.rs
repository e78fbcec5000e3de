//! How sure a fit is of a head, and what it expects of a head it has not seen.
//!
//! With the trunk frozen a head `h` is a small nonlinear regression. Its prior is the population of the heads
//! already fitted ([`kriging`]: what neighbours in geometry say, and how far heads stray from that; [`corner`]: what the other
//! corners of a geometry say of a new one); its
//! estimate the maximum of the posterior, its covariance Laplace's ([`map`]):
//! ```text
//! minimise  sum_p rho(r_p / s_p)^2 + (h - h0)^T C0^-1 (h - h0)       C = (J^T S^-2 J + C0^-1)^-1
//! ```
//! The size of `C0` is itself known from few devices only: it may grow by a factor that the readings find likely (`map`).
//! r_p is the residual of a reading (asinh units), s_p^2 its instrument's variance plus the scatter of readings
//! around a device of this family. C. E. Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine
//! Learning" (2006), chapters 2.7 and 5.4, has the formulas of the prior and of its leave-one-out test.

pub(crate) mod calibrate;
pub(crate) mod corner;
pub(crate) mod kriging;
mod law;
pub(crate) mod learn;
pub(crate) mod map;
pub(crate) mod mean;
pub(crate) mod readings;
pub(crate) mod warmth;

use faer::Mat;

/// A Gaussian over the numbers of one head.
#[derive(Clone, Debug)]
pub(crate) struct Gaussian {
    /// Mean, one per number.
    pub(crate) mean: Vec<f64>,
    /// Covariance.
    pub(crate) covariance: Mat<f64>,
}

/// What is expected of a head before its readings.
#[derive(Clone, Debug)]
pub(crate) struct Prior {
    /// Expectation and covariance.
    pub(crate) head: Gaussian,
    /// Degrees of freedom that the size of the covariance was seen by; infinite for one that readings cannot widen.
    pub(crate) freedom: f64,
}

/// Row-major numbers of a square matrix.
pub(crate) fn flatten(a: &Mat<f64>) -> Vec<f64> {
    (0..a.nrows()).flat_map(|i| (0..a.ncols()).map(move |j| a[(i, j)])).collect()
}

/// A square matrix of row-major numbers.
pub(crate) fn square(numbers: &[f64]) -> Mat<f64> {
    let n = numbers.len().isqrt();
    Mat::from_fn(n, n, |i, j| numbers[i * n + j])
}

/// Inverse of a symmetric positive definite matrix; `None` when it is not.
pub(crate) fn inverse(a: &Mat<f64>) -> Option<Mat<f64>> {
    use faer::linalg::solvers::{Llt, Solve};
    let factor = Llt::new(a.as_ref(), faer::Side::Lower).ok()?;
    let inverse = factor.solve(&Mat::<f64>::identity(a.nrows(), a.nrows()));
    // Symmetric to the last bit, so that it can be factored again.
    Some(Mat::from_fn(a.nrows(), a.nrows(), |i, j| 0.5 * (inverse[(i, j)] + inverse[(j, i)])))
}
