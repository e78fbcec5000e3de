//! Proof that an export is the same model: thousands of biases through the tool it is meant for, against the kernel.
//!
//! Differences are relative to what they are part of at that bias, so that a current that crosses zero is judged
//! by the currents around it:
//!
//! | quantity | relative to |
//! |---|---|
//! | `id ig is ib`, modelled currents | largest terminal current |
//! | `gm gds gmb` | largest of them and of the chord `id / vds` |
//! | `qd qg qs qb`, modelled charges | the device's largest terminal charge at any bias checked: near the bias where all of them
//! vanish, they are differences of activations that do not |

pub mod biases;
mod compiler;
mod ngspice;
mod process;
mod python;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use gummel_kernel::{Instance, Member, OperatingPoint, OutputKind};
use gummel_model::Model;
use serde::Serialize;

use crate::ExportError;
use crate::onnx::Precision;
use crate::program::build::flow_name;
use crate::scope::{Scope, Selection};
use crate::stamp::{Stamp, weights_hash};
use crate::{c, numpy, osdi, osdi_target, spice, verilog_a};
use biases::Point;

/// How much is checked.
#[derive(Clone, Debug)]
pub struct VerifyOptions {
    /// Number of biases over all devices; `None` takes what the tool does in seconds.
    pub points: Option<usize>,
    /// Seed of the biases.
    pub seed: u64,
    /// Programs that evaluate exports.
    pub tools: Tools,
}

/// Programs that evaluate exports.
#[derive(Clone, Debug)]
pub struct Tools {
    /// C compiler.
    pub cc: OsString,
    /// Python with `onnxruntime`, `verilogae` and `numpy`.
    pub python: OsString,
    /// ngspice.
    pub ngspice: OsString,
    /// Once raised, a program that runs is killed and the check ends with [`ExportError::Stopped`].
    pub stop: Arc<AtomicBool>,
}

impl Default for Tools {
    /// `CC`, `GUMMEL_PYTHON` and `GUMMEL_NGSPICE`, else `cc`, `python3` and `ngspice` of the search path.
    fn default() -> Self {
        let named = |variable: &str, usual: &str| {
            std::env::var_os(variable).filter(|v| !v.is_empty()).unwrap_or_else(|| usual.into())
        };
        Tools {
            cc: named("CC", "cc"),
            python: named("GUMMEL_PYTHON", "python3"),
            ngspice: named("GUMMEL_NGSPICE", "ngspice"),
            stop: Arc::default(),
        }
    }
}

impl Default for VerifyOptions {
    fn default() -> Self {
        VerifyOptions { points: None, seed: 1, tools: Tools::default() }
    }
}

/// Result of a check.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// Target of the export.
    pub target: String,
    /// What evaluated it.
    pub tool: String,
    /// Whether the export was made from exactly these numbers.
    pub same_weights: bool,
    /// Number of devices.
    pub devices: usize,
    /// Number of biases, half of them outside the fitted range.
    pub points: usize,
    /// Largest relative difference that passes.
    pub limit: f64,
    /// The worst of each quantity.
    pub differences: Vec<Difference>,
    /// Whether all are within the limit.
    pub passed: bool,
}

/// The largest difference of one quantity.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// Name of the quantity.
    pub quantity: String,
    /// Whether this is the worst within the fitted range, or outside of it.
    pub inside: bool,
    /// Relative; infinite when the export gave no number.
    pub largest: f64,
    /// What it may be.
    pub limit: f64,
    /// Device at which it is.
    pub device: String,
    /// Source-referred voltages at which it is, V.
    pub bias: [f64; 3],
    /// What the export gave there, SI.
    pub found: f64,
    /// What the model gives there, SI.
    pub expected: f64,
}

/// What a tool made of the points: names of quantities, and a row of them per point.
pub(crate) struct Results {
    tool: String,
    quantities: Vec<String>,
    rows: Vec<Vec<f64>>,
}

