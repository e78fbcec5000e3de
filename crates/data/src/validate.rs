//! Marks doubtful points; rows are flagged, never dropped.

mod floor;

use gummel_device::Polarity;

use crate::block::Block;

pub(crate) use floor::{estimate as estimate_floor, fill_in as fill_in_floors};

/// The polarity with which a device conducts: n when the large currents lie at high gate voltages.
///
/// Compares the mean gate voltage of the points above half of the largest current with that of the
/// points below a tenth of it. `None` without gate dependence.
pub(crate) fn conducts_as(vg: &[f64], id: &[f64]) -> Option<Polarity> {
    let peak = id.iter().filter(|i| i.is_finite()).fold(0.0f64, |a, i| a.max(i.abs()));
    let mean = |keep: &dyn Fn(f64) -> bool| {
        let (sum, n) = vg
            .iter()
            .zip(id)
            .filter(|(v, i)| v.is_finite() && i.is_finite() && keep(i.abs()))
            .fold((0.0, 0usize), |(s, n), (v, _)| (s + v, n + 1));
        (n > 0).then(|| sum / n as f64)
    };
    let on = mean(&|i| i >= 0.5 * peak)?;
    let off = mean(&|i| i < 0.1 * peak)?;
    let difference = on - off;
    if difference.abs() < 0.05 {
        return None;
    }
    Some(if difference > 0.0 { Polarity::N } else { Polarity::P })
}

/// Validation inside one file.
pub(crate) fn validate_block(block: &mut Block) {
    if !block.is_transistor() {
        return;
    }
    block.floor = estimate_floor(block).unwrap_or(f64::NAN);
}

/// Validation that compares files with each other.
pub(crate) fn validate_across(blocks: &mut [Block]) {
    fill_in_floors(blocks);
}
