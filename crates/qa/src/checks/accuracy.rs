//! Accuracy against measurement, sweep by sweep: strong currents, decades, slopes.
//!
//! The metrics are those of [`gummel_device::metrics`]; here the worst sweep counts, not the mean of all.

use gummel_device::curve::gradient;
use gummel_device::metrics::{StrongSet, current_errors, rel_l2};
use gummel_device::{Curve, Quantity, Sweep, Terminal};

use crate::device::{B, G};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

/// A measured sweep with the model's currents along it, both of the n-channel mirror.
struct Pair<'a> {
    curve: &'a Curve,
    vds: Vec<f64>,
    measured: Vec<f64>,
    modelled: Vec<f64>,
}

/// Relative rms error of the strong currents of the worst sweep.
pub(super) fn strong(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    worst(scene, bound, |p| errors(scene, p).rel_rms)
}

/// Rms error in decades of the worst sweep.
pub(super) fn decades(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    worst(scene, bound, |p| errors(scene, p).log10_rms)
}

/// Rms error in decades of the gate and bulk current along the worst sweep, above ten noise floors.
pub(super) fn leakage(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    if scene.measured.is_empty() {
        return Ok(nothing());
    }
    let mut worst = Worst::under(bound);
    let mut flows = false;
    let mut names = Vec::new();
    let mut picture = None;
    for curve in &scene.measured {
        let terminal = match curve.quantity {
            Quantity::Ig => G,
            Quantity::Ib => B,
            _ => continue,
        };
        let volts: Vec<_> = curve.sweep.biases().map(|b| b.to_array()).collect();
        let modelled = scene.currents(&volts)?;
        flows |= modelled.iter().any(|i| i[terminal] != 0.0);
        let believed = (0..volts.len()).filter(|k| curve.values[*k].abs() > scene.credible());
        let errors: Vec<(usize, f64)> = believed
            // A current of the wrong sign is not near in decades.
            .map(|k| (k, (modelled[k][terminal] / curve.values[k]).max(1e-12).log10()))
            .collect();
        if let Some((far, _)) = errors.iter().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs())) {
            let rms = (errors.iter().map(|e| e.1 * e.1).sum::<f64>() / errors.len() as f64).sqrt();
            if worst.see(rms, volts[*far]) {
                let sizes = |i: &[f64]| i.iter().map(|i| i.abs()).collect::<Vec<_>>();
                let modelled: Vec<f64> = modelled.iter().map(|i| i[terminal]).collect();
                let label =
                    if terminal == G { "size of gate current (A)" } else { "size of bulk current (A)" };
                let shown = against(&curve.sweep, label, &sizes(&curve.values), &sizes(&modelled));
                picture = Some(Picture { log: true, ..shown });
            }
            names.push(curve.quantity.column());
        }
    }
    names.sort_unstable();
    names.dedup();
    Ok(match (flows, names.is_empty()) {
        (_, true) => {
            Outcome::NotTested("no gate or bulk current above ten noise floors was measured".to_owned())
        }
        (false, _) => Outcome::NotModelled("gate and bulk carry no current in this model".to_owned()),
        _ => worst.outcome(names.join(", "), picture),
    })
}

