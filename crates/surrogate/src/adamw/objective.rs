//! The loss of a minibatch in tensor operations: an unbiased share of the weighted mean square.
//!
//! ```text
//! loss = [ sum_p w_p^2 r_p^2 + a^2 sum_q m_q^2 s_q^2 + strength ||D||^2 ] / sum_p w_p^2
//! r = asinh(sign exp(y + offset)) - target  (channel)      r = y - target  (gate, bulk)
//! s = dy - step of the measured y between neighbours of a curve
//! ```

use burn::tensor::{Device, Tensor, TensorData};

use super::feed::Batch;
use super::minibatch::{Points, Slopes};
use super::network::{Crowd, Network, Places};

/// Constants of the loss, with the tasks' places on the device.
pub(super) struct Objective {
    places: Places,
    /// Factor on every network's mean over the points of a batch, networks x 1 x 1.
    points: Tensor<3>,
    /// The same for slopes.
    slopes: Tensor<3>,
    /// Factor on the sum of squared deviations.
    penalty: f32,
}

impl Objective {
    pub(super) fn new(crowd: &Crowd<'_>, points: &Points, slopes: Option<&Slopes>, device: &Device) -> Self {
        let problem = crowd.problems[0];
        let network_of: Vec<usize> = crowd.tasks().map(|t| t.network).collect();
        let share = |numbers: &[i32], factor: f64| {
            let mut rows = vec![0.0; crowd.problems.len()];
            numbers.iter().for_each(|t| rows[network_of[*t as usize]] += 1.0);
            let shares: Vec<f32> = rows.iter().map(|n| (factor * n / points.total) as f32).collect();
            let shape = [shares.len(), 1, 1];
            Tensor::from_data(TensorData::new(shares, shape), device)
        };
        Objective {
            places: Places::new(crowd, device),
            points: share(points.numbers(), 1.0),
            slopes: share(slopes.map_or(&[], Slopes::numbers), problem.slope_weight.powi(2)),
            penalty: (problem.strength / points.total) as f32,
        }
    }

    /// Share of a batch, without the penalty.
    pub(super) fn batch(&self, network: &Network, batch: &Batch) -> Tensor<1> {
        let points = self.points(network, &batch.points);
        match &batch.slopes {
            Some(slopes) => points + self.slopes(network, slopes),
            None => points,
        }
    }

    /// Share of the points.
    fn points(&self, network: &Network, batch: &Points) -> Tensor<1> {
        let y = network.forward(batch.inputs(), batch.tasks(), &self.places);
        let current = batch.sign() * asinh_exp(y.clone() + batch.offset());
        let residual = current + batch.plain() * y - batch.target();
        ((residual * batch.weight()).square().mean_dim(1) * self.points.clone()).sum()
    }

    /// Share of the slopes.
    fn slopes(&self, network: &Network, batch: &Slopes) -> Tensor<1> {
        let dy = network.tangent(batch.middle(), batch.step(), batch.tasks(), &self.places);
        (((dy - batch.target()) * batch.weight()).square().mean_dim(1) * self.slopes.clone()).sum()
    }

    /// The penalty on deviations.
    pub(super) fn penalty(&self, network: &Network) -> Tensor<1> {
        network.deviation_energy().mul_scalar(self.penalty)
    }
}

/// `asinh(exp z)` without overflow: with `m = max(z, 0)`,
/// `m + ln(exp(z - m) + sqrt(exp(2 (z - m)) + exp(-2 m)))`, where no exponent is positive.
///
/// The result does not depend on `m`, so `m` carries no gradient.
pub(super) fn asinh_exp<const D: usize>(z: Tensor<D>) -> Tensor<D> {
    let m = z.clone().detach().clamp_min(0.0);
    let up = (z - m.clone()).exp();
    let root = (up.clone().square() + m.clone().mul_scalar(-2.0).exp()).sqrt();
    m + (up + root).log()
}
