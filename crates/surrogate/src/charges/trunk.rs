//! The trunk of charges: its neurons and their derivatives by the bias, and how all of them follow its weights.
//!
//! Capacitances are derivatives, so a residual holds `z` of the last layer and `dz/dv`. Both are carried forward through the
//! layers; what a weight does to them comes back from the last layer in one sweep for values and derivatives alike.

use faer::Mat;
use gummel_kernel::spec::FEATURES;

use super::rows::{Points, Problem, Term};

/// Layers of tanh neurons.
#[derive(Clone)]
pub(super) struct Trunk {
    /// Number of inputs, then of neurons in every layer.
    pub(super) sizes: Vec<usize>,
    /// Layer after layer, a row of `inputs + 1` numbers (weights, bias) per neuron.
    pub(super) weights: Vec<f64>,
}

/// Where a layer's numbers lie.
pub(super) struct Span {
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    offset: usize,
}

impl Span {
    /// Place of neuron `m`'s weight of input `i`; its bias has `i = inputs`.
    fn at(&self, m: usize, i: usize) -> usize {
        self.offset + m * (self.inputs + 1) + i
    }
}

impl Trunk {
    pub(super) fn layers(&self) -> Vec<Span> {
        let mut offset = 0;
        let spans = self.sizes.windows(2).map(|w| {
            let span = Span { inputs: w[0], outputs: w[1], offset };
            offset += w[1] * (w[0] + 1);
            span
        });
        spans.collect()
    }

    /// Weights and biases of one layer.
    pub(super) fn rows(&self, span: &Span) -> std::slice::ChunksExact<'_, f64> {
        let width = span.inputs + 1;
        self.weights[span.offset..][..span.outputs * width].chunks_exact(width)
    }

    /// Neurons of the last layer.
    pub(super) fn neurons(&self) -> usize {
        self.sizes.last().copied().unwrap_or(0)
    }
}

/// Neurons of one layer at a device's points; one row of points per neuron.
struct Bent {
    /// tanh of the argument u.
    z: Vec<f64>,
    /// tanh' = 1 - tanh^2.
    first: Vec<f64>,
    /// `du/dv_k`.
    along: [Vec<f64>; FEATURES],
    /// `dz/dv_k`.
    slope: [Vec<f64>; FEATURES],
}

/// All layers at a device's points.
pub(super) struct Activations<'a> {
    points: &'a Points,
    layers: Vec<Bent>,
}

impl<'a> Activations<'a> {
    pub(super) fn of(trunk: &Trunk, points: &'a Points) -> Self {
        let n = points.len();
        let mut this = Activations { points, layers: Vec::new() };
        for span in trunk.layers() {
            let seen = this.before(this.layers.len());
            let mut u = vec![0.0; span.outputs * n];
            let mut along: [Vec<f64>; FEATURES] = std::array::from_fn(|_| vec![0.0; span.outputs * n]);
            for (m, row) in trunk.rows(&span).enumerate() {
                let u = &mut u[m * n..][..n];
                u.fill(row[span.inputs]);
                for (i, w) in row[..span.inputs].iter().enumerate() {
                    add_scaled(u, *w, seen.value(i));
                    for (k, along) in along.iter_mut().enumerate() {
                        if let Some(slope) = seen.slope(k, i) {
                            add_scaled(&mut along[m * n..][..n], *w, slope);
                        }
                    }
                }
            }
            let z: Vec<f64> = u.iter().map(|u| u.tanh()).collect();
            let first: Vec<f64> = z.iter().map(|z| 1.0 - z * z).collect();
            let slope = along.each_ref().map(|a| a.iter().zip(&first).map(|(a, f)| a * f).collect());
            this.layers.push(Bent { z, first, along, slope });
        }
        this
    }

