//! Guaranteed bounds of a channel current's slopes over a box of biases, by Taylor models of second order.
//!
//! With `I = scale vds exp(y)` and `vds > 0`, the signs asked for are those of
//! ```text
//! q = d ln I / d ln vds = 1 + vds dy/dvds      (gds = I q / vds)
//! p = d ln I / d vgs    = dy/dvgs              (gm  = I p)
//! ```
//! Every number in the network is a form `c + g . e + e . H e +- r` over the box's coordinates `e` in -1..1 (K. Makino,
//! M. Berz, "Taylor models and other validated functional inclusion methods", 2003). Linear layers keep it exact, so that
//! what neurons bend one way and the other cancels before anything is bounded; a smooth function `f` adds
//! `max |f'''| rho^3 / 6` to `r`, `rho` the half-width of its argument, and a product what is of third order in it. The
//! error therefore falls with the cube of the box. Rounding is counted in `r`, so that bounds are bounds in floating
//! point too.
//!
//! Reading order: this page (the network), `form` (the arithmetic), [`mod@search`] (branch and bound).

mod form;
pub mod search;

pub use search::{Box3, Finding, Limits, Sign, search};

use crate::folded::FoldedBranch;
use crate::spec::OutputKind;
use form::{Form, Neuron};

/// Lower and upper bounds over a box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// Smallest possible value.
    pub low: f64,
    /// Largest possible value.
    pub high: f64,
    /// Half-widths that the coordinates vgs, vds, vbs contribute.
    pub by_axis: [f64; 3],
    /// Half-width of what is not linear.
    pub rest: f64,
}

/// Bounds of everything a certificate asks of one box.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slopes {
    /// `p`, 1/V.
    pub gate: Bounds,
    /// `q`.
    pub drain: Bounds,
    /// Upper bound of ln(I / A).
    pub ln_current: f64,
}

/// A channel current whose slopes can be bounded; holds the workspace.
#[derive(Clone, Debug)]
pub struct Channel<'a> {
    branch: &'a FoldedBranch,
    head: &'a [f64],
    constant: f64,
    ln_scale: f64,
    layers: [Vec<Neuron>; 2],
}

impl<'a> Channel<'a> {
    /// The channel current of a branch; `None` when it has none.
    pub fn new(branch: &'a FoldedBranch) -> Option<Self> {
        let output = branch.outputs.iter().find(|o| o.kind == OutputKind::Channel)?;
        Some(Channel {
            branch,
            head: &output.head,
            constant: output.constant,
            ln_scale: output.scale.ln(),
            layers: [Vec::new(), Vec::new()],
        })
    }

    /// Bounds over the mirrored biases `[vgs, vds, vbs]` between `low` and `high`, V; vds is not negative.
    pub fn slopes(&mut self, low: [f64; 3], high: [f64; 3]) -> Slopes {
        let axes: [Form; 3] = std::array::from_fn(|k| Form::axis(k, low[k], high[k]));
        let [mut below, mut above] = std::mem::take(&mut self.layers);
        below.clear();
        below.extend(self.inputs(&axes, low[1], high[1]).map(|x| self.saturated(x)));
        for layer in &self.branch.layers {
            above.clear();
            below.iter_mut().for_each(|n| n.count_rounding(layer.inputs));
            for (o, row) in layer.weight.chunks_exact(layer.inputs).enumerate() {
                above.push(Neuron::affine(layer.bias[o], row, &below).squashed());
            }
            std::mem::swap(&mut below, &mut above);
        }
        below.iter_mut().for_each(|n| n.count_rounding(self.head.len()));
        let y = Neuron::affine(self.constant, self.head, &below);
        self.layers = [below, above];
        let [value, drain, gate] = y.forms();
        let q = axes[1].times(&drain).plus_constant(1.0);
        Slopes {
            gate: gate.bounds(),
            drain: q.bounds(),
            ln_current: value.bounds().high + self.ln_scale + high[1].max(f64::MIN_POSITIVE).ln() + 1e-12,
        }
    }

