//! Links and contents of the Markdown pages.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Folder of the book's pages.
const PAGES: &str = "docs/src/";

/// Relative links of a page that lead nowhere, to a file or to a heading in it.
pub(super) fn dead_links(root: &Path, file: &str, text: &str) -> Vec<String> {
    let folder: PathBuf = root.join(file).parent().map(Path::to_path_buf).unwrap_or_default();
    prose(text)
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next())
        .filter(|link| !link.contains("://") && !link.starts_with("mailto:"))
        .filter(|link| {
            let (target, heading) = link.split_once('#').unwrap_or((link, ""));
            let path = if target.is_empty() { root.join(file) } else { folder.join(target) };
            !path.exists() || !(heading.is_empty() || has_heading(&path, heading))
        })
        .map(|link| format!("{file}: the link to {link} leads nowhere"))
        .collect()
}

/// A page without its blocks of code.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// Folders of the repository whose files the pages speak of.
const FOLDERS: [&str; 7] = ["crates/", "configs/", "datasets/", "docs/", "notebooks/", "tests/", "xtask/"];

/// Files in running text, `crates/data/src/read.rs`, that the repository does not have; those with words in capitals stand for
/// a reader's own.
pub(super) fn dead_paths(root: &Path, file: &str, text: &str) -> Vec<String> {
    let prose = prose(text);
    let paths = prose.split('`').skip(1).step_by(2).filter(|p| FOLDERS.iter().any(|f| p.starts_with(f)));
    let fixed =
        |p: &&str| !p.contains(|c: char| c.is_ascii_uppercase() || c.is_whitespace() || "*?{".contains(c));
    let dead = paths.filter(fixed).filter(|p| !root.join(p).exists());
    dead.map(|p| format!("{file}: there is no {p}")).collect()
}

fn has_heading(page: &Path, anchor: &str) -> bool {
    std::fs::read_to_string(page)
        .is_ok_and(|text| prose(&text).lines().filter(|l| l.starts_with('#')).any(|l| slug(l) == anchor))
}

/// The anchor of a heading: lower case, words joined by hyphens.
fn slug(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c))
        .map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
        .collect()
}

/// Pages of the book that its table of contents does not name.
pub(super) fn forgotten(root: &Path, files: &[String]) -> Result<Vec<String>> {
    let summary = format!("{PAGES}SUMMARY.md");
    let contents = std::fs::read_to_string(root.join(&summary)).with_context(|| summary.clone())?;
    Ok(files
        .iter()
        .filter(|f| f.ends_with(".md") && **f != summary)
        .filter_map(|f| f.strip_prefix(PAGES))
        .filter(|page| !contents.contains(&format!("]({page})")))
        .map(|page| format!("{summary}: does not name {page}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_to_files_and_headings() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dead = |text: &str| dead_links(root, "page.md", text).len();
        assert_eq!(dead("[a](Cargo.toml) [b](https://example.org/x) [c](src#)"), 0);
        assert_eq!(dead("[a](missing.md)"), 1);
        assert_eq!(dead("```\n[a](missing.md)\n```\n"), 0);
        assert_eq!(dead("[a](../docs/src/architecture.md#invariants)"), 0);
        assert_eq!(dead("[a](../docs/src/architecture.md#no-such-heading)"), 1);
    }

    #[test]
    fn files_that_a_page_speaks_of_are_looked_for() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let dead = |text: &str| dead_paths(&root, "page.md", text).len();
        assert_eq!(dead("`xtask/src/tidy.rs`, `crates/export/src/TARGET.rs`, `tests/*.rs`, `runs/nmos`"), 0);
        assert_eq!(dead("`xtask/src/untidy.rs` and `crates/nothing`"), 2);
        assert_eq!(dead("```sh\nls `xtask/src/untidy.rs`\n```\n"), 0);
    }

    #[test]
    fn headings_have_the_anchors_that_browsers_know() {
        assert_eq!(slug("## Where it differs, and why"), "where-it-differs-and-why");
    }

    #[test]
    fn pages_missing_from_the_contents_are_named() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let files = ["docs/src/architecture.md", "docs/src/nowhere.md", "README.md"].map(String::from);
        let wrong = forgotten(&root, &files).expect("a table of contents");
        assert!(wrong.len() == 1 && wrong[0].contains("nowhere.md"), "{wrong:?}");
    }
}
