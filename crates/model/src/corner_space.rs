//! Corners as a space: devices at any position of speed and skew, between and around the corners that were fitted.
//!
//! The population's mean is a smooth function of the position already. What the corners of a geometry have of their own,
//! `D`, is carried over by the polynomial that takes every corner's value at that corner, with `s` speed and `k` skew:
//! ```text
//! D(s, k) = (1 - s^2 - k^2) D_tt + s (s+1)/2 D_ff + s (s-1)/2 D_ss + k (k+1)/2 D_fs + k (k-1)/2 D_sf
//! ```
//! A corner that was not fitted is what the others say of it ([`Siblings`]); where they say nothing, it counts as `tt`.

mod curve;
mod distances;
mod missing;

use gummel_device::{Corner, CornerPosition};
use gummel_kernel::{DeviceHeads, Spec};

pub use curve::CornerCurve;
pub use distances::CornerDistances;
pub use missing::Siblings;

use crate::interval::normal_quantile;
use crate::{Model, ModelError};

/// How corners of a process scatter: a normal distribution over the corner plane, around `tt`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scatter {
    /// Standard deviations of speed and skew; a third puts the named corners at three of them.
    pub sigma: [f64; 2],
    /// Correlation of speed and skew, between -1 and 1.
    pub correlation: f64,
}

impl Scatter {
    /// `n` positions, rounded to 1e-4: points of low discrepancy (J. H. Halton, 1960, bases 2 and 3), shifted by the seed
    /// (R. Cranley, T. N. L. Patterson, 1976) and mapped to the normal distribution, so that few of them already have its
    /// mean and spread.
    pub fn draw(&self, n: usize, seed: u64) -> Vec<CornerPosition> {
        let shift = [1, 2].map(|k| fraction(seed.wrapping_mul(2).wrapping_add(k)));
        let normal = |u: f64| {
            // 0 and 1 themselves are infinitely far.
            let u = u.clamp(1e-12, 1.0 - 1e-12);
            normal_quantile((2.0 * u - 1.0).abs()).copysign(u - 0.5)
        };
        let round = |v: f64| (v * 1e4).round() / 1e4 + 0.0;
        let across = (1.0 - self.correlation * self.correlation).max(0.0).sqrt();
        (1..=n)
            .map(|k| {
                let [a, b] = [(2, shift[0]), (3, shift[1])]
                    .map(|(base, shift)| normal((radical_inverse(k, base) + shift).fract()));
                CornerPosition {
                    speed: round(self.sigma[0] * a),
                    skew: round(self.sigma[1] * (self.correlation * a + across * b)),
                }
            })
            .collect()
    }
}

/// Digits of `k` behind the point, in reverse.
fn radical_inverse(mut k: usize, base: usize) -> f64 {
    let (mut value, mut place) = (0.0, 1.0 / base as f64);
    while k > 0 {
        value += (k % base) as f64 * place;
        k /= base;
        place /= base as f64;
    }
    value
}

