//! A trunk laid out for vector registers: lanes over neurons, one bias point at a time.
//!
//! Every layer is padded with zeros to the same number of vectors, so that one body per number of vectors
//! keeps all accumulators in registers. Padding neurons stay at tanh(0) = 0. Loops instead of closures, see
//! `simd`. Vectors lie at multiples of their size: one that straddles two cache lines takes two loads.

use crate::inputs::PackedInputs;
use crate::math::{LANES, Lanes};
use crate::simd::{TANH_LIMIT, Vector, tanh, tanh_within};
use crate::spec::{FEATURES, Layer, MAX_LAYERS};

/// A vector of weights where a register loads it in one go.
#[derive(Clone, Copy, Debug, PartialEq)]
#[repr(align(64))]
pub(crate) struct Aligned(Lanes);

impl Aligned {
    #[inline(always)]
    pub(crate) fn load<V: Vector>(&self) -> V {
        V::load(&self.0)
    }
}

/// `N` vectors of neurons.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(crate) struct Row<const N: usize>([Lanes; N]);

impl<const N: usize> Row<N> {
    pub(crate) const ZERO: Row<N> = Row([[0.0; LANES]; N]);
}

/// Activations of every layer of a trunk of `N` vectors.
pub(crate) type Activations<const N: usize> = [Row<N>; MAX_LAYERS];

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
    by_input: Vec<Aligned>,
    /// `by_output[o * vectors + v]`: weights of neuron `o` from a vector of inputs.
    by_output: Vec<Aligned>,
    bias: Vec<Aligned>,
    /// What goes into a neuron stays within [`TANH_LIMIT`] for all inputs of the layer.
    within: bool,
}

impl PackedTrunk {
    /// Packs layers whose first has the [`FEATURES`] inputs `inputs`.
    pub(crate) fn new(layers: &[Layer], inputs: &PackedInputs) -> Self {
        let widest = layers.iter().map(|l| l.outputs).max().unwrap_or(1);
        let vectors = widest.div_ceil(LANES);
        PackedTrunk {
            vectors,
            first: PackedLayer::new(&layers[0], vectors, inputs.unit, inputs.largest()),
            // Hyperbolic tangents.
            rest: layers[1..].iter().map(|l| PackedLayer::new(l, vectors, 1.0, 1.0)).collect(),
        }
    }

    /// Whether `other` has as many layers of as many vectors.
    pub(crate) fn is_shaped_like(&self, other: &PackedTrunk) -> bool {
        (self.vectors, self.rest.len()) == (other.vectors, other.rest.len())
    }
}

impl PackedLayer {
    /// `layer` for inputs in units of `unit`, none of which exceeds `largest` units; of unbounded ones nothing is within limits, not even
    /// where their weights are zero and the product is not a number.
    fn new(layer: &Layer, vectors: usize, unit: f64, largest: f64) -> Self {
        let most = |(row, bias): (&[f64], &f64)| {
            row.iter().map(|w| (w * unit).abs()).sum::<f64>() * largest + bias.abs()
        };
        let rows = layer.weight.chunks_exact(layer.inputs).zip(&layer.bias);
        let mut packed = PackedLayer {
            within: rows.map(most).all(|z| z <= TANH_LIMIT),
            inputs: layer.inputs,
            outputs: layer.outputs,
            by_input: vec![Aligned([0.0; LANES]); layer.inputs * vectors],
            by_output: vec![Aligned([0.0; LANES]); layer.outputs * vectors],
            bias: pack(&layer.bias, vectors),
        };
        for o in 0..layer.outputs {
            for i in 0..layer.inputs {
                let w = unit * layer.weight[o * layer.inputs + i];
                packed.by_input[i * vectors + o / LANES].0[o % LANES] = w;
                packed.by_output[o * vectors + i / LANES].0[i % LANES] = w;
            }
        }
        packed
    }
}

/// `values` padded with zeros to `vectors` vectors.
pub(crate) fn pack(values: &[f64], vectors: usize) -> Vec<Aligned> {
    let mut lanes = vec![Aligned([0.0; LANES]); vectors];
    for (k, v) in values.iter().enumerate() {
        lanes[k / LANES].0[k % LANES] = *v;
    }
    lanes
}