/// The quantities that every tool delivers.
const SLOPES: [&str; 4] = ["id", "gm", "gds", "gmb"];

/// Checks the export at `path` against `model`.
///
/// # Errors
/// [`ExportError::NotAnExport`], [`ExportError::ToolMissing`], [`ExportError::ToolFailed`] and
/// [`ExportError::Stopped`]; a difference beyond the limit is a [`Verdict`] that did not pass.
pub fn verify(path: &Path, model: &Model, options: &VerifyOptions) -> Result<Verdict, ExportError> {
    let bytes = std::fs::read(path).map_err(ExportError::io("read", path))?;
    let stamp = if osdi::is_library(&bytes) {
        device_library(&bytes, model, path)?
    } else {
        Stamp::parse(&String::from_utf8_lossy(&bytes), path)?
    };
    let check = Check::of(&stamp.target, path)?;
    let points = biases::points(model, &stamp, options.points.unwrap_or(check.points), options.seed)?;
    let results = (check.run)(&options.tools, path, &stamp, &points)?;
    if results.rows.len() != points.len() {
        return Err(ExportError::ToolFailed {
            tool: check.tool,
            output: format!("{} results for {} biases", results.rows.len(), points.len()),
        });
    }
    let differences = differences(model, &stamp, &points, &results, &check);
    Ok(Verdict {
        passed: differences.iter().all(|d| d.largest <= d.limit),
        same_weights: stamp.weights == weights_hash(model),
        tool: results.tool,
        devices: stamp.devices.len(),
        points: points.len(),
        limit: check.limit,
        target: stamp.target,
        differences,
    })
}

/// The stamp that a device library would have.
fn device_library(bytes: &[u8], model: &Model, path: &Path) -> Result<Stamp, ExportError> {
    let wrong = |reason: String| ExportError::NotAnExport { path: path.to_owned(), reason };
    let entries = osdi::entries(bytes, path)?;
    let same = entries.iter().find(|e| e.spec == model.spec);
    let entry = same.or_else(|| entries.iter().find(|e| e.spec.sign == model.spec.sign));
    let entry = entry.ok_or_else(|| wrong(format!("holds no {}-channel model", model.manifest.polarity)))?;
    let scope = Scope::new(model, &Selection::default(), &[])?;
    let mut stamp = Stamp::new(osdi_target::TARGET, model, &scope);
    stamp.module.clone_from(&entry.name);
    stamp.weights = weights(entry);
    Ok(stamp)
}

/// The hash of a model's numbers in a device library.
fn weights(entry: &osdi::Entry) -> String {
    blake3::hash(&entry.spec.to_bytes()).to_hex().to_string()
}

type Run = fn(&Tools, &Path, &Stamp, &[Point]) -> Result<Results, ExportError>;

/// How a target is checked.
struct Check {
    tool: &'static str,
    limit: f64,
    points: usize,
    run: Run,
}

/// Targets that can be checked, and the largest relative difference that passes.
pub fn limits() -> Vec<(&'static str, f64)> {
    Check::all().into_iter().map(|(target, check)| (target, check.limit)).collect()
}

