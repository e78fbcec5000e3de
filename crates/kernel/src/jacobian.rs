//! Trunk evaluation and parameter Jacobian of a block of points, lanes over points: the fit's inner loop.
//!
//! Rows of every array are contiguous over the points of the block, so each loop below is a vector loop.
//! With a tangent direction the block also carries `ydot = dy/dx . xdot`, and the Jacobian of any
//! residual `r(y, ydot)` follows from its two seeds `dr/dy` and `dr/dydot` by one reverse pass:
//!
//! ```text
//! t = tanh(z)    s = 1 - t^2     tdot = s zdot
//! zdot* = tdot* s                z* = t* s - 2 t s zdot tdot*
//! W*    = z* x^T + zdot* xdot^T  b* = z*      x* = W^T z*     xdot* = W^T zdot*
//! ```
//! (a star marks the adjoint). Parameters are ordered layer by layer, weights row-major, then biases.

mod rows;

use crate::isa::Isa;
use crate::math::LANES;
use rows::{
    accumulate, affine, product, product_add, scaled, squash, through_tanh, through_tanh_tangent,
    transpose_affine,
};

/// Shape of a trunk: number of inputs and of neurons per layer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrunkShape {
    /// Inputs of the first layer.
    pub inputs: usize,
    /// Neurons of every layer.
    pub widths: Vec<usize>,
}

impl TrunkShape {
    /// Number of trunk parameters.
    pub fn parameters(&self) -> usize {
        self.layers().map(|l| l.outputs * (l.inputs + 1)).sum()
    }

    /// Neurons of the last layer.
    pub fn width(&self) -> usize {
        self.widths.last().copied().unwrap_or(self.inputs)
    }

    /// Inputs, outputs and parameter offset of every layer.
    pub fn layers(&self) -> impl DoubleEndedIterator<Item = LayerShape> + '_ {
        let mut shapes = Vec::with_capacity(self.widths.len());
        let (mut inputs, mut offset) = (self.inputs, 0);
        for &outputs in &self.widths {
            shapes.push(LayerShape { inputs, outputs, offset });
            offset += outputs * (inputs + 1);
            inputs = outputs;
        }
        shapes.into_iter()
    }
}

/// Place of one layer in the parameter vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerShape {
    /// Inputs of the layer.
    pub inputs: usize,
    /// Neurons of the layer.
    pub outputs: usize,
    /// Index of its first weight.
    pub offset: usize,
}

impl LayerShape {
    /// Index of the bias of neuron 0.
    pub fn bias_offset(&self) -> usize {
        self.offset + self.inputs * self.outputs
    }

    /// Its parameters, weights and biases.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.bias_offset() + self.outputs
    }
}

/// Workspace for blocks of up to `capacity` points.
#[derive(Clone, Debug)]
pub struct Block {
    isa: Isa,
    shape: TrunkShape,
    capacity: usize,
    points: usize,
    /// Inputs, then activations of every layer: `levels[k][neuron * points + point]`.
    levels: Vec<Vec<f64>>,
    /// Tangents of `levels`.
    tangents: Vec<Vec<f64>>,
    /// Tangents of the pre-activations of every layer.
    pre_tangents: Vec<Vec<f64>>,
    adjoint: [Vec<f64>; 2],
    tangent_adjoint: [Vec<f64>; 2],
}

/// Smallest multiple of the vector length that holds `n` points.
pub fn padded(n: usize) -> usize {
    n.next_multiple_of(LANES)
}

impl Block {
    /// Workspace for blocks of up to `capacity` points of a trunk of this shape.
    pub fn new(isa: Isa, shape: &TrunkShape, capacity: usize) -> Self {
        let capacity = padded(capacity);
        let widest = shape.widths.iter().copied().max().unwrap_or(0).max(shape.inputs);
        let rows = |n: usize| vec![0.0; n * capacity];
        let levels: Vec<Vec<f64>> =
            std::iter::once(shape.inputs).chain(shape.widths.iter().copied()).map(rows).collect();
        Block {
            isa,
            shape: shape.clone(),
            capacity,
            points: 0,
            tangents: levels.clone(),
            pre_tangents: shape.widths.iter().map(|&n| rows(n)).collect(),
            levels,
            adjoint: [rows(widest), rows(widest)],
            tangent_adjoint: [rows(widest), rows(widest)],
        }
    }

