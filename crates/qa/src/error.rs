//! Why a check could not be made: not a failed check, but a device that could not be evaluated or a file that could not be read.

use std::path::PathBuf;

use gummel_device::Polarity;
use gummel_model::ModelError;

/// Everything that keeps a check from being made.
#[derive(Debug, thiserror::Error)]
pub enum QaError {
    /// The model refused the device.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The limits file is not TOML, or names a limit that does not exist.
    #[error("{}: {reason}; `gummel check --print-limits` shows all limits with their defaults", path.display())]
    Limits {
        /// The limits file.
        path: PathBuf,
        /// Line, column and what was expected.
        reason: String,
    },
    /// The operating system refused to read, write or start something.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `read`, `write`, `start`.
        action: &'static str,
        /// The file or program.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The simulator ran and gave no answer.
    #[error("{}: {reason}\n{log}", program.display())]
    Simulator {
        /// The program.
        program: PathBuf,
        /// What was expected of it.
        reason: String,
        /// The end of what it printed.
        log: String,
    },
    /// A file that is no netlist.
    #[error("{}: {reason}", path.display())]
    Netlist {
        /// The file.
        path: PathBuf,
        /// Found and expected.
        reason: String,
    },
    /// An export for the round trip could not be written.
    #[error("{0}")]
    Export(String),
    /// Circuits need an n- and a p-channel model.
    #[error(
        "{family} is a {polarity}-channel model like the one that is judged; circuits need one of the other polarity"
    )]
    SamePolarity {
        /// Polarity of both.
        polarity: Polarity,
        /// Title of the second family.
        family: String,
    },
    /// Whoever asked wants the answer no more.
    #[error("stopped before the checks were complete")]
    Stopped,
    /// A check asked for a device that its family does not have.
    #[error("no device '{name}' in {family}")]
    UnknownDevice {
        /// The name asked for.
        name: String,
        /// Title of the family.
        family: String,
    },
}

impl QaError {
    /// For `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| QaError::Io { action, path: path.to_owned(), source }
    }
}
