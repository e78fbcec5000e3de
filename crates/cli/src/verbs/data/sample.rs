//! `gummel data sample`: a few rows of a large table.

use anyhow::Result;
use gummel_data::sample_parquet;
use serde::Serialize;
use std::path::PathBuf;

use crate::exit::Outcome;
use crate::session::Session;
use crate::table::count;

/// Draw rows of a Parquet table without reading it whole
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Parquet file made by gummel data convert
    table: PathBuf,
    /// Parquet file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Number of rows
    #[arg(long, short, default_value_t = 10_000)]
    n: usize,
    /// Seed of the draw
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel data sample lot7.parquet --out few.parquet
  gummel data sample lot7.parquet -n 500 --seed 1 --out few.parquet";

/// The result for machines.
#[derive(Serialize)]
struct Sampled {
    out: PathBuf,
    rows: usize,
}

/// Draws and writes.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let table = sample_parquet(&args.table, args.n, args.seed)?;
    table.to_parquet(&args.out)?;
    session.say(format!("wrote {} to {}", count(table.len(), "row"), args.out.display()))?;
    session.result(&Sampled { out: args.out, rows: table.len() })?;
    Ok(Outcome::Done)
}
