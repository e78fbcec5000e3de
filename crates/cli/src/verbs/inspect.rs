//! `gummel inspect`: what is in measured files, and what is doubtful about it.

use anyhow::{Context, Result};
use gummel_data::{Dataset, Inspection, Reading, Selection, inspect};
use gummel_plot::Style;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::exit::Outcome;
use crate::figures;
use crate::input::InputArgs;
use crate::recipe::SelectionArgs;
use crate::session::Session;
use crate::table::count;

/// Show families, devices, geometries, temperatures, sweeps, points and flags of measured files
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Also draw the raw curves of each family into this folder
    #[arg(long, value_name = "FOLDER")]
    plots: Option<PathBuf>,
    /// Format of the figures
    #[arg(long, value_name = "svg|png", default_value = "svg", value_parser = ["svg", "png"])]
    plot_format: String,
    #[command(flatten)]
    selection: SelectionArgs,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel inspect                                             the bundled data
  gummel inspect measurements/                               a folder, any mixture of formats
  gummel inspect 'lot7/**/*.csv' --mapping columns.toml      own column names
  gummel inspect measurements/ --json                        for scripts
  gummel inspect measurements/ --plots raw --family nmos     look at the raw curves of one family

--family, --devices, --temperature and --corner choose what is drawn; the table shows everything.
Flagged points stay in the data; a recipe's [selection] says which flags keep points or devices out of a fit.";

/// The result for machines.
#[derive(Serialize)]
struct Inspected {
    #[serde(flatten)]
    inspection: Inspection,
    plots: Vec<PathBuf>,
}

/// Reads, counts, prints, and draws when asked to.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let reading = args.input.read(session)?;
    let inspection = inspect(&reading)?;
    session.say(inspection.to_text(session.width()))?;
    let plots = match &args.plots {
        Some(folder) => draw(&reading, &args, folder)?,
        None => Vec::new(),
    };
    if let Some(folder) = &args.plots {
        session.say(format!("wrote {} in {}", count(plots.len(), "figure"), folder.display()))?;
    }
    session.result(&Inspected { inspection, plots })?;
    Ok(Outcome::of_failures(reading.failures.len()))
}

/// One gallery of raw curves per family of transistors, doubtful devices included.
fn draw(reading: &Reading, args: &Args, folder: &Path) -> Result<Vec<PathBuf>> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut selection = Selection { exclude: Default::default(), ..Selection::default() };
    selection.exclude_devices_with = Default::default();
    args.selection.apply(&mut selection);
    let data = Dataset::assemble(&reading.table, &reading.files, &selection)?;
    let families: BTreeSet<String> = data.devices.iter().map(|d| d.id.family.to_string()).collect();
    let mut written = Vec::new();
    for family in families {
        let devices = data.devices.iter().filter(|d| d.id.family.to_string() == family).cloned().collect();
        let part = Dataset { devices, files: Vec::new() };
        if let Some(figure) = figures::gallery(&family, None, &part, &Style::default())? {
            let name = format!("{}.{}", figures::file_name(&family.replace('/', "_")), args.plot_format);
            let path = folder.join(name);
            figure.save(&path)?;
            written.push(path);
        }
    }
    Ok(written)
}
