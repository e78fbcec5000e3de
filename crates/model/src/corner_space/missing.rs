//! A process corner that was not fitted, from those that were.
//!
//! A transistor of one polarity knows one direction of its process: how fast it is itself. `ss`, `tt` and `ff` then lie on a
//! curve, `sf` and `fs` on the same one at other places, and to second order heads follow it as
//! ```text
//! h(u) = h_tt + u A + u^2 B            A = (h_+ - h_-) / 2      B = (h_+ + h_-) / 2 - h_tt
//! ```
//! with `+` and `-` the ends of an axis that was fitted whole. The missing corner's opposite `o` sits on the curve at `t`,
//! the missing one at `-t`; what `o` has beside the curve is mirrored:
//! ```text
//! t = argmin_u sum |h_o - h(u)|^2      h_missing = 2 h_tt - h_o + 2 t^2 B
//! ```
//! The sum is one of squared differences of `y` (ln of current) over biases of all geometries. Where `o` is not near the
//! curve (as in a process with two directions), or the other axis is not whole, `t = 0`: the missing corner is the mirror
//! image of its opposite. A missing `tt` lies where the curve through both axes says.

use gummel_device::{Corner, Geometry};
use gummel_kernel::{Folded, Member, OutputKind, Place};

use crate::Model;

/// Most of the squared shift of a corner that may lie beside the curve through the other axis.
const BESIDE: f64 = 0.1;
/// Axes whose squared lengths differ by less than this share do not tell where their middle is.
const ALIKE: f64 = 0.2;
/// Shares of the largest gate and drain voltage at which currents are compared: where transistors conduct.
const GATE: [f64; 4] = [0.55, 0.7, 0.85, 1.0];
const DRAIN: [f64; 3] = [0.1, 0.5, 1.0];

/// The devices of one geometry and site at process corners, as indices into a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Siblings([Option<usize>; 5]);

/// Ends of the axis of speed and of that of skew.
const AXES: [[Corner; 2]; 2] = [[Corner::Ff, Corner::Ss], [Corner::Fs, Corner::Sf]];

/// The other end of a corner's axis, and the other axis; `None` for `tt`.
fn across(corner: Corner) -> Option<(Corner, [Corner; 2])> {
    let axis = AXES.iter().position(|a| a.contains(&corner))?;
    let [a, b] = AXES[axis];
    Some((if a == corner { b } else { a }, AXES[1 - axis]))
}

impl Siblings {
    /// Devices of `geometry` at `site`, but not the one called `except`.
    pub fn of(model: &Model, geometry: Geometry, site: &str, except: &str) -> Self {
        Siblings(Corner::ALL.map(|corner| {
            model.manifest.devices.iter().position(|d| {
                d.corner == Some(corner) && d.geometry == geometry && d.site == site && d.name != except
            })
        }))
    }

    /// The device at `corner`.
    pub fn at(&self, corner: Corner) -> Option<usize> {
        Corner::ALL.iter().position(|c| *c == corner).and_then(|k| self.0[k])
    }

    /// All devices there are.
    pub fn all(&self) -> impl Iterator<Item = usize> {
        self.0.into_iter().flatten()
    }

    /// Devices whose heads, with these weights (their sum is one), are expected at a `corner` that was not fitted; `None`
    /// where the others say nothing of it.
    pub fn expected(&self, model: &Model, corner: Corner) -> Option<Vec<(usize, f64)>> {
        let Some((opposite, [plus, minus])) = across(corner) else { return self.middle(model) };
        let (tt, opposite_device) = (self.at(Corner::Tt)?, self.at(opposite)?);
        let mut parts = vec![(tt, 2.0), (opposite_device, -1.0)];
        if let (Some(plus), Some(minus)) = (self.at(plus), self.at(minus)) {
            let bend = on_curve(model, corner).powi(2);
            parts[0].1 -= 2.0 * bend;
            parts.extend([(plus, bend), (minus, bend)]);
        }
        Some(parts)
    }

    /// `tt` from the other corners.
    fn middle(&self, model: &Model) -> Option<Vec<(usize, f64)>> {
        let ends = |axis: [Corner; 2]| Some([self.at(axis[0])?, self.at(axis[1])?]);
        let halves = |ends: [usize; 2], weight: f64| ends.map(|d| (d, 0.5 * weight));
        match AXES.map(ends) {
            [None, None] => None,
            [Some(only), None] | [None, Some(only)] => Some(halves(only, 1.0).to_vec()),
            [Some(speed), Some(skew)] => {
                // The ends of an axis at u and -u have their middle at tt + u^2 B; two axes of different length tell B.
                let of_speed = match lengths(model) {
                    Some(share) if (1.0 - share).abs() > ALIKE => -share / (1.0 - share),
                    _ => 0.5,
                };
                Some([halves(speed, of_speed), halves(skew, 1.0 - of_speed)].concat())
            }
        }
    }

