//! What fitted heads say of a head at another place: a Gaussian process over geometry and corner.
//!
//! With `s` the standardised covariates (ln L, ln W, 0.13 um/L, 0.15 um/W, speed, skew), `r` their distance over
//! characteristic lengths times the reach `a`, `r_L` and `r_W` the same without those of the width and of the length, and
//! the Matern function `m(r) = (1 + sqrt(3) r) exp(-sqrt(3) r)`,
//! ```text
//! k(p, q) = c^2 + t^2 s_p . s_q + b [ d (m(r_L) + m(r_W)) / 2 + (1 - d) m(r) ] + (1 - b) [p = q]
//! ```
//! and every number of the head has this covariance times its own variance: cov(h_p, h_q) = k(p, q) C. The
//! constant and linear terms are wide, the Matern terms say how much neighbours share. Test chips have all lengths at one
//! or two widths and all widths at one or two lengths: the additive part `d` (T. Hastie, R. Tibshirani, "Generalized additive
//! models", 1986) lets what a length does at one width be known at another. As a prior of few readings, whose width counts as much as its
//! middle, reach `a` and share `b` are those under which each fitted head, left out, is most probable, and `d` is 0. As the mean of
//! unseen sizes, `a`, `b` and `d` leave the least error of currents, in the geometric mean over devices left out.

use faer::linalg::solvers::Llt;
use faer::{Mat, Side};
use gummel_kernel::{Covariate, Place};

use super::inverse;

const COVARIATES: [Covariate; 6] =
    [Covariate::LnL, Covariate::LnW, Covariate::InvL, Covariate::InvW, Covariate::Speed, Covariate::Skew];
/// Distances over which heads change, per covariate, for the reach 1.
const LENGTHS: [f64; 6] = [1.5, 1.5, 0.4, 0.4, 1.0, 1.0];
/// Standard deviations of the constant and of the linear terms, over those of a deviation.
const CONSTANT: f64 = 30.0;
const LINEAR: f64 = 3.0;
/// Most devices that are asked; of more, the nearest.
pub(crate) const MOST_NEIGHBOURS: usize = 300;
/// Candidates for reach and share.
const REACHES: [f64; 4] = [0.5, 1.0, 2.0, 4.0];
const SHARES: [f64; 6] = [0.0, 0.5, 0.8, 0.9, 0.95, 0.98];
const ADDITIVE: [f64; 3] = [0.0, 0.5, 0.9];
/// Reach and shares where there are too few devices to tell.
const USUAL: Reach = Reach { reach: 1.0, shared: 0.9, additive: 0.0 };
/// Fewest devices that can tell.
const FEWEST: usize = 8;

/// The process given the heads of fitted devices.
pub(crate) struct Kriging {
    kernel: Kernel,
    places: Vec<[f64; COVARIATES.len()]>,
    /// Inverse of the covariance of the fitted heads.
    inverse: Mat<f64>,
    mean: Vec<f64>,
    /// Heads without their mean, one row each.
    heads: Mat<f64>,
}

#[derive(Clone, Copy)]
struct Kernel {
    center: [f64; COVARIATES.len()],
    spread: [f64; COVARIATES.len()],
    numbers: Reach,
}

/// What is chosen of the kernel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// Reach `a`.
    pub(crate) reach: f64,
    /// Share `b` that neighbours explain.
    pub(crate) shared: f64,
    /// Share `d` of that which lengths and widths explain each on their own.
    pub(crate) additive: f64,
}

/// What is known of how heads scatter.
pub(crate) struct Scatter {
    pub(crate) numbers: Reach,
    /// C of the module's formula.
    pub(crate) covariance: Mat<f64>,
}

/// The part of the variance that is each device's own, whatever its neighbours are.
pub(crate) fn own(shared: f64) -> f64 {
    // The last digits keep the matrix positive definite when two devices share a place.
    1.0 - shared + 1e-6
}

fn covariates(place: &Place) -> [f64; COVARIATES.len()] {
    COVARIATES.map(|c| c.at(place))
}

/// Squared distances for the reach 1: of lengths, of widths, of corners.
fn distances(p: &[f64; COVARIATES.len()], q: &[f64; COVARIATES.len()]) -> [f64; 3] {
    let of = |c: usize| ((p[c] - q[c]) / LENGTHS[c]).powi(2);
    [of(0) + of(2), of(1) + of(3), of(4) + of(5)]
}

/// Squared distance for the reach 1.
fn distance(p: &[f64; COVARIATES.len()], q: &[f64; COVARIATES.len()]) -> f64 {
    distances(p, q).into_iter().sum()
}

