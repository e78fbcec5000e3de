//! Many biases at once, lanes over points: drain currents of one device or of all devices on a trunk.
//!
//! Four vectors travel through the network together, so that a weight is read once for all of them: four
//! blocks of points when only currents are asked for, a block and its three tangents when derivatives are.
//! The trunk is evaluated once per bias; the heads of all devices are one more linear layer on top of it.

use crate::features::FeatureLanes;
use crate::folded::Folded;
use crate::isa::Isa;
use crate::math::{EXP_LIMIT, LANES};
use crate::point::{Dual, drain_share};
use crate::simd::{Vector, dispatch_vector, exp, tanh};
use crate::spec::{Defect, FEATURES, Features, Layer, MAX_WIDTH, OutputKind};

/// Vectors that travel together.
const STREAMS: usize = 4;
/// Points per step when only values are asked for.
const STEP: usize = STREAMS * LANES;

type Streams<V> = [V; STREAMS];
type Level<V> = [Streams<V>; MAX_WIDTH];

/// Devices on one trunk, ready to be evaluated at many biases; evaluation does not allocate.
#[derive(Clone, Debug)]
pub struct Batch {
    isa: Isa,
    sign: f64,
    devices: usize,
    features: Features,
    trunk: Vec<Dense>,
    /// Heads of all currents of all devices, device by device.
    heads: Dense,
    /// What each row of `heads` contributes to a drain current.
    terms: Vec<Term>,
}

/// A contribution to the drain current.
#[derive(Clone, Copy, Debug)]
struct Term {
    channel: bool,
    /// Amperes or siemens, with the share of a leakage current that the drain carries.
    scale: f64,
    /// True for the last contribution of a device.
    last: bool,
}

/// A linear layer whose rows are taken in pairs; an odd last row is paired with zeros.
#[derive(Clone, Debug)]
struct Dense {
    inputs: usize,
    /// `weight[pair * inputs + input]`.
    weight: Vec<[f64; 2]>,
    bias: Vec<[f64; 2]>,
}

impl Batch {
    /// Gathers `devices`, for an instruction set that this processor has.
    ///
    /// # Errors
    /// [`Defect`] when there is no device, or when two of them differ in more than their heads: in static
    /// inputs such as temperature, or in the model they come from. Make one batch of each then.
    pub fn new(devices: &[Folded], isa: Isa) -> Result<Batch, Defect> {
        let Some(first) = devices.first() else {
            return Err(Defect("a batch of no devices, expected one or more".into()));
        };
        let trunk = &first.branches[0];
        let (mut rows, mut terms) = (Vec::new(), Vec::new());
        for (d, device) in devices.iter().enumerate() {
            let branch = &device.branches[0];
            if device.sign != first.sign || branch.features != trunk.features || branch.layers != trunk.layers
            {
                return Err(Defect(format!(
                    "device {d} of the batch has another trunk than device 0, expected the same model, \
                     temperature and other static inputs; make one batch of each"
                )));
            }
            for (k, o) in branch.outputs.iter().enumerate() {
                let channel = o.kind == OutputKind::Channel;
                if o.kind.is_charge() {
                    return Err(Defect(format!(
                        "output {k} of the first branch is a charge, expected a current"
                    )));
                }
                let scale = drain_share(o.kind, trunk.features.symmetric) * o.scale;
                terms.push(Term { channel, scale, last: k + 1 == branch.outputs.len() });
                rows.push((o.head.as_slice(), o.constant));
            }
        }
        let width = rows.first().map_or(0, |(head, _)| head.len());
        Ok(Batch {
            isa,
            sign: first.sign,
            devices: devices.len(),
            features: trunk.features.clone(),
            trunk: trunk.layers.iter().map(Dense::of_layer).collect(),
            heads: Dense::new(width, &rows),
            terms,
        })
    }

    /// Number of devices.
    pub fn devices(&self) -> usize {
        self.devices
    }

    /// Drain currents in amperes at biases `[vd, vg, vs, vb]` in volts, into `id[device * biases.len() + bias]`.
    ///
    /// # Panics
    /// When `id` does not have one number per device and bias.
    pub fn currents(&self, biases: &[[f64; 4]], id: &mut [f64]) {
        assert_eq!(id.len(), self.devices * biases.len(), "one current per device and bias");
        values(self.isa, self, biases, id);
    }

    /// Drain currents (A) with derivatives over `(vgs, vds, vbs)` (S), laid out as in [`Batch::currents`].
    ///
    /// # Panics
    /// When `id` does not have one entry per device and bias.
    pub fn derivatives(&self, biases: &[[f64; 4]], id: &mut [Dual]) {
        assert_eq!(id.len(), self.devices * biases.len(), "one current per device and bias");
        tangents(self.isa, self, biases, id);
    }
}

