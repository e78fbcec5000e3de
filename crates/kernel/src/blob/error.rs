//! What can be wrong with bytes that should be a spec.

use std::fmt;

use crate::spec::Defect;

/// Why bytes are not a spec.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobError {
    /// The bytes do not begin as a blob does.
    NotABlob,
    /// Written by a newer (or no) version of this crate.
    Version {
        /// Version in the header.
        found: u32,
        /// Newest version this crate reads.
        newest: u32,
    },
    /// The bytes end early.
    Truncated {
        /// Bytes that the header or a field asks for.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// The payload changed after it was written.
    Checksum {
        /// Checksum of the payload.
        found: u64,
        /// Checksum in the header.
        expected: u64,
    },
    /// A field has an impossible value.
    Field {
        /// What the field says.
        what: &'static str,
        /// Its place in the payload, bytes.
        at: usize,
    },
    /// The fields are readable but do not make a model.
    Defect(Defect),
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BlobError::NotABlob => {
                write!(
                    f,
                    "no model data: expected the bytes to begin with 'gummelkb'; export the model again"
                )
            }
            BlobError::Version { found, newest } => {
                write!(f, "model data of version {found}, expected 1 to {newest}; update gummel")
            }
            BlobError::Truncated { expected, found } => {
                write!(f, "model data end after {found} bytes, expected {expected}; export the model again")
            }
            BlobError::Checksum { found, expected } => write!(
                f,
                "model data are damaged: checksum {found:016x}, expected {expected:016x}; export the model again"
            ),
            BlobError::Field { what, at } => {
                write!(f, "model data are malformed: impossible {what} at byte {at}; export the model again")
            }
            BlobError::Defect(defect) => write!(f, "model data hold no valid model: {defect}"),
        }
    }
}

impl std::error::Error for BlobError {}
