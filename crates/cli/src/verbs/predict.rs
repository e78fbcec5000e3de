//! `gummel predict`: quantities of a fitted model over a grid or a table of biases.

use anyhow::{Context, Result, bail};
use gummel_device::{Corner, Quantity, si};
use gummel_model::{DeviceQuery, Model, Uncertainty, predict};
use ndarray::Array2;
use serde::Serialize;
use std::path::PathBuf;

use crate::biases;
use crate::exit::Outcome;
use crate::grid::BiasGrid;
use crate::predictions::Predictions;
use crate::run_folder::Fitted;
use crate::session::Session;
use crate::table::count;

/// Evaluate a fitted model over biases
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["device", "all"]))]
#[command(group = clap::ArgGroup::new("where").required(true).args(["grid", "table"]))]
pub struct Args {
    /// Run folder or model folder
    model: PathBuf,
    /// Device by name (may be repeated)
    #[arg(long, value_name = "NAME")]
    device: Vec<String>,
    /// Every device of the model
    #[arg(long)]
    all: bool,
    /// Biases in volts: NAME=START:STOP:STEP or NAME=A/B/C for vgs, vds and (0 by default) vbs
    #[arg(long, value_name = "GRID")]
    grid: Option<BiasGrid>,
    /// CSV file of biases with columns vgs,vds[,vbs] or vd,vg,vs,vb in volts
    #[arg(long, value_name = "FILE")]
    table: Option<PathBuf>,
    /// Temperature in degrees Celsius [default: the one nearest to 27 that the device was fitted at]
    #[arg(long, value_name = "CELSIUS", allow_negative_numbers = true)]
    temperature: Option<f64>,
    /// Another channel width, e.g. 5u
    #[arg(long, value_parser = si::parse, value_name = "LENGTH")]
    w: Option<f64>,
    /// Another channel length, e.g. 0.13u
    #[arg(long, value_parser = si::parse, value_name = "LENGTH")]
    l: Option<f64>,
    /// Another corner
    #[arg(long, value_name = "tt|ff|ss|sf|fs")]
    corner: Option<Corner>,
    /// Quantities: id ig is ib gm gds gmb qg qd qs qb cgg cgd cgs cdg cdd cbg
    #[arg(long, value_delimiter = ',', default_value = "id,gm,gds", value_name = "Q,Q")]
    quantities: Vec<Quantity>,
    /// Add the interval that holds a reading of the channel current with this probability, e.g. 0.9
    #[arg(long, value_name = "LEVEL", num_args = 0..=1, default_missing_value = "0.9", value_parser = level)]
    interval: Option<f64>,
    /// CSV or Parquet file to write; CSV on standard output when left out
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel predict runs/nmos --device W10u_L0.13u --grid vgs=0:1.2:0.05,vds=1.2
  gummel predict runs/nmos --all --grid vgs=0:1.2:0.05,vds=0.05/0.6/1.2,vbs=0/-0.6 --out curves.parquet
  gummel predict runs/nmos/model --device W10u_L0.13u --table biases.csv --temperature 125 --out at125.csv
  gummel predict runs/nmos --device W10u_L0.13u --table biases.csv --interval 0.9 --out sure.csv
  gummel predict runs/nmos --device W10u_L0.13u --w 5u --grid vgs=0:1.2:0.1,vds=1.2 --quantities id,gm,gds,gmb

With --interval the columns id_low, id_high (A), deviation (about relative) and in_range (1 where the device was
measured) follow; the interval is of the channel current. The output has SI units: volts, kelvin, amperes, siemens, coulombs, farads. Currents and charges count into
the device, so that a p-channel drain current is negative.";

/// The result for machines.
#[derive(Serialize)]
struct Predicted {
    out: Option<PathBuf>,
    devices: usize,
    rows: usize,
}

/// Evaluates and writes.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    if session.is_json() && args.out.is_none() {
        bail!("--json needs --out: standard output cannot hold both the CSV and the JSON");
    }
    let model = Fitted::open(&args.model)?.model;
    let biases = match (&args.grid, &args.table) {
        (Some(grid), _) => biases::of_grid(grid),
        (None, Some(path)) => biases::read(path)?,
        (None, None) => bail!("give the biases with --grid or --table"),
    };
    let mut out = Predictions::new(&args.quantities, args.interval.is_some());
    for query in queries(&args, &model) {
        let (place, instance) = (model.locate(&query)?, model.instance(&query)?);
        let mut values: Array2<f64> = predict(&instance, biases.view(), &args.quantities)?;
        if let Some(level) = args.interval {
            let intervals = intervals(&model.uncertainty(&query)?, &biases, level);
            values = ndarray::concatenate(ndarray::Axis(1), &[values.view(), intervals.view()])?;
        }
        out.add(&query.device, place.temperature, &biases, &values);
    }
    let devices = if args.all { model.spec.devices.len() } else { args.device.len() };
    let rows = out.len();
    match (&args.out, session.front()) {
        (None, Some(front)) => front.heard().predictions = Some(out),
        (None, None) => session.emit(out.csv()?.as_slice())?,
        (Some(path), _) => {
            out.write(path).with_context(|| format!("cannot write {}", path.display()))?;
            let (lines, of) = (count(rows, "row"), count(devices, "device"));
            session.say(format!("wrote {lines} of {of} to {}", path.display()))?;
        }
    }
    session.result(&Predicted { out: args.out, devices, rows })?;
    Ok(Outcome::Done)
}

/// Columns of [`crate::predictions::INTERVAL`] at every bias.
fn intervals(device: &Uncertainty, biases: &Array2<f64>, level: f64) -> Array2<f64> {
    let mut columns = Array2::zeros((biases.nrows(), 4));
    for (bias, mut row) in biases.rows().into_iter().zip(columns.rows_mut()) {
        let i = device.interval(std::array::from_fn(|k| bias[k]), level);
        row.assign(&ndarray::arr1(&[i.low, i.high, i.deviation, f64::from(u8::from(i.in_range))]));
    }
    columns
}

fn level(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(l) if l > 0.0 && l < 1.0 => Ok(l),
        _ => Err("expected a probability between 0 and 1, e.g. 0.9".to_owned()),
    }
}

fn queries(args: &Args, model: &Model) -> Vec<DeviceQuery> {
    let all = || model.spec.devices.iter().map(|d| d.name.clone()).collect();
    let names: Vec<String> = if args.all { all() } else { args.device.clone() };
    let query = |device| DeviceQuery {
        device,
        temperature: args.temperature.map(si::kelvin),
        w: args.w,
        l: args.l,
        corner: args.corner.map(Corner::position),
        ..DeviceQuery::default()
    };
    names.into_iter().map(query).collect()
}
