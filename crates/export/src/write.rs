//! Files that appear whole or not at all.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::ExportError;

/// Permissions of a file to read, before the umask takes its part.
pub(crate) const READABLE: u32 = 0o666;
/// Permissions of a library to load.
pub(crate) const LOADABLE: u32 = 0o777;

/// A file beside its place, complete but not yet there.
pub(crate) struct Prepared {
    file: NamedTempFile,
    path: PathBuf,
}

impl Prepared {
    /// Renames the file into place.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn place(self) -> std::io::Result<()> {
        self.file.persist(&self.path).map_err(|e| e.error)?;
        Ok(())
    }
}

/// Writes `bytes` beside `path` and renames the result into place.
///
/// # Errors
/// [`ExportError::Io`], with nothing left at `path` that was not there before.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), ExportError> {
    prepare(path, bytes, READABLE).and_then(Prepared::place).map_err(ExportError::io("write", path))
}

/// Writes `bytes` beside `path`, with the permissions `mode` where the system has such.
///
/// # Errors
/// For a folder that takes no file, and for a `path` that is a folder itself.
pub(crate) fn prepare(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<Prepared> {
    if path.is_dir() {
        return Err(std::io::ErrorKind::IsADirectory.into());
    }
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
    // The name of the file beside it would mean nothing to a user; that of the folder does.
    let mut file = builder.tempfile_in(folder).map_err(|e| {
        let reason = format!("the folder {} takes no new file ({})", folder.display(), e.kind());
        std::io::Error::new(e.kind(), reason)
    })?;
    file.write_all(bytes)?;
    Ok(Prepared { file, path: path.to_owned() })
}
