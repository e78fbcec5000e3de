//! Rows under construction.

use std::collections::HashMap;

use crate::heading::{Heading, Later};
use crate::sheet::{self, Sheet, TextColumn};

/// Rows under construction, kept apart by part so that side-by-side tables come out one after the other.
#[derive(Default)]
pub(super) struct Rows {
    parts: Vec<PartRows>,
    current: usize,
    /// Words that hold for the rows to come, by column.
    names: Vec<(String, String)>,
}

#[derive(Default)]
struct PartRows {
    line: Vec<u32>,
    numbers: Vec<(String, Vec<f64>)>,
    index: HashMap<String, usize>,
    words: Vec<TextColumn>,
    later: Vec<(String, Later)>,
}

impl Rows {
    /// Number of rows so far.
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|p| p.line.len()).sum()
    }

    /// A word that holds for all rows to come.
    pub(super) fn name(&mut self, column: &str, word: &str) {
        self.names.retain(|(c, _)| c != column);
        self.names.push((column.to_owned(), word.to_owned()));
    }

    pub(super) fn start(&mut self, part: usize, line: u32) {
        while self.parts.len() <= part {
            self.parts.push(PartRows::default());
        }
        self.current = part;
        self.parts[part].line.push(line);
    }

    pub(super) fn number(&mut self, heading: &Heading, value: f64) {
        let part = &mut self.parts[self.current];
        sheet::remember(&mut part.later, heading);
        part.set(&heading.column, value);
    }

    pub(super) fn held(&mut self, column: &str, value: f64) {
        let part = &mut self.parts[self.current];
        let row = part.line.len() - 1;
        // What the row itself says wins over what is held around it.
        let said =
            part.index.get(column).and_then(|k| part.numbers[*k].1.get(row)).is_some_and(|v| v.is_finite());
        if !said {
            part.set(column, value);
        }
    }

    pub(super) fn held_words(&mut self) {
        if self.names.is_empty() {
            return;
        }
        for (column, word) in std::mem::take(&mut self.names) {
            let part = &self.parts[self.current];
            // What the row itself says wins here, too.
            if !part.words.iter().any(|t| t.name == column && t.codes.len() == part.line.len()) {
                self.word(&column, &word);
            }
            self.names.push((column, word));
        }
    }

    pub(super) fn word(&mut self, column: &str, word: &str) {
        let part = &mut self.parts[self.current];
        let rows = part.line.len();
        if !part.words.iter().any(|t| t.name == column) {
            part.words.push(TextColumn::new(column));
        }
        if let Some(text) = part.words.iter_mut().find(|t| t.name == column) {
            text.fill_to(rows - 1);
            text.push(word);
        }
    }

    /// Puts the parts one below the other.
    pub(super) fn into_sheet(self, sheet: &mut Sheet) {
        for mut part in self.parts {
            let rows = part.line.len();
            let offset = sheet.line.len();
            for (name, mut values) in part.numbers {
                values.resize(rows, f64::NAN);
                sheet.append(&name, offset, values.into_iter());
            }
            for text in &mut part.words {
                text.fill_to(rows);
                if !sheet.texts.iter().any(|t| t.name == text.name) {
                    sheet.texts.push(TextColumn::new(text.name.clone()));
                }
                if let Some(target) = sheet.texts.iter_mut().find(|t| t.name == text.name) {
                    target.fill_to(offset);
                    (0..rows).for_each(|row| target.push(text.word(row)));
                }
            }
            sheet.line.extend(part.line);
            let new = part.later.into_iter().filter(|l| !sheet.later.contains(l)).collect::<Vec<_>>();
            sheet.later.extend(new);
        }
        let rows = sheet.line.len();
        sheet.columns.iter_mut().for_each(|(_, v)| v.resize(rows, f64::NAN));
        sheet.texts.iter_mut().for_each(|t| t.fill_to(rows));
    }
}

impl PartRows {
    fn set(&mut self, column: &str, value: f64) {
        let row = self.line.len() - 1;
        let index = *self.index.entry(column.to_owned()).or_insert_with(|| {
            self.numbers.push((column.to_owned(), Vec::new()));
            self.numbers.len() - 1
        });
        let values = &mut self.numbers[index].1;
        values.resize(row, f64::NAN);
        values.push(value);
    }
}
