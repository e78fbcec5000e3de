//! How far a model is from a measurement: the error metrics of the toolkit, each in one place.
//!
//! Symbols: `m` measured and `s` modelled current, both sign-normalised (positive for a conducting
//! device of either polarity); `f` noise floor; all in amperes.
//!
//! * strong set S: `m L / (W mult) >= 10 Icc` (Icc = 100 nA for n, 25 nA for p: the constant-current
//!   threshold criterion), `vds >= 50 mV`, `m >= 100 f`
//! * `rel_rms = sqrt(mean_S (s/m - 1)^2)`, `median_rel = median_S |s/m - 1|`
//! * `log10_rms = sqrt(mean (log10 max(|s|, f) - log10 m)^2)` over `m > 10 f`, `vds >= 50 mV`
//! * `nrmse = sqrt(mean (s - m)^2) / max |m|` over all points
//! * `rel_l2 = ||g_s - g_m|| / ||g_m||` for gm and gds, the same finite difference on both
//!
//! A model value that is no finite number is infinitely far from its measurement.

use serde::{Deserialize, Serialize};

use crate::{Geometry, Polarity};

/// Constant-current threshold criterion `Icc` in amperes per square.
pub fn criterion_current(polarity: Polarity) -> f64 {
    match polarity {
        Polarity::N => 100e-9,
        Polarity::P => 25e-9,
    }
}

/// Decides which points belong to the strong set S of one device.
#[derive(Clone, Copy, Debug)]
pub struct StrongSet {
    threshold: f64,
}

impl StrongSet {
    /// Strong set of a device with `geometry`, `polarity` and noise floor `floor` in amperes.
    pub fn new(geometry: Geometry, polarity: Polarity, floor: f64) -> Self {
        StrongSet { threshold: (10.0 * criterion_current(polarity) * geometry.squares()).max(100.0 * floor) }
    }

    /// Whether a point with sign-normalised current `i` (A) and drain-source voltage `vds` (V) belongs to S.
    pub fn contains(self, i: f64, vds: f64) -> bool {
        i >= self.threshold && vds >= 0.05 - 1e-9
    }
}

/// Errors of one device's drain current; NaN where no point qualifies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CurrentErrors {
    /// Number of points.
    pub points: usize,
    /// Number of points in the strong set.
    pub strong: usize,
    /// RMS relative error over the strong set.
    #[serde(with = "nan_as_null", default = "nan")]
    pub rel_rms: f64,
    /// Median absolute relative error over the strong set.
    #[serde(with = "nan_as_null", default = "nan")]
    pub median_rel: f64,
    /// RMS error in decades above ten noise floors.
    #[serde(with = "nan_as_null", default = "nan")]
    pub log10_rms: f64,
    /// RMS error over all points divided by the largest current.
    #[serde(with = "nan_as_null", default = "nan")]
    pub nrmse: f64,
}

/// Computes [`CurrentErrors`] from sign-normalised measured and modelled currents (A) and `vds` (V).
///
/// The three slices have one entry per bias point; extra entries of longer slices are ignored.
pub fn current_errors(
    measured: &[f64],
    modelled: &[f64],
    vds: &[f64],
    strong: StrongSet,
    floor: f64,
) -> CurrentErrors {
    let mut rel: Vec<f64> = Vec::new();
    let (mut log_sum, mut log_n, mut sq_sum, mut peak, mut n) = (0.0, 0usize, 0.0, 0f64, 0usize);
    for ((&m, &s), &v) in measured.iter().zip(modelled).zip(vds) {
        n += 1;
        let s = finite_or_far(s);
        sq_sum += (s - m) * (s - m);
        peak = peak.max(m.abs());
        if strong.contains(m, v) {
            rel.push((s / m - 1.0).abs());
        }
        if m > 10.0 * floor && v >= 0.05 - 1e-9 {
            let e = s.abs().max(floor).log10() - m.log10();
            log_sum += e * e;
            log_n += 1;
        }
    }
    CurrentErrors {
        points: n,
        strong: rel.len(),
        rel_rms: (rel.iter().map(|e| e * e).sum::<f64>() / rel.len() as f64).sqrt(),
        median_rel: quantile(&mut rel, 0.5),
        log10_rms: (log_sum / log_n as f64).sqrt(),
        nrmse: (sq_sum / n as f64).sqrt() / peak,
    }
}

/// `||s - m|| / ||m||` over the pairs with a measurement that is a finite number; NaN when all of these are zero.
pub fn rel_l2(measured: &[f64], modelled: &[f64]) -> f64 {
    let (mut num, mut den) = (0.0, 0.0);
    for (&m, &s) in measured.iter().zip(modelled).filter(|(m, _)| m.is_finite()) {
        let apart = finite_or_far(s) - m;
        num += apart * apart;
        den += m * m;
    }
    if den > 0.0 { (num / den).sqrt() } else { f64::NAN }
}

