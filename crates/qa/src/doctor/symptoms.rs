//! What the kernel says of a device at the biases where the simulator had it: range, signs, kinks.

use super::devices::{Device, Stage, Visit};
use super::{Cause, Finding};
use crate::Limits;
use crate::checks::kinks::{STEP, jumps};
use crate::device::Volts;

/// Part of a range by which a bias may leave it, and the least such distance, V: overshoot is no fault.
const SLACK: (f64, f64) = (0.1, 0.05);
/// Points of a scan over a range.
const SCAN: usize = 121;
/// Most biases of failed analyses through which scans are laid.
const LINES: usize = 24;

/// Voltage that no circuit of transistors has, V.
const ABSURD: f64 = 1e3;

/// Mirrored voltages in the order of a device's range.
const NAMES: [&str; 3] = ["vgs", "vds", "vbs"];

/// Biases outside what the device was fitted to, solutions or starts of transients.
pub(super) fn range(device: &Device, stage: Stage, limits: &Limits) -> Option<Finding> {
    let visits = device.visits.iter().filter(|v| v.stage == stage);
    let far: Vec<(&Visit, f64, usize)> = visits
        .map(|v| (v, excess(device, device.forward(v.volts))))
        .filter(|(_, e)| e.0 > 1.0)
        .map(|(v, e)| (v, e.0, e.1))
        .collect();
    let (worst, _, k) = far.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    let found = device.forward(worst.volts)[*k];
    let [low, high] = device.range[*k];
    let name = NAMES[*k];
    let shown = volts(found);
    let falling = !negative(device, device.forward(worst.volts), limits).is_empty();
    let beside = if falling { ", where a conductance is negative" } else { "" };
    let evidence = format!(
        "{name} = {shown} V, fitted from {low:.3} to {high:.3} V: the model extrapolates there{beside}"
    );
    Some(match stage {
        Stage::Start => finding(device, Cause::InitialCondition, worst, far.iter().map(|f| f.0), Some(found))
            .because(evidence)
            .advise("give .ic voltages that the circuit can have, within the supplies; or leave them out and let the \
                     simulator find the operating point"),
        _ => finding(device, Cause::OutOfRange, worst, far.iter().map(|f| f.0), Some(found))
            .because(evidence)
            .advise(if found.abs() < ABSURD {
                format!(
                    "keep {name} within the range, or measure to {shown} V and fit again; `gummel plan` says where to measure"
                )
            } else {
                "no supply gives such a voltage: look at what drives the node".to_owned()
            }),
    })
}

/// How far a bias is outside the range, in units of what is tolerated, and which voltage.
fn excess(device: &Device, bias: [f64; 3]) -> (f64, usize) {
    let beyond = |k: usize| {
        let [low, high] = device.range[k];
        (low - bias[k]).max(bias[k] - high) / (SLACK.0 * (high - low)).max(SLACK.1)
    };
    (0..3).map(|k| (beyond(k), k)).fold((0.0, 0), |w, e| if e.0 > w.0 { e } else { w })
}

/// Negative gds or gm where the simulator was within the range; around there too when an analysis `failed`.
pub(super) fn conductance(device: &Device, failed: &[usize], limits: &Limits) -> Option<Finding> {
    let mut worst: Option<(f64, usize, [f64; 3], &Visit)> = None;
    let mut all = Vec::new();
    let mut look = |bias: [f64; 3], visit| {
        for (which, slope) in negative(device, bias, limits) {
            all.push(visit);
            if worst.is_none_or(|w| slope < w.0) {
                worst = Some((slope, which, bias, visit));
            }
        }
    };
    for visit in &device.visits {
        let bias = device.forward(visit.volts);
        if excess(device, bias).0 <= 1.0 {
            look(bias, visit);
        }
    }
    let of_failed = device.visits.iter().rev().filter(|v| failed.contains(&v.analysis));
    for visit in of_failed.take(LINES) {
        let bias = clamped(device, device.forward(visit.volts));
        for k in 0..2 {
            for x in scan(device.range[k]) {
                let mut there = bias;
                there[k] = x;
                look(there, visit);
            }
        }
    }
    let (slope, which, bias, visit) = worst?;
    let (name, along) = [("gm", 0), ("gds", 1)][which];
    let falls = |x: f64| {
        let mut there = bias;
        there[along] = x;
        negative(device, there, limits).iter().any(|n| n.0 == which)
    };
    let mut ends = [bias[along]; 2];
    for (end, inward) in ends.iter_mut().zip([-1.0, 1.0]) {
        let step = inward * (device.range[along][1] - device.range[along][0]).max(0.1) / 200.0;
        while (*end - bias[along]).abs() < 2.0 && falls(*end + step) && (along == 0 || *end + step >= 0.0) {
            *end += step;
        }
    }
    let [vgs, vds, vbs] = bias;
    let id = device.at(bias)[0];
    let held = if along == 1 { format!("vgs = {vgs:.3} V") } else { format!("vds = {vds:.3} V") };
    let found = finding(device, Cause::NegativeConductance, visit, all.into_iter(), Some(slope));
    Some(Finding { bias: Some(bias), ..found }
        .because(format!(
            "the kernel gives {name} = {slope:.3e} S where id = {id:.3e} A, {:.1e} of it per volt; {name} < 0 for {} from {:.3} to {:.3} V at {held}, \
             vbs = {vbs:.3} V",
            slope / (id.abs() + device.signs.floor),
            NAMES[along],
            ends[0],
            ends[1]
        ))
        .advise(
            "fit again and let bounds cost more of the fit ([constraints] cost = 1 in the recipe); `gummel certify MODEL` lists \
             where gm and gds are proved positive",
        ))
}

