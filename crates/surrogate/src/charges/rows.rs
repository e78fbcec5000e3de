//! Charges and capacitances of one device as rows of linear problems in its heads.
//!
//! The gate's head stands alone. Bulk and channel share a problem, because the drain's capacitance holds both.

use gummel_data::DeviceData;
use gummel_device::Quantity;
use gummel_kernel::spec::FEATURES;
use gummel_kernel::{Basis, Branch, Output, OutputKind, Place};

use super::rest;

/// Inputs of the trunk at a device's points and what its outputs should be there.
pub(super) struct Points {
    n: usize,
    inputs: usize,
    /// One row of `n` numbers per input.
    x: Vec<f64>,
    /// `slope[k]`: one row of `n` numbers per bias feature, its derivative by `vgs`, `vds`, `vbs`.
    slope: [Vec<f64>; FEATURES],
    /// The gate, then bulk and channel.
    pub(super) problems: [Problem; 2],
}

/// Rows that determine the heads of one or two outputs.
#[derive(Default)]
pub(super) struct Problem {
    /// Number of outputs.
    pub(super) heads: usize,
    pub(super) rows: Vec<Rows>,
}

/// Rows that compare the same kind of quantity.
pub(super) struct Rows {
    /// What adds up to the quantity.
    pub(super) terms: Vec<Term>,
    /// Weighted target.
    pub(super) target: Vec<f64>,
}

/// A multiple of an output or of one of its derivatives.
pub(super) struct Term {
    /// Which output of the problem.
    pub(super) head: usize,
    /// `None` for `y` itself, else its derivative by `vgs`, `vds` or `vbs`.
    pub(super) by: Option<usize>,
    /// Factor of each point's row.
    pub(super) weight: Vec<f64>,
}

impl Points {
    /// Those points of `device` with all charges, or all capacitances, that `keep` takes, in units of `scale` per square micrometre.
    pub(super) fn new(
        device: &DeviceData,
        place: &Place,
        current: &Branch,
        deviation: &Basis,
        scale: f64,
        mut keep: impl FnMut(usize) -> bool,
    ) -> Self {
        let sign = device.id.family.polarity.sign();
        let near = rest::near(&current.features);
        let quantity = |q: Quantity| rest::values(device, q, near);
        let needed = super::NEEDED.map(quantity);
        let instead = super::INSTEAD.map(|q| rest::values(device, q, 0.0));
        let all = |values: &[Vec<f64>], p: usize| values.iter().all(|v| v[p].is_finite());
        let whole = |p: &usize| all(&needed, *p) || all(&instead, *p);
        let kept: Vec<usize> = (0..device.len()).filter(whole).filter(|p| keep(*p)).collect();
        let n = kept.len();
        let inputs = FEATURES + current.statics.len();
        let mut this = Points {
            n,
            inputs,
            x: vec![0.0; inputs * n],
            slope: std::array::from_fn(|_| vec![0.0; FEATURES * n]),
            problems: Default::default(),
        };
        let mut vds = vec![0.0; n];
        let mut psi = vec![vec![0.0; n]; deviation.len()];
        for (k, &p) in kept.iter().enumerate() {
            let bias = device.bias_at(p).mirrored(sign);
            vds[k] = bias.vds();
            let f = current.features.at(bias.vgs(), bias.vds(), bias.vbs());
            for i in 0..FEATURES {
                this.x[i * n + k] = f.x[i];
            }
            // The chain rule of a unit gradient over input i is row i of dx/dv.
            for i in 0..FEATURES {
                let mut unit = [0.0; FEATURES];
                unit[i] = 1.0;
                for (slope, d) in this.slope.iter_mut().zip(f.chain(unit)) {
                    slope[i * n + k] = d;
                }
            }
            let here = Place { temperature: device.temperature[p], ..*place };
            for (j, s) in current.statics.iter().enumerate() {
                this.x[(FEATURES + j) * n + k] = s.covariate.at(&here) * s.scale;
            }
            for (psi, value) in psi.iter_mut().zip(deviation.at(&here)) {
                psi[k] = value;
            }
        }
        let output = Output { kind: OutputKind::GateCharge, scale, per_geometry: true };
        let unit = scale * output.geometry_factor(place);
        let gathered = |v: &[f64], unit: f64| -> Vec<f64> { kept.iter().map(|&p| v[p] / unit).collect() };
        let column = |q: Quantity| gathered(&quantity(q), unit);
        let [qg, qd, qb] = needed.each_ref().map(|v| gathered(v, sign * unit));
        let levelled = |q: &[f64]| {
            let mut q = q.to_vec();
            rest::level(device, &mut q);
            gathered(&q, sign * unit)
        };
        let [cgg, cgd, cgs, cbg, cdg, cdd] =
            [Quantity::Cgg, Quantity::Cgd, Quantity::Cgs, Quantity::Cbg, Quantity::Cdg, Quantity::Cdd]
                .map(column);
        let each = |f: &dyn Fn(usize) -> f64| (0..n).map(f).collect::<Vec<f64>>();
        let cgb = each(&|k| -(cgg[k] + cgd[k] + cgs[k]));
        // What a symmetric device's drain shares with gate and bulk (see the kernel's operating point).
        let share = if current.features.symmetric { 0.5 } else { 0.0 };
        let qc = each(&|k| qd[k] + share * (qg[k] + qb[k]));
        let ccg = each(&|k| cdg[k] + share * (cgg[k] + cbg[k]));
        // cdd = d(vds yc)/dvds - share (cgd + dqb/dvds)
        let known = each(&|k| cdd[k] + share * cgd[k]);
        let (one, size) = (vec![1.0; n], power(&cgg));
        let alone = |by, factor: &[f64]| vec![Term { head: 0, by, weight: factor.to_vec() }];
        let channel = |by, factor: &[f64]| vec![Term { head: 1, by, weight: factor.to_vec() }];
        let drain = vec![
            Term { head: 1, by: None, weight: one.clone() },
            Term { head: 1, by: Some(1), weight: vds.clone() },
            Term { head: 0, by: Some(1), weight: vec![-share; n] },
        ];
        let gate = vec![
            Rows::charge(alone(None, &one), &levelled(&needed[0])),
            Rows::capacitance(alone(Some(0), &one), &cgg, size),
            Rows::capacitance(alone(Some(1), &one), &cgd, size),
            Rows::capacitance(alone(Some(2), &one), &cgb, size),
        ];
        let rest = vec![
            Rows::charge(alone(None, &one), &levelled(&needed[2])),
            Rows::charge(channel(None, &vds), &qc),
            Rows::capacitance(alone(Some(0), &one), &cbg, size),
            Rows::capacitance(channel(Some(0), &vds), &ccg, size),
            Rows::capacitance(drain, &known, size),
        ];
        this.problems =
            [Problem { heads: 1, rows: gate }, Problem { heads: 2, rows: rest }].map(|p| p.spread(&psi));
        this
    }

