//! Devices whose current contradicts their geometry and multiplicity when compared with their siblings.
//!
//! Every device gives one number, its on-current per square at the strongest bias that its family has in
//! common, `y = ln(I L / (W mult))`. Over the distinct geometries of a family `y` is a smooth function;
//! it is fitted as `a + b ln L + c ln W + d (ln L)^2` with weights that fade for outliers (Tukey's biweight),
//! from a start that outliers cannot pull: the line in `ln L` through two geometries with the least median
//! residual (Rousseeuw 1984). Devices count with weight `1 / mult`, because series resistance rules large
//! arrays. A device far from the function is suspect; where several sites share one geometry they are
//! compared with each other too.

use std::collections::BTreeMap;

use gummel_device::metrics::quantile;

use super::{FlagOptions, Summary};
use crate::Flags;
use crate::block::Block;

/// Devices and geometries that a family needs before anything is said.
const FEWEST: (usize, usize) = (4, 2);
/// Geometries from which on the smooth function is fitted.
const FIT: usize = 5;
/// Floors of current below which a device says nothing.
const SIGNAL: f64 = 100.0;
/// Geometries between which the first line is sought.
const STARTS: usize = 40;

/// One device of a family.
struct Member {
    /// Indices of its blocks.
    blocks: Vec<usize>,
    ln_w: f64,
    ln_l: f64,
    mult: f64,
    /// Natural logarithm of the on-current per square.
    y: f64,
}

/// Flags the outliers of every family.
pub(super) fn flag_siblings(summaries: &mut [Summary], options: &FlagOptions) {
    for members in families(summaries).values() {
        for k in outliers(members, options.siblings.ln()) {
            members[k].blocks.iter().for_each(|b| summaries[*b].found |= Flags::SIBLINGS);
        }
    }
}

/// Members by family, temperature (whole kelvin) and corner.
fn families(summaries: &[Summary]) -> BTreeMap<String, Vec<Member>> {
    let mut devices: BTreeMap<(String, &str), Vec<usize>> = BTreeMap::new();
    for (k, summary) in summaries.iter().enumerate() {
        let id = &summary.identity;
        let judged = summary.transistor && id.w > 0.0 && id.l > 0.0 && !id.simulated;
        let broken = Flags::DEAD | Flags::SHORT | Flags::POLARITY | Flags::DUPLICATE;
        if !judged || (summary.flags | summary.found).intersects(broken) {
            continue;
        }
        let corner = id.corner.as_deref().unwrap_or("");
        let family = format!("{}/{}/{:.0}/{corner}", id.technology, id.family, id.temperature);
        devices.entry((family, &id.device)).or_default().push(k);
    }
    let mut families: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for ((family, _), blocks) in devices {
        let clear = |s: &Summary| s.on_current.filter(|i| *i > SIGNAL * s.floor);
        let current = blocks.iter().filter_map(|k| clear(&summaries[*k])).fold(0.0, f64::max);
        if current > 0.0 {
            let id = &summaries[blocks[0]].identity;
            families.entry(family).or_default().push(Member {
                ln_w: id.w.ln(),
                ln_l: id.l.ln(),
                mult: id.mult,
                y: (current * id.l / (id.w * id.mult)).ln(),
                blocks,
            });
        }
    }
    families
}

/// The largest drain current of a block without body bias.
pub(super) fn on_current(block: &Block) -> Option<f64> {
    let (id, vb) = (block.column("id")?, block.column("vb"));
    let vs = block.column("vs");
    let body = |i: usize| vb.map_or(0.0, |v| v[i]) - vs.map_or(0.0, |v| v[i]);
    // A missing body voltage (NaN) is no body bias.
    let currents = (0..id.len()).filter(|i| body(*i).abs() <= 0.05 || body(*i).is_nan()).map(|i| id[i].abs());
    let largest = currents.filter(|i| i.is_finite()).fold(0.0f64, f64::max);
    (largest > 0.0).then_some(largest)
}

/// Members by rounded logarithms of width and length.
type Geometries = BTreeMap<(i64, i64), Vec<usize>>;

/// Indices of members that lie further than `limit` (natural logarithm) from their siblings.
fn outliers(members: &[Member], limit: f64) -> Vec<usize> {
    let mut geometries = Geometries::new();
    let mut keys = Vec::with_capacity(members.len());
    for (k, m) in members.iter().enumerate() {
        let key = ((m.ln_w * 1e4).round() as i64, (m.ln_l * 1e4).round() as i64);
        geometries.entry(key).or_default().push(k);
        keys.push(key);
    }
    if members.len() < FEWEST.0 || geometries.len() < FEWEST.1 {
        return Vec::new();
    }
    let smooth = (geometries.len() >= FIT).then(|| fit(members, &geometries)).flatten();
    (0..members.len())
        .filter(|k| {
            let expected = smooth.map(|c| evaluate(c, &members[*k]));
            let others: Vec<f64> =
                geometries[&keys[*k]].iter().filter(|o| *o != k).map(|o| members[*o].y).collect();
            let far = |from: f64| (members[*k].y - from).abs() > limit;
            let same = others.len() >= 2;
            let twin = same.then(|| quantile(&mut others.clone(), 0.5));
            match (twin, expected) {
                // Twins that all deviate in the same way (one test module) do not vouch for each other.
                (Some(twin), Some(expected)) => {
                    far(expected) && (far(twin) || (twin - expected).abs() > limit)
                }
                (Some(twin), None) => far(twin),
                (None, Some(expected)) => far(expected),
                (None, None) => false,
            }
        })
        .collect()
}