    /// What layer `layer` sees.
    fn before(&self, layer: usize) -> Inputs<'_> {
        Inputs { points: self.points, layer: layer.checked_sub(1).map(|l| &self.layers[l]) }
    }

    /// Rows of a problem as a matrix over `[neurons, 1]` of each of its heads.
    pub(super) fn design(&self, problem: &Problem) -> Mat<f64> {
        let (n, last) = (self.points.len(), self.before(self.layers.len()));
        let neurons = self.layers.last().map_or(0, |l| l.z.len() / n.max(1));
        let length = neurons + 1;
        let mut a = Mat::<f64>::zeros(n * problem.rows.len(), length * problem.heads);
        for (block, rows) in problem.rows.iter().enumerate() {
            for Term { head, by, weight } in &rows.terms {
                for m in 0..neurons {
                    let out = &mut a.col_as_slice_mut(head * length + m)[block * n..][..n];
                    match by {
                        None => add_product(out, weight, last.value(m)),
                        Some(k) => {
                            if let Some(slope) = last.slope(*k, m) {
                                add_product(out, weight, slope);
                            }
                        }
                    }
                }
                if by.is_none() {
                    let out = &mut a.col_as_slice_mut(head * length + neurons)[block * n..][..n];
                    add_scaled(out, 1.0, weight);
                }
            }
        }
        a
    }

    /// Derivative of a problem's rows by every number of the trunk at fixed `heads`.
    pub(super) fn jacobian(&self, trunk: &Trunk, problem: &Problem, heads: &Mat<f64>) -> Mat<f64> {
        let (n, neurons) = (self.points.len(), trunk.neurons());
        let mut j = Mat::<f64>::zeros(n * problem.rows.len(), trunk.weights.len());
        let one = vec![1.0; n];
        for head in 0..problem.heads {
            let h: Vec<f64> = (0..neurons).map(|m| heads[(head * (neurons + 1) + m, 0)]).collect();
            let mut wanted = Wanted::of_head(&h, n);
            for (layer, span) in trunk.layers().iter().enumerate().rev() {
                let seed = wanted.bent(&self.layers[layer]);
                let before = self.before(layer);
                for m in 0..span.outputs {
                    for i in 0..=span.inputs {
                        let x = if i < span.inputs { before.value(i) } else { &one };
                        let column = j.col_as_slice_mut(span.at(m, i));
                        for (rows, out) in problem.rows.iter().zip(column.chunks_exact_mut(n)) {
                            for term in rows.terms.iter().filter(|t| t.head == head) {
                                let slope = term.by.filter(|_| i < span.inputs);
                                let slope = slope.and_then(|k| before.slope(k, i));
                                seed.add(out, term, m, x, slope);
                            }
                        }
                    }
                }
                if layer > 0 {
                    wanted = seed.through(trunk, span);
                }
            }
        }
        j
    }
}

/// What a layer sees: the layer before it, or the inputs of the trunk.
struct Inputs<'a> {
    points: &'a Points,
    layer: Option<&'a Bent>,
}

impl<'a> Inputs<'a> {
    fn value(&self, i: usize) -> &'a [f64] {
        let n = self.points.len();
        self.layer.map_or_else(|| self.points.x(i), |l| &l.z[i * n..][..n])
    }

    fn slope(&self, k: usize, i: usize) -> Option<&'a [f64]> {
        let n = self.points.len();
        match self.layer {
            Some(layer) => Some(&layer.slope[k][i * n..][..n]),
            None => (i < FEATURES).then(|| self.points.slope(k, i)),
        }
    }
}

/// Derivatives of one output `y` and of its `dy/dv_k` by the values of a layer; those of `dy/dv_k` by the layer's own
/// `dz/dv_k` are those of `y` by `z`.
struct Wanted {
    y: Vec<f64>,
    by: [Vec<f64>; FEATURES],
}

impl Wanted {
    fn of_head(h: &[f64], n: usize) -> Self {
        let y = h.iter().flat_map(|h| std::iter::repeat_n(*h, n)).collect();
        Wanted { y, by: std::array::from_fn(|_| vec![0.0; h.len() * n]) }
    }

    /// The same by the arguments of the layer: `tanh'' = -2 tanh tanh'`.
    fn bent(&self, layer: &Bent) -> Seed {
        let n = self.y.len();
        let y: Vec<f64> = (0..n).map(|p| self.y[p] * layer.first[p]).collect();
        let by = std::array::from_fn(|k| {
            let along = &layer.along[k];
            (0..n).map(|p| self.by[k][p] * layer.first[p] - 2.0 * y[p] * layer.z[p] * along[p]).collect()
        });
        Seed { y, by }
    }
}

/// [`Wanted`] by a layer's arguments.
struct Seed {
    y: Vec<f64>,
    by: [Vec<f64>; FEATURES],
}

impl Seed {
    /// Adds to a column of the Jacobian what a weight of neuron `m` does to `term`: its input has the value `x` and the
    /// derivative `slope` by the voltage of the term.
    fn add(&self, out: &mut [f64], term: &Term, m: usize, x: &[f64], slope: Option<&[f64]>) {
        let n = out.len();
        let y = &self.y[m * n..][..n];
        let Some(k) = term.by else {
            return (0..n).for_each(|p| out[p] += term.weight[p] * y[p] * x[p]);
        };
        let by = &self.by[k][m * n..][..n];
        (0..n).for_each(|p| out[p] += term.weight[p] * by[p] * x[p]);
        if let Some(slope) = slope {
            (0..n).for_each(|p| out[p] += term.weight[p] * y[p] * slope[p]);
        }
    }

    /// The derivatives by the values of the layer before.
    fn through(&self, trunk: &Trunk, span: &Span) -> Wanted {
        let n = self.y.len() / span.outputs.max(1);
        let pull = |of: &[f64]| {
            let mut out = vec![0.0; span.inputs * n];
            for (row, of) in trunk.rows(span).zip(of.chunks_exact(n)) {
                for (w, out) in row.iter().zip(out.chunks_exact_mut(n)) {
                    add_scaled(out, *w, of);
                }
            }
            out
        };
        Wanted { y: pull(&self.y), by: self.by.each_ref().map(|b| pull(b)) }
    }
}

fn add_scaled(out: &mut [f64], factor: f64, x: &[f64]) {
    for (o, x) in out.iter_mut().zip(x) {
        *o += factor * x;
    }
}

fn add_product(out: &mut [f64], a: &[f64], b: &[f64]) {
    for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
        *o += a * b;
    }
}
