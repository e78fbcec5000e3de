//! Terminal voltages to trunk inputs, with first and second derivatives.
//!
//! With `r = sqrt(vds^2 + e^2)`: `a = r - e`, `da/dvds = vds / r`, `d2a/dvds2 = e^2 / r^3`. Where the drain feature has a
//! knee, with `p = sqrt(k^2 + 2 k a)`: `b = p - k`, `db/da = k / p`, `d2b/da2 = -k^2 / p^3`. Where inputs saturate,
//! `x = c tanh(t / c)` of the scaled feature `t`: `dx/dt = 1 - (x/c)^2`, never negative, and 0 where a voltage is absurd.
//! Sums and differences are taken in an order that does not change when drain and source are exchanged,
//! so that the symmetry is exact in floating point too.

use crate::math::tanh;
use crate::simd::{self, Vector};
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
    /// The inputs before they saturate.
    free: Free,
    /// First and second derivative of each input over the one before saturation.
    saturation: [[f64; 2]; FEATURES],
}

/// What [`FeaturePoint`] says of one bias, for a vector of them.
#[derive(Clone, Copy)]
pub(crate) struct FeatureLanes<V> {
    /// Trunk inputs.
    pub(crate) x: [V; FEATURES],
    /// Slope of each input over its own voltage.
    pub(crate) own: [V; FEATURES],
    /// Slopes of the gate and the bulk input over vds.
    pub(crate) cross: [V; 2],
}

/// Features in volts, with what follows of them over vds.
#[derive(Clone, Copy)]
pub(crate) struct Volts {
    /// `[gate, drain, bulk]`.
    pub(crate) at: [f64; FEATURES],
    /// First and second derivative over vds of the gate's and the bulk's.
    pub(crate) beside: [f64; 2],
    /// The same of the drain's.
    pub(crate) drain: [f64; 2],
}

/// Scaled features without saturation, with derivatives.
#[derive(Clone, Copy, Debug)]
struct Free {
    x: [f64; FEATURES],
    own: [f64; FEATURES],
    cross: [f64; 2],
    /// Second derivatives over vds of `[gate, drain, bulk]`.
    curvature: [f64; FEATURES],
}

impl Features {
    /// Trunk inputs at the mirrored bias `(vgs, vds, vbs)`, V.
    #[inline(always)]
    pub fn at(&self, vgs: f64, vds: f64, vbs: f64) -> FeaturePoint {
        self.at_terminals([vds, vgs, 0.0, vbs])
    }

    /// Trunk inputs at the mirrored terminal voltages `[vd, vg, vs, vb]`, V.
    #[inline(always)]
    pub fn at_terminals(&self, v: [f64; 4]) -> FeaturePoint {
        let free = self.free(v);
        let bounded = self.saturation.map(|c| (c, free.x.map(|x| tanh::<false>(x / c))));
        FeaturePoint::new(free, bounded)
    }

    /// Trunk inputs of a vector of biases at their mirrored terminal voltages `[vd, vg, vs, vb]`, V.
    #[inline(always)]
    pub(crate) fn of_lanes<V: Vector>(&self, [vd, vg, vs, vb]: [V; 4]) -> FeatureLanes<V> {
        let (half, one) = (V::splat(0.5), V::splat(1.0));
        let vds = vd.sub(vs);
        let (volts, slope, back) = if self.symmetric {
            let e = V::splat(self.smoothing);
            let r = vds.mul(vds).add(e.mul(e)).sqrt();
            let (a, slope) = (r.sub(e), vds.div(r));
            let shift = half.mul(a.sub(vd.add(vs)));
            let (mut b, mut along) = (a, slope);
            if let Some(k) = self.knee {
                let p = a.mul_add(V::splat(2.0 * k), V::splat(k * k)).sqrt();
                (b, along) = (p.sub(V::splat(k)), slope.mul(V::splat(k).div(p)));
            }
            ([vg.add(shift), b, vb.add(shift)], along, half.mul(slope.sub(one)))
        } else {
            ([vg.sub(vs), vds, vb.sub(vs)], one, V::zero())
        };
        // Loops instead of closures, see `simd`.
        let (mut x, mut s) = (volts, [one; FEATURES]);
        for k in 0..FEATURES {
            s[k] = V::splat(self.scale[k]);
            x[k] = volts[k].sub(V::splat(self.center[k])).mul(s[k]);
        }
        let mut bend = [one; FEATURES];
        if let Some(c) = self.saturation {
            let (c, inverse) = (V::splat(c), V::splat(1.0 / c));
            for k in 0..FEATURES {
                let t = simd::tanh(x[k].mul(inverse));
                (x[k], bend[k]) = (c.mul(t), one.sub(t.mul(t)));
            }
        }
        FeatureLanes {
            x,
            own: [bend[0].mul(s[0]), bend[1].mul(slope.mul(s[1])), bend[2].mul(s[2])],
            cross: [bend[0].mul(back.mul(s[0])), bend[2].mul(back.mul(s[2]))],
        }
    }

    #[inline(always)]
    fn free(&self, v: [f64; 4]) -> Free {
        let [sg, sd, sb] = self.scale;
        let Volts { at, beside, drain } = self.unscaled(v);
        Free {
            x: std::array::from_fn(|k| (at[k] - self.center[k]) * self.scale[k]),
            own: [sg, drain[0] * sd, sb],
            cross: [beside[0] * sg, beside[0] * sb],
            curvature: [beside[1] * sg, drain[1] * sd, beside[1] * sb],
        }
    }

