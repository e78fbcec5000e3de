//! `gummel completions`: completion scripts for shells.

use anyhow::Result;
use clap_complete::Shell;

use crate::exit::Outcome;
use crate::session::Session;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The shell
    shell: Shell,
}

const EXAMPLES: &str = "\
EXAMPLES:
  gummel completions bash > ~/.local/share/bash-completion/completions/gummel
  gummel completions zsh > ~/.zfunc/_gummel
  gummel completions fish > ~/.config/fish/completions/gummel.fish";

/// Prints the script.
pub(super) fn run(args: Args, session: &Session) -> Result<Outcome> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut crate::command(), "gummel", &mut script);
    session.emit(&script)?;
    Ok(Outcome::Done)
}
