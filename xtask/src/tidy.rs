//! `cargo xtask tidy`: the house rules that no compiler checks.

mod arrows;
mod commands;
mod pages;
mod source;
mod weight;

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// Checks everything and reports every violation at once.
///
/// # Errors
/// All violations, a line each; or that `git` or `cargo` could not be run.
pub(crate) fn run(root: &Path) -> Result<()> {
    let files = tracked(root)?;
    let mut wrong = arrows::violations(root)?;
    wrong.extend(weight::violations(root, &files));
    wrong.extend(pages::forgotten(root, &files)?);
    for file in &files {
        let extension = Path::new(file).extension().and_then(|e| e.to_str()).unwrap_or_default();
        if !["rs", "md", "toml", "sh"].contains(&extension) {
            continue;
        }
        let text =
            std::fs::read_to_string(root.join(file)).with_context(|| format!("{file} is not UTF-8 text"))?;
        wrong.extend(source::blanks(file, &text));
        match extension {
            "rs" => wrong.extend(source::violations(file, &text)),
            "md" => {
                wrong.extend(pages::dead_links(root, file, &text));
                wrong.extend(pages::dead_paths(root, file, &text));
                wrong.extend(commands::missing(root, file, &text));
            }
            _ => {}
        }
        if let Some(advice) = source::advice(file, &text) {
            println!("{advice}");
        }
    }
    if wrong.is_empty() {
        println!("tidy: {} files", files.len());
        return Ok(());
    }
    bail!("{}\n{} violations of the house rules", wrong.join("\n"), wrong.len())
}

/// Files that git tracks or would track, still on disk.
fn tracked(root: &Path) -> Result<Vec<String>> {
    let out = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    if !out.status.success() {
        bail!("git ls-files: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    let text = String::from_utf8(out.stdout).context("git names a file that is not UTF-8")?;
    Ok(text.split('\0').filter(|f| !f.is_empty() && root.join(f).is_file()).map(str::to_owned).collect())
}