    /// Points of a plain device (features are the voltages) with one gate charge and its first derivative.
    #[cfg(test)]
    pub(super) fn plain(x: [Vec<f64>; FEATURES], charge: &[f64], by_gate: &[f64]) -> Self {
        let n = charge.len();
        let (one, none) = (vec![1.0; n], vec![0.0; n]);
        let unit = |k: usize| (0..FEATURES).flat_map(|i| vec![f64::from(u8::from(i == k)); n]).collect();
        let term = |by, weight: &[f64]| vec![Term { head: 0, by, weight: weight.to_vec() }];
        let gate = vec![
            Rows::charge(term(None, &one), charge),
            Rows::capacitance(term(Some(0), &one), by_gate, 1.0),
        ];
        let idle = vec![Rows::charge(term(None, &none), &none)];
        Points {
            n,
            inputs: FEATURES,
            x: x.concat(),
            slope: [unit(0), unit(1), unit(2)],
            problems: [Problem { heads: 1, rows: gate }, Problem { heads: 2, rows: idle }],
        }
    }

    /// Number of points.
    pub(super) fn len(&self) -> usize {
        self.n
    }

    /// Number of inputs.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Input `i` at all points.
    pub(super) fn x(&self, i: usize) -> &[f64] {
        &self.x[i * self.n..][..self.n]
    }

    /// Derivative of bias feature `i` by voltage `k` at all points.
    pub(super) fn slope(&self, k: usize, i: usize) -> &[f64] {
        &self.slope[k][i * self.n..][..self.n]
    }
}

impl Problem {
    /// The same rows where a head is `sum_k psi_k h_k`: every head becomes as many as there are functions `psi`, one row of
    /// points each.
    pub(super) fn spread(self, psi: &[Vec<f64>]) -> Self {
        let psi_count = psi.len();
        let spread = |term: Term| {
            let of = |(k, psi): (usize, &Vec<f64>)| Term {
                head: term.head * psi_count + k,
                by: term.by,
                weight: term.weight.iter().zip(psi).map(|(w, f)| w * f).collect(),
            };
            psi.iter().enumerate().map(of).collect::<Vec<_>>()
        };
        let rows = self
            .rows
            .into_iter()
            .map(|rows| Rows { terms: rows.terms.into_iter().flat_map(spread).collect(), ..rows });
        Problem { heads: self.heads * psi.len(), rows: rows.collect() }
    }
}

/// Capacitances smaller than this share of the gate's are compared with the share instead of themselves.
const SMALL: f64 = 0.03;

impl Rows {
    /// Rows of a charge, whose level is free and does not count.
    fn charge(terms: Vec<Term>, values: &[f64]) -> Self {
        Rows::new(terms, values, deviation(values))
    }

    /// Rows of a capacitance; `size` is that of the gate's.
    fn capacitance(terms: Vec<Term>, values: &[f64], size: f64) -> Self {
        Rows::new(terms, values, power(values).max(SMALL * size))
    }

    /// Rows whose squares add up to the squared relative L2 error; points without a value weigh nothing.
    fn new(mut terms: Vec<Term>, values: &[f64], spread: f64) -> Self {
        let norm = 1.0 / (spread.max(f64::MIN_POSITIVE) * (values.len().max(1) as f64).sqrt());
        for (p, v) in values.iter().enumerate() {
            let factor = if v.is_finite() { norm } else { 0.0 };
            terms.iter_mut().for_each(|t| t.weight[p] *= factor);
        }
        let target = values.iter().map(|v| if v.is_finite() { norm * v } else { 0.0 }).collect();
        Rows { terms, target }
    }
}

/// Root mean square of the finite values.
fn power(values: &[f64]) -> f64 {
    let known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    (known.iter().map(|v| v * v).sum::<f64>() / known.len().max(1) as f64).sqrt()
}

/// Standard deviation.
fn deviation(values: &[f64]) -> f64 {
    let (mut sum, mut n) = (0.0, 0usize);
    values.iter().filter(|v| v.is_finite()).for_each(|v| (sum, n) = (sum + v, n + 1));
    let mean = sum / n.max(1) as f64;
    power(&values.iter().map(|v| v - mean).collect::<Vec<_>>())
}
