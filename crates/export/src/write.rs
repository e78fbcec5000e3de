//! Files that appear whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::ExportError;

/// Writes `bytes` beside `path` and renames the result into place.
///
/// # Errors
/// [`ExportError::Io`], with nothing left at `path` that was not there before.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gummel-export-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder).map_err(ExportError::io("write", path))?;
    file.write_all(bytes).map_err(ExportError::io("write", path))?;
    file.persist(path).map_err(|e| ExportError::Io {
        action: "write",
        path: path.to_owned(),
        source: e.error,
    })?;
    Ok(())
}
