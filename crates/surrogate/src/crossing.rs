//! Along which voltage neighbouring readings are compared: that of the sweep and, where only one voltage was swept over a grid, now
//! and then the other.
//!
//! gm and gds are in the loss through differences along curves. A table of output curves at many gate voltages has no transfer curve, so
//! nothing would hold gm; but its readings at one drain voltage are one. Every other plane of held voltages is taken that way:
//! each slope counts in half of the planes, at no more cost.

use std::collections::{BTreeMap, BTreeSet};

use gummel_data::DeviceData;
use gummel_device::Terminal;

/// Fewest readings along a voltage that was not swept which tell of the slope: a few widely spaced ones say more along the sweep.
pub(crate) const FEWEST: usize = 8;

/// `rows` of `device`, which share a temperature, in an order in which neighbours belong together, and whether each is
/// compared with the next.
pub(crate) fn ordered(device: &DeviceData, rows: Vec<usize>) -> (Vec<usize>, Vec<bool>) {
    let planes = crossed(device, &rows);
    let crossed: BTreeSet<usize> = planes.iter().flatten().flatten().copied().collect();
    let swept: Vec<usize> = rows.into_iter().filter(|p| !crossed.contains(p)).collect();
    let follows =
        |k: usize| swept.get(k + 1).is_some_and(|next| device.curve[swept[k]] == device.curve[*next]);
    let mut linked: Vec<bool> = (0..swept.len()).map(follows).collect();
    let mut order = swept;
    for line in planes.into_iter().flatten() {
        linked.extend((1..=line.len()).map(|k| k < line.len()));
        order.extend(line);
    }
    (order, linked)
}

/// Lines along the voltage that was never swept, plane by plane, of every other plane of `rows`.
fn crossed(device: &DeviceData, rows: &[usize]) -> Vec<Vec<Vec<usize>>> {
    let Some(other) = never_swept(device) else { return Vec::new() };
    let plane = |p: usize| {
        let bias = device.bias_at(p);
        [device.temperature[p].to_bits() as i64, fine(bias.vb - bias.vs)]
    };
    // Ranks over the whole device, so that planes at different temperatures alternate too.
    let ranks = |k: usize| -> BTreeMap<i64, usize> {
        let values: BTreeSet<i64> = (0..device.len()).map(|p| plane(p)[k]).collect();
        values.into_iter().enumerate().map(|(rank, value)| (value, rank)).collect()
    };
    let (kelvin, bulk) = (ranks(0), ranks(1));
    let odd = |p: &usize| {
        let [t, b] = plane(*p);
        (kelvin[&t] + bulk[&b]) % 2 == 1
    };
    let mut planes: BTreeMap<i64, BTreeMap<[i64; 2], Vec<usize>>> = BTreeMap::new();
    for &p in rows.iter().filter(|p| odd(p)) {
        let bias = device.bias_at(p);
        let held = if other == Terminal::Gate { bias.vd } else { bias.vg };
        planes.entry(plane(p)[1]).or_default().entry([fine(held), fine(bias.vs)]).or_default().push(p);
    }
    let lines = planes.into_values().map(|lines| {
        let lines = lines.into_values().map(|mut line| {
            line.sort_by(|a, b| along(device, other, *a).total_cmp(&along(device, other, *b)));
            line
        });
        lines.collect::<Vec<_>>()
    });
    // A plane with few values of the other voltage says more along the one that was swept; so does one with repeated readings.
    let distinct = |line: &Vec<usize>| {
        line.windows(2).all(|w| fine(along(device, other, w[0])) < fine(along(device, other, w[1])))
    };
    lines.filter(|lines| lines.iter().all(|l| l.len() >= FEWEST && distinct(l))).collect()
}

