//! A table of device metadata, joined to the files by name.

use std::collections::HashMap;
use std::path::Path;

use super::csv::{Dialect, Field, is_silent};
use crate::DataError;
use crate::heading::{ColumnMapping, Heading};
use crate::identity::{Fields, UNREAD, written};
use crate::source::Source;
use crate::stop::Stop;

/// Metadata by file; empty when there is no table.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    by_name: HashMap<String, Fields>,
    by_glob: Vec<(glob::Pattern, Fields)>,
}

impl Metadata {
    /// Reads a separated-value table with a column `file` and columns of metadata: `technology family
    /// polarity device site die w l nf mult temperature corner sweep`, with units in the headings.
    ///
    /// # Errors
    /// [`DataError::Io`], [`DataError::Encoding`], [`DataError::Syntax`] without a column `file` and for a
    /// heading with a wrong unit, [`DataError::Stopped`].
    pub(crate) fn read(path: &Path, mapping: &ColumnMapping, stop: Stop<'_>) -> Result<Metadata, DataError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|e| DataError::io(path, e))?;
        let source = Source { path: &name, bytes: &bytes, mapping, stop };
        let text = source.text()?;
        let dialect = Dialect::guess(&text, mapping);
        let mut lines = text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty() && !l.starts_with('#'));
        let (number, first) = lines.next().ok_or_else(|| DataError::Empty { path: name.clone() })?;
        let headings = dialect.split(first);
        let is_file =
            |h: &String| ["file", "path", "filename"].contains(&h.trim().to_ascii_lowercase().as_str());
        let file = headings.iter().position(is_file).ok_or_else(|| {
            let found = format!("'{}'", first.trim().chars().take(100).collect::<String>());
            let expected = "headings, one of them 'file'";
            source.syntax(number + 1, found, expected, "name the data files in a column of that name")
        })?;
        let columns: Vec<Option<Heading>> = headings
            .iter()
            .map(|h| Heading::read(h, mapping))
            .collect::<Result<_, _>>()
            .map_err(|bad| bad.at(&name, number + 1, "correct the heading"))?;
        let mut metadata = Metadata::default();
        for (_, line) in lines {
            let cells = dialect.split(line);
            let Some(key) = cells.get(file).map(|c| c.trim().replace('\\', "/")) else { continue };
            metadata.add(&key, row(&dialect, &columns, &cells));
        }
        Ok(metadata)
    }

    fn add(&mut self, key: &str, fields: Fields) {
        match glob::Pattern::new(key) {
            Ok(pattern) if key.contains('*') => self.by_glob.push((pattern, fields)),
            _ => {
                self.by_name.insert(key.to_owned(), fields);
            }
        }
    }

    /// Fields of the file called `path`: by its whole path, by any end of it, or by its name without extension.
    pub(crate) fn of(&self, path: &str) -> Fields {
        let mut end = path;
        loop {
            let stem = end.rsplit_once('.').map_or(end, |(s, _)| s);
            if let Some(fields) = self.by_name.get(end).or_else(|| self.by_name.get(stem)) {
                return fields.clone();
            }
            match end.split_once('/') {
                Some((_, rest)) => end = rest,
                None => break,
            }
        }
        let matching = self.by_glob.iter().find(|(p, _)| p.matches(path) || p.matches(end));
        matching.map(|(_, f)| f.clone()).unwrap_or_default()
    }
}

/// Identity fields of one row, in SI units.
fn row(dialect: &Dialect, columns: &[Option<Heading>], cells: &[String]) -> Fields {
    let mut fields = Fields::new();
    for (heading, cell) in columns.iter().zip(cells) {
        let Some(heading) = heading.as_ref().filter(|h| h.is_identity() && !is_silent(cell)) else {
            continue;
        };
        // A device may be called `open`, its width may not.
        match dialect.read(cell) {
            field if field.is_number() && heading.is_numeric() => {
                let (name, value) = match field.below(heading) {
                    Some(value) => (heading.column.clone(), written(&heading.column, value)),
                    None => (UNREAD.to_owned(), heading.column.clone()),
                };
                fields.insert(name, value);
            }
            Field::Missing if heading.is_numeric() => {
                fields.insert(UNREAD.to_owned(), heading.column.clone());
            }
            _ => {
                fields.insert(heading.column.clone(), cell.trim().to_owned());
            }
        }
    }
    fields
}
