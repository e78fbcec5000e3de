//! Tables as Python objects that share their memory with polars, pandas and pyarrow.

use gummel_cli::input::InputArgs;
use gummel_cli::listener::Given;
use gummel_cli::run_folder::failures;
use gummel_data::{ArrowArrayStream, Columns, IvTable, ParquetColumn, Reading, SourceFile};
use pyo3::ffi::c_str;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyCapsule};
use std::path::PathBuf;

use crate::error::exception;

/// Name of a capsule that holds a stream, as the Arrow PyCapsule interface has it.
const STREAM: &std::ffi::CStr = c_str!("arrow_array_stream");

/// Rows of measured or computed points.
#[derive(Clone)]
#[pyclass(frozen, subclass, module = "gummel._gummel")]
pub(crate) struct Table {
    rows: Rows,
    files: Vec<SourceFile>,
    input: Option<InputArgs>,
    /// Path, rows kept, reason.
    #[pyo3(get)]
    failures: Vec<(String, usize, String)>,
    /// Files passed over, with the reason.
    #[pyo3(get)]
    skipped: Vec<(String, String)>,
}

#[derive(Clone)]
enum Rows {
    Iv(IvTable),
    Other(Columns),
}

impl Table {
    /// What a verb takes.
    pub(crate) fn given(&self) -> PyResult<Given> {
        match &self.rows {
            Rows::Iv(table) => {
                Ok(Given { table: table.clone(), files: self.files.clone(), input: self.input.clone() })
            }
            Rows::Other(columns) => IvTable::from_frame(columns.frame().clone())
                .map(|table| Given { table, files: Vec::new(), input: None })
                .map_err(exception),
        }
    }

    pub(crate) fn of_columns(columns: Columns) -> Self {
        Table::bare(Rows::Other(columns))
    }

    pub(crate) fn of_reading(reading: Reading, input: Option<InputArgs>) -> Self {
        let failed = failures(&reading.failures).into_iter().map(|f| (f.path, f.rows, f.error)).collect();
        Table {
            rows: Rows::Iv(reading.table.aligned()),
            files: reading.files,
            input: input.map(|i| i.absolute()),
            failures: failed,
            skipped: reading.skipped,
        }
    }

    /// An I-V table if it has the columns of one.
    fn told(columns: Columns) -> PyResult<Self> {
        if !columns.has(&gummel_data::table::REQUIRED) {
            return Ok(Table::of_columns(columns));
        }
        let table = IvTable::from_frame(columns.frame().clone()).map_err(exception)?;
        Ok(Table::bare(Rows::Iv(table.aligned())))
    }

    fn bare(rows: Rows) -> Self {
        Table { rows, files: Vec::new(), input: None, failures: Vec::new(), skipped: Vec::new() }
    }

    fn columns(&self) -> Columns {
        match &self.rows {
            Rows::Iv(table) => Columns::from_frame(table.frame().clone()),
            Rows::Other(columns) => columns.clone(),
        }
    }
}

#[pymethods]
impl Table {
    /// The same table, for a subclass.
    #[new]
    fn new(table: PyRef<'_, Table>) -> Self {
        table.clone()
    }

    /// Takes any object with `__arrow_c_stream__`; numbers are not copied.
    ///
    /// With the columns of an I-V table it is one, else a table of whatever columns there are.
    #[staticmethod]
    fn from_arrow(py: Python<'_>, data: &Bound<'_, PyAny>) -> PyResult<Table> {
        let capsule = data.call_method0("__arrow_c_stream__")?.cast_into::<PyCapsule>()?;
        let pointer = capsule.pointer_checked(Some(STREAM))?.cast::<ArrowArrayStream>();
        // SAFETY: a capsule of this name holds a stream; taking it leaves an empty one, which its owner frees.
        let stream = unsafe { pointer.replace(ArrowArrayStream::empty()) };
        let stream = Box::new(stream);
        // The producer may need the interpreter to give its rows, so it stays attached.
        // SAFETY: the producer vouches for its stream by the capsule's name.
        let columns = unsafe { Columns::from_arrow(stream) }.map_err(exception)?;
        py.detach(|| Table::told(columns))
    }

    /// Reads a Parquet file of `write_parquet` as it is.
    #[staticmethod]
    fn from_parquet(py: Python<'_>, path: PathBuf) -> PyResult<Table> {
        py.detach(|| Table::told(Columns::from_parquet(&path).map_err(exception)?))
    }

    /// Makes a table from named columns of texts or numbers.
    #[staticmethod]
    fn from_columns(columns: Vec<(String, Cells)>) -> PyResult<Table> {
        let named: Vec<(&str, ParquetColumn)> = columns
            .iter()
            .map(|(name, cells)| match cells {
                Cells::Numbers(numbers) => (name.as_str(), ParquetColumn::Number(numbers)),
                Cells::Texts(texts) => (name.as_str(), ParquetColumn::Text(texts)),
            })
            .collect();
        Ok(Table::of_columns(Columns::new(&named).map_err(exception)?))
    }

    /// The rows as a stream that shares the table's memory (Arrow PyCapsule interface).
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        // A consumer may ask for other types; the interface lets a producer keep its own.
        drop(requested_schema);
        let stream = match &self.rows {
            Rows::Iv(table) => table.to_arrow(),
            Rows::Other(columns) => columns.to_arrow(),
        };
        PyCapsule::new_with_value(py, stream, STREAM)
    }

    /// True for an I-V table, which verbs take.
    #[getter]
    fn measured(&self) -> bool {
        matches!(self.rows, Rows::Iv(_))
    }

    /// Names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<String> {
        self.columns().names()
    }

    fn __len__(&self) -> usize {
        self.columns().len()
    }

    /// A column of numbers as doubles in native order; missing ones are NaN.
    fn numbers<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyByteArray>>> {
        let numbers = self.columns().numbers(name).map_err(exception)?;
        Ok(numbers.map(|n| doubles(py, &n)))
    }

    /// A column of texts; missing ones are None.
    fn texts(&self, name: &str) -> PyResult<Vec<Option<String>>> {
        self.columns().texts(name).map_err(exception)
    }

    /// Writes a Parquet file; it appears whole or not at all.
    fn write_parquet(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        py.detach(|| self.columns().to_parquet(&path)).map_err(exception)
    }

    /// Files behind the rows: path, rows.
    #[getter]
    fn files(&self) -> Vec<(String, usize)> {
        self.files.iter().map(|f| (f.path.clone(), f.rows)).collect()
    }
}

/// A column from Python.
#[derive(FromPyObject)]
enum Cells {
    Numbers(Vec<f64>),
    Texts(Vec<String>),
}

/// Doubles as bytes in native order, for `numpy.frombuffer`.
pub(crate) fn doubles<'py>(py: Python<'py>, values: &[f64]) -> Bound<'py, PyByteArray> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_ne_bytes()).collect();
    PyByteArray::new(py, &bytes)
}
