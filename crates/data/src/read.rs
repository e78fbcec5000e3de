//! Reading: inputs to files, files in parallel to blocks, blocks to one validated table.

mod csv;
mod easyexpert;
mod load;
mod mdm;
mod metadata;
mod parquet;
pub(crate) mod plt;
mod raw;

use gummel_device::Polarity;
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(crate) use load::{Loaded, load};
pub(crate) use metadata::Metadata;

use crate::block::Block;
use crate::heading::ColumnMapping;
use crate::input::{self, Input};
use crate::stop::Stop;
use crate::{DataError, FlagOptions, Flags, Format, IvTable, Patterns, table, validate};

/// Files parsed between two looks at failures when reading strictly.
const CHUNK: usize = 64;

/// How to read; the default suits files of known formats with names of known patterns.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Format of every file; by default each is told from its content.
    pub format: Option<Format>,
    /// File-name patterns, first match counts.
    pub patterns: Patterns,
    /// Names and units of columns, where headings do not tell them.
    pub mapping: Option<ColumnMapping>,
    /// Table of metadata with a column `file`; it wins over file names and headers.
    pub metadata: Option<PathBuf>,
    /// Thresholds of validation.
    pub flags: FlagOptions,
    /// Stop at the first file that fails.
    pub strict: bool,
    /// Largest file loaded, bytes.
    pub max_file_bytes: u64,
    /// Once raised, reading ends with [`DataError::Stopped`] at once, also inside a file.
    pub stop: Arc<AtomicBool>,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions {
            format: None,
            patterns: Patterns::default(),
            mapping: None,
            metadata: None,
            flags: FlagOptions::default(),
            strict: false,
            max_file_bytes: 4 << 30,
            stop: Arc::default(),
        }
    }
}

/// How far reading is.
#[derive(Clone, Copy, Debug)]
pub struct ReadProgress<'a> {
    /// Files done.
    pub done: usize,
    /// Files in all.
    pub total: usize,
    /// File just finished.
    pub path: &'a str,
}

/// What came out of reading.
#[derive(Debug)]
pub struct Reading {
    /// All rows of all files that could be read.
    pub table: IvTable,
    /// The files behind the rows, in the order of their rows.
    pub files: Vec<SourceFile>,
    /// Files that could not be read, or only in part.
    pub failures: Vec<FileFailure>,
    /// Files of a folder that hold no measurements, with the reason they were passed over.
    pub skipped: Vec<(String, String)>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SourceFile {
    /// Path relative to the input, `/` separators.
    pub path: String,
    /// Format; `None` for files known from a table only.
    pub format: Option<Format>,
    /// Size in bytes.
    pub bytes: u64,
    /// BLAKE3 hash of the content, hexadecimal; empty for files known from a table only.
    pub blake3: String,
    /// Rows in the table.
    pub rows: usize,
}

impl SourceFile {
    /// A file of which a table tells no more than the path.
    pub(crate) fn unknown(path: &str) -> Self {
        SourceFile { path: path.to_owned(), format: None, bytes: 0, blake3: String::new(), rows: 0 }
    }
}

/// A file that failed, as a whole or in part.
#[derive(Debug)]
pub struct FileFailure {
    /// Path relative to the input, `/` separators.
    pub path: String,
    /// Rows that were kept nevertheless, flagged [`Flags::TRUNCATED`].
    pub rows: usize,
    /// Why.
    pub error: DataError,
}

/// Reads files, folders and globs into one table.
///
/// Files are read in parallel and in the order of their names; the table does not depend on timing.
/// A file that fails is listed in [`Reading::failures`] and the others are read.
///
/// # Errors
/// When an input matches no file, when `options.strict` is set for the first file that fails, and
/// [`DataError::Stopped`].
pub fn read(
    inputs: &[PathBuf],
    options: &ReadOptions,
    observer: &(dyn Fn(ReadProgress<'_>) + Sync),
) -> Result<Reading, DataError> {
    let found = input::expand(inputs)?;
    let loader = Loader::new(options, found.len(), observer)?;
    let mut gathered = Gathered::default();
    for chunk in found.chunks(CHUNK) {
        for (input, loaded) in chunk.iter().zip(loader.load_all(chunk)?) {
            gathered.add(input, loaded, options.strict)?;
        }
    }
    gathered.finish(options)
}

/// Loads files in parallel and reports each to the observer.
pub(crate) struct Loader<'a> {
    options: &'a ReadOptions,
    mapping: ColumnMapping,
    metadata: Metadata,
    total: usize,
    done: AtomicUsize,
    observer: &'a (dyn Fn(ReadProgress<'_>) + Sync),
}

