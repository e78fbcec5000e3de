//! Parquet: an I-V table as it is, or any other table of bias points with headings that tell what they are.

use polars::prelude::*;
use std::io::Cursor;

use crate::heading::{ColumnMapping, Heading};
use crate::sheet::{Sheet, TextColumn};
use crate::table::REQUIRED;
use crate::{DataError, IvTable};

/// A Parquet file: a table already, or columns that still have to be understood.
pub(crate) enum Parquet {
    /// Has the columns of an [`IvTable`].
    Table(IvTable),
    /// Anything else with headings.
    Sheet(Box<Sheet>),
}

/// Reads a whole Parquet file.
///
/// # Errors
/// [`DataError::Table`] for a file polars refuses, [`DataError::Syntax`] for a heading with a wrong unit.
pub(crate) fn read(path: &str, bytes: Vec<u8>, mapping: &ColumnMapping) -> Result<Parquet, DataError> {
    let frame = ParquetReader::new(Cursor::new(bytes)).finish().map_err(DataError::table(path))?;
    if REQUIRED.iter().all(|name| frame.column(name).is_ok()) {
        return IvTable::from_frame(frame).map(Parquet::Table);
    }
    let mut sheet = Sheet { line: (1..=frame.height() as u32).collect(), ..Sheet::default() };
    for column in frame.columns() {
        let heading = Heading::read(column.name(), mapping)
            .map_err(|bad| bad.at(path, 0, "rename the column or give a column mapping"))?;
        let Some(heading) = heading else { continue };
        if column.dtype().is_primitive_numeric() {
            let numbers = column.cast(&DataType::Float64).map_err(DataError::table(path))?;
            let numbers = numbers.f64().map_err(DataError::table(path))?;
            let values = numbers.iter().map(|v| v.map_or(f64::NAN, |v| heading.value(v))).collect();
            sheet.remember(&heading);
            sheet.columns.push((heading.column, values));
        } else if heading.known {
            let words = column.cast(&DataType::String).map_err(DataError::table(path))?;
            let mut text = TextColumn::new(heading.column);
            for word in words.str().map_err(DataError::table(path))?.iter() {
                text.push(word.unwrap_or_default());
            }
            sheet.texts.push(text);
        }
    }
    sheet.drop_repeated_columns();
    Ok(Parquet::Sheet(Box::new(sheet)))
}
