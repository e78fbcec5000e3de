//! Where an export is checked: random biases and places from a seed, every second bias outside the fitted range.

use gummel_kernel::Place;
use gummel_model::Model;

use crate::ExportError;
use crate::program::Input;
use crate::stamp::{Stamp, StampedDevice};

/// One evaluation.
#[derive(Clone, Debug)]
pub struct Point {
    /// Number of the device in the export.
    pub device: usize,
    /// Number of the device in the model.
    pub member: usize,
    /// Where it stands.
    pub place: Place,
    /// vgs, vds, vbs, V.
    pub bias: [f64; 3],
}

/// Places a device, so many biases are drawn for each.
const PLACES: usize = 4;

/// `count` points, dealt to the devices in turn. All numbers are exact in single precision.
///
/// # Errors
/// [`ExportError::Model`] when the export holds a device that the model does not have.
pub fn points(model: &Model, stamp: &Stamp, count: usize, seed: u64) -> Result<Vec<Point>, ExportError> {
    let mut random = Random(seed);
    let open = |input: Input| stamp.open.iter().any(|o| o == input.name());
    let members: Vec<usize> =
        stamp.devices.iter().map(|d| model.device_index(&d.name)).collect::<Result<_, _>>()?;
    let places: Vec<Vec<Place>> = stamp
        .devices
        .iter()
        .map(|d| (0..PLACES).map(|k| place(d, model, &open, k, &mut random)).collect())
        .collect();
    let point = |k: usize| {
        let device = k % members.len();
        let round = k / members.len();
        let heads = &model.spec.devices[members[device]];
        let bias = heads.range.map(|[low, high]| {
            let middle = 0.5 * (low + high);
            let half = 0.5 * (high - low).abs().max(0.1);
            let reach = if round % 2 == 0 { 1.0 } else { 2.0 };
            single(model.spec.sign * (middle + reach * half * random.symmetric()))
        });
        Point { device, member: members[device], place: places[device][round / 2 % PLACES], bias }
    };
    Ok((0..count.max(2 * stamp.devices.len())).map(point).collect())
}

/// The device's own place first, then random ones as far as the export leaves it open.
fn place(
    device: &StampedDevice,
    model: &Model,
    open: &dyn Fn(Input) -> bool,
    k: usize,
    random: &mut Random,
) -> Place {
    let mut place = Stamp::place(device);
    let mut draw = |input: Input, low: f64, high: f64, own: &mut f64| {
        let t = 0.5 * (random.symmetric() + 1.0);
        if open(input) {
            *own = single(if k == 0 { *own } else { low + t * (high - low) });
        }
    };
    let sizes = |of: fn(&Place) -> f64| {
        let sizes = model.spec.devices.iter().map(|d| of(&d.place));
        (sizes.clone().fold(f64::INFINITY, f64::min), sizes.fold(0.0, f64::max))
    };
    let (w, l) = (sizes(|p| p.w), sizes(|p| p.l));
    draw(Input::W, w.0, w.1, &mut place.w);
    draw(Input::L, l.0, l.1, &mut place.l);
    draw(Input::Temperature, 248.0, 398.0, &mut place.temperature);
    draw(Input::Speed, -1.0, 1.0, &mut place.speed);
    draw(Input::Skew, -1.0, 1.0, &mut place.skew);
    place
}

/// The nearest number that single precision has.
fn single(value: f64) -> f64 {
    f64::from(value as f32)
}

/// Knuth's 64-bit linear congruential generator.
struct Random(u64);

impl Random {
    /// Uniform in -1..1.
    fn symmetric(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        2.0 * ((self.0 >> 11) as f64 / (1u64 << 53) as f64) - 1.0
    }
}
