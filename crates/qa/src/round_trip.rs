//! Simulator round trip: every export is written, run in the tool it is for, and compared with the model.
//!
//! Each target is a check of its own, judged by `gummel_export::verify`: drain current and conductances at thousands of
//! biases. Of the OSDI library, the currents of all terminals and their capacitances are compared too, drain and source also
//! exchanged. The number is the largest relative difference as a part of what the target may differ by.

use std::path::Path;

use gummel_export::{Difference, ExportError, ExportOptions, Target, Verdict, VerifyOptions, export, verify};
use gummel_model::{DeviceQuery, Model};

use crate::device::{Device, G, Matrix, Terminals, Volts, apart};
use crate::exported::{Exported, NO_SIMULATOR, Wanted};
use crate::finding::{Measured, Outcome, Picture};
use crate::ngspice::{Ngspice, work_folder};
use crate::report::{Case, CheckReport};
use crate::spice::device;
use crate::{Bound, Limits, Plan, QaError};

/// The check of one target.
struct RoundTrip {
    name: &'static str,
    title: &'static str,
    target: Target,
}

/// Targets with an evaluator of their own.
const TRIPS: [RoundTrip; 7] = [
    RoundTrip { name: "round-trip-c", title: "Round trip through a C compiler", target: Target::C },
    RoundTrip { name: "round-trip-numpy", title: "Round trip through NumPy", target: Target::Numpy },
    RoundTrip {
        name: "round-trip-verilog-a",
        title: "Round trip through a Verilog-A compiler",
        target: Target::VerilogA,
    },
    RoundTrip { name: "round-trip-onnx", title: "Round trip through ONNX Runtime", target: Target::Onnx },
    RoundTrip {
        name: "round-trip-onnx-f32",
        title: "Round trip through ONNX Runtime, single precision",
        target: Target::OnnxF32,
    },
    RoundTrip {
        name: "round-trip-spice",
        title: "Round trip through SPICE subcircuits in ngspice",
        target: Target::Spice,
    },
    RoundTrip {
        name: "round-trip-osdi",
        title: "Round trip through the OSDI library in ngspice",
        target: Target::Osdi,
    },
];
/// Least current (A) and capacitance (F) to which differences are relative.
const LEAST_CURRENT: f64 = 1e-15;
const LEAST_CAPACITANCE: f64 = 1e-21;
/// Devices and biases of each that go through the OSDI library.
const DEVICES: usize = 4;
const BIASES: usize = 200;

/// A case and its picture.
type Judged = (Case, Option<Picture>);

/// Names of the checks.
pub fn names() -> impl Iterator<Item = &'static str> {
    TRIPS.iter().map(|t| t.name)
}

/// Exports and runs what the plan asks for; a target whose tool is not on this machine is not tested.
///
/// # Errors
/// When an export cannot be written.
pub fn round_trips(model: &Model, plan: &Plan, options: &VerifyOptions) -> Result<Vec<CheckReport>, QaError> {
    let work = work_folder()?;
    let bound = bound(&plan.limits);
    let mut reports = Vec::new();
    for trip in TRIPS.iter().filter(|t| plan.makes(t.name)) {
        let path = work.path().join(trip.target.default_file(model));
        let written = export(model, trip.target, &ExportOptions::default(), &path);
        let mut cases = vec![judged(written.and_then(|_| verify(&path, model, options)), bound)?];
        if trip.target == Target::Osdi {
            cases.push(library(model, work.path(), options, &plan.limits)?);
        }
        reports.push(CheckReport::of_cases(trip.heading(), bound, cases));
    }
    Ok(reports)
}

impl RoundTrip {
    fn heading(&self) -> [&'static str; 4] {
        [
            self.name,
            self.title,
            "largest relative difference of an export, run in its own tool, as a part of what its target may differ by",
            "the plain evaluator of this toolkit (crate gummel-kernel)",
        ]
    }
}

/// The number is a part of what a target may differ by.
fn bound(limits: &Limits) -> Bound {
    Bound::AtMost(limits.round_trip)
}

