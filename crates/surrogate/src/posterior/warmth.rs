//! How heads follow temperature: what the population expects of every size, and how far a device strays from that.
//!
//! Few devices of a family are measured at several temperatures; the change of their heads per 100 K, `s_k = B' phi(k) + D'_k` with
//! the columns `B'` and `D'` of temperature, is all that is known of the others. A fit holds `D'` loosely, so that `B'` is hardly determined
//! by it. Once heads are known it is set to
//! ```text
//! minimise over B'   sum_k |s_k - B' phi(k)|^2 + n r sum_j |B'_j|^2        j: all functions but the constant
//! D'_k <- s_k - B' phi(k)                                                what is fitted stays what it is
//! ```
//! with functions of unit size and that `r` under which the currents of devices left out are wrong by the least (the error of ridge
//! regression left out in closed form: A. E. Hoerl, R. W. Kennard, "Ridge regression", 1970; D. M. Allen, "PRESS", 1974). Slopes left out
//! scatter with the covariance that a new device's slope has before it is measured.

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Side};
use gummel_data::{Dataset, DeviceData};
use gummel_kernel::Place;
use gummel_model::Model;
use rayon::prelude::*;

use super::kriging::shrunk;
use super::learn;
use super::readings::Readings;
use crate::config::FitConfig;

/// Temperature at which functions of temperature vanish, K, and one at which they are those of size.
pub(super) const REFERENCE: f64 = 300.15;
const UNIT: f64 = 400.15;
/// Least span of temperatures that tells of a slope, K.
const SPAN: f64 = 30.0;
/// Fewest devices that tell how slopes scatter.
const FEWEST: usize = 3;
/// Candidates for the penalty `r`; the last leaves the constant alone.
const PENALTIES: [f64; 6] = [1e-4, 1e-3, 1e-2, 0.1, 1.0, 1e6];

/// How slopes of heads scatter around the population's, per output; `None` where too few devices tell.
#[derive(Debug, Default)]
pub(crate) struct Warmth {
    slopes: Vec<Option<Mat<f64>>>,
}

impl Warmth {
    /// The covariance of a deviation of output `o` made of `functions`, its constants having `constants`: as many numbers as a head has, or
    /// as many again that follow temperature.
    pub(crate) fn beside(&self, o: usize, constants: &Mat<f64>, functions: usize) -> Mat<f64> {
        // Where nobody tells, devices differ as much per 100 K as they do altogether.
        let slopes = self.slopes.get(o).and_then(Option::as_ref).unwrap_or(constants);
        let m = constants.nrows() * functions;
        Mat::from_fn(m, m, |i, j| match (i % functions, j % functions) {
            (0, 0) => constants[(i / functions, j / functions)],
            (a, b) if a == b => slopes[(i / functions, j / functions)],
            _ => 0.0,
        })
    }
}

/// Sets the population's functions of temperature in the first branch of `model`, which was fitted to `data`, and says how slopes scatter around
/// them. Leaves a model alone whose deviations do not follow temperature.
pub(crate) fn settle(model: &mut Model, data: &Dataset, config: &FitConfig) -> Warmth {
    let warm: Vec<usize> = (0..data.devices.len()).filter(|&d| span(&data.devices[d]) >= SPAN).collect();
    if model.spec.branches[0].deviation.len() < 2 || warm.len() < FEWEST {
        return Warmth::default();
    }
    let readings: Vec<Vec<Readings>> =
        data.devices.par_iter().map(|d| Readings::of(model, d, config)).collect();
    let outputs = 0..model.spec.branches[0].outputs.len();
    let metrics: Vec<Mat<f64>> =
        outputs.map(|o| learn::metric(model, &readings, o, config.residual.relative)).collect();
    follow(model, &warm, &metrics)
}

/// [`settle`] by the devices `warm`, with the metric of currents of every output.
fn follow(model: &mut Model, warm: &[usize], metrics: &[Mat<f64>]) -> Warmth {
    let of = |(o, metric): (usize, &Mat<f64>)| {
        let found = Regression::of(model, o, warm).best(metric)?;
        replace(model, o, &found.columns, warm);
        Some(shrunk(&found.left_out))
    };
    Warmth { slopes: metrics.iter().enumerate().map(of).collect() }
}

