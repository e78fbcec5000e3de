//! Files behind the inputs a person names: files, folders, globs.

use std::path::{Path, PathBuf};

use crate::DataError;

/// One file to read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Input {
    /// Path relative to the input it was found under, `/` separators.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Named by the user itself, so that it must be data.
    pub(crate) explicit: bool,
}

/// Expands inputs, in the order of their names; each file once.
///
/// Folders are searched recursively, hidden files and folders left out. A glob's file is named
/// relative to the part of the pattern before the first wildcard.
///
/// # Errors
/// [`DataError::NoFiles`] for an input that matches nothing, [`DataError::Io`] for unreadable folders.
pub(crate) fn expand(inputs: &[PathBuf]) -> Result<Vec<Input>, DataError> {
    let mut found = Vec::new();
    for input in inputs {
        let before = found.len();
        if input.is_dir() {
            walk(input, input, &mut found)?;
        } else if input.exists() {
            let root = input.parent().unwrap_or(Path::new(""));
            found.push(Input { name: relative(input, root), path: input.clone(), explicit: true });
        } else {
            expand_glob(input, &mut found)?;
        }
        if found.len() == before {
            return Err(DataError::NoFiles { input: input.display().to_string() });
        }
    }
    found.sort();
    let mut seen = std::collections::HashSet::new();
    found.retain(|i| seen.insert(i.path.clone()));
    spell_out_collisions(&mut found);
    Ok(found)
}

/// Files of the same name under different inputs keep their whole path as name.
fn spell_out_collisions(found: &mut [Input]) {
    let mut count = std::collections::HashMap::new();
    for input in found.iter() {
        *count.entry(input.name.clone()).or_insert(0usize) += 1;
    }
    for input in found.iter_mut().filter(|i| count[&i.name] > 1) {
        input.name = relative(&input.path, Path::new(""));
    }
}

fn expand_glob(pattern: &Path, found: &mut Vec<Input>) -> Result<(), DataError> {
    let text = pattern.to_string_lossy();
    let Some(first) = text.find(['*', '?', '[']) else { return Ok(()) };
    let root = text[..first].rfind('/').map_or(Path::new(""), |end| Path::new(&text[..end]));
    let no_files = || DataError::NoFiles { input: text.to_string() };
    for entry in glob::glob(&text).map_err(|_| no_files())? {
        let path = entry.map_err(|e| DataError::io(e.path().to_path_buf(), e.into()))?;
        if path.is_file() {
            found.push(Input { name: relative(&path, root), path, explicit: true });
        }
    }
    Ok(())
}

fn walk(folder: &Path, root: &Path, found: &mut Vec<Input>) -> Result<(), DataError> {
    let entries = std::fs::read_dir(folder).map_err(|e| DataError::io(folder, e))?;
    for entry in entries {
        let entry = entry.map_err(|e| DataError::io(folder, e))?;
        let path = entry.path();
        if entry.file_name().to_string_lossy().starts_with('.') {
            continue;
        }
        // Links to folders are not followed, so that a loop of links ends.
        let kind = entry.file_type().map_err(|e| DataError::io(&path, e))?;
        if kind.is_dir() {
            walk(&path, root, found)?;
        } else if path.is_file() {
            found.push(Input { name: relative(&path, root), path, explicit: false });
        }
    }
    Ok(())
}

fn relative(path: &Path, root: &Path) -> String {
    let inside = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<String> =
        inside.components().map(|c| c.as_os_str().to_string_lossy().into_owned()).collect();
    parts.join("/").trim_start_matches('/').to_owned()
}