    /// `c tanh(x / c)` where inputs saturate.
    fn saturated(&self, x: Neuron) -> Neuron {
        let Some(c) = self.branch.features.saturation else { return x };
        let scaled = |factor: f64, mut x: Neuron| {
            x.count_rounding(1);
            Neuron::affine(0.0, &[factor], &[x])
        };
        scaled(c, scaled(1.0 / c, x).squashed())
    }

    /// Features with their slopes over vds and vgs.
    fn inputs(&self, axes: &[Form; 3], low: f64, high: f64) -> [Neuron; 3] {
        let f = &self.branch.features;
        let [gate, drain, bulk] = axes;
        let [sg, sd, sb] = f.scale;
        let constant = Form::constant;
        if !f.symmetric {
            return [
                Neuron::new(gate.shifted_scaled(-f.center[0], sg), constant(0.0), constant(sg)),
                Neuron::new(drain.shifted_scaled(-f.center[1], sd), constant(sd), constant(0.0)),
                Neuron::new(bulk.shifted_scaled(-f.center[2], sb), constant(0.0), constant(0.0)),
            ];
        }
        let (a, slope) = smooth_magnitude(drain, low, high, f.smoothing);
        let (b, along) = match f.knee {
            Some(knee) => {
                let (b, bend) = bent(&a, smooth(low, f.smoothing), smooth(high, f.smoothing), knee);
                (b, bend.times(&slope))
            }
            None => (a, slope),
        };
        let half = a.minus(drain).shifted_scaled(0.0, 0.5);
        let half_slope = slope.plus_constant(-1.0).shifted_scaled(0.0, 0.5);
        let with = |own: &Form, center: f64, scale: f64| own.plus(&half).shifted_scaled(-center, scale);
        [
            Neuron::new(with(gate, f.center[0], sg), half_slope.shifted_scaled(0.0, sg), constant(sg)),
            Neuron::new(b.shifted_scaled(-f.center[1], sd), along.shifted_scaled(0.0, sd), constant(0.0)),
            Neuron::new(with(bulk, f.center[2], sb), half_slope.shifted_scaled(0.0, sb), constant(0.0)),
        ]
    }
}

/// `sqrt(v^2 + e^2) - e`.
fn smooth(v: f64, e: f64) -> f64 {
    v.hypot(e) - e
}

/// `b = sqrt(k^2 + 2 k a) - k` and `db/da` over `0 <= low <= a <= high`.
///
/// With `p = b + k`: `b' = k / p`, `b'' = -k^2 / p^3`, third derivative `3 k^3 / p^5`, fourth `-15 k^4 / p^7`.
fn bent(a: &Form, low: f64, high: f64, k: f64) -> (Form, Form) {
    let p = |a: f64| (k * k + 2.0 * k * a).sqrt();
    let (c, nearest) = (p(a.center()), p(low));
    let third = |p: f64| 3.0 * k.powi(3) / p.powi(5);
    let bend = -k * k / c.powi(3);
    let value = a.through([c - k, k / c, bend], third(nearest), [nearest - k, p(high) - k]);
    let fourth = 15.0 * k.powi(4) / nearest.powi(7);
    let slope = a.through([k / c, bend, third(c)], fourth, [k / p(high), k / nearest]);
    (value, slope)
}

/// `a = sqrt(v^2 + e^2) - e` and its slope over `0 <= low <= v <= high`.
///
/// With `r = a + e`: `a' = v / r`, `a'' = e^2 / r^3`, `a''' = -3 e^2 v / r^5`, `a'''' = 3 e^2 (4 v^2 - e^2) / r^7`.
fn smooth_magnitude(v: &Form, low: f64, high: f64, e: f64) -> (Form, Form) {
    let r = |v: f64| v.hypot(e);
    let c = 0.5 * (low + high);
    let value = |v: f64| smooth(v, e);
    let slope = |v: f64| v / r(v);
    let curvature = |v: f64| e * e / r(v).powi(3);
    let third = 3.0 * e * e * high / r(low).powi(5);
    let fourth = 3.0 * e * e * (4.0 * high * high).max(e * e) / r(low).powi(7);
    let at = 3.0 * e * e * c / r(c).powi(5);
    let a = v.through([value(c), slope(c), curvature(c)], third, [value(low), value(high)]);
    let s = v.through([slope(c), curvature(c), -at], fourth, [slope(low), slope(high)]);
    (a, s)
}
