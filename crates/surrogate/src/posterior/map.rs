//! The most probable head given readings and a prior, by damped Gauss-Newton steps, with Laplace's covariance.
//!
//! A prior of few devices may be too narrow. Its covariance is `w C0` with the `w >= 1` of a few that is most probable given the
//! readings, the head integrated out by Laplace's method (D. J. C. MacKay, "Bayesian Interpolation", Neural Computation 4,
//! 1992):
//! ```text
//! minimise over w    sum_p [rho(r_p / s_p) + ln s_p^2] + d^T C0^-1 d / w + ln det(w C0 H) + k (n0^2 / n^2 + ln n^2) + v (1 / w + ln w)
//! ```
//! `H` the inverse of Laplace's covariance, `n` the scatter of readings and `n0` that of the family seen in `k` readings, `v` the
//! degrees of freedom of `C0`: the last term is the chi-squared distribution of a variance that was estimated by so many.

use faer::Mat;
use faer::Side;
use faer::linalg::solvers::{Llt, Solve};

use super::readings::Readings;
use super::{Gaussian, Prior, inverse};

/// Most Gauss-Newton steps of one round.
const STEPS: usize = 40;
/// Readings that the family's scatter counts as, when a device's own is estimated.
const SCATTER_READINGS: f64 = 20.0;
/// Rounds: plain, then with outliers weighed down and the device's own scatter.
const ROUNDS: usize = 3;

/// A head with its certainty.
#[derive(Clone, Debug)]
pub(crate) struct Posterior {
    /// Deviation from the population mean, and its covariance.
    pub(crate) head: Gaussian,
    /// Scatter of readings around this device, asinh units.
    pub(crate) noise: f64,
}

/// Factors of the prior's covariance that readings may ask for.
const WIDTHS: [f64; 6] = [1.0, 4.0, 16.0, 64.0, 256.0, 1024.0];

/// Finds the head; `noise` is the scatter around a device of the family and `robust` the outlier limit (0: none).
///
/// `None` when the prior's covariance is not positive definite or no number is finite.
pub(crate) fn estimate(readings: &[&Readings], prior: &Prior, noise: f64, robust: f64) -> Option<Posterior> {
    let empty = readings.iter().all(|r| r.len() == 0);
    let widths = if empty || prior.freedom.is_infinite() { &WIDTHS[..1] } else { &WIDTHS };
    let mut best: Option<(f64, Posterior)> = None;
    for &width in widths {
        let found = estimate_within(readings, prior, width, noise, robust)?;
        if best.as_ref().is_some_and(|b| b.0 <= found.0) {
            break;
        }
        best = Some(found);
    }
    best.map(|b| b.1).filter(|found| found.head.mean.iter().all(|v| v.is_finite()))
}

/// The head under `width` times the prior's covariance, and the module's measure of how improbable that is.
fn estimate_within(
    readings: &[&Readings],
    prior: &Prior,
    width: f64,
    noise: f64,
    robust: f64,
) -> Option<(f64, Posterior)> {
    let Prior { head: Gaussian { mean, covariance: narrow }, freedom } = prior;
    let mut covariance = narrow.clone();
    covariance *= faer::Scale(width);
    let precision = inverse(&covariance)?;
    let mut search = Search {
        readings,
        mean,
        precision: &precision,
        noise,
        trust: readings.iter().map(|r| vec![1.0; r.len()]).collect(),
    };
    let mut deviation = mean.clone();
    let rounds = if readings.iter().all(|r| r.len() == 0) { 1 } else { ROUNDS };
    for round in 0..rounds {
        if round > 0 {
            search.weigh_down(&deviation, robust);
            search.noise = search.scatter(&deviation, &covariance, noise);
        }
        deviation = search.descend(deviation)?;
        covariance = inverse(&search.normal(&deviation).0)?;
    }
    let of_width = if freedom.is_finite() { freedom * (1.0 / width + width.ln()) } else { 0.0 };
    let surprise =
        search.surprise(&deviation, robust) - log_determinant(&precision)? - log_determinant(&covariance)?
            + SCATTER_READINGS * ((noise / search.noise).powi(2) + 2.0 * search.noise.ln())
            + of_width;
    Some((surprise, Posterior { head: Gaussian { mean: deviation, covariance }, noise: search.noise }))
}

/// Logarithm of the determinant of a symmetric positive definite matrix.
fn log_determinant(a: &Mat<f64>) -> Option<f64> {
    let factor = Llt::new(a.as_ref(), Side::Lower).ok()?;
    Some((0..a.nrows()).map(|i| 2.0 * factor.L()[(i, i)].ln()).sum())
}

struct Search<'a> {
    readings: &'a [&'a Readings],
    mean: &'a [f64],
    precision: &'a Mat<f64>,
    noise: f64,
    /// Robust factor per reading, 1 for one that fits.
    trust: Vec<Vec<f64>>,
}

