//! Terminal voltages to trunk inputs, with first and second derivatives.
//!
//! With `r = sqrt(vds^2 + e^2)`: `a = r - e`, `da/dvds = vds / r`, `d2a/dvds2 = e^2 / r^3`.
//! Sums and differences are taken in an order that does not change when drain and source are exchanged,
//! so that the symmetry is exact in floating point too.

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
    #[inline(always)]
    pub fn at(&self, vgs: f64, vds: f64, vbs: f64) -> FeaturePoint {
        self.at_terminals([vds, vgs, 0.0, vbs])
    }

    /// Trunk inputs at the mirrored terminal voltages `[vd, vg, vs, vb]`, V.
    #[inline(always)]
    pub fn at_terminals(&self, [vd, vg, vs, vb]: [f64; 4]) -> FeaturePoint {
        let [sg, sd, sb] = self.scale;
        let [cg, cd, cb] = self.center;
        let vds = vd - vs;
        if !self.symmetric {
            return FeaturePoint {
                x: [(vg - vs - cg) * sg, (vds - cd) * sd, (vb - vs - cb) * sb],
                own: self.scale,
                cross: [0.0; 2],
                curvature: [0.0; FEATURES],
            };
        }
        let e = self.smoothing;
        let r = (vds * vds + e * e).sqrt();
        let (a, slope, curve) = (r - e, vds / r, e * e / (r * r * r));
        let shift = 0.5 * (a - (vd + vs));
        FeaturePoint {
            x: [(vg + shift - cg) * sg, (a - cd) * sd, (vb + shift - cb) * sb],
            own: [sg, slope * sd, sb],
            cross: [0.5 * (slope - 1.0) * sg, 0.5 * (slope - 1.0) * sb],
            curvature: [0.5 * curve * sg, curve * sd, 0.5 * curve * sb],
        }
    }
}

impl FeaturePoint {
    /// Chain rule: a gradient over trunk inputs becomes one over `(vgs, vds, vbs)`.
    #[inline(always)]
    pub fn chain(&self, g: [f64; FEATURES]) -> [f64; FEATURES] {
        [
            g[0] * self.own[0],
            g[0] * self.cross[0] + g[1] * self.own[1] + g[2] * self.cross[1],
            g[2] * self.own[2],
        ]
    }

    /// Chain rule of second order: gradient and Hessian over trunk inputs become the Hessian over `(vgs, vds, vbs)`.
    pub fn chain_second(&self, g: [f64; FEATURES], h: [[f64; FEATURES]; FEATURES]) -> [[f64; 3]; 3] {
        // rows[i][k] = dx[i] / dv[k]
        let rows =
            [[self.own[0], self.cross[0], 0.0], [0.0, self.own[1], 0.0], [0.0, self.cross[1], self.own[2]]];
        let mut out = [[0.0; 3]; 3];
        for (k, line) in out.iter_mut().enumerate() {
            for (m, value) in line.iter_mut().enumerate() {
                for i in 0..FEATURES {
                    for j in 0..FEATURES {
                        *value += h[i][j] * rows[i][k] * rows[j][m];
                    }
                }
            }
        }
        out[1][1] += g.iter().zip(self.curvature).map(|(g, c)| g * c).sum::<f64>();
        out
    }
}
