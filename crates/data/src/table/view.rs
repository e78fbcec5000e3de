//! Row-wise reading of a table: its columns as plain slices and words.

use gummel_device::{Bias, Polarity, Quantity};
use polars::prelude::*;
use std::collections::HashMap;
use std::ops::Range;

use super::IvTable;
use crate::{DataError, Flags, validate};

/// The columns that row-wise work needs, ready for random access.
pub(crate) struct View {
    numbers: HashMap<String, Vec<f64>>,
    words: HashMap<String, Words>,
    curve: Vec<u32>,
    flags: Vec<u32>,
}

struct Words {
    distinct: Vec<Option<String>>,
    codes: Vec<u32>,
}

const WORDS: [&str; 9] =
    ["technology", "family", "polarity", "device", "site", "corner", "sweep", "file", "origin"];

impl View {
    /// Copies the columns of `table`; null numbers become NaN.
    pub(crate) fn new(table: &IvTable) -> Result<View, DataError> {
        let frame = table.frame();
        let fail = |name: &str| DataError::table(format!("column '{name}'"));
        let identity = ["w", "l", "nf", "mult", "temperature", "floor", "vd", "vg", "vs", "vb"];
        let wanted = identity.into_iter().chain(Quantity::ALL.iter().map(|q| q.column()));
        let mut numbers = HashMap::new();
        for name in wanted {
            let Ok(column) = frame.column(name) else { continue };
            let column = column.cast(&DataType::Float64).map_err(fail(name))?;
            let values = column.f64().map_err(fail(name))?;
            numbers.insert(name.to_owned(), values.iter().map(|v| v.unwrap_or(f64::NAN)).collect());
        }
        let mut words = HashMap::new();
        for name in WORDS {
            let column = frame.column(name).and_then(|c| c.str()).map_err(fail(name))?;
            words.insert(name.to_owned(), Words::new(column));
        }
        let integers = |name: &str| -> Result<Vec<u32>, DataError> {
            let column = frame.column(name).and_then(|c| c.u32()).map_err(fail(name))?;
            Ok(column.iter().map(|v| v.unwrap_or(0)).collect())
        };
        Ok(View { numbers, words, curve: integers("curve")?, flags: integers("flags")? })
    }

    /// Value of a numeric column; NaN when null or when the table has no such column.
    pub(crate) fn number(&self, column: &str, row: usize) -> f64 {
        self.numbers.get(column).map_or(f64::NAN, |v| v[row])
    }

    /// Word of a text column.
    pub(crate) fn word(&self, column: &str, row: usize) -> Option<&str> {
        let words = self.words.get(column)?;
        words.distinct[words.codes[row] as usize].as_deref()
    }

    /// Flags of a row.
    pub(crate) fn flags(&self, row: usize) -> Flags {
        Flags(self.flags[row])
    }

    /// Temperature of a row, K.
    pub(crate) fn temperature(&self, row: usize) -> f64 {
        self.number("temperature", row)
    }

    /// Bias of a row; source and bulk are at 0 V where no voltage is given.
    pub(crate) fn bias(&self, row: usize) -> Bias {
        let or_zero = |v: f64| if v.is_nan() { 0.0 } else { v };
        Bias {
            vd: self.number("vd", row),
            vg: self.number("vg", row),
            vs: or_zero(self.number("vs", row)),
            vb: or_zero(self.number("vb", row)),
        }
    }

    /// Neighbouring rows of the same curve of the same device.
    pub(crate) fn runs(&self) -> Vec<Range<usize>> {
        let mut runs = Vec::new();
        let mut start = 0;
        for row in 1..=self.curve.len() {
            if row == self.curve.len() || !self.same_curve(row - 1, row) {
                runs.push(start..row);
                start = row;
            }
        }
        runs
    }

    fn same_curve(&self, a: usize, b: usize) -> bool {
        self.curve[a] == self.curve[b]
            && self.words.values().all(|w| w.codes[a] == w.codes[b])
            && ["w", "l", "nf", "mult", "temperature"]
                .iter()
                .all(|c| self.number(c, a).to_bits() == self.number(c, b).to_bits())
    }

    /// True when any row has drain and gate voltage and drain current.
    pub(crate) fn is_transistor(&self, mut rows: Range<usize>) -> bool {
        rows.any(|i| ["vd", "vg", "id"].iter().all(|c| !self.number(c, i).is_nan()))
    }

    /// Polarity that the rows' currents show.
    pub(crate) fn polarity(&self, rows: &[usize]) -> Polarity {
        let column = |name: &str| -> Vec<f64> { rows.iter().map(|i| self.number(name, *i)).collect() };
        validate::conducts_as(&column("vg"), &column("id")).unwrap_or(Polarity::N)
    }
}

impl Words {
    fn new(column: &StringChunked) -> Words {
        let mut words = Words { distinct: Vec::new(), codes: Vec::with_capacity(column.len()) };
        let mut index: HashMap<Option<String>, u32> = HashMap::new();
        let mut last: Option<(Option<&str>, u32)> = None;
        for word in column.iter() {
            let code = match last {
                Some((w, code)) if w == word => code,
                _ => {
                    let owned = word.map(str::to_owned);
                    *index.entry(owned).or_insert_with_key(|k| {
                        words.distinct.push(k.clone());
                        words.distinct.len() as u32 - 1
                    })
                }
            };
            last = Some((word, code));
            words.codes.push(code);
        }
        words
    }
}
