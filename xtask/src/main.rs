//! Development tasks: `cargo xtask TASK`.
#![allow(clippy::print_stdout)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

#[cfg(feature = "book")]
mod book;
mod check;
#[cfg(feature = "datasets")]
mod datasets;
mod golden;
mod tidy;

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};

const USAGE: &str = "usage: cargo xtask TASK
  check [STEP ...]   what CI runs, cheapest first:
                     fmt tidy book test main-job python programs clippy rustdoc gpu
  tidy               the house rules that no compiler checks
  golden             write golden files anew from what the tests produce
tasks that need more dependencies: cargo run --release -p xtask --features TASK -- TASK
  book               build the documentation into target/book
  datasets [--check] generate the bundled data sets with ngspice, or compare the present ones with new ones
  datasets trunk [--check]
                     fit the bundled trunk to the bundled data, or compare the present one with a new one";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let root = root();
    match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["check", steps @ ..] => check::run(&root, steps),
        ["tidy"] => tidy::run(&root),
        ["golden"] => golden::run(&root),
        #[cfg(feature = "book")]
        ["book"] => book::run(&root),
        #[cfg(feature = "datasets")]
        ["datasets"] => datasets::run(&root, false),
        #[cfg(feature = "datasets")]
        ["datasets", "--check"] => datasets::run(&root, true),
        #[cfg(feature = "datasets")]
        ["datasets", "trunk"] => datasets::trunk::run(&root, false),
        #[cfg(feature = "datasets")]
        ["datasets", "trunk", "--check"] => datasets::trunk::run(&root, true),
        [task @ ("book" | "datasets"), ..] => {
            bail!("cargo run --release -p xtask --features {task} -- {task}")
        }
        _ => bail!("{USAGE}"),
    }
}

/// The repository's root: the parent of this crate's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}
