//! The I-V table: one row per bias point, SI units, with who was measured and what is doubtful about it.

mod arrow;
mod build;
mod columns;
mod parquet;
mod view;

use polars::prelude::{Column as Series, DataFrame, DataType};

pub(crate) use build::from_blocks;
pub use columns::{Column, Columns};
pub(crate) use parquet::Writer;
pub use parquet::write_parquet;
pub(crate) use view::View;

use crate::DataError;

/// Columns every table has, in order, with their types.
pub const COLUMNS: [(&str, DataType); 26] = [
    ("technology", DataType::String),
    ("family", DataType::String),
    ("polarity", DataType::String),
    ("device", DataType::String),
    ("site", DataType::String),
    ("w", DataType::Float64),
    ("l", DataType::Float64),
    ("nf", DataType::Float64),
    ("mult", DataType::Float64),
    ("temperature", DataType::Float64),
    ("corner", DataType::String),
    ("sweep", DataType::String),
    ("floor", DataType::Float64),
    ("file", DataType::String),
    ("curve", DataType::UInt32),
    ("line", DataType::UInt32),
    ("vd", DataType::Float64),
    ("vg", DataType::Float64),
    ("vs", DataType::Float64),
    ("vb", DataType::Float64),
    ("id", DataType::Float64),
    ("ig", DataType::Float64),
    ("is", DataType::Float64),
    ("ib", DataType::Float64),
    ("flags", DataType::UInt32),
    ("origin", DataType::String),
];

/// Columns that a frame must have to become a table.
pub const REQUIRED: [&str; 6] = ["technology", "family", "device", "curve", "vd", "vg"];

/// Measured (or simulated) bias points as a polars [`DataFrame`].
///
/// Columns: those of [`COLUMNS`], then whatever else the files hold (`gm`, `qg`, `cgg`, `vc`, `ic`,
/// `freq`, `s11_re` ...). Volts, amperes, metres, kelvin; terminal currents count into the
/// device; null where nothing was measured. `file` is the path inside the input, `curve` numbers the
/// sweeps inside a file, `origin` is `measured` or `simulated`, `floor` is the estimated noise floor of the currents in amperes, `flags` the
/// bits of [`crate::Flags`].
#[derive(Clone, Debug)]
pub struct IvTable {
    frame: DataFrame,
}

impl IvTable {
    /// Wraps a frame with at least the columns of [`REQUIRED`]; the others of [`COLUMNS`] are added as
    /// null (`flags` as 0), and types are cast.
    ///
    /// # Errors
    /// [`DataError::Column`] for a missing column, [`DataError::Table`] for one that cannot be cast.
    pub fn from_frame(frame: DataFrame) -> Result<Self, DataError> {
        let mut frame = frame;
        let height = frame.height();
        for (name, dtype) in &COLUMNS {
            let column = match frame.column(name) {
                Ok(column) if column.dtype() == dtype => continue,
                Ok(column) => {
                    column.strict_cast(dtype).map_err(DataError::table(format!("column '{name}'")))?
                }
                Err(_) if REQUIRED.contains(name) => {
                    return Err(DataError::Column {
                        path: "table".to_owned(),
                        column: (*name).to_owned(),
                        expected: dtype.to_string(),
                    });
                }
                Err(_) if *name == "flags" => Series::new("flags".into(), vec![0u32; height]),
                Err(_) => Series::full_null((*name).into(), height, dtype),
            };
            frame.with_column(column).map_err(DataError::table("table"))?;
        }
        Ok(IvTable { frame })
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

    /// Rows of both tables; columns that only one has are null in the other's rows.
    ///
    /// # Errors
    /// [`DataError::Table`] when columns of one name have different types.
    pub fn concat(&self, other: &IvTable) -> Result<IvTable, DataError> {
        let mut upper = self.frame.clone();
        let mut lower = other.frame.clone();
        build::add_missing_columns(&mut upper, &lower)?;
        build::add_missing_columns(&mut lower, &upper)?;
        let names: Vec<String> = upper.get_column_names().iter().map(|n| n.to_string()).collect();
        let lower = lower.select(&names).map_err(DataError::table("concatenation"))?;
        let frame = upper.vstack(&lower).map_err(DataError::table("concatenation"))?;
        Ok(IvTable { frame })
    }

    /// `n` rows drawn without repetition (all when there are fewer), in table order; same seed, same rows.
    ///
    /// # Errors
    /// [`DataError::Table`] when polars cannot gather the rows.
    pub fn sample(&self, n: usize, seed: u64) -> Result<IvTable, DataError> {
        let rows = crate::random::choose(self.len(), n, seed);
        let frame = build::gather(&self.frame, &rows)?;
        Ok(IvTable { frame })
    }
}
