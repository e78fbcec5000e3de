//! Terminal voltages to trunk inputs, with first and second derivatives.
//!
//! With the source as reference and `r = sqrt(vds^2 + e^2)`:
//! `a = r - e`, `da/dvds = vds / r`, `d2a/dvds2 = e^2 / r^3`.

use crate::spec::{FEATURES, Features};

/// Trunk inputs of one bias and their derivatives with respect to `(vgs, vds, vbs)`.
#[derive(Clone, Copy, Debug)]
pub struct FeaturePoint {
    /// Trunk inputs `[gate, drain, bulk]`.
    pub x: [f64; FEATURES],
    /// Own-voltage slope of each input: `dx[gate]/dvgs`, `dx[drain]/dvds`, `dx[bulk]/dvbs`.
    pub own: [f64; FEATURES],
    /// `dx/dvds` of the gate and the bulk input.
    pub cross: [f64; 2],
    /// `d2x/dvds2` of `[gate, drain, bulk]`.
    pub curvature: [f64; FEATURES],
}

impl Features {
    /// Trunk inputs at the mirrored bias `(vgs, vds, vbs)`, V.
    #[inline]
    pub fn at(&self, vgs: f64, vds: f64, vbs: f64) -> FeaturePoint {
        let [sg, sd, sb] = self.scale;
        if !self.symmetric {
            return FeaturePoint {
                x: [(vgs - self.center[0]) * sg, (vds - self.center[1]) * sd, (vbs - self.center[2]) * sb],
                own: self.scale,
                cross: [0.0; 2],
                curvature: [0.0; FEATURES],
            };
        }
        let e = self.smoothing;
        let r = (vds * vds + e * e).sqrt();
        let (a, slope, curve) = (r - e, vds / r, e * e / (r * r * r));
        let shift = 0.5 * (a - vds);
        FeaturePoint {
            x: [
                (vgs + shift - self.center[0]) * sg,
                (a - self.center[1]) * sd,
                (vbs + shift - self.center[2]) * sb,
            ],
            own: [sg, slope * sd, sb],
            cross: [0.5 * (slope - 1.0) * sg, 0.5 * (slope - 1.0) * sb],
            curvature: [0.5 * curve * sg, curve * sd, 0.5 * curve * sb],
        }
    }
}

impl FeaturePoint {
    /// Chain rule: a gradient over trunk inputs becomes one over `(vgs, vds, vbs)`.
    #[inline]
    pub fn chain(&self, g: [f64; FEATURES]) -> [f64; FEATURES] {
        [
            g[0] * self.own[0],
            g[0] * self.cross[0] + g[1] * self.own[1] + g[2] * self.cross[1],
            g[2] * self.own[2],
        ]
    }
}
