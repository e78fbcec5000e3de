//! A model specialised to one device, geometry, temperature and corner, as plain numbers.
//!
//! Static inputs are folded into the first layer's biases and the population into the heads, so that what
//! remains has three inputs and one head per output whatever the model is made of. Evaluators pack it,
//! exporters print it.

use crate::math::tanh;
use crate::spec::{Branch, FEATURES, Features, Layer, OutputKind, Place, Spec};

/// Where a device's own head deviation comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Member {
    /// The device with this index in [`Spec::devices`].
    Device(usize),
    /// No device: the population mean alone (a geometry that was never measured).
    Population,
}

/// One device as plain numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Folded {
    /// +1 for n-channel, -1 for p-channel.
    pub sign: f64,
    /// Currents first, then charges if modelled.
    pub branches: Vec<FoldedBranch>,
}

/// A trunk of three inputs with its heads.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldedBranch {
    /// Bias features.
    pub features: Features,
    /// Trunk layers; the first has [`FEATURES`] inputs.
    pub layers: Vec<Layer>,
    /// Outputs with their heads.
    pub outputs: Vec<FoldedOutput>,
}

/// `y = head . z + constant` and what it means.
#[derive(Clone, Debug, PartialEq)]
pub struct FoldedOutput {
    /// What `y` stands for.
    pub kind: OutputKind,
    /// Amperes, siemens or coulombs per unit, geometry included.
    pub scale: f64,
    /// Weights of the last layer's neurons.
    pub head: Vec<f64>,
    /// Constant; that of gate and bulk charge makes them vanish at zero bias.
    pub constant: f64,
}

impl Folded {
    /// Specialises `spec` to `member` at `place`.
    ///
    /// # Panics
    /// When a device index is out of range or `spec` does not pass [`Spec::check`].
    pub fn new(spec: &Spec, member: Member, place: &Place) -> Self {
        let branches = spec
            .branches
            .iter()
            .enumerate()
            .map(|(b, branch)| {
                let own = match member {
                    Member::Device(d) => Some(spec.devices[d].deviation[b].as_slice()),
                    Member::Population => None,
                };
                FoldedBranch::new(branch, own, place)
            })
            .collect();
        Folded { sign: spec.sign, branches }
    }
}

impl FoldedBranch {
    fn new(branch: &Branch, own: Option<&[Vec<f64>]>, place: &Place) -> Self {
        let mut layers = branch.layers.clone();
        layers[0] = fold_statics(branch, place);
        let outputs = branch
            .outputs
            .iter()
            .enumerate()
            .map(|(o, output)| {
                let mut head =
                    own.map_or_else(|| branch.mean_head(o, place), |own| branch.head(o, &own[o], place));
                let constant = head.pop().unwrap_or(0.0);
                let scale = output.scale * output.geometry_factor(place);
                FoldedOutput { kind: output.kind, scale, head, constant }
            })
            .collect();
        let mut this = FoldedBranch { features: branch.features.clone(), layers, outputs };
        this.subtract_zero_bias();
        this
    }

    /// Activations of the last layer at mirrored terminal voltages `[vd, vg, vs, vb]`, V.
    pub fn activations(&self, v: [f64; 4]) -> Vec<f64> {
        let mut z = self.features.at_terminals(v).x.to_vec();
        for layer in &self.layers {
            z = (0..layer.outputs)
                .map(|o| {
                    let row = &layer.weight[o * layer.inputs..][..layer.inputs];
                    tanh::<false>(layer.bias[o] + dot(row, &z))
                })
                .collect();
        }
        z
    }

    /// Moves the reference of gate and bulk charge so that they vanish at zero bias.
    fn subtract_zero_bias(&mut self) {
        let z = self.activations([0.0; 4]);
        for o in &mut self.outputs {
            if matches!(o.kind, OutputKind::GateCharge | OutputKind::BulkCharge) {
                o.constant = -dot(&o.head, &z);
            }
        }
    }
}

/// The first layer with its static inputs moved into the biases.
fn fold_statics(branch: &Branch, place: &Place) -> Layer {
    let first = &branch.layers[0];
    let statics: Vec<f64> = branch.statics.iter().map(|s| s.covariate.at(place) * s.scale).collect();
    let rows = || first.weight.chunks_exact(first.inputs);
    Layer {
        inputs: FEATURES,
        outputs: first.outputs,
        weight: rows().flat_map(|row| row[..FEATURES].iter().copied()).collect(),
        bias: rows().zip(&first.bias).map(|(row, b)| b + dot(&row[FEATURES..], &statics)).collect(),
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
