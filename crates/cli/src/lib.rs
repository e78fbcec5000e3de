//! The command line: one file per verb, each a thin layer over one function of a library crate.
//!
//! ```
//! use std::process::ExitCode;
//!
//! let code = gummel_cli::run(["gummel", "--quiet", "completions", "bash"]);
//! assert_eq!(code, ExitCode::SUCCESS);
//! ```
//!
//! Reading order: [`verbs`] (the list and a file each), [`session`] (what reaches the terminal),
//! [`exit`] (exit codes), [`input`] and [`recipe`] (arguments that verbs share), [`run_folder`]
//! (the folder that a fit writes), [`figures`] (which curves go into which figure), then the small ones:
//! [`listener`] (programs that run verbs in their own process: [`call`], [`read`]), [`families`], [`judged`], [`newcomer`], [`table`], [`created`], [`progress`], [`grid`], [`biases`], [`predictions`], [`interrupt`].

pub mod biases;
pub mod created;
pub mod exit;
pub mod families;
pub mod figures;
pub mod grid;
pub mod input;
pub mod interrupt;
pub mod judged;
pub mod listener;
pub mod newcomer;
pub mod parts;
pub mod predictions;
pub mod progress;
pub mod recipe;
pub mod run_folder;
pub mod session;
pub mod table;
pub mod verbs;

use anyhow::Result;
use clap::{CommandFactory, Parser};
use gummel_data::Reading;
use std::ffi::OsString;
use std::process::ExitCode;

use exit::Outcome;
use input::InputArgs;
use listener::Front;
use session::{Session, Voice};

/// Compact models from measured transistor curves: fit a family in seconds, look, judge, export.
#[derive(Debug, Parser)]
#[command(name = "gummel", version, after_help = AFTER_HELP, arg_required_else_help = true)]
pub struct Cli {
    #[command(flatten)]
    voice: Voice,
    #[command(subcommand)]
    verb: verbs::Verb,
}

const AFTER_HELP: &str = "\
EXAMPLES:
  gummel fit                                      fit the bundled data, write runs/<name>
  gummel inspect measurements/                    what is in these files
  gummel fit measurements/ --family nmos --temperature 27
  gummel plot runs/nmos --kind gallery --out gallery.svg
  gummel predict runs/nmos --all --grid vgs=0:1.2:0.05,vds=1.2 --out curves.csv

EXIT CODES:
  0  done
  1  failed; the message says what was found, what was expected and how to go on
  2  wrong usage of the command line
  3  done, but some files could not be read (they are listed)
  4  done, but a check named by --fail-on failed, or doctor found something
  130  stopped by a second Ctrl-C";

/// The command with all its verbs, for completions and documentation.
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs one command line (the first word is the program) and returns its exit code.
pub fn run(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> ExitCode {
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(wrong) => {
            // Help and version end here too; a closed pipe is the reader's choice.
            let _ = wrong.print();
            return ExitCode::from(wrong.exit_code() as u8);
        }
    };
    let session = Session::new(cli.voice);
    exit::code(cli.verb.run(&session), &session)
}

/// Runs one command line inside a program: what it says and gives is left in `front`.
///
/// # Errors
/// Wrong usage, and whatever the verb reports.
pub fn call(words: impl IntoIterator<Item = impl Into<OsString> + Clone>, front: &Front) -> Result<Outcome> {
    let cli = Cli::try_parse_from(words).map_err(usage)?;
    let outcome = cli.verb.run(&Session::within(front.clone()))?;
    front.heard().outcome = Some(outcome);
    Ok(outcome)
}

/// The arguments that every verb takes for its inputs, by themselves.
#[derive(Debug, Parser)]
#[command(name = "gummel read", no_binary_name = true)]
struct Read {
    #[command(flatten)]
    input: InputArgs,
}

/// Reads the inputs that `words` name as every verb does; also gives the arguments they stand for.
///
/// # Errors
/// Wrong usage, and as [`InputArgs::read`].
pub fn read(
    words: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    front: &Front,
) -> Result<(InputArgs, Reading)> {
    let input = Read::try_parse_from(words).map_err(usage)?.input;
    let reading = input.read(&Session::within(front.clone()))?;
    Ok((input, reading))
}

/// Wrong usage as an error of a program: clap's text without the word before it.
fn usage(wrong: clap::Error) -> anyhow::Error {
    let text = wrong.to_string();
    anyhow::Error::msg(text.trim_start_matches("error: ").trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Calls `check` with every command that has no subcommands, and its words.
    fn each_verb(command: &mut clap::Command, words: &str, check: &mut dyn FnMut(&mut clap::Command, &str)) {
        let words = format!("{words} {}", command.get_name());
        if command.has_subcommands() {
            command.get_subcommands_mut().for_each(|c| each_verb(c, &words, check));
        } else {
            check(command, &words);
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn every_verb_shows_examples_that_parse() {
        each_verb(&mut command(), "", &mut |verb, words| {
            let help = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (_, examples) = help.split_once("EXAMPLES:").unwrap_or_else(|| panic!("no examples:{words}"));
            let lines: Vec<&str> = examples.lines().filter(|l| l.starts_with("  gummel")).collect();
            assert!(!lines.is_empty(), "no example:{words}");
            for line in lines {
                // Two spaces or a redirection end the command, the rest is a remark.
                let line = line.trim().split("  ").next().unwrap_or_default();
                let line = line.split(" > ").next().unwrap_or_default().replace('\'', "");
                if let Err(wrong) = Cli::try_parse_from(line.split_whitespace()) {
                    panic!("{line}: {wrong}");
                }
            }
        });
    }
}
