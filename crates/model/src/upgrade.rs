//! Brings manifests of older formats to the present one, one step per format.

use std::path::Path;

use crate::ModelError;

/// Rewrites a manifest of one format as the next.
type Step = fn(&mut toml::Table);

/// `STEPS[n]` turns format `n + 1` into `n + 2`; a change of format adds a step and a fixture that must load for ever.
const STEPS: &[Step] = &[unlimited, straight, steady];

/// Format 1 to 2: branches may say where inputs saturate and which sizes heads follow; those of format 1 have no such limits.
fn unlimited(_: &mut toml::Table) {}

/// Format 2 to 3: branches may say where their drain feature has its knee; those of format 2 have none.
fn straight(_: &mut toml::Table) {}

/// Format 3 to 4: heads of devices may have certainties of how they follow temperature; models of format 3 that have such heads have none.
fn steady(_: &mut toml::Table) {}

/// The format this version writes.
pub(crate) const FORMAT: i64 = STEPS.len() as i64 + 1;

/// Applies the steps a manifest needs.
///
/// # Errors
/// [`ModelError::NewerFormat`], or [`ModelError::Manifest`] when there is no usable `format`.
pub(crate) fn upgrade(table: &mut toml::Table, path: &Path) -> Result<(), ModelError> {
    let wrong = |reason: &str| ModelError::Manifest { path: path.to_owned(), reason: reason.to_owned() };
    let found = table
        .get("format")
        .and_then(toml::Value::as_integer)
        .ok_or_else(|| wrong("'format = N' is missing, so this is not a model manifest"))?;
    if found > FORMAT {
        return Err(ModelError::NewerFormat { path: path.to_owned(), found, supported: FORMAT });
    }
    let done = usize::try_from(found - 1).map_err(|_| wrong("'format' is below 1"))?;
    for step in &STEPS[done..] {
        step(table);
    }
    Ok(())
}