impl Dense {
    fn new(inputs: usize, rows: &[(&[f64], f64)]) -> Self {
        let pairs = rows.len().div_ceil(2);
        let mut dense = Dense { inputs, weight: vec![[0.0; 2]; pairs * inputs], bias: vec![[0.0; 2]; pairs] };
        for (r, (row, bias)) in rows.iter().enumerate() {
            let (pair, side) = (r / 2, r % 2);
            dense.bias[pair][side] = *bias;
            for (i, w) in row.iter().enumerate() {
                dense.weight[pair * inputs + i][side] = *w;
            }
        }
        dense
    }

    fn of_layer(layer: &Layer) -> Self {
        let rows: Vec<(&[f64], f64)> =
            layer.weight.chunks_exact(layer.inputs).zip(layer.bias.iter().copied()).collect();
        Dense::new(layer.inputs, &rows)
    }

    /// Two rows of the product; with tangents only the first stream has a bias.
    #[inline(always)]
    fn pair<V: Vector, const TANGENT: bool>(&self, pair: usize, x: &Level<V>) -> [Streams<V>; 2] {
        // Loops instead of closures, see `simd`.
        let mut sums = [[V::zero(); STREAMS]; 2];
        for (sum, b) in sums.iter_mut().zip(self.bias[pair]) {
            let streams = if TANGENT { 1 } else { STREAMS };
            sum[..streams].fill(V::splat(b));
        }
        for (w, x) in self.weight[pair * self.inputs..][..self.inputs].iter().zip(x) {
            let w = [V::splat(w[0]), V::splat(w[1])];
            for s in 0..STREAMS {
                sums[0][s] = x[s].mul_add(w[0], sums[0][s]);
                sums[1][s] = x[s].mul_add(w[1], sums[1][s]);
            }
        }
        sums
    }
}

dispatch_vector! { fn values(batch: &Batch, biases: &[[f64; 4]], id: &mut [f64]) = values_body }
dispatch_vector! { fn tangents(batch: &Batch, biases: &[[f64; 4]], id: &mut [Dual]) = tangents_body }

#[inline(always)]
fn values_body<V: Vector>(batch: &Batch, biases: &[[f64; 4]], id: &mut [f64]) {
    let n = biases.len();
    let mut levels = [[[V::zero(); STREAMS]; MAX_WIDTH]; 2];
    for start in (0..n).step_by(STEP) {
        let [input, _] = &mut levels;
        let mut vds = [V::zero(); STREAMS];
        for (s, vds) in vds.iter_mut().enumerate() {
            let block = Block::<V>::gather(batch, &biases[(start + s * LANES).min(n - 1)..]);
            *vds = block.vds;
            for (x, value) in input.iter_mut().zip(block.inputs.x) {
                x[s] = value;
            }
        }
        let top = run_trunk::<V, false>(&batch.trunk, &mut levels);
        let (mut sum, mut device) = ([V::zero(); STREAMS], 0);
        for (pair, terms) in batch.terms.chunks(2).enumerate() {
            let y = batch.heads.pair::<V, false>(pair, top);
            for (term, y) in terms.iter().zip(y) {
                for s in 0..STREAMS {
                    sum[s] = sum[s].add(term.current(y[s], vds[s]).value);
                }
                if term.last {
                    for (s, sum) in sum.iter().enumerate() {
                        let from = start + s * LANES;
                        let count = n.saturating_sub(from).min(LANES);
                        let lanes = stored(sum.mul(V::splat(batch.sign)));
                        id[device * n..][..n][from.min(n)..][..count].copy_from_slice(&lanes[..count]);
                    }
                    (sum, device) = ([V::zero(); STREAMS], device + 1);
                }
            }
        }
    }
}

