//! Development tasks: `cargo xtask check`, `cargo xtask tidy`, `cargo xtask datasets`.
#![allow(clippy::print_stdout)]


mod check;
#[cfg(feature = "datasets")]
mod datasets;
mod tidy;


use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

const USAGE: &str = "usage: cargo xtask TASK
  check [STEP ...]   what CI runs, cheapest first: fmt tidy test main-job clippy book
  tidy               the house rules that no compiler checks
  datasets           generate the bundled data sets with ngspice
                     (cargo run --release -p xtask --features datasets -- datasets)";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let root = root();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {


        ["check", steps @ ..] => check::run(&root, steps),
        ["tidy"] => tidy::run(&root),
        #[cfg(feature = "datasets")]
        ["datasets"] => datasets::run(&root),
        #[cfg(not(feature = "datasets"))]
        ["datasets"] => bail!("run it with its feature: cargo run --release -p xtask --features datasets -- datasets"),
        _ => bail!("{USAGE}"),
    }
}

/// The repository's root: the parent of this crate's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}
