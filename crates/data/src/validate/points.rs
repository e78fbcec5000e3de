//! Checks of single points: clipped, not finite, below the floor, wrong sign, Kirchhoff's law.

use super::FlagOptions;
use crate::Flags;
use crate::block::Block;

/// Drain-source voltages up to this many volts may be offset of the instrument, V.
pub(super) const OFFSET: f64 = 0.02;
/// Floors of current from which on a sign is a statement.
const CLEAR: f64 = 5.0;
/// Floors by which the sum of four noisy channels may miss zero.
const SUM_NOISE: f64 = 100.0;
/// Accuracy of a source-measure unit relative to its range, which the largest current of a curve sets.
const RANGE: f64 = 1e-5;
/// Points of equal current that make a plateau.
const PLATEAU: usize = 5;

/// Flags currents at the compliance of their source, or, where no limit is known, on a plateau at a
/// round number that ends a curve.
pub(super) fn flag_clipped(block: &mut Block, options: &FlagOptions) {
    for (name, limit) in block.limits.clone() {
        let Some(column) = block.column(&name) else { continue };
        let clipped: Vec<usize> =
            (0..column.len()).filter(|i| column[*i].abs() >= options.compliance * limit).collect();
        clipped.into_iter().for_each(|i| block.flags[i] |= Flags::COMPLIANCE);
    }
    if !block.limits.is_empty() || block.identity.simulated {
        return;
    }
    let mut clipped = Vec::new();
    for (_, column) in block.columns.iter().filter(|(n, _)| n.starts_with('i') && n.len() == 2) {
        for range in block.curve_ranges() {
            clipped.extend(plateau(&column[range.clone()]).map(|i| range.start + i));
        }
    }
    clipped.into_iter().for_each(|i| block.flags[i] |= Flags::COMPLIANCE);
}

/// Indices at the end (or start) of a curve that share one round magnitude, the largest of the curve.
fn plateau(current: &[f64]) -> impl Iterator<Item = usize> {
    let peak = current.iter().fold(0.0f64, |a, i| a.max(i.abs()));
    let level = |i: &f64| (i.abs() - peak).abs() <= 1e-5 * peak;
    let behind = current.iter().rev().take_while(|i| level(i)).count();
    let before = current.iter().take_while(|i| level(i)).count();
    let decade = 10f64.powf(peak.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].iter().any(|m| (peak / decade - m).abs() < 0.005 * m);
    let real = round && peak > 0.0 && behind.max(before) < current.len();
    let (before, behind) = if real { (before, behind) } else { (0, 0) };
    let n = current.len();
    (0..n).filter(move |i| (before >= PLATEAU && *i < before) || (behind >= PLATEAU && *i >= n - behind))
}

/// Flags single points of a transistor.
pub(super) fn flag_points(block: &mut Block, options: &FlagOptions) {
    let (rows, floor) = (block.rows(), block.floor);
    let mut found = vec![Flags::NONE; rows];
    let (Some(id), Some(vd), Some(vg)) = (block.column("id"), block.column("vd"), block.column("vg")) else {
        return;
    };
    let vs = block.column("vs");
    let others = ["ig", "is", "ib"].map(|c| block.column(c));
    let mut range = vec![0.0f64; rows];
    for curve in block.curve_ranges() {
        let largest = id[curve.clone()].iter().filter(|i| i.is_finite()).fold(0.0f64, |a, i| a.max(i.abs()));
        range[curve].fill(largest);
    }
    for (i, flags) in found.iter_mut().enumerate() {
        if !(id[i].is_finite() && vd[i].is_finite() && vg[i].is_finite()) {
            *flags |= Flags::NON_FINITE;
            continue;
        }
        if id[i].abs() < floor {
            *flags |= Flags::BELOW_FLOOR;
        }
        let vds = vd[i] - vs.map_or(0.0, |v| v[i]);
        if vds.abs() > OFFSET && id[i] * vds < 0.0 && id[i].abs() > CLEAR * floor {
            *flags |= Flags::WRONG_SIGN;
        }
        if let [Some(ig), Some(is), Some(ib)] = others {
            let currents = [id[i], ig[i], is[i], ib[i]];
            let largest = currents.iter().fold(0.0f64, |a, c| a.max(c.abs()));
            let tolerance = options.kirchhoff * largest + SUM_NOISE * floor + RANGE * range[i];
            if currents.iter().sum::<f64>().abs() > tolerance {
                *flags |= Flags::KIRCHHOFF;
            }
        }
    }
    block.flags.iter_mut().zip(found).for_each(|(f, new)| *f |= new);
}
