//! Devices whose current contradicts their geometry and multiplicity when compared with their siblings.
//!
//! Every device gives one number, its on-current per square at the strongest bias that its family has in
//! common, `y = ln(I L / (W mult))`. Over the distinct geometries of a family `y` is a smooth function;
//! it is fitted as `a + b ln L + c ln W + d (ln L)^2` with weights that fade for outliers (Tukey's biweight,
//! started from the median), and a device far from it is suspect. Where several sites share one geometry
//! they are compared with each other first.

use std::collections::BTreeMap;

use gummel_device::metrics::quantile;

use super::FlagOptions;
use crate::Flags;
use crate::block::Block;

/// Devices and geometries that a family needs before anything is said.
const FEWEST: (usize, usize) = (4, 2);
/// Geometries from which on the smooth function is fitted.
const FIT: usize = 6;

/// One device of a family.
struct Member {
    /// Indices of its blocks.
    blocks: Vec<usize>,
    ln_w: f64,
    ln_l: f64,
    /// Natural logarithm of the on-current per square.
    y: f64,
}

/// Flags the outliers of every family.
pub(super) fn flag_siblings(blocks: &mut [Block], options: &FlagOptions) {
    let mut families: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for (key, members) in devices(blocks) {
        families.entry(key).or_default().extend(members);
    }
    for members in families.values() {
        for k in outliers(members, options.siblings.ln()) {
            members[k].blocks.iter().for_each(|b| blocks[*b].flag_all(Flags::SIBLINGS));
        }
    }
}

/// Members by family, temperature (whole kelvin) and corner.
fn devices(blocks: &[Block]) -> BTreeMap<String, Vec<Member>> {
    let mut found: BTreeMap<(String, String), (Vec<usize>, Vec<(usize, f64)>)> = BTreeMap::new();
    for (k, block) in blocks.iter().enumerate() {
        let id = &block.identity;
        let judged = block.is_transistor() && id.w > 0.0 && id.l > 0.0 && !id.simulated;
        let broken = Flags::DEAD | Flags::SHORT | Flags::POLARITY | Flags::DUPLICATE;
        if !judged || block.flags.iter().any(|f| f.intersects(broken)) {
            continue;
        }
        let family = format!(
            "{}/{}/{:.0}/{}",
            id.technology,
            id.family,
            id.temperature,
            id.corner.as_deref().unwrap_or("")
        );
        let entry = found.entry((family, id.device.clone())).or_default();
        entry.0.push(k);
        entry.1.extend(on_current(block).map(|i| (k, i)));
    }
    let mut families: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for ((family, _), (members, currents)) in found {
        let Some((k, current)) = currents.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
        let id = &blocks[k].identity;
        families.entry(family).or_default().push(Member {
            blocks: members,
            ln_w: id.w.ln(),
            ln_l: id.l.ln(),
            y: (current * id.l / (id.w * id.mult)).ln(),
        });
    }
    families
}

/// The largest drain current of a block without body bias.
fn on_current(block: &Block) -> Option<f64> {
    let (id, vb) = (block.column("id")?, block.column("vb"));
    let vs = block.column("vs");
    let body = |i: usize| vb.map_or(0.0, |v| v[i]) - vs.map_or(0.0, |v| v[i]);
    let currents = (0..id.len()).filter(|i| !(body(*i).abs() > 0.05)).map(|i| id[i].abs());
    let largest = currents.filter(|i| i.is_finite()).fold(0.0f64, f64::max);
    (largest > 100.0 * block.floor).then_some(largest)
}

/// Indices of members that lie further than `limit` (natural logarithm) from their siblings.
fn outliers(members: &[Member], limit: f64) -> Vec<usize> {
    let mut geometries: BTreeMap<(i64, i64), Vec<usize>> = BTreeMap::new();
    let mut keys = Vec::with_capacity(members.len());
    for (k, m) in members.iter().enumerate() {
        let key = ((m.ln_w * 1e4).round() as i64, (m.ln_l * 1e4).round() as i64);
        geometries.entry(key).or_default().push(k);
        keys.push(key);
    }
    if members.len() < FEWEST.0 || geometries.len() < FEWEST.1 {
        return Vec::new();
    }
    let smooth = (geometries.len() >= FIT).then(|| fit(members)).flatten();
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
fn fit(members: &[Member]) -> Option<[f64; 4]> {
    let mut y: Vec<f64> = members.iter().map(|m| m.y).collect();
    let median = quantile(&mut y, 0.5);
    let mut residuals: Vec<f64> = members.iter().map(|m| m.y - median).collect();
    let mut coefficients = None;
    for _ in 0..30 {
        let mut sizes: Vec<f64> = residuals.iter().map(|r| r.abs()).collect();
        // Never sharper than 10 %: process spread is no outlier.
        let scale = (1.4826 * quantile(&mut sizes, 0.5)).max(0.1) * 4.685;
        let weight = |r: f64| if r.abs() < scale { (1.0 - (r / scale).powi(2)).powi(2) } else { 0.0 };
        let solved = solve(members, &residuals.iter().map(|r| weight(*r)).collect::<Vec<_>>())?;
        residuals = members.iter().map(|m| m.y - evaluate(solved, m)).collect();
        coefficients = Some(solved);
    }
    coefficients
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
    for i in 1..4 {
        a[i][i] += 0.1;
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
