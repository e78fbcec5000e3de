//! Predictive intervals of terminal currents, and whether a bias lies where the device was measured.
//!
//! In the fit's units `u = asinh(i / 2f)`, `f` the noise floor, a prediction has the variance
//! ```text
//! s^2 = c^2 [ (du/dy)^2 x^T C x + n^2 ] + f^2 / (i^2 + 4 f^2) + (dV / vds)^2
//! ```
//! x products of the activations `[z, 1]` and the functions psi of temperature, C covariance of the head, n scatter of readings around the device, c the calibration, dV the uncertainty
//! of the voltage (channel current only). The interval is `2f sinh(u -+ k s)`, `k` the normal quantile: relative
//! where there is signal, absolute in the noise.

use gummel_kernel::basis::factors;
use gummel_kernel::{Folded, OutputKind};

use crate::{DeviceQuery, Model, ModelError};

/// A channel current with its uncertainty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Channel current into the drain, A.
    pub value: f64,
    /// Lower end, A.
    pub low: f64,
    /// Upper end, A.
    pub high: f64,
    /// Standard deviation in asinh units: about the relative one, where there is signal.
    pub deviation: f64,
    /// Whether the bias lies in the box that was measured (5 % of its sides are allowed for).
    pub in_range: bool,
}

/// A device whose intervals are asked for.
#[derive(Clone, Debug)]
pub struct Uncertainty {
    folded: Folded,
    output: usize,
    covariance: Vec<f64>,
    /// Functions of temperature that the deviation is made of.
    psi: Vec<f64>,
    noise: f64,
    calibration: f64,
    floor: f64,
    voltage_offset: f64,
    range: [[f64; 2]; 3],
}

impl Model {
    /// The uncertainty of the channel current of one of the model's devices.
    ///
    /// # Errors
    /// As [`Model::locate`]; [`ModelError::NoUncertainty`] when the model carries no population.
    pub fn uncertainty(&self, query: &DeviceQuery) -> Result<Uncertainty, ModelError> {
        let index = self.device_index(&query.device)?;
        let missing = || ModelError::NoUncertainty { family: self.manifest.title() };
        let population = self.population.as_ref().ok_or_else(missing)?;
        let channel = |o: &gummel_kernel::Output| o.kind == OutputKind::Channel;
        let output = self.spec.branches[0].outputs.iter().position(channel).ok_or_else(missing)?;
        let heads = &population.outputs[output];
        Ok(Uncertainty {
            folded: self.folded(query)?,
            output,
            psi: self.spec.branches[0].psi(&self.locate(query)?),
            covariance: heads.posterior[index].clone(),
            noise: heads.noise[index],
            calibration: heads.calibration,
            floor: self.manifest.devices[index].floor,
            voltage_offset: population.voltage_offset,
            range: self.spec.devices[index].range,
        })
    }
}

impl Uncertainty {
    /// The channel current at `[vd, vg, vs, vb]` (V) and the interval that holds a reading with probability `level`.
    pub fn interval(&self, v: [f64; 4], level: f64) -> Interval {
        let sign = self.folded.sign;
        let v = v.map(|v| sign * v);
        let branch = &self.folded.branches[0];
        let head = &branch.outputs[self.output];
        let mut z = branch.activations(v);
        z.push(1.0);
        let y: f64 = head.constant + head.head.iter().zip(&z).map(|(h, z)| h * z).sum::<f64>();
        let vds = v[0] - v[2];
        let current = vds * head.scale * y.min(MOST_EXPONENT).exp();
        let u = current / (2.0 * self.floor);
        let slope = u / u.hypot(1.0);
        let head_variance = quadratic(&self.covariance, &factors(&z, &self.psi));
        let reading = self.floor.powi(2) / (current * current + 4.0 * self.floor.powi(2))
            + (self.voltage_offset / vds.abs().max(f64::MIN_POSITIVE)).powi(2).min(1.0);
        let model = slope * slope * head_variance + self.noise * self.noise;
        let deviation = (self.calibration.powi(2) * model + reading).sqrt();
        let reach = normal_quantile(level) * deviation;
        let at = |offset: f64| sign * 2.0 * self.floor * (u.asinh() + offset).sinh();
        let (a, b) = (at(-reach), at(reach));
        Interval {
            value: sign * current,
            low: a.min(b),
            high: a.max(b),
            deviation,
            in_range: self.in_range(v),
        }
    }

    /// Whether a mirrored bias lies in the measured box; drain and source may be exchanged.
    fn in_range(&self, [vd, vg, vs, vb]: [f64; 4]) -> bool {
        let source = if self.folded.branches[0].features.symmetric { vd.min(vs) } else { vs };
        let drain = vd + vs - source;
        [vg - source, drain - source, vb - source].iter().zip(self.range).all(|(v, [low, high])| {
            let margin = 0.05 * (high - low) + 1e-3;
            (low - margin..=high + margin).contains(v)
        })
    }
}

/// Largest exponent of a current; larger ones mean nothing.
const MOST_EXPONENT: f64 = 700.0;

/// `x^T A x` of a row-major matrix.
fn quadratic(a: &[f64], x: &[f64]) -> f64 {
    let rows = a.chunks_exact(x.len());
    rows.zip(x).map(|(row, xi)| xi * row.iter().zip(x).map(|(a, b)| a * b).sum::<f64>()).sum::<f64>().max(0.0)
}

/// The `k` with `P(|N(0, 1)| < k) = level`, by bisection of the error function's complement.
pub fn normal_quantile(level: f64) -> f64 {
    let tail = 1.0 - level.clamp(0.0, 1.0 - 1e-12);
    let (mut low, mut high) = (0.0, 8.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if two_sided_tail(middle) > tail { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// `P(|N(0, 1)| > k)`: the series of the normal integral for small `k`, its continued fraction for large.
///
/// Abramowitz and Stegun, "Handbook of Mathematical Functions" (1964), 26.2.11 and 26.2.14.
fn two_sided_tail(k: f64) -> f64 {
    let density = (-0.5 * k * k).exp() / (2.0 * std::f64::consts::PI).sqrt();
    if k < 3.0 {
        let (mut term, mut sum, mut n) = (k, k, 1.0);
        while term > 1e-17 * sum {
            n += 2.0;
            term *= k * k / n;
            sum += term;
        }
        return 1.0 - 2.0 * density * sum;
    }
    let fraction = (1..=60).rev().fold(k, |f, n| k + f64::from(n) / f);
    2.0 * density / fraction
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles_are_those_of_the_tables() {
        for (level, k) in
            [(0.5, 0.674_489_750_2), (0.9, 1.644_853_627), (0.95, 1.959_963_985), (0.999, 3.290_526_731)]
        {
            assert!((normal_quantile(level) - k).abs() < 1e-8, "{level}: {}", normal_quantile(level));
        }
        assert!(normal_quantile(0.0) < 1e-9 && normal_quantile(1.0).is_finite());
    }

    #[test]
    fn quadratic_forms_are_sums_over_both_indices() {
        assert_eq!(quadratic(&[2.0, 1.0, 1.0, 3.0], &[1.0, 2.0]), 2.0 + 4.0 + 12.0);
    }
}