/// Which of gm (0) and gds (1) the checks `gm-sign` and `gds-sign` would refuse at a bias, and the slope, S.
fn negative(device: &Device, bias: [f64; 3], limits: &Limits) -> Vec<(usize, f64)> {
    let [id, gm, gds] = device.at(bias);
    let signs = &device.signs;
    let seen = [(0, gm, signs.gm(bias[0], id, gm)), (1, gds, signs.gds(id, gds))];
    let refused = seen.into_iter().filter(|(_, _, part)| part.is_some_and(|part| part < limits.sign));
    refused.map(|(which, slope, _)| (which, slope)).collect()
}

/// Jumps of slope of gm and gds where the simulator was.
pub(super) fn kink(device: &Device, limits: &Limits) -> Option<Finding> {
    let visits: Vec<(&Visit, [f64; 3])> = device
        .visits
        .iter()
        .map(|v| (v, device.forward(v.volts)))
        .filter(|(_, bias)| bias.iter().all(|v| v.is_finite()))
        .collect();
    let mut worst: Option<(f64, usize, [f64; 3], &Visit)> = None;
    for along in 0..2 {
        let mut order: Vec<&(&Visit, [f64; 3])> = visits.iter().collect();
        order.sort_by(|a, b| a.1[1 - along].total_cmp(&b.1[1 - along]));
        let window = visits.iter().fold([f64::INFINITY, f64::NEG_INFINITY], |w, (_, b)| {
            [w[0].min(b[along] - 10.0 * STEP), w[1].max(b[along] + 10.0 * STEP)]
        });
        for share in [0.1, 0.5, 0.9] {
            let Some((visit, held)) = order.get((share * order.len() as f64) as usize) else { continue };
            let held = clamped(device, *held);
            let [low, high] = device.range[along];
            let x: Vec<f64> = (0..=((high - low) / STEP) as usize).map(|i| low + i as f64 * STEP).collect();
            let g: Vec<f64> = x
                .iter()
                .map(|x| {
                    let mut bias = held;
                    bias[along] = *x;
                    device.at(bias)[1 + along]
                })
                .collect();
            for (i, jump) in jumps(&g) {
                if (window[0]..=window[1]).contains(&x[i]) && worst.is_none_or(|w| jump > w.0) {
                    let mut bias = held;
                    bias[along] = x[i];
                    worst = Some((jump, along, bias, visit));
                }
            }
        }
    }
    let (jump, along, bias, visit) = worst.filter(|w| w.0 > limits.kink)?;
    let (slope, check) = [("gm", "kinks-gm"), ("gds", "kinks-gds")][along];
    let found = finding(device, Cause::Kink, visit, std::iter::once(visit), Some(jump));
    Some(Finding { bias: Some(bias), ..found }
        .because(format!(
            "the slope of {slope} jumps by {jump:.2} of its largest value at {} = {:.3} V, may be {}",
            NAMES[along], bias[along], limits.kink
        ))
        .advise(format!(
            "fit again with more residual.smoothness or fewer neurons; `gummel check MODEL --only {check}` judges the whole range"
        )))
}

/// A voltage for people: millivolts, or powers of ten where it is absurd.
fn volts(value: f64) -> String {
    if value.abs() < ABSURD { format!("{value:.3}") } else { format!("{value:.3e}") }
}

/// A bias moved into the fitted range.
fn clamped(device: &Device, bias: [f64; 3]) -> [f64; 3] {
    std::array::from_fn(|k| {
        let [low, high] = device.range[k];
        if bias[k].is_nan() { 0.5 * (low + high) } else { bias[k].max(low).min(high) }
    })
}

fn scan([low, high]: [f64; 2]) -> impl Iterator<Item = f64> {
    (0..SCAN).map(move |i| low + (high - low) * i as f64 / (SCAN - 1) as f64)
}

/// A finding about a device, worst at `visit`, with all instances that show it.
fn finding<'a>(
    device: &Device,
    cause: Cause,
    visit: &Visit,
    all: impl Iterator<Item = &'a Visit>,
    number: Option<f64>,
) -> Finding {
    let mut who: Vec<usize> = std::iter::once(visit.who).chain(all.map(|v| v.who)).collect();
    let worst = who[0];
    who.sort_unstable();
    who.dedup();
    // The worst one leads.
    who.retain(|w| *w != worst);
    who.insert(0, worst);
    let volts: Volts = visit.volts;
    Finding {
        cause,
        subject: device.title.clone(),
        instances: who.into_iter().map(|w| device.instances[w].clone()).collect(),
        analysis: Some(visit.analysis),
        at: visit.at,
        bias: Some(device.forward(volts)),
        number,
        evidence: String::new(),
        advice: String::new(),
    }
}
