//! `gummel plan`: the next bias points that tell most about a device.

use anyhow::{Result, bail};
use gummel_device::{Bias, si};
use gummel_export::write::write_whole;
use gummel_kernel::Place;
use gummel_model::Model;
use gummel_surrogate::adapt::adapt_all;
use gummel_surrogate::plan::Subject;
use gummel_surrogate::{AdaptOptions, PlanOptions, Planned, plan};
use serde::Serialize;
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::grid::BiasGrid;
use crate::input::InputArgs;
use crate::newcomer::NewcomerArgs;
use crate::run_folder::Fitted;
use crate::session::Session;
use crate::table::{Grid, count, percent};

/// Say which bias points to measure next
///
/// Points are chosen one by one so that the mean uncertainty of the device's curves falls most. The device is one
/// of the model (--device), one that was never measured (--w and --l), or the one whose readings are given.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[command(
    mut_arg("device", |a| a.help(DEVICE)),
    mut_arg("temperature", |a| a.help(TEMPERATURE)),
    mut_arg("w", |a| a.help("Channel width of a device that is not in the model, e.g. 10u")),
    mut_arg("l", |a| a.help("Channel length of a device that is not in the model, e.g. 0.13u")),
    mut_arg("mult", |a| a.help("Devices in parallel of a device that is not in the model [default: 1]"))
)]
pub struct Args {
    /// Run folder or model folder
    model: PathBuf,
    /// Number of points
    #[arg(short, long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1000))]
    k: u64,
    /// Readings already taken of the device: files, folders or globs
    #[arg(long, value_name = "DATA", num_args = 1..)]
    given: Vec<PathBuf>,
    #[command(flatten)]
    newcomer: NewcomerArgs,
    /// Biases that can be measured [default: the box of the model's data, in steps of 50 mV, vbs in five steps]
    #[arg(long, value_name = "GRID")]
    grid: Option<BiasGrid>,
    /// Noise floor of the instrument in amperes [default: that of the model's devices]
    #[arg(long, value_name = "CURRENT", value_parser = si::parse)]
    floor: Option<f64>,
    /// CSV file to write: vd,vg,vs,vb in volts
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const DEVICE: &str =
    "Device to plan for, by its name in the model; with --given, a glob on names of the readings' devices";
const TEMPERATURE: &str = "Temperature in degrees Celsius of a device that is not in the model [default: that of the \
    model's first device]; with --given, of the readings to take";

const EXAMPLES: &str = "\
EXAMPLES:
  gummel plan runs/nmos --w 5u --l 0.18u -k 10 --out measure.csv     a device nobody has measured
  gummel plan runs/nmos --given first-points.csv --w 5u --l 0.18u -k 5
  gummel plan runs/nmos --device W10u_L0.13u -k 5                    a device of the model
  gummel plan runs/nmos --w 1u --l 1u -k 8 --grid vgs=0:1.2:0.1,vds=0.05/0.6/1.2,vbs=0

The uncertainty is that of predictions, about relative where there is current.";

/// The result for machines.
#[derive(Serialize)]
struct Plan {
    points: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    vd: f64,
    vg: f64,
    vs: f64,
    vb: f64,
    expected: f64,
    before: f64,
    after: f64,
}

/// Plans and prints.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let mut model = Fitted::open(&args.model)?.model;
    let subject = subject(&args, &mut model, session)?;
    let candidates = match &args.grid {
        Some(grid) => grid.biases(),
        None => measurable(&model),
    };
    let floors = || gummel_device::metrics::Spread::over(model.manifest.devices.iter().map(|d| d.floor));
    let floor = args.floor.unwrap_or_else(|| floors().median);
    let planned = plan(&model, &subject, &PlanOptions { points: args.k as usize, floor, candidates })?;
    session.say(table(&planned).text(session.width()))?;
    if let Some(path) = &args.out {
        write_whole(path, csv(&planned).as_bytes())?;
        session.say(format!("\nwrote {} to {}", count(planned.len(), "point"), path.display()))?;
    }
    session.result(&Plan { points: planned.iter().map(point).collect() })?;
    Ok(Outcome::Done)
}

