//! `gummel data list`: data sets inside the program and public ones to fetch.

use anyhow::Result;
use gummel_catalogue::{BUNDLED, entries};
use serde::Serialize;

use crate::exit::Outcome;
use crate::session::Session;
use crate::table::{Grid, number};

/// List the bundled data sets and the public ones that can be fetched
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel data list
  gummel data list --json        with licence, citation and source of each set";

/// A data set for machines.
#[derive(Serialize)]
struct Listed {
    name: &'static str,
    description: &'static str,
    bundled: bool,
    files: usize,
    bytes: u64,
    repository: Option<&'static str>,
    commit: Option<&'static str>,
    license: Option<&'static str>,
    citation: Option<&'static str>,
}

/// Prints the catalogue.
pub(super) fn run(_: Args, session: &Session) -> Result<Outcome> {
    let bundled = BUNDLED.iter().map(|b| Listed {
        name: b.name,
        description: b.description,
        bundled: true,
        files: 1,
        bytes: b.parquet.len() as u64,
        repository: None,
        commit: None,
        license: None,
        citation: None,
    });
    let public = entries().iter().map(|e| Listed {
        name: &e.name,
        description: &e.description,
        bundled: false,
        files: e.files.len(),
        bytes: e.files.iter().map(|f| f.bytes).sum(),
        repository: Some(&e.repository),
        commit: Some(&e.commit),
        license: Some(&e.license),
        citation: Some(&e.citation),
    });
    let sets: Vec<Listed> = bundled.chain(public).collect();
    let mut grid = Grid::new(&["name", "where", "files", "MB", "what"], &[1, 4]);
    for set in &sets {
        let place = if set.bundled { "bundled" } else { "to fetch" };
        grid.row([
            set.name.to_owned(),
            place.to_owned(),
            set.files.to_string(),
            number(set.bytes as f64 / 1e6),
            set.description.to_owned(),
        ]);
    }
    session.say(grid.text(session.width()))?;
    session.say("\ngummel fit NAME reads a bundled set, gummel data fetch NAME downloads a public one")?;
    session.result(&sets)?;
    Ok(Outcome::Done)
}