/// Difference between the highest and the lowest temperature, K.
fn span(device: &DeviceData) -> f64 {
    let of = |(low, high): (f64, f64), t: &f64| (low.min(*t), high.max(*t));
    let (low, high) = device.temperature.iter().fold((f64::INFINITY, f64::NEG_INFINITY), of);
    high - low
}

/// Slopes of heads over temperature and the functions of size that they are regressed on.
struct Regression {
    /// Value of every function (columns) for every device (rows), of unit size but for the constant.
    design: Mat<f64>,
    /// What the functions were divided by.
    size: Vec<f64>,
    /// Slope of every device's head, a row each.
    slopes: Mat<f64>,
}

/// The regression with one penalty.
struct Found {
    /// `B'`: a row per function, a column per number of the head.
    columns: Mat<f64>,
    /// Slope of every device minus what the others say of it, a row each.
    left_out: Mat<f64>,
}

impl Regression {
    fn of(model: &Model, o: usize, warm: &[usize]) -> Self {
        let functions = functions(model);
        let rows: Vec<Vec<f64>> = warm.iter().map(|&d| at_unit(model, d, &functions)).collect();
        let n = warm.len() as f64;
        let size = |j: usize| {
            let mean = rows.iter().map(|r| r[j]).sum::<f64>() / n;
            let deviation = (rows.iter().map(|r| (r[j] - mean).powi(2)).sum::<f64>() / n).sqrt();
            // A function that is the same for all devices is the constant, or one that nothing is known of.
            if deviation > 1e-9 { deviation } else { 1.0 }
        };
        let size: Vec<f64> = (0..functions.len()).map(size).collect();
        let slopes: Vec<Vec<f64>> = warm.iter().map(|&d| slope(model, o, d)).collect();
        Regression {
            design: Mat::from_fn(rows.len(), size.len(), |k, j| rows[k][j] / size[j]),
            slopes: Mat::from_fn(slopes.len(), slopes[0].len(), |k, i| slopes[k][i]),
            size,
        }
    }

    /// The regression whose penalty leaves the least error of currents, in the geometric mean over devices left out.
    fn best(&self, metric: &Mat<f64>) -> Option<Found> {
        let root = Llt::new(metric.as_ref(), Side::Lower).ok()?.L().to_owned();
        let error = |found: &Found| -> f64 {
            let currents = &found.left_out * &root;
            let of = |k: usize| (0..currents.ncols()).map(|i| currents[(k, i)].powi(2)).sum::<f64>();
            (0..currents.nrows()).map(|k| of(k).max(f64::MIN_POSITIVE).ln()).sum()
        };
        let found = PENALTIES.iter().filter_map(|penalty| self.with(*penalty));
        found.map(|f| (error(&f), f)).min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, found)| found)
    }

    fn with(&self, penalty: f64) -> Option<Found> {
        let (n, functions) = (self.design.nrows(), self.design.ncols());
        let mut normal = self.design.transpose() * &self.design;
        // The first function is the constant.
        (1..functions).for_each(|j| normal[(j, j)] += penalty * n as f64);
        let factor = Llt::new(normal.as_ref(), Side::Lower).ok()?;
        let scaled = factor.solve(self.design.transpose() * &self.slopes);
        let influence = factor.solve(self.design.transpose());
        let free = |k: usize| {
            let leverage: f64 = (0..functions).map(|j| self.design[(k, j)] * influence[(j, k)]).sum();
            (1.0 - leverage).max(1e-6)
        };
        let said = &self.design * &scaled;
        let left_out = Mat::from_fn(n, self.slopes.ncols(), |k, i| {
            (self.slopes[(k, i)] - said[(k, i)]) / free(k)
        });
        let columns = Mat::from_fn(functions, scaled.ncols(), |j, i| scaled[(j, i)] / self.size[j]);
        Some(Found { columns, left_out })
    }
}