    /// Where the geometry of device `index` stands at `corner`.
    pub(super) fn place(&self, model: &Model, index: usize, corner: Corner) -> Place {
        let position = corner.position();
        Place { speed: position.speed, skew: position.skew, ..model.spec.devices[index].place }
    }

    /// Deviations where nothing is known of a corner: those at `tt`, or the mean of those there are.
    pub(super) fn usual(&self, model: &Model, index: usize) -> Vec<Vec<Vec<f64>>> {
        let devices = match self.at(Corner::Tt) {
            Some(tt) => vec![tt],
            None => self.all().collect(),
        };
        let share = 1.0 / devices.len().max(1) as f64;
        let mut usual = model.spec.devices[index].deviation.clone();
        for (b, branch) in usual.iter_mut().enumerate() {
            for (o, head) in branch.iter_mut().enumerate() {
                for (i, v) in head.iter_mut().enumerate() {
                    *v = devices.iter().map(|d| share * model.spec.devices[*d].deviation[b][o][i]).sum();
                }
            }
        }
        usual
    }
}

impl Model {
    /// Deviations, per branch and output, with which a device at `place` has the head `sum weight head(device)`.
    ///
    /// With weights whose sum is zero, the differences between heads.
    pub fn blend(&self, parts: &[(usize, f64)], place: &Place) -> Vec<Vec<Vec<f64>>> {
        let sum: f64 = parts.iter().map(|(_, w)| w).sum();
        self.spec
            .branches
            .iter()
            .enumerate()
            .map(|(b, branch)| {
                let (rows, columns) = (branch.head_len(), branch.deviation.len());
                // What the population's mean gives beyond what it gives at `place` is the devices' own now.
                let mut phi: Vec<f64> = branch.phi(place).iter().map(|v| -sum * v).collect();
                for (d, weight) in parts {
                    let there = Place { temperature: place.temperature, ..self.spec.devices[*d].place };
                    phi.iter_mut().zip(branch.phi(&there)).for_each(|(p, v)| *p += weight * v);
                }
                (0..branch.outputs.len())
                    .map(|o| {
                        let own = |k: usize| -> f64 {
                            parts.iter().map(|(d, w)| w * self.spec.devices[*d].deviation[b][o][k]).sum()
                        };
                        let mut head: Vec<f64> = (0..rows * columns).map(own).collect();
                        let means = branch.population_heads[o].chunks_exact(phi.len().max(1));
                        for (row, mean) in means.enumerate() {
                            // The first function of a deviation is the constant.
                            head[row * columns] += mean.iter().zip(&phi).map(|(b, p)| b * p).sum::<f64>();
                        }
                        head
                    })
                    .collect()
            })
            .collect()
    }
}

/// Where on the curve through the other axis the opposite of `missing` sits, over all geometries; 0 where it does not.
fn on_curve(model: &Model, missing: Corner) -> f64 {
    let Some((opposite, [plus, minus])) = across(missing) else { return 0.0 };
    let mut sums = Sums::default();
    for ys in shifts(model, [opposite, plus, minus]) {
        for [o, p, m] in ys {
            sums.add(o, 0.5 * (p - m), 0.5 * (p + m));
        }
    }
    sums.position()
}

/// Squared length of the axis of skew over that of the axis of speed; `None` where they point in different directions.
fn lengths(model: &Model) -> Option<f64> {
    let [[ff, ss], [fs, sf]] = AXES;
    let (mut speed, mut skew, mut both) = (0.0, 0.0, 0.0);
    for siblings in families(model) {
        let devices: Option<Vec<usize>> = [ff, ss, fs, sf].map(|c| siblings.at(c)).into_iter().collect();
        for y in devices.map(|d| outputs(model, &d)).unwrap_or_default() {
            let (a, b) = (y[0] - y[1], y[2] - y[3]);
            speed += a * a;
            skew += b * b;
            both += a * b;
        }
    }
    (both * both > (1.0 - BESIDE) * speed * skew).then(|| skew / speed)
}

/// Sums over biases of products of a shift `o` with the linear and the quadratic part of the curve.
#[derive(Default)]
struct Sums {
    oo: f64,
    oa: f64,
    ob: f64,
    aa: f64,
    ab: f64,
    bb: f64,
}

impl Sums {
    fn add(&mut self, o: f64, a: f64, b: f64) {
        self.oo += o * o;
        self.oa += o * a;
        self.ob += o * b;
        self.aa += a * a;
        self.ab += a * b;
        self.bb += b * b;
    }

