//! `cargo xtask golden`: writes what the tests named `golden` now produce into their golden files.

use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::Command;

use crate::check::command;

/// Runs those tests in the mode that updates, then shows which files changed: a look at them is the test.
///
/// # Errors
/// A tool is missing, or a test failed for another reason than a different text.
pub(crate) fn run(root: &Path) -> Result<()> {
    let tests = ["test", "--release", "--workspace", "--features=xtask/datasets", "--", "golden"];
    let status = command(root, &tests).env("UPDATE_EXPECT", "1").status().context("cannot run cargo test")?;
    ensure!(status.success(), "a golden test failed");
    Command::new("git").args(["diff", "--stat"]).current_dir(root).status().context("cannot run git")?;
    Ok(())
}