impl<'a> Loader<'a> {
    /// Reads the metadata table that all files share.
    pub(crate) fn new(
        options: &'a ReadOptions,
        total: usize,
        observer: &'a (dyn Fn(ReadProgress<'_>) + Sync),
    ) -> Result<Self, DataError> {
        let mapping = options.mapping.clone().unwrap_or_default();
        let metadata = match &options.metadata {
            Some(path) => Metadata::read(path, &ColumnMapping::default(), Stop(&options.stop))?,
            None => Metadata::default(),
        };
        Ok(Loader { options, mapping, metadata, total, done: AtomicUsize::new(0), observer })
    }

    /// Results in the order of the files; the error is that reading is to stop.
    pub(crate) fn load_all(&self, files: &[Input]) -> Result<Vec<Result<Loaded, DataError>>, DataError> {
        let one = |input: &Input| {
            Stop(&self.options.stop).look()?;
            let loaded = match load(input, self.options, &self.mapping, &self.metadata) {
                Err(DataError::Stopped) => return Err(DataError::Stopped),
                loaded => loaded,
            };
            let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
            (self.observer)(ReadProgress { done, total: self.total, path: &input.name });
            Ok(loaded)
        };
        files.par_iter().map(one).collect()
    }
}

/// Lists a file that failed, with the rows that were read all the same; reading strictly it is the end.
pub(crate) fn note_problem(
    failures: &mut Vec<FileFailure>,
    input: &Input,
    problem: Option<(usize, DataError)>,
    strict: bool,
) -> Result<(), DataError> {
    match problem {
        Some((_, error)) if strict => Err(error),
        Some((rows, error)) => {
            failures.push(FileFailure { path: input.name.clone(), rows, error });
            Ok(())
        }
        None => Ok(()),
    }
}

/// Everything read so far.
#[derive(Default)]
struct Gathered {
    blocks: Vec<Block>,
    tables: Vec<IvTable>,
    files: Vec<SourceFile>,
    failures: Vec<FileFailure>,
    skipped: Vec<(String, String)>,
}

impl Gathered {
    fn add(
        &mut self,
        input: &Input,
        loaded: Result<Loaded, DataError>,
        strict: bool,
    ) -> Result<(), DataError> {
        let problem = match loaded {
            Ok(Loaded::Blocks { blocks, file, problem }) => {
                let rows = file.rows;
                self.blocks.extend(blocks);
                self.files.push(file);
                problem.map(|error| (rows, error))
            }
            Ok(Loaded::Table { table, file }) => {
                self.tables.push(table);
                self.files.push(file);
                None
            }
            Ok(Loaded::Skipped { reason }) => {
                self.skipped.push((input.name.clone(), reason));
                None
            }
            Err(error) => Some((0, error)),
        };
        note_problem(&mut self.failures, input, problem, strict)
    }

    fn finish(mut self, options: &ReadOptions) -> Result<Reading, DataError> {
        let stop = Stop(&options.stop);
        stop.look()?;
        part_polarities(&mut self.blocks);
        validate::validate_across(&mut self.blocks, &options.flags);
        stop.look()?;
        let mut table = table::from_blocks(&self.blocks)?;
        for more in &self.tables {
            stop.look()?;
            table = if table.is_empty() { more.clone() } else { table.concat(more)? };
        }
        Ok(Reading { table, files: self.files, failures: self.failures, skipped: self.skipped })
    }
}

/// Transistors of both polarities in a folder without a family's name are two families.
fn part_polarities(blocks: &mut [Block]) {
    let mut seen: BTreeMap<String, BTreeSet<i8>> = BTreeMap::new();
    let nameless = |b: &Block| b.identity.nameless.then_some(b.identity.polarity).flatten();
    for block in blocks.iter() {
        if let Some(polarity) = nameless(block) {
            seen.entry(block.identity.family.clone()).or_default().insert(polarity.sign() as i8);
        }
    }
    let key = |b: &Block| (b.identity.family.clone(), b.identity.device.clone());
    // Other files of a device whose polarity one file tells.
    let told: BTreeMap<(String, String), Polarity> =
        blocks.iter().filter_map(|b| Some((key(b), nameless(b)?))).collect();
    for block in blocks {
        let both = seen.get(&block.identity.family).is_some_and(|signs| signs.len() > 1);
        let own = || nameless(block).or_else(|| told.get(&key(block)).copied());
        if let Some(polarity) = own().filter(|_| both && block.identity.nameless) {
            let kind = if polarity == Polarity::N { "n" } else { "p" };
            block.identity.family = format!("{}_{kind}", block.identity.family);
        }
    }
}

/// Marks the rows of a file that is incomplete.
pub(crate) fn flag_truncated(blocks: &mut [Block]) {
    blocks.iter_mut().for_each(|b| b.flag_all(Flags::TRUNCATED));
}