/// Who is planned for; readings given are taken into the model first.
fn subject(args: &Args, model: &mut Model, session: &Session) -> Result<Subject> {
    if !args.given.is_empty() {
        let input = InputArgs { inputs: args.given.clone(), ..InputArgs::default() };
        let data = args.newcomer.read(&input, model, session)?;
        if data.devices.len() != 1 {
            let names: Vec<&str> = data.devices.iter().map(|d| d.id.name.as_str()).collect();
            bail!(
                "the readings are of {}: {}; choose one with --device",
                count(names.len(), "device"),
                names.join(", ")
            );
        }
        let (grown, taken) = adapt_all(model, &data, &AdaptOptions::default())?;
        *model = grown;
        return Ok(Subject::Known(taken[0].device));
    }
    let reference = model.spec.devices.first().map_or(300.15, |d| d.place.temperature);
    match (args.newcomer.geometry(), args.newcomer.device()) {
        (Some((w, l, mult)), None) => {
            let temperature = args.newcomer.kelvin().unwrap_or(reference);
            Ok(Subject::Unknown(Place { w, l, mult, temperature, speed: 0.0, skew: 0.0 }))
        }
        (None, Some(name)) => Ok(Subject::Known(model.device_index(name)?)),
        _ => bail!("for which device? Give --w and --l, or --device NAME, or readings with --given"),
    }
}

/// The box that the model's devices were measured in, in round steps.
fn measurable(model: &Model) -> Vec<Bias> {
    const STEP: f64 = 0.05;
    let side = |k: usize| {
        let ends = model.spec.devices.iter().map(|d| d.range[k]);
        ends.fold([f64::INFINITY, f64::NEG_INFINITY], |a, r| [a[0].min(r[0]), a[1].max(r[1])])
    };
    let steps = |[low, high]: [f64; 2], step: f64| -> Vec<f64> {
        let first = (low / step - 1e-6).ceil() as i64;
        let last = (high / step + 1e-6).floor() as i64;
        (first..=last).map(|k| k as f64 * step).collect()
    };
    let bulk = side(2);
    let bulk_step = (((bulk[1] - bulk[0]) / 4.0 / STEP).round() * STEP).max(STEP);
    let mut biases = Vec::new();
    for vbs in steps(bulk, bulk_step) {
        for vds in steps(side(1), STEP).into_iter().filter(|v| *v > 0.5 * STEP) {
            for vgs in steps(side(0), STEP) {
                biases.push(Bias::from_source(vgs, vds, vbs).mirrored(model.spec.sign));
            }
        }
    }
    biases
}

fn table(planned: &[Planned]) -> Grid {
    let mut grid = Grid::new(
        &["point", "vgs V", "vds V", "vbs V", "expected A", "uncertain %", "strong part, then %"],
        &[],
    );
    for (k, p) in planned.iter().enumerate() {
        let volts = |v: f64| format!("{:.3}", v + 0.0);
        grid.row([
            (k + 1).to_string(),
            volts(p.bias.vgs()),
            volts(p.bias.vds()),
            volts(p.bias.vbs()),
            si::format(p.expected, 3),
            percent(p.before),
            percent(p.after),
        ]);
    }
    grid
}

fn csv(planned: &[Planned]) -> String {
    // Hundredths of a millivolt: finer steps are no instrument's.
    let cell = |v: f64| ((v * 1e5).round() / 1e5 + 0.0).to_string();
    let line = |p: &Planned| p.bias.to_array().map(cell);
    let rows: String =
        planned.iter().map(line).map(|[vd, vg, vs, vb]| format!("{vd},{vg},{vs},{vb}\n")).collect();
    format!("vd,vg,vs,vb\n{rows}")
}

fn point(p: &Planned) -> Point {
    let [vd, vg, vs, vb] = p.bias.to_array();
    Point { vd, vg, vs, vb, expected: p.expected, before: p.before, after: p.after }
}
