//! `gummel report`: one HTML page with data, model and verdicts.

use anyhow::Result;
use gummel_export::write::write_whole;
use gummel_qa::{Limits, Plan, Verdict, page};
use serde::Serialize;
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::judged::{self, ExportArgs};
use crate::run_folder::Fitted;
use crate::session::Session;
use crate::table::count;

/// Write one self-contained HTML page: curves, live model, errors, checks, provenance
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Run folder or model folder
    model: PathBuf,
    /// Measurements to show, when they are not where the run was made from
    #[arg(long, value_name = "FILE", num_args = 1..)]
    data: Vec<PathBuf>,
    /// Show the model alone, read no measurements
    #[arg(long, conflicts_with = "data")]
    no_data: bool,
    /// TOML file with limits that differ from the defaults (`gummel check --print-limits`)
    #[arg(long, value_name = "FILE")]
    limits: Option<PathBuf>,
    #[command(flatten)]
    exports: ExportArgs,
    /// HTML file to write
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    out: PathBuf,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel report runs/nmos
  gummel report runs/nmos --out nmos.html
  gummel report runs/nmos/model --data measurements/ --out nmos.html
  gummel report runs/nmos --exports --with runs/pmos   simulators and circuits too

The page needs no network and no other file: send it by mail, print it, open it on a phone. The model's numbers
and the measured drain currents are in it.";

/// The result for machines.
#[derive(Serialize)]
struct Written {
    out: PathBuf,
    bytes: usize,
    failed: Vec<&'static str>,
}

/// Judges and writes.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let fitted = Fitted::open(&args.model)?;
    let measured = match args.no_data {
        true => None,
        false => fitted.measurements(&args.data, session)?,
    };
    let curves = judged::curves(&fitted.model, measured.as_ref());
    let limits = args.limits.as_deref().map_or(Ok(Limits::default()), Limits::load)?;
    let plan = Plan { limits, stop: session.stop(), ..Plan::default() };
    let report = judged::judge(&fitted.model, &curves, &plan, &args.exports)?;
    let text = page(&fitted.model, &report, &curves);
    write_whole(&args.out, text.as_bytes())?;
    let failed: Vec<&str> =
        report.checks.iter().filter(|c| c.verdict == Verdict::Fail).map(|c| c.name).collect();
    let verdict = match failed.len() {
        0 => "no check failed".to_owned(),
        n => format!("{} failed", count(n, "check")),
    };
    session.say(format!("wrote {} ({} kB), {verdict}", args.out.display(), text.len() / 1000))?;
    session.result(&Written { out: args.out, bytes: text.len(), failed })?;
    Ok(Outcome::Done)
}