/// Columns of the population that follow temperature, the one of all sizes first.
fn functions(model: &Model) -> Vec<usize> {
    let terms = &model.spec.branches[0].population.terms;
    let mut warm: Vec<usize> = (0..terms.len()).filter(|&j| terms[j][4] == 1).collect();
    warm.sort_by_key(|&j| terms[j].iter().sum::<u8>());
    warm
}

/// Functions of size that slopes follow, of device `d`.
fn at_unit(model: &Model, d: usize, functions: &[usize]) -> Vec<f64> {
    let phi = model.spec.branches[0].phi(&Place { temperature: UNIT, ..model.spec.devices[d].place });
    functions.iter().map(|&j| phi[j]).collect()
}

/// Change of the head of output `o` of device `d` per 100 K.
fn slope(model: &Model, o: usize, d: usize) -> Vec<f64> {
    let branch = &model.spec.branches[0];
    let functions = functions(model);
    let phi = at_unit(model, d, &functions);
    let rows = branch.population_heads[o].chunks_exact(branch.population.len());
    let own = model.spec.devices[d].deviation[0][o].chunks_exact(branch.deviation.len());
    rows.zip(own).map(|(row, own)| own[1] + functions.iter().zip(&phi).map(|(&j, p)| row[j] * p).sum::<f64>()).collect()
}

