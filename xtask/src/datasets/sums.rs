//! The list of hashes beside the sets, in the format of `sha256sum`.

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use std::path::Path;

const LIST: &str = "SHA256SUMS";

/// What the hashes cover: the sets and what they were made from.
const FILES: [&str; 5] = [
    "demo130-noisy.parquet",
    "demo130.parquet",
    "models/demo130.lib",
    "models/nmos.spice",
    "models/pmos.spice",
];

/// Writes the list into `folder`.
pub(crate) fn write(folder: &Path) -> Result<()> {
    Ok(std::fs::write(folder.join(LIST), list(folder)?)?)
}

/// Compares the list in `folder` with the files.
///
/// # Errors
/// A file was changed without the list, or the other way round.
pub(crate) fn verify(folder: &Path) -> Result<()> {
    let written = std::fs::read_to_string(folder.join(LIST)).context(LIST)?;
    let found = list(folder)?;
    ensure!(written == found, "{LIST} of {} does not fit its files, which are\n{found}", folder.display());
    Ok(())
}

fn list(folder: &Path) -> Result<String> {
    FILES
        .iter()
        .map(|name| {
            let bytes = std::fs::read(folder.join(name)).with_context(|| (*name).to_owned())?;
            let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
            Ok(format!("{hash}  {name}\n"))
        })
        .collect()
}
