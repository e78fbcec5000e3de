//! Files that appear whole or not at all.

use std::io::Write;
use std::path::Path;

use crate::ExportError;

/// Permissions of a file to read, before the umask takes its part.
const READABLE: u32 = 0o666;
/// Permissions of a library to load.
pub(crate) const LOADABLE: u32 = 0o777;

/// Writes `bytes` beside `path` and renames the result into place.
///
/// # Errors
/// [`ExportError::Io`], with nothing left at `path` that was not there before.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    replace(path, bytes, READABLE).map_err(ExportError::io("write", path))
}

/// As [`write_whole`], with the permissions `mode` where the system has such.
pub(crate) fn replace(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let folder = match path.parent() {
        Some(p) if !p.as_os_str().is_empty() => p,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gummel-export-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(path).map_err(|e| e.error)?;
    Ok(())
}
