//! The straight-line description of a model: everything an evaluator or exporter needs, as plain numbers.
//!
//! ```text
//! vds = vd - vs                      a = sqrt(vds^2 + e^2) - e            smooth |vds|
//! b   = sqrt(k^2 + 2 k a) - k where there is a knee, else a               a seen through a square root
//! u   = (vg - (vd+vs)/2 + a/2,  b,  vb - (vd+vs)/2 + a/2)                 even in a drain/source swap
//! t   = (u - center) * scale
//! x   = c tanh(t / c) where inputs saturate, else t; then the static inputs (temperature ...)
//! z   = tanh(W_n ... tanh(W_1 x + b_1) ... + b_n)                         trunk
//! h_o = B_o phi(geometry, temperature, corner) + D_o psi(temperature)     head of output o; geometry as [`Hull`] says
//! y_o = h_o . [z, 1]
//! ```
//! For a device that is not symmetric, `u = (vgs, vds, vbs)`. What an output means is [`OutputKind`].
//! All voltages and currents are those of the n-channel mirror; [`Spec::sign`] maps a p-channel on it.

use crate::basis::{Basis, Covariate, times};
use crate::hull::Hull;

/// Widest layer an evaluator accepts; activations live on the stack.
pub const MAX_WIDTH: usize = 64;
/// Deepest trunk an evaluator accepts.
pub const MAX_LAYERS: usize = 6;
/// Largest number of outputs of one branch.
pub const MAX_OUTPUTS: usize = 6;
/// Bias features of every branch: gate, drain and bulk.
pub const FEATURES: usize = 3;

/// How terminal voltages become trunk inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Even features (true), or plain `vgs, vds, vbs` (false).
    pub symmetric: bool,
    /// Smoothing voltage `e` of `|vds|`, V.
    pub smoothing: f64,
    /// Knee `k` of the drain feature of a symmetric device, V: up to about there it is `|vds|`, then it grows as the square
    /// root. `None` for `|vds|` itself.
    pub knee: Option<f64>,
    /// Centre of each feature, V.
    pub center: [f64; FEATURES],
    /// Factor of each centred feature, 1/V.
    pub scale: [f64; FEATURES],
    /// Magnitude `c` that scaled features never exceed: far beyond the data the trunk sees no more of a voltage than
    /// this; `None` for features without end.
    pub saturation: Option<f64>,
}

/// An input that does not change with bias: a covariate, centred and scaled.
#[derive(Clone, Debug, PartialEq)]
pub struct StaticInput {
    /// Which covariate.
    pub covariate: Covariate,
    /// Factor applied to the (already dimensionless) covariate.
    pub scale: f64,
}

/// A dense layer `tanh(W x + b)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Layer {
    /// Number of inputs.
    pub inputs: usize,
    /// Number of neurons.
    pub outputs: usize,
    /// Weights, row-major: `weight[neuron * inputs + input]`.
    pub weight: Vec<f64>,
    /// Biases, one per neuron.
    pub bias: Vec<f64>,
}

/// What the number `y` of a head stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputKind {
    /// Channel current, drain to source: `scale vds exp(y)`; odd in vds, zero at vds = 0.
    Channel,
    /// Gate current into the gate: `scale sinh(y)`.
    Gate,
    /// Bulk current into the bulk: `scale sinh(y)`.
    Bulk,
    /// Gate charge: `scale (y - y at zero bias)`.
    GateCharge,
    /// Bulk charge: `scale (y - y at zero bias)`.
    BulkCharge,
    /// Half the difference of drain and source charge: `scale vds y`.
    ChannelCharge,
}

impl OutputKind {
    /// Lower-case name used in files.
    pub fn name(self) -> &'static str {
        match self {
            OutputKind::Channel => "channel",
            OutputKind::Gate => "gate",
            OutputKind::Bulk => "bulk",
            OutputKind::GateCharge => "gate_charge",
            OutputKind::BulkCharge => "bulk_charge",
            OutputKind::ChannelCharge => "channel_charge",
        }
    }

    /// The kind with the given file name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|k| k.name() == name)
    }

    /// All kinds, currents first.
    pub const ALL: [OutputKind; 6] = [
        OutputKind::Channel,
        OutputKind::Gate,
        OutputKind::Bulk,
        OutputKind::GateCharge,
        OutputKind::BulkCharge,
        OutputKind::ChannelCharge,
    ];

    /// True for charges, false for currents.
    pub fn is_charge(self) -> bool {
        self as u8 >= OutputKind::GateCharge as u8
    }
}

/// One output: its meaning and the current (A) or charge (C) that `y` scales.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Output {
    /// What `y` stands for.
    pub kind: OutputKind,
    /// Scale in amperes, siemens (channel) or coulombs.
    pub scale: f64,
    /// Multiply by `W mult / L` (currents) or `W L mult` (charges), both over one micrometre.
    pub per_geometry: bool,
}

