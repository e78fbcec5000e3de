//! Charges and capacitances of one device as rows of linear problems, one problem per output.

use gummel_data::DeviceData;
use gummel_device::Quantity;
use gummel_kernel::spec::FEATURES;
use gummel_kernel::{Branch, Output, OutputKind, Place};

/// Inputs of the trunk at a device's points and what its outputs should be there.
pub(super) struct Points {
    n: usize,
    inputs: usize,
    /// One row of `n` numbers per input.
    x: Vec<f64>,
    /// `slope[k]`: one row of `n` numbers per bias feature, its derivative by `vgs`, `vds`, `vbs`.
    slope: [Vec<f64>; FEATURES],
    /// Gate, bulk, channel.
    pub(super) outputs: [Vec<Rows>; 3],
}

/// Rows that compare the same kind of quantity.
pub(super) struct Rows {
    /// `None` for `y` itself, else its derivative by `vgs`, `vds` or `vbs`.
    pub(super) by: Option<usize>,
    /// Factor of each point's row.
    pub(super) weight: Vec<f64>,
    /// Weighted target.
    pub(super) target: Vec<f64>,
}

impl Points {
    /// Every `stride`-th point of `device` with all of its charges, in units of `scale` per square micrometre.
    pub(super) fn new(
        device: &DeviceData,
        place: &Place,
        current: &Branch,
        scale: f64,
        stride: usize,
    ) -> Self {
        let sign = device.id.family.polarity.sign();
        let quantity = |q: Quantity, p: usize| device.quantities.get(&q).map_or(f64::NAN, |v| v[p]);
        let whole = |p: &usize| super::NEEDED.iter().all(|q| quantity(*q, *p).is_finite());
        let kept: Vec<usize> = (0..device.len()).step_by(stride).filter(whole).collect();
        let n = kept.len();
        let inputs = FEATURES + current.statics.len();
        let mut this = Points {
            n,
            inputs,
            x: vec![0.0; inputs * n],
            slope: std::array::from_fn(|_| vec![0.0; FEATURES * n]),
            outputs: Default::default(),
        };
        let mut vds = vec![0.0; n];
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
        }
        let output = Output { kind: OutputKind::GateCharge, scale, per_geometry: true };
        let unit = scale * output.geometry_factor(place);
        let column = |q: Quantity| -> Vec<f64> { kept.iter().map(|&p| quantity(q, p) / unit).collect() };
        let charge = |q: Quantity| -> Vec<f64> { column(q).into_iter().map(|v| sign * v).collect() };
        let (qg, qd, qb) = (charge(Quantity::Qg), charge(Quantity::Qd), charge(Quantity::Qb));
        let [cgg, cgd, cgs, cbg, cdg] =
            [Quantity::Cgg, Quantity::Cgd, Quantity::Cgs, Quantity::Cbg, Quantity::Cdg].map(column);
        let cgb: Vec<f64> = (0..n).map(|k| -(cgg[k] + cgd[k] + cgs[k])).collect();
        // What a symmetric device's drain shares with gate and bulk (see the kernel's operating point).
        let share = if current.features.symmetric { 0.5 } else { 0.0 };
        let channel = |d: &[f64], g: &[f64], b: &[f64]| -> Vec<f64> {
            (0..n).map(|k| d[k] + share * (g[k] + b[k])).collect()
        };
        let (qc, ccg) = (channel(&qd, &qg, &qb), channel(&cdg, &cgg, &cbg));
        let (one, reference) = (vec![1.0; n], power(&cgg));
        let of = |by, y: &[f64], factor: &[f64]| Rows::new(by, y, factor, reference);
        this.outputs = [
            vec![
                of(None, &qg, &one),
                of(Some(0), &cgg, &one),
                of(Some(1), &cgd, &one),
                of(Some(2), &cgb, &one),
            ],
            vec![of(None, &qb, &one), of(Some(0), &cbg, &one)],
            vec![of(None, &qc, &vds), of(Some(0), &ccg, &vds)],
        ];
        this
    }

    /// Points of a plain device (features are the voltages) with one gate charge and its first derivative.
    #[cfg(test)]
    pub(super) fn plain(x: [Vec<f64>; FEATURES], charge: &[f64], by_gate: &[f64]) -> Self {
        let n = charge.len();
        let (one, none) = (vec![1.0; n], vec![0.0; n]);
        let unit = |k: usize| (0..FEATURES).flat_map(|i| vec![f64::from(u8::from(i == k)); n]).collect();
        let gate = vec![Rows::new(None, charge, &one, 1.0), Rows::new(Some(0), by_gate, &one, 1.0)];
        let idle = || vec![Rows::new(None, &none, &none, 1.0)];
        Points {
            n,
            inputs: FEATURES,
            x: x.concat(),
            slope: [unit(0), unit(1), unit(2)],
            outputs: [gate, idle(), idle()],
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

/// Capacitances smaller than this share of the gate's are compared with the share instead of themselves.
const SMALL: f64 = 0.03;

impl Rows {
    /// Rows whose squares add up to the squared relative L2 error; points without a value weigh nothing.
    fn new(by: Option<usize>, values: &[f64], factor: &[f64], reference: f64) -> Self {
        let spread = match by {
            // The zero of a charge is free, so that its level does not count.
            None => deviation(values),
            Some(_) => power(values).max(SMALL * reference),
        };
        let norm = 1.0 / (spread.max(f64::MIN_POSITIVE) * (values.len().max(1) as f64).sqrt());
        let known = |v: &f64| v.is_finite();
        Rows {
            by,
            weight: values.iter().zip(factor).map(|(v, f)| if known(v) { norm * f } else { 0.0 }).collect(),
            target: values.iter().map(|v| if known(v) { norm * v } else { 0.0 }).collect(),
        }
    }
}

/// Root mean square of the finite values.
fn power(values: &[f64]) -> f64 {
    let known: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    (known.iter().map(|v| v * v).sum::<f64>() / known.len().max(1) as f64).sqrt()
}

/// Standard deviation.
fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    power(&values.iter().map(|v| v - mean).collect::<Vec<_>>())
}
