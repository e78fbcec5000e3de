//! Unseen temperatures: errors there of geometries that were fitted, of unseen ones from few points, and from none.
//!
//! `cargo bench -p gummel-surrogate --bench warm -- DATA FAMILY CELSIUS FOLDS [KEY=VALUE ...]`, e.g.
//! `... -- ../shared/data/silicon/ihp '*/lv_nmos' 125 3 network.hidden=[20,20]`. Nothing fitted is at CELSIUS. Devices measured there are
//! left out of one of FOLDS whole fits each, with all of their temperatures. Points of unseen ones are drawn at 27 °C; errors of
//! everything are those at CELSIUS. Keys are those of a recipe; values are TOML.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::path::PathBuf;

use gummel_data::{Dataset, DeviceData, ReadOptions, read};
use gummel_device::metrics::{CurrentErrors, Spread};
use gummel_device::si::ZERO_CELSIUS;
use gummel_model::Model;
use gummel_surrogate::adapt::draw;
use gummel_surrogate::report::{Part, judge};
use gummel_surrogate::{AdaptOptions, FitConfig, adapt, fit};

type Failure = Box<dyn std::error::Error>;

/// Points of an unseen geometry.
const POINTS: [usize; 4] = [5, 10, 20, 50];
const SEEDS: u64 = 5;
/// Temperature at which few points are taken, K.
const ROOM: f64 = 300.15;

fn main() -> Result<(), Failure> {
    // Cargo starts a bench in its package's folder; relative paths are meant from the repository's root.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [data, family, celsius, folds, keys @ ..] = args.as_slice() else {
        println!(
            "usage: cargo bench -p gummel-surrogate --bench warm -- DATA FAMILY CELSIUS FOLDS [KEY=VALUE ...]"
        );
        return Ok(());
    };
    let mut config: FitConfig = toml::from_str(&format!("{}\nsolver.kind = \"lm\"\n", keys.join("\n")))?;
    config.selection.family = vec![family.clone()];
    let reading = read(&[PathBuf::from(data)], &ReadOptions::default(), &|_| ())?;
    let all = Dataset::assemble(&reading.table, &reading.files, &config.selection)?;
    let (held, folds): (f64, usize) = (celsius.parse::<f64>()? + ZERO_CELSIUS, folds.parse()?);
    let there = |d: &DeviceData, p: usize| (d.temperature[p] - held).abs() < 1.0;
    let warm: Vec<DeviceData> = all.devices.iter().filter_map(|d| d.filter(|p| there(d, p))).collect();
    println!(
        "{} of {} devices were measured at {celsius} °C; none of these readings is fitted",
        warm.len(),
        all.devices.len()
    );
    let cool: Vec<DeviceData> = all.devices.iter().filter_map(|d| d.filter(|p| !there(d, p))).collect();
    let mut rows: Vec<(String, Vec<CurrentErrors>)> = Vec::new();
    let mut note = |name: &str, errors: CurrentErrors| match rows.iter_mut().find(|r| r.0 == name) {
        Some(row) => row.1.push(errors),
        None => rows.push((name.to_owned(), vec![errors])),
    };
    let whole = fit(&of(cool.clone(), &all), &config, &mut ())?.model;
    for device in &warm {
        note("geometry fitted at other temperatures", judged(&whole, device));
    }
    for fold in 0..folds {
        let unseen: Vec<&DeviceData> = warm.iter().skip(fold).step_by(folds).collect();
        let is_unseen = |d: &DeviceData| unseen.iter().any(|u| u.id == d.id);
        let (left_out, seen): (Vec<DeviceData>, Vec<DeviceData>) =
            cool.iter().cloned().partition(|d| is_unseen(d));
        let model = fit(&of(seen, &all), &config, &mut ())?.model;
        for device in unseen {
            note("geometry unseen, no point", judged(&model, device));
            let Some(own) = left_out.iter().find(|d| d.id == device.id) else { continue };
            let Some(room) = own.filter(|p| (own.temperature[p] - ROOM).abs() < 1.0) else { continue };
            for n in POINTS {
                note(
                    &format!("geometry unseen, {n} points at 27 °C"),
                    from_points(&model, &room, device, n)?,
                );
            }
            let model = adapt(&model, &room, &AdaptOptions::default())?.model;
            note("geometry unseen, all points at 27 °C", judged(&model, device));
            let model = adapt(&model, own, &AdaptOptions::default())?.model;
            note("geometry unseen, all points at other temperatures", judged(&model, device));
        }
    }
    println!(
        "{:<50} {:>8} {:>11} {:>8} {:>8} {:>9}",
        "errors at the unseen temperature, %", "rel_rms", "median rel", "decades", "nRMSE", "worst rel_rms"
    );
    for (name, errors) in &rows {
        let over = |of: &dyn Fn(&CurrentErrors) -> f64| Spread::over(errors.iter().map(of));
        println!(
            "{name:<50} {:>8.2} {:>11.2} {:>8.4} {:>8.3} {:>9.2}",
            100.0 * over(&|e| e.rel_rms).median,
            100.0 * over(&|e| e.median_rel).median,
            over(&|e| e.log10_rms).median,
            100.0 * over(&|e| e.nrmse).median,
            100.0 * over(&|e| e.rel_rms).worst,
        );
    }
    Ok(())
}

fn of(devices: Vec<DeviceData>, all: &Dataset) -> Dataset {
    Dataset { devices, files: all.files.clone() }
}

fn judged(model: &Model, device: &DeviceData) -> CurrentErrors {
    let data = Dataset { devices: vec![device.clone()], files: Vec::new() };
    judge(model, &data, Part::HeldOut)[0].errors
}

/// The errors at `device` of the median draw of `n` readings of `room`, by their rel_rms.
fn from_points(
    model: &Model,
    room: &DeviceData,
    device: &DeviceData,
    n: usize,
) -> Result<CurrentErrors, Failure> {
    let mut tries = Vec::new();
    for seed in 0..SEEDS {
        let rows = draw(room, n, seed);
        let part = room.filter(|p| rows.binary_search(&p).is_ok()).ok_or("no points")?;
        tries.push(judged(&adapt(model, &part, &AdaptOptions::default())?.model, device));
    }
    tries.sort_by(|a, b| a.rel_rms.total_cmp(&b.rel_rms));
    Ok(tries[tries.len() / 2])
}
