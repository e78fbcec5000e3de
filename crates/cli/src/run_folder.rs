//! The folder a fit writes: `config.toml history.csv checkpoint.json model/ plots/ summary.md summary.json`.
//!
//! One family sits in the folder itself; several sit in a subfolder each, with a summary of all above them.

pub mod report;
mod store;
mod summary;

use anyhow::{Context, Result, bail};
use gummel_data::{Dataset, Selection};
use gummel_model::Model;
use gummel_surrogate::{Checkpoint, FitConfig};
use std::path::{Path, PathBuf};

use crate::input::InputArgs;
use crate::session::Session;

pub use store::{Staging, write_family};
pub use summary::{FailedFile, FamilySummary, RunSummary, failures};

/// The resolved recipe inside a run folder.
pub const CONFIG: &str = "config.toml";
/// Loss over time.
pub const HISTORY: &str = "history.csv";
/// State from which a fit goes on.
pub const CHECKPOINT: &str = "checkpoint.json";
/// The rows, where they came from the memory of a program.
pub const DATA: &str = "data.parquet";
/// The frozen model.
pub const MODEL: &str = "model";
/// Figures.
pub const PLOTS: &str = "plots";
/// The summary for machines.
pub const SUMMARY_JSON: &str = "summary.json";
/// The summary for people.
pub const SUMMARY_MD: &str = "summary.md";

/// A fitted family on disk: a run folder, or a model folder alone.
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// Folder of the model.
    pub folder: PathBuf,
    /// Folder of the run; `None` for a model alone.
    pub run: Option<PathBuf>,
}

impl Fitted {
    /// Opens a run folder of one family or a model folder.
    ///
    /// # Errors
    /// When it is neither, when it holds several families, when the model is damaged.
    pub fn open(path: &Path) -> Result<Self> {
        if path.join(MODEL).is_dir() {
            let folder = path.join(MODEL);
            return Ok(Fitted { model: Model::load(&folder)?, folder, run: Some(path.to_owned()) });
        }
        if path.join("manifest.toml").is_file() {
            // A model inside its run folder knows the run's data.
            let run = path.parent().filter(|p| path.ends_with(MODEL) && p.join(SUMMARY_JSON).is_file());
            let (folder, run) = (path.to_owned(), run.map(Path::to_owned));
            return Ok(Fitted { model: Model::load(path)?, folder, run });
        }
        if let Ok(summary) = RunSummary::load(path) {
            let folders: Vec<String> =
                summary.families.iter().map(|f| path.join(&f.folder).display().to_string()).collect();
            bail!("{} holds several families; name one of them: {}", path.display(), folders.join(", "));
        }
        bail!(
            "{} is neither a run folder nor a model folder; expected {MODEL}/ or manifest.toml in it \
             (`gummel fit` writes runs/NAME)",
            path.display()
        )
    }

    /// The data the run was fitted to, read again.
    ///
    /// # Errors
    /// When the model has no run, or the run's inputs are gone.
    pub fn dataset(&self, session: &Session) -> Result<Dataset> {
        let Some(run) = &self.run else {
            bail!("a model alone does not know where its data are; name the run folder, or give --data FILES")
        };
        let summary = RunSummary::load(run)?;
        let reading = summary.input.read(session).with_context(|| {
            format!("cannot read the data of {} again; say where they are with --data", run.display())
        })?;
        let mut selection = config(run)?.selection;
        selection.family = vec![self.model.manifest.title()];
        let data = Dataset::assemble(&reading.table, &reading.files, &selection)?;
        self.compare_files(&data, session);
        Ok(data)
    }

    /// The measurements: those named, or those of the run, or none for a model alone.
    ///
    /// # Errors
    /// When they cannot be read, or hold nothing of this family.
    pub fn measurements(&self, named: &[PathBuf], session: &Session) -> Result<Option<Dataset>> {
        if named.is_empty() {
            return self.run.as_ref().map(|_| self.dataset(session)).transpose();
        }
        let input = InputArgs { inputs: named.to_vec(), ..InputArgs::default() };
        let reading = input.read(session)?;
        Ok(Some(Dataset::assemble(&reading.table, &reading.files, &self.selection())?))
    }

    /// Warns about files that changed since the fit.
    fn compare_files(&self, data: &Dataset, session: &Session) {
        let now = |path: &str| data.files.iter().find(|f| f.path == path).map(|f| f.blake3.as_str());
        let changed: Vec<&str> = self
            .model
            .manifest
            .data
            .iter()
            .filter(|f| !f.blake3.is_empty() && now(&f.path).is_some_and(|h| h != f.blake3))
            .map(|f| f.path.as_str())
            .collect();
        if let Some(first) = changed.first() {
            session.warn(&format!("{first} and {} other files changed since the fit", changed.len() - 1));
        }
    }

    /// The part of other data that belongs to this model's family.
    pub fn selection(&self) -> Selection {
        Selection { family: vec![self.model.manifest.title()], ..Selection::default() }
    }
}

/// The resolved recipe of a run.
///
/// # Errors
/// When it is missing or damaged.
pub fn config(run: &Path) -> Result<FitConfig> {
    crate::recipe::load(&run.join(CONFIG).display().to_string())
}

/// The state of a run.
///
/// # Errors
/// When it is missing or damaged.
pub fn checkpoint(run: &Path) -> Result<Checkpoint> {
    Ok(Checkpoint::load(&run.join(CHECKPOINT))?)
}
