//! What a reader hands over: the columns of one file in SI units, before anybody knows which device it is.

use std::collections::{HashMap, HashSet};

use crate::heading::{Heading, Later};
use crate::{DataError, Flags};

/// The content of one file as named columns; all columns have one entry per row.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// Numeric columns: lower-case name and values in SI units, NaN where missing.
    pub(crate) columns: Vec<(String, Vec<f64>)>,
    /// Columns of words (device names, corners ...), dictionary-coded.
    pub(crate) texts: Vec<TextColumn>,
    /// Number of the curve each row belongs to; empty when the format does not tell.
    pub(crate) curve: Vec<u32>,
    /// Line (or record) each row was read from, counted from one.
    pub(crate) line: Vec<u32>,
    /// Key and value pairs of the file's header.
    pub(crate) header: Vec<(String, String)>,
    /// Column of the innermost sweep, when the format tells.
    pub(crate) swept: Option<String>,
    /// Compliance limits: column and largest magnitude its source would deliver.
    pub(crate) limits: Vec<(String, f64)>,
    /// Columns whose values are not those of the terminal until the device is known.
    pub(crate) later: Vec<(String, Later)>,
    /// What is doubtful about all of its rows.
    pub(crate) flags: Flags,
    /// Why the sheet is incomplete, when it is.
    pub(crate) problem: Option<DataError>,
}

/// A column of words: an index into `words` per row.
#[derive(Debug, Default)]
pub(crate) struct TextColumn {
    /// Lower-case column name.
    pub(crate) name: String,
    /// The distinct words.
    pub(crate) words: Vec<String>,
    /// One index into `words` per row.
    pub(crate) codes: Vec<u32>,
    index: HashMap<String, u32>,
}

impl TextColumn {
    /// An empty column.
    pub(crate) fn new(name: impl Into<String>) -> Self {
        TextColumn { name: name.into(), ..TextColumn::default() }
    }

    /// Appends one row.
    pub(crate) fn push(&mut self, word: &str) {
        let code = match self.index.get(word) {
            Some(code) => *code,
            None => {
                let code = self.words.len() as u32;
                self.words.push(word.to_owned());
                self.index.insert(word.to_owned(), code);
                code
            }
        };
        self.codes.push(code);
    }

    /// Appends empty words up to `rows` rows.
    pub(crate) fn fill_to(&mut self, rows: usize) {
        while self.codes.len() < rows {
            self.push("");
        }
    }

    /// The word of row `row`.
    pub(crate) fn word(&self, row: usize) -> &str {
        &self.words[self.codes[row] as usize]
    }
}

/// Adds what the column below `heading` waits for to `known`, once.
pub(crate) fn remember(known: &mut Vec<(String, Later)>, heading: &Heading) {
    for later in heading.waits() {
        if !known.iter().any(|(column, l)| *column == heading.column && *l == later) {
            known.push((heading.column.clone(), later));
        }
    }
}

impl Sheet {
    /// Remembers what the column below `heading` waits for.
    pub(crate) fn remember(&mut self, heading: &Heading) {
        remember(&mut self.later, heading);
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.line.len()
    }

    /// Appends `values` below row `offset` of the column called `name`, which is made when it is new.
    pub(crate) fn append(&mut self, name: &str, offset: usize, values: impl Iterator<Item = f64>) {
        let index = self.columns.iter().position(|(n, _)| n == name).unwrap_or_else(|| {
            self.columns.push((name.to_owned(), Vec::new()));
            self.columns.len() - 1
        });
        let column = &mut self.columns[index].1;
        column.resize(offset, f64::NAN);
        column.extend(values);
    }

    /// Keeps the first of several columns that turned out to have one name.
    pub(crate) fn drop_repeated_columns(&mut self) {
        let mut seen = HashSet::new();
        self.texts.retain(|t| seen.insert(t.name.clone()));
        self.columns.retain(|(name, _)| seen.insert(name.clone()));
    }

    /// Names of all numeric columns, for messages.
    pub(crate) fn column_names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(n, _)| n.as_str()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(" ") }
    }
}