    /// `sum (o - u a - u^2 b)^2`.
    fn beside(&self, u: f64) -> f64 {
        let Sums { oo, oa, ob, aa, ab, bb } = self;
        oo + u * (-2.0 * oa + u * (aa - 2.0 * ob + u * (2.0 * ab + u * bb)))
    }

    /// The `u` nearest to `o`, 0 where `o` is beside the curve.
    fn position(&self) -> f64 {
        let steps = (-3000..=3000).map(|k| 1e-3 * f64::from(k));
        let best = steps.min_by(|u, v| self.beside(*u).total_cmp(&self.beside(*v))).unwrap_or(0.0);
        if self.beside(best) < BESIDE * self.oo { best } else { 0.0 }
    }
}

/// Siblings of every geometry of a model.
pub(super) fn families(model: &Model) -> Vec<Siblings> {
    let mut all: Vec<Siblings> = Vec::new();
    for entry in model.manifest.devices.iter().filter(|e| e.corner.is_some()) {
        let siblings = Siblings::of(model, entry.geometry, &entry.site, "");
        if !all.contains(&siblings) {
            all.push(siblings);
        }
    }
    all
}

/// Shifts of `y` against `tt` at the biases compared, for every geometry that has all of `corners`.
fn shifts(model: &Model, corners: [Corner; 3]) -> Vec<Vec<[f64; 3]>> {
    families(model)
        .into_iter()
        .filter_map(|siblings| {
            let [a, b, c] = corners.map(|corner| siblings.at(corner));
            let devices = [siblings.at(Corner::Tt)?, a?, b?, c?];
            let shift = |y: Vec<f64>| [1, 2, 3].map(|k| y[k] - y[0]);
            Some(outputs(model, &devices).into_iter().map(shift).collect())
        })
        .collect()
}

/// `y` of the channel current of `devices`, which share geometry and temperature, at the biases compared.
fn outputs(model: &Model, devices: &[usize]) -> Vec<Vec<f64>> {
    let Some(first) = devices.first().map(|d| &model.spec.devices[*d]) else { return Vec::new() };
    let channel = model.spec.branches[0].outputs.iter().position(|o| o.kind == OutputKind::Channel);
    let channel = channel.unwrap_or(0);
    let folded: Vec<Folded> = devices
        .iter()
        .map(|d| {
            let place = Place { temperature: first.place.temperature, ..model.spec.devices[*d].place };
            Folded::new(&model.spec, Member::Device(*d), &place)
        })
        .collect();
    let [gate, drain, bulk] = first.range;
    let vb = 0.0f64.clamp(bulk[0].min(bulk[1]), bulk[1].max(bulk[0]));
    let biases = GATE.into_iter().flat_map(|g| DRAIN.map(|d| [d * drain[1], g * gate[1], 0.0, vb]));
    biases
        .map(|v| {
            let z = folded[0].branches[0].activations(v);
            let y = |f: &Folded| {
                let output = &f.branches[0].outputs[channel];
                output.constant + output.head.iter().zip(&z).map(|(h, z)| h * z).sum::<f64>()
            };
            folded.iter().map(y).collect()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums over a curve with the given bend at which a corner lies at `at`, `beside` it.
    fn position(at: f64, bend: f64, beside: f64) -> f64 {
        let mut sums = Sums::default();
        for k in 0..20 {
            let (a, b) = (1.0 + 0.1 * f64::from(k), bend * (1.0 - 0.05 * f64::from(k)));
            let away = if k % 2 == 0 { beside } else { -beside };
            sums.add(at * a + at * at * b + away, a, b);
        }
        sums.position()
    }

    #[test]
    fn the_place_of_a_corner_on_a_bent_curve_is_found_and_none_for_one_beside_it() {
        for at in [-0.7, 0.3, 1.5] {
            assert!((position(at, -0.2, 0.0) - at).abs() < 1e-3, "{at}");
        }
        assert!((position(-0.7, -0.2, 0.05) + 0.7).abs() < 0.02);
        assert_eq!(position(-0.3, -0.2, 0.5), 0.0, "most of the shift is beside the curve");
        assert_eq!(Sums::default().position(), 0.0);
    }

    #[test]
    fn every_corner_has_an_opposite_and_another_axis() {
        for corner in Corner::ALL.into_iter().filter(|c| *c != Corner::Tt) {
            let (opposite, other) = across(corner).unwrap();
            let (p, q) = (corner.position(), opposite.position());
            assert_eq!((p.speed + q.speed, p.skew + q.skew), (0.0, 0.0));
            assert!(!other.contains(&corner) && !other.contains(&opposite));
        }
        assert!(across(Corner::Tt).is_none());
    }
}
