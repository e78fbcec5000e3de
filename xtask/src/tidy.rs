//! `cargo xtask tidy`: the house rules that no compiler checks.

use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Which workspace crates and which heavy packages each crate may import: the arrows of the house.
/// docs/src/architecture.md shows the same table.
const ARROWS: [(&str, &[&str], &[&str]); 11] = [
    ("device", &[], &[]),
    ("data", &["device"], &["polars"]),
    ("catalogue", &[], &[]),
    ("kernel", &[], &[]),
    ("model", &["device", "kernel"], &["safetensors"]),
    ("surrogate", &["device", "data", "kernel", "model"], &["burn", "burn-wgpu", "faer"]),
    ("export", &["device", "kernel", "model"], &["prost"]),
    ("osdi", &["kernel"], &[]),
    ("qa", &["device", "model", "export"], &[]),
    ("plot", &["device"], &["plotters"]),
    (
        "cli",
        &["device", "data", "catalogue", "kernel", "model", "surrogate", "export", "qa", "plot"],
        &["clap", "anyhow"],
    ),
];

/// Packages that only the crates of [`ARROWS`] that name them may import.
const HEAVY: [&str; 10] =
    ["polars", "burn", "burn-wgpu", "faer", "safetensors", "plotters", "prost", "clap", "anyhow", "pyo3"];

/// Lines of a source file: more is worth splitting, far more is refused.
const LONG: usize = 400;
const TOO_LONG: usize = 700;
/// Largest file in the repository, bytes.
const LARGEST: u64 = 5 << 20;
const FORBIDDEN_NAMES: [&str; 5] = ["utils", "util", "helpers", "helper", "mod"];

/// Checks everything and reports every violation at once.
pub(crate) fn run(root: &Path) -> Result<()> {
    let mut wrong = arrows(root)?;
    let files = tracked(root)?;
    for file in &files {
        let path = root.join(file);
        let size = std::fs::metadata(&path).map_or(0, |m| m.len());
        if size > LARGEST {
            wrong.push(format!("{file}: {size} bytes; the repository takes at most {LARGEST}"));
        }
        match Path::new(file).extension().and_then(|e| e.to_str()) {
            Some("rs") => wrong.extend(source(file, &std::fs::read_to_string(&path)?)),
            Some("mdm") => wrong.push(format!("{file}: measured data do not belong in the repository")),
            Some("md") => wrong.extend(links(root, file, &std::fs::read_to_string(&path)?)),
            _ => {}
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
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot run git")?;
    let text = String::from_utf8(out.stdout)?;
    Ok(text.lines().map(str::to_owned).filter(|f| root.join(f).is_file()).collect())
}

fn arrows(root: &Path) -> Result<Vec<String>> {
    let out = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&out.stdout).context("cargo metadata printed no JSON")?;
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let Some(name) = package["name"].as_str().and_then(|n| n.strip_prefix("gummel-")) else { continue };
        if name == "tests" {
            continue;
        }
        let Some((_, crates, heavy)) = ARROWS.iter().find(|(n, ..)| *n == name) else {
            wrong.push(format!("crate {name}: not in the table of crates (xtask/src/tidy.rs, docs/src/architecture.md)"));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            if !dependency["kind"].is_null() {
                continue;
            }
            let other = dependency["name"].as_str().unwrap_or_default();
            let allowed = match other.strip_prefix("gummel-") {
                Some(own) => crates.contains(&own),
                None => !HEAVY.contains(&other) || heavy.contains(&other),
            };
            if !allowed {
                wrong.push(format!("crate {name} imports {other}; allowed: {crates:?} and {heavy:?}"));
            }
        }
    }
    Ok(wrong)
}

fn source(file: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = text.lines().count();
    if lines > TOO_LONG {
        wrong.push(format!("{file}: {lines} lines; split it ({LONG} is long, {TOO_LONG} too long)"));
    } else if lines > LONG {
        println!("{file}: {lines} lines; consider splitting it");
    }
    if !text.starts_with("//!") {
        wrong.push(format!("{file}: does not open with a //! sentence"));
    }
    let stem = Path::new(file).file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    if FORBIDDEN_NAMES.contains(&stem) {
        wrong.push(format!("{file}: name it after what it does; '{stem}' says nothing"));
    }
    for (k, line) in text.lines().enumerate() {
        let number = k + 1;
        if line.ends_with([' ', '\t']) {
            wrong.push(format!("{file}:{number}: trailing white space"));
        }
        let unfinished = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];
        if unfinished.iter().any(|m| line.contains(m)) {
            wrong.push(format!("{file}:{number}: unfinished code"));
        }
    }
    wrong
}

/// Relative links of a Markdown file that lead nowhere.
fn links(root: &Path, file: &str, text: &str) -> Vec<String> {
    let folder: PathBuf = root.join(file).parent().map(Path::to_path_buf).unwrap_or_default();
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', '#', ' ']).next())
        .filter(|target| !target.is_empty() && !target.contains("://") && !target.starts_with("mailto:"))
        .filter(|target| !folder.join(target).exists())
        .map(|target| format!("{file}: the link to {target} leads nowhere"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violations_of_a_source_file_are_found() {
        let text = "fn main() {}  \n";
        let wrong = source("src/utils.rs", text).join("\n");
        assert!(wrong.contains("//!") && wrong.contains("trailing") && wrong.contains("utils"));
        assert!(source("src/good.rs", "//! Says what it is.\n").is_empty());
    }

    #[test]
    fn the_table_in_the_book_names_every_crate() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let page = std::fs::read_to_string(root.join("docs/src/architecture.md")).unwrap();
        for (name, _, _) in ARROWS {
            assert!(page.contains(&format!("`{name}`")), "docs/src/architecture.md lacks crate `{name}`");
        }
    }
}