/// Indices of the `most` places nearest to `place`, in their own order.
pub(crate) fn nearest(places: &[Place], place: &Place, most: usize) -> Vec<usize> {
    let at = covariates(place);
    let mut ranked: Vec<(f64, usize)> =
        places.iter().enumerate().map(|(k, p)| (distance(&covariates(p), &at), k)).collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut indices: Vec<usize> = ranked.into_iter().take(most).map(|(_, k)| k).collect();
    indices.sort_unstable();
    indices
}

impl Kernel {
    fn of(places: &[[f64; COVARIATES.len()]], numbers: Reach) -> Self {
        let n = places.len().max(1) as f64;
        let mut kernel = Kernel { center: [0.0; 6], spread: [f64::INFINITY; 6], numbers };
        for c in 0..COVARIATES.len() {
            kernel.center[c] = places.iter().map(|p| p[c]).sum::<f64>() / n;
            let variance = places.iter().map(|p| (p[c] - kernel.center[c]).powi(2)).sum::<f64>() / n;
            // A covariate that never varied says nothing of how heads follow it.
            if variance > 1e-18 {
                kernel.spread[c] = variance.sqrt();
            }
        }
        kernel
    }

    /// Covariance of heads at two places, without the part that is each device's own.
    fn between(&self, p: &[f64; COVARIATES.len()], q: &[f64; COVARIATES.len()]) -> f64 {
        let linear: f64 = (0..COVARIATES.len())
            .map(|c| (p[c] - self.center[c]) / self.spread[c] * ((q[c] - self.center[c]) / self.spread[c]))
            .sum();
        let Reach { reach, shared, additive } = self.numbers;
        let matern = |squared: f64| {
            let r = (3.0 * squared).sqrt() / reach;
            (1.0 + r) * (-r).exp()
        };
        let [l, w, corner] = distances(p, q);
        let apart = 0.5 * (matern(l + corner) + matern(w + corner));
        let neighbours = additive * apart + (1.0 - additive) * matern(l + w + corner);
        CONSTANT * CONSTANT + LINEAR * LINEAR * linear + shared * neighbours
    }

    fn own(&self) -> f64 {
        own(self.numbers.shared)
    }
}

impl Kriging {
    /// The process through `heads` (one row per device) at `places`; `None` without devices.
    pub(crate) fn new(places: &[Place], heads: &Mat<f64>, numbers: Reach) -> Option<Self> {
        if places.is_empty() {
            return None;
        }
        let places: Vec<_> = places.iter().map(covariates).collect();
        let kernel = Kernel::of(&places, numbers);
        let n = places.len();
        let covariance = Mat::from_fn(n, n, |i, j| {
            kernel.between(&places[i], &places[j]) + if i == j { kernel.own() } else { 0.0 }
        });
        let mean: Vec<f64> =
            (0..heads.ncols()).map(|j| (0..n).map(|i| heads[(i, j)]).sum::<f64>() / n as f64).collect();
        let centred = Mat::from_fn(n, heads.ncols(), |i, j| heads[(i, j)] - mean[j]);
        Some(Kriging { kernel, inverse: inverse(&covariance)?, places, mean, heads: centred })
    }

    /// Expected head at `place`, and the factor of its variance.
    pub(crate) fn predict(&self, place: &Place) -> (Vec<f64>, f64) {
        let at = covariates(place);
        let n = self.places.len();
        let k: Vec<f64> = self.places.iter().map(|p| self.kernel.between(p, &at)).collect();
        let weights: Vec<f64> = (0..n).map(|i| (0..n).map(|j| self.inverse[(i, j)] * k[j]).sum()).collect();
        let mean = self
            .mean
            .iter()
            .enumerate()
            .map(|(j, m)| m + (0..n).map(|i| weights[i] * self.heads[(i, j)]).sum::<f64>())
            .collect();
        let explained: f64 = weights.iter().zip(&k).map(|(a, b)| a * b).sum();
        let own = self.kernel.own();
        (mean, (self.kernel.between(&at, &at) + own - explained).max(own))
    }

    /// Devices beyond those that the constant and the linear terms take, at least one.
    pub(crate) fn freedom(&self) -> f64 {
        let linear = self.kernel.spread.iter().filter(|s| s.is_finite()).count();
        self.places.len().saturating_sub(1 + linear).max(1) as f64
    }

    /// Each head minus what the others say of it.
    pub(crate) fn errors(&self) -> Mat<f64> {
        let product = &self.inverse * &self.heads;
        Mat::from_fn(product.nrows(), product.ncols(), |i, j| product[(i, j)] / self.inverse[(i, i)])
    }