/// Coefficients of 1, ln L, ln W, (ln L)^2 by iteratively reweighted least squares.
fn fit(members: &[Member], geometries: &Geometries) -> Option<[f64; 4]> {
    let mut coefficients = first_line(members, geometries)?;
    for _ in 0..30 {
        let residuals: Vec<f64> = members.iter().map(|m| m.y - evaluate(coefficients, m)).collect();
        // Never sharper than 10 %: process spread is no outlier.
        let scale = (1.4826 * median_size(members, &residuals)).max(0.1) * 4.685;
        let weight = |r: f64| if r.abs() < scale { (1.0 - (r / scale).powi(2)).powi(2) } else { 0.0 };
        let weights: Vec<f64> = residuals.iter().zip(members).map(|(r, m)| weight(*r) / m.mult).collect();
        coefficients = solve(members, &weights)?;
    }
    Some(coefficients)
}

/// The line in ln L through the medians of two geometries that leaves the least median residual.
fn first_line(members: &[Member], geometries: &Geometries) -> Option<[f64; 4]> {
    let every = geometries.len().div_ceil(STARTS);
    let centres: Vec<(f64, f64)> = geometries
        .values()
        .step_by(every)
        .map(|group| {
            let mut y: Vec<f64> = group.iter().map(|k| members[*k].y).collect();
            (features(&members[group[0]])[1], quantile(&mut y, 0.5))
        })
        .collect();
    let mut best: Option<(f64, [f64; 4])> = None;
    for (i, (l0, y0)) in centres.iter().enumerate() {
        for (l1, y1) in &centres[..i] {
            // Two geometries of nearly one length make a level line.
            let slope = if (l1 - l0).abs() > 0.5 { (y1 - y0) / (l1 - l0) } else { 0.0 };
            let line = [y0 - slope * l0, slope, 0.0, 0.0];
            let residuals: Vec<f64> = members.iter().map(|m| m.y - evaluate(line, m)).collect();
            let size = median_size(members, &residuals);
            if best.is_none_or(|(b, _)| size < b) {
                best = Some((size, line));
            }
        }
    }
    best.map(|(_, line)| line)
}

/// Median of the magnitudes of `residuals`, weighted by `1 / mult`.
fn median_size(members: &[Member], residuals: &[f64]) -> f64 {
    let mut sizes: Vec<(f64, f64)> =
        residuals.iter().zip(members).map(|(r, m)| (r.abs(), 1.0 / m.mult)).collect();
    sizes.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = sizes.iter().map(|(_, w)| w).sum::<f64>() / 2.0;
    let mut sum = 0.0;
    let middle = sizes.iter().find(|(_, w)| {
        sum += w;
        sum >= half
    });
    middle.map_or(0.0, |(r, _)| *r)
}

fn features(m: &Member) -> [f64; 4] {
    // Centred on a micrometre, so that the normal equations are well conditioned.
    let (l, w) = (m.ln_l + 13.8155, m.ln_w + 13.8155);
    [1.0, l, w, l * l]
}

fn evaluate(c: [f64; 4], m: &Member) -> f64 {
    features(m).iter().zip(c).map(|(f, c)| f * c).sum()
}

/// Weighted least squares with a slight ridge, by Cholesky factorisation of the 4 x 4 normal matrix.
fn solve(members: &[Member], weights: &[f64]) -> Option<[f64; 4]> {
    let mut a = [[0.0; 4]; 4];
    let mut b = [0.0; 4];
    for (m, w) in members.iter().zip(weights) {
        let f = features(m);
        for i in 0..4 {
            b[i] += w * f[i] * m.y;
            for j in 0..4 {
                a[i][j] += w * f[i] * f[j];
            }
        }
    }
    for (i, row) in a.iter_mut().enumerate().skip(1) {
        row[i] += 0.1;
    }
    let mut l = [[0.0; 4]; 4];
    for i in 0..4 {
        for j in 0..=i {
            let sum: f64 = a[i][j] - (0..j).map(|k| l[i][k] * l[j][k]).sum::<f64>();
            if i == j {
                if sum <= 0.0 {
                    return None;
                }
                l[i][i] = sum.sqrt();
            } else {
                l[i][j] = sum / l[j][j];
            }
        }
    }
    let mut x = [0.0; 4];
    for i in 0..4 {
        x[i] = (b[i] - (0..i).map(|k| l[i][k] * x[k]).sum::<f64>()) / l[i][i];
    }
    for i in (0..4).rev() {
        x[i] = (x[i] - (i + 1..4).map(|k| l[k][i] * x[k]).sum::<f64>()) / l[i][i];
    }
    Some(x)
}
