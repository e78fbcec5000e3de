//! Along which voltage neighbouring readings are compared: that of the sweep and, where only one voltage was swept over a grid, now
//! and then the other.
//!
//! gm and gds are in the loss through differences along curves. A table of output curves at many gate voltages has no transfer curve, so
//! nothing would hold gm; but its readings at one drain voltage are one. Every other plane of held voltages is taken that way:
//! each slope counts in half of the planes, at no more cost.

use std::collections::{BTreeMap, BTreeSet};

use gummel_data::DeviceData;
use gummel_device::Terminal;

/// Fewest readings along the other voltage.
const FEWEST: usize = 3;

/// `rows` of `device`, which share a temperature, in an order in which neighbours belong together, and whether each is
/// compared with the next.
pub(crate) fn ordered(device: &DeviceData, rows: Vec<usize>) -> (Vec<usize>, Vec<bool>) {
    let planes = crossed(device, &rows);
    let crossed: BTreeSet<usize> = planes.iter().flatten().flatten().copied().collect();
    let swept: Vec<usize> = rows.into_iter().filter(|p| !crossed.contains(p)).collect();
    let follows = |k: usize| swept.get(k + 1).is_some_and(|next| device.curve[swept[k]] == device.curve[*next]);
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
    let distinct =
        |line: &Vec<usize>| line.windows(2).all(|w| fine(along(device, other, w[0])) < fine(along(device, other, w[1])));
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