    /// The factor of the variance of what the others say of each head.
    pub(crate) fn factors(&self) -> Vec<f64> {
        (0..self.places.len()).map(|i| 1.0 / self.inverse[(i, i)]).collect()
    }

    /// Each head minus what the others say of it, over the square root of the variance factor.
    fn left_out(&self) -> Mat<f64> {
        let (mut errors, factors) = (self.errors(), self.factors());
        for column in errors.col_iter_mut() {
            column.iter_mut().zip(&factors).for_each(|(error, factor)| *error /= factor.sqrt());
        }
        errors
    }

    /// Minus twice the logarithm of the leave-one-out density, up to a constant, each number on its own.
    fn surprise(&self, left_out: &Mat<f64>) -> f64 {
        let (n, m) = (left_out.nrows() as f64, left_out.ncols() as f64);
        let factors: f64 = (0..self.places.len()).map(|i| -self.inverse[(i, i)].ln()).sum();
        let variances: f64 = (0..left_out.ncols())
            .map(|j| {
                let sum: f64 = (0..left_out.nrows()).map(|i| left_out[(i, j)].powi(2)).sum();
                (sum / n).max(f64::MIN_POSITIVE).ln()
            })
            .sum();
        m * factors + n * variances
    }

    /// Sum over devices of the logarithm of the squared error of the currents that the others predict; `root` is `R` of
    /// the metric `G = R R^T` in which heads differ.
    fn error(&self, left_out: &Mat<f64>, root: &Mat<f64>) -> f64 {
        let currents = left_out * root;
        let of = |i: usize| -> f64 {
            let sum: f64 = (0..currents.ncols()).map(|j| currents[(i, j)].powi(2)).sum();
            (sum / self.inverse[(i, i)]).max(f64::MIN_POSITIVE).ln()
        };
        (0..currents.nrows()).map(of).sum()
    }
}

/// Learns reach, share and covariance from fitted heads (one row per device); `None` for fewer than two.
pub(crate) fn scatter(places: &[Place], heads: &Mat<f64>) -> Option<Scatter> {
    if places.len() < 2 {
        return None;
    }
    let candidates = if places.len() < FEWEST { vec![USUAL] } else { candidates(&[0.0]) };
    let mut best: Option<(f64, Reach, Mat<f64>)> = None;
    for numbers in candidates {
        let Some(process) = Kriging::new(places, heads, numbers) else { continue };
        let left_out = process.left_out();
        let surprise = process.surprise(&left_out);
        if best.as_ref().is_none_or(|b| surprise < b.0) {
            best = Some((surprise, numbers, left_out));
        }
    }
    let (_, numbers, left_out) = best?;
    Some(Scatter { numbers, covariance: shrunk(&left_out) })
}

/// The process that predicts the currents of devices left out with the least error.
///
/// Two heads that differ by `e` give `ln` currents that differ by `e^T G e` in the mean square; `metric` is `G`.
pub(crate) fn foremost(places: &[Place], heads: &Mat<f64>, metric: &Mat<f64>) -> Option<Kriging> {
    let root = Llt::new(metric.as_ref(), Side::Lower).ok()?.L().to_owned();
    let mut best: Option<(f64, Kriging)> = None;
    for numbers in candidates(&ADDITIVE) {
        let Some(process) = Kriging::new(places, heads, numbers) else { continue };
        let error = process.error(&process.left_out(), &root);
        if best.as_ref().is_none_or(|b| error < b.0) {
            best = Some((error, process));
        }
    }
    Some(best?.1)
}

/// All combinations of reach and share with these additive shares.
fn candidates(additive: &[f64]) -> Vec<Reach> {
    let mut all = Vec::new();
    for reach in REACHES {
        for shared in SHARES {
            all.extend(additive.iter().map(|&additive| Reach { reach, shared, additive }));
        }
    }
    all
}

