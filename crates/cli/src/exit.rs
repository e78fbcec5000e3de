//! How a verb ends: the exit codes, and errors as a person reads them.

use anyhow::Error;
use std::process::ExitCode;

use crate::session::Session;

/// How a verb that did its work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Everything was done; exit code 0.
    Done,
    /// Done, but some input files could not be read; exit code 3.
    SomeFilesFailed,
    /// Done, but a check that the caller named did not pass, or a circuit is suspicious; exit code 4.
    CheckFailed,
}

impl Outcome {
    /// [`Outcome::SomeFilesFailed`] when there were failures.
    pub fn of_failures(failures: usize) -> Self {
        if failures == 0 { Outcome::Done } else { Outcome::SomeFilesFailed }
    }
}

/// Exit code of a result; an error is printed with its causes.
pub fn code(result: Result<Outcome, Error>, session: &Session) -> ExitCode {
    match result {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::SomeFilesFailed) => ExitCode::from(3),
        Ok(Outcome::CheckFailed) => ExitCode::from(4),
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            session.error(&describe(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error and its causes, one a line; a cause that its parent already quotes is left out.
pub fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text += &format!("\n  because: {cause}");
        }
    }
    text
}

/// True when the reader of standard output went away (`gummel ... | head`), which is no failure.
fn is_closed_pipe(error: &Error) -> bool {
    error
        .chain()
        .filter_map(|e| e.downcast_ref::<std::io::Error>())
        .any(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::{Context, anyhow};

    #[test]
    fn causes_are_listed_once() {
        let nested = Err::<(), _>(anyhow!("disk full")).context("cannot write model").unwrap_err();
        assert_eq!(describe(&nested), "cannot write model\n  because: disk full");
        let quoting = Err::<(), _>(anyhow!("disk full")).context("a.csv: disk full; free some").unwrap_err();
        assert_eq!(describe(&quoting), "a.csv: disk full; free some");
    }

    #[test]
    fn a_closed_pipe_is_told_from_other_errors() {
        let pipe = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&Error::from(pipe)));
        assert!(!is_closed_pipe(&anyhow!("broken pipe")));
    }
}
