//! A table that is no I-V table, such as predictions: named columns of texts and numbers.

use polars::prelude::*;

use crate::DataError;

/// A column of such a table.
#[derive(Debug, Clone, Copy)]
pub enum Column<'a> {
    /// One text per row.
    Text(&'a [String]),
    /// One number per row; NaN where there is none.
    Number(&'a [f64]),
}

impl Column<'_> {
    fn len(&self) -> usize {
        match self {
            Column::Text(values) => values.len(),
            Column::Number(values) => values.len(),
        }
    }
}

/// Named columns of equal length.
#[derive(Clone, Debug)]
pub struct Columns {
    frame: DataFrame,
}

impl Columns {
    /// Copies named columns.
    ///
    /// # Errors
    /// [`DataError::Table`] when two columns share a name or differ in length.
    pub fn new(columns: &[(&str, Column)]) -> Result<Self, DataError> {
        let series = columns.iter().map(|(name, column)| match column {
            Column::Text(values) => Series::new((*name).into(), *values).into_column(),
            Column::Number(values) => Series::new((*name).into(), *values).into_column(),
        });
        let rows = columns.first().map_or(0, |(_, column)| column.len());
        let frame = DataFrame::new(rows, series.collect()).map_err(DataError::table("table"))?;
        Ok(Columns { frame })
    }

    /// Wraps a frame.
    pub fn from_frame(frame: DataFrame) -> Self {
        Columns { frame }
    }

    /// The frame.
    pub fn frame(&self) -> &DataFrame {
        &self.frame
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// True when there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Names, in order.
    pub fn names(&self) -> Vec<String> {
        self.frame.get_column_names().iter().map(|n| n.to_string()).collect()
    }

    /// True when all of `names` are there.
    pub fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|n| self.frame.column(n).is_ok())
    }

    /// A column as numbers, NaN where there is none; `None` for a column of text.
    ///
    /// # Errors
    /// [`DataError::Table`] when there is no such column.
    pub fn numbers(&self, name: &str) -> Result<Option<Vec<f64>>, DataError> {
        let fail = || DataError::table(format!("column '{name}'"));
        let column = self.frame.column(name).map_err(fail())?;
        if !(column.dtype().is_primitive_numeric() || column.dtype().is_bool()) {
            return Ok(None);
        }
        let column = column.cast(&DataType::Float64).map_err(fail())?;
        Ok(Some(column.f64().map_err(fail())?.iter().map(|v| v.unwrap_or(f64::NAN)).collect()))
    }

    /// A column as texts.
    ///
    /// # Errors
    /// [`DataError::Table`] when there is no such column.
    pub fn texts(&self, name: &str) -> Result<Vec<Option<String>>, DataError> {
        let fail = || DataError::table(format!("column '{name}'"));
        let column = self.frame.column(name).and_then(|c| c.cast(&DataType::String)).map_err(fail())?;
        Ok(column.str().map_err(fail())?.iter().map(|t| t.map(str::to_owned)).collect())
    }
}
