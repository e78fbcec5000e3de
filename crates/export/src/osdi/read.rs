//! The models that a device library carries, read back from its slot.

use std::path::Path;

use gummel_osdi::{Entry, payload, slot};

use crate::ExportError;

/// Whether a file is a shared library, of gummel or not: those carry no stamp, but the models themselves.
pub fn is_library(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF") || is_exported(bytes)
}

/// Whether a file is a library that gummel wrote.
pub fn is_exported(bytes: &[u8]) -> bool {
    find(bytes).is_some()
}

/// The models in the bytes of a library; `path` is for messages.
///
/// # Errors
/// [`ExportError::NotAnExport`] when it was not written by gummel or is damaged.
pub fn entries(bytes: &[u8], path: &Path) -> Result<Vec<Entry>, ExportError> {
    let wrong = |reason: String| ExportError::NotAnExport { path: path.to_owned(), reason };
    let slot = find(bytes).ok_or_else(|| wrong("this shared library was not written by gummel".into()))?;
    payload::decode(slot).map_err(|e| wrong(e.to_string()))
}

/// What follows the marker.
fn find(bytes: &[u8]) -> Option<&[u8]> {
    let at = bytes.windows(slot::MARKER.len()).position(|w| w == slot::MARKER)?;
    bytes.get(at + slot::MARKER.len()..)
}
