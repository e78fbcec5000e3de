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

/// Names of flags in `sky130_quality.csv` and the flags that must find them.
const QUALITY: [(&str, Flags); 5] = [
    ("jumpy", Flags::JUMP),
    ("multiplicity_label_suspect", Flags::SIBLINGS),
    ("array_series_r", Flags::SIBLINGS),
    ("polarity_mislabelled", Flags::POLARITY),
    ("no_geometry", Flags::NO_GEOMETRY),
];

#[test]
fn sky130_flags_agree_with_the_quality_list() {
    let Some(folder) = silicon("sky130") else { return };
    let reading = read(&[folder.clone()], &ReadOptions::default(), &|_| ()).expect("readable");
    let flags = flags_by_file(&reading);
    let list = std::fs::read_to_string(folder.join("sky130_quality.csv")).expect("the list");
    let listed: Vec<(&str, &str)> = list
        .lines()
        .skip(1)
        .filter_map(|l| Some((&l[..l.find(".mdm,")? + 4], l.rsplit(',').next()?)))
        .map(|(f, q)| (f.trim_start_matches("./"), q))
        .collect();
    assert!(listed.len() > 600);
    for flag in [Flags::JUMP, Flags::SIBLINGS, Flags::POLARITY, Flags::NO_GEOMETRY] {
        let wanted = |q: &str| QUALITY.iter().any(|(name, f)| *f == flag && q.contains(name));
        let mut counts = [0usize; 4];
        for (file, quality) in &listed {
            let found = flags.get(*file).copied().unwrap_or_default().contains(flag);
            if found != wanted(quality) {
                eprintln!("  {flag}: found {found}, listed '{quality}': {file}");
            }
            counts[usize::from(found) * 2 + usize::from(wanted(quality))] += 1;
        }
        let [_, missed, extra, hit] = counts;
        let (recall, precision) = (hit as f64 / (hit + missed) as f64, hit as f64 / (hit + extra) as f64);
        eprintln!(
            "{flag}: {hit} hit, {missed} missed, {extra} extra: recall {recall:.3} precision {precision:.3}"
        );
        assert!(recall >= 0.9 && precision >= 0.9);
    }
}

/// All flags that the rows of each file have together.
fn flags_by_file(reading: &Reading) -> std::collections::HashMap<String, Flags> {
    let frame = reading.table.frame();
    let files = frame.column("file").expect("column").str().expect("text");
    let flags = frame.column("flags").expect("column").u32().expect("integers");
    let mut found = std::collections::HashMap::new();
    for (file, flags) in files.iter().zip(flags.iter()) {
        let entry = found.entry(file.unwrap_or_default().to_owned()).or_insert(Flags::NONE);
        *entry |= Flags(flags.unwrap_or(0));
    }
    found
}
