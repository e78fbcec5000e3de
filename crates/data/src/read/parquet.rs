//! Parquet: an I-V table as it is, or any other table of bias points with headings that tell what they are.

use polars::prelude::*;
use std::io::Cursor;

use crate::heading::Heading;
use crate::sheet::{Sheet, TextColumn};
use crate::source::Source;
use crate::table::REQUIRED;
use crate::{DataError, IvTable};

/// The content of a file: a table already, or columns that still have to be understood.
pub(crate) enum Parsed {
    /// Has the columns of an [`IvTable`].
    Table(IvTable),
    /// Anything else with headings.
    Sheet(Box<Sheet>),
}

/// Rows decoded between two looks at whether anybody wants them.
const ROWS: usize = 1 << 21;

/// Reads a whole Parquet file.
///
/// # Errors
/// [`DataError::Table`] for a file polars refuses, [`DataError::Syntax`] for a heading with a wrong unit,
/// [`DataError::Stopped`].
pub(crate) fn read(source: Source<'_>) -> Result<Parsed, DataError> {
    let refused = || DataError::table(source.path);
    let frame = frame(source)?;
    if REQUIRED.iter().all(|name| frame.column(name).is_ok()) {
        return IvTable::from_frame(frame).map(Parsed::Table);
    }
    let mut sheet = Sheet { line: (1..=frame.height() as u32).collect(), ..Sheet::default() };
    for column in frame.columns() {
        let heading = Heading::read(column.name(), source.mapping)
            .map_err(|bad| bad.at(source.path, 0, "rename the column or give a column mapping"))?;
        let Some(heading) = heading else { continue };
        source.stop.look()?;
        if column.dtype().is_primitive_numeric() {
            let numbers = column.cast(&DataType::Float64).map_err(refused())?;
            let numbers = numbers.f64().map_err(refused())?;
            let values = numbers.iter().map(|v| v.map_or(f64::NAN, |v| heading.value(v))).collect();
            sheet.remember(&heading);
            sheet.columns.push((heading.column, values));
        } else if heading.known {
            let words = column.cast(&DataType::String).map_err(refused())?;
            let mut text = TextColumn::new(heading.column);
            for word in words.str().map_err(refused())?.iter() {
                text.push(word.unwrap_or_default());
            }
            sheet.texts.push(text);
        }
    }
    sheet.drop_repeated_columns();
    Ok(Parsed::Sheet(Box::new(sheet)))
}

/// All rows, decoded stretch by stretch.
fn frame(source: Source<'_>) -> Result<DataFrame, DataError> {
    let refused = || DataError::table(source.path);
    let reader = || ParquetReader::new(Cursor::new(source.bytes));
    source.stop.look()?;
    let rows = reader().num_rows().map_err(refused())?;
    let stretch = |first: usize| reader().with_slice(Some((first, ROWS))).finish().map_err(refused());
    let mut frame = stretch(0)?;
    for first in (ROWS..rows).step_by(ROWS) {
        source.stop.look()?;
        frame.vstack_mut(&stretch(first)?).map_err(refused())?;
    }
    Ok(frame)
}
