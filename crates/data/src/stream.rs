//! Data sets larger than memory: files to Parquet in batches, samples of Parquet by streaming.

use polars::prelude::*;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::block::Block;
use crate::input::{self, Input};
use crate::read::{Loaded, Loader, note_problem};
use crate::table::{self, COLUMNS, Writer};
use crate::validate::{self, Summary};
use crate::{DataError, FileFailure, IvTable, ReadOptions, ReadProgress, SourceFile, random};

/// What a conversion did.
#[derive(Debug, Default)]
pub struct Conversion {
    /// Rows written.
    pub rows: usize,
    /// Files behind them.
    pub files: Vec<SourceFile>,
    /// Files that could not be read, or only in part.
    pub failures: Vec<FileFailure>,
    /// Files of a folder that hold no measurements, with the reason.
    pub skipped: Vec<(String, String)>,
}

/// Converts files, folders and globs to one Parquet file, `batch` files at a time.
///
/// Memory holds one batch of rows and a few numbers per file. Files are read twice: the first pass
/// gathers the columns and what validation compares between files, the second writes the rows, with all
/// the flags that [`crate::read()`] sets. Where no file gives a row, `target` is left as it is.
///
/// # Errors
/// As [`crate::read()`], and when `target` cannot be written.
pub fn convert(
    inputs: &[PathBuf],
    target: &Path,
    batch: usize,
    options: &ReadOptions,
    observer: &(dyn Fn(ReadProgress<'_>) + Sync),
) -> Result<Conversion, DataError> {
    let found = input::expand(inputs)?;
    let loader = Loader::new(options, 2 * found.len(), observer)?;
    let batch = batch.max(1);
    let mut survey = Survey::new();
    for chunk in found.chunks(batch) {
        for (input, loaded) in chunk.iter().zip(loader.load_all(chunk)?) {
            survey.add(input, loaded, options.strict)?;
        }
    }
    validate::compare(&mut survey.summaries, &options.flags);
    let mut by_file: HashMap<String, Vec<Summary>> = HashMap::new();
    for summary in survey.summaries {
        by_file.entry(summary.file.clone()).or_default().push(summary);
    }
    let mut done = survey.done;
    if done.files.iter().all(|file| file.rows == 0) {
        return Ok(done);
    }
    let mut writer = Writer::create(target, &survey.schema)?;
    for chunk in found.chunks(batch) {
        let mut blocks: Vec<Block> = Vec::new();
        let mut tables: Vec<IvTable> = Vec::new();
        for loaded in loader.load_all(chunk)? {
            match loaded {
                Ok(Loaded::Blocks { blocks: more, .. }) => blocks.extend(more),
                Ok(Loaded::Table { table, .. }) => tables.push(table),
                // Failures were noted in the first pass.
                Ok(Loaded::Skipped { .. }) | Err(_) => {}
            }
        }
        let mut nth: HashMap<String, usize> = HashMap::new();
        for block in &mut blocks {
            let k = nth.entry(block.file.clone()).or_default();
            if let Some(summary) = by_file.get(&block.file).and_then(|s| s.get(*k)) {
                validate::apply(summary, block, &options.flags);
            }
            *k += 1;
        }
        tables.insert(0, table::from_blocks(&blocks)?);
        for table in tables.iter().filter(|t| !t.is_empty()) {
            writer.write(table)?;
            done.rows += table.len();
        }
    }
    writer.finish()?;
    Ok(done)
}

/// What the first pass gathers.
struct Survey {
    schema: Schema,
    summaries: Vec<Summary>,
    done: Conversion,
}

impl Survey {
    fn new() -> Self {
        let fields = COLUMNS.iter().map(|(name, dtype)| Field::new((*name).into(), dtype.clone()));
        Survey { schema: fields.collect(), summaries: Vec::new(), done: Conversion::default() }
    }

    /// Adds a column to the schema unless it is there.
    fn know(&mut self, name: &str, dtype: &DataType) {
        if !self.schema.contains(name) {
            self.schema.with_column(name.into(), dtype.clone());
        }
    }

    fn add(
        &mut self,
        input: &Input,
        loaded: Result<Loaded, DataError>,
        strict: bool,
    ) -> Result<(), DataError> {
        let problem = match loaded {
            Ok(Loaded::Blocks { blocks, file, problem }) => {
                for block in &blocks {
                    for (name, _) in &block.columns {
                        self.know(name, &DataType::Float64);
                    }
                    self.summaries.push(Summary::of(block));
                }
                let rows = file.rows;
                self.done.files.push(file);
                problem.map(|error| (rows, error))
            }
            Ok(Loaded::Table { table, file }) => {
                for column in table.frame().columns() {
                    self.know(column.name(), column.dtype());
                }
                self.done.files.push(file);
                None
            }
            Ok(Loaded::Skipped { reason }) => {
                self.done.skipped.push((input.name.clone(), reason));
                None
            }
            Err(error) => Some((0, error)),
        };
        note_problem(&mut self.done.failures, input, problem, strict)
    }
}

/// `n` rows of a Parquet file, drawn without repetition and in file order; same seed, same rows.
///
/// The file is streamed: memory holds the drawn rows and an index of 4 bytes per row of the file.
///
/// # Errors
/// [`DataError::Io`] and [`DataError::Table`] name the file, [`DataError::Column`] for another table.
pub fn sample_parquet(path: &Path, n: usize, seed: u64) -> Result<IvTable, DataError> {
    IvTable::from_frame(rows_of(path, random::choose(count_rows(path)?, n, seed))?)
}

/// Rows of a Parquet file, from its footer.
pub(crate) fn count_rows(path: &Path) -> Result<usize, DataError> {
    let file = std::fs::File::open(path).map_err(|e| DataError::io(path, e))?;
    ParquetReader::new(file).num_rows().map_err(DataError::table(path.display().to_string()))
}

/// The rows of a Parquet file that `chosen` numbers (ascending), in file order; the file is streamed.
pub(crate) fn rows_of(path: &Path, chosen: Vec<u32>) -> Result<DataFrame, DataError> {
    let name = path.display().to_string();
    let index = "row number";
    let lookup = DataFrame::new_infer_height(vec![Column::new(index.into(), chosen)])
        .map_err(DataError::table(name.as_str()))?;
    let frame = LazyFrame::scan_parquet(PlRefPath::new(&name), ScanArgsParquet::default())
        .map_err(DataError::table(name.as_str()))?
        .with_row_index(index, None)
        .join(lookup.lazy(), [col(index)], [col(index)], JoinArgs::new(JoinType::Inner))
        .sort([index], SortMultipleOptions::default())
        .drop(cols([index]))
        .collect_with_engine(Engine::Streaming)
        .map_err(DataError::table(name.as_str()))?
        .unwrap_single();
    Ok(frame)
}
