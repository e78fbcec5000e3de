//! Files that the tests write: transistors with a simple charge-sheet current, in several formats.

use gummel_data::{IvTable, ReadOptions, Reading, read};
use std::fmt::Write;
use std::path::Path;

/// A transistor to write down.
#[derive(Clone, Copy)]
pub(crate) struct Transistor {
    pub(crate) w: f64,
    pub(crate) l: f64,
    pub(crate) mult: f64,
    /// +1 n-channel, -1 p-channel.
    pub(crate) sign: f64,
    /// Half width of the noise, A; its sign alternates from point to point.
    pub(crate) noise: f64,
}

impl Transistor {
    pub(crate) fn new(w: f64, l: f64) -> Self {
        Transistor { w, l, mult: 1.0, sign: 1.0, noise: 1e-12 }
    }

    /// Drain current of a long-channel device (EKV interpolation), A.
    pub(crate) fn id(&self, vd: f64, vg: f64, vb: f64) -> f64 {
        let (vd, vg, vb) = (self.sign * vd, self.sign * vg, self.sign * vb);
        let pinch_off = (vg - 0.4 + 0.2 * vb) / 1.3;
        let charge = |v: f64| (((pinch_off - v) / 0.0517).exp().ln_1p()).powi(2);
        let squares = self.w * self.mult / self.l;
        self.sign * 2.0 * 1.3 * 2e-4 * squares * 0.02585f64.powi(2) * (charge(0.0) - charge(vd))
    }
}

/// An `.mdm` file of id over vg at two vd and two vb, edited by `change(vg, vd, vb, id, ig)`.
pub(crate) fn mdm(device: Transistor, change: impl Fn(f64, f64, f64, f64, f64) -> (f64, f64)) -> String {
    let s = device.sign;
    let mut text = format!(
        "! VERSION = 6.00\nBEGIN_HEADER\n ICCAP_INPUTS\n  vg V G GROUND SMU2 0.001 LIN 1 0 {} 25 {}\n  vb V B GROUND SMU4 0.1 LIN 3 \
         0 {} 2 {}\n  vd V D GROUND SMU1 0.1 LIST 2 2 {} {}\n  vs V S GROUND SMU3 0.1 CON 0\n ICCAP_OUTPUTS\n  id I D GROUND SMU1 B\n  \
         ig I G GROUND SMU2 B\n  ib I B GROUND SMU4 B\n  is I S GROUND SMU3 B\n ICCAP_VALUES\n  TEMP \" 27.0000 \"\n  MAIN.W \"{:e}\"\n  \
         MAIN.L \"{:e}\"\n  MAIN.M \"{}\"\n  EMPTY \"\"\nEND_HEADER\n\n",
        1.2 * s,
        0.05 * s,
        -0.6 * s,
        -0.6 * s,
        0.1 * s,
        1.2 * s,
        device.w,
        device.l,
        device.mult
    );
    let mut noise = device.noise;
    for vb in [0.0, -0.6 * s] {
        for vd in [0.1 * s, 1.2 * s] {
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "BEGIN_DB\n ICCAP_VAR vb {vb}\n ICCAP_VAR vd {vd}\n ICCAP_VAR vs 0\n\n #vg id ig ib is\n"
            );
            for k in 0..25 {
                let vg = 0.05 * s * f64::from(k);
                noise = -noise;
                let (id, ig) = change(vg, vd, vb, device.id(vd, vg, vb) + noise, noise / 3.0);
                let _ = writeln!(text, "  {vg:.2} {id:e} {ig:e} {:e} {:e}", 0.0, -id - ig);
            }
            text += "END_DB\n\n";
        }
    }
    text
}

/// The file of a sound device.
pub(crate) fn sound(device: Transistor) -> String {
    mdm(device, |_, _, _, id, ig| (id, ig))
}

/// Writes `files` (name, content) into `folder` and reads the folder.
pub(crate) fn read_files(folder: &Path, files: &[(&str, &[u8])], options: &ReadOptions) -> Reading {
    for (name, content) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder");
        std::fs::write(path, content).expect("written");
    }
    read(&[folder.to_path_buf()], options, &|_| ()).expect("the folder is there")
}

/// One file read on its own; it must not fail.
pub(crate) fn read_one(name: &str, content: &[u8], options: &ReadOptions) -> IvTable {
    let folder = tempfile::tempdir().expect("a folder");
    let reading = read_files(folder.path(), &[(name, content)], options);
    let failures: Vec<String> = reading.failures.iter().map(|f| f.error.to_string()).collect();
    assert!(failures.is_empty() && reading.skipped.is_empty(), "{failures:?} {:?}", reading.skipped);
    reading.table
}

/// Values of a numeric column, NaN where null.
pub(crate) fn numbers(table: &IvTable, column: &str) -> Vec<f64> {
    let column = table.frame().column(column).expect("the column");
    column.f64().expect("numbers").iter().map(|v| v.unwrap_or(f64::NAN)).collect()
}

/// Values of a column of words, empty where null.
pub(crate) fn words(table: &IvTable, column: &str) -> Vec<String> {
    let column = table.frame().column(column).expect("the column");
    column.str().expect("words").iter().map(|v| v.unwrap_or_default().to_owned()).collect()
}