/// Runs `$body::<V, N>` for the number of vectors at hand.
macro_rules! by_vectors {
    ($n:expr, $body:ident :: <$vector:ident $(, $more:literal)?>($($arg:expr),* $(,)?)) => {
        match $n {
            1 => $body::<$vector, $($more,)? 1>($($arg),*),
            2 => $body::<$vector, $($more,)? 2>($($arg),*),
            3 => $body::<$vector, $($more,)? 3>($($arg),*),
            4 => $body::<$vector, $($more,)? 4>($($arg),*),
            5 => $body::<$vector, $($more,)? 5>($($arg),*),
            6 => $body::<$vector, $($more,)? 6>($($arg),*),
            7 => $body::<$vector, $($more,)? 7>($($arg),*),
            _ => $body::<$vector, $($more,)? 8>($($arg),*),
        }
    };
}
pub(crate) use by_vectors;

#[inline(always)]
fn load<V: Vector, const N: usize>(lanes: &[Aligned]) -> [V; N] {
    let mut out = [V::zero(); N];
    for v in 0..N {
        out[v] = lanes[v].load();
    }
    out
}

#[inline(always)]
fn store<V: Vector, const N: usize>(vectors: [V; N], out: &mut Row<N>) {
    for (vector, out) in vectors.iter().zip(&mut out.0) {
        vector.store(out);
    }
}

#[inline(always)]
fn add_column<V: Vector, const N: usize>(acc: &mut [V; N], column: &[Aligned; N], x: f64) {
    let x = V::splat(x);
    for v in 0..N {
        acc[v] = column[v].load::<V>().mul_add(x, acc[v]);
    }
}

/// `start + sum_i x[i] * columns[i]`; two accumulators hide the latency of the multiply-add where `N` vectors do not.
#[inline(always)]
fn combine<V: Vector, const N: usize>(start: [V; N], columns: &[Aligned], x: &[f64]) -> [V; N] {
    let (mut even, mut odd) = (start, [V::zero(); N]);
    let (columns, _) = columns.as_chunks::<N>();
    if N * V::REGISTERS >= 8 {
        for (column, x) in columns.iter().zip(x) {
            add_column(&mut even, column, *x);
        }
        return even;
    }
    let ((columns, last_column), (x, last)) = (columns.as_chunks::<2>(), x.as_chunks::<2>());
    for ([c0, c1], [x0, x1]) in columns.iter().zip(x) {
        add_column(&mut even, c0, *x0);
        add_column(&mut odd, c1, *x1);
    }
    if let ([c], [x]) = (last_column, last) {
        add_column(&mut even, c, *x);
    }
    for v in 0..N {
        even[v] = even[v].add(odd[v]);
    }
    even
}

/// [`combine`] of several vectors with the same columns, which are loaded once for as many sums as registers hold.
#[inline(always)]
fn combine_all<V: Vector, const N: usize, const O: usize>(
    columns: &[Aligned],
    rows: &[Row<N>; O],
    count: usize,
) -> [[V; N]; O] {
    let mut acc = [[V::zero(); N]; O];
    let mut x = [&[0.0; 0][..]; O];
    for o in 0..O {
        x[o] = &rows[o].0.as_flattened()[..count];
    }
    if O == 1 {
        acc[0] = combine(acc[0], columns, x[0]);
        return acc;
    }
    // A quarter of the registers is for what is multiplied.
    if 4 * O * N * V::REGISTERS <= 3 * V::AVAILABLE {
        add_all::<V, N, N, O>(&mut acc, columns, &x, 0);
    } else {
        for v in 0..N {
            add_all::<V, N, 1, O>(&mut acc, columns, &x, v);
        }
    }
    acc
}

/// Adds `sum_i x[o][i] * columns[i]` to `W` of the `N` vectors of each sum, from vector `first` on.
#[inline(always)]
fn add_all<V: Vector, const N: usize, const W: usize, const O: usize>(
    acc: &mut [[V; N]; O],
    columns: &[Aligned],
    x: &[&[f64]; O],
    first: usize,
) {
    let mut sums = [[V::zero(); W]; O];
    for (i, column) in columns.as_chunks::<N>().0.iter().take(x[0].len()).enumerate() {
        let column: [V; W] = load(&column[first..]);
        for o in 0..O {
            let x = V::splat(x[o][i]);
            for v in 0..W {
                sums[o][v] = column[v].mul_add(x, sums[o][v]);
            }
        }
    }
    for o in 0..O {
        acc[o][first..first + W].copy_from_slice(&sums[o]);
    }
}

