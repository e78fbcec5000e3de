//! `gummel export`: a fitted model as a file for simulators and other programs.

use anyhow::{Result, bail};
use gummel_device::Corner;
use gummel_export::program::Input;
use gummel_export::{ExportOptions, Selection, Target, export, gmid};
use serde::Serialize;
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::grid::BiasGrid;
use crate::run_folder::Fitted;
use crate::session::Session;

/// Write a fitted model for simulators and other programs
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Run folder or model folder
    model: PathBuf,
    /// Format: verilog-a c onnx onnx-f32 spice gmid lib
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
    /// What of the place an ONNX file takes as input, where the model depends on it: temperature w l corner
    #[arg(long, value_delimiter = ',', default_value = "temperature", value_name = "NAME,NAME")]
    inputs: Vec<String>,
    /// Biases of a gm/ID table in volts, e.g. vgs=0:1.2:0.025,vds=0.05/0.6/1.2 [default: the fitted range]
    #[arg(long, value_name = "GRID")]
    grid: Option<BiasGrid>,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel export runs/nmos --to verilog-a                  all devices and corners in one module
  gummel export runs/nmos --to c --out nmos.h
  gummel export runs/nmos --to onnx-f32 --device W10u_L0.13u --out nmos.onnx
  gummel export runs/nmos --to onnx --inputs temperature,w,l,corner
  gummel export runs/nmos --to spice --device W10u_L0.13u --temperature 125
  gummel export runs/nmos --to gmid --grid vgs=0:1.2:0.025,vds=0.3/0.6 --out gmid.csv
  gummel export runs/corners --to lib --out nmos.lib      sections tt ff ss sf fs

TARGETS:
  verilog-a  module with device, corner, w and l as parameters; noise and capacitances
  c          header without dependencies: current and exact derivatives
  onnx       graph over a batch of biases, double precision; onnx-f32: single precision
  spice      a subcircuit of behavioural sources per device: slow, for simulators that load nothing else
  gmid       table of id gm gds gmb vth gm/id (and ft where the model has charges)
  lib        library with a section per corner that includes the subcircuits

`gummel verify` proves that a file computes the same as the model.";

/// The result for machines.
#[derive(Serialize)]
struct Exported {
    target: &'static str,
    files: Vec<PathBuf>,
    warning: Option<&'static str>,
}

/// Exports.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let target: Target = args.to.parse()?;
    let model = Fitted::open(&args.model)?.model;
    let options = ExportOptions {
        selection: Selection {
            devices: args.device,
            corner: args.corner.map(Corner::position),
            temperature: args.temperature.map(|c| c + 273.15),
        },
        open: inputs(&args.inputs)?,
        grid: args.grid.map(|BiasGrid { vgs, vds, vbs }| gmid::Grid { vgs, vds, vbs }),
    };
    let path = args.out.unwrap_or_else(|| target.default_file(&model).into());
    let files = export(&model, target, &options, &path)?;
    for file in &files {
        session.say(format!("wrote {}", file.display()))?;
    }
    if let Some(warning) = target.warning() {
        session.warn(warning);
    }
    session.result(&Exported { target: target.name(), files, warning: target.warning() })?;
    Ok(Outcome::Done)
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
