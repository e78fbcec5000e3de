//! `gummel data`: data sets and tables.

pub mod convert;
pub mod fetch;
pub mod list;
pub mod sample;

use anyhow::Result;

use crate::exit::Outcome;
use crate::session::Session;

/// List and fetch data sets, convert files to Parquet, draw samples
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    List(list::Args),
    Fetch(fetch::Args),
    Convert(convert::Args),
    Sample(sample::Args),
}

/// Does it.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    match args.verb {
        Verb::List(args) => list::run(args, session),
        Verb::Fetch(args) => fetch::run(args, session),
        Verb::Convert(args) => convert::run(args, session),
        Verb::Sample(args) => sample::run(args, session),
    }
}
