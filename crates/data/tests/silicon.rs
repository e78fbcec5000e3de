//! The measured silicon of the shared folder: every file parses or says why not; devices, floors, flags.

use gummel_data::{Dataset, Flags, ReadOptions, Reading, Selection, read};
use std::path::PathBuf;

/// The folder of measured data, or a loud note that the test is skipped.
fn silicon(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GUMMEL_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = root.join("data/silicon").join(part);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no measured silicon at {}; set GUMMEL_SHARED", folder.display());
    None
}

fn read_part(part: &str) -> Option<Reading> {
    let folder = silicon(part)?;
    Some(read(&[folder], &ReadOptions::default(), &|_| ()).expect("the folder can be read"))
}

#[test]
fn ihp_files_make_devices() {
    let Some(reading) = read_part("ihp") else { return };
    for failure in &reading.failures {
        eprintln!("{}: {}", failure.path, failure.error);
    }
    assert!(reading.failures.is_empty());
    for family in ["lv_nmos", "lv_pmos", "hv_nmos", "hv_pmos"] {
        let selection = Selection::of(&format!("ihp-sg13g2/{family}"), 27.0);
        let data = Dataset::assemble(&reading.table, &reading.files, &selection).expect("devices");
        assert!(data.devices.len() >= 15);
        eprintln!("{family}: {} devices", data.devices.len());
        for d in &data.devices {
            let flags = d.flags.iter().fold(Flags::NONE, |a, f| a | *f);
            eprintln!(
                "  {} {} points {} curves floor {:.2e} {flags}",
                d.id.name,
                d.len(),
                d.curves.len(),
                d.floor
            );
        }
    }
}

#[test]
fn sky130_files_make_devices() {
    let Some(reading) = read_part("sky130") else { return };
    for failure in &reading.failures {
        eprintln!("{}: {}", failure.path, failure.error);
    }
    for skipped in &reading.skipped {
        eprintln!("{skipped:?}");
    }
    let selection = Selection { family: vec!["sky130/nfet_01v8".to_owned()], ..Selection::default() };
    let data = Dataset::assemble(&reading.table, &reading.files, &selection).expect("devices");
    for d in &data.devices {
        let flags = d.flags.iter().fold(Flags::NONE, |a, f| a | *f);
        eprintln!(
            "  {} {} points {} curves floor {:.2e} {flags}",
            d.id.name,
            d.len(),
            d.curves.len(),
            d.floor
        );
    }
}
