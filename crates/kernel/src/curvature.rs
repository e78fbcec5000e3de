//! Exact second derivatives of the drain current, by second-order jets through the trunk.
//!
//! With `t = tanh(z)`, `s = 1 - t^2` and derivatives over the trunk inputs `a`, `b`:
//! `t_a = s z_a`, `t_ab = s z_ab - 2 t s z_a z_b`. An output's meaning and the bias features follow by the chain
//! rule. Meant for checks and for distortion analysis, not for inner loops: plain scalar code.

use crate::folded::{FoldedBranch, FoldedOutput};
use crate::instance::Instance;
use crate::math::{exp, tanh};
use crate::point::drain_share;
use crate::spec::{FEATURES, OutputKind};

/// A number with first and second derivatives over three variables.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Jet {
    /// The value.
    pub value: f64,
    /// First derivatives.
    pub gradient: [f64; FEATURES],
    /// Second derivatives; symmetric.
    pub hessian: [[f64; FEATURES]; FEATURES],
}

impl Jet {
    /// `self + factor * other`.
    fn add_scaled(&mut self, factor: f64, other: &Jet) {
        self.value += factor * other.value;
        for i in 0..FEATURES {
            self.gradient[i] += factor * other.gradient[i];
            for j in 0..FEATURES {
                self.hessian[i][j] += factor * other.hessian[i][j];
            }
        }
    }

    /// `f(self)` from the value and the first two derivatives of `f`.
    fn map(&self, [f, f1, f2]: [f64; 3]) -> Jet {
        let g = self.gradient;
        Jet {
            value: f,
            gradient: g.map(|g| f1 * g),
            hessian: std::array::from_fn(|i| {
                std::array::from_fn(|j| f1 * self.hessian[i][j] + f2 * g[i] * g[j])
            }),
        }
    }

    /// `vds * self`, where `vds` is variable 1.
    fn times_vds(&self, vds: f64) -> Jet {
        let mut out = Jet::default();
        out.add_scaled(vds, self);
        out.gradient[1] += self.value;
        for k in 0..FEATURES {
            out.hessian[1][k] += self.gradient[k];
            out.hessian[k][1] += self.gradient[k];
        }
        out
    }
}

impl Instance {
    /// Drain current (A) at `[vd, vg, vs, vb]` with first and second derivatives over `(vgs, vds, vbs)`.
    pub fn drain_jet(&self, v: [f64; 4]) -> Jet {
        let sign = self.sign();
        let branch = &self.folded().branches[0];
        let mut mirrored = Jet::default();
        for (output, y) in branch.outputs.iter().zip(branch.jets(v.map(|v| v * sign))) {
            let share = drain_share(output.kind, branch.features.symmetric);
            mirrored.add_scaled(share, &output.physical_jet(&y, sign * (v[0] - v[2])));
        }
        // id(v) = s f(s v): the first derivatives keep their sign.
        Jet {
            value: sign * mirrored.value,
            gradient: mirrored.gradient,
            hessian: mirrored.hessian.map(|row| row.map(|h| sign * h)),
        }
    }
}

impl FoldedBranch {
    /// `y` of every output over `(vgs, vds, vbs)` at mirrored terminal voltages.
    fn jets(&self, v: [f64; 4]) -> Vec<Jet> {
        let f = self.features.at_terminals(v);
        let mut z: Vec<Jet> = (0..FEATURES)
            .map(|i| {
                let mut x = Jet { value: f.x[i], ..Jet::default() };
                x.gradient[i] = 1.0;
                x
            })
            .collect();
        for layer in &self.layers {
            z = (0..layer.outputs)
                .map(|o| {
                    let row = &layer.weight[o * layer.inputs..][..layer.inputs];
                    let pre = affine(layer.bias[o], row, &z);
                    let t = tanh::<false>(pre.value);
                    let s = 1.0 - t * t;
                    pre.map([t, s, -2.0 * t * s])
                })
                .collect();
        }
        self.outputs
            .iter()
            .map(|o| {
                let y = affine(o.constant, &o.head, &z);
                Jet {
                    value: y.value,
                    gradient: f.chain(y.gradient),
                    hessian: f.chain_second(y.gradient, y.hessian),
                }
            })
            .collect()
    }
}

impl FoldedOutput {
    fn physical_jet(&self, y: &Jet, vds: f64) -> Jet {
        let (up, down) = (self.scale * exp::<false>(y.value), self.scale * exp::<false>(-y.value));
        let (sinh, cosh) = (0.5 * (up - down), 0.5 * (up + down));
        match self.kind {
            OutputKind::Channel => y.map([up, up, up]).times_vds(vds),
            OutputKind::Gate | OutputKind::Bulk => y.map([sinh, cosh, sinh]),
            OutputKind::GateCharge | OutputKind::BulkCharge => y.map([self.scale * y.value, self.scale, 0.0]),
            OutputKind::ChannelCharge => y.map([self.scale * y.value, self.scale, 0.0]).times_vds(vds),
        }
    }
}

fn affine(constant: f64, weights: &[f64], x: &[Jet]) -> Jet {
    let mut out = Jet { value: constant, ..Jet::default() };
    for (w, x) in weights.iter().zip(x) {
        out.add_scaled(*w, x);
    }
    out
}
