//! A program that runs verbs inside its own process instead of a terminal: what it gives and what it hears.

use anyhow::{Result, bail};
use gummel_data::{IvTable, Reading, SourceFile};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::exit::Outcome;
use crate::input::InputArgs;
use crate::predictions::Predictions;

/// How an input names a table in memory: `memory:0` is the first one given.
const SCHEME: &str = "memory:";

/// Hears what a verb does while it works.
pub trait Listener: Send + Sync {
    /// `done` of `total` steps of the work called `title`; equal numbers at its end.
    fn moved(&self, title: &str, done: u64, total: u64, message: &str);
    /// Raised when the work is to stop: fits at their best state, the rest without a result.
    fn stop(&self) -> &Arc<AtomicBool>;
}

/// A table in memory, with what is known of where it comes from.
#[derive(Clone, Debug)]
pub struct Given {
    /// The rows.
    pub table: IvTable,
    /// The files behind them.
    pub files: Vec<SourceFile>,
    /// How they were read; `None` for a table made by the program.
    pub input: Option<InputArgs>,
}

impl Given {
    /// The table as if it had just been read.
    pub fn reading(&self) -> Reading {
        Reading {
            table: self.table.clone(),
            files: self.files.clone(),
            failures: Vec::new(),
            skipped: Vec::new(),
        }
    }
}

/// What a verb that ran inside a program left.
#[derive(Default)]
pub struct Heard {
    /// The machine-readable result, as with `--json`.
    pub result: Value,
    /// What a person would have read, line by line.
    pub said: Vec<String>,
    /// Warnings.
    pub warned: Vec<String>,
    /// Raw output that was asked for.
    pub emitted: Vec<u8>,
    /// Predictions that no file was named for.
    pub predictions: Option<Predictions>,
    /// How it ended.
    pub outcome: Option<Outcome>,
}

/// The program's side of a session.
#[derive(Clone)]
pub struct Front {
    listener: Arc<dyn Listener>,
    tables: Arc<Vec<Given>>,
    heard: Arc<Mutex<Heard>>,
}

impl Front {
    /// A front that gives `tables` and tells `listener`.
    pub fn new(listener: Arc<dyn Listener>, tables: Vec<Given>) -> Self {
        Front { listener, tables: Arc::new(tables), heard: Arc::default() }
    }

    /// Who listens.
    pub fn listener(&self) -> &Arc<dyn Listener> {
        &self.listener
    }

    /// What was heard so far.
    pub fn heard(&self) -> MutexGuard<'_, Heard> {
        // A panic elsewhere leaves nothing half-written here.
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The table that `input` names; `None` for a file.
    ///
    /// # Errors
    /// When no such table was given.
    pub fn table(&self, input: &Path) -> Result<Option<&Given>> {
        let Some(index) = number(input) else { return Ok(None) };
        match self.tables.get(index) {
            Some(given) => Ok(Some(given)),
            None => bail!("{} was not given; {} tables were", input.display(), self.tables.len()),
        }
    }
}

/// Number of the table that `input` names.
fn number(input: &Path) -> Option<usize> {
    input.to_str()?.strip_prefix(SCHEME)?.parse().ok()
}

/// The name of the table at `index` of those given.
pub fn memory(index: usize) -> PathBuf {
    PathBuf::from(format!("{SCHEME}{index}"))
}
