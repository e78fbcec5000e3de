//! `gummel export`: a fitted model as a file for simulators and other programs.

use anyhow::{Result, bail};
use gummel_data::{ParquetColumn, write_parquet};
use gummel_device::{Corner, si};
use gummel_export::library::Sections;
use gummel_export::program::Input;
use gummel_export::{ExportOptions, Selection, Target, Written, export_together, gmid, osdi};
use gummel_model::Model;
use serde::Serialize;
use std::path::{Path, PathBuf};

use crate::exit::Outcome;
use crate::grid::BiasGrid;
use crate::run_folder::Fitted;
use crate::session::Session;

/// Write a fitted model for simulators and other programs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Run folder or model folder; a device library (osdi) takes several
    #[arg(required = true)]
    models: Vec<PathBuf>,
    /// Format: osdi verilog-a c numpy onnx onnx-f32 spice gmid lib
    #[arg(long, value_name = "TARGET")]
    to: String,
    /// File to write [default: TECHNOLOGY_FAMILY with the target's ending, in the current folder]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Device by name (may be repeated) [default: all]
    #[arg(long, value_name = "NAME")]
    device: Vec<String>,
    /// Corner to stand at instead of the devices' own
    #[arg(long, value_name = "tt|ff|ss|sf|fs")]
    corner: Option<Corner>,
    /// Temperature to stand at instead of the devices' own, degrees Celsius
    #[arg(long, value_name = "CELSIUS", allow_negative_numbers = true)]
    temperature: Option<f64>,
    /// What of the place an ONNX file takes as input, where the model depends on it: temperature w l corner, or none [default: temperature]
    #[arg(long, value_delimiter = ',', value_name = "NAME,NAME")]
    inputs: Option<Vec<String>>,
    /// Biases of a gm/ID table in volts, e.g. vgs=0:1.2:0.025,vds=0.05/0.6/1.2 [default: the fitted range]
    #[arg(long, value_name = "GRID")]
    grid: Option<BiasGrid>,
    /// What the sections of a library hold: spice subcircuits or osdi model cards [default: spice]
    #[arg(long, value_name = "spice|osdi", value_parser = sections)]
    using: Option<Sections>,
    /// Version of a device library's interface: 0.3 (ngspice 39 and newer) or 0.4 [default: 0.3]
    #[arg(long, value_name = "VERSION", value_parser = abi)]
    abi: Option<osdi::Abi>,
    /// Name of a device library's model type, one per model, or one for all, which `family=` then tells apart [default: TECHNOLOGY_FAMILY]
    #[arg(long, value_name = "NAME")]
    name: Vec<String>,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel export runs/nmos runs/pmos --to osdi --out demo.osdi   what ngspice loads: fastest
  gummel export runs/nmos --to verilog-a                  all devices and corners in one module
  gummel export runs/nmos --to c --out nmos.h
  gummel export runs/nmos --to numpy --out nmos.py
  gummel export runs/nmos --to onnx-f32 --device W10u_L0.13u --out nmos.onnx
  gummel export runs/nmos --to onnx --inputs temperature,w,l,corner
  gummel export runs/nmos --to spice --device W10u_L0.13u --temperature 125
  gummel export runs/nmos --to gmid --grid vgs=0:1.2:0.025,vds=0.3/0.6 --out gmid.csv
  gummel export runs/corners --to lib --using osdi --out nmos.lib   sections tt ff ss sf fs

TARGETS:
  osdi       device library for ngspice and others, no compiler needed; several models in one file
  verilog-a  module with device, corner, w and l as parameters; noise and capacitances
  c          header without dependencies: current and exact derivatives
  numpy      Python file that needs NumPy alone: the same over arrays of devices and biases
  onnx       graph over a batch of biases, double precision; onnx-f32: single precision
  spice      a subcircuit of behavioural sources per device: slow, for simulators that load nothing else
  gmid       table (CSV, or Parquet when the file ends in .parquet) of id gm gds gmb vth gm/id (and ft where the model has charges)
  lib        library with a section per corner that includes the subcircuits

`gummel verify` proves that a file computes the same as the model.";

/// The result for machines.
#[derive(Serialize)]
struct Exported {
    target: &'static str,
    files: Vec<PathBuf>,
    warning: Option<&'static str>,
    example: Option<String>,
}

