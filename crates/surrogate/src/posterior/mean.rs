//! The population's mean, set to what the process through the fitted heads says of every size.
//!
//! A fit holds deviations loosely, so that it ends long before `B` in `head = B phi(place) + D` is what predicts an unseen
//! size best. Once heads are known, the process ([`kriging`](super::kriging)) is; it is no part of a model's evaluation, `B` is:
//! ```text
//! minimise over B   sum_g |B phi(g) - process(g)|^2 + ridge |B|^2        g: a grid of sizes within the hull
//! D_k <- D_k + (B_before - B) phi(k)                                     what is fitted stays what it is
//! ```
//! Where the process bends more than `phi` can, the mean is its smooth part.

use std::collections::BTreeSet;

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Side};
use gummel_data::Dataset;
use gummel_kernel::basis::times;
use gummel_kernel::{Branch, Covariate, DeviceHeads, Hull, Place, hull};
use gummel_model::Model;
use rayon::prelude::*;

use super::law::REFERENCE;
use super::learn::{self, Process};
use super::readings::Readings;
use crate::config::FitConfig;
use crate::doubt::sound;

/// Fewest distinct sizes that say more of others than the fit's own mean does.
pub(crate) const FEWEST_SIZES: usize = 12;
/// Places of the grid along either size.
const GRID: usize = 17;
/// Penalty of a function of unit size, per place: keeps functions small that sizes within the hull hardly tell apart.
const RIDGE: f64 = 1e-7;

/// Sets the population's mean of the first branch. Leaves a model alone that has process corners, whose mean the
/// fit ties to the corner plane, fewer than a dozen sizes, or a mean that is the same for all sizes. Gives the process that the mean of
/// each output follows now.
pub(crate) fn settle(model: &mut Model, data: &Dataset, config: &FitConfig) -> Vec<Option<Process>> {
    let sound = sound(data, &config.residual, |sound| sizes(model, sound) >= FEWEST_SIZES);
    follow(model, &sound, |model| {
        let readings: Vec<Vec<Readings>> =
            data.devices.par_iter().map(|d| Readings::of(model, d, config)).collect();
        let outputs = 0..model.spec.branches[0].outputs.len();
        outputs.map(|o| learn::metric(model, &readings, o, config.residual.relative)).collect()
    })
}

/// Whether [`settle`] set the mean of `model`, and it is what the process says of every size.
pub(crate) fn is_settled(model: &Model) -> bool {
    hull_of_many(model).is_some()
}

/// [`settle`] by the heads of `devices`, with the metric of currents of every output, which is asked for where the mean is set.
fn follow(
    model: &mut Model,
    devices: &[usize],
    metrics: impl FnOnce(&Model) -> Vec<Mat<f64>>,
) -> Vec<Option<Process>> {
    let Some(hull) = hull_of_many(model) else { return Vec::new() };
    let grid = grid(&hull);
    let mut still = model.clone();
    still.spec.devices.iter_mut().for_each(|d| d.place.temperature = REFERENCE);
    let follow = |(o, metric): (usize, Mat<f64>)| {
        let process = Process::foremost(&still, o, devices, &metric)?;
        let mean = mean(model, o, &process, &grid).filter(|mean| mean.iter().all(|b| b.is_finite()))?;
        replace(model, o, mean);
        Some(process)
    };
    metrics(&still).into_iter().enumerate().map(follow).collect()
}

/// Columns of `B` that belong to functions of size alone: those of temperature stay as they were fitted.
pub(super) fn of_size(branch: &Branch) -> Vec<usize> {
    let tau = Covariate::Tau as usize;
    (0..branch.population.len()).filter(|&j| branch.population.terms[j][tau] == 0).collect()
}

/// Whether the population differs between process corners.
pub(super) fn has_corners(branch: &Branch) -> bool {
    [Covariate::Speed, Covariate::Skew].into_iter().any(|c| branch.population.depends_on(c))
}

/// Within which sizes the mean is set; `None` for a model that [`settle`] leaves alone.
fn hull_of_many(model: &Model) -> Option<Hull> {
    let branch = &model.spec.branches[0];
    let all: Vec<usize> = (0..model.spec.devices.len()).collect();
    let free = branch.population.len() == 1;
    branch.hull.filter(|_| !has_corners(branch) && !free && sizes(model, &all) >= FEWEST_SIZES)
}

