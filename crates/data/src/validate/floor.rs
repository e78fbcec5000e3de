//! Noise floor of a file's currents, from the readings that can only be noise.
//!
//! Two witnesses: drain currents against the drain-source voltage (noise and offset of one instrument
//! channel, a lower bound), and the sum of all four terminal currents in the off state (noise of the
//! noisiest channel, an upper bound). `floor = q90(wrong sign)`, or the geometric mean of both 90 %
//! quantiles where all four currents were measured.

use gummel_device::metrics;
use std::collections::HashMap;

use super::Summary;
use super::points::OFFSET;
use crate::block::Block;

/// Floor of simulated currents, A.
const SIMULATED: f64 = 1e-13;
/// Floor of measured currents where no file of the technology tells, A.
const MEASURED: f64 = 1e-12;
/// Fewest readings that make a witness.
const WITNESSES: usize = 8;

/// Noise floor of the drain current, A; `None` when the file has too few readings that are only noise.
pub(super) fn estimate(block: &Block) -> Option<f64> {
    if block.identity.simulated {
        return Some(SIMULATED);
    }
    let (id, vd) = (block.column("id")?, block.column("vd")?);
    let vs = block.column("vs");
    let vds = |i: usize| vd[i] - vs.map_or(0.0, |v| v[i]);
    let mut wrong: Vec<f64> = (0..id.len())
        .filter(|i| vds(*i).abs() > OFFSET && id[*i] * vds(*i) < 0.0)
        .map(|i| id[i].abs())
        .collect();
    if wrong.len() < WITNESSES {
        return None;
    }
    let lower = metrics::quantile(&mut wrong, 0.9);
    let upper = kirchhoff_residual(block, lower);
    let floor = upper.map_or(lower, |u| (lower * u.max(lower)).sqrt());
    (floor > 0.0 && floor.is_finite()).then_some(floor)
}

/// 90 % quantile of the magnitude of the sum of terminal currents where the drain current is small.
fn kirchhoff_residual(block: &Block, floor: f64) -> Option<f64> {
    let [id, ig, is, ib] = ["id", "ig", "is", "ib"].map(|c| block.column(c));
    let (id, ig, is, ib) = (id?, ig?, is?, ib?);
    let off = |i: &usize| id[*i].abs() <= 100.0 * floor;
    let mut sums: Vec<f64> = (0..id.len())
        .filter(off)
        .map(|i| (id[i] + ig[i] + is[i] + ib[i]).abs())
        .filter(|s| s.is_finite())
        .collect();
    (sums.len() >= WITNESSES).then(|| metrics::quantile(&mut sums, 0.9))
}

/// Gives blocks without an estimate the median of their device's, else family's, else technology's files.
pub(super) fn fill_in(summaries: &mut [Summary]) {
    let mut known: HashMap<String, Vec<f64>> = HashMap::new();
    for summary in summaries.iter().filter(|s| s.floor > 0.0) {
        for key in keys(summary) {
            known.entry(key).or_default().push(summary.floor);
        }
    }
    let medians: HashMap<String, f64> =
        known.into_iter().map(|(k, mut v)| (k, metrics::quantile(&mut v, 0.5))).collect();
    for summary in summaries.iter_mut().filter(|s| s.floor.is_nan() && s.transistor) {
        let nearest = keys(summary).into_iter().find_map(|k| medians.get(&k).copied());
        summary.floor = nearest.unwrap_or(default_floor(summary.identity.simulated));
    }
}

/// Floor where nothing tells one, A.
pub(super) fn default_floor(simulated: bool) -> f64 {
    if simulated { SIMULATED } else { MEASURED }
}

/// Names of the groups a block belongs to, smallest first.
fn keys(summary: &Summary) -> [String; 3] {
    let id = &summary.identity;
    let family = format!("{}/{}", id.technology, id.family);
    [format!("{family}/{}", id.device), family, id.technology.clone()]
}