/// Puts `columns` in the place of those of temperature in `B` of output `o`. Devices `warm` keep their heads at every temperature, others at
/// theirs.
fn replace(model: &mut Model, o: usize, columns: &Mat<f64>, warm: &[usize]) {
    let functions = functions(model);
    let before: Vec<Vec<f64>> = (0..model.spec.devices.len()).map(|d| slope(model, o, d)).collect();
    let phi: Vec<Vec<f64>> =
        (0..model.spec.devices.len()).map(|d| at_unit(model, d, &functions)).collect();
    let branch = &mut model.spec.branches[0];
    let (terms, own) = (branch.population.len(), branch.deviation.len());
    for (i, row) in branch.population_heads[o].chunks_exact_mut(terms).enumerate() {
        functions.iter().enumerate().for_each(|(j, &column)| row[column] = columns[(j, i)]);
    }
    for (d, device) in model.spec.devices.iter_mut().enumerate() {
        let tau = (device.place.temperature - REFERENCE) / (UNIT - REFERENCE);
        for (i, numbers) in device.deviation[0][o].chunks_exact_mut(own).enumerate() {
            let rest = before[d][i] - (0..functions.len()).map(|j| columns[(j, i)] * phi[d][j]).sum::<f64>();
            if warm.contains(&d) {
                numbers[1] = rest;
            } else {
                // Readings at one temperature say nothing of a slope.
                numbers[1] = 0.0;
                numbers[0] += tau * rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_device::Polarity;
    use gummel_kernel::Sample;
    use gummel_kernel::basis::times;
    use gummel_model::Manifest;

    /// Devices of four lengths whose heads change by `slope(1 / L, device)` per 100 K, all of it deviation.
    fn model(slope: impl Fn(f64, usize) -> f64) -> Model {
        let mut spec = Sample { layers: vec![3], devices: 12, population: true, ..Default::default() }.spec();
        let branch = &mut spec.branches[0];
        let columns = branch.population.len();
        branch.population.terms.push([0, 0, 1, 0, 1, 0, 0]);
        branch.deviation.terms.push([0, 0, 0, 0, 1, 0, 0]);
        let wider = |row: &[f64]| [row, &[0.0]].concat();
        branch.population_heads[0] = branch.population_heads[0].chunks_exact(columns).flat_map(wider).collect();
        let before: Vec<f64> =
            branch.population_heads[0].chunks_exact(columns + 1).map(|row| row[2]).collect();
        for (d, device) in spec.devices.iter_mut().enumerate() {
            let of = slope(0.13e-6 / device.place.l, d);
            let constants = std::mem::take(&mut device.deviation[0][0]);
            device.deviation[0][0] =
                constants.iter().zip(&before).flat_map(|(c, tau)| [*c, of - tau]).collect();
        }
        Model { spec, manifest: Manifest::new("made-up", "nmos", Polarity::N), population: None }
    }

    fn head(model: &Model, d: usize, kelvin: f64) -> Vec<f64> {
        let (branch, device) = (&model.spec.branches[0], &model.spec.devices[d]);
        let place = Place { temperature: kelvin, ..device.place };
        let own = times(&device.deviation[0][0], &branch.psi(&place), branch.head_len());
        branch.mean_head(0, &place).iter().zip(own).map(|(mean, own)| mean + own).collect()
    }

    /// Change per 100 K that `model` expects of a transistor of length `l` (m).
    fn expected(model: &Model, l: f64) -> f64 {
        let at = |kelvin| {
            let place = Place { l, temperature: kelvin, ..model.spec.devices[0].place };
            model.spec.branches[0].mean_head(0, &place)[0]
        };
        at(UNIT) - at(REFERENCE)
    }

    #[test]
    fn heads_stay_and_an_unseen_length_gets_the_slope_of_the_others() {
        let mut before = model(|inv_l, d| 0.3 - 0.2 * inv_l + 0.002 * (3.0 * d as f64).sin());
        // The last four are known at 125 C alone, where nothing tells a slope from a constant.
        before.spec.devices[8..].iter_mut().for_each(|d| d.place.temperature = 398.15);
        let mut after = before.clone();
        let warm: Vec<usize> = (0..8).collect();
        let scatter = follow(&mut after, &warm, &[Mat::identity(4, 4)]);
        let same = |d: usize, kelvin: f64| {
            for (a, b) in head(&before, d, kelvin).iter().zip(head(&after, d, kelvin)) {
                assert!((a - b).abs() < 1e-12, "device {d} at {kelvin} K: {a} became {b}");
            }
        };
        warm.iter().for_each(|&d| [233.15, 300.15, 398.15].into_iter().for_each(|kelvin| same(d, kelvin)));
        (8..12).for_each(|d| same(d, 398.15));
        let (found, truth) = (expected(&after, 0.2e-6), 0.3 - 0.2 * 0.65);
        assert!((found - truth).abs() < 0.005, "{found} instead of {truth}");
        let deviations = |d: usize| after.spec.devices[d].deviation[0][0].iter().skip(1).step_by(2);
        assert!((0..8).flat_map(deviations).all(|s| s.abs() < 0.01), "slopes are the population's");
        assert!((8..12).flat_map(deviations).all(|s| *s == 0.0));
        let slopes = scatter.slopes[0].as_ref().expect("eight devices");
        assert!((0.5e-3..5e-3).contains(&slopes[(0, 0)].sqrt()), "{}", slopes[(0, 0)]);
    }

    #[test]
    fn slopes_that_no_length_explains_leave_the_constant() {
        let mut model = model(|_, d| 0.3 + 0.1 * [1.0, -1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0][d % 8]);
        follow(&mut model, &[0, 1, 2, 3, 4, 5, 6, 7], &[Mat::identity(4, 4)]);
        for l in [0.13e-6, 0.3e-6, 10e-6] {
            let found = expected(&model, l);
            assert!((found - 0.3).abs() < 0.02, "{found} at {l} m");
        }
    }

    #[test]
    fn covariances_of_constants_and_slopes_stand_beside_each_other() {
        let constants = Mat::from_fn(2, 2, |i, j| [[4.0, 1.0], [1.0, 3.0]][i][j]);
        let slopes = Mat::from_fn(2, 2, |i, j| [[0.4, 0.1], [0.1, 0.2]][i][j]);
        let warmth = Warmth { slopes: vec![Some(slopes), None] };
        let both = warmth.beside(0, &constants, 2);
        let rows: Vec<Vec<f64>> = (0..4).map(|i| (0..4).map(|j| both[(i, j)]).collect()).collect();
        assert_eq!(rows, [[4.0, 0.0, 1.0, 0.0], [0.0, 0.4, 0.0, 0.1], [1.0, 0.0, 3.0, 0.0], [0.0, 0.1, 0.0, 0.2]]);
        assert_eq!(warmth.beside(1, &constants, 2)[(1, 3)], 1.0);
        assert_eq!(warmth.beside(0, &constants, 1), constants);
    }
}