/// Number of distinct sizes among `devices`.
fn sizes(model: &Model, devices: &[usize]) -> usize {
    let places = devices.iter().map(|&d| model.spec.devices[d].place);
    places.map(|p| [p.w, p.l].map(f64::to_bits)).collect::<BTreeSet<_>>().len()
}

/// Sizes as bases see them, evenly spaced in ln W and ln L, at 27 C.
pub(super) fn grid(hull: &Hull) -> Vec<Place> {
    let along = |ends: [f64; 2]| {
        let [low, high] = hull::limits(ends);
        (0..GRID).map(move |k| 1e-6 * (low + (high - low) * k as f64 / (GRID - 1) as f64).exp())
    };
    let place = |w, l| Place { w, l, mult: 1.0, temperature: REFERENCE, speed: 0.0, skew: 0.0 };
    along(hull.ln_w).flat_map(|w| along(hull.ln_l).map(move |l| place(w, l))).collect()
}

/// `B` of output `o` that follows `process` on `grid`; columns of temperature are those of the model.
fn mean(model: &Model, o: usize, process: &Process, grid: &[Place]) -> Option<Vec<f64>> {
    let heads: Vec<Vec<f64>> = grid.iter().map(|place| process.kriging.predict(place).0).collect();
    let branch = &model.spec.branches[0];
    let kept = of_size(branch);
    let phi: Vec<Vec<f64>> = grid.iter().map(|place| branch.population.at(place)).collect();
    let still: Vec<Vec<f64>> = phi.iter().map(|p| kept.iter().map(|&j| p[j]).collect()).collect();
    let solution = regression(&still, &heads)?;
    let mut mean = branch.population_heads[o].clone();
    for i in 0..branch.head_len() {
        for (j, &column) in kept.iter().enumerate() {
            mean[i * branch.population.len() + column] = solution[(j, i)];
        }
    }
    Some(mean)
}

/// The numbers, a row per function and a column per number of a head, whose products with the functions `phi` of every place come nearest to `heads`.
pub(super) fn regression(phi: &[Vec<f64>], heads: &[Vec<f64>]) -> Option<Mat<f64>> {
    let functions = phi.first()?.len();
    let size: Vec<f64> = (0..functions)
        .map(|j| (phi.iter().map(|p| p[j] * p[j]).sum::<f64>() / phi.len() as f64).sqrt())
        .map(|size| if size > 0.0 { size } else { 1.0 })
        .collect();
    let design = Mat::from_fn(phi.len(), functions, |g, j| phi[g][j] / size[j]);
    let target = Mat::from_fn(phi.len(), heads[0].len(), |g, i| heads[g][i]);
    let mut normal = design.transpose() * &design;
    (0..functions).for_each(|j| normal[(j, j)] += RIDGE * phi.len() as f64);
    let factor = Llt::new(normal.as_ref(), Side::Lower).ok()?;
    let solution = factor.solve(design.transpose() * &target);
    Some(Mat::from_fn(functions, target.ncols(), |j, i| solution[(j, i)] / size[j]))
}