#[inline(always)]
fn tangents_body<V: Vector>(batch: &Batch, biases: &[[f64; 4]], id: &mut [Dual]) {
    let n = biases.len();
    let mut levels = [[[V::zero(); STREAMS]; MAX_WIDTH]; 2];
    for start in (0..n).step_by(LANES) {
        let block = Block::<V>::gather(batch, &biases[start..]);
        for (i, x) in levels[0].iter_mut().take(FEATURES).enumerate() {
            *x = [V::zero(); STREAMS];
            x[0] = block.inputs.x[i];
            x[i + 1] = V::splat(1.0);
        }
        let top = run_trunk::<V, true>(&batch.trunk, &mut levels);
        let (mut value, mut direct, mut over_x, mut device) =
            (V::zero(), V::zero(), [V::zero(); FEATURES], 0);
        for (pair, terms) in batch.terms.chunks(2).enumerate() {
            let y = batch.heads.pair::<V, true>(pair, top);
            for (term, y) in terms.iter().zip(y) {
                let current = term.current(y[0], block.vds);
                value = value.add(current.value);
                direct = direct.add(current.direct);
                for i in 0..FEATURES {
                    over_x[i] = current.slope.mul_add(y[i + 1], over_x[i]);
                }
                if term.last {
                    let [over_vgs, over_vds, over_vbs] = block.chain(over_x, direct);
                    let value_of = value.mul(V::splat(batch.sign));
                    let rows = [stored(value_of), stored(over_vgs), stored(over_vds), stored(over_vbs)];
                    for (k, out) in id[device * n..][..n][start..].iter_mut().take(LANES).enumerate() {
                        *out = Dual { value: rows[0][k], gradient: [rows[1][k], rows[2][k], rows[3][k]] };
                    }
                    (value, direct, over_x, device) =
                        (V::zero(), V::zero(), [V::zero(); FEATURES], device + 1);
                }
            }
        }
    }
}

/// Runs the trunk from the first level back and forth between the two; returns the last layer's activations.
#[inline(always)]
fn run_trunk<'a, V: Vector, const TANGENT: bool>(
    trunk: &[Dense],
    levels: &'a mut [Level<V>; 2],
) -> &'a Level<V> {
    let [mut from, mut to] = levels.each_mut();
    for layer in trunk {
        for pair in 0..layer.bias.len() {
            let z = layer.pair::<V, TANGENT>(pair, from);
            for (z, out) in z.into_iter().zip(&mut to[2 * pair..]) {
                if TANGENT {
                    let t = tanh(z[0]);
                    let slope = V::splat(1.0).sub(t.mul(t));
                    *out = [t, slope.mul(z[1]), slope.mul(z[2]), slope.mul(z[3])];
                } else {
                    *out = [tanh(z[0]), tanh(z[1]), tanh(z[2]), tanh(z[3])];
                }
            }
        }
        std::mem::swap(&mut from, &mut to);
    }
    from
}

/// A contribution to the current with its derivatives over `y` and, at fixed `y`, over `vds`.
struct Current<V> {
    value: V,
    slope: V,
    direct: V,
}

impl Term {
    /// The formulas of [`OutputKind`].
    #[inline(always)]
    fn current<V: Vector>(&self, y: V, vds: V) -> Current<V> {
        let scale = V::splat(self.scale);
        let up = exp(y.at_most(EXP_LIMIT).at_least(-EXP_LIMIT));
        if self.channel {
            let g = scale.mul(up);
            let i = g.mul(vds);
            return Current { value: i, slope: i, direct: g };
        }
        let (half, down) = (scale.mul(V::splat(0.5)), V::splat(1.0).div(up));
        Current { value: half.mul(up.sub(down)), slope: half.mul(up.add(down)), direct: V::zero() }
    }
}

/// Trunk inputs of one vector of points with what the chain rule needs.
struct Block<V> {
    vds: V,
    inputs: FeatureLanes<V>,
}

impl<V: Vector> Block<V> {
    /// The first points of `biases`; the last one is repeated to fill the vector.
    #[inline(always)]
    fn gather(batch: &Batch, biases: &[[f64; 4]]) -> Self {
        let mut rows = [[0.0; LANES]; 4];
        for k in 0..LANES {
            let v = biases[k.min(biases.len() - 1)];
            for (row, v) in rows.iter_mut().zip(v) {
                row[k] = v * batch.sign;
            }
        }
        let v = [V::load(&rows[0]), V::load(&rows[1]), V::load(&rows[2]), V::load(&rows[3])];
        Block { vds: v[0].sub(v[2]), inputs: batch.features.of_lanes(v) }
    }

    /// The chain rule of [`crate::features::FeaturePoint::chain`], plus what depends on `vds` directly.
    #[inline(always)]
    fn chain(&self, over_x: [V; FEATURES], direct: V) -> [V; 3] {
        let [gate, drain, bulk] = over_x;
        let FeatureLanes { own, cross, .. } = self.inputs;
        let over_vds = gate.mul_add(cross[0], bulk.mul_add(cross[1], drain.mul_add(own[1], direct)));
        [gate.mul(own[0]), over_vds, bulk.mul(own[2])]
    }
}

#[inline(always)]
fn stored<V: Vector>(x: V) -> [f64; LANES] {
    let mut lanes = [0.0; LANES];
    x.store(&mut lanes);
    lanes
}
