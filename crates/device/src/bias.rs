//! The bias point of a four-terminal MOS device: terminal voltages against one common reference.

use serde::{Deserialize, Serialize};

/// Terminal voltages in volts against a common reference (the lab's ground).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bias {
    /// Drain voltage, V.
    pub vd: f64,
    /// Gate voltage, V.
    pub vg: f64,
    /// Source voltage, V.
    pub vs: f64,
    /// Bulk voltage, V.
    pub vb: f64,
}

impl Bias {
    /// Bias with the source as reference: `vgs`, `vds`, `vbs` in volts.
    pub fn from_source(vgs: f64, vds: f64, vbs: f64) -> Self {
        Bias { vd: vds, vg: vgs, vs: 0.0, vb: vbs }
    }

    /// Gate-source voltage, V.
    pub fn vgs(self) -> f64 {
        self.vg - self.vs
    }

    /// Drain-source voltage, V.
    pub fn vds(self) -> f64 {
        self.vd - self.vs
    }

    /// Bulk-source voltage, V.
    pub fn vbs(self) -> f64 {
        self.vb - self.vs
    }

    /// The same bias with drain and source exchanged.
    pub fn swapped(self) -> Self {
        Bias { vd: self.vs, vs: self.vd, ..self }
    }

    /// All voltages times `sign` (+1 or -1): maps a p-channel bias on its n-channel mirror and back.
    pub fn mirrored(self, sign: f64) -> Self {
        Bias { vd: sign * self.vd, vg: sign * self.vg, vs: sign * self.vs, vb: sign * self.vb }
    }

    /// True when all four voltages are finite.
    pub fn is_finite(self) -> bool {
        [self.vd, self.vg, self.vs, self.vb].iter().all(|v| v.is_finite())
    }

    /// Voltages in SPICE terminal order `[vd, vg, vs, vb]`.
    pub fn to_array(self) -> [f64; 4] {
        [self.vd, self.vg, self.vs, self.vb]
    }
}

impl From<[f64; 4]> for Bias {
    /// From voltages in SPICE terminal order `[vd, vg, vs, vb]`.
    fn from([vd, vg, vs, vb]: [f64; 4]) -> Self {
        Bias { vd, vg, vs, vb }
    }
}