/// The case that a comparison of an export with the model makes.
fn judged(verdict: Result<Verdict, ExportError>, bound: Bound) -> Result<Judged, QaError> {
    let v = match verdict {
        Ok(v) => v,
        Err(missing @ ExportError::ToolMissing { .. }) => {
            return Ok(Case::of("", bound, Outcome::NotTested(missing.to_string())));
        }
        Err(failed @ ExportError::ToolFailed { .. }) => {
            return Ok(measured(bound, "", f64::INFINITY, None, failed.to_string(), None));
        }
        Err(ExportError::Stopped) => return Err(QaError::Stopped),
        Err(other) => return Err(QaError::Export(other.to_string())),
    };
    let worst = v.differences.iter().max_by(|a, b| share(a).total_cmp(&share(b)));
    let number = worst.map_or(f64::NAN, share);
    let remark = format!(
        "{} in {}: {} biases, largest relative difference {:.1e}{}, may be {:.0e}",
        v.target,
        v.tool,
        v.points,
        worst.map_or(f64::NAN, |d| d.largest),
        worst.map_or(String::new(), |d| format!(" of {}", d.quantity)),
        worst.map_or(v.limit, |d| d.limit)
    );
    let at = worst.map(|d| [d.bias[1], d.bias[0], 0.0, d.bias[2]]);
    let picture = shares(&v, bound);
    Ok(measured(bound, worst.map_or("", |d| &d.device), number, at, remark, Some(picture)))
}

fn share(d: &Difference) -> f64 {
    d.largest / d.limit
}

/// The worst difference of every quantity where it occurs, in the fitted range and beyond it.
fn shares(verdict: &Verdict, bound: Bound) -> Picture {
    let mut picture = Picture {
        log: true,
        ..Picture::new("vgs at the worst bias of each quantity (V)", "difference over what it may be")
    };
    for (inside, name) in [(true, "in the fitted range"), (false, "beyond it")] {
        let of = verdict.differences.iter().filter(|d| d.inside == inside);
        picture.add_points(name, of.map(|d| (d.bias[0], share(d))));
    }
    picture.bounded(bound);
    picture
}

/// Terminal currents of the OSDI library in ngspice.
fn library(model: &Model, work: &Path, options: &VerifyOptions, limits: &Limits) -> Result<Judged, QaError> {
    let (bound, limit) = (bound(limits), limits.round_trip_terminals);
    let simulator = Ngspice::new(&options.tools.ngspice).until(&options.tools.stop);
    if !simulator.answers() {
        return Ok(Case::of("", bound, Outcome::NotTested(NO_SIMULATOR.to_owned())));
    }
    let exported = Exported::write(&[model], work)?;
    let (mut worst, mut points) = ((f64::NEG_INFINITY, "", None), 0);
    let mut seen = Vec::new();
    let devices = &model.spec.devices;
    let charges = model.spec.branches.len() > 1;
    let taken = DEVICES.min(devices.len());
    for k in 0..taken {
        let chosen = &devices[k * devices.len() / taken];
        let biases = scattered(chosen.range, model.spec.sign);
        let card = exported.card(&chosen.name, &Wanted::at(chosen.place.temperature));
        let (found, stored) = match simulated(&*device(&simulator, model.spec.sign, card), &biases, charges) {
            Ok(found) => found,
            Err(failed @ QaError::Simulator { .. }) => {
                let remark = format!("terminals: {failed}");
                return Ok(measured(bound, &chosen.name, f64::INFINITY, None, remark, None));
            }
            Err(other) => return Err(other),
        };
        let instance = model.instance(&DeviceQuery::named(&chosen.name))?;
        points += biases.len();
        for (i, at) in biases.iter().enumerate() {
            let point = instance.eval(*at);
            let mut far = apart(&point.currents(), &found[i], LEAST_CURRENT);
            if let Some(stored) = &stored {
                let expected = point.capacitances();
                far = worse(far, apart(expected.as_flattened(), stored[i].as_flattened(), LEAST_CAPACITANCE));
            }
            seen.push((model.spec.sign * at[G], far / limit));
            if far > worst.0 || far.is_nan() {
                worst = (far, &chosen.name, Some(*at));
            }
        }
    }
    let what = if charges { "currents and capacitances" } else { "currents" };
    let remark = format!(
        "osdi in ngspice, {what} of all terminals: {points} biases, largest relative difference {:.1e}, may be \
         {limit:.0e}",
        worst.0
    );
    let mut picture =
        Picture { log: true, ..Picture::new("vgs (V)", "difference over what it may be, all terminals") };
    picture.add_points("biases", seen.into_iter());
    picture.bounded(bound);
    Ok(measured(bound, worst.1, worst.0 / limit, worst.2, remark, Some(picture)))
}

