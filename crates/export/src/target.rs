//! The targets by name, and the one function that writes any of them.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use gummel_model::Model;

use crate::gmid::Grid;
use crate::library::Sections;
use crate::onnx::Precision;
use crate::program::Input;
use crate::scope::Selection;
use crate::stamp::identifier;
use crate::write::write_whole;
use crate::{ExportError, c, gmid, library, numpy, onnx, osdi, osdi_target, spice, verilog_a};

/// A format to export to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A Verilog-A module.
    VerilogA,
    /// A C header.
    C,
    /// A Python file that needs NumPy alone.
    Numpy,
    /// ONNX in double precision.
    Onnx,
    /// ONNX in single precision.
    OnnxF32,
    /// SPICE subcircuits of behavioural sources.
    Spice,
    /// A gm/ID lookup table.
    Gmid,
    /// A library file with a section per corner.
    Library,
    /// A device library that ngspice loads.
    Osdi,
}

impl Target {
    /// All targets.
    pub const ALL: [Target; 9] = [
        Target::VerilogA,
        Target::C,
        Target::Numpy,
        Target::Onnx,
        Target::OnnxF32,
        Target::Spice,
        Target::Gmid,
        Target::Library,
        Target::Osdi,
    ];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Target::VerilogA => verilog_a::TARGET,
            Target::C => c::TARGET,
            Target::Numpy => numpy::TARGET,
            Target::Onnx => Precision::Double.target(),
            Target::OnnxF32 => Precision::Single.target(),
            Target::Spice => spice::TARGET,
            Target::Gmid => gmid::TARGET,
            Target::Library => library::TARGET,
            Target::Osdi => osdi_target::TARGET,
        }
    }

    /// File name for a model when none is given, e.g. `demo130_nmos.va`.
    pub fn default_file(self, model: &Model) -> String {
        let ending = match self {
            Target::VerilogA => ".va",
            Target::C => ".h",
            Target::Numpy => ".py",
            Target::Onnx => ".onnx",
            Target::OnnxF32 => "_f32.onnx",
            Target::Spice => ".sp",
            Target::Gmid => "_gmid.csv",
            Target::Library => ".lib",
            Target::Osdi => ".osdi",
        };
        identifier(&format!("{}_{}", model.manifest.technology, model.manifest.family)) + ending
    }
}

impl FromStr for Target {
    type Err = ExportError;

    fn from_str(s: &str) -> Result<Self, ExportError> {
        Target::ALL.into_iter().find(|t| t.name().eq_ignore_ascii_case(s)).ok_or_else(|| {
            ExportError::UnknownTarget { found: s.to_owned(), known: Target::ALL.map(Target::name).join(" ") }
        })
    }
}

/// What of the model is exported, and how.
#[derive(Clone, Debug, Default)]
pub struct ExportOptions {
    /// Devices, corner and temperature.
    pub selection: Selection,
    /// Place inputs that an ONNX file shall have, as far as the model depends on them.
    pub open: Vec<Input>,
    /// Biases of a lookup table; `None` covers the fitted range.
    pub grid: Option<Grid>,
    /// What a library's sections hold.
    pub sections: Sections,
    /// Names and version of a device library.
    pub osdi: osdi::Options,
}

/// What an export wrote.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Written {
    /// The files, the one asked for first.
    pub files: Vec<PathBuf>,
    /// Something a user should know before using them.
    pub warning: Option<&'static str>,
    /// Lines that show how to use them.
    pub example: Option<String>,
}

/// Writes `model` to `path` as `target`.
///
/// # Errors
/// [`ExportError`]; each file appears whole or not at all.
pub fn export(
    model: &Model,
    target: Target,
    options: &ExportOptions,
    path: &Path,
) -> Result<Written, ExportError> {
    export_together(&[model], target, options, path)
}

/// Writes several models to one file, which only a device library can hold.
///
/// # Errors
/// [`ExportError`]; each file appears whole or not at all.
pub fn export_together(
    models: &[&Model],
    target: Target,
    options: &ExportOptions,
    path: &Path,
) -> Result<Written, ExportError> {
    if target == Target::Osdi {
        return osdi_target::write(models, options, path);
    }
    let [model] = *models else {
        let reason = format!("takes one model, found {}; write a file for each", models.len());
        return Err(ExportError::Unsuitable { target: target.name(), reason });
    };
    let selection = &options.selection;
    let bytes = match target {
        Target::VerilogA => verilog_a::text(model, selection)?.into_bytes(),
        Target::C => c::text(model, selection)?.into_bytes(),
        Target::Numpy => numpy::text(model, selection)?.into_bytes(),
        Target::Onnx => onnx::bytes(model, selection, &options.open, Precision::Double)?,
        Target::OnnxF32 => onnx::bytes(model, selection, &options.open, Precision::Single)?,
        Target::Spice => spice::text(model, selection, spice::Names::Own)?.into_bytes(),
        Target::Gmid => gmid::table(model, selection, options.grid.as_ref())?.csv().into_bytes(),
        Target::Library | Target::Osdi => return library::write(model, options, path),
    };
    write_whole(path, &bytes)?;
    let warning = (target == Target::Spice).then_some(spice::WARNING);
    Ok(Written { files: vec![path.to_owned()], warning, example: None })
}
