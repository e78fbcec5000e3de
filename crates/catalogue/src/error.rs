//! What can go wrong with data sets.

use std::path::PathBuf;

/// Errors of the catalogue.
#[derive(Debug, thiserror::Error)]
pub enum CatalogueError {
    /// No such data set.
    #[error("no data set '{found}'; expected one of: {known}")]
    Unknown {
        /// The name as asked for.
        found: String,
        /// The names there are.
        known: String,
    },
    /// The file system refused.
    #[error("cannot write {path}: {source}; check that the folder exists, may be written and has space")]
    Write {
        /// The file.
        path: PathBuf,
        /// What went wrong.
        source: std::io::Error,
    },
    /// A file could not be had.
    #[error(
        "cannot get {url}: {reason}; files already fetched are kept, run the same command again to go on"
    )]
    Get {
        /// Its address.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// A file is not what the catalogue expects.
    #[error(
        "{url}: SHA-256 is {found}, the catalogue expects {expected}; the source has changed or is damaged"
    )]
    Hash {
        /// Its address.
        url: String,
        /// Hash of what came.
        found: String,
        /// Hash in the catalogue.
        expected: String,
    },
}
