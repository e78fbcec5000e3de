//! Trunk and heads of one instance, laid out for vector registers: forward pass and reverse gradients.

use crate::isa::dispatch;
use crate::math::{LANES, Lanes, fma, tanh};
use crate::spec::{FEATURES, Layer, MAX_LAYERS, MAX_WIDTH};

/// Activations of every layer; padding lanes hold tanh(0) = 0.
pub(crate) type Activations = [[f64; MAX_WIDTH]; MAX_LAYERS];

/// A dense layer in the two orders its passes read, padded to whole vectors with zeros.
#[derive(Clone, Debug)]
pub(crate) struct PackedLayer {
    inputs: usize,
    outputs: usize,
    /// Vectors per column of `by_input`.
    out_vectors: usize,
    /// Vectors per row of `by_output`.
    in_vectors: usize,
    /// `by_input[i * out_vectors + v]`: weights from input `i` to a vector of neurons.
    by_input: Vec<Lanes>,
    /// `by_output[o * in_vectors + v]`: weights of neuron `o` from a vector of inputs.
    by_output: Vec<Lanes>,
    bias: Vec<Lanes>,
}

impl PackedLayer {
    /// Packs the first `inputs` columns of `layer`; `bias` replaces the layer's own.
    pub(crate) fn new(layer: &Layer, inputs: usize, bias: &[f64]) -> Self {
        let (out_vectors, in_vectors) = (layer.outputs.div_ceil(LANES), inputs.div_ceil(LANES));
        let mut packed = PackedLayer {
            inputs,
            outputs: layer.outputs,
            out_vectors,
            in_vectors,
            by_input: vec![[0.0; LANES]; inputs * out_vectors],
            by_output: vec![[0.0; LANES]; layer.outputs * in_vectors],
            bias: pack(bias),
        };
        for o in 0..layer.outputs {
            for i in 0..inputs {
                let w = layer.weight[o * layer.inputs + i];
                packed.by_input[i * out_vectors + o / LANES][o % LANES] = w;
                packed.by_output[o * in_vectors + i / LANES][i % LANES] = w;
            }
        }
        packed
    }
}

/// Pads a slice with zeros to whole vectors.
pub(crate) fn pack(values: &[f64]) -> Vec<Lanes> {
    values
        .chunks(LANES)
        .map(|c| {
            let mut lanes = [0.0; LANES];
            lanes[..c.len()].copy_from_slice(c);
            lanes
        })
        .collect()
}

/// Runs `$body::<N, FMA>` for the number of vectors at hand, so that accumulators stay in registers.
macro_rules! by_vectors {
    ($n:expr, $body:ident :: <$fma:ident>($($arg:expr),*)) => {
        match $n {
            1 => $body::<1, $fma>($($arg),*),
            2 => $body::<2, $fma>($($arg),*),
            3 => $body::<3, $fma>($($arg),*),
            4 => $body::<4, $fma>($($arg),*),
            5 => $body::<5, $fma>($($arg),*),
            6 => $body::<6, $fma>($($arg),*),
            7 => $body::<7, $fma>($($arg),*),
            _ => $body::<8, $fma>($($arg),*),
        }
    };
}

/// `out = bias + sum_i x[i] * columns[i]` over `N` vectors.
#[inline(always)]
fn combine<const N: usize, const FMA: bool>(
    columns: &[Lanes],
    x: &[f64],
    bias: Option<&[Lanes]>,
) -> [Lanes; N] {
    let mut acc = [[0.0; LANES]; N];
    if let Some(bias) = bias {
        acc.copy_from_slice(&bias[..N]);
    }
    for (column, &x) in columns.chunks_exact(N).zip(x) {
        for v in 0..N {
            for k in 0..LANES {
                acc[v][k] = fma::<FMA>(column[v][k], x, acc[v][k]);
            }
        }
    }
    acc
}

#[inline(always)]
fn forward_layer<const N: usize, const FMA: bool>(
    layer: &PackedLayer,
    x: &[f64],
    out: &mut [f64; MAX_WIDTH],
) {
    let z: [Lanes; N] = combine::<N, FMA>(&layer.by_input, x, Some(&layer.bias));
    for v in 0..N {
        for k in 0..LANES {
            out[v * LANES + k] = tanh::<FMA>(z[v][k]);
        }
    }
}

/// Adjoint of a layer's input from the adjoint of its pre-activation.
#[inline(always)]
fn backward_layer<const N: usize, const FMA: bool>(
    layer: &PackedLayer,
    adjoint: &[f64; MAX_WIDTH],
    out: &mut [f64; MAX_WIDTH],
) {
    let s: [Lanes; N] = combine::<N, FMA>(&layer.by_output, &adjoint[..layer.outputs], None);
    for v in 0..N {
        out[v * LANES..][..LANES].copy_from_slice(&s[v]);
    }
}

#[inline(always)]
fn forward_body<const FMA: bool>(layers: &[PackedLayer], x: &[f64; FEATURES], acts: &mut Activations) {
    for (k, layer) in layers.iter().enumerate() {
        let (before, now) = acts.split_at_mut(k);
        let input: &[f64] = if k == 0 { x } else { &before[k - 1][..layer.inputs] };
        by_vectors!(layer.out_vectors, forward_layer::<FMA>(layer, input, &mut now[0]));
    }
}

#[inline(always)]
fn gradient_body<const FMA: bool>(
    layers: &[PackedLayer],
    head: &[Lanes],
    acts: &Activations,
) -> [f64; FEATURES] {
    let mut adjoint = [0.0; MAX_WIDTH];
    for (v, h) in head.iter().enumerate() {
        adjoint[v * LANES..][..LANES].copy_from_slice(h);
    }
    let mut next = [0.0; MAX_WIDTH];
    for (layer, t) in layers.iter().zip(acts).rev() {
        for v in 0..layer.out_vectors {
            for k in v * LANES..(v + 1) * LANES {
                adjoint[k] *= 1.0 - t[k] * t[k];
            }
        }
        by_vectors!(layer.in_vectors, backward_layer::<FMA>(layer, &adjoint, &mut next));
        std::mem::swap(&mut adjoint, &mut next);
    }
    [adjoint[0], adjoint[1], adjoint[2]]
}

#[inline(always)]
fn head_body<const FMA: bool>(head: &[Lanes], constant: f64, z: &[f64; MAX_WIDTH]) -> f64 {
    let mut acc = [0.0; LANES];
    for (h, z) in head.iter().zip(z.chunks_exact(LANES)) {
        for k in 0..LANES {
            acc[k] = fma::<FMA>(h[k], z[k], acc[k]);
        }
    }
    constant + ((acc[0] + acc[4]) + (acc[1] + acc[5])) + ((acc[2] + acc[6]) + (acc[3] + acc[7]))
}

dispatch! {
    /// Activations of all layers for the trunk inputs `x`.
    pub(crate) fn forward(layers: &[PackedLayer], x: &[f64; FEATURES], acts: &mut Activations) = forward_body
}
dispatch! {
    /// Gradient of `head . z` with respect to the trunk inputs.
    pub(crate) fn gradient(layers: &[PackedLayer], head: &[Lanes], acts: &Activations) -> [f64; FEATURES] = gradient_body
}
dispatch! {
    /// `head . z + constant` with `z` the last layer's activations.
    pub(crate) fn head_value(head: &[Lanes], constant: f64, z: &[f64; MAX_WIDTH]) -> f64 = head_body
}
