//! A model specialised to one device, geometry, temperature and corner, ready to be evaluated at a bias.
//!
//! Specialising folds the static inputs into the first layer's biases and the population into the
//! heads, so that an evaluation sees three inputs and a few heads whatever the model is made of.

use crate::isa::Isa;
use crate::math::{Lanes, exp};
use crate::packed::{self, Activations, PackedLayer, pack};
use crate::point::{Dual, OperatingPoint};
use crate::spec::{Branch, FEATURES, Features, MAX_LAYERS, MAX_WIDTH, OutputKind, Place, Spec};

/// One output's head and scale.
#[derive(Clone, Debug)]
pub(crate) struct InstanceOutput {
    pub(crate) kind: OutputKind,
    /// Amperes, siemens or coulombs per unit, geometry included.
    pub(crate) scale: f64,
    /// Head without its constant, unpadded.
    pub(crate) weights: Vec<f64>,
    pub(crate) constant: f64,
    lanes: Vec<Lanes>,
}

/// One branch of an instance.
#[derive(Clone, Debug)]
pub(crate) struct InstanceBranch {
    pub(crate) features: Features,
    pub(crate) layers: Vec<PackedLayer>,
    /// First layer's biases with the static inputs folded in.
    pub(crate) first_bias: Vec<f64>,
    pub(crate) outputs: Vec<InstanceOutput>,
}

/// A device ready for evaluation; cheap to evaluate, never allocates after construction.
#[derive(Clone, Debug)]
pub struct Instance {
    isa: Isa,
    sign: f64,
    pub(crate) branches: Vec<InstanceBranch>,
}

/// Where an instance's own head deviation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The device with this index in [`Spec::devices`].
    Device(usize),
    /// No device: the population mean alone (a geometry that was never measured).
    Population,
}

impl Instance {
    /// Specialises `spec` to `member` at `place`, for the running processor.
    ///
    /// # Panics
    /// When a device index is out of range or `spec` does not pass [`Spec::check`].
    pub fn new(spec: &Spec, member: Member, place: &Place) -> Self {
        Self::with_isa(spec, member, place, Isa::detect())
    }

    /// As [`Instance::new`] with a given instruction set.
    ///
    /// # Panics
    /// As [`Instance::new`].
    pub fn with_isa(spec: &Spec, member: Member, place: &Place, isa: Isa) -> Self {
        let branches = spec
            .branches
            .iter()
            .enumerate()
            .map(|(b, branch)| {
                let own = match member {
                    Member::Device(d) => Some(&spec.devices[d].deviation[b]),
                    Member::Population => None,
                };
                InstanceBranch::new(branch, own.map(Vec::as_slice), place, isa)
            })
            .collect();
        Instance { isa, sign: spec.sign, branches }
    }

    /// Terminal currents, charges and their derivatives at `[vd, vg, vs, vb]` in volts.
    #[inline]
    pub fn eval(&self, v: [f64; 4]) -> OperatingPoint {
        let s = self.sign;
        let (vgs, vds, vbs) = (s * (v[1] - v[2]), s * (v[0] - v[2]), s * (v[3] - v[2]));
        let mut point = OperatingPoint::new(s, self.branches[0].features.symmetric);
        for branch in &self.branches {
            branch.eval(self.isa, vgs, vds, vbs, &mut point);
        }
        point
    }

    /// Drain current in amperes at `[vd, vg, vs, vb]` in volts, without derivatives.
    #[inline]
    pub fn current(&self, v: [f64; 4]) -> f64 {
        let s = self.sign;
        let (vgs, vds, vbs) = (s * (v[1] - v[2]), s * (v[0] - v[2]), s * (v[3] - v[2]));
        let branch = &self.branches[0];
        let mut acts = [[0.0; MAX_WIDTH]; MAX_LAYERS];
        let f = branch.features.at(vgs, vds, vbs);
        packed::forward(self.isa, &branch.layers, &f.x, &mut acts);
        let mut point = OperatingPoint::new(s, branch.features.symmetric);
        for o in &branch.outputs {
            let y = branch.value(self.isa, o, &acts);
            point.set(o.kind, physical(o, y, [0.0; FEATURES], vds));
        }
        point.id()
    }

    /// +1 for n-channel, -1 for p-channel.
    pub fn sign(&self) -> f64 {
        self.sign
    }
}