/// A model value as errors count it: what is no finite number is infinitely far from everything.
fn finite_or_far(s: f64) -> f64 {
    if s.is_finite() { s } else { f64::INFINITY }
}

/// The `q`-quantile (0..=1) with linear interpolation; NaN for an empty slice. Sorts in place, NaN last.
pub fn quantile(values: &mut [f64], q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    if n == 0 {
        return f64::NAN;
    }
    let x = q.clamp(0.0, 1.0) * (n - 1) as f64;
    let (i, t) = (x.floor() as usize, x.fract());
    let (low, high) = (values[i], values[(i + 1).min(n - 1)]);
    if high == f64::INFINITY { if t > 0.0 { high } else { low } } else { low + t * (high - low) }
}

/// Median, 10th and 90th percentile and worst of one metric over devices.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// Median over devices.
    #[serde(with = "nan_as_null", default = "nan")]
    pub median: f64,
    /// 10th percentile.
    #[serde(with = "nan_as_null", default = "nan")]
    pub p10: f64,
    /// 90th percentile.
    #[serde(with = "nan_as_null", default = "nan")]
    pub p90: f64,
    /// Largest.
    #[serde(with = "nan_as_null", default = "nan")]
    pub worst: f64,
}

impl Spread {
    /// Spread of `values`; devices without a number (NaN) are left out, all NaN when none has one.
    pub fn over(values: impl IntoIterator<Item = f64>) -> Self {
        let mut v: Vec<f64> = values.into_iter().filter(|x| !x.is_nan()).collect();
        Spread {
            median: quantile(&mut v, 0.5),
            p10: quantile(&mut v, 0.1),
            p90: quantile(&mut v, 0.9),
            worst: quantile(&mut v, 1.0),
        }
    }
}

fn nan() -> f64 {
    f64::NAN
}

/// JSON has no NaN and a TOML field may be left out: absent or null is read back as NaN. Nor has JSON an infinity:
/// the largest number stands for it, so that an error without bound is not read back as none.
mod nan_as_null {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(v: &f64, s: S) -> Result<S::Ok, S::Error> {
        if v.is_nan() { None::<f64>.serialize(s) } else { Some(v.min(f64::MAX)).serialize(s) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(d)?.unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_a_known_offset() {
        let g = Geometry::new(10e-6, 1e-6);
        let m = [1e-3, 2e-3, -1e-13, 1e-9];
        let s: Vec<f64> = m.iter().map(|i| i * 1.01).collect();
        let strong = StrongSet::new(g, Polarity::N, 1e-12);
        let e = current_errors(&m, &s, &[1.0, 1.0, 1.0, 1.0], strong, 1e-12);
        assert_eq!((e.points, e.strong), (4, 2));
        assert!((e.rel_rms - 0.01).abs() < 1e-12 && (e.median_rel - 0.01).abs() < 1e-12);
        assert!((e.log10_rms - 1.01f64.log10()).abs() < 1e-12);
        assert!((e.nrmse - (5e-10f64 / 4.0).sqrt() / 2e-3).abs() < 1e-12);
    }

    #[test]
    fn a_model_without_numbers_looks_bad() {
        let strong = StrongSet::new(Geometry::new(10e-6, 1e-6), Polarity::N, 1e-12);
        let m = [1e-3, 2e-3, 3e-3, 1e-9];
        for none in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let e = current_errors(&m, &[none, 2e-3, 3e-3, 1e-9], &[1.0; 4], strong, 1e-12);
            assert_eq!([e.rel_rms, e.log10_rms, e.nrmse], [f64::INFINITY; 3], "{none}");
            assert_eq!(e.median_rel, 0.0, "two of three points are met");
            assert_eq!(rel_l2(&m, &[1e-3, none, 3e-3, 1e-9]), f64::INFINITY, "{none}");
        }
        assert_eq!(rel_l2(&[f64::NAN, 1.0], &[1.0, 1.0]), 0.0, "what was not measured does not count");
        let over = Spread::over([0.01, f64::INFINITY, 0.02, f64::INFINITY]);
        assert_eq!([over.median, over.p90, over.worst], [f64::INFINITY; 3]);
        assert!(Spread::over([0.01, 0.02, f64::INFINITY]).median == 0.02);
    }

    #[test]
    fn quantiles_interpolate_and_survive_emptiness() {
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0, 4.0], 0.5), 2.5);
        assert!(quantile(&mut [], 0.5).is_nan());
    }

    #[test]
    fn spread_survives_json_with_nan() {
        let s = Spread::over([f64::NAN]);
        assert!(s.median.is_nan());
    }
}