#[inline(always)]
fn layer_forward<V: Vector, const N: usize>(layer: &PackedLayer, x: &[f64], out: &mut Row<N>) {
    let z = combine::<V, N>(load(&layer.bias), &layer.by_input, &x[..layer.inputs]);
    if layer.within {
        for (z, out) in z.iter().zip(&mut out.0) {
            tanh_within(*z).store(out);
        }
    } else {
        for (z, out) in z.iter().zip(&mut out.0) {
            tanh(*z).store(out);
        }
    }
}

/// Fills the activations of all layers of trunks of one [shape](PackedTrunk::is_shaped_like) for the trunk inputs `x`.
///
/// A layer waits for the one before most of its time; the same layer of another trunk fills the gap.
#[inline(always)]
pub(crate) fn forward<V: Vector, const N: usize, const T: usize>(
    trunks: [&PackedTrunk; T],
    x: &[f64; FEATURES],
    acts: &mut [Activations<N>; T],
) {
    for t in 0..T {
        layer_forward::<V, N>(&trunks[t].first, x, &mut acts[t][0]);
    }
    let layers = trunks[0].rest.len();
    for k in 0..layers {
        for t in 0..T {
            let (before, now) = acts[t].split_at_mut(k + 1);
            layer_forward::<V, N>(&trunks[t].rest[k], before[k].0.as_flattened(), &mut now[0]);
        }
    }
}

/// Products of `a` and a row summed over `N` vectors, lane by lane.
#[inline(always)]
fn products<V: Vector, const N: usize>(a: [V; N], b: [V; N]) -> V {
    let mut acc = V::zero();
    for v in 0..N {
        acc = a[v].mul_add(b[v], acc);
    }
    acc
}

#[inline(always)]
fn neurons<V: Vector, const N: usize>(row: &Row<N>) -> [V; N] {
    let mut out = [V::zero(); N];
    for (out, lanes) in out.iter_mut().zip(&row.0) {
        *out = V::load(lanes);
    }
    out
}

/// `head . z` of several heads, after [`forward`].
#[inline(always)]
pub(crate) fn values<V: Vector, const N: usize, const O: usize>(
    trunk: &PackedTrunk,
    heads: [&[Aligned]; O],
    acts: &Activations<N>,
) -> [f64; O] {
    let top = neurons::<V, N>(&acts[trunk.rest.len()]);
    let (mut out, mut lanes) = ([0.0; O], [V::zero(); O]);
    for o in 0..O {
        lanes[o] = products(load(heads[o]), top);
    }
    // Charges come in threes, and four sums are as cheap as one.
    if let [a, b, c] = lanes[..] {
        out.copy_from_slice(&V::sums([a, b, c, V::zero()])[..3]);
    } else {
        for o in 0..O {
            out[o] = lanes[o].sum();
        }
    }
    out
}

/// Gradients of [`values`] over the inputs.
#[inline(always)]
pub(crate) fn gradients<V: Vector, const N: usize, const O: usize>(
    trunk: &PackedTrunk,
    heads: [&[Aligned]; O],
    acts: &Activations<N>,
) -> [[f64; FEATURES]; O] {
    let mut adjoints = [[V::zero(); N]; O];
    for o in 0..O {
        adjoints[o] = load(heads[o]);
    }
    let mut scalars = [Row::<N>::ZERO; O];
    for (layer, z) in trunk.rest.iter().zip(&acts[1..]).rev() {
        through_tanh(&mut adjoints, z);
        for o in 0..O {
            store(adjoints[o], &mut scalars[o]);
        }
        adjoints = combine_all(&layer.by_output, &scalars, layer.outputs);
    }
    through_tanh(&mut adjoints, &acts[0]);
    let columns = &trunk.first.by_input;
    let (gate, drain) = (load::<V, N>(columns), load::<V, N>(&columns[N..]));
    let bulk = load::<V, N>(&columns[2 * N..]);
    let mut out = [[0.0; FEATURES]; O];
    for o in 0..O {
        let adjoint = adjoints[o];
        let [over_gate, over_drain, over_bulk, _] =
            V::sums([products(adjoint, gate), products(adjoint, drain), products(adjoint, bulk), V::zero()]);
        out[o] = [over_gate, over_drain, over_bulk];
    }
    out
}

/// Adjoints of pre-activations from those of the activations `z`.
#[inline(always)]
fn through_tanh<V: Vector, const N: usize, const O: usize>(adjoints: &mut [[V; N]; O], z: &Row<N>) {
    for (v, z) in z.0.iter().enumerate() {
        let z = V::load(z);
        let slope = V::splat(1.0).sub(z.mul(z));
        for adjoint in adjoints.iter_mut() {
            adjoint[v] = adjoint[v].mul(slope);
        }
    }
}
