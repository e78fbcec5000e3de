//! Tables in and out through Arrow's C stream interface, without copying what has the right type.
//!
//! The interface is described in the Apache Arrow documentation, "The Arrow C stream interface". Buffers are shared:
//! both sides hold a reference and neither may write. A table whose columns are cut at different rows is joined
//! once, which copies; [`IvTable::aligned`] keeps the result, so that every later stream shares it.

use polars::prelude::*;
use polars_arrow::array::{Array, StructArray, new_empty_array};
use polars_arrow::datatypes::{ArrowDataType, Field};
use polars_arrow::ffi::{ArrowArrayStream, ArrowArrayStreamReader, export_iterator};

use super::{Columns, IvTable};
use crate::DataError;

impl IvTable {
    /// The same rows with all columns cut at the same rows.
    pub fn aligned(mut self) -> Self {
        self.frame.align_chunks_par();
        self
    }

    /// A stream of the rows; it shares the buffers of a table that is [`IvTable::aligned`].
    pub fn to_arrow(&self) -> ArrowArrayStream {
        export(self.frame())
    }
}

impl Columns {
    /// A stream of the rows that shares their buffers.
    pub fn to_arrow(&self) -> ArrowArrayStream {
        export(self.frame())
    }

    /// Takes the rows of a stream; numbers keep their buffers.
    ///
    /// # Errors
    /// [`DataError::Table`] when the stream fails or holds what is neither number nor text.
    ///
    /// # Safety
    /// `stream` must follow Arrow's C stream interface; it is used up and released.
    pub unsafe fn from_arrow(stream: Box<ArrowArrayStream>) -> Result<Self, DataError> {
        let fail = || DataError::table("Arrow stream");
        // SAFETY: the caller vouches for the stream.
        let mut reader = unsafe { ArrowArrayStreamReader::try_new(stream) }.map_err(fail())?;
        let ArrowDataType::Struct(fields) = reader.field().dtype().clone() else {
            return Err(fail()(polars_err!(ComputeError: "found one array, expected columns (a struct)")));
        };
        for field in &fields {
            check(field).map_err(DataError::table(format!("column '{}'", field.name)))?;
        }
        let mut chunks: Vec<Vec<Box<dyn Array>>> = vec![Vec::new(); fields.len()];
        // SAFETY: as above; the reader checked the schema.
        while let Some(batch) = unsafe { reader.next() } {
            let batch = batch.map_err(fail())?;
            let Some(rows) = batch.as_any().downcast_ref::<StructArray>() else {
                return Err(fail()(polars_err!(ComputeError: "found an array, expected a batch of rows")));
            };
            chunks.iter_mut().zip(rows.values()).for_each(|(column, array)| column.push(array.clone()));
        }
        let mut columns = Vec::with_capacity(fields.len());
        for (field, mut arrays) in fields.iter().zip(chunks) {
            if arrays.is_empty() {
                arrays.push(new_empty_array(field.dtype().clone()));
            }
            let series = Series::try_from((field, arrays))
                .map_err(DataError::table(format!("column '{}'", field.name)))?;
            columns.push(series.into_column());
        }
        let rows = columns.first().map_or(0, Column::len);
        Ok(Columns::from_frame(DataFrame::new(rows, columns).map_err(fail())?))
    }
}

/// Refuses types that mean nothing in a table of measurements.
fn check(field: &Field) -> PolarsResult<()> {
    use ArrowDataType as T;
    let known = |t: &T| {
        matches!(
            t,
            T::Null
                | T::Boolean
                | T::Int8
                | T::Int16
                | T::Int32
                | T::Int64
                | T::UInt8
                | T::UInt16
                | T::UInt32
                | T::UInt64
                | T::Float32
                | T::Float64
                | T::Timestamp(..)
                | T::Date32
                | T::Utf8
                | T::LargeUtf8
                | T::Utf8View
        )
    };
    let fine = match field.dtype() {
        T::Dictionary(_, values, _) => matches!(**values, T::Utf8 | T::LargeUtf8 | T::Utf8View),
        other => known(other),
    };
    polars_ensure!(fine, ComputeError: "found Arrow type {:?}, expected numbers or text", field.dtype());
    Ok(())
}

fn export(frame: &DataFrame) -> ArrowArrayStream {
    let mut frame = frame.clone();
    frame.align_chunks_par();
    let level = CompatLevel::newest();
    let fields: Vec<Field> = frame.schema().iter_fields().map(|f| f.to_arrow(level)).collect();
    let schema = ArrowDataType::Struct(fields);
    let batches: Vec<PolarsResult<Box<dyn Array>>> = frame
        .iter_chunks(level, false)
        .map(|batch| {
            let rows = batch.len();
            let array = StructArray::try_new(schema.clone(), rows, batch.into_arrays(), None)?;
            Ok(Box::new(array) as Box<dyn Array>)
        })
        .collect();
    export_iterator(Box::new(batches.into_iter()), Field::new("".into(), schema, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(columns: &Columns) -> Columns {
        // SAFETY: the stream is our own.
        unsafe { Columns::from_arrow(Box::new(columns.to_arrow())) }.expect("columns")
    }

    #[test]
    fn a_stream_gives_the_same_rows_at_the_same_address() {
        let words = vec!["a".to_owned(), "a text longer than a view holds inline".to_owned()];
        let numbers = vec![1.5, f64::NAN];
        let columns =
            [("word", crate::ParquetColumn::Text(&words)), ("x", crate::ParquetColumn::Number(&numbers))];
        let columns = Columns::new(&columns).expect("columns");
        let back = round_trip(&columns);
        assert!(back.frame().equals_missing(columns.frame()), "{:?}", back.frame());
        let address = |c: &Columns| {
            let column = c.frame().column("x").expect("x").clone();
            column.f64().expect("numbers").cont_slice().expect("one piece").as_ptr()
        };
        assert_eq!(address(&back), address(&columns));
    }

    #[test]
    fn no_rows_keep_their_columns() {
        let empty = Columns::new(&[("x", crate::ParquetColumn::Number(&[]))]).expect("columns");
        assert_eq!(round_trip(&empty).frame().get_column_names(), ["x"]);
    }

    #[test]
    fn what_is_no_measurement_is_refused() {
        let list = Series::new("x".into(), [Series::new("".into(), [1.0])]).into_column();
        let frame = DataFrame::new(1, vec![list]).expect("frame");
        let stream = Box::new(Columns::from_frame(frame).to_arrow());
        // SAFETY: the stream is our own.
        let wrong = unsafe { Columns::from_arrow(stream) }.expect_err("lists are refused").to_string();
        assert!(wrong.contains("column 'x'") && wrong.contains("expected numbers or text"), "{wrong}");
    }
}