/// Puts `mean` in the place of `B` of output `o`; every device keeps its head.
fn replace(model: &mut Model, o: usize, mean: Vec<f64>) {
    let branch = &mut model.spec.branches[0];
    let before = std::mem::replace(&mut branch.population_heads[o], mean);
    let branch = &model.spec.branches[0];
    let moved: Vec<f64> =
        before.iter().zip(&branch.population_heads[o]).map(|(old, new)| old - new).collect();
    let shifts: Vec<Vec<f64>> = model
        .spec
        .devices
        .iter()
        .map(|DeviceHeads { place, .. }| times(&moved, &branch.phi(place), branch.head_len()))
        .collect();
    let functions = branch.deviation.len();
    for (device, shift) in model.spec.devices.iter_mut().zip(shifts) {
        // The first function of a deviation is the constant.
        device.deviation[0][o].iter_mut().step_by(functions).zip(shift).for_each(|(d, s)| *d += s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_device::Polarity;
    use gummel_kernel::{Basis, Features, Layer, Output, OutputKind, Spec};
    use gummel_model::Manifest;

    /// The one number of a head that is not its constant: bends with length, and otherwise in narrow channels.
    fn truth(w: f64, l: f64) -> f64 {
        1.0 + 0.3 * (l / 1e-6).ln() + 0.4 * (-w / 0.8e-6).exp() * (1.0 + 0.2 * (l / 1e-6).ln())
    }

    /// A model of transistors of `sizes` (um), all of which is deviation.
    fn model(sizes: &[(f64, f64)]) -> Model {
        let place =
            |(w, l)| Place { w: w * 1e-6, l: l * 1e-6, mult: 1.0, temperature: 310.0, speed: 0.0, skew: 0.0 };
        let places: Vec<Place> = sizes.iter().map(|s| place(*s)).collect();
        let terms = vec![
            [0; 7],
            [1, 0, 0, 0, 0, 0, 0],
            [0, 1, 0, 0, 0, 0, 0],
            [0, 0, 0, 1, 0, 0, 0],
            [0, 2, 0, 0, 0, 0, 0],
            [1, 1, 0, 0, 0, 0, 0],
            [1, 0, 0, 1, 0, 0, 0],
            [0, 0, 0, 0, 1, 0, 0],
        ];
        let branch = Branch {
            features: Features {
                symmetric: true,
                smoothing: 0.01,
                center: [0.0; 3],
                scale: [1.0; 3],
                saturation: None,
                knee: None,
            },
            statics: Vec::new(),
            layers: vec![Layer { inputs: 3, outputs: 1, weight: vec![1.0; 3], bias: vec![0.0] }],
            outputs: vec![Output { kind: OutputKind::Channel, scale: 1e-6, per_geometry: true }],
            population_heads: vec![[[0.0; 7].as_slice(), &[0.5]].concat().repeat(2)],
            population: Basis { terms },
            deviation: Basis::constant(),
            hull: Hull::of(places.iter().copied()),
        };
        let devices = places
            .iter()
            .map(|place| DeviceHeads {
                name: format!("{}_{}", place.w, place.l),
                place: *place,
                deviation: vec![vec![vec![truth(place.w, place.l), 0.0]]],
                range: [[0.0, 1.0]; 3],
            })
            .collect();
        let spec = Spec { sign: 1.0, branches: vec![branch], devices };
        let manifest = Manifest::new("made-up", "nmos", Polarity::N);
        Model { spec, manifest, population: None }
    }

    fn chip() -> Vec<(f64, f64)> {
        let lengths = [0.13, 0.18, 0.5, 1.0, 2.0, 5.0, 10.0].map(|l| (10.0, l));
        let widths = [0.15, 0.3, 0.6, 1.2, 2.5, 5.0].map(|w| (w, 0.13));
        [lengths.as_slice(), &widths, &[(0.15, 10.0), (0.6, 1.0), (2.0, 2.0)]].concat()
    }

    fn all(model: &Model) -> Vec<usize> {
        (0..model.spec.devices.len()).collect()
    }

    /// Head of a device, or of the population, at `place`.
    fn head(model: &Model, device: Option<usize>, place: &Place) -> Vec<f64> {
        let own = device.map_or(vec![0.0; 2], |d| model.spec.devices[d].deviation[0][0].clone());
        model.spec.branches[0].head(0, &own, place)
    }

    #[test]
    fn every_device_keeps_its_head_and_unseen_sizes_get_what_neighbours_say() {
        let before = model(&chip());
        let mut after = before.clone();
        follow(&mut after, &all(&before), |_| vec![Mat::identity(2, 2)]);
        for (d, device) in before.spec.devices.iter().enumerate() {
            let place = Place { temperature: 350.0, ..device.place };
            for (a, b) in head(&before, Some(d), &place).iter().zip(head(&after, Some(d), &place)) {
                assert!((a - b).abs() < 1e-9, "{}: {a} became {b}", device.name);
            }
        }
        for (w, l) in [(0.3e-6, 0.5e-6), (5e-6, 1e-6), (1e-6, 5e-6)] {
            let place = Place { w, l, temperature: REFERENCE, ..before.spec.devices[0].place };
            let found = head(&after, None, &place)[0];
            assert!((found - truth(w, l)).abs() < 0.12, "{found} instead of {} at {w} {l}", truth(w, l));
        }
    }

    #[test]
    fn few_sizes_and_corners_keep_the_mean_of_the_fit() {
        let few = model(&chip()[..FEWEST_SIZES - 1]);
        let mut settled = few.clone();
        follow(&mut settled, &all(&few), |_| vec![Mat::identity(2, 2)]);
        assert_eq!(settled.spec, few.spec);
        let mut corners = model(&chip());
        corners.spec.branches[0].population.terms[7] = [0, 0, 0, 0, 0, 1, 0];
        let mut settled = corners.clone();
        follow(&mut settled, &all(&corners), |_| vec![Mat::identity(2, 2)]);
        assert_eq!(settled.spec, corners.spec);
    }
}