impl Check {
    fn all() -> [(&'static str, Check); 7] {
        let check = |tool, limit, points, run| Check { tool, limit, points, run };
        [
            (c::TARGET, check("cc", 1e-12, 10_000, compiler::run as Run)),
            (numpy::TARGET, check("numpy", 1e-12, 10_000, python::run_numpy)),
            (verilog_a::TARGET, check("verilogae", 1e-9, 4000, python::run_verilog_a)),
            (Precision::Double.target(), check("onnxruntime", 1e-9, 10_000, python::run_onnx)),
            (Precision::Single.target(), check("onnxruntime", 1e-5, 10_000, python::run_onnx)),
            (spice::TARGET, check("ngspice", 1e-6, 400, ngspice::run_subcircuits)),
            (osdi_target::TARGET, check("ngspice", 1e-9, 4000, ngspice::run_library)),
        ]
    }

    fn of(target: &str, path: &Path) -> Result<Self, ExportError> {
        let checks = Check::all();
        let known: Vec<&str> = checks.iter().map(|c| c.0).collect();
        let reason = format!("exports as '{target}' cannot be checked; expected one of {}", known.join(", "));
        checks
            .into_iter()
            .find(|(name, _)| *name == target)
            .map(|(_, check)| check)
            .ok_or_else(|| ExportError::NotAnExport { path: path.to_owned(), reason })
    }
}

fn differences(
    model: &Model,
    stamp: &Stamp,
    points: &[Point],
    results: &Results,
    check: &Check,
) -> Vec<Difference> {
    let mut worst: Vec<Difference> = Vec::new();
    let exact: Vec<OperatingPoint> = points
        .iter()
        .map(|point| {
            let [vgs, vds, vbs] = point.bias;
            let instance = Instance::new(&model.spec, Member::Device(point.member), &point.place);
            instance.eval([vds, vgs, 0.0, vbs])
        })
        .collect();
    let mut largest_charge = vec![0.0f64; stamp.devices.len()];
    for (point, operating) in points.iter().zip(&exact) {
        let largest = &mut largest_charge[point.device];
        *largest = operating.charges().iter().fold(*largest, |m, q| m.max(q.abs()));
    }
    for ((point, operating), row) in points.iter().zip(&exact).zip(&results.rows) {
        let vds = point.bias[1];
        for (k, quantity) in results.quantities.iter().enumerate() {
            let (expected, mut scale) = expected(operating, quantity, vds, model.spec.sign);
            if quantity.starts_with('q') {
                scale = scale.max(largest_charge[point.device]);
            }
            let found = row.get(k).copied().unwrap_or(f64::NAN);
            let relative = (found - expected).abs() / scale.max(SMALLEST);
            let here = Difference {
                quantity: quantity.clone(),
                inside: point.inside,
                limit: check.limit,
                largest: if relative.is_nan() { f64::INFINITY } else { relative },
                device: stamp.devices[point.device].name.clone(),
                bias: point.bias,
                found,
                expected,
            };
            match worst.iter_mut().find(|w| w.quantity == *quantity && w.inside == point.inside) {
                None => worst.push(here),
                Some(w) if here.largest > w.largest => *w = here,
                Some(_) => {}
            }
        }
    }
    worst.sort_by_key(|d| (!d.inside, results.quantities.iter().position(|q| *q == d.quantity)));
    worst
}

/// Currents, conductances and charges below this are zero (A, S, C).
const SMALLEST: f64 = 1e-30;

/// Value of a quantity and what its difference is relative to.
fn expected(point: &OperatingPoint, quantity: &str, vds: f64, sign: f64) -> (f64, f64) {
    let (i, q) = (point.currents(), point.charges());
    let g = [point.gm(), point.gds(), point.gmb()];
    let largest = |v: &[f64]| v.iter().fold(0.0f64, |a, x| a.max(x.abs()));
    let chord = if vds == 0.0 { 0.0 } else { point.id() / vds };
    let slope = |k: usize| (g[k], largest(&g).max(chord.abs()));
    let terminal = |k: usize| (i[k], largest(&i));
    let charge = |k: usize| (q[k], largest(&q));
    let flow = |kind: &OutputKind| flow_name(*kind) == quantity;
    if let Some(kind) = OutputKind::ALL.into_iter().find(flow) {
        return (sign * point.output(kind).value, largest(if kind.is_charge() { &q } else { &i }));
    }
    match quantity {
        "gm" => slope(0),
        "gds" => slope(1),
        "gmb" => slope(2),
        "ig" => terminal(1),
        "is" => terminal(2),
        "ib" => terminal(3),
        "qd" => charge(0),
        "qg" => charge(1),
        "qs" => charge(2),
        "qb" => charge(3),
        _ => terminal(0),
    }
}
