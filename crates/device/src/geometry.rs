//! Drawn geometry of a device: channel width and length, fingers, multiplicity.

use serde::{Deserialize, Serialize};

use crate::si;

/// Channel geometry in metres; `nf` fingers, `mult` devices in parallel.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Geometry {
    /// Channel width, m (total over fingers).
    pub w: f64,
    /// Channel length, m.
    pub l: f64,
    /// Number of fingers.
    pub nf: f64,
    /// Number of devices in parallel.
    pub mult: f64,
}

impl Geometry {
    /// One finger, one device.
    pub fn new(w: f64, l: f64) -> Self {
        Geometry { w, l, nf: 1.0, mult: 1.0 }
    }

    /// `W mult / L`, the factor by which an ideal long-channel current scales.
    pub fn squares(self) -> f64 {
        self.w * self.mult / self.l
    }

    /// Short label such as `W10u_L0.13u` (`_m4` when `mult` is not one).
    pub fn label(self) -> String {
        let mut s = format!("W{}_L{}", si::format_exact(self.w), si::format_exact(self.l));
        if self.nf != 1.0 {
            s += &format!("_nf{}", self.nf);
        }
        if self.mult != 1.0 {
            s += &format!("_m{}", self.mult);
        }
        s
    }

    /// True when width, length, fingers and multiplicity are finite and positive.
    pub fn is_valid(self) -> bool {
        [self.w, self.l, self.nf, self.mult].iter().all(|v| v.is_finite() && *v > 0.0)
    }
}