    /// Points of the current block, a multiple of the vector length.
    pub fn points(&self) -> usize {
        self.points
    }

    /// Loads inputs `x` (`inputs` rows of `stride`, columns `from .. from + n`) and runs the trunk.
    ///
    /// Points up to the next multiple of the vector length are padded with zeros.
    ///
    /// # Panics
    /// When `n` exceeds the capacity or `x` is too short.
    pub fn forward(&mut self, params: &[f64], x: &[f64], stride: usize, from: usize, n: usize) {
        self.points = padded(n);
        assert!(self.points <= self.capacity, "block of {n} points in a workspace of {}", self.capacity);
        load(&mut self.levels[0], x, stride, from, n, self.points);
        for (k, layer) in self.shape.layers().enumerate() {
            let (below, above) = self.levels.split_at_mut(k + 1);
            affine(self.isa, params, layer, true, &below[k], &mut above[0], self.points);
            squash(self.isa, &mut above[0][..layer.outputs * self.points]);
        }
    }

    /// Loads input tangents (same layout as `x` of [`Block::forward`]) and propagates them.
    pub fn forward_tangent(&mut self, params: &[f64], xdot: &[f64], stride: usize, from: usize, n: usize) {
        load(&mut self.tangents[0], xdot, stride, from, n, self.points);
        for (k, layer) in self.shape.layers().enumerate() {
            let rows = layer.outputs * self.points;
            affine(self.isa, params, layer, false, &self.tangents[k], &mut self.pre_tangents[k], self.points);
            let (t, zdot, out) = (
                &self.levels[k + 1][..rows],
                &self.pre_tangents[k][..rows],
                &mut self.tangents[k + 1][..rows],
            );
            for ((o, t), z) in out.iter_mut().zip(t).zip(zdot) {
                *o = (1.0 - t * t) * z;
            }
        }
    }

    /// Last layer's activations, `width` rows of [`Block::points`].
    pub fn features(&self) -> &[f64] {
        &self.levels[self.shape.widths.len()][..self.shape.width() * self.points]
    }

    /// `y = head . [z, 1]` of every point; `head` has `width + 1` numbers.
    pub fn values(&self, head: &[f64], y: &mut [f64]) {
        let (weights, constant) = head.split_at(head.len() - 1);
        y[..self.points].fill(constant[0]);
        accumulate(self.isa, self.features(), weights, &mut y[..self.points]);
    }

    /// `ydot` of every point after [`Block::forward_tangent`].
    pub fn tangent_values(&self, head: &[f64], ydot: &mut [f64]) {
        let rows = &self.tangents[self.shape.widths.len()][..self.shape.width() * self.points];
        ydot[..self.points].fill(0.0);
        accumulate(self.isa, rows, &head[..head.len() - 1], &mut ydot[..self.points]);
    }

    /// Jacobian of a residual with seed `dr/dy` per point.
    ///
    /// Writes one row of `stride` numbers per parameter into `panel`: trunk parameters in order, then
    /// the head's weights, then its constant; points beyond `n` of the block must have seed zero.
    pub fn jacobian(&mut self, params: &[f64], head: &[f64], seed: &[f64], panel: &mut [f64], stride: usize) {
        self.reverse(params, head, seed, None, panel, stride);
    }

    /// As [`Block::jacobian`] for a residual that also depends on `ydot`, with seed `dr/dydot`.
    pub fn jacobian_tangent(
        &mut self,
        params: &[f64],
        head: &[f64],
        seed: &[f64],
        seed_dot: &[f64],
        panel: &mut [f64],
        stride: usize,
    ) {
        self.reverse(params, head, seed, Some(seed_dot), panel, stride);
    }