/// A number between 0 and 1 that belongs to `seed` (splitmix64; G. Steele, D. Lea, C. Flood, 2014).
fn fraction(seed: u64) -> f64 {
    let mut z = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

/// Weights of `tt ff ss sf fs` at a position.
fn weights(CornerPosition { speed: s, skew: k }: CornerPosition) -> [(Corner, f64); 5] {
    [
        (Corner::Tt, 1.0 - s * s - k * k),
        (Corner::Ff, 0.5 * s * (s + 1.0)),
        (Corner::Ss, 0.5 * s * (s - 1.0)),
        (Corner::Sf, 0.5 * k * (k - 1.0)),
        (Corner::Fs, 0.5 * k * (k + 1.0)),
    ]
}

impl Model {
    /// The model with one device per geometry and site at each of `positions`, in the place of its own devices.
    ///
    /// A device is named after the one at `tt` (or the first corner there is), with the position behind its size.
    ///
    /// # Errors
    /// [`ModelError::NoCorners`] when the model was not fitted to corners.
    pub fn at_positions(&self, positions: &[CornerPosition]) -> Result<Model, ModelError> {
        let (mut devices, mut entries) = (Vec::new(), Vec::new());
        let curve = CornerCurve::of(self);
        for first in self.first_corners()? {
            let corners = curve.corners_of(first);
            for &position in positions {
                let mut entry = self.manifest.devices[first].clone();
                let base = entry.corner.and_then(|c| entry.name.strip_suffix(&format!("_{c}")));
                let base = base.unwrap_or(&entry.name).to_owned();
                let named = Corner::ALL.into_iter().find(|c| c.position() == position);
                entry.name = match named {
                    Some(corner) => format!("{base}_{corner}"),
                    None => format!("{base}_speed{}_skew{}", position.speed, position.skew),
                };
                // Nothing was measured there unless it is a corner.
                (entry.corner, entry.errors, entry.gm_rel_l2, entry.gds_rel_l2) = (named, None, None, None);
                entry.points = 0;
                devices.push(DeviceHeads {
                    name: entry.name.clone(),
                    ..self.heads_at(first, &corners, position)
                });
                entries.push(entry);
            }
        }
        let mut manifest = self.manifest.clone();
        // What was said of errors and signs was said of other devices.
        (manifest.certificate, manifest.devices) = (None, entries);
        manifest.metrics.clear();
        Model::new(Spec { devices, ..self.spec.clone() }, manifest)
    }

    /// Device `name` moved to `position`, ready for a query of a model of this device alone.
    ///
    /// Where the device has no siblings at other corners, its own deviation stays and the population's mean moves.
    ///
    /// # Errors
    /// [`ModelError::UnknownDevice`].
    pub fn moved(&self, name: &str, position: CornerPosition) -> Result<Model, ModelError> {
        let index = self.device_index(name)?;
        let heads = self.heads_at(index, &CornerCurve::of(self).corners_of(index), position);
        let mut manifest = self.manifest.clone();
        manifest.devices = vec![manifest.devices[index].clone()];
        Model::new(Spec { devices: vec![heads], ..self.spec.clone() }, manifest)
    }

    /// One device per geometry and site: that at `tt`, else the first with a corner.
    fn first_corners(&self) -> Result<Vec<usize>, ModelError> {
        let entries = &self.manifest.devices;
        let mut first: Vec<usize> = Vec::new();
        for (d, entry) in entries.iter().enumerate().filter(|(_, e)| e.corner.is_some()) {
            match first.iter_mut().find(|f| self.are_siblings(**f, d)) {
                Some(known) if entry.corner == Some(Corner::Tt) => *known = d,
                Some(_) => {}
                None => first.push(d),
            }
        }
        let several = entries.iter().any(|e| e.corner != entries[0].corner);
        if first.is_empty() || !several {
            return Err(ModelError::NoCorners { family: self.manifest.title() });
        }
        Ok(first)
    }

    fn are_siblings(&self, a: usize, b: usize) -> bool {
        let (a, b) = (&self.manifest.devices[a], &self.manifest.devices[b]);
        a.geometry == b.geometry && a.site == b.site
    }

    /// Heads of device `index` at `position`, blended from those of its geometry at `corners`.
    fn heads_at(
        &self,
        index: usize,
        corners: &[Vec<Vec<Vec<f64>>>; 5],
        position: CornerPosition,
    ) -> DeviceHeads {
        let mut heads = self.spec.devices[index].clone();
        (heads.place.speed, heads.place.skew) = (position.speed, position.skew);
        if self.manifest.devices[index].corner.is_none() {
            return heads;
        }
        let weights = weights(position);
        for (b, branch) in heads.deviation.iter_mut().enumerate() {
            for (o, head) in branch.iter_mut().enumerate() {
                for (i, v) in head.iter_mut().enumerate() {
                    *v = corners.iter().zip(weights).map(|(d, (_, w))| w * d[b][o][i]).sum();
                }
            }
        }
        heads
    }
}

impl CornerCurve<'_> {
    /// Deviations of the geometry of device `index`, per branch and output, at every corner of [`Corner::ALL`], fitted or
    /// expected; [`Model::moved`] blends them.
    ///
    /// # Panics
    /// When there is no device `index`.
    pub fn corners_of(&self, index: usize) -> [Vec<Vec<Vec<f64>>>; 5] {
        let model = self.model();
        let entry = &model.manifest.devices[index];
        let siblings = Siblings::of(model, entry.geometry, &entry.site, "");
        Corner::ALL.map(|corner| match siblings.at(corner) {
            Some(d) => model.spec.devices[d].deviation.clone(),
            None => {
                let place = siblings.place(model, index, corner);
                let expected = siblings.expected(self, corner);
                expected.map_or_else(|| siblings.usual(model, index), |parts| model.blend(&parts, &place))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_one_at_their_corner_and_sum_to_one_everywhere() {
        for corner in Corner::ALL {
            let found = weights(corner.position());
            assert!(
                found.iter().all(|(c, w)| *w == f64::from(u8::from(*c == corner))),
                "{corner}: {found:?}"
            );
        }
        for (speed, skew) in [(0.5, 0.0), (0.3, -0.7), (-1.2, 0.4)] {
            let sum: f64 = weights(CornerPosition { speed, skew }).iter().map(|(_, w)| w).sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn draws_have_the_mean_the_spread_and_the_correlation_asked_for() {
        let scatter = Scatter { sigma: [0.3, 0.2], correlation: 0.6 };
        for seed in 0..5 {
            let drawn = scatter.draw(400, seed);
            let mean = |f: &dyn Fn(&CornerPosition) -> f64| drawn.iter().map(f).sum::<f64>() / 400.0;
            assert!(mean(&|p| p.speed).abs() < 0.03 && mean(&|p| p.skew).abs() < 0.02);
            let (a, b) = (mean(&|p| p.speed.powi(2)).sqrt(), mean(&|p| p.skew.powi(2)).sqrt());
            assert!((a / 0.3 - 1.0).abs() < 0.05 && (b / 0.2 - 1.0).abs() < 0.05, "{a} {b}");
            let correlation = mean(&|p| p.speed * p.skew) / (a * b);
            assert!((correlation - 0.6).abs() < 0.05, "{correlation}");
            assert_eq!(drawn, scatter.draw(400, seed));
        }
        assert_ne!(scatter.draw(5, 0), scatter.draw(5, 1));
    }
}
