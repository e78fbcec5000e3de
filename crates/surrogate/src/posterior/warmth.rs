//! How heads follow temperature: what the population expects of every size, and how far a device strays from that.
//!
//! Few devices of a family are measured at several temperatures. The change of their heads per 100 K, `s_k = B' phi(k) + D'_k` with the
//! columns `B'` and `D'` of temperature, shows the [`law`](super::law) by which a slope follows from a head at one temperature. Once heads are
//! known,
//! ```text
//! B' phi(g)  follows  law(B phi(g))           g: a grid of sizes within the hull
//! D'_k <- s_k - B' phi(k)                     of a device measured at several temperatures: what is fitted stays what it is
//! D'_k <- law(h_k) - B' phi(k)                of others, whose head `h_k` stays what it is where it was measured
//! ```
//! Slopes left out scatter around the law with the covariance that a new device's slope has before it is measured.

use faer::Mat;
use gummel_kernel::{Branch, Covariate, Place};
use gummel_model::Model;

use super::kriging::shrunk;
use super::law::{Found, Known, Law, REFERENCE};
use super::mean;
use crate::population::times_tau;

/// Where functions of temperature are those of size, K.
const UNIT: f64 = REFERENCE + 100.0;
/// Least span of temperatures that tells of a slope, K.
const SPAN: f64 = 30.0;
/// Fewest devices that tell of others.
const FEWEST: usize = 3;

/// What devices at several temperatures tell of an output.
struct Told {
    law: Law,
    scatter: Mat<f64>,
}

/// What devices at several temperatures tell, per output; `None` where too few do.
pub(crate) struct Warmth {
    outputs: Vec<Option<Told>>,
}

impl Warmth {
    /// Of `model`, devices called `except` left out. `relative` is the relative error that is wanted.
    pub(crate) fn of(model: &Model, except: &str, relative: f64) -> Self {
        let branch = &model.spec.branches[0];
        let entries = model.manifest.devices.iter().enumerate();
        let warm: Vec<usize> = entries
            .filter(|(_, e)| e.name != except && span(&e.temperatures) >= SPAN)
            .map(|(d, _)| d)
            .collect();
        let tells = branch.deviation.len() == 2 && !mean::has_corners(branch) && warm.len() >= FEWEST;
        let told = |o: usize| {
            if !tells {
                return None;
            }
            let known = |&d: &usize| Known {
                head: head(model, o, d),
                slope: slope(model, o, d),
                place: model.spec.devices[d].place,
            };
            let Found { law, left_out } = Found::of(model, o, warm.iter().map(known).collect(), relative)?;
            Some(Told { law, scatter: shrunk(&left_out) })
        };
        Warmth { outputs: (0..branch.outputs.len()).map(told).collect() }
    }

    /// The covariance of a deviation of output `o` made of `functions`, its constants having `constants`: as many numbers as a head
    /// has, or as many again that follow temperature.
    pub(crate) fn beside(&self, o: usize, constants: &Mat<f64>, functions: usize) -> Mat<f64> {
        // Where nobody tells, devices differ as much per 100 K as they do altogether.
        let slopes = self.outputs[o].as_ref().map_or(constants, |told| &told.scatter);
        let m = constants.nrows() * functions;
        Mat::from_fn(m, m, |i, j| match (i % functions, j % functions) {
            (0, 0) => constants[(i / functions, j / functions)],
            (a, b) if a == b => slopes[(i / functions, j / functions)],
            _ => 0.0,
        })
    }

    /// The numbers of `deviation` that follow temperature, set to what is expected of a device at `place` whose constants are those
    /// of `deviation`; whether they were known.
    pub(crate) fn expect(&self, model: &Model, o: usize, place: &Place, deviation: &mut [f64]) -> bool {
        let Some(told) = &self.outputs[o] else { return false };
        let branch = &model.spec.branches[0];
        let still = Place { temperature: REFERENCE, ..*place };
        let head = branch.head(o, deviation, &still);
        let Some(slope) = told.law.slope(&head, place) else { return false };
        let mean = mean_slope(branch, o, place);
        let own = deviation.iter_mut().skip(1).step_by(2);
        own.zip(slope.iter().zip(mean)).for_each(|(d, (s, m))| *d = s - m);
        true
    }
}

/// Sets the population's functions of temperature in the first branch of `model`, and the slopes of devices that show none, to what
/// `warmth` says.
pub(crate) fn settle(model: &mut Model, warmth: &Warmth) {
    if warmth.outputs.iter().all(Option::is_none) {
        return;
    }
    widen(&mut model.spec.branches[0]);
    for (o, told) in warmth.outputs.iter().enumerate() {
        if let Some(columns) = told.as_ref().and_then(|told| columns(model, o, &told.law)) {
            replace(model, o, &columns);
            for d in 0..model.spec.devices.len() {
                if span(&model.manifest.devices[d].temperatures) < SPAN {
                    follow(model, o, d, warmth);
                }
            }
        }
    }
}

