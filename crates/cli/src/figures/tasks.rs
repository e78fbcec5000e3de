//! How far the networks of a soft-shared fit are from each other.

use anyhow::{Context, Result};
use gummel_plot::{HeatLabels, Style, heat_matrix};
use gummel_surrogate::SharingReport;
use std::path::Path;

/// Most tasks whose names a matrix can hold.
const MOST: usize = 60;

/// Writes `tasks.EXTENSION` into `folder`: the RMS distance of the trunk parameters of each two tasks.
///
/// # Errors
/// When the figure cannot be drawn or written.
pub fn between_tasks(folder: &Path, extension: &str, sharing: &SharingReport) -> Result<()> {
    if sharing.tasks.len() > MOST {
        return Ok(());
    }
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let labels = HeatLabels {
        title: "Distance between the trunks of tasks".to_owned(),
        values: "RMS difference of parameters".to_owned(),
        ..HeatLabels::default()
    };
    let values = sharing.between.concat();
    let path = folder.join(format!("tasks.{extension}"));
    heat_matrix(path, &sharing.tasks, &sharing.tasks, &values, &labels, &Style::default())?;
    Ok(())
}
