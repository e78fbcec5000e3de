//! Why an export could not be made or checked: one variant per cause, each saying what to do.

use std::path::{Path, PathBuf};

/// Everything that can go wrong with an export.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The operating system refused to read or write.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `read`, `write`, `run`.
        action: &'static str,
        /// The file, folder or program.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The model does not have what was asked for.
    #[error(transparent)]
    Model(#[from] gummel_model::ModelError),
    /// A place that the model does not know.
    #[error(
        "the model of {family} does not change with {what}: {asked} was asked for, the chosen devices were fitted at {own}; leave --{what} out, choose other devices, or fit measurements at several"
    )]
    Elsewhere {
        /// Family of the model.
        family: String,
        /// `temperature` or `corner`.
        what: &'static str,
        /// The place asked for.
        asked: String,
        /// Where the devices stand.
        own: String,
    },
    /// A device library could not be written.
    #[error(transparent)]
    Osdi(#[from] crate::osdi::OsdiError),
    /// The target cannot hold what was asked for.
    #[error("{target} {reason}")]
    Unsuitable {
        /// Name of the target.
        target: &'static str,
        /// What it cannot do, and what to do instead.
        reason: String,
    },
    /// No target of that name.
    #[error("unknown target '{found}'; expected one of: {known}")]
    UnknownTarget {
        /// The name asked for.
        found: String,
        /// All names.
        known: String,
    },
    /// A file that is no export of gummel, or of a kind that cannot be told.
    #[error("{}: {reason}", path.display())]
    NotAnExport {
        /// The file.
        path: PathBuf,
        /// Found and expected.
        reason: String,
    },
    /// A program that a check needs is not on this machine.
    #[error("{tool} is needed to check this export: {reason}")]
    ToolMissing {
        /// Program or package.
        tool: &'static str,
        /// What was tried and how to get it.
        reason: String,
    },
    /// A program that a check runs failed.
    #[error("{tool} could not run the export: {output}")]
    ToolFailed {
        /// Program or package.
        tool: &'static str,
        /// The last lines that it printed.
        output: String,
    },
    /// Whoever asked for a check wants it no more.
    #[error("stopped before the check was complete")]
    Stopped,
}

impl ExportError {
    /// For `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| ExportError::Io { action, path: path.to_owned(), source }
    }
}