    fn reverse(
        &mut self,
        params: &[f64],
        head: &[f64],
        seed: &[f64],
        seed_dot: Option<&[f64]>,
        panel: &mut [f64],
        stride: usize,
    ) {
        let (isa, n, depth, width) = (self.isa, self.points, self.shape.widths.len(), self.shape.width());
        let offset = self.shape.parameters() * stride;
        for j in 0..width {
            let row = &mut panel[offset + j * stride..][..n];
            product(isa, &self.levels[depth][j * n..][..n], seed, row);
            scaled(isa, head[j], seed, &mut self.adjoint[0][j * n..][..n]);
            if let Some(sd) = seed_dot {
                product_add(isa, &self.tangents[depth][j * n..][..n], sd, row);
                scaled(isa, head[j], sd, &mut self.tangent_adjoint[0][j * n..][..n]);
            }
        }
        panel[offset + width * stride..][..n].copy_from_slice(&seed[..n]);
        let layers: Vec<LayerShape> = self.shape.layers().collect();
        for (k, layer) in layers.iter().enumerate().rev() {
            let rows = layer.outputs * n;
            let t = &self.levels[k + 1][..rows];
            if seed_dot.is_some() {
                through_tanh_tangent(
                    isa,
                    t,
                    &self.pre_tangents[k][..rows],
                    &mut self.adjoint[0][..rows],
                    &mut self.tangent_adjoint[0][..rows],
                );
            } else {
                through_tanh(isa, t, &mut self.adjoint[0][..rows]);
            }
            for o in 0..layer.outputs {
                let z = &self.adjoint[0][o * n..][..n];
                for i in 0..layer.inputs {
                    let row = &mut panel[(layer.offset + o * layer.inputs + i) * stride..][..n];
                    product(isa, &self.levels[k][i * n..][..n], z, row);
                    if seed_dot.is_some() {
                        let zdot = &self.tangent_adjoint[0][o * n..][..n];
                        product_add(isa, &self.tangents[k][i * n..][..n], zdot, row);
                    }
                }
                panel[(layer.bias_offset() + o) * stride..][..n].copy_from_slice(z);
            }
            if k > 0 {
                transpose_affine(isa, params, *layer, &mut self.adjoint, n);
                if seed_dot.is_some() {
                    transpose_affine(isa, params, *layer, &mut self.tangent_adjoint, n);
                }
            }
        }
    }
}

fn load(rows: &mut [f64], x: &[f64], stride: usize, from: usize, n: usize, padded: usize) {
    for (row, x) in rows.chunks_exact_mut(padded).zip(x.chunks_exact(stride)) {
        row[..n].copy_from_slice(&x[from..from + n]);
        row[n..].fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deterministic numbers in (-1, 1).
    fn numbers(n: usize, seed: u64) -> Vec<f64> {
        let mut s = seed;
        (0..n)
            .map(|_| {
                s = s.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (s >> 11) as f64 / (1u64 << 52) as f64 - 1.0
            })
            .collect()
    }

    #[test]
    fn jacobian_of_value_and_tangent_matches_finite_differences() {
        let shape = TrunkShape { inputs: 4, widths: vec![5, 6] };
        let (np, n) = (shape.parameters(), 11);
        let mut theta = numbers(np + 7, 1);
        let (x, xdot) = (numbers(4 * n, 2), numbers(4 * n, 3));
        let (sy, sd) = (numbers(padded(n), 4), numbers(padded(n), 5));
        for isa in Isa::available() {
            let mut block = Block::new(isa, &shape, 32);
            let stride = padded(n);
            let mut run = |theta: &[f64]| {
                let mut y = [vec![0.0; stride], vec![0.0; stride]];
                block.forward(&theta[..np], &x, n, 0, n);
                block.forward_tangent(&theta[..np], &xdot, n, 0, n);
                block.values(&theta[np..], &mut y[0]);
                block.tangent_values(&theta[np..], &mut y[1]);
                (0..n).map(|p| sy[p] * y[0][p] + sd[p] * y[1][p]).collect::<Vec<f64>>()
            };
            let mut numeric = Vec::new();
            for k in 0..theta.len() {
                let (h, keep) = (1e-6, theta[k]);
                theta[k] = keep + h;
                let up = run(&theta);
                theta[k] = keep - h;
                let down = run(&theta);
                theta[k] = keep;
                numeric.push(up.iter().zip(&down).map(|(u, d)| (u - d) / (2.0 * h)).collect::<Vec<f64>>());
            }
            run(&theta);
            let mut panel = vec![f64::NAN; theta.len() * stride];
            block.jacobian_tangent(&theta[..np], &theta[np..], &sy, &sd, &mut panel, stride);
            for (k, column) in numeric.iter().enumerate() {
                for p in 0..n {
                    assert!(
                        (panel[k * stride + p] - column[p]).abs() < 1e-8,
                        "{isa:?} parameter {k} point {p}"
                    );
                }
            }
        }
    }
}
