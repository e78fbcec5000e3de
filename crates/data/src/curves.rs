//! Which rows make one curve: one voltage swept, all others held.

use std::ops::Range;

/// Steps of a held voltage up to this many volts are read-back noise.
const HELD_TOLERANCE: f64 = 2e-4;

/// Ranges of equal neighbours in a list of curve numbers.
pub(crate) fn ranges(curve: &[u32]) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    for i in 1..=curve.len() {
        if i == curve.len() || curve[i] != curve[start] {
            ranges.push(start..i);
            start = i;
        }
    }
    ranges
}

/// Numbers curves, from `first` on, in rows whose format does not mark them.
///
/// A curve goes on while the same voltage (or the same set of coupled voltages) moves in the same
/// direction and nothing else does.
pub(crate) fn detect(columns: &[(String, Vec<f64>)], rows: usize, first: u32) -> Vec<u32> {
    let stimuli: Vec<&[f64]> =
        columns.iter().filter(|(n, _)| is_stimulus(n)).map(|(_, v)| v.as_slice()).collect();
    let moved = |row: usize| -> u64 {
        let differs = |v: &&[f64]| (v[row] - v[row - 1]).abs() > HELD_TOLERANCE;
        stimuli.iter().take(64).enumerate().filter(|(_, v)| differs(v)).map(|(k, _)| 1u64 << k).sum()
    };
    let step = |row: usize, set: u64| {
        let v = stimuli[set.trailing_zeros() as usize];
        v[row] - v[row - 1]
    };
    let mut curve = Vec::with_capacity(rows);
    let (mut number, mut swept, mut direction) = (first, 0u64, 0.0f64);
    for row in 0..rows {
        let set = if row == 0 { 0 } else { moved(row) };
        if set != 0 {
            let coupled = set.count_ones() == 1 || (row + 1 < rows && moved(row + 1) == set);
            if swept == 0 && coupled {
                swept = set;
                direction = step(row, set).signum();
            } else if swept == 0 || set != swept || step(row, set) * direction < 0.0 {
                number += 1;
                swept = 0;
            }
        }
        curve.push(number);
    }
    curve
}

/// `idvg`, `idvd`, `idvb` or `iv` after the voltage that moves inside most curves (or is named in `swept`).
pub(crate) fn name_sweep(columns: &[(String, Vec<f64>)], curve: &[u32], swept: Option<&str>) -> String {
    let moves = |v: &[f64]| {
        ranges(curve)
            .into_iter()
            .filter(|r| v[r.start] != v[r.end - 1] || r.len() > 2 && v[r.start] != v[r.start + 1])
            .count()
    };
    let most = columns.iter().filter(|(n, _)| is_stimulus(n)).max_by_key(|(_, v)| moves(v));
    let swept = swept.or(most.map(|(n, _)| n.as_str()));
    let transistor = ["vg", "vd", "id"].iter().all(|c| columns.iter().any(|(n, _)| n == c));
    match swept {
        Some("vg") if transistor => "idvg",
        Some("vd") if transistor => "idvd",
        Some("vb") if transistor => "idvb",
        _ if columns.iter().any(|(n, _)| n.starts_with('c')) => "cv",
        _ => "iv",
    }
    .to_owned()
}

/// Voltages and frequencies are stimuli; everything else is a response.
fn is_stimulus(name: &str) -> bool {
    (name.starts_with('v') && name.len() <= 4) || name.starts_with("freq")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curves_of(columns: &[(&str, &[f64])]) -> Vec<u32> {
        let owned: Vec<(String, Vec<f64>)> =
            columns.iter().map(|(n, v)| ((*n).to_owned(), v.to_vec())).collect();
        detect(&owned, columns[0].1.len(), 0)
    }

    #[test]
    fn nested_serpentine_mixed_and_coupled_sweeps() {
        let nested = curves_of(&[("vd", &[0., 1., 2., 0., 1., 2.]), ("vg", &[1., 1., 1., 2., 2., 2.])]);
        assert_eq!(nested, [0, 0, 0, 1, 1, 1]);
        let serpentine = curves_of(&[("vd", &[0., 1., 2., 2., 1., 0.]), ("vg", &[1., 1., 1., 2., 2., 2.])]);
        assert_eq!(serpentine, [0, 0, 0, 1, 1, 1]);
        let dual = curves_of(&[("vg", &[0., 1., 2., 2., 1., 0.])]);
        assert_eq!(dual, [0, 0, 0, 0, 1, 1]);
        let mixed = curves_of(&[("vd", &[1., 1., 1., 0., 1., 2.]), ("vg", &[0., 1., 2., 1., 1., 1.])]);
        assert_eq!(mixed, [0, 0, 0, 1, 1, 1]);
        let coupled = curves_of(&[("vb", &[0., 1., 2., 0., 1., 2.]), ("vc", &[1., 2., 3., 2., 3., 4.])]);
        assert_eq!(coupled, [0, 0, 0, 1, 1, 1]);
        let noisy = curves_of(&[("vg", &[0., 1., 2.]), ("vd", &[0.1, 0.10005, 0.1])]);
        assert_eq!(noisy, [0, 0, 0]);
    }
}