impl Search<'_> {
    /// Inverse variance of reading `p` of `readings[r]`, outliers weighed down.
    fn weight(&self, r: usize, p: usize) -> f64 {
        self.trust[r][p] / (self.readings[r].variance[p] + self.noise * self.noise)
    }

    fn cost(&self, deviation: &[f64]) -> f64 {
        let mut cost = 0.0;
        for (r, readings) in self.readings.iter().enumerate() {
            for p in 0..readings.len() {
                cost += self.weight(r, p) * readings.at(deviation, p).residual.powi(2);
            }
        }
        cost + self.prior_distance(deviation)
    }

    /// Squared distance of a head from the prior's mean, in its standard deviations.
    fn prior_distance(&self, deviation: &[f64]) -> f64 {
        let d = self.offset(deviation);
        d.iter().zip(self.times_precision(&d)).map(|(a, b)| a * b).sum()
    }

    /// Minus twice the logarithm of the density of readings and head, up to a constant; outliers count by Cauchy's loss.
    fn surprise(&self, deviation: &[f64], robust: f64) -> f64 {
        let loss = |square: f64| {
            if robust > 0.0 { robust * robust * (square / (robust * robust)).ln_1p() } else { square }
        };
        let mut sum = 0.0;
        for readings in self.readings {
            for p in 0..readings.len() {
                let variance = readings.variance[p] + self.noise * self.noise;
                if variance.is_finite() {
                    sum += variance.ln() + loss(readings.at(deviation, p).residual.powi(2) / variance);
                }
            }
        }
        sum + self.prior_distance(deviation)
    }

    fn offset(&self, deviation: &[f64]) -> Vec<f64> {
        deviation.iter().zip(self.mean).map(|(a, b)| a - b).collect()
    }

    fn times_precision(&self, d: &[f64]) -> Vec<f64> {
        (0..d.len()).map(|i| (0..d.len()).map(|j| self.precision[(i, j)] * d[j]).sum()).collect()
    }

    /// Gauss-Newton matrix and half the gradient of the cost.
    fn normal(&self, deviation: &[f64]) -> (Mat<f64>, Vec<f64>) {
        let m = deviation.len();
        let mut matrix = self.precision.clone();
        let mut gradient = self.times_precision(&self.offset(deviation));
        for (r, readings) in self.readings.iter().enumerate() {
            for p in 0..readings.len() {
                let point = readings.at(deviation, p);
                let w = self.weight(r, p);
                if w == 0.0 {
                    continue;
                }
                let (first, second) = (w * point.slope * point.residual, w * point.slope * point.slope);
                for i in 0..m {
                    gradient[i] += first * point.z[i];
                    let factor = second * point.z[i];
                    for j in 0..=i {
                        matrix[(i, j)] += factor * point.z[j];
                    }
                }
            }
        }
        for i in 0..m {
            for j in 0..i {
                matrix[(j, i)] = matrix[(i, j)];
            }
        }
        (matrix, gradient)
    }

    fn descend(&self, mut deviation: Vec<f64>) -> Option<Vec<f64>> {
        let mut cost = self.cost(&deviation);
        for _ in 0..STEPS {
            let (matrix, gradient) = self.normal(&deviation);
            let rhs = Mat::from_fn(gradient.len(), 1, |i, _| -gradient[i]);
            let step = Llt::new(matrix.as_ref(), Side::Lower).ok()?.solve(&rhs);
            let trial = |t: f64| -> Vec<f64> {
                deviation.iter().enumerate().map(|(i, v)| v + t * step[(i, 0)]).collect()
            };
            let better = std::iter::successors(Some(1.0), |t| Some(0.5 * t)).take(15).find_map(|t| {
                let next = trial(t);
                let c = self.cost(&next);
                (c < cost).then_some((next, c))
            });
            let Some((next, lower)) = better else { break };
            let gain = cost - lower;
            (deviation, cost) = (next, lower);
            if gain <= 1e-7 * cost {
                break;
            }
        }
        Some(deviation)
    }

    /// Cauchy weights: a residual beyond `robust` typical ones loses influence.
    fn weigh_down(&mut self, deviation: &[f64], robust: f64) {
        if robust <= 0.0 {
            return;
        }
        let scaled: Vec<Vec<f64>> = self
            .readings
            .iter()
            .map(|r| {
                let sigma = |p: usize| (r.variance[p] + self.noise * self.noise).sqrt();
                (0..r.len()).map(|p| r.at(deviation, p).residual.abs() / sigma(p)).collect()
            })
            .collect();
        let typical = gummel_device::metrics::quantile(&mut scaled.concat(), 0.5).max(1.0);
        for (trust, scaled) in self.trust.iter_mut().zip(&scaled) {
            for (t, s) in trust.iter_mut().zip(scaled) {
                *t = 1.0 / (1.0 + (s / (robust * typical)).powi(2));
            }
        }
    }

    /// Scatter around this device: the family's, as if seen in a few readings, and the residuals left over.
    fn scatter(&self, deviation: &[f64], covariance: &Mat<f64>, family: f64) -> f64 {
        let (mut sum, mut count, mut used) = (0.0, 0.0, 0.0);
        for (r, readings) in self.readings.iter().enumerate() {
            for p in 0..readings.len() {
                let point = readings.at(deviation, p);
                // How much of the reading is scatter and how much the instrument's noise.
                let share = family * family / (family * family + point.variance) * self.trust[r][p];
                sum += share * point.residual.powi(2) * family * family / (family * family + point.variance);
                count += share;
                let m = deviation.len();
                let leverage: f64 = (0..m)
                    .map(|i| point.z[i] * (0..m).map(|j| covariance[(i, j)] * point.z[j]).sum::<f64>())
                    .sum();
                used += self.weight(r, p) * point.slope.powi(2) * leverage * share;
            }
        }
        let freedom = (count - used).max(0.0);
        ((SCATTER_READINGS * family * family + sum) / (SCATTER_READINGS + freedom)).sqrt()
    }
}
