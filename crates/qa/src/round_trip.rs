//! Simulator round trip: every export is written, run in the tool it is for, and compared with the model.
//!
//! Targets that `gummel_export::verify` knows are judged by it. The OSDI library is loaded into ngspice and its
//! terminal currents at scattered biases, half of them beyond the range of the data, are compared with the
//! kernel's. The number is the largest relative difference as a part of what the target may differ by.

use std::path::{Path, PathBuf};

use gummel_export::osdi::{self, Options};
use gummel_export::{Difference, ExportError, ExportOptions, Target, VerifyOptions, export, verify};
use gummel_model::{DeviceQuery, Model};

use crate::device::{Terminals, Volts};
use crate::finding::Verdict;
use crate::report::{Case, CheckReport};
use crate::spice::{Card, device};
use crate::{Bound, QaError};

/// Name of the check.
pub const NAME: &str = "round-trip";

/// Targets with an evaluator of their own.
const TARGETS: [Target; 6] =
    [Target::C, Target::Numpy, Target::VerilogA, Target::Onnx, Target::OnnxF32, Target::Spice];
/// Largest relative difference of the OSDI library's currents in ngspice.
const OSDI_LIMIT: f64 = 1e-6;
/// Devices and biases of each that go through the OSDI library.
const DEVICES: usize = 4;
const BIASES: usize = 200;

/// Exports and runs; a target whose tool is not on this machine is not tested.
///
/// # Errors
/// When an export cannot be written.
pub fn round_trip(model: &Model, options: &VerifyOptions) -> Result<CheckReport, QaError> {
    let work = tempfile::tempdir().map_err(QaError::io("make a folder in", &std::env::temp_dir()))?;
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
            Err(other) => return Err(QaError::Export(other.to_string())),
        });
    }
    cases.push(library(model, work.path(), options)?);
    Ok(CheckReport::of_cases(
        NAME,
        "Round trip through simulators",
        "largest relative difference of an export, run in its own tool, as a part of what its target may differ by",
        "the plain evaluator of this toolkit (crate gummel-kernel)",
        Bound::AtMost(1.0),
        cases,
    ))
}

/// The OSDI library in ngspice.
fn library(model: &Model, work: &Path, options: &VerifyOptions) -> Result<Case, QaError> {
    let program = PathBuf::from(&options.tools.ngspice);
    if !std::process::Command::new(&program).arg("--version").output().is_ok_and(|o| o.status.success()) {
        return Ok(not_tested("osdi", "ngspice is not there (set GUMMEL_NGSPICE)"));
    }
    let path = work.join("model.osdi");
    let report =
        osdi::write(&[model], &path, &Options::default()).map_err(|e| QaError::Export(e.to_string()))?;
    let kind = report.models.first().map_or("", |m| m.name.as_str()).to_owned();
    let (mut worst, mut points) = ((f64::NEG_INFINITY, "", None), 0);
    let devices = &model.spec.devices;
    let taken = DEVICES.min(devices.len());
    for k in 0..taken {
        let chosen = &devices[k * devices.len() / taken];
        let biases = scattered(chosen.range, model.spec.sign);
        let card = Card {
            models: format!(
                ".control\npre_osdi {}\n.endc\n.model judged {kind} device=\"{}\"\n.temp {}",
                path.display(),
                chosen.name,
                chosen.place.temperature - 273.15
            ),
            element: "n1 d g s b judged".to_owned(),
        };
        let simulated = match device(&program, model.spec.sign, card).currents(&biases) {
            Ok(currents) => currents,
            Err(failed @ QaError::Simulator { .. }) => {
                return Ok(measured(&chosen.name, f64::INFINITY, None, format!("osdi: {failed}")));
            }
            Err(other) => return Err(other),
        };
        let instance = model.instance(&DeviceQuery::named(&chosen.name))?;
        points += biases.len();
        for (at, found) in biases.iter().zip(&simulated) {
            let apart = apart(&instance.eval_currents(*at).currents(), found);
            if apart > worst.0 || apart.is_nan() {
                worst = (apart, &chosen.name, Some(*at));
            }
        }
    }
    let remark = format!(
        "osdi in ngspice: {points} biases, largest relative difference {:.1e}, may be {OSDI_LIMIT:.0e}",
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

/// Largest difference of the currents over the largest of them; below a femtoampere nothing differs.
fn apart(expected: &Terminals, found: &Terminals) -> f64 {
    let largest = expected.iter().fold(1e-15, |m: f64, i| m.max(i.abs()));
    expected
        .iter()
        .zip(found)
        .map(|(e, f)| (e - f).abs() / largest)
        .fold(0.0, |m, d| if d > m || d.is_nan() { d } else { m })
}

fn measured(device: &str, number: f64, worst: Option<Volts>, remark: String) -> Case {
    let verdict = if Bound::AtMost(1.0).holds(number) { Verdict::Pass } else { Verdict::Fail };
    Case::new(device, verdict, Some(number), worst, remark, Bound::AtMost(1.0))
}

fn not_tested(target: &str, reason: &str) -> Case {
    Case::new("", Verdict::NotTested, None, None, format!("{target}: {reason}"), Bound::AtMost(1.0))
}
