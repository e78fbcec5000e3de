//! Simulator round trip: every export is written, run in the tool it is for, and compared with the model.
//!
//! Each target is judged by `gummel_export::verify`: drain current and conductances at thousands of biases. Of the OSDI
//! library, the currents of all terminals and their capacitances are compared too, drain and source also exchanged. The
//! number is the largest relative difference as a part of what the target may differ by.

use std::path::Path;

use gummel_export::{Difference, ExportError, ExportOptions, Target, VerifyOptions, export, verify};
use gummel_model::{DeviceQuery, Model};

use crate::device::{Device, Matrix, Terminals, Volts};
use crate::exported::{Exported, NO_SIMULATOR};
use crate::finding::{Measured, Outcome, Picture};
use crate::ngspice::{Ngspice, work_folder};
use crate::report::{Case, CheckReport};
use crate::spice::device;
use crate::{Bound, QaError};

/// Name of the check.
pub const NAME: &str = "round-trip";

/// Targets with an evaluator of their own.
const TARGETS: [Target; 7] =
    [Target::C, Target::Numpy, Target::VerilogA, Target::Onnx, Target::OnnxF32, Target::Spice, Target::Osdi];
/// The number is a part of what a target may differ by.
const BOUND: Bound = Bound::AtMost(1.0);
/// Largest relative difference of the OSDI library's terminal currents in ngspice.
const OSDI_LIMIT: f64 = 1e-6;
/// Least current (A) and capacitance (F) to which differences are relative.
const LEAST_CURRENT: f64 = 1e-15;
const LEAST_CAPACITANCE: f64 = 1e-21;
/// Devices and biases of each that go through the OSDI library.
const DEVICES: usize = 4;
const BIASES: usize = 200;

/// A case, and the picture that none of these has.
type Judged = (Case, Option<Picture>);

/// Exports and runs; a target whose tool is not on this machine is not tested.
///
/// # Errors
/// When an export cannot be written.
pub fn round_trip(model: &Model, options: &VerifyOptions) -> Result<CheckReport, QaError> {
    let work = work_folder()?;
    let mut cases = Vec::new();
    for target in TARGETS {
        let path = work.path().join(target.default_file(model));
        let verdict = export(model, target, &ExportOptions::default(), &path)
            .and_then(|_| verify(&path, model, options));
        cases.push(match verdict {
            Ok(v) => {
                let share = |d: &Difference| d.largest / d.limit;
                let worst = v.differences.iter().max_by(|a, b| share(a).total_cmp(&share(b)));
                let number = worst.map_or(f64::NAN, share);
                let remark = format!(
                    "{} in {}: {} biases, largest relative difference {:.1e}, may be {:.0e}",
                    v.target,
                    v.tool,
                    v.points,
                    worst.map_or(f64::NAN, |d| d.largest),
                    worst.map_or(v.limit, |d| d.limit)
                );
                let at = worst.map(|d| [d.bias[1], d.bias[0], 0.0, d.bias[2]]);
                measured(worst.map_or("", |d| &d.device), number, at, remark)
            }
            Err(missing @ ExportError::ToolMissing { .. }) => not_tested(target.name(), &missing.to_string()),
            Err(failed @ ExportError::ToolFailed { .. }) => {
                measured("", f64::INFINITY, None, format!("{}: {failed}", target.name()))
            }
            Err(ExportError::Stopped) => return Err(QaError::Stopped),
            Err(other) => return Err(QaError::Export(other.to_string())),
        });
    }
    cases.push(library(model, work.path(), options)?);
    let heading = [
        NAME,
        "Round trip through simulators",
        "largest relative difference of an export, run in its own tool, as a part of what its target may differ by",
        "the plain evaluator of this toolkit (crate gummel-kernel)",
    ];
    Ok(CheckReport::of_cases(heading, BOUND, cases))
}

/// Terminal currents of the OSDI library in ngspice.
fn library(model: &Model, work: &Path, options: &VerifyOptions) -> Result<Judged, QaError> {
    let simulator = Ngspice::new(&options.tools.ngspice).until(&options.tools.stop);
    if !simulator.answers() {
        return Ok(not_tested("osdi", NO_SIMULATOR));
    }
    let exported = Exported::write(&[model], work)?;
    let (mut worst, mut points) = ((f64::NEG_INFINITY, "", None), 0);
    let devices = &model.spec.devices;
    let charges = model.spec.branches.len() > 1;
    let taken = DEVICES.min(devices.len());
    for k in 0..taken {
        let chosen = &devices[k * devices.len() / taken];
        let biases = scattered(chosen.range, model.spec.sign);
        let card = exported.card(&chosen.name, chosen.place.temperature, None);
        let (found, stored) = match simulated(&*device(&simulator, model.spec.sign, card), &biases, charges) {
            Ok(found) => found,
            Err(failed @ QaError::Simulator { .. }) => {
                return Ok(measured(&chosen.name, f64::INFINITY, None, format!("osdi: {failed}")));
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
            if far > worst.0 || far.is_nan() {
                worst = (far, &chosen.name, Some(*at));
            }
        }
    }
    let what = if charges { "currents and capacitances" } else { "currents" };
    let remark = format!(
        "osdi in ngspice, {what} of all terminals: {points} biases, largest relative difference {:.1e}, may be \
         {OSDI_LIMIT:.0e}",
        worst.0
    );
    Ok(measured(worst.1, worst.0 / OSDI_LIMIT, worst.2, remark))
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

/// Largest difference over the largest of the expected; below `least` nothing differs.
fn apart(expected: &[f64], found: &[f64], least: f64) -> f64 {
    let largest = expected.iter().fold(least, |m: f64, i| m.max(i.abs()));
    expected.iter().zip(found).map(|(e, f)| (e - f).abs() / largest).fold(0.0, worse)
}

/// The larger one; what is not a number is the largest.
fn worse(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

fn measured(device: &str, number: f64, worst: Option<Volts>, remark: String) -> Judged {
    Case::of(device, BOUND, Outcome::Measured(Measured { number, worst, remark, picture: None }))
}

fn not_tested(target: &str, reason: &str) -> Judged {
    Case::of("", BOUND, Outcome::NotTested(format!("{target}: {reason}")))
}
