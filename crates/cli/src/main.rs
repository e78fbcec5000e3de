//! The `gummel` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    gummel_cli::run(std::env::args_os())
}
