//! Keysight EasyEXPERT CSV: records of `SetupTitle`, `TestParameter`, `DataName` and `DataValue` lines.
//!
//! Every record is one test. The values of the primary sweep make a curve; `Dimension1` points are one
//! curve, the secondary sweep and constant biases, which the data lines may omit, are taken from the
//! test parameters.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::csv::{Said, assignments, condition, is_placeholder, is_stimulus, plain};
use crate::heading::Heading;
use crate::identity::{LENGTHS, tidy};
use crate::sheet::Sheet;
use crate::source::Source;
use crate::{DataError, number};

/// Reads a whole EasyEXPERT export.
///
/// # Errors
/// [`DataError::Encoding`], [`DataError::Syntax`] for lines that break the grammar,
/// [`DataError::Truncated`] for a file without data, [`DataError::Stopped`].
pub(crate) fn read(source: Source<'_>) -> Result<Sheet, DataError> {
    let text = source.text()?;
    let mut sheet = Sheet::default();
    let mut record = Record::default();
    let mut curves = 0;
    let mut last = 0;
    let commas = !text.lines().any(|l| l.trim_start().to_ascii_lowercase().starts_with("dataname;"));
    for (k, line) in text.lines().enumerate() {
        source.stop.look()?;
        last = k + 1;
        // Where semicolons part cells, commas write decimals.
        let points = if commas { Cow::Borrowed(line) } else { Cow::Owned(line.replace(',', ".")) };
        let cells = cells(&points, if commas { ',' } else { ';' });
        let Some((keyword, values)) = cells.split_first() else { continue };
        match keyword.to_ascii_lowercase().as_str() {
            "setuptitle" | "primitivetest" if !record.rows.is_empty() => {
                curves = record.close(source, &mut sheet, curves)?;
                record = Record::default();
                record.note(keyword, values);
            }
            "testparameter" | "metadata" | "analysissetup" => {
                if let Some((name, values)) = values.split_first() {
                    record.note(name, values);
                }
            }
            "dataname" => {
                if !record.rows.is_empty() {
                    curves = record.close(source, &mut sheet, curves)?;
                    record.rows.clear();
                }
                record.names = values.iter().map(|v| (*v).to_owned()).collect();
                record.line = k + 1;
            }
            "datavalue" => record.row(source, k + 1, values)?,
            _ => record.note(keyword, values),
        }
    }
    record.close(source, &mut sheet, curves)?;
    if sheet.rows() == 0 {
        let expected = "a DataName line and DataValue lines";
        return Err(source.truncated(last, "no DataValue line", expected, 0));
    }
    Ok(sheet)
}

/// One test under construction.
#[derive(Default)]
struct Record {
    /// Parameters by lower-case name.
    parameters: BTreeMap<String, Vec<String>>,
    names: Vec<String>,
    /// Line of the names.
    line: usize,
    rows: Vec<(u32, Vec<f64>)>,
}

impl Record {
    fn note(&mut self, name: &str, values: &[&str]) {
        let values = values.iter().map(|v| (*v).to_owned()).collect();
        self.parameters.insert(name.to_ascii_lowercase(), values);
    }

    fn row(&mut self, source: Source<'_>, line: usize, values: &[&str]) -> Result<(), DataError> {
        let fail = |found: String, expected: String| {
            source.syntax(line, found, expected, "export the record again from EasyEXPERT")
        };
        if self.names.is_empty() {
            return Err(fail("DataValue".to_owned(), "a DataName line before it".to_owned()));
        }
        if values.len() < self.names.len() {
            let found = format!("{} values", values.len());
            return Err(fail(found, format!("{} as in DataName", self.names.len())));
        }
        // Only what has a meaning must be a number; others may be remarks.
        let known = |name: &str| Heading::meant(name, source.mapping).is_some_and(|h| h.known);
        let mut numbers = Vec::with_capacity(self.names.len());
        for (value, name) in values.iter().zip(&self.names) {
            let number = plain(value).or_else(|| (!known(name)).then_some(f64::NAN));
            numbers.push(number.ok_or_else(|| fail(format!("'{value}'"), "a number".to_owned()))?);
        }
        self.rows.push((line as u32, numbers));
        Ok(())
    }

    fn words(&self, name: &str) -> &[String] {
        self.parameters.get(name).map_or(&[], Vec::as_slice)
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        self.words(name).iter().filter_map(|w| number::whole(w.as_bytes())).collect()
    }

