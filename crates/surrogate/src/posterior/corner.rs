//! What the fitted corners of a geometry say of its head at another corner.
//!
//! ```text
//! mean        what Siblings::expected of the model crate says: the curve that process corners lie on
//! covariance  sum_c WIDTH^2 d_c d_c^T + OWN (own part of a device) C          d_c = h_c - h_tt
//! ```
//! Process corners of a foundry differ in the same few parameters of every geometry, so that the head of a new corner lies
//! nearly in the plane of the others; how far along each of them is what readings tell first.

use faer::Mat;
use gummel_data::DeviceData;
use gummel_device::Corner;
use gummel_kernel::Place;
use gummel_model::{CornerCurve, HeadPopulation, Siblings};

use super::{Gaussian, Prior, kriging, square};

/// Standard deviation of the share of every other corner's shift in a new one.
const WIDTH: f64 = 0.3;
/// Share of the variance of what is a device's own that a corner has beside the others: corners of one geometry are one device
/// with other parameters.
///
/// Measured on the corners of GF180MCU by leaving corners out of whole fits (docs/src/benchmarks.md); a fit cannot know it.
const OWN: f64 = 0.01;

/// What is expected of the deviation of output `o` of `device` at `place`; `None` without other corners that tell.
pub(crate) fn prior(
    curve: &CornerCurve<'_>,
    population: &HeadPopulation,
    o: usize,
    device: &DeviceData,
    place: &Place,
) -> Option<Prior> {
    let model = curve.model();
    let corner = device.id.corner?;
    let siblings = Siblings::of(model, device.id.geometry, &device.id.site, &device.id.name);
    if siblings.at(corner).is_some() {
        return None;
    }
    let expected = siblings.expected(curve, corner)?;
    let base = siblings.at(Corner::Tt).or_else(|| siblings.all().next())?;
    let mut covariance = square(&population.covariance);
    covariance *= faer::Scale(OWN * kriging::own(population.shared));
    for other in siblings.all().filter(|d| *d != base) {
        let shift = &model.blend(&[(other, 1.0), (base, -1.0)], place)[0][o];
        covariance += Mat::from_fn(shift.len(), shift.len(), |i, j| WIDTH * WIDTH * shift[i] * shift[j]);
    }
    let head = Gaussian { mean: model.blend(&expected, place)[0][o].clone(), covariance };
    // The widths above are those of many geometries.
    Some(Prior { head, freedom: f64::INFINITY })
}