/// Difference between the highest and the lowest temperature, K.
fn span(temperatures: &[f64]) -> f64 {
    let of = |(low, high): (f64, f64), t: &f64| (low.min(*t), high.max(*t));
    let (low, high) = temperatures.iter().fold((f64::INFINITY, f64::NEG_INFINITY), of);
    high - low
}

/// Adds every function of size times temperature that is not there, with zeros in `B`.
fn widen(branch: &mut Branch) {
    let still = mean::of_size(branch);
    let terms = &mut branch.population.terms;
    let before = terms.len();
    let missing: Vec<_> =
        still.iter().map(|&j| times_tau(&terms[j])).filter(|t| !terms.contains(t)).collect();
    terms.extend(&missing);
    for heads in &mut branch.population_heads {
        let wider = |row: &[f64]| [row, &vec![0.0; missing.len()]].concat();
        *heads = heads.chunks_exact(before).flat_map(wider).collect();
    }
}

/// Change of the population's head of output `o` at `place` per 100 K.
fn mean_slope(branch: &Branch, o: usize, place: &Place) -> Vec<f64> {
    let at = |temperature| branch.mean_head(o, &Place { temperature, ..*place });
    at(UNIT).iter().zip(at(REFERENCE)).map(|(warm, still)| warm - still).collect()
}

/// Head of output `o` of device `d` at the reference.
fn head(model: &Model, o: usize, d: usize) -> Vec<f64> {
    let device = &model.spec.devices[d];
    let place = Place { temperature: REFERENCE, ..device.place };
    model.spec.branches[0].head(o, &device.deviation[0][o], &place)
}

/// Change of the head of output `o` of device `d` per 100 K.
fn slope(model: &Model, o: usize, d: usize) -> Vec<f64> {
    let (branch, device) = (&model.spec.branches[0], &model.spec.devices[d]);
    let own = device.deviation[0][o].chunks_exact(branch.deviation.len());
    mean_slope(branch, o, &device.place).iter().zip(own).map(|(mean, own)| mean + own[1]).collect()
}

/// `B'` of output `o` that follows the law over the sizes of the family: a row per function of size, a column per number of the head.
fn columns(model: &Model, o: usize, law: &Law) -> Option<Mat<f64>> {
    let branch = &model.spec.branches[0];
    let places = mean::grid(&branch.hull?);
    let slopes: Vec<Vec<f64>> =
        places.iter().map(|place| law.slope(&branch.mean_head(o, place), place)).collect::<Option<_>>()?;
    let still = mean::of_size(branch);
    let phi: Vec<Vec<f64>> = places
        .iter()
        .map(|place| {
            let all = branch.phi(place);
            still.iter().map(|&j| all[j]).collect()
        })
        .collect();
    mean::regression(&phi, &slopes)
}

/// Puts `columns` in the place of those of temperature in `B` of output `o`; devices keep their heads at every temperature.
fn replace(model: &mut Model, o: usize, columns: &Mat<f64>) {
    let slopes: Vec<Vec<f64>> = (0..model.spec.devices.len()).map(|d| slope(model, o, d)).collect();
    let branch = &mut model.spec.branches[0];
    let terms = branch.population.terms.clone();
    let still = mean::of_size(branch);
    for (i, row) in branch.population_heads[o].chunks_exact_mut(terms.len()).enumerate() {
        for (k, &j) in still.iter().enumerate() {
            let of_tau = terms.iter().position(|t| *t == times_tau(&terms[j]));
            of_tau.into_iter().for_each(|column| row[column] = columns[(k, i)]);
        }
    }
    let branch = &model.spec.branches[0];
    for (device, slope) in model.spec.devices.iter_mut().zip(slopes) {
        let own = device.deviation[0][o].iter_mut().skip(1).step_by(2);
        own.zip(slope.iter().zip(mean_slope(branch, o, &device.place))).for_each(|(d, (s, m))| *d = s - m);
    }
}

/// Sets the slope of device `d`, measured at one temperature, to what is expected; its head stays what it is there.
fn follow(model: &mut Model, o: usize, d: usize, warmth: &Warmth) {
    let place = model.spec.devices[d].place;
    let tau = Covariate::Tau.at(&place);
    let before = model.spec.devices[d].deviation[0][o].clone();
    let mut after = before.clone();
    // Away from the reference the head there depends on the slope and the slope on it.
    for _ in 0..if tau == 0.0 { 1 } else { ROUNDS } {
        if !warmth.expect(model, o, &place, &mut after) {
            return;
        }
        for (after, before) in after.chunks_exact_mut(2).zip(before.chunks_exact(2)) {
            after[0] = before[0] + tau * (before[1] - after[1]);
        }
    }
    model.spec.devices[d].deviation[0][o] = after;
}

