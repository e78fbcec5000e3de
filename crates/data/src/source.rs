//! One file as its reader gets it.

use std::borrow::Cow;

use crate::heading::ColumnMapping;
use crate::stop::Stop;
use crate::{DataError, decode};

/// The bytes of a file, with what messages, headings and an impatient user need beside them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// Name of the file, for messages.
    pub(crate) path: &'a str,
    /// Content.
    pub(crate) bytes: &'a [u8],
    /// Names and units that the user gives to columns.
    pub(crate) mapping: &'a ColumnMapping,
    /// Whether anybody still wants the file.
    pub(crate) stop: Stop<'a>,
}

impl<'a> Source<'a> {
    /// The content as text, whatever its encoding, with line feeds for carriage returns that stand alone.
    ///
    /// # Errors
    /// [`DataError::Encoding`] for what is no text, [`DataError::Stopped`].
    pub(crate) fn text(&self) -> Result<Cow<'a, str>, DataError> {
        decode::text(self.path, self.bytes, self.stop)
    }

    /// A line, counted from one, that breaks the grammar of the format.
    pub(crate) fn syntax(
        &self,
        line: usize,
        found: impl Into<String>,
        expected: impl Into<String>,
        hint: &str,
    ) -> DataError {
        DataError::Syntax {
            path: self.path.to_owned(),
            line,
            found: legible(&found.into()),
            expected: expected.into(),
            hint: hint.to_owned(),
        }
    }

    /// A file that ends before, or goes on after, what it announces; `rows` complete ones were read.
    pub(crate) fn truncated(
        &self,
        line: usize,
        found: impl Into<String>,
        expected: impl Into<String>,
        rows: usize,
    ) -> DataError {
        DataError::Truncated {
            path: self.path.to_owned(),
            line,
            found: legible(&found.into()),
            expected: expected.into(),
            rows,
        }
    }
}

/// What stands in a file, without the control characters that a terminal would obey.
fn legible(found: &str) -> String {
    found.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
