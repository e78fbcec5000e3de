//! A process corner that was not fitted, from the others and few readings: errors, and the order of the corners.
//!
//! `cargo bench -p gummel-surrogate --bench corners -- DATA FAMILY MODELS [N,N]`, e.g.
//! `... -- gf180_corners.parquet '*nmos*' target/corners 24,24`. Every corner is left out of a fit of its own (trunk N,N);
//! the models, fitted without bounds of physics and charges, are kept in the folder MODELS and used again. Readings are drawn per geometry and temperature.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gummel_data::{Dataset, DeviceData, ReadOptions, Selection, read};
use gummel_device::metrics::{CurrentErrors, Spread, StrongSet};
use gummel_device::{Corner, Polarity};
use gummel_model::{DeviceQuery, Model};
use gummel_surrogate::adapt::{adapt_all, draw};
use gummel_surrogate::config::Toggle;
use gummel_surrogate::report::judge;
use gummel_surrogate::{AdaptOptions, FitConfig, Part, fit};

type Failure = Box<dyn std::error::Error>;

/// Readings per geometry and temperature.
const POINTS: [usize; 4] = [0, 5, 20, 100];
const SEEDS: u64 = 3;

fn main() -> Result<(), Failure> {
    // Cargo starts a bench in its package's folder; relative paths are meant from the repository's root.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [data, family, models, hidden @ ..] = args.as_slice() else {
        println!("usage: cargo bench -p gummel-surrogate --bench corners -- DATA FAMILY MODELS [N,N]");
        return Ok(());
    };
    let mut config = FitConfig::default();
    config.charges.fit = Toggle::Off;
    // Bounds of physics cost more time than all the rest and are not what is measured here.
    config.constraints.steps = 0;
    if let Some(widths) = hidden.first() {
        config.network.hidden = widths.split(',').map(str::parse).collect::<Result<_, _>>()?;
    }
    let reading = read(&[PathBuf::from(data)], &ReadOptions::default(), &|_| ())?;
    let selection = Selection { family: vec![family.clone()], ..Selection::default() };
    let data = Dataset::assemble(&reading.table, &reading.files, &selection)?;
    println!("corner  points  |rel| median  rel_rms median   worst  |  out of order (worst)");
    let mut all: Vec<(usize, CurrentErrors)> = Vec::new();
    for corner in Corner::ALL {
        let (held, others) = apart(&data, corner);
        if held.devices.is_empty() {
            continue;
        }
        let model = model_without(&others, corner, &config, Path::new(models))?;
        for points in POINTS {
            let (mut errors, mut order) = (Vec::new(), Order::default());
            for seed in 0..if points == 0 { 1 } else { SEEDS } {
                let whole = with_corner(&model, corner, &held, points, seed)?;
                errors.extend(judged(&whole, &held)?);
                order.add(&whole, &model, &held)?;
            }
            println!("{:>6}  {points:>6}  {}  |  {order}", corner.name(), table(&errors));
            all.extend(errors.into_iter().map(|e| (points, e)));
        }
    }
    for points in POINTS {
        let of: Vec<CurrentErrors> = all.iter().filter(|(n, _)| *n == points).map(|(_, e)| *e).collect();
        println!("{:>6}  {points:>6}  {}", "all", table(&of));
    }
    Ok(())
}

/// Devices at `corner`, and the others.
fn apart(data: &Dataset, corner: Corner) -> (Dataset, Dataset) {
    let part = |at: bool| {
        let devices = data.devices.iter().filter(|d| (d.id.corner == Some(corner)) == at).cloned();
        Dataset { devices: devices.collect(), files: data.files.clone() }
    };
    (part(true), part(false))
}

/// The model of a fit that did not see `corner`.
fn model_without(
    others: &Dataset,
    corner: Corner,
    config: &FitConfig,
    cache: &Path,
) -> Result<Model, Failure> {
    let folder = cache.join(format!("without-{corner}"));
    if folder.is_dir() {
        return Ok(Model::load(folder)?);
    }
    let fitted = fit(others, config, &mut ())?;
    let s = &fitted.report.summaries[0];
    println!(
        "without {corner}: {:.0} s, rel_rms {:.2} %, |rel| {:.2} % of what was fitted",
        fitted.report.seconds,
        100.0 * s.rel_rms.median,
        100.0 * s.median_rel.median
    );
    fitted.model.save(&folder)?;
    Ok(fitted.model)
}

