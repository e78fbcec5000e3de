//! Arguments that tell which files to read and how, and the reading itself with its progress bar.

use anyhow::{Context, Result};
use gummel_catalogue::{BUNDLED, Bundled, bundled};
use gummel_data::{ColumnMapping, FileFailure, Format, Patterns, ReadOptions, Reading, read};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

use crate::listener::Given;
use crate::progress::ReadBar;
use crate::session::Session;
use crate::table::count;

/// Files failed to load that are named on the terminal; all of them are in the JSON result.
const FAILURES_SHOWN: usize = 20;

/// Which files, and how to read them.
#[derive(Clone, Debug, Default, clap::Args, Serialize, Deserialize)]
pub struct InputArgs {
    /// Files, folders or globs with measurements (mdm, csv, tsv, EasyEXPERT csv, SPICE raw,
    /// Sentaurus plt, parquet),
    /// or a bundled data set by name [default: demo130-noisy]
    pub inputs: Vec<PathBuf>,
    /// Format of every file; by default each is told from its content
    #[arg(long, value_parser = format)]
    pub format: Option<Format>,
    /// TOML file with file-name patterns, tried before the built-in ones
    #[arg(long, value_name = "FILE")]
    pub patterns: Option<PathBuf>,
    /// TOML file that names columns and constants (columns, constants, decimal, delimiter)
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Table with a column `file` and what it says of each file (w, l, site, corner ...); wins over file names
    #[arg(long, value_name = "FILE")]
    pub metadata: Option<PathBuf>,
    /// Stop at the first file that cannot be read
    #[arg(long)]
    pub strict: bool,
}

impl InputArgs {
    /// The same files named so that they are found from any folder.
    pub fn absolute(&self) -> Self {
        let absolute = |p: &PathBuf| match named(p) {
            Some(_) => p.clone(),
            None => std::path::absolute(p).unwrap_or_else(|_| p.clone()),
        };
        InputArgs {
            inputs: self.inputs.iter().map(absolute).collect(),
            patterns: self.patterns.as_ref().map(absolute),
            mapping: self.mapping.as_ref().map(absolute),
            metadata: self.metadata.as_ref().map(absolute),
            ..self.clone()
        }
    }

    /// How to read, as long as the session does not stop.
    ///
    /// # Errors
    /// When a patterns or mapping file is missing or wrong.
    pub fn options(&self, session: &Session) -> Result<ReadOptions> {
        let mut options = ReadOptions {
            format: self.format,
            metadata: self.metadata.clone(),
            strict: self.strict,
            stop: session.stop(),
            ..ReadOptions::default()
        };
        if let Some(path) = &self.patterns {
            options.patterns =
                Patterns::from_toml(&path.display().to_string(), &text(path)?)?.before_built_in();
        }
        if let Some(path) = &self.mapping {
            let mapping: ColumnMapping =
                toml::from_str(&text(path)?).with_context(|| format!("column mapping {}", path.display()))?;
            options.mapping = Some(mapping);
        }
        Ok(options)
    }

    /// Reads the inputs with a progress bar and names the files that failed.
    ///
    /// # Errors
    /// When an input matches nothing, with `--strict` for the first file that fails.
    pub fn read(&self, session: &Session) -> Result<Reading> {
        if let Some(reading) = self.in_memory(session)? {
            return Ok(reading);
        }
        let options = self.options(session)?;
        let reading = self.with_paths(session, |paths, bar| Ok(read(paths, &options, &|p| bar.show(p))?))?;
        name_failures(&reading.failures, session);
        Ok(reading)
    }

    /// The inputs where all of them are tables of the program that runs the verb.
    fn in_memory(&self, session: &Session) -> Result<Option<Reading>> {
        let tables = self.inputs.iter().map(|p| table(p, session)).collect::<Result<Option<Vec<_>>>>()?;
        let Some((first, others)) = tables.as_deref().and_then(<[_]>::split_first) else { return Ok(None) };
        let mut reading = first.reading();
        for given in others {
            reading.table = reading.table.concat(&given.table)?;
            reading.files.extend_from_slice(&given.files);
        }
        Ok(Some(reading))
    }

    /// Arguments that read the same again in another process; `None` when a table was made in memory.
    ///
    /// # Errors
    /// When a table that is named was not given.
    pub fn source(&self, session: &Session) -> Result<Option<InputArgs>> {
        let tables = self.inputs.iter().map(|p| table(p, session)).collect::<Result<Vec<_>>>()?;
        Ok(match &tables[..] {
            [Some(given)] => given.input.clone(),
            all if all.iter().all(Option::is_none) => Some(self.clone()),
            _ => None,
        })
    }

    /// Does `work` on the paths of the inputs, bundled data sets and tables in memory unpacked for its duration.
    ///
    /// # Errors
    /// Those of `work`, and when a bundled set cannot be unpacked.
    pub fn with_paths<T>(
        &self,
        session: &Session,
        work: impl FnOnce(&[PathBuf], &ReadBar) -> Result<T>,
    ) -> Result<T> {
        let unpacked = tempfile::tempdir().context("cannot make a folder for the bundled data")?;
        let default = [PathBuf::from(BUNDLED[0].name)];
        let inputs = if self.inputs.is_empty() { &default[..] } else { &self.inputs };
        let locate = |p: &PathBuf| -> Result<PathBuf> {
            if let Some(given) = table(p, session)? {
                let path =
                    unpacked.path().join(format!("{}.parquet", p.display().to_string().replace(':', "-")));
                given.table.to_parquet(&path)?;
                return Ok(path);
            }
            Ok(named(p).map_or(Ok(p.clone()), |set| set.unpack(unpacked.path()))?)
        };
        let paths = inputs.iter().map(locate).collect::<Result<Vec<_>>>()?;
        work(&paths, &ReadBar::new(session))
    }
}

/// The table in memory that an input names.
fn table<'a>(input: &Path, session: &'a Session) -> Result<Option<&'a Given>> {
    session.front().map_or(Ok(None), |front| front.table(input))
}

/// The bundled data set of that name, unless there is such a file.
fn named(input: &Path) -> Option<Bundled> {
    if input.exists() { None } else { bundled(input.to_str()?).ok() }
}

/// Warns about files that could not be read, as far as a person wants to read.
pub fn name_failures(failures: &[FileFailure], session: &Session) {
    for failure in failures.iter().take(FAILURES_SHOWN) {
        session.warn(&failure.error.to_string());
    }
    if failures.len() > FAILURES_SHOWN {
        let more = count(failures.len() - FAILURES_SHOWN, "more file");
        session.warn(&format!("{more} could not be read; --json lists them all"));
    }
}

fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn format(name: &str) -> Result<Format, String> {
    Format::ALL.into_iter().find(|f| f.name() == name.to_ascii_lowercase()).ok_or_else(|| {
        format!("unknown format; expected one of {}", Format::ALL.map(Format::name).join(", "))
    })
}
