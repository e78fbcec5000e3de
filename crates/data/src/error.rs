//! What can go wrong between a file and a dataset, each with file, line, found, expected and a way out.

use std::path::PathBuf;

/// Why data could not be read, selected or written.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// The operating system refused.
    #[error("{path}: {source}; check that the file exists and may be read or written")]
    Io {
        /// File or folder.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// No input matched.
    #[error(
        "no data file at '{input}'; expected a file, a folder or a glob such as 'data/**/*.mdm' that holds measurements"
    )]
    NoFiles {
        /// The input as given.
        input: String,
    },
    /// A file without content.
    #[error("{path}: the file is empty; expected measurements, so measure or copy it again")]
    Empty {
        /// The file.
        path: String,
    },
    /// A file larger than the reader was told to load at once.
    #[error(
        "{path}: found {found} bytes, expected at most {limit}; raise `max_file_bytes`, or convert it to Parquet in parts"
    )]
    TooLarge {
        /// The file.
        path: String,
        /// Its size in bytes.
        found: u64,
        /// Largest size allowed in bytes.
        limit: u64,
    },
    /// Bytes that are not text where text was expected.
    #[error("{path}:{line}: found {found}, expected {expected}; {hint}")]
    Encoding {
        /// The file.
        path: String,
        /// Line, counted from one.
        line: usize,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
        /// How to fix it.
        hint: String,
    },
    /// Content of no known format.
    #[error("{path}: found {found}, expected {expected}; {hint}")]
    Unrecognised {
        /// The file.
        path: String,
        /// What the content looks like.
        found: String,
        /// Formats that can be read.
        expected: String,
        /// How to fix it.
        hint: String,
    },
    /// A line that breaks the grammar of its format.
    #[error("{path}:{line}: found {found}, expected {expected}; {hint}")]
    Syntax {
        /// The file.
        path: String,
        /// Line, counted from one.
        line: usize,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
        /// How to fix it.
        hint: String,
    },
    /// A file that ends before, or goes on after, what its own header announces.
    #[error("{path}:{line}: found {found}, expected {expected}; {}", kept(*rows))]
    Truncated {
        /// The file.
        path: String,
        /// Last line read, counted from one.
        line: usize,
        /// What is there.
        found: String,
        /// What the header announces.
        expected: String,
        /// Complete rows that were read.
        rows: usize,
    },
    /// A well-formed file without a terminal voltage or without a current, charge or capacitance.
    #[error("{path}: found {found}, expected {expected}; name the columns with a column mapping")]
    NoQuantity {
        /// The file.
        path: String,
        /// Columns of the file.
        found: String,
        /// What is missing.
        expected: String,
    },
    /// Whoever reads wants it no more.
    #[error("reading was stopped; nothing was kept of it")]
    Stopped,
    /// A file-name pattern that cannot be understood.
    #[error("file-name pattern '{pattern}': {reason}")]
    Pattern {
        /// The pattern as given.
        pattern: String,
        /// What is wrong with it and what would be right.
        reason: String,
    },
    /// A configuration (patterns, mapping) that cannot be parsed.
    #[error("{path}: {reason}")]
    Config {
        /// The file.
        path: String,
        /// What the parser said.
        reason: String,
    },
    /// A value of device metadata that is not what its field needs.
    #[error(
        "{path}: {field} is '{found}', expected {expected}; correct the header, name pattern, mapping or metadata table"
    )]
    Metadata {
        /// The file (or the metadata table) that holds the value.
        path: String,
        /// Field of the metadata.
        field: String,
        /// What is there.
        found: String,
        /// What should be there.
        expected: String,
    },
    /// A selection that leaves no device.
    #[error("no device left:{reason}")]
    NothingSelected {
        /// Which devices went at which step, and what to do about it.
        reason: String,
    },
    /// A Parquet file or table that polars refused.
    #[error(
        "{path}: {source}; expected a Parquet file with the columns of an I-V table (docs, chapter data)"
    )]
    Table {
        /// The file, or the step of an in-memory operation.
        path: String,
        /// What polars said.
        source: polars::error::PolarsError,
    },
    /// A table without a column it must have.
    #[error("{path}: column '{column}' ({expected}) not found; is this an I-V table?")]
    Column {
        /// The file or step.
        path: String,
        /// The missing column.
        column: String,
        /// Type it should have.
        expected: String,
    },
}

/// What became of a file that ends early.
fn kept(rows: usize) -> String {
    match rows {
        0 => "no row could be kept, so export or copy the file again".to_owned(),
        1 => "1 row was kept and flagged `truncated`".to_owned(),
        _ => format!("{rows} rows were kept and flagged `truncated`"),
    }
}

impl DataError {
    /// An input or output error of `path`.
    pub(crate) fn io(path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        DataError::Io { path: path.into().display().to_string(), source }
    }

    /// A polars error in the step or file called `path`.
    pub(crate) fn table(path: impl Into<String>) -> impl FnOnce(polars::error::PolarsError) -> Self {
        let path = path.into();
        move |source| DataError::Table { path, source }
    }
}