impl InstanceBranch {
    fn new(branch: &Branch, own: Option<&[Vec<f64>]>, place: &Place, isa: Isa) -> Self {
        let first = &branch.layers[0];
        let statics: Vec<f64> = branch.statics.iter().map(|s| s.covariate.at(place) * s.scale).collect();
        let first_bias: Vec<f64> = (0..first.outputs)
            .map(|o| {
                let row = &first.weight[o * first.inputs..][..first.inputs];
                first.bias[o] + row[FEATURES..].iter().zip(&statics).map(|(w, x)| w * x).sum::<f64>()
            })
            .collect();
        let layers = branch
            .layers
            .iter()
            .enumerate()
            .map(|(k, l)| match k {
                0 => PackedLayer::new(l, FEATURES, &first_bias),
                _ => PackedLayer::new(l, l.inputs, &l.bias),
            })
            .collect();
        let (phi, psi) = (branch.population.at(place), branch.deviation.at(place));
        let rows = branch.head_len();
        let outputs = branch
            .outputs
            .iter()
            .enumerate()
            .map(|(o, output)| {
                let mut head = times(&branch.population_heads[o], &phi, rows);
                if let Some(own) = own {
                    for (h, d) in head.iter_mut().zip(times(&own[o], &psi, rows)) {
                        *h += d;
                    }
                }
                let constant = head.pop().unwrap_or(0.0);
                let scale = output.scale * output.geometry_factor(place);
                InstanceOutput { kind: output.kind, scale, lanes: pack(&head), weights: head, constant }
            })
            .collect();
        let mut this = InstanceBranch { features: branch.features.clone(), layers, first_bias, outputs };
        this.subtract_zero_bias(isa);
        this
    }

    /// Moves the reference of gate and bulk charge so that they vanish at zero bias.
    fn subtract_zero_bias(&mut self, isa: Isa) {
        let mut acts = [[0.0; MAX_WIDTH]; MAX_LAYERS];
        packed::forward(isa, &self.layers, &self.features.at(0.0, 0.0, 0.0).x, &mut acts);
        for k in 0..self.outputs.len() {
            let o = &self.outputs[k];
            if matches!(o.kind, OutputKind::GateCharge | OutputKind::BulkCharge) {
                let y = self.value(isa, o, &acts);
                self.outputs[k].constant -= y;
            }
        }
    }

    #[inline]
    fn value(&self, isa: Isa, o: &InstanceOutput, acts: &Activations) -> f64 {
        packed::head_value(isa, &o.lanes, o.constant, &acts[self.layers.len() - 1])
    }

    #[inline]
    fn eval(&self, isa: Isa, vgs: f64, vds: f64, vbs: f64, point: &mut OperatingPoint) {
        let mut acts = [[0.0; MAX_WIDTH]; MAX_LAYERS];
        let f = self.features.at(vgs, vds, vbs);
        packed::forward(isa, &self.layers, &f.x, &mut acts);
        for o in &self.outputs {
            let y = self.value(isa, o, &acts);
            let dy = f.chain(packed::gradient(isa, &self.layers, &o.lanes, &acts));
            point.set(o.kind, physical(o, y, dy, vds));
        }
    }
}

/// Current or charge of an output, with derivatives over `(vgs, vds, vbs)`, from `y` and its gradient.
#[inline]
fn physical(o: &InstanceOutput, y: f64, dy: [f64; FEATURES], vds: f64) -> Dual {
    match o.kind {
        OutputKind::Channel => {
            let g = o.scale * exp::<false>(y);
            let i = g * vds;
            Dual { value: i, gradient: [i * dy[0], g + i * dy[1], i * dy[2]] }
        }
        OutputKind::Gate | OutputKind::Bulk => {
            let (up, down) = (exp::<false>(y), exp::<false>(-y));
            let cosh = 0.5 * o.scale * (up + down);
            Dual { value: 0.5 * o.scale * (up - down), gradient: dy.map(|d| cosh * d) }
        }
        OutputKind::GateCharge | OutputKind::BulkCharge => {
            Dual { value: o.scale * y, gradient: dy.map(|d| o.scale * d) }
        }
        OutputKind::ChannelCharge => {
            let c = o.scale * vds;
            Dual { value: c * y, gradient: [c * dy[0], o.scale * y + c * dy[1], c * dy[2]] }
        }
    }
}

/// Matrix (row-major, `rows` rows) times vector.
fn times(matrix: &[f64], vector: &[f64], rows: usize) -> Vec<f64> {
    let n = vector.len();
    (0..rows).map(|r| matrix[r * n..][..n].iter().zip(vector).map(|(m, v)| m * v).sum()).collect()
}