    /// Moves the rows into `sheet`; gives the number of the next curve.
    fn close(&mut self, source: Source<'_>, sheet: &mut Sheet, first_curve: u32) -> Result<u32, DataError> {
        let rows = self.rows.len();
        if rows == 0 {
            return Ok(first_curve);
        }
        let points = self.numbers("dimension1").first().map_or(rows, |n| (*n as usize).clamp(1, rows));
        let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
        for (k, name) in self.names.iter().enumerate() {
            let heading = Heading::read(name, source.mapping)
                .map_err(|bad| bad.at(source.path, self.line, "give a column mapping"))?;
            if let Some(heading) = heading {
                sheet.remember(&heading);
                columns.push((
                    heading.column.clone(),
                    self.rows.iter().map(|(_, v)| heading.value(v[k])).collect(),
                ));
            }
        }
        for (name, values) in self.held(rows, points) {
            if let Ok(Some(heading)) = Heading::read(&name, source.mapping)
                && !columns.iter().any(|(n, _)| *n == heading.column)
            {
                columns.push((heading.column, values));
            }
        }
        for (name, value) in self.told(source) {
            if !columns.iter().any(|(n, _)| *n == name) {
                columns.push((name, vec![value; rows]));
            }
        }
        let offset = sheet.rows();
        for (name, values) in columns {
            sheet.append(&name, offset, values.into_iter());
        }
        for (k, (line, _)) in self.rows.iter().enumerate() {
            sheet.line.push(*line);
            sheet.curve.push(first_curve + (k / points) as u32);
        }
        let total = sheet.rows();
        sheet.columns.iter_mut().for_each(|(_, v)| v.resize(total, f64::NAN));
        let expected = points * self.numbers("dimension2").first().map_or(1, |n| (*n as usize).max(1));
        if expected != rows && sheet.problem.is_none() {
            sheet.problem = Some(source.truncated(
                self.rows[rows - 1].0 as usize,
                format!("{rows} DataValue lines"),
                format!("{expected} as Dimension1 and Dimension2 say"),
                total,
            ));
        }
        self.limits(source, sheet);
        // `T` is a temperature in other headers; here it may be any time.
        let header = self.parameters.iter().filter(|(k, _)| *k != "t").map(|(k, v)| (k.clone(), v.join(" ")));
        sheet.header.extend(header);
        Ok(first_curve + rows.div_ceil(points) as u32)
    }

    /// Biases and numbers about the device that parameters name, or tell in words: `Wg, 10u`, `TestTarget, W=10um L=0.13um`.
    fn told(&self, source: Source<'_>) -> Vec<(String, f64)> {
        let mut told = Vec::new();
        for (name, words) in &self.parameters {
            let words = words.join(" ");
            // A single letter may be any parameter's.
            if name.len() > 1 {
                told.extend(condition(&format!("{name}={words}"), source.mapping));
            }
            for (key, said) in assignments(&words, false, source.mapping) {
                if let Said::One(value) = said {
                    told.extend(condition(&format!("{key}={value}"), source.mapping));
                }
            }
        }
        told.retain(|(column, value)| is_stimulus(column) && !is_placeholder(column, *value));
        // A width without length is the number of a wafer.
        let sized = LENGTHS.iter().all(|side| told.iter().any(|(column, _)| column == side));
        told.retain(|(column, _)| sized || !LENGTHS.contains(&column.as_str()));
        told
    }

    /// Voltages of the secondary sweep, of constant channels and of grounded channels.
    fn held(&self, rows: usize, points: usize) -> Vec<(String, Vec<f64>)> {
        let first = |name: &str| self.numbers(name).first().copied();
        let (names, functions) = (self.words("channel.vname"), self.words("channel.func"));
        let modes = self.words("channel.mode");
        let mut constants = self.numbers("measurement.bias.source").into_iter();
        let mut held = Vec::new();
        for (k, name) in names.iter().enumerate() {
            let is = |list: &[String], word: &str| list.get(k).is_some_and(|w| w.eq_ignore_ascii_case(word));
            let values = if is(modes, "common") || is(modes, "gnd") {
                vec![0.0; rows]
            } else if is(functions, "var2") {
                let (Some(start), Some(step)) =
                    (first("measurement.secondary.start"), first("measurement.secondary.step"))
                else {
                    continue;
                };
                (0..rows).map(|i| tidy(start + step * (i / points) as f64)).collect()
            } else if is(functions, "const") {
                let Some(value) = constants.next() else { continue };
                vec![value; rows]
            } else {
                continue;
            };
            held.push((name.clone(), values));
        }
        held
    }

    /// Compliance of the primary and secondary sweep sources.
    fn limits(&self, source: Source<'_>, sheet: &mut Sheet) {
        let (names, functions) = (self.words("channel.iname"), self.words("channel.func"));
        for (name, function) in names.iter().zip(functions) {
            let parameter = match function.to_ascii_lowercase().as_str() {
                "var1" => "measurement.primary.compliance",
                "var2" => "measurement.secondary.compliance",
                _ => continue,
            };
            let limit = self.numbers(parameter).first().copied().filter(|l| *l > 0.0);
            if let (Some(limit), Ok(Some(heading))) = (limit, Heading::read(name, source.mapping)) {
                sheet.limits.push((heading.column, limit));
            }
        }
    }
}

/// The cells of a line, without blanks and quotes around them.
fn cells(line: &str, delimiter: char) -> Vec<&str> {
    let line = line.trim();
    if line.is_empty() {
        return Vec::new();
    }
    line.split(delimiter).map(|c| c.trim().trim_matches('"').trim()).collect()
}
