//! Writing a run folder: everything into a hidden folder beside it, then one rename.

use anyhow::{Context, Result, bail};
use gummel_surrogate::{Fit, FitConfig, HistoryPoint};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::created::today;

use super::{CHECKPOINT, CONFIG, HISTORY, MODEL, RunSummary, SUMMARY_JSON, SUMMARY_MD, report};

/// A run folder under construction; it vanishes unless published.
pub struct Staging {
    target: PathBuf,
    created: String,
    folder: TempDir,
}

impl Staging {
    /// Prepares to write `target`; fails early where it could not be written later.
    ///
    /// # Errors
    /// When `target` holds something that is no run, or its parent is not writable; those of [`today`].
    pub fn new(target: &Path) -> Result<Self> {
        let created = today()?;
        let used = fs::read_dir(target).is_ok_and(|mut entries| entries.next().is_some());
        if target.is_file() || (used && !target.join(SUMMARY_JSON).is_file()) {
            bail!("{} exists and is no run folder; choose another --out or remove it", target.display());
        }
        let parent = match target.parent() {
            Some(p) if !p.as_os_str().is_empty() => p,
            _ => Path::new("."),
        };
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        let folder = hidden(parent)?;
        Ok(Staging { target: target.to_owned(), created, folder })
    }

    /// The folder to write into.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The name that the folder will have.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The day on which its models are made.
    pub fn created(&self) -> &str {
        &self.created
    }

    /// Writes the summary of all families.
    ///
    /// # Errors
    /// Errors of the file system.
    pub fn write_summary(&self, summary: &RunSummary) -> Result<()> {
        write(&self.path().join(SUMMARY_JSON), &(serde_json::to_string_pretty(summary)? + "\n"))?;
        write(&self.path().join(SUMMARY_MD), &report::markdown(summary))
    }

    /// Gives the folder its name; an older run of that name is replaced.
    ///
    /// # Errors
    /// Errors of the file system.
    pub fn publish(self) -> Result<PathBuf> {
        let failed = || format!("cannot write {}", self.target.display());
        let parent = self.folder.path().parent().unwrap_or(Path::new("."));
        // A folder cannot be renamed onto a full one: the old one steps aside and is removed last.
        let aside = hidden(parent)?;
        if self.target.exists() {
            fs::rename(&self.target, aside.path().join("old")).with_context(failed)?;
        }
        let fresh = self.folder.keep();
        fs::rename(&fresh, &self.target)
            .with_context(|| format!("cannot write {}", self.target.display()))?;
        Ok(self.target)
    }
}

/// Writes the files of one family, but no figures, into `folder`; the model is one of the day `created`.
///
/// # Errors
/// Errors of the file system.
pub fn write_family(
    folder: &Path,
    created: &str,
    fit: &Fit,
    config: &FitConfig,
    summary: &RunSummary,
) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut model = fit.model.clone();
    created.clone_into(&mut model.manifest.created);
    model.save(folder.join(MODEL))?;
    write(&folder.join(CONFIG), &toml::to_string(config)?)?;
    write(&folder.join(HISTORY), &history(&fit.report.history))?;
    fit.checkpoint.save(&folder.join(CHECKPOINT)).context("cannot write the checkpoint")?;
    write(&folder.join(SUMMARY_JSON), &(serde_json::to_string_pretty(summary)? + "\n"))?;
    write(&folder.join(SUMMARY_MD), &report::markdown(summary))
}

fn history(points: &[HistoryPoint]) -> String {
    let line = |p: &HistoryPoint| format!("{},{},{:e},{:.3}\n", p.step, p.stage, p.loss, p.seconds);
    let lines: String = points.iter().map(line).collect();
    format!("step,stage,loss,seconds\n{lines}")
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// A hidden folder with the permissions of an ordinary one.
fn hidden(parent: &Path) -> Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gummel-run-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o777));
    }
    builder
        .tempdir_in(parent)
        .with_context(|| format!("cannot write in {}; choose another --out", parent.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_appears_whole_and_replaces_only_runs() {
        let root = tempfile::tempdir().expect("folder");
        let target = root.path().join("deep/run");
        let staging = Staging::new(&target).expect("staging");
        fs::write(staging.path().join(SUMMARY_JSON), "{}").expect("write");
        assert!(!target.exists());
        staging.publish().expect("publish");
        assert!(target.join(SUMMARY_JSON).is_file());

        let again = Staging::new(&target).expect("a run may be replaced");
        fs::write(again.path().join("new"), "").expect("write");
        again.publish().expect("publish");
        assert!(target.join("new").is_file() && !target.join(SUMMARY_JSON).exists());
        assert!(Staging::new(&target).is_err(), "a folder without summary is no run");
        assert_eq!(
            fs::read_dir(root.path().join("deep")).expect("list").count(),
            1,
            "nothing is left behind"
        );
    }

    #[test]
    fn a_dropped_run_leaves_nothing() {
        let root = tempfile::tempdir().expect("folder");
        drop(Staging::new(&root.path().join("run")).expect("staging"));
        assert_eq!(fs::read_dir(root.path()).expect("list").count(), 0);
    }
}
