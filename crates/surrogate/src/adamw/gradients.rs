//! Gradients of the losses of tasks, one by one, and what becomes of them together.
//!
//! What tasks share (trunk and population) is a row of a matrix for each task; deviations belong to one task each.

use burn::module::{Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorData};
use faer::Mat;

use super::surrogate::Surrogate;

/// Gradients of several losses.
pub(super) struct TaskGradients {
    layout: Shared,
    /// A row per task: trunk layer by layer, weights before biases, then the population.
    shared: Tensor<2>,
    /// Gradients over the deviations.
    own: Vec<Tensor<2>>,
}

/// The shared parameters of a surrogate as a row of numbers.
struct Shared {
    parts: Vec<(ParamId, Vec<usize>)>,
    /// Columns of the last layer's weights, as first and number.
    last: (usize, usize),
}

impl Shared {
    fn of(surrogate: &Surrogate) -> Self {
        let mut parts: Vec<(ParamId, Vec<usize>)> = Vec::new();
        let mut last = (0, 0);
        let width =
            |parts: &[(ParamId, Vec<usize>)]| parts.iter().map(|p| p.1.iter().product::<usize>()).sum();
        for layer in &surrogate.trunk {
            last = (width(&parts), layer.weight.dims().iter().product());
            parts.push((layer.weight.id, layer.weight.dims().to_vec()));
            parts.extend(layer.bias.as_ref().map(|b| (b.id, b.dims().to_vec())));
        }
        parts.extend(surrogate.population.as_ref().map(|p| (p.id, p.dims().to_vec())));
        Shared { parts, last }
    }

    /// The row of one loss; what it does not depend on has no gradient.
    fn row(&self, gradients: &GradientsParams, surrogate: &Surrogate) -> Tensor<2> {
        let parts = self.parts.iter().map(|(id, shape)| {
            let length: usize = shape.iter().product();
            let found = match shape.len() {
                1 => gradients.get::<1>(*id).map(|g| g.reshape([1, length])),
                _ => gradients.get::<2>(*id).map(|g| g.reshape([1, length])),
            };
            found.unwrap_or_else(|| Tensor::zeros([1, length], &plain(&surrogate.deviation).device()))
        });
        Tensor::cat(parts.collect(), 1)
    }
}

impl TaskGradients {
    /// Of `losses`, one per task.
    pub(super) fn of(surrogate: &Surrogate, losses: Vec<Tensor<1>>) -> Self {
        let layout = Shared::of(surrogate);
        let (mut rows, mut own) = (Vec::new(), Vec::new());
        for loss in losses {
            let gradients = GradientsParams::from_grads(loss.backward(), surrogate);
            rows.push(layout.row(&gradients, surrogate));
            own.push(deviations(&gradients, surrogate));
        }
        TaskGradients { layout, shared: Tensor::cat(rows, 0), own }
    }

    /// Products of the tasks' gradients over what they share, each times its weight.
    pub(super) fn gram(&self, weights: &[f64]) -> Mat<f64> {
        let products = self.shared.clone().matmul(self.shared.clone().transpose());
        let products: Vec<f64> = products.into_data().iter::<f64>().collect();
        let n = weights.len();
        Mat::from_fn(n, n, |i, j| weights[i] * weights[j] * products[i * n + j])
    }

    /// Norms of the tasks' gradients over the last layer's weights.
    pub(super) fn norms(&self) -> Vec<f64> {
        let (first, length) = self.layout.last;
        let squares = self.shared.clone().narrow(1, first, length).square().sum_dim(1);
        squares.into_data().iter::<f64>().map(f64::sqrt).collect()
    }

    /// One gradient: what tasks share times `factors`, deviations times `weights` and beside them what `penalty` asks for.
    pub(super) fn together(
        self,
        surrogate: &Surrogate,
        factors: &[f64],
        weights: &[f64],
        penalty: &GradientsParams,
    ) -> GradientsParams {
        let mut all = GradientsParams::new();
        let device = self.shared.device();
        let factors: Vec<f32> = factors.iter().map(|f| *f as f32).collect();
        let n = factors.len();
        let row = Tensor::<2>::from_data(TensorData::new(factors, [1, n]), &device).matmul(self.shared);
        let mut first = 0;
        for (id, shape) in self.layout.parts {
            let length: usize = shape.iter().product();
            let part = row.clone().narrow(1, first, length);
            match shape[..] {
                [length] => all.register(id, part.reshape([length])),
                _ => all.register(id, part.reshape([shape[0], shape[1]])),
            }
            first += length;
        }
        let own = self.own.into_iter().zip(weights).map(|(g, w)| g.mul_scalar(*w as f32));
        let own = own.fold(deviations(penalty, surrogate), |sum, g| sum + g);
        all.register(surrogate.deviation.id, own);
        all
    }
}

/// The gradient over the deviations; zeros where there is none.
fn deviations(gradients: &GradientsParams, surrogate: &Surrogate) -> Tensor<2> {
    let deviation = &surrogate.deviation;
    gradients.get::<2>(deviation.id).unwrap_or_else(|| plain(deviation).zeros_like())
}

/// A parameter's numbers on the device that gradients live on.
fn plain(parameter: &Param<Tensor<2>>) -> Tensor<2> {
    parameter.val().inner()
}