    /// The features at the mirrored terminal voltages `[vd, vg, vs, vb]`, V.
    #[inline(always)]
    pub(crate) fn unscaled(&self, [vd, vg, vs, vb]: [f64; 4]) -> Volts {
        let vds = vd - vs;
        if !self.symmetric {
            return Volts { at: [vg - vs, vds, vb - vs], beside: [0.0; 2], drain: [1.0, 0.0] };
        }
        let e = self.smoothing;
        let r = (vds * vds + e * e).sqrt();
        let (a, slope, curve) = (r - e, vds / r, e * e / (r * r * r));
        let shift = 0.5 * (a - (vd + vs));
        let [b, b1, b2] = self.bent(a);
        Volts {
            at: [vg + shift, b, vb + shift],
            beside: [0.5 * (slope - 1.0), 0.5 * curve],
            drain: [b1 * slope, b1 * curve + b2 * slope * slope],
        }
    }

    /// The drain feature of the smooth `|vds|` of a symmetric device, V, with its first and second derivative.
    #[inline(always)]
    fn bent(&self, a: f64) -> [f64; 3] {
        let Some(k) = self.knee else { return [a, 1.0, 0.0] };
        let p = (k * k + 2.0 * k * a).sqrt();
        let slope = k / p;
        [p - k, slope, -slope * slope / p]
    }

    /// Whether feature `k` is the one that a knee bends.
    fn bends(&self, k: usize) -> bool {
        self.symmetric && k == 1
    }

    /// The voltage (V) behind a trunk input: the inverse of scaling, saturation and knee of feature `k`.
    pub fn volts(&self, k: usize, x: f64) -> f64 {
        let free = self.saturation.map_or(x, |c| c * (x / c).atanh());
        let feature = free / self.scale[k] + self.center[k];
        match self.knee.filter(|_| self.bends(k)) {
            Some(knee) => feature + feature * feature / (2.0 * knee),
            None => feature,
        }
    }

    /// The trunk input of the voltage of feature `k` (V); the inverse of [`Features::volts`].
    pub fn input(&self, k: usize, volts: f64) -> f64 {
        let feature = if self.bends(k) { self.bent(volts)[0] } else { volts };
        let free = (feature - self.center[k]) * self.scale[k];
        self.saturation.map_or(free, |c| c * tanh::<false>(free / c))
    }
}

/// A gradient over inputs as one over `(vgs, vds, vbs)`, where inputs have the slopes `own` over their own voltage and those of gate and
/// bulk the slopes `cross` over vds.
#[inline(always)]
pub(crate) fn chain(
    [gate, drain, bulk]: [f64; FEATURES],
    own: [f64; FEATURES],
    cross: [f64; 2],
) -> [f64; FEATURES] {
    [gate * own[0], gate * cross[0] + drain * own[1] + bulk * cross[1], bulk * own[2]]
}

impl FeaturePoint {
    /// The inputs that saturate at `c` with their hyperbolic tangents, or the free ones.
    #[inline(always)]
    fn new(free: Free, bounded: Option<(f64, [f64; FEATURES])>) -> Self {
        let Some((c, t)) = bounded else {
            let saturation = [[1.0, 0.0]; FEATURES];
            return FeaturePoint { x: free.x, own: free.own, cross: free.cross, free, saturation };
        };
        let saturation = t.map(|t| {
            let slope = 1.0 - t * t;
            [slope, -2.0 * t * slope / c]
        });
        let [gate, drain, bulk] = saturation.map(|s| s[0]);
        FeaturePoint {
            x: t.map(|t| c * t),
            own: [gate * free.own[0], drain * free.own[1], bulk * free.own[2]],
            cross: [gate * free.cross[0], bulk * free.cross[1]],
            free,
            saturation,
        }
    }

    /// Chain rule: a gradient over trunk inputs becomes one over `(vgs, vds, vbs)`.
    #[inline(always)]
    pub fn chain(&self, g: [f64; FEATURES]) -> [f64; FEATURES] {
        chain(g, self.own, self.cross)
    }

    /// Chain rule of second order: gradient and Hessian over trunk inputs become the Hessian over `(vgs, vds, vbs)`.
    pub fn chain_second(&self, g: [f64; FEATURES], h: [[f64; FEATURES]; FEATURES]) -> [[f64; 3]; 3] {
        // First over the inputs before saturation: dx = s dt, d2x = b dt^2.
        let s = self.saturation;
        let mut over = h;
        for (i, row) in over.iter_mut().enumerate() {
            for (j, value) in row.iter_mut().enumerate() {
                *value *= s[i][0] * s[j][0];
            }
            row[i] += g[i] * s[i][1];
        }
        // rows[i][k] = dt[i] / dv[k]
        let Free { own, cross, curvature, .. } = self.free;
        let rows = [[own[0], cross[0], 0.0], [0.0, own[1], 0.0], [0.0, cross[1], own[2]]];
        let mut out = [[0.0; 3]; 3];
        for (k, line) in out.iter_mut().enumerate() {
            for (m, value) in line.iter_mut().enumerate() {
                for i in 0..FEATURES {
                    for j in 0..FEATURES {
                        *value += over[i][j] * rows[i][k] * rows[j][m];
                    }
                }
            }
        }
        out[1][1] += (0..FEATURES).map(|i| g[i] * s[i][0] * curvature[i]).sum::<f64>();
        out
    }
}
