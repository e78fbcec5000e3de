//! Sizes outside of those that were fitted: they no longer move heads, which polynomials of `1 / L` would throw far off.
//!
//! For `u = ln(size / um)` between the smallest and the largest fitted device (`low`, `high`), each [`MARGIN`] further out,
//! ```text
//! u' = (low + high + sqrt((u - low)^2 + d^2) - sqrt((u - high)^2 + d^2)) / 2
//! ```
//! is nearly `u` inside and nearly the end outside, rises everywhere and is smooth to every order. Only bases see `u'`;
//! the factor `W / L` in front of currents keeps following the size itself.

use crate::spec::Place;

const MICROMETRE: f64 = 1e-6;
/// How far beyond the fitted sizes heads still follow: a factor of 1.2.
pub const MARGIN: f64 = 0.182_321_556_793_954_6;
/// Rounding `d` of the ends.
pub const ROUNDING: f64 = 0.1;

/// Ends of `ln(size / um)` over the fitted devices, `[low, high]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hull {
    /// Of channel widths.
    pub ln_w: [f64; 2],
    /// Of channel lengths.
    pub ln_l: [f64; 2],
}

impl Hull {
    /// The hull of places; `None` when there is none.
    pub fn of(places: impl IntoIterator<Item = Place>) -> Option<Self> {
        let of = |size: f64| {
            let u = (size / MICROMETRE).ln();
            [u, u]
        };
        let wider = |a: [f64; 2], b: [f64; 2]| [a[0].min(b[0]), a[1].max(b[1])];
        places
            .into_iter()
            .map(|p| Hull { ln_w: of(p.w), ln_l: of(p.l) })
            .reduce(|a, b| Hull { ln_w: wider(a.ln_w, b.ln_w), ln_l: wider(a.ln_l, b.ln_l) })
    }

    /// `place` with the sizes that bases see.
    pub fn pull(&self, place: &Place) -> Place {
        let size = |size: f64, ends| MICROMETRE * pulled((size / MICROMETRE).ln(), ends).exp();
        Place { w: size(place.w, self.ln_w), l: size(place.l, self.ln_l), ..*place }
    }
}

/// `u'` of a logarithmic size.
fn pulled(u: f64, ends: [f64; 2]) -> f64 {
    let [low, high] = limits(ends);
    0.5 * (low + high + (u - low).hypot(ROUNDING) - (u - high).hypot(ROUNDING))
}

/// The ends that are rounded: those of the devices with the margin.
pub fn limits([low, high]: [f64; 2]) -> [f64; 2] {
    [low - MARGIN, high + MARGIN]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(w: f64, l: f64) -> Place {
        Place { w, l, mult: 2.0, temperature: 310.0, speed: 0.5, skew: 0.0 }
    }

    #[test]
    fn sizes_rise_stay_inside_and_change_little_between_the_devices() {
        let hull = Hull::of([place(1e-6, 0.13e-6), place(10e-6, 10e-6)]).expect("two places");
        let mut last = [0.0; 2];
        for k in 0..=120 {
            let size = 1e-10 * 10f64.powf(f64::from(k) / 10.0);
            let Place { w, l, mult, .. } = hull.pull(&place(size, size));
            assert!(w > last[0] && l > last[1] && mult == 2.0, "{size}");
            assert!(w > 0.83e-6 && w < 12.1e-6 && l > 0.108e-6 && l < 12.1e-6, "{size}: {w} {l}");
            if (0.13e-6..=10e-6).contains(&size) {
                assert!((l / size).ln().abs() < 0.015, "{size}: {l}");
            }
            last = [w, l];
        }
    }

    #[test]
    fn one_device_has_a_hull_and_no_device_none() {
        assert_eq!(Hull::of([]), None);
        let one = Hull::of([place(1e-6, 1e-6)]).expect("a place");
        let own = one.pull(&place(1e-6, 1e-6));
        assert!((own.w / 1e-6 - 1.0).abs() < 1e-12 && (own.l / 1e-6 - 1.0).abs() < 1e-12);
    }
}
