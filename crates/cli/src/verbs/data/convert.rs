//! `gummel data convert`: any measured files to one Parquet table, in parts.

use anyhow::{Result, bail};
use gummel_data::convert;
use serde::Serialize;
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::input::{InputArgs, name_failures};
use crate::run_folder::{FailedFile, failures};
use crate::session::Session;
use crate::table::count;

/// Convert files to one validated Parquet table; sets larger than memory are streamed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Parquet file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Files held in memory at the same time
    #[arg(long, default_value_t = 64)]
    batch: usize,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel data convert measurements/ --out lot7.parquet
  gummel data convert 'wafers/**/*.mdm' --out wafers.parquet --batch 16
  gummel fit lot7.parquet --family nmos";

/// The result for machines.
#[derive(Serialize)]
struct Converted {
    out: PathBuf,
    rows: usize,
    files: usize,
    failures: Vec<FailedFile>,
}

/// Converts and reports.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let options = args.input.options(session)?;
    let done = args.input.with_paths(session, |paths, bar| {
        Ok(convert(paths, &args.out, args.batch, &options, &|p| bar.show(p))?)
    })?;
    name_failures(&done.failures, session);
    if done.rows == 0 {
        bail!(
            "no row of measurements in {}; {} was not written. `gummel inspect` says what the files hold",
            count(done.files.len() + done.failures.len() + done.skipped.len(), "file"),
            args.out.display()
        );
    }
    let (rows, files) = (count(done.rows, "row"), count(done.files.len(), "file"));
    session.say(format!("wrote {rows} of {files} to {}", args.out.display()))?;
    let outcome = Outcome::of_failures(done.failures.len());
    session.result(&Converted {
        out: args.out,
        rows: done.rows,
        files: done.files.len(),
        failures: failures(&done.failures),
    })?;
    Ok(outcome)
}
