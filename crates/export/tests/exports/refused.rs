//! Places that take no file: one clear error each, and what was there stays.

use std::path::{Path, PathBuf};

use gummel_export::{ExportError, ExportOptions, Target, export};

use crate::models::two_neurons;

/// A folder without permission to write, as far as the system holds this user to it.
fn read_only(folder: &Path) -> Option<PathBuf> {
    let path = folder.join("read-only");
    std::fs::create_dir(&path).unwrap();
    std::fs::write(path.join("kept.h"), "kept").unwrap();
    let mut permissions = std::fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    std::fs::write(path.join("probe"), "").is_err().then_some(path)
}

#[test]
fn a_read_only_folder_is_named_and_nothing_is_left() {
    let (model, folder) = (two_neurons(), tempfile::tempdir().unwrap());
    let mut places: Vec<PathBuf> = Vec::new();
    match read_only(folder.path()) {
        Some(path) => places.push(path),
        None => eprintln!("SKIPPED: a folder without permissions, which do not hold an administrator"),
    }
    // Linux lets nobody create files there.
    let kernel = Path::new("/proc/sys/kernel");
    if kernel.is_dir() {
        places.push(kernel.to_owned());
    }
    for place in &places {
        for target in Target::ALL {
            let path = place.join(target.default_file(&model));
            let error = export(&model, target, &ExportOptions::default(), &path).unwrap_err();
            let text = error.to_string();
            assert!(matches!(error, ExportError::Io { .. } | ExportError::Osdi(_)), "{target:?}: {text}");
            assert!(text.contains(&place.display().to_string()), "{target:?}: {text}");
            assert!(!path.exists(), "{}", path.display());
        }
    }
    // A folder of the name that the file should have is no place either.
    for target in Target::ALL {
        let path = folder.path().join(target.default_file(&model));
        std::fs::create_dir_all(path.join("inside")).unwrap();
        let text = export(&model, target, &ExportOptions::default(), &path).unwrap_err().to_string();
        assert!(text.contains(&path.display().to_string()), "{target:?}: {text}");
        assert!(path.join("inside").is_dir());
    }
    let left: Vec<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("tmp") || name.starts_with('.'))
        .collect();
    assert!(left.is_empty(), "{left:?}");
}