/// Exports.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let target: Target = args.to.parse()?;
    refuse_unused(&args, target)?;
    let fitted = args.models.iter().map(|m| Ok(Fitted::open(m)?.model)).collect::<Result<Vec<Model>>>()?;
    let models: Vec<&Model> = fitted.iter().collect();
    let options = ExportOptions {
        selection: Selection {
            devices: args.device,
            corner: args.corner.map(Corner::position),
            temperature: args.temperature.map(si::kelvin),
        },
        open: match &args.inputs {
            Some(names) => inputs(names)?,
            None => vec![Input::Temperature],
        },
        grid: args.grid.map(|BiasGrid { vgs, vds, vbs }| gmid::Grid { vgs, vds, vbs }),
        sections: args.using.unwrap_or_default(),
        osdi: osdi::Options {
            abi: args.abi.unwrap_or_default(),
            names: args.name,
            ..osdi::Options::default()
        },
    };
    let path = args.out.unwrap_or_else(|| target.default_file(models[0]).into());
    let is_parquet = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet"));
    let written = match (target, &models[..]) {
        (Target::Gmid, [model]) if is_parquet => {
            let table = gmid::table(model, &options.selection, options.grid.as_ref())?;
            write_table(&table, &path)?;
            Written { files: vec![path], ..Written::default() }
        }
        _ => export_together(&models, target, &options, &path)?,
    };
    for file in &written.files {
        session.say(format!("wrote {}", file.display()))?;
    }
    if let Some(example) = &written.example {
        session.say(format!("in a netlist:\n{}", example.trim_end()))?;
    }
    if let Some(warning) = written.warning {
        session.warn(warning);
    }
    let Written { files, warning, example } = written;
    session.result(&Exported { target: target.name(), files, warning, example })?;
    Ok(Outcome::Done)
}

/// Refuses what the target would not look at.
fn refuse_unused(args: &Args, target: Target) -> Result<()> {
    let cards = target == Target::Osdi || (target == Target::Library && args.using == Some(Sections::Osdi));
    let graph = matches!(target, Target::Onnx | Target::OnnxF32);
    for (flag, given, used, of) in [
        ("--inputs", args.inputs.is_some(), graph, "onnx and onnx-f32"),
        ("--grid", args.grid.is_some(), target == Target::Gmid, "gmid"),
        ("--using", args.using.is_some(), target == Target::Library, "lib"),
        ("--abi", args.abi.is_some(), cards, "osdi, and lib --using osdi"),
        ("--name", !args.name.is_empty(), cards, "osdi, and lib --using osdi"),
    ] {
        if given && !used {
            bail!("{flag} is an option of {of}; {} does not use it, leave it out", target.name());
        }
    }
    Ok(())
}

/// A gm/ID table as Parquet.
fn write_table(table: &gmid::Table, path: &Path) -> Result<()> {
    let column = |k: usize| table.rows.iter().map(|row| row[k]).collect::<Vec<f64>>();
    let numbers: Vec<(&str, Vec<f64>)> =
        table.columns.iter().enumerate().map(|(k, name)| (*name, column(k))).collect();
    let columns: Vec<(&str, ParquetColumn)> = std::iter::once(("device", ParquetColumn::Text(&table.device)))
        .chain(numbers.iter().map(|(name, values)| (*name, ParquetColumn::Number(values))))
        .collect();
    Ok(write_parquet(path, &columns)?)
}

fn sections(name: &str) -> Result<Sections> {
    match name {
        "spice" => Ok(Sections::Spice),
        "osdi" => Ok(Sections::Osdi),
        other => bail!("'{other}' is nothing that sections hold; expected spice or osdi"),
    }
}

fn abi(version: &str) -> Result<osdi::Abi> {
    match version {
        "0.3" => Ok(osdi::Abi::V0_3),
        "0.4" => Ok(osdi::Abi::V0_4),
        other => bail!("'{other}' is no version of the interface; expected 0.3 or 0.4"),
    }
}

fn inputs(names: &[String]) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for name in names {
        match name.as_str() {
            "temperature" => inputs.push(Input::Temperature),
            "w" => inputs.push(Input::W),
            "l" => inputs.push(Input::L),
            "corner" => inputs.extend([Input::Speed, Input::Skew]),
            "none" => {}
            other => bail!("'{other}' is no input; expected temperature, w, l, corner or none"),
        }
    }
    Ok(inputs)
}
