//! Inputs of a trunk in registers at one bias: as little as possible stands between the voltages and the first layer.

use crate::features::{Volts, chain};
use crate::packed::{Aligned, pack};
use crate::simd::{Vector, tanh};
use crate::spec::{FEATURES, Features};

/// [`Features`] with what does not depend on the bias worked out.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PackedInputs {
    features: Features,
    /// What an input of 1 is to the trunk: where inputs saturate, the value at which they do.
    pub(crate) unit: f64,
    /// Inputs are `gain * volts + shift`, or the hyperbolic tangents of that.
    gain: Aligned,
    shift: Aligned,
}

/// Inputs of one bias with their slopes.
pub(crate) struct Inputs {
    /// `[gate, drain, bulk]`, in [units](PackedInputs::unit).
    pub(crate) x: [f64; FEATURES],
    /// Slope of each over its own voltage.
    own: [f64; FEATURES],
    /// Slopes of the gate's and the bulk's over vds.
    cross: [f64; 2],
}

impl PackedInputs {
    pub(crate) fn new(features: &Features) -> Self {
        let unit = features.saturation.unwrap_or(1.0);
        let gain = features.scale.map(|s| s / unit);
        let shift: [f64; FEATURES] = std::array::from_fn(|k| -features.center[k] * gain[k]);
        let packed = |three: [f64; FEATURES]| pack(&three, 1)[0];
        PackedInputs { features: features.clone(), unit, gain: packed(gain), shift: packed(shift) }
    }

    /// Largest magnitude of an input, in units.
    pub(crate) fn largest(&self) -> f64 {
        if self.features.saturation.is_some() { 1.0 } else { f64::INFINITY }
    }

    /// The inputs at the mirrored terminal voltages `[vd, vg, vs, vb]`, V.
    #[inline(always)]
    pub(crate) fn at<V: Vector>(&self, v: [f64; 4]) -> Inputs {
        let Volts { at, beside: [beside, _], drain: [along, _] } = self.features.unscaled(v);
        let gain = self.gain.load::<V>();
        let (mut x, mut slope) = (V::three(at).mul_add(gain, self.shift.load()), gain);
        if self.features.saturation.is_some() {
            x = tanh(x);
            slope = V::splat(1.0).sub(x.mul(x)).mul(gain);
        }
        let ([gate, drain, bulk], [of_gate, of_drain, of_bulk]) = (x.firsts(), slope.firsts());
        Inputs {
            x: [gate, drain, bulk],
            own: [of_gate, along * of_drain, of_bulk],
            cross: [beside * of_gate, beside * of_bulk],
        }
    }
}

impl Inputs {
    /// Chain rule: a gradient over the inputs becomes one over `(vgs, vds, vbs)`.
    #[inline(always)]
    pub(crate) fn chain(&self, gradient: [f64; FEATURES]) -> [f64; FEATURES] {
        chain(gradient, self.own, self.cross)
    }
}
