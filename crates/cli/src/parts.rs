//! A Parquet table that is fitted part by part.

use anyhow::{Result, bail};
use gummel_data::{DataError, Dataset, Parts, Reading, Selection};
use gummel_surrogate::Source;

use crate::input::InputArgs;

/// The table that the inputs name, in parts of about `rows` rows.
///
/// # Errors
/// When the inputs are anything but one Parquet file.
pub fn open(input: &InputArgs, rows: usize, seed: u64) -> Result<Parts> {
    let [path] = &input.inputs[..] else {
        bail!(
            "--stream takes one Parquet file, {} inputs were given; `gummel data convert` makes one of many",
            input.inputs.len()
        );
    };
    if !path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
        bail!(
            "--stream takes a Parquet file, {} is none; make one with `gummel data convert {0} --out data.parquet`",
            path.display()
        );
    }
    Ok(Parts::open(path, rows, seed)?)
}

/// The first part, as if it were all.
///
/// # Errors
/// When the file cannot be read.
pub fn first(parts: &Parts) -> Result<Reading> {
    let (table, source) = (parts.read(0)?, parts.source()?);
    Ok(Reading { table, files: vec![source], failures: Vec::new(), skipped: Vec::new() })
}

/// One family of such a table.
pub struct OfFamily<'a> {
    /// The whole table.
    pub parts: &'a Parts,
    /// What is fitted of it.
    pub selection: &'a Selection,
    /// Name of the family.
    pub family: &'a str,
}

impl Source for OfFamily<'_> {
    fn parts(&self) -> usize {
        self.parts.count()
    }

    fn rows(&self) -> usize {
        self.parts.rows()
    }

    fn read(&self, part: usize) -> std::result::Result<Dataset, DataError> {
        let mut data = Dataset::assemble(&self.parts.read(part)?, &[], self.selection)?;
        data.devices.retain(|d| d.id.family.to_string() == self.family);
        Ok(data)
    }
}
