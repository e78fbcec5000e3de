//! The catalogue of public silicon: source, commit, licence, citation, and every file with its hash.

use serde::{Deserialize, Serialize};
use std::sync::OnceLock;

use crate::CatalogueError;

/// A public data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Name by which it is asked for.
    pub name: String,
    /// One line on what it is.
    pub description: String,
    /// Repository it comes from.
    pub repository: String,
    /// Commit of that repository.
    pub commit: String,
    /// Address under which the paths of [`Entry::files`] are found.
    pub base_url: String,
    /// SPDX licence.
    pub license: String,
    /// How to cite it.
    pub citation: String,
    /// The files.
    #[serde(default)]
    pub files: Vec<RemoteFile>,
}

/// One file of a public data set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RemoteFile {
    /// Path below the base address, `/` separators.
    pub path: String,
    /// Size, bytes.
    pub bytes: u64,
    /// SHA-256, lower-case hexadecimal.
    pub sha256: String,
}

const LISTS: [(&str, &str); 2] = [
    ("ihp-sg13g2", include_str!("../../../datasets/catalogue/ihp-sg13g2.csv")),
    ("sky130-raw", include_str!("../../../datasets/catalogue/sky130-raw.csv")),
];

#[derive(Deserialize)]
struct Catalogue {
    entry: Vec<Entry>,
}

/// All public data sets.
pub fn entries() -> &'static [Entry] {
    static ENTRIES: OnceLock<Vec<Entry>> = OnceLock::new();
    ENTRIES.get_or_init(|| {
        let text = include_str!("../../../datasets/catalogue/catalogue.toml");
        // The catalogue is part of the program; a test reads it, so it cannot be wrong at run time.
        let mut entries = toml::from_str::<Catalogue>(text).map(|c| c.entry).unwrap_or_default();
        for entry in &mut entries {
            let list = LISTS.iter().find(|(name, _)| *name == entry.name).map_or("", |(_, list)| list);
            entry.files = list.lines().skip(1).filter_map(file).collect();
        }
        entries
    })
}

/// A row `sha256,bytes,path`; the path is last because it may hold anything.
fn file(row: &str) -> Option<RemoteFile> {
    let mut fields = row.splitn(3, ',');
    let sha256 = fields.next()?.to_owned();
    let bytes = fields.next()?.parse().ok()?;
    Some(RemoteFile { path: fields.next()?.to_owned(), bytes, sha256 })
}

/// The public data set called `name`.
///
/// # Errors
/// [`CatalogueError::Unknown`] with the names there are.
pub fn entry(name: &str) -> Result<&'static Entry, CatalogueError> {
    entries().iter().find(|e| e.name == name).ok_or_else(|| CatalogueError::Unknown {
        found: name.to_owned(),
        known: entries().iter().map(|e| e.name.as_str()).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_files_with_hashes_a_licence_and_safe_paths() {
        assert_eq!(entries().len(), LISTS.len());
        for e in entries() {
            assert!(
                e.files.len() > 500 && !e.license.is_empty() && e.base_url.contains(&e.commit),
                "{}",
                e.name
            );
            for f in &e.files {
                assert!(f.sha256.len() == 64 && f.bytes > 0, "{}", f.path);
                assert!(!f.path.starts_with('/') && !f.path.split('/').any(|p| p == ".."), "{}", f.path);
            }
        }
        assert!(entry("nothing").unwrap_err().to_string().contains("sky130-raw"));
    }
}