/// Rounds between a head and the slope that follows from it.
pub(crate) const ROUNDS: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_device::{Geometry, Polarity};
    use gummel_kernel::{Hull, Sample};
    use gummel_model::{DeviceEntry, Manifest};

    /// Devices of four lengths whose heads change by `slope(0.13 um / L, device)` per 100 K, all of it deviation; the first `warm`
    /// were measured at three temperatures, the others at 125 C.
    fn model(warm: usize, slope: impl Fn(f64, usize) -> f64) -> Model {
        let mut spec = Sample { layers: vec![3], devices: 12, population: true, ..Default::default() }.spec();
        let branch = &mut spec.branches[0];
        // One corner only.
        branch.population.terms.truncate(3);
        branch.population_heads[0] =
            branch.population_heads[0].chunks_exact(4).flat_map(|row| row[..3].to_vec()).collect();
        branch.deviation.terms.push([0, 0, 0, 0, 1, 0, 0]);
        branch.hull = Hull::of(spec.devices.iter().map(|d| d.place));
        let before: Vec<f64> = branch.population_heads[0].chunks_exact(3).map(|row| row[2]).collect();
        let mut manifest = Manifest::new("made-up", "nmos", Polarity::N);
        for (d, device) in spec.devices.iter_mut().enumerate() {
            let of = slope(0.13e-6 / device.place.l, d);
            let constants = std::mem::take(&mut device.deviation[0][0]);
            device.deviation[0][0] =
                constants.iter().zip(&before).flat_map(|(c, tau)| [*c, of - tau]).collect();
            let mut entry =
                DeviceEntry::new(&d.to_string(), Geometry::new(device.place.w, device.place.l), 1e-12);
            entry.temperatures = if d < warm { vec![233.15, 300.15, 398.15] } else { vec![398.15] };
            if d >= warm {
                device.place.temperature = 398.15;
            }
            manifest.devices.push(entry);
        }
        Model { spec, manifest, population: None }
    }

    fn head_at(model: &Model, d: usize, kelvin: f64) -> Vec<f64> {
        let mut moved = model.clone();
        moved.spec.devices[d].place.temperature = kelvin;
        let device = &moved.spec.devices[d];
        moved.spec.branches[0].head(0, &device.deviation[0][0], &device.place)
    }

    #[test]
    fn heads_stay_where_they_were_measured_and_others_get_the_slope_of_their_length() {
        let truth = |inv_l: f64| 0.3 - 0.2 * inv_l;
        let before =
            model(8, |inv_l, d| if d < 8 { truth(inv_l) + 0.002 * (3.0 * d as f64).sin() } else { 0.9 });
        let mut after = before.clone();
        let warmth = Warmth::of(&before, "", 0.05);
        settle(&mut after, &warmth);
        let same = |d: usize, kelvin: f64| {
            for (a, b) in head_at(&before, d, kelvin).iter().zip(head_at(&after, d, kelvin)) {
                assert!((a - b).abs() < 1e-9, "device {d} at {kelvin} K: {a} became {b}");
            }
        };
        (0..8).for_each(|d| [233.15, 300.15, 398.15].into_iter().for_each(|kelvin| same(d, kelvin)));
        (8..12).for_each(|d| same(d, 398.15));
        // What a head changes by shows in the sum of its numbers times activations.
        let seen = |slope: &[f64]| slope.iter().sum::<f64>();
        for d in 8..12 {
            let expected = 4.0 * truth(0.13e-6 / after.spec.devices[d].place.l);
            let found = seen(&slope(&after, 0, d));
            assert!((found - expected).abs() < 0.1, "device {d}: {found} instead of {expected}");
        }
        let place = Place { l: 0.2e-6, ..after.spec.devices[0].place };
        let found = seen(&mean_slope(&after.spec.branches[0], 0, &place));
        assert!((found - 4.0 * truth(0.65)).abs() < 0.1, "{found} at an unseen length");
        let scatter = warmth.beside(0, &Mat::identity(4, 4), 2);
        assert!(scatter[(0, 0)] == 1.0 && scatter[(1, 1)] < 1e-2 && scatter[(0, 1)] == 0.0);
    }

    #[test]
    fn a_device_is_not_asked_about_itself_and_few_devices_tell_nothing() {
        let model = model(4, |inv_l, _| inv_l);
        assert!(Warmth::of(&model, "", 0.05).outputs[0].is_some());
        // Three are left.
        assert!(Warmth::of(&model, "2", 0.05).outputs[0].is_some());
        let mut fewer = model.clone();
        fewer.manifest.devices[1].temperatures = vec![300.15, 320.15];
        assert!(Warmth::of(&fewer, "2", 0.05).outputs[0].is_none());
        let constants = Mat::from_fn(2, 2, |i, j| [[4.0, 1.0], [1.0, 3.0]][i][j]);
        let both = Warmth::of(&fewer, "2", 0.05).beside(0, &constants, 2);
        let rows: Vec<Vec<f64>> = (0..4).map(|i| (0..4).map(|j| both[(i, j)]).collect()).collect();
        assert_eq!(
            rows,
            [[4.0, 0.0, 1.0, 0.0], [0.0, 4.0, 0.0, 1.0], [1.0, 0.0, 3.0, 0.0], [0.0, 1.0, 0.0, 3.0]]
        );
        let unmoved = Warmth::of(&fewer, "2", 0.05).beside(0, &constants, 1);
        assert_eq!(unmoved, constants);
    }
}
