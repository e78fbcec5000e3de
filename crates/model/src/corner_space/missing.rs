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
use gummel_kernel::Place;
use gummel_kernel::basis::times;

use super::CornerCurve;
use crate::Model;

/// Axes whose squared lengths differ by less than this share do not tell where their middle is.
const ALIKE: f64 = 0.2;

/// The devices of one geometry and site at process corners, as indices into a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Siblings([Option<usize>; 5]);

/// Ends of the axis of speed and of that of skew.
pub(super) const AXES: [[Corner; 2]; 2] = [[Corner::Ff, Corner::Ss], [Corner::Fs, Corner::Sf]];

/// The other end of a corner's axis, and the other axis; `None` for `tt`.
pub(super) fn across(corner: Corner) -> Option<(Corner, [Corner; 2])> {
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
    /// where the others say nothing of it. `curve` is that of the model the devices are of.
    pub fn expected(&self, curve: &CornerCurve<'_>, corner: Corner) -> Option<Vec<(usize, f64)>> {
        let Some((opposite, [plus, minus])) = across(corner) else { return self.middle(curve) };
        let (tt, opposite_device) = (self.at(Corner::Tt)?, self.at(opposite)?);
        let mut parts = vec![(tt, 2.0), (opposite_device, -1.0)];
        if let (Some(plus), Some(minus)) = (self.at(plus), self.at(minus)) {
            let bend = curve.opposite_of(corner).powi(2);
            parts[0].1 -= 2.0 * bend;
            parts.extend([(plus, bend), (minus, bend)]);
        }
        Some(parts)
    }

    /// `tt` from the other corners.
    fn middle(&self, curve: &CornerCurve<'_>) -> Option<Vec<(usize, f64)>> {
        let ends = |axis: [Corner; 2]| Some([self.at(axis[0])?, self.at(axis[1])?]);
        let halves = |ends: [usize; 2], weight: f64| ends.map(|d| (d, 0.5 * weight));
        match AXES.map(ends) {
            [None, None] => None,
            [Some(only), None] | [None, Some(only)] => Some(halves(only, 1.0).to_vec()),
            [Some(speed), Some(skew)] => {
                // The ends of an axis at u and -u have their middle at tt + u^2 B; two axes of different length tell B.
                let of_speed = match curve.lengths() {
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
                        for (row, mean) in times(&branch.population_heads[o], &phi, rows).iter().enumerate() {
                            // The first function of a deviation is the constant.
                            head[row * columns] += mean;
                        }
                        head
                    })
                    .collect()
            })
            .collect()
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

#[cfg(test)]
mod tests {
    use super::*;

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