/// Biases in the range and up to a third beyond it, of both signs of vds.
fn scattered(range: [[f64; 2]; 3], sign: f64) -> Vec<Volts> {
    let inside = |n: f64, i: usize, [low, high]: [f64; 2], beyond: f64| {
        let share = (n * (i as f64 + 1.0)).fract();
        low - beyond * (high - low) + (1.0 + 2.0 * beyond) * (high - low) * share
    };
    (0..BIASES)
        .map(|i| {
            let beyond = if i.is_multiple_of(2) { 0.0 } else { 0.33 };
            let turn = if i % 4 < 2 { 1.0 } else { -1.0 };
            [
                turn * inside(0.618_033_988_75, i, range[1], beyond),
                inside(0.414_213_562_37, i, range[0], beyond),
                0.0,
                inside(0.732_050_807_57, i, range[2], 0.0),
            ]
            .map(|v| sign * v)
        })
        .collect()
}

/// What the simulator gives: currents, and capacitances of a model that has charges.
type Simulated = (Vec<Terminals>, Option<Vec<Matrix>>);

fn simulated(device: &dyn Device, biases: &[Volts], charges: bool) -> Result<Simulated, QaError> {
    // A library that stores nothing is compared too: its model does.
    let nothing = || vec![[[0.0; 4]; 4]; biases.len()];
    let stored = if charges { Some(device.capacitances(biases)?.unwrap_or_else(nothing)) } else { None };
    Ok((device.currents(biases)?, stored))
}

/// The larger one; what is not a number is the largest.
fn worse(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

fn measured(
    bound: Bound,
    device: &str,
    number: f64,
    worst: Option<Volts>,
    remark: String,
    picture: Option<Picture>,
) -> Judged {
    Case::of(device, bound, Outcome::Measured(Measured { number, worst, remark, picture }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Verdict as Answer;
    use gummel_device::{Geometry, Polarity};
    use gummel_kernel::Sample;
    use gummel_model::{DeviceEntry, Manifest};

    fn model() -> Model {
        let spec = Sample { devices: 1, layers: vec![4], charges: true, ..Sample::default() }.spec();
        let mut manifest = Manifest::new("made-up", "nmos", Polarity::N);
        let name = &spec.devices[0].name;
        manifest.devices.push(DeviceEntry::new(name, Geometry::new(10e-6, 0.13e-6), 1e-12));
        Model::new(spec, manifest).unwrap()
    }

    #[test]
    fn an_export_of_another_model_and_a_damaged_one_fail() {
        let (model, trip) = (model(), &TRIPS[0]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.h");
        export(&model, trip.target, &ExportOptions::default(), &path).unwrap();
        let options = VerifyOptions { points: Some(200), ..VerifyOptions::default() };
        let judge = |model: &Model| judged(verify(&path, model, &options), Bound::AtMost(1.0)).unwrap();
        let (sound, picture) = judge(&model);
        if sound.verdict == Answer::NotTested {
            eprintln!("SKIPPED: {}", sound.remark);
            return;
        }
        assert_eq!(sound.verdict, Answer::Pass, "{sound:?}");
        assert!(picture.is_some_and(|p| p.traces.len() > 2));
        let mut other = model.clone();
        other.spec.devices[0].deviation[0][0][0] += 1e-6;
        let (off, _) = judge(&Model::new(other.spec, other.manifest).unwrap());
        assert!(off.verdict == Answer::Fail && off.number.is_some_and(|n| n > 1e3), "{off:?}");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replacen("tanh(", "tanh((", 1)).unwrap();
        let (damaged, _) = judge(&model);
        assert_eq!((damaged.verdict, damaged.number), (Answer::Fail, Some(f64::INFINITY)), "{damaged:?}");
    }
}
