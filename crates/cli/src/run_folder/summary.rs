//! What a run was made of and what came out, as JSON on disk and on standard output.

use anyhow::{Context, Result};
use gummel_data::{FileFailure, Reading, Split};
use gummel_surrogate::FitReport;
use serde::{Deserialize, Serialize};
use std::path::Path;

use super::SUMMARY_JSON;
use crate::input::InputArgs;

/// Everything about a run but its numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunSummary {
    /// Version of gummel.
    pub gummel: String,
    /// Recipe as named on the command line.
    pub recipe: String,
    /// Inputs and how they were read; no input is the bundled data set.
    pub input: InputArgs,
    /// Files read.
    pub files: usize,
    /// Rows read.
    pub rows: usize,
    /// Files that could not be read, or only in part.
    pub failures: Vec<FailedFile>,
    /// The families fitted.
    pub families: Vec<FamilySummary>,
}

/// A file that could not be read.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FailedFile {
    /// Path relative to the input.
    pub path: String,
    /// Rows that were kept nevertheless.
    pub rows: usize,
    /// Why.
    pub error: String,
}

/// One fitted family.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FamilySummary {
    /// `technology/family`.
    pub family: String,
    /// Its folder relative to the run, `.` when it is the run itself.
    pub folder: String,
    /// What was held out.
    pub split: Split,
    /// Errors, history, parameters, decisions.
    pub report: FitReport,
}

impl RunSummary {
    /// A summary of what was read, without families.
    pub fn new(recipe: &str, input: &InputArgs, reading: &Reading) -> Self {
        RunSummary {
            gummel: env!("CARGO_PKG_VERSION").to_owned(),
            recipe: recipe.to_owned(),
            input: input.absolute(),
            files: reading.files.len(),
            rows: reading.table.len(),
            failures: failures(&reading.failures),
            families: Vec::new(),
        }
    }

    /// The same with one family, for the folder of that family.
    pub fn of_family(&self, family: &FamilySummary) -> Self {
        let family = FamilySummary { folder: ".".to_owned(), ..family.clone() };
        RunSummary { families: vec![family], ..self.clone() }
    }

    /// The summary in a run folder.
    ///
    /// # Errors
    /// When it is missing or damaged.
    pub fn load(run: &Path) -> Result<Self> {
        let path = run.join(SUMMARY_JSON);
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{} is not a run's summary", path.display()))
    }
}

/// The files that failed, ready to be written.
pub fn failures(failures: &[FileFailure]) -> Vec<FailedFile> {
    let failed =
        |f: &FileFailure| FailedFile { path: f.path.clone(), rows: f.rows, error: f.error.to_string() };
    failures.iter().map(failed).collect()
}
