//! `gummel adapt`: a new device's head from few points, trunk frozen.

use anyhow::{Context, Result};
use gummel_plot::Style;
use gummel_surrogate::AdaptOptions;
use gummel_surrogate::adapt::adapt_all;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::created::today;
use crate::exit::Outcome;
use crate::figures;
use crate::input::InputArgs;
use crate::newcomer::NewcomerArgs;
use crate::run_folder::Fitted;
use crate::session::Session;
use crate::table::{Grid, count, number, percent};

/// Take new devices into a model from few points
///
/// The trunk stays as it is. A new device's head is the most probable one under the population of the fitted
/// heads, given its readings.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Run folder or model folder
    model: PathBuf,
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    newcomer: NewcomerArgs,
    /// Use only N points of each device, drawn at random; the others tell how good that is
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    points: Option<u64>,
    /// Seed of the draw
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Figure of the error over the number of readings used (svg or png); needs data with more than a few
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Model folder to write [default: the name of the model and -adapted]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel adapt runs/nmos new-device/ --out runs/nmos-and-new
  gummel adapt runs/nmos die2.csv --w 10u --l 0.13u               the file does not say its geometry
  gummel adapt runs/nmos data/ --device W5u_L0.13u --points 20    how good are 20 points?
  gummel adapt runs/nmos data/ --plot few.svg                     how good is how many?
  gummel predict runs/nmos-adapted --device W5u_L0.13u --grid vgs=0:1.2:0.1,vds=1.2 --interval

A device the model already has is replaced.";

/// The result for machines.
#[derive(Serialize)]
struct Taken {
    out: PathBuf,
    devices: Vec<Row>,
    seconds: f64,
}

#[derive(Serialize)]
struct Row {
    device: String,
    points: usize,
    used: usize,
    replaced: bool,
    noise: f64,
    errors: gummel_device::metrics::CurrentErrors,
}

/// Reads, adapts, writes.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let model = Fitted::open(&args.model)?.model;
    let data = args.newcomer.read(&args.input, &model, session)?;
    let options = AdaptOptions { points: args.points.map(|n| n as usize), seed: args.seed };
    let begun = Instant::now();
    let created = today()?;
    let (mut grown, taken) = adapt_all(&model, &data, &options)?;
    let seconds = begun.elapsed().as_secs_f64();
    let out = args.out.clone().unwrap_or_else(|| beside(&args.model));
    grown.manifest.created = created;
    grown.save(&out)?;
    let rows: Vec<Row> = taken
        .iter()
        .map(|t| Row {
            device: t.report.name.clone(),
            points: t.report.errors.points,
            used: t.used.len(),
            replaced: t.replaced,
            noise: t.noise,
            errors: t.report.errors,
        })
        .collect();
    session.say(table(&rows).text(session.width()))?;
    session.say(format!(
        "\nerrors are over all points given, used or not\ntook in {} in {seconds:.3} s, wrote {}",
        count(rows.len(), "device"),
        out.display()
    ))?;
    if let Some(path) = &args.plot {
        let figure = figures::few_readings(&model, &data, args.seed, &Style::column())?;
        let figure = figure.context("--plot: a device has one reading only; there is nothing to compare")?;
        figure.save(path)?;
        session.say(format!("wrote {}", path.display()))?;
    }
    session.result(&Taken { out, devices: rows, seconds })?;
    Ok(Outcome::Done)
}

/// `MODEL-adapted` beside the model.
fn beside(model: &Path) -> PathBuf {
    let name = model.file_name().map_or("model".into(), |n| n.to_string_lossy().into_owned());
    model.with_file_name(format!("{name}-adapted"))
}

fn table(rows: &[Row]) -> Grid {
    let mut grid = Grid::new(
        &["device", "used", "points", "rel rms %", "median %", "decades", "nrmse %", "scatter %", "remark"],
        &[8],
    );
    for r in rows {
        grid.row([
            r.device.clone(),
            r.used.to_string(),
            r.points.to_string(),
            percent(r.errors.rel_rms),
            percent(r.errors.median_rel),
            number(r.errors.log10_rms),
            percent(r.errors.nrmse),
            percent(r.noise),
            if r.replaced { "replaced".to_owned() } else { String::new() },
        ]);
    }
    grid
}