/// Relative L2 error of gm over all gate sweeps and of gds over all drain sweeps, the larger of the two.
pub(super) fn slopes(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let pairs = pairs(scene)?;
    if pairs.is_empty() {
        return Ok(nothing());
    }
    let set = strong_set(scene);
    let mut worst = Worst::under(bound);
    let mut parts = Vec::new();
    let mut picture = None;
    for (swept, name) in [(Terminal::Gate, "gm"), (Terminal::Drain, "gds")] {
        let (mut measured, mut modelled) = (Vec::new(), Vec::new());
        let mut at = None;
        let mut farthest = (f64::NEG_INFINITY, None);
        for p in pairs.iter().filter(|p| p.curve.sweep.swept == swept && p.measured.len() > 2) {
            let slope = |y: &[f64]| gradient(&p.curve.sweep.values, y);
            let (m, s) = (slope(&p.measured), slope(&p.modelled));
            let mut apart = 0.0;
            for i in 1..m.len() - 1 {
                if set.contains(p.measured[i], p.vds[i]) {
                    measured.push(m[i]);
                    modelled.push(s[i]);
                    apart += (s[i] - m[i]).powi(2);
                    at.get_or_insert(p.curve.sweep.bias(i).to_array());
                }
            }
            if apart > farthest.0 {
                // Of the n-channel mirror the current has turned, but not the voltage.
                let signed = |g: &[f64]| g.iter().map(|g| scene.device.sign() * g).collect::<Vec<_>>();
                let shown = against(&p.curve.sweep, &format!("{name} (S)"), &signed(&m), &signed(&s));
                farthest = (apart, Some(shown));
            }
        }
        let error = rel_l2(&measured, &modelled);
        if let (Some(at), true) = (at, !error.is_nan()) {
            parts.push(format!("{name} {:.2} %", 100.0 * error));
            if worst.see(error, at) {
                picture = farthest.1;
            }
        }
    }
    Ok(worst.outcome(parts.join(", "), picture))
}

fn worst(scene: &Scene<'_>, bound: Bound, metric: impl Fn(&Pair<'_>) -> f64) -> Result<Outcome, QaError> {
    let pairs = pairs(scene)?;
    if pairs.is_empty() {
        return Ok(nothing());
    }
    let mut worst = Worst::under(bound);
    let mut shown = None;
    for p in &pairs {
        // A sweep that has no error, for nothing of it is strong, is passed over; one whose currents are no numbers is not.
        let error = if p.modelled.iter().all(|i| i.is_finite()) { metric(p) } else { f64::INFINITY };
        // The bias named is the one of the sweep's largest absolute error.
        let far =
            (0..p.measured.len()).max_by(|a, b| deviation(p, *a).total_cmp(&deviation(p, *b))).unwrap_or(0);
        if !error.is_nan() && worst.see(error, p.curve.sweep.bias(far).to_array()) {
            shown = Some(p);
        }
    }
    let remark = format!("{} sweeps", pairs.len());
    Ok(worst.outcome(remark, shown.map(picture)))
}

fn deviation(p: &Pair<'_>, i: usize) -> f64 {
    (p.modelled[i] - p.measured[i]).abs()
}

fn picture(p: &Pair<'_>) -> Picture {
    against(&p.curve.sweep, "drain current (A)", &p.measured, &p.modelled)
}

/// Measured and modelled values over what was swept.
pub(super) fn against(sweep: &Sweep, y: &str, measured: &[f64], modelled: &[f64]) -> Picture {
    let mut picture = Picture::new(&format!("V{} (V)", sweep.swept.letter()), y);
    picture.add_points("measured", sweep.values.iter().copied().zip(measured.iter().copied()));
    picture.add("model", &sweep.values, modelled);
    picture
}

fn errors(scene: &Scene<'_>, p: &Pair<'_>) -> gummel_device::metrics::CurrentErrors {
    current_errors(&p.measured, &p.modelled, &p.vds, strong_set(scene), scene.nominal.floor)
}

fn strong_set(scene: &Scene<'_>) -> StrongSet {
    let polarity =
        if scene.device.sign() > 0.0 { gummel_device::Polarity::N } else { gummel_device::Polarity::P };
    StrongSet::new(scene.nominal.geometry, polarity, scene.nominal.floor)
}

fn pairs<'a>(scene: &'a Scene<'_>) -> Result<Vec<Pair<'a>>, QaError> {
    let sign = scene.device.sign();
    scene
        .measured
        .iter()
        .filter(|curve| curve.quantity == Quantity::Id)
        .map(|curve| {
            let biases: Vec<_> = curve.sweep.biases().collect();
            let volts: Vec<_> = biases.iter().map(|b| b.to_array()).collect();
            Ok(Pair {
                curve,
                vds: biases.iter().map(|b| sign * b.vds()).collect(),
                measured: curve.values.iter().map(|i| sign * i).collect(),
                modelled: scene.id(&volts)?,
            })
        })
        .collect()
}

fn nothing() -> Outcome {
    Outcome::NotTested("no measured sweeps under this condition (give them with --data)".to_owned())
}
