//! The loss of a minibatch in tensor operations: an unbiased share of the weighted mean square.
//!
//! ```text
//! loss = [ sum_p w_p^2 r_p^2 + a^2 sum_q m_q^2 s_q^2 + strength ||D||^2 ] / sum_p w_p^2
//! r = asinh(sign exp(y + offset)) - target  (channel)      r = y - target  (gate, bulk)
//! s = dy - step of the measured y between neighbours of a curve
//! ```

use burn::tensor::{Device, Tensor};

use super::feed::Batch;
use super::minibatch::{Points, Slopes};
use super::surrogate::{Places, Surrogate};
use crate::problem::Problem;

/// Constants of the loss, with the tasks' places on the device.
pub(super) struct Objective {
    places: Places,
    /// Factor on a batch's mean over points.
    points: f32,
    /// Factor on a batch's mean over slopes.
    slopes: f32,
    /// Factor on the sum of squared deviations.
    penalty: f32,
}

impl Objective {
    pub(super) fn new(problem: &Problem, points: &Points, slopes: Option<&Slopes>, device: &Device) -> Self {
        let pairs = slopes.map_or(0, Slopes::len) as f64;
        Objective {
            places: Places::new(&problem.tasks, &problem.layout, device),
            points: (points.len() as f64 / points.total) as f32,
            slopes: (problem.slope_weight.powi(2) * pairs / points.total) as f32,
            penalty: (problem.strength / points.total) as f32,
        }
    }

    /// Share of a batch, without the penalty.
    pub(super) fn batch(&self, surrogate: &Surrogate, batch: &Batch) -> Tensor<1> {
        let points = self.points(surrogate, &batch.points);
        match &batch.slopes {
            Some(slopes) => points + self.slopes(surrogate, slopes),
            None => points,
        }
    }

    /// Share of the points.
    fn points(&self, surrogate: &Surrogate, batch: &Points) -> Tensor<1> {
        let y = surrogate.forward(batch.inputs(), batch.tasks(), &self.places);
        let current = batch.sign() * asinh_exp(y.clone() + batch.offset());
        let residual = current + batch.plain() * y - batch.target();
        (residual * batch.weight()).square().mean().mul_scalar(self.points)
    }

    /// Share of the slopes.
    fn slopes(&self, surrogate: &Surrogate, batch: &Slopes) -> Tensor<1> {
        let dy = surrogate.tangent(batch.middle(), batch.step(), batch.tasks(), &self.places);
        ((dy - batch.target()) * batch.weight()).square().mean().mul_scalar(self.slopes)
    }

    /// The penalty on deviations.
    pub(super) fn penalty(&self, surrogate: &Surrogate) -> Tensor<1> {
        surrogate.deviation_energy().mul_scalar(self.penalty)
    }
}

/// `asinh(exp z)` without overflow: with `m = max(z, 0)`,
/// `m + ln(exp(z - m) + sqrt(exp(2 (z - m)) + exp(-2 m)))`, where no exponent is positive.
///
/// The result does not depend on `m`, so `m` carries no gradient.
pub(super) fn asinh_exp(z: Tensor<2>) -> Tensor<2> {
    let m = z.clone().detach().clamp_min(0.0);
    let up = (z - m.clone()).exp();
    let root = (up.clone().square() + m.clone().mul_scalar(-2.0).exp()).sqrt();
    m + (up + root).log()
}