/// Covariance of rows around zero, pulled towards its diagonal: few devices say little of correlations.
pub(super) fn shrunk(rows: &Mat<f64>) -> Mat<f64> {
    let (n, m) = (rows.nrows() as f64, rows.ncols());
    let pull = m as f64 / (m as f64 + 4.0 * n);
    let mut covariance = rows.transpose() * rows;
    covariance *= faer::Scale(1.0 / n);
    let mean = (0..m).map(|i| covariance[(i, i)]).sum::<f64>() / m as f64;
    Mat::from_fn(m, m, |i, j| match i == j {
        true => covariance[(i, i)] + 1e-8 * mean + f64::MIN_POSITIVE.sqrt(),
        false => (1.0 - pull) * covariance[(i, j)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(w: f64, l: f64) -> Place {
        Place { w: w * 1e-6, l: l * 1e-6, mult: 1.0, temperature: 300.15, speed: 0.0, skew: 0.0 }
    }

    /// Twelve devices whose two head numbers follow ln L and ln W.
    fn family() -> (Vec<Place>, Mat<f64>) {
        let places: Vec<Place> =
            (0..12).map(|k| place([0.3, 1.0, 3.0][k % 3], [0.13, 0.3, 1.0, 3.0][k / 3])).collect();
        let heads = Mat::from_fn(12, 2, |i, j| {
            let p = covariates(&places[i]);
            [2.0 + p[0], 0.5 * p[1] - p[0]][j] + 0.01 * ((3 * i + 5 * j) as f64).sin()
        });
        (places, heads)
    }

    #[test]
    fn a_head_between_fitted_ones_is_predicted_and_one_far_away_is_uncertain() {
        let (places, heads) = family();
        let scatter = scatter(&places, &heads).expect("twelve devices");
        let process = Kriging::new(&places, &heads, scatter.numbers).expect("a process");
        let between = place(1.7, 0.55);
        let (head, near) = process.predict(&between);
        let p = covariates(&between);
        for (found, expected) in head.iter().zip([2.0 + p[0], 0.5 * p[1] - p[0]]) {
            assert!((found - expected).abs() < 0.05, "{found} for {expected}");
        }
        let (_, far) = process.predict(&place(100.0, 100.0));
        assert!(far > 1.5 * near, "{far} far away, {near} nearby");
        // The scatter is that of what geometry does not explain.
        assert!(scatter.covariance[(0, 0)].sqrt() < 0.2, "{}", scatter.covariance[(0, 0)]);
    }

    #[test]
    fn devices_of_one_geometry_are_averaged() {
        let places = vec![place(1.0, 1.0); 9];
        let heads = Mat::from_fn(9, 1, |i, _| 3.0 + 0.1 * (i as f64 - 4.0));
        let scatter = scatter(&places, &heads).expect("nine devices");
        let process = Kriging::new(&places, &heads, scatter.numbers).expect("a process");
        let (head, factor) = process.predict(&places[0]);
        assert!((head[0] - 3.0).abs() < 0.02, "{}", head[0]);
        let deviation = (factor * scatter.covariance[(0, 0)]).sqrt();
        assert!((0.15..0.6).contains(&deviation), "{deviation} for numbers that scatter by 0.26");
        assert!(super::scatter(&places[..1], &heads).is_none());
    }

    #[test]
    fn what_a_length_does_at_one_width_is_known_at_another() {
        // All lengths at 10 um, all widths at 0.13 um and a few between, as on a test chip; heads bend with either.
        let bend = |p: &Place| (-p.l / 0.4e-6).exp() + (-p.w / 0.7e-6).exp();
        let lengths = [0.13, 0.15, 0.18, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0].map(|l| place(10.0, l));
        let widths = [0.15, 0.2, 0.3, 0.6, 1.2, 2.5, 5.0].map(|w| place(w, 0.13));
        let between = [(0.15, 10.0), (0.3, 1.0), (0.6, 0.5), (1.2, 2.0), (0.15, 0.5), (0.6, 10.0)];
        let places = [lengths.as_slice(), &widths, &between.map(|(w, l)| place(w, l))].concat();
        let heads = Mat::from_fn(places.len(), 1, |i, _| bend(&places[i]));
        let chosen = foremost(&places, &heads, &Mat::identity(1, 1)).expect("devices");
        let numbers = chosen.kernel.numbers;
        assert!(numbers.additive > 0.5, "{numbers:?}");
        let error = |process: &Kriging| -> f64 {
            let unseen = [place(0.3, 0.5), place(0.6, 2.0), place(0.3, 10.0), place(1.2, 0.3)];
            unseen.iter().map(|p| (process.predict(p).0[0] - bend(p)).powi(2)).sum::<f64>().sqrt()
        };
        let together = Kriging::new(&places, &heads, Reach { additive: 0.0, ..numbers }).expect("a process");
        let (apart, together) = (error(&chosen), error(&together));
        assert!(apart < 0.5 * together, "{apart} instead of {together}");
    }

    #[test]
    fn the_nearest_places_are_chosen_in_their_own_order() {
        let (places, _) = family();
        assert_eq!(nearest(&places, &places[4], 1), [4]);
        let chosen = nearest(&places, &places[4], 5);
        assert!(chosen.contains(&4) && chosen.is_sorted() && chosen.len() == 5, "{chosen:?}");
    }
}