/// The one of gate and drain along which no curve of `device` runs, if it is one.
fn never_swept(device: &DeviceData) -> Option<Terminal> {
    let swept = |terminal| device.curves.iter().any(|c| c.swept == terminal);
    match (swept(Terminal::Gate), swept(Terminal::Drain)) {
        (false, true) => Some(Terminal::Gate),
        (true, false) => Some(Terminal::Drain),
        _ => None,
    }
}

/// Voltage of `terminal` at row `p`, V.
fn along(device: &DeviceData, terminal: Terminal, p: usize) -> f64 {
    let bias = device.bias_at(p);
    if terminal == Terminal::Gate { bias.vg } else { bias.vd }
}

/// In tenths of a millivolt: finer differences are read-back noise.
fn fine(v: f64) -> i64 {
    (v * 1e4).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made_up;

    const DRAIN: usize = 4;

    /// Drain sweeps at `gates` gate and two bulk voltages, at two temperatures; `transfer` adds one gate sweep.
    fn device(gates: usize, transfer: bool) -> DeviceData {
        let mut curves: Vec<made_up::Points> = Vec::new();
        for (kelvin, vb) in [(300.0, 0.0), (300.0, -1.0), (400.0, 0.0), (400.0, -1.0)] {
            for g in 0..gates {
                let points = (0..DRAIN).map(|d| [0.3 * d as f64, 0.2 * g as f64, 0.0, vb]);
                curves.push((Terminal::Drain, kelvin, points.collect()));
            }
        }
        if transfer {
            let points = (0..3).map(|g| [0.1, 0.5 * g as f64, 0.0, 0.0]);
            curves.push((Terminal::Gate, 300.0, points.collect()));
        }
        made_up::device(&curves)
    }

    fn rows(device: &DeviceData, kelvin: f64) -> Vec<usize> {
        (0..device.len()).filter(|p| device.temperature[*p] == kelvin).collect()
    }

    /// Linked readings, as steps of drain, gate and bulk voltage, V, at the bulk voltage of the first.
    fn steps(device: &DeviceData, kelvin: f64) -> Vec<([f64; 3], f64)> {
        let (order, linked) = ordered(device, rows(device, kelvin));
        assert_eq!(
            order.iter().copied().collect::<BTreeSet<_>>(),
            rows(device, kelvin).into_iter().collect()
        );
        assert_eq!(order.len(), linked.len());
        let pairs = (0..order.len()).filter(|k| linked[*k]).map(|k| (order[k], order[k + 1]));
        pairs
            .map(|(p, q)| {
                let (a, b) = (device.bias_at(p), device.bias_at(q));
                ([b.vd - a.vd, b.vg - a.vg, b.vb - a.vb], a.vb)
            })
            .collect()
    }

    #[test]
    fn every_other_plane_of_a_grid_is_taken_along_the_other_voltage() {
        let device = device(9, false);
        for (kelvin, across) in [(300.0, 0.0), (400.0, -1.0)] {
            let steps = steps(&device, kelvin);
            let near = |found: f64, expected: f64| (found - expected).abs() < 1e-9;
            for ([vd, vg, vb], at) in &steps {
                let expected = if *at == across { [0.0, 0.2] } else { [0.3, 0.0] };
                assert!(
                    near(*vd, expected[0]) && near(*vg, expected[1]) && *vb == 0.0,
                    "{vd} {vg} {vb} at {at}"
                );
            }
            assert_eq!(steps.len(), DRAIN * 8 + 9 * (DRAIN - 1));
        }
    }

    #[test]
    fn sweeps_stay_as_they_are_where_both_voltages_were_swept_or_there_are_few() {
        for device in [device(9, true), device(7, false)] {
            for kelvin in [300.0, 400.0] {
                let (order, linked) = ordered(&device, rows(&device, kelvin));
                assert_eq!(order, rows(&device, kelvin));
                let same = |k: usize| device.curve.get(order[k] + 1) == Some(&device.curve[order[k]]);
                assert!((0..order.len()).all(|k| linked[k] == same(k)));
            }
        }
    }
}
