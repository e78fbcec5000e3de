//! A trunk laid out for vector registers: lanes over neurons, one bias point at a time.
//!
//! Every layer is padded with zeros to the same number of vectors, so that one body per number of vectors
//! keeps all accumulators in registers. Padding neurons stay at tanh(0) = 0. Loops instead of closures, see
//! `simd`.

use crate::math::{LANES, Lanes};
use crate::simd::{Vector, tanh};
use crate::spec::{FEATURES, Layer, MAX_LAYERS};

/// Activations of every layer of a trunk of `N` vectors.
pub(crate) type Activations<const N: usize> = [[Lanes; N]; MAX_LAYERS];

/// A trunk of three inputs in the two orders its passes read.
#[derive(Clone, Debug)]
pub(crate) struct PackedTrunk {
    /// Vectors per layer.
    pub(crate) vectors: usize,
    first: PackedLayer,
    rest: Vec<PackedLayer>,
}

#[derive(Clone, Debug)]
struct PackedLayer {
    inputs: usize,
    outputs: usize,
    /// `by_input[i * vectors + v]`: weights from input `i` to a vector of neurons.
    by_input: Vec<Lanes>,
    /// `by_output[o * vectors + v]`: weights of neuron `o` from a vector of inputs.
    by_output: Vec<Lanes>,
    bias: Vec<Lanes>,
}

impl PackedTrunk {
    /// Packs layers whose first has [`FEATURES`] inputs.
    pub(crate) fn new(layers: &[Layer]) -> Self {
        let widest = layers.iter().map(|l| l.outputs).max().unwrap_or(1);
        let vectors = widest.div_ceil(LANES);
        PackedTrunk {
            vectors,
            first: PackedLayer::new(&layers[0], vectors),
            rest: layers[1..].iter().map(|l| PackedLayer::new(l, vectors)).collect(),
        }
    }
}

impl PackedLayer {
    fn new(layer: &Layer, vectors: usize) -> Self {
        let mut packed = PackedLayer {
            inputs: layer.inputs,
            outputs: layer.outputs,
            by_input: vec![[0.0; LANES]; layer.inputs * vectors],
            by_output: vec![[0.0; LANES]; layer.outputs * vectors],
            bias: pack(&layer.bias, vectors),
        };
        for o in 0..layer.outputs {
            for i in 0..layer.inputs {
                let w = layer.weight[o * layer.inputs + i];
                packed.by_input[i * vectors + o / LANES][o % LANES] = w;
                packed.by_output[o * vectors + i / LANES][i % LANES] = w;
            }
        }
        packed
    }
}

/// `values` padded with zeros to `vectors` vectors.
pub(crate) fn pack(values: &[f64], vectors: usize) -> Vec<Lanes> {
    let mut lanes = vec![[0.0; LANES]; vectors];
    for (k, v) in values.iter().enumerate() {
        lanes[k / LANES][k % LANES] = *v;
    }
    lanes
}

/// Runs `$body::<V, N>` for the number of vectors at hand.
macro_rules! by_vectors {
    ($n:expr, $body:ident :: <$vector:ident>($($arg:expr),* $(,)?)) => {
        match $n {
            1 => $body::<$vector, 1>($($arg),*),
            2 => $body::<$vector, 2>($($arg),*),
            3 => $body::<$vector, 3>($($arg),*),
            4 => $body::<$vector, 4>($($arg),*),
            5 => $body::<$vector, 5>($($arg),*),
            6 => $body::<$vector, 6>($($arg),*),
            7 => $body::<$vector, 7>($($arg),*),
            _ => $body::<$vector, 8>($($arg),*),
        }
    };
}
pub(crate) use by_vectors;

#[inline(always)]
fn load<V: Vector, const N: usize>(lanes: &[Lanes]) -> [V; N] {
    let mut out = [V::zero(); N];
    for v in 0..N {
        out[v] = V::load(&lanes[v]);
    }
    out
}

#[inline(always)]
fn store<V: Vector, const N: usize>(vectors: [V; N], out: &mut [Lanes; N]) {
    for v in 0..N {
        vectors[v].store(&mut out[v]);
    }
}

