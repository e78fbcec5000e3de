//! Generates the bundled data sets: BSIM4 transistors of the fictitious demo130 technology, swept by ngspice.
//!
//! `demo130.parquet` is noise-free: five corners, three temperatures, currents, conductances, charges and
//! capacitances. `demo130-noisy.parquet` is what a laboratory would have: terminal currents of the typical
//! corner with seeded instrument noise. Numbers are rounded to single precision, which halves the files.

mod deck;
mod noise;

use anyhow::{Context, Result, ensure};
use gummel_data::{ReadOptions, read};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use deck::{CHANNELS, CORNERS, Channel, GEOMETRIES, Grid, TEMPERATURES};

/// Generates both sets under `datasets/`.
pub(crate) fn run(root: &Path) -> Result<()> {
    let ngspice = ngspice(root)?;
    let work = tempfile::tempdir()?;
    let (clean, noisy) = (work.path().join("clean"), work.path().join("noisy"));
    std::fs::create_dir_all(&clean)?;
    std::fs::create_dir_all(&noisy)?;
    let mut noise = noise::Instrument::new(130);
    for channel in CHANNELS {
        for (w, l) in GEOMETRIES {
            for celsius in TEMPERATURES {
                for corner in CORNERS {
                    let device = deck::Device { channel, w, l, celsius, corner };
                    let rows = simulate(root, &ngspice, work.path(), &device, Grid::Coarse)?;
                    std::fs::write(clean.join(device.file()), table(&device, &rows, true)?)?;
                }
                let device = deck::Device { channel, w, l, celsius, corner: "tt" };
                let mut rows = simulate(root, &ngspice, work.path(), &device, Grid::Fine)?;
                noise.disturb(&mut rows);
                std::fs::write(noisy.join(device.file()), table(&device, &rows, false)?)?;
            }
        }
        println!("{} swept", channel.name);
    }
    for (folder, name) in [(clean, "demo130"), (noisy, "demo130-noisy")] {
        let reading = read(&[folder], &ReadOptions::default(), &|_| ())?;
        for f in &reading.failures {
            println!("{}: {}", f.path, f.error);
        }
        ensure!(reading.failures.is_empty(), "a generated file could not be read back");
        let path = root.join(format!("datasets/demo130/{name}.parquet"));
        reading.table.to_parquet(&path)?;
        println!("{name}: {} rows, {} bytes", reading.table.len(), std::fs::metadata(&path)?.len());
    }
    Ok(())
}

/// One bias point: voltages and the quantities of [`deck::COLUMNS`].
pub(crate) struct Row {
    pub(crate) sweep: &'static str,
    pub(crate) values: Vec<f64>,
}

fn simulate(root: &Path, ngspice: &Path, work: &Path, device: &deck::Device, grid: Grid) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for sweep in deck::sweeps(grid) {
        let out = work.join("out.txt");
        let netlist = work.join("deck.sp");
        std::fs::write(&netlist, deck::netlist(root, device, &sweep, &out))?;
        let log = Command::new(ngspice).arg("-b").arg(&netlist).output().context("cannot run ngspice")?;
        let text = std::fs::read_to_string(&out)
            .with_context(|| format!("ngspice wrote nothing:\n{}", String::from_utf8_lossy(&log.stderr)))?;
        std::fs::remove_file(&out)?;
        for line in text.lines().filter(|l| !l.trim().is_empty()) {
            let numbers: Vec<f64> = line.split_whitespace().filter_map(|t| t.parse().ok()).collect();
            ensure!(numbers.len() == deck::COLUMNS.len() + 1, "ngspice printed {} columns: {line}", numbers.len());
            rows.push(Row { sweep: sweep.name, values: device.terminal_convention(&numbers[1..]) });
        }
    }
    ensure!(!rows.is_empty(), "no bias point for {}", device.file());
    Ok(rows)
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
        let celsius = device.celsius;
        write!(text, "demo130,{name},{polarity},{},{},{},1,{celsius},{}", device.label(), device.w, device.l, row.sweep)?;
        if operating_point {
            write!(text, ",{}", device.corner)?;
        }
        for (k, v) in row.values.iter().take(columns.len()).enumerate() {
            // Voltages are exact decimals; what was computed is rounded to single precision.
            let v = if k < 4 { (v * 1e6).round() / 1e6 } else { f64::from(*v as f32) };
            write!(text, ",{v:e}")?;
        }
        text.push('\n');
    }
    Ok(text)
}

fn ngspice(root: &Path) -> Result<PathBuf> {
    if let Ok(path) = std::env::var("GUMMEL_NGSPICE") {
        return Ok(path.into());
    }
    let out = Command::new("sh")
        .arg(root.join("tests/ngspice.sh"))
        .arg(root.join("target/ngspice"))
        .output()
        .context("cannot run tests/ngspice.sh")?;
    ensure!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    Ok(String::from_utf8(out.stdout)?.trim().into())
}
