//! Generates the bundled data sets: BSIM4 transistors of the fictitious demo130 technology, swept by ngspice.
//!
//! `demo130.parquet` is noise-free: five corners, three temperatures, currents, conductances, charges and
//! capacitances. `demo130-noisy.parquet` is what a laboratory would have: terminal currents of the typical
//! corner with seeded instrument noise. Computed numbers are rounded to six digits, which halves the files.

mod compare;
mod deck;
mod noise;
mod overlap;
mod physics;
mod simulator;
mod sums;
pub(crate) mod trunk;

use anyhow::{Result, ensure};
use gummel_data::{Dataset, Flags, ReadOptions, Selection, read};
use std::fmt::Write;
use std::path::{Path, PathBuf};

use deck::{CHANNELS, CORNERS, Channel, GEOMETRIES, Grid, TEMPERATURES};
use simulator::Simulator;

/// Names of the sets, with their operating points and without.
const SETS: [&str; 2] = ["demo130", "demo130-noisy"];

/// Generates both sets under `datasets/demo130/` with the list of their hashes; with `check` nothing is
/// written there, and the files that are there are compared with the new ones.
///
/// # Errors
/// ngspice is missing or refuses a deck, the sets violate device physics, or the comparison fails.
pub(crate) fn run(root: &Path, check: bool) -> Result<()> {
    let work = tempfile::tempdir()?;
    let home = root.join("datasets/demo130");
    generate(root, work.path())?;
    for name in SETS {
        let file = format!("{name}.parquet");
        let set = load(&work.path().join(&file))?;
        physics::verify(&set)?;
        if check {
            let worst = compare::worst_difference(&load(&home.join(&file))?, &set)?;
            println!("{name}: largest relative difference {worst:.1e}");
        }
    }
    if check {
        return sums::verify(&home);
    }
    for name in SETS {
        let file = format!("{name}.parquet");
        std::fs::copy(work.path().join(&file), home.join(&file))?;
    }
    sums::write(&home)
}

/// Sweeps every device and writes the Parquet files into `work`.
fn generate(root: &Path, work: &Path) -> Result<()> {
    let simulator = Simulator::find(root, work)?;
    let folders = SETS.map(|name| work.join(name));
    for folder in &folders {
        std::fs::create_dir_all(folder)?;
    }
    let [clean, noisy] = &folders;
    let mut noise = noise::Instrument::new(130);
    for channel in CHANNELS {
        for (w, l) in GEOMETRIES {
            for celsius in TEMPERATURES {
                for corner in CORNERS {
                    let device = deck::Device { channel, w, l, celsius, corner };
                    let rows = simulator.sweep(&device, Grid::Coarse)?;
                    std::fs::write(clean.join(device.file()), table(&device, &rows, true)?)?;
                }
                let device = deck::Device { channel, w, l, celsius, corner: "tt" };
                let mut rows = simulator.sweep(&device, Grid::Fine)?;
                noise.disturb(&mut rows);
                std::fs::write(noisy.join(device.file()), table(&device, &rows, false)?)?;
            }
        }
        println!("{} swept", channel.name);
    }
    for (folder, name) in folders.into_iter().zip(SETS) {
        let reading = read(&[folder], &ReadOptions::default(), &|_| ())?;
        for f in &reading.failures {
            println!("{}: {}", f.path, f.error);
        }
        ensure!(reading.failures.is_empty(), "a generated file could not be read back");
        let path = work.join(format!("{name}.parquet"));
        reading.table.to_parquet(&path)?;
        println!("{name}: {} rows, {} bytes", reading.table.len(), std::fs::metadata(&path)?.len());
    }
    Ok(())
}

/// All devices of a Parquet file, with all their points.
fn load(path: &Path) -> Result<Dataset> {
    let reading = read(&[PathBuf::from(path)], &ReadOptions::default(), &|_| ())?;
    let everything =
        Selection { exclude: Flags::NONE, exclude_devices_with: Flags::NONE, ..Selection::default() };
    Ok(Dataset::assemble(&reading.table, &reading.files, &everything)?)
}

/// One bias point: voltages and the quantities of [`deck::COLUMNS`].
pub(crate) struct Row {
    pub(crate) sweep: &'static str,
    pub(crate) values: Vec<f64>,
}

/// A CSV that the reader understands, one device at one temperature.
fn table(device: &deck::Device, rows: &[Row], operating_point: bool) -> Result<String> {
    let columns = if operating_point { &deck::COLUMNS[..] } else { &deck::COLUMNS[..deck::MEASURABLE] };
    let mut text = String::from("technology,family,polarity,device,w,l,mult,celsius,sweep,");
    if operating_point {
        text += "corner,";
    }
    text += &columns.join(",");
    text.push('\n');
    for row in rows {
        let Channel { name, polarity, .. } = device.channel;
        let (label, w, l, celsius) = (device.label(), device.w, device.l, device.celsius);
        write!(text, "demo130,{name},{polarity},{label},{w},{l},1,{celsius},{}", row.sweep)?;
        if operating_point {
            write!(text, ",{}", device.corner)?;
        }
        for (k, v) in row.values.iter().take(columns.len()).enumerate() {
            // Voltages are exact decimals; what was computed is rounded.
            let v = if k < 4 { (v * 1e6).round() / 1e6 } else { rounded(*v) };
            write!(text, ",{v:e}")?;
        }
        text.push('\n');
    }
    Ok(text)
}

/// The nearest number whose lower four bytes are zero, which compression saves: relative error at most 4.8e-7.
fn rounded(v: f64) -> f64 {
    f64::from_bits((v.to_bits() + (1 << 31)) & !0xffff_ffff)
}

#[cfg(test)]
mod tests {
    #[test]
    fn rounding_keeps_six_digits_of_either_sign() {
        for v in [1.234_567_89e-15, -0.1, 3.0, 0.0, 0.999_999_999_999] {
            let r = super::rounded(v);
            assert!((r - v).abs() <= 4.8e-7 * v.abs(), "{v} became {r}");
            assert_eq!(r.to_bits() & 0xffff_ffff, 0);
        }
    }
}