#[inline(always)]
fn add_column<V: Vector, const N: usize>(acc: &mut [V; N], column: &[Lanes], x: f64) {
    let x = V::splat(x);
    for v in 0..N {
        acc[v] = V::load(&column[v]).mul_add(x, acc[v]);
    }
}

/// `start + sum_i x[i] * columns[i]`; two accumulators hide the latency of the multiply-add.
#[inline(always)]
fn combine<V: Vector, const N: usize>(start: [V; N], columns: &[Lanes], x: &[f64]) -> [V; N] {
    let (mut even, mut odd) = (start, [V::zero(); N]);
    let (pairs, last) = x.as_chunks::<2>();
    let mut columns = columns.chunks_exact(N);
    for [x0, x1] in pairs {
        if let (Some(c0), Some(c1)) = (columns.next(), columns.next()) {
            add_column(&mut even, c0, *x0);
            add_column(&mut odd, c1, *x1);
        }
    }
    if let (Some(c), [x]) = (columns.next(), last) {
        add_column(&mut even, c, *x);
    }
    for v in 0..N {
        even[v] = even[v].add(odd[v]);
    }
    even
}

#[inline(always)]
fn layer_forward<V: Vector, const N: usize>(layer: &PackedLayer, x: &[f64], out: &mut [Lanes; N]) {
    let z = combine::<V, N>(load(&layer.bias), &layer.by_input, &x[..layer.inputs]);
    for v in 0..N {
        tanh(z[v]).store(&mut out[v]);
    }
}

/// Fills the activations of all layers for the trunk inputs `x`; returns the number of layers.
#[inline(always)]
pub(crate) fn forward<V: Vector, const N: usize>(
    trunk: &PackedTrunk,
    x: &[f64; FEATURES],
    acts: &mut Activations<N>,
) -> usize {
    layer_forward::<V, N>(&trunk.first, x, &mut acts[0]);
    for (k, layer) in trunk.rest.iter().enumerate() {
        let (before, now) = acts.split_at_mut(k + 1);
        layer_forward::<V, N>(layer, before[k].as_flattened(), &mut now[0]);
    }
    trunk.rest.len() + 1
}

/// Products of `a` and `b` summed over `N` vectors, lane by lane.
#[inline(always)]
fn products<V: Vector, const N: usize>(a: [V; N], b: &[Lanes]) -> V {
    let mut acc = V::zero();
    for v in 0..N {
        acc = a[v].mul_add(V::load(&b[v]), acc);
    }
    acc
}

/// `head . z`.
#[inline(always)]
pub(crate) fn dot<V: Vector, const N: usize>(head: &[Lanes], z: &[Lanes; N]) -> f64 {
    products::<V, N>(load(head), z).sum()
}

/// `head . z` and its gradient with respect to the trunk inputs.
#[inline(always)]
pub(crate) fn value_and_gradient<V: Vector, const N: usize>(
    trunk: &PackedTrunk,
    head: &[Lanes],
    acts: &Activations<N>,
) -> (f64, [f64; FEATURES]) {
    let head: [V; N] = load(head);
    let value = products::<V, N>(head, &acts[trunk.rest.len()]);
    let mut adjoint = head;
    let mut scalars = [[0.0; LANES]; N];
    for (layer, z) in trunk.rest.iter().zip(&acts[1..]).rev() {
        store(through_tanh(adjoint, z), &mut scalars);
        let x = &scalars.as_flattened()[..layer.outputs];
        adjoint = combine::<V, N>([V::zero(); N], &layer.by_output, x);
    }
    let adjoint = through_tanh(adjoint, &acts[0]);
    let column = |i: usize| &trunk.first.by_input[i * N..][..N];
    let [y, g0, g1, g2] = V::sums([
        value,
        products::<V, N>(adjoint, column(0)),
        products::<V, N>(adjoint, column(1)),
        products::<V, N>(adjoint, column(2)),
    ]);
    (y, [g0, g1, g2])
}

/// Adjoint of pre-activations from that of the activations `z`.
#[inline(always)]
fn through_tanh<V: Vector, const N: usize>(mut adjoint: [V; N], z: &[Lanes; N]) -> [V; N] {
    for v in 0..N {
        let z = V::load(&z[v]);
        adjoint[v] = adjoint[v].mul(V::splat(1.0).sub(z.mul(z)));
    }
    adjoint
}
