//! What the repository may carry: sizes of files, no measured data of others, nothing astray in its root.

use std::path::Path;

/// Largest file, bytes.
const FILE: u64 = 8 << 20;
/// All bundled data together, bytes.
const DATASETS: u64 = 10 << 20;
/// Endings of files that measure silicon or hold a trained network; bundled data are Parquet tables.
const MEASURED: [&str; 5] = ["mdm", "s2p", "citi", "h5", "xlsx"];

/// What stands in the root.
const ROOT: [&str; 21] = [
    ".cargo",
    ".ci",
    ".gitignore",
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "configs",
    "crates",
    "datasets",
    "docs",
    "notebooks",
    "pyproject.toml",
    "rustfmt.toml",
    "tests",
    "xtask",
];

/// Files that are too large, measured data, and strays.
pub(super) fn violations(root: &Path, files: &[String]) -> Vec<String> {
    let sized = files.iter().map(|f| (f.as_str(), std::fs::metadata(root.join(f)).map_or(0, |m| m.len())));
    complaints(&sized.collect::<Vec<_>>())
}

fn complaints(files: &[(&str, u64)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (file, size) in files {
        if *size > FILE {
            wrong.push(format!("{file}: {size} bytes; the repository takes at most {FILE}"));
        }
        let path = Path::new(file);
        let ending = path.extension().and_then(|e| e.to_str()).unwrap_or_default().to_lowercase();
        if MEASURED.contains(&ending.as_str()) || path.iter().any(|part| part == "silicon") {
            wrong.push(format!(
                "{file}: measured data stay where they come from; tests write their own files"
            ));
        }
    }
    let strays = |file: &&str| file.split('/').next().is_some_and(|first| !ROOT.contains(&first));
    wrong.extend(files.iter().map(|(f, _)| *f).filter(strays).map(|file| {
        format!("{file}: not in a folder of the house; move it, or name it in xtask/src/tidy/weight.rs")
    }));
    let bundled: u64 = files.iter().filter(|(f, _)| f.starts_with("datasets/")).map(|(_, size)| size).sum();
    if bundled > DATASETS {
        wrong.push(format!("datasets/: {bundled} bytes; at most {DATASETS} in all"));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_and_measured_data_are_refused() {
        assert!(complaints(&[("datasets/a.parquet", FILE), ("crates/data/tests/silicon.rs", 1)]).is_empty());
        assert_eq!(complaints(&[("docs/a.bin", FILE + 1)]).len(), 1);
        assert_eq!(complaints(&[("tests/x.MDM", 1), ("datasets/silicon/a.csv", 1)]).len(), 2);
        let many = [("datasets/a", FILE), ("datasets/b", FILE), ("datasets/c", 1)];
        assert_eq!(complaints(&many).len(), 1);
    }

    #[test]
    fn strays_in_the_root_are_named() {
        assert!(complaints(&[("README.md", 1), ("docs/book.toml", 1)]).is_empty());
        assert!(complaints(&[("run.log", 1)]).join("").contains("run.log"));
        assert_eq!(complaints(&[("attic/a.rs", 1)]).len(), 1);
    }
}
