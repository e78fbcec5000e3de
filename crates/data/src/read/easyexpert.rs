//! Keysight EasyEXPERT CSV: records of `SetupTitle`, `TestParameter`, `DataName` and `DataValue` lines.
//!
//! Every record is one test. The values of the primary sweep make a curve; `Dimension1` points are one
//! curve, the secondary sweep and constant biases, which the data lines may omit, are taken from the
//! test parameters.

use std::collections::BTreeMap;

use crate::heading::{ColumnMapping, Heading};
use crate::identity::tidy;
use crate::sheet::Sheet;
use crate::stop::Stop;
use crate::{DataError, decode, number};

/// Reads a whole EasyEXPERT export.
///
/// # Errors
/// [`DataError::Encoding`], [`DataError::Syntax`] for lines that break the grammar,
/// [`DataError::Truncated`] for a file without data, [`DataError::Stopped`].
pub(crate) fn read(
    path: &str,
    bytes: &[u8],
    mapping: &ColumnMapping,
    stop: Stop<'_>,
) -> Result<Sheet, DataError> {
    let text = decode::text(path, bytes, stop)?;
    let mut sheet = Sheet::default();
    let mut record = Record::default();
    let mut curves = 0;
    let mut last = 0;
    for (k, line) in text.lines().enumerate() {
        stop.look()?;
        last = k + 1;
        let cells = cells(line);
        let Some((keyword, values)) = cells.split_first() else { continue };
        match keyword.to_ascii_lowercase().as_str() {
            "setuptitle" | "primitivetest" if !record.rows.is_empty() => {
                curves = record.close(path, &mut sheet, mapping, curves)?;
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
                    curves = record.close(path, &mut sheet, mapping, curves)?;
                    record.rows.clear();
                }
                record.names = values.iter().map(|v| (*v).to_owned()).collect();
                record.line = k + 1;
            }
            "datavalue" => record.row(path, k + 1, values)?,
            _ => record.note(keyword, values),
        }
    }
    record.close(path, &mut sheet, mapping, curves)?;
    if sheet.rows() == 0 {
        return Err(DataError::Truncated {
            path: path.to_owned(),
            line: last,
            found: "no DataValue line".to_owned(),
            expected: "a DataName line and DataValue lines".to_owned(),
            rows: 0,
        });
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

    fn row(&mut self, path: &str, line: usize, values: &[&str]) -> Result<(), DataError> {
        let fail = |found: String, expected: String| DataError::Syntax {
            path: path.to_owned(),
            line,
            found,
            expected,
            hint: "export the record again from EasyEXPERT".to_owned(),
        };
        if self.names.is_empty() {
            return Err(fail("DataValue".to_owned(), "a DataName line before it".to_owned()));
        }
        if values.len() < self.names.len() {
            let found = format!("{} values", values.len());
            return Err(fail(found, format!("{} as in DataName", self.names.len())));
        }
        let mut numbers = Vec::with_capacity(self.names.len());
        for value in &values[..self.names.len()] {
            let number = if value.is_empty() { Some(f64::NAN) } else { number::whole(value.as_bytes()) };
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
    fn close(
        &mut self,
        path: &str,
        sheet: &mut Sheet,
        mapping: &ColumnMapping,
        first_curve: u32,
    ) -> Result<u32, DataError> {
        let rows = self.rows.len();
        if rows == 0 {
            return Ok(first_curve);
        }
        let points = self.numbers("dimension1").first().map_or(rows, |n| (*n as usize).clamp(1, rows));
        let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
        for (k, name) in self.names.iter().enumerate() {
            let heading = Heading::read(name, mapping)
                .map_err(|bad| bad.at(path, self.line, "give a column mapping"))?;
            if let Some(heading) = heading {
                sheet.remember(&heading);
                columns.push((
                    heading.column.clone(),
                    self.rows.iter().map(|(_, v)| heading.value(v[k])).collect(),
                ));
            }
        }
        for (name, values) in self.held(rows, points) {
            if let Ok(Some(heading)) = Heading::read(&name, mapping)
                && !columns.iter().any(|(n, _)| *n == heading.column)
            {
                columns.push((heading.column, values));
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
            sheet.problem = Some(DataError::Truncated {
                path: path.to_owned(),
                line: self.rows[rows - 1].0 as usize,
                found: format!("{rows} DataValue lines"),
                expected: format!("{expected} as Dimension1 and Dimension2 say"),
                rows: total,
            });
        }
        self.limits(sheet, mapping);
        let header = self.parameters.iter().map(|(k, v)| (k.clone(), v.join(" ")));
        sheet.header.extend(header);
        Ok(first_curve + rows.div_ceil(points) as u32)
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
    fn limits(&self, sheet: &mut Sheet, mapping: &ColumnMapping) {
        let (names, functions) = (self.words("channel.iname"), self.words("channel.func"));
        for (name, function) in names.iter().zip(functions) {
            let parameter = match function.to_ascii_lowercase().as_str() {
                "var1" => "measurement.primary.compliance",
                "var2" => "measurement.secondary.compliance",
                _ => continue,
            };
            let limit = self.numbers(parameter).first().copied().filter(|l| *l > 0.0);
            if let (Some(limit), Ok(Some(heading))) = (limit, Heading::read(name, mapping)) {
                sheet.limits.push((heading.column, limit));
            }
        }
    }
}

/// The comma-separated cells of a line, without blanks and quotes around them.
fn cells(line: &str) -> Vec<&str> {
    let line = line.trim();
    if line.is_empty() {
        return Vec::new();
    }
    line.split(',').map(|c| c.trim().trim_matches('"').trim()).collect()
}