/// `model` with the devices `held` at `corner`, from `points` readings of each at every temperature.
fn with_corner(
    model: &Model,
    corner: Corner,
    held: &Dataset,
    points: usize,
    seed: u64,
) -> Result<Model, Failure> {
    if points == 0 {
        return Ok(model.at_positions(&[corner.position()])?);
    }
    let few = |device: &DeviceData| {
        let temperatures: BTreeSet<u64> = device.temperature.iter().map(|t| t.to_bits()).collect();
        let rows: BTreeSet<usize> = temperatures
            .into_iter()
            .flat_map(|t| {
                let rows: Vec<usize> =
                    (0..device.len()).filter(|p| device.temperature[*p].to_bits() == t).collect();
                let part = device.filter(|p| rows.binary_search(&p).is_ok());
                part.map_or_else(Vec::new, |d| draw(&d, points, seed))
                    .into_iter()
                    .map(move |k| rows[k])
                    .collect::<Vec<_>>()
            })
            .collect();
        device.filter(|p| rows.contains(&p))
    };
    let devices = held.devices.iter().filter_map(few).collect();
    let few = Dataset { devices, files: held.files.clone() };
    Ok(adapt_all(model, &few, &AdaptOptions::default())?.0)
}

/// Errors on all readings of `held`, which the model must have heads for.
fn judged(model: &Model, held: &Dataset) -> Result<Vec<CurrentErrors>, Failure> {
    let reports = judge(model, held, Part::HeldOut);
    if let Some(stranger) = reports.iter().find(|r| !r.own_head) {
        return Err(format!("the model has no device {}", stranger.name).into());
    }
    Ok(reports.into_iter().map(|r| r.errors).collect())
}

fn table(errors: &[CurrentErrors]) -> String {
    let over = |f: fn(&CurrentErrors) -> f64| Spread::over(errors.iter().map(f));
    let (median, rms) = (over(|e| e.median_rel), over(|e| e.rel_rms));
    format!("{:>11.2} %  {:>12.2} %  {:>5.1} %", 100.0 * median.median, 100.0 * rms.median, 100.0 * rms.worst)
}

/// Neighbouring corners in order of current, at the strong readings of the corner that was left out.
#[derive(Default)]
struct Order {
    biases: usize,
    violations: usize,
    worst: f64,
}

impl Order {
    /// Compares devices of `whole` at the left-out corner with their neighbours, which `fitted` has.
    fn add(&mut self, whole: &Model, fitted: &Model, held: &Dataset) -> Result<(), Failure> {
        for device in &held.devices {
            let corner = device.id.corner.unwrap_or(Corner::Tt);
            for (slow, fast) in pairs(corner, device.id.family.polarity) {
                let name = |c: Corner| device.id.name.replace(&format!("_{corner}"), &format!("_{c}"));
                let model = |c: Corner| if c == corner { whole } else { fitted };
                self.compare(device, (model(slow), &name(slow)), (model(fast), &name(fast)))?;
            }
        }
        Ok(())
    }

    fn compare(
        &mut self,
        device: &DeviceData,
        slow: (&Model, &str),
        fast: (&Model, &str),
    ) -> Result<(), Failure> {
        let sign = device.id.family.polarity.sign();
        let strong = StrongSet::new(device.id.geometry, device.id.family.polarity, device.floor);
        let temperatures: BTreeSet<u64> = device.temperature.iter().map(|t| t.to_bits()).collect();
        for t in temperatures {
            let at = |(model, name): (&Model, &str)| {
                model.instance(&DeviceQuery::named(name).at_temperature(f64::from_bits(t)))
            };
            let (slow, fast) = (at(slow)?, at(fast)?);
            for p in (0..device.len()).filter(|p| device.temperature[*p].to_bits() == t) {
                let bias = device.bias_at(p);
                if strong.contains(sign * device.id()[p], sign * bias.vds()) {
                    let ratio = fast.current(bias.to_array()) / slow.current(bias.to_array());
                    self.biases += 1;
                    self.violations += usize::from(ratio < 1.0);
                    self.worst = self.worst.max(1.0 - ratio);
                }
            }
        }
        Ok(())
    }
}

/// Slower and faster neighbours on the axes that `corner` lies on.
fn pairs(corner: Corner, polarity: Polarity) -> Vec<(Corner, Corner)> {
    let (slow, fast) = match polarity {
        Polarity::N => (Corner::Sf, Corner::Fs),
        Polarity::P => (Corner::Fs, Corner::Sf),
    };
    [(Corner::Ss, Corner::Tt), (Corner::Tt, Corner::Ff), (slow, Corner::Tt), (Corner::Tt, fast)]
        .into_iter()
        .filter(|(a, b)| *a == corner || *b == corner)
        .collect()
}

impl std::fmt::Display for Order {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {} ({:.2} %)", self.violations, self.biases, 100.0 * self.worst)
    }
}
