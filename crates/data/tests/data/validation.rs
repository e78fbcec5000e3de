//! Each defect is flagged, and sound devices are not.

use crate::files::{Transistor, mdm, read_files, sound};
use gummel_data::{Flags, ReadOptions, Reading};
use std::collections::BTreeMap;

/// All flags of each file's rows together.
fn flags(reading: &Reading) -> BTreeMap<String, Flags> {
    let frame = reading.table.frame();
    let files = frame.column("file").expect("column").str().expect("words");
    let bits = frame.column("flags").expect("column").u32().expect("integers");
    let mut all = BTreeMap::new();
    for (file, bits) in files.iter().zip(bits.iter()) {
        *all.entry(file.unwrap_or_default().to_owned()).or_insert(Flags::NONE) |= Flags(bits.unwrap_or(0));
    }
    all
}

/// Flags of one file, without the one that every device with an off state has.
fn flags_of(name: &str, content: &str) -> Flags {
    let folder = tempfile::tempdir().expect("a folder");
    let reading = read_files(folder.path(), &[(name, content.as_bytes())], &ReadOptions::default());
    flags(&reading)[name] & !Flags::BELOW_FLOOR
}

const NAME: &str = "SG13_nmos~W10u0_L1u0_S1_1~dc_idvg~300K.mdm";

fn device() -> Transistor {
    Transistor::new(10e-6, 1e-6)
}

#[test]
fn a_sound_device_has_no_flag_of_either_polarity() {
    assert_eq!(flags_of(NAME, &sound(device())), Flags::NONE);
    let p = Transistor { sign: -1.0, ..device() };
    assert_eq!(flags_of("SG13_pmos~W10u0_L1u0_S1_1~dc_idvg~300K.mdm", &sound(p)), Flags::NONE);
}

#[test]
fn defects_are_flagged() {
    let wrong_sign = mdm(device(), |vg, _, _, id, ig| (if vg == 0.5 { -id } else { id }, ig));
    assert!(flags_of(NAME, &wrong_sign).contains(Flags::WRONG_SIGN));
    let clipped = mdm(device(), |_, _, _, id, _| (id, 1e-3));
    assert!(flags_of(NAME, &clipped).contains(Flags::COMPLIANCE | Flags::SHORT));
    let dead = mdm(device(), |_, _, _, id, ig| (id * 1e-9, ig));
    assert!(flags_of(NAME, &dead).contains(Flags::DEAD));
    let leaking = mdm(device(), |_, _, _, id, ig| (id, ig)).replace(" 0e0 ", " 1e-6 ");
    assert!(flags_of(NAME, &leaking).contains(Flags::KIRCHHOFF));
    let jumping = mdm(device(), |vg, _, _, id, ig| {
        (if (vg * 20.0).round() as i64 % 2 == 0 { id } else { id * 0.5 }, ig)
    });
    assert!(flags_of(NAME, &jumping).contains(Flags::JUMP));
    let p = Transistor { sign: -1.0, ..device() };
    assert!(flags_of(NAME, &sound(p)).contains(Flags::POLARITY));
    let other = Transistor { l: 2e-6, ..device() };
    assert!(flags_of(NAME, &sound(other)).contains(Flags::CONTRADICTION));
}

#[test]
fn copies_and_odd_siblings_are_found_among_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut files = Vec::new();
    for (k, (w, l)) in [(1, 1), (2, 1), (4, 1), (1, 2), (2, 2), (4, 4), (8, 8)].into_iter().enumerate() {
        let device = Transistor {
            noise: 1e-12 * (1.0 + k as f64 / 100.0),
            ..Transistor::new(f64::from(w) * 1e-6, f64::from(l) * 1e-6)
        };
        // One device is four in parallel, and does not say so.
        let factor = if k == 3 { 4.0 } else { 1.0 };
        let text = mdm(device, |_, _, _, id, ig| (id * factor, ig));
        files.push((format!("SG13_nmos~W{w}u0_L{l}u0_S{k}_1~dc_idvg~300K.mdm"), text));
    }
    files.push(("SG13_nmos~W3u0_L3u0_S99_1~dc_idvg~300K.mdm".to_owned(), files[0].1.clone()));
    let list: Vec<(&str, &[u8])> = files.iter().map(|(n, t)| (n.as_str(), t.as_bytes())).collect();
    let found = flags(&read_files(folder.path(), &list, &ReadOptions::default()));
    let with = |flag: Flags| -> Vec<&str> {
        found.iter().filter(|(_, f)| f.contains(flag)).map(|(n, _)| n.as_str()).collect()
    };
    assert_eq!(with(Flags::SIBLINGS), [files[3].0.as_str()]);
    assert_eq!(with(Flags::DUPLICATE), [files[7].0.as_str()]);
}

#[test]
fn the_floor_follows_the_noise() {
    for noise in [1e-12, 3e-9] {
        let folder = tempfile::tempdir().expect("a folder");
        let text = sound(Transistor { noise, ..device() });
        let reading = read_files(folder.path(), &[(NAME, text.as_bytes())], &ReadOptions::default());
        let floor = crate::files::numbers(&reading.table, "floor")[0];
        assert!(floor > noise / 3.0 && floor < noise * 3.0, "noise {noise:e}, floor {floor:e}");
    }
}
