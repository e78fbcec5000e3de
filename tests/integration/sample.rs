//! Data that several tests share.

use std::path::PathBuf;

use gummel_data::{Dataset, ReadOptions, Selection, read};
use gummel_device::Corner;

/// Measured silicon, where a checkout of it is at hand; says so when it is not.
pub(crate) fn silicon(set: &str) -> Option<PathBuf> {
    at_hand(&format!("silicon/{set}"))
}

/// Five simulated corners of two transistors of GF180MCU at three temperatures, where they are at hand.
pub(crate) fn gf180(family: &str, corner: Corner) -> Option<Dataset> {
    let selection =
        Selection { corner: vec![corner], temperature: Vec::new(), ..Selection::of(family, 25.0) };
    at_hand("simulated/gf180_corners.parquet").map(|file| selected(file, &selection))
}

fn at_hand(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GUMMEL_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared")), PathBuf::from);
    let path = root.join("data").join(part);
    if path.exists() {
        return Some(path);
    }
    eprintln!("SKIPPED: no data at {} (set GUMMEL_SHARED)", path.display());
    None
}

/// Devices of a family at one temperature.
pub(crate) fn dataset(path: PathBuf, family: &str, celsius: f64) -> Dataset {
    selected(path, &Selection::of(family, celsius))
}

fn selected(path: PathBuf, selection: &Selection) -> Dataset {
    let reading = read(&[path], &ReadOptions::default(), &|_| ()).unwrap();
    Dataset::assemble(&reading.table, &reading.files, selection).unwrap()
}

/// The bundled, measured-like transistors at 27 C.
pub(crate) fn demo(family: &str) -> Dataset {
    let (_folder, file) = unpacked("demo130-noisy");
    dataset(file, family, 27.0)
}

/// Without noise, with process corners, at several temperatures.
pub(crate) fn cornered(family: &str, corners: &[Corner], celsius: &[f64]) -> Dataset {
    let (_folder, file) = unpacked("demo130");
    let selection =
        Selection { corner: corners.to_vec(), temperature: celsius.to_vec(), ..Selection::of(family, 27.0) };
    selected(file, &selection)
}

/// Measured-like at several temperatures.
pub(crate) fn demo_at(family: &str, celsius: &[f64]) -> Dataset {
    let (_folder, file) = unpacked("demo130-noisy");
    selected(file, &Selection { temperature: celsius.to_vec(), ..Selection::of(family, 27.0) })
}

/// The same transistors without noise, in the typical corner, at bulk voltages 0, -0.6 and -1.2 V only.
pub(crate) fn coarse(family: &str) -> Dataset {
    cornered(family, &[Corner::Tt], &[27.0])
}

/// The transistors without noise at 27 C in all five corners.
pub(crate) fn corners(family: &str) -> Dataset {
    cornered(family, &[], &[27.0])
}

/// A bundled set in a folder of its own, which lasts as long as what is returned first.
fn unpacked(set: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = gummel_catalogue::bundled(set).unwrap().unpack(folder.path()).unwrap();
    (folder, file)
}