/// A trunk with its outputs; a model has one for currents and may have one for charges.
#[derive(Clone, Debug, PartialEq)]
pub struct Branch {
    /// Bias features.
    pub features: Features,
    /// Static inputs that follow the bias features.
    pub statics: Vec<StaticInput>,
    /// Trunk layers, first to last.
    pub layers: Vec<Layer>,
    /// Outputs; heads are stored per output.
    pub outputs: Vec<Output>,
    /// phi: basis of the population mean; empty when heads are free.
    pub population: Basis,
    /// psi: basis of a device's own deviation; the constant 1 for plain heads.
    pub deviation: Basis,
    /// Sizes that bases follow; `None` where they follow every size.
    pub hull: Option<Hull>,
    /// B per output: `width + 1` rows, `population.len()` columns, row-major.
    pub population_heads: Vec<Vec<f64>>,
}

impl Branch {
    /// Length of one head: last layer's neurons and the constant.
    pub fn head_len(&self) -> usize {
        self.layers.last().map_or(FEATURES + self.statics.len(), |l| l.outputs) + 1
    }

    /// Numbers of a device's own deviation, per output.
    pub fn own_len(&self) -> usize {
        self.head_len() * self.deviation.len()
    }

    /// Whether heads or trunk inputs change with `covariate`.
    pub fn depends_on(&self, covariate: Covariate) -> bool {
        self.statics.iter().any(|s| s.covariate == covariate)
            || [&self.population, &self.deviation].iter().any(|basis| basis.depends_on(covariate))
    }

    /// phi at `place`.
    pub fn phi(&self, place: &Place) -> Vec<f64> {
        self.population.at(&self.seen(place))
    }

    /// psi at `place`.
    pub fn psi(&self, place: &Place) -> Vec<f64> {
        self.deviation.at(&self.seen(place))
    }

    /// `place` as bases see it.
    pub fn seen(&self, place: &Place) -> Place {
        self.hull.map_or(*place, |hull| hull.pull(place))
    }

    /// `B phi(place)`, the population's mean head of output `o`.
    pub fn mean_head(&self, o: usize, place: &Place) -> Vec<f64> {
        times(&self.population_heads[o], &self.phi(place), self.head_len())
    }

    /// `B phi(place) + D psi(place)`, the head of output `o` of a device whose deviation is `own`.
    pub fn head(&self, o: usize, own: &[f64], place: &Place) -> Vec<f64> {
        let own = times(own, &self.psi(place), self.head_len());
        self.mean_head(o, place).iter().zip(own).map(|(mean, own)| mean + own).collect()
    }

    /// Heads of a device that is the population's mean, one per output.
    pub fn no_deviation(&self) -> Vec<Vec<f64>> {
        vec![vec![0.0; self.own_len()]; self.outputs.len()]
    }
}

/// The part of a model that belongs to one device.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceHeads {
    /// Name of the device.
    pub name: String,
    /// Covariates of the device as fitted.
    pub place: Place,
    /// Per branch, per output: D, `head_len` rows, `deviation.len()` columns, row-major.
    pub deviation: Vec<Vec<Vec<f64>>>,
    /// Ranges of the mirrored bias features covered by data, V: `[vgs, vds, vbs]` as `[low, high]`.
    pub range: [[f64; 2]; FEATURES],
}

/// Where in the population a device stands: geometry (m), temperature (K), corner position.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// Channel width, m.
    pub w: f64,
    /// Channel length, m.
    pub l: f64,
    /// Parallel devices (times fingers are part of `w`).
    pub mult: f64,
    /// Temperature, K.
    pub temperature: f64,
    /// Common speed of n and p (+1 ff, -1 ss).
    pub speed: f64,
    /// Skew (+1 fs, -1 sf).
    pub skew: f64,
}

/// A whole model.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// +1 for n-channel, -1 for p-channel.
    pub sign: f64,
    /// Currents first, then charges if modelled.
    pub branches: Vec<Branch>,
    /// Devices, in the order of the data.
    pub devices: Vec<DeviceHeads>,
}

/// A defect in a [`Spec`], found by [`Spec::check`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defect(pub String);

impl std::fmt::Display for Defect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Defect {}

impl Output {
    /// Factor of geometry on the scale: `W mult / L` for currents, `W L mult` over 1 um^2 for charges.
    pub fn geometry_factor(&self, place: &Place) -> f64 {
        const MICROMETRE: f64 = 1e-6;
        match (self.per_geometry, self.kind.is_charge()) {
            (false, _) => 1.0,
            (true, false) => place.w * place.mult / place.l,
            (true, true) => place.w / MICROMETRE * (place.l / MICROMETRE) * place.mult,
        }
    }
}
