//! What all geometries of a model together say of the curve that its corners lie on; found once and kept.
//!
//! How it serves a corner that was not fitted says [`super::missing`].

use std::cell::OnceCell;

use gummel_device::Corner;
use gummel_kernel::{Folded, Member, OutputKind, Place};

use super::missing::{AXES, across, families};
use crate::Model;

/// Most of the squared shift of a corner that may lie beside the curve through the other axis.
const BESIDE: f64 = 0.1;
/// Shares of the largest gate and drain voltage at which currents are compared: where transistors conduct.
const GATE: [f64; 4] = [0.55, 0.7, 0.85, 1.0];
const DRAIN: [f64; 3] = [0.1, 0.5, 1.0];

/// The curve through the corners of a model. What is asked of it is computed when it is first asked.
pub struct CornerCurve<'a> {
    model: &'a Model,
    /// For every missing corner of [`Corner::ALL`], where its opposite sits on the curve through the other axis.
    positions: [OnceCell<f64>; 5],
    /// Squared length of the axis of skew over that of the axis of speed.
    lengths: OnceCell<Option<f64>>,
}

impl<'a> CornerCurve<'a> {
    /// The curve of `model`; nothing is computed yet.
    pub fn of(model: &'a Model) -> Self {
        CornerCurve { model, positions: Default::default(), lengths: OnceCell::new() }
    }

    /// Whose corners lie on it.
    pub fn model(&self) -> &'a Model {
        self.model
    }

    /// Where on the curve through the other axis the opposite of `missing` sits, over all geometries; 0 where it does not.
    pub(super) fn opposite_of(&self, missing: Corner) -> f64 {
        let at = Corner::ALL.iter().position(|c| *c == missing);
        at.map_or(0.0, |k| *self.positions[k].get_or_init(|| on_curve(self.model, missing)))
    }

    /// Squared length of the axis of skew over that of the axis of speed; `None` where they point in different directions.
    pub(super) fn lengths(&self) -> Option<f64> {
        *self.lengths.get_or_init(|| lengths(self.model))
    }
}

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
}
