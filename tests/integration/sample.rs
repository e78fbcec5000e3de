//! Data that several tests share.

use std::path::PathBuf;

use gummel_data::{Dataset, ReadOptions, Selection, read};

/// Measured silicon, where a checkout of it is at hand; says so when it is not.
pub(crate) fn silicon(set: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GUMMEL_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let path = root.join("data/silicon").join(set);
    if path.is_dir() {
        return Some(path);
    }
    eprintln!("SKIPPED: no measured data at {} (set GUMMEL_SHARED)", path.display());
    None
}

/// Devices of a family at one temperature.
pub(crate) fn dataset(path: PathBuf, family: &str, celsius: f64) -> Dataset {
    let reading = read(&[path], &ReadOptions::default(), &|_| ()).unwrap();
    Dataset::assemble(&reading.table, &reading.files, &Selection::of(family, celsius)).unwrap()
}

/// The bundled, measured-like transistors at 27 C.
pub(crate) fn demo(family: &str) -> Dataset {
    let folder = tempfile::tempdir().unwrap();
    let file = gummel_catalogue::bundled("demo130-noisy").unwrap().unpack(folder.path()).unwrap();
    dataset(file, family, 27.0)
}
