//! Parquet files of tables: zstd, written beside the target and renamed, also batch by batch.

use polars::prelude::*;
use std::fs::File;
use std::path::{Path, PathBuf};

use super::{Column, Columns, IvTable, build};
use crate::DataError;

/// Rows per row group: small enough to stream, large enough to compress.
const ROW_GROUP: usize = 1 << 18;

impl IvTable {
    /// Writes a zstd-compressed Parquet file; a file of that name is replaced only when all went well.
    ///
    /// # Errors
    /// [`DataError::Io`] and [`DataError::Table`] name the file.
    pub fn to_parquet(&self, path: &Path) -> Result<(), DataError> {
        let mut writer = Writer::create(path, self.frame.schema())?;
        writer.write(self)?;
        writer.finish()
    }

    /// Reads a Parquet file written by [`IvTable::to_parquet`] or with the same columns.
    ///
    /// # Errors
    /// [`DataError::Io`], [`DataError::Table`] for what is no Parquet file, [`DataError::Column`].
    pub fn from_parquet(path: &Path) -> Result<IvTable, DataError> {
        let name = path.display().to_string();
        let frame = Columns::from_parquet(path)?.frame().clone();
        IvTable::from_frame(frame).map_err(|e| match e {
            DataError::Column { column, expected, .. } => DataError::Column { path: name, column, expected },
            other => other,
        })
    }
}

impl Columns {
    /// Writes a zstd-compressed Parquet file; it appears whole or not at all.
    ///
    /// # Errors
    /// [`DataError::Io`] and [`DataError::Table`] name the file.
    pub fn to_parquet(&self, path: &Path) -> Result<(), DataError> {
        let mut writer = Writer::create(path, self.frame().schema())?;
        writer.append(self.frame())?;
        writer.finish()
    }

    /// Reads a Parquet file.
    ///
    /// # Errors
    /// [`DataError::Io`], [`DataError::Table`] for what is no Parquet file.
    pub fn from_parquet(path: &Path) -> Result<Self, DataError> {
        let file = File::open(path).map_err(|e| DataError::io(path, e))?;
        let frame =
            ParquetReader::new(file).finish().map_err(DataError::table(path.display().to_string()))?;
        Ok(Columns::from_frame(frame))
    }
}

/// Writes named columns of equal length as a zstd-compressed Parquet file; it appears whole or not at all.
///
/// # Errors
/// [`DataError::Io`] names the file; [`DataError::Table`] when two columns share a name or differ in length.
pub fn write_parquet(path: &Path, columns: &[(&str, Column)]) -> Result<(), DataError> {
    Columns::new(columns)
        .map_err(|e| match e {
            DataError::Table { source, .. } => DataError::Table { path: path.display().to_string(), source },
            other => other,
        })?
        .to_parquet(path)
}

/// A Parquet file under construction, one batch of rows after the other.
pub(crate) struct Writer {
    target: PathBuf,
    temporary: PathBuf,
    schema: Schema,
    batches: polars::io::parquet::write::BatchedWriter<File>,
}

impl Writer {
    /// Opens a temporary file beside `path`; every batch must have the columns of `schema` or fewer.
    pub(crate) fn create(path: &Path, schema: &Schema) -> Result<Self, DataError> {
        let mut temporary = path.as_os_str().to_owned();
        temporary.push(format!(".{}.part", std::process::id()));
        let temporary = PathBuf::from(temporary);
        let file = File::create(&temporary).map_err(|e| DataError::io(path, e))?;
        let batches = ParquetWriter::new(file)
            .with_compression(ParquetCompression::Zstd(None))
            .with_row_group_size(Some(ROW_GROUP))
            .batched(schema)
            .map_err(DataError::table(path.display().to_string()))?;
        Ok(Writer { target: path.to_owned(), temporary, schema: schema.clone(), batches })
    }

    /// Appends the rows of `table`; columns it lacks become null.
    pub(crate) fn write(&mut self, table: &IvTable) -> Result<(), DataError> {
        let mut frame = table.frame.clone();
        build::add_missing_columns(&mut frame, &DataFrame::empty_with_schema(&self.schema))?;
        let names: Vec<&str> = self.schema.iter_names().map(PlSmallStr::as_str).collect();
        let frame = frame.select(names).map_err(DataError::table(self.target.display().to_string()))?;
        self.append(&frame)
    }

    /// Appends rows that have exactly the columns of the schema.
    fn append(&mut self, frame: &DataFrame) -> Result<(), DataError> {
        let name = self.target.display().to_string();
        for start in (0..frame.height()).step_by(ROW_GROUP) {
            let mut part = frame.slice(start as i64, ROW_GROUP);
            part.rechunk_mut();
            self.batches.write_batch(&part).map_err(DataError::table(name.as_str()))?;
        }
        Ok(())
    }

    /// Closes the file and gives it its name.
    pub(crate) fn finish(&mut self) -> Result<(), DataError> {
        self.batches.finish().map_err(DataError::table(self.target.display().to_string()))?;
        std::fs::rename(&self.temporary, &self.target).map_err(|e| DataError::io(&self.target, e))
    }
}

impl Drop for Writer {
    /// Removes the temporary file of a write that failed; after a rename there is none.
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.temporary);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_columns_come_back_and_unequal_ones_leave_no_file() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("t.parquet");
        let (names, id) = (vec!["a".to_owned(), "b".to_owned()], [1e-9, 2e-9]);
        write_parquet(&path, &[("device", Column::Text(&names)), ("id", Column::Number(&id))])
            .expect("written");
        let frame = ParquetReader::new(File::open(&path).expect("file")).finish().expect("Parquet");
        let read = frame.column("id").expect("id").f64().expect("numbers");
        assert_eq!(read.iter().flatten().collect::<Vec<f64>>(), id);
        assert_eq!(frame.column("device").expect("device").str().expect("texts").get(1), Some("b"));
        let short = folder.path().join("short.parquet");
        write_parquet(&short, &[("id", Column::Number(&id)), ("gm", Column::Number(&id[..1]))])
            .expect_err("unequal");
        assert!(!short.exists());
    }
}
