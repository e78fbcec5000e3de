//! The measured silicon of the shared folder: every file parses or says why not; devices, floors, flags.

use gummel_data::{Dataset, DeviceData, Flags, ReadOptions, Reading, Selection, read};
use gummel_device::{Quantity, Terminal};
use std::path::PathBuf;

/// The folder of measured data, or a loud note that the test is skipped.
fn shared(part: &str) -> Option<PathBuf> {
    let root = std::env::var_os("GUMMEL_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"), PathBuf::from);
    let folder = root.join("data").join(part);
    if folder.exists() {
        return Some(folder);
    }
    eprintln!("SKIPPED: no data at {}; set GUMMEL_SHARED", folder.display());
    None
}

fn read_part(part: &str) -> Option<Reading> {
    let folder = shared(&format!("silicon/{part}"))?;
    Some(read(&[folder], &ReadOptions::default(), &|_| ()).expect("the folder can be read"))
}

/// Prints what a device is made of, for whoever reads the test's output.
fn show(d: &DeviceData) {
    let flags = d.flags.iter().fold(Flags::NONE, |a, f| a | *f);
    let (points, curves) = (d.len(), d.curves.len());
    eprintln!("  {} {points} points {curves} curves floor {:.2e} {flags}", d.id.name, d.floor);
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
            show(d);
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
        show(d);
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
    let Some(folder) = shared("silicon/sky130") else { return };
    let reading = read(std::slice::from_ref(&folder), &ReadOptions::default(), &|_| ()).expect("readable");
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

#[test]
fn every_file_parses_or_says_why_not() {
    let Some(folder) = shared("silicon") else { return };
    let reading = read(&[folder], &ReadOptions::default(), &|_| ()).expect("readable");
    let measured = reading.files.iter().filter(|f| f.path.ends_with(".mdm")).count();
    let failed = reading.failures.iter().filter(|f| f.path.ends_with(".mdm")).count();
    eprintln!("{measured} files, {failed} failures, {} rows", reading.table.len());
    assert_eq!((measured, failed), (1828, 0));
    eprintln!("{}", gummel_data::inspect(&reading).expect("a table").to_text(120));
}

#[test]
fn gf180_charges_are_those_of_the_terminals() {
    let Some(file) = shared("simulated/gf180_corners.parquet") else { return };
    let reading = read(&[file], &ReadOptions::default(), &|_| ()).expect("readable");
    assert!(reading.failures.is_empty());
    let data = Dataset::assemble(&reading.table, &reading.files, &Selection::of("gf180mcu/*", 25.0))
        .expect("devices");
    assert_eq!(data.devices.len(), 2 * 5 * 4);
    for device in &data.devices {
        let (qg, cgg) = (&device.quantities[&Quantity::Qg], &device.quantities[&Quantity::Cgg]);
        assert_eq!((device.len(), device.floor), (3404, 1e-13));
        // In inversion the gate charge has the sign of the gate voltage.
        let on = (0..device.len())
            .max_by(|a, b| device.bias[[*a, 1]].abs().total_cmp(&device.bias[[*b, 1]].abs()));
        let sign = device.id.family.polarity.sign();
        assert!(qg[on.expect("points")] * sign > 0.0 && device.id()[on.expect("points")] * sign >= 0.0);
        // Capacitances are the derivatives of the charges, for either polarity.
        let mut checked = 0;
        for curve in device.curves_along(Quantity::Qg, Terminal::Gate) {
            let slope = curve.gradient();
            let along = device.curves_along(Quantity::Cgg, Terminal::Gate);
            let same = along.iter().find(|c| c.sweep.held == curve.sweep.held).expect("the same biases");
            let scale = cgg.iter().fold(0.0f64, |a, c| a.max(c.abs()));
            let inside = 1..slope.len() - 1;
            for (slope, value) in slope[inside.clone()].iter().zip(&same.values[inside]) {
                assert!((slope - value).abs() < 0.15 * scale, "{}: {slope} {value}", device.id.name);
                checked += 1;
            }
        }
        assert!(checked > 1000);
    }
}
