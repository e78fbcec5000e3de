//! `gummel data fetch`: downloads a public data set and verifies every file.

use anyhow::Result;
use gummel_catalogue::{FetchOptions, FetchReport, entry, fetch};
use serde::Serialize;
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::progress::FetchBar;
use crate::session::Session;
use crate::table::{count, number};

/// Download a public data set; resumes, verifies, and leaves files that are right alone
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Name of the data set (see gummel data list)
    name: String,
    /// Folder to fill [default: the name of the data set]
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// A mirror: another base URL, or a local folder with the same files
    #[arg(long, value_name = "URL|FOLDER")]
    from: Option<String>,
    /// Files fetched at the same time
    #[arg(long, default_value_t = FetchOptions::default().jobs)]
    jobs: usize,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel data fetch ihp-sg13g2                          into ihp-sg13g2/
  gummel data fetch sky130-raw --out silicon/sky130
  gummel data fetch ihp-sg13g2 --from /mnt/mirror       from a local copy
  gummel data fetch ihp-sg13g2 --from https://mirror.example/ihp --jobs 4

Run it again after an interruption: verified files are kept, half a file is continued.";

/// The result for machines.
#[derive(Serialize)]
struct Fetched {
    name: String,
    out: PathBuf,
    #[serde(flatten)]
    report: FetchReport,
    license: &'static str,
    citation: &'static str,
}

/// Downloads and reports.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let set = entry(&args.name)?;
    let out = args.out.unwrap_or_else(|| PathBuf::from(&args.name));
    let options = FetchOptions { base: args.from, jobs: args.jobs };
    let bar = FetchBar::new(session);
    let report = fetch(set, &out, &options, &|p| bar.show(p))?;
    drop(bar);
    session.say(format!(
        "{} in {}: {} fetched ({} MB), {} already there, all hashes right\nlicence {}; cite: {}",
        args.name,
        out.display(),
        count(report.fetched, "file"),
        number(report.bytes as f64 / 1e6),
        report.present,
        set.license,
        set.citation
    ))?;
    let fetched = Fetched { name: args.name, out, report, license: &set.license, citation: &set.citation };
    session.result(&fetched)?;
    Ok(Outcome::Done)
}
