//! Transconductance efficiency gm/id: its plateau, its tree-top shape, the subthreshold swing.
//!
//! A barrier controlled by the gate cannot pass current that rises faster than `exp(q vgs / kT)`, hence
//! `gm/id <= q/kT` and a swing of at least `ln(10) kT/q` per decade. Above its plateau in weak inversion
//! gm/id falls with vgs.

use crate::device::{D, G, Volts};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

/// gm/id along a gate sweep, where the current is credible.
struct Efficiency {
    vgs: Vec<f64>,
    id: Vec<f64>,
    ratio: Vec<f64>,
    biases: Vec<Volts>,
}

fn along(scene: &Scene<'_>, vds: f64) -> Result<Efficiency, QaError> {
    let all = Scene::steps(scene.vgs(), 201);
    let biases: Vec<Volts> = all.iter().map(|g| scene.bias(*g, vds, 0.0)).collect();
    let (id, g) = (scene.id(&biases)?, scene.conductances(&biases)?);
    let mut out = Efficiency { vgs: vec![], id: vec![], ratio: vec![], biases: vec![] };
    // From the last incredible current upwards: below it leakage has a slope of its own.
    let first = id.iter().rposition(|i| i.is_nan() || *i < scene.credible()).map_or(0, |i| i + 1);
    for i in first..all.len() {
        out.vgs.push(all[i]);
        out.id.push(id[i]);
        out.ratio.push(g[i][D][G] / id[i]);
        out.biases.push(biases[i]);
    }
    Ok(out)
}

fn drains(scene: &Scene<'_>) -> [f64; 2] {
    [0.05, scene.vds_max()]
}

fn picture(curves: &[(f64, Vec<f64>, Vec<f64>)], y: &str) -> Picture {
    let mut picture = Picture::new("vgs (V)", y);
    for (vds, x, y) in curves {
        picture.add(format!("vds = {vds:.2} V"), x, y);
    }
    picture
}

/// Largest gm/id in units of q/kT.
pub(super) fn plateau(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let mut worst = Worst::under(bound);
    let mut curves = Vec::new();
    for vds in drains(scene) {
        let e = along(scene, vds)?;
        let scaled: Vec<f64> = e.ratio.iter().map(|r| r * scene.thermal_voltage()).collect();
        for (r, b) in scaled.iter().zip(&e.biases) {
            worst.see(*r, *b);
        }
        curves.push((vds, e.vgs, scaled));
    }
    let slope = 1.0 / worst.number;
    let remark = format!("slope factor n >= {slope:.2}");
    Ok(worst.outcome(remark, Some(picture(&curves, "gm/id over q/kT"))))
}

/// Largest rise of gm/id with vgs once it has left its plateau, over the plateau.
pub(super) fn tree_top(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let mut worst = Worst::under(bound);
    let mut curves = Vec::new();
    for vds in drains(scene) {
        let e = along(scene, vds)?;
        let top = e.ratio.iter().copied().fold(f64::MIN, f64::max);
        let start = e.ratio.iter().position(|r| *r == top).unwrap_or(0);
        let mut lowest = top;
        for (r, b) in e.ratio.iter().zip(&e.biases).skip(start) {
            lowest = lowest.min(*r);
            worst.see((r - lowest) / top, *b);
        }
        curves.push((vds, e.vgs, e.ratio));
    }
    Ok(worst.outcome("rise above the plateau", Some(picture(&curves, "gm/id (1/V)"))))
}

/// Smallest swing over half a decade of current, in units of ln(10) kT/q.
pub(super) fn swing(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let mut worst = Worst::under(bound);
    let mut curves = Vec::new();
    let ideal = std::f64::consts::LN_10 * scene.thermal_voltage();
    for vds in drains(scene) {
        let e = along(scene, vds)?;
        let (mut x, mut y) = (Vec::new(), Vec::new());
        let mut j = 0;
        for i in 0..e.id.len() {
            while j < e.id.len() && e.id[j] < e.id[i] * 10f64.sqrt() {
                j += 1;
            }
            if j == e.id.len() {
                break;
            }
            let swing = (e.vgs[j] - e.vgs[i]) / (e.id[j] / e.id[i]).log10() / ideal;
            worst.see(swing, e.biases[i]);
            x.push(e.vgs[i]);
            y.push(1e3 * swing * ideal);
        }
        curves.push((vds, x, y));
    }
    let remark =
        format!("{:.1} mV per decade, limit of physics {:.1}", 1e3 * worst.number * ideal, 1e3 * ideal);
    Ok(worst.outcome(remark, Some(picture(&curves, "swing (mV per decade)"))))
}
