//! Few measurements of unseen devices: errors against the number of points, coverage of intervals, planned points.
//!
//! `cargo bench -p gummel-surrogate --bench few -- DATA FAMILY CELSIUS FOLDS MODELS [KEY ...]`, e.g.
//! `... -- ../shared/data/silicon/ihp '*/lv_nmos' 27 6 target/few`. Every device is left out of one of FOLDS whole
//! fits; their models are kept in the folder MODELS and used again. Several families, with commas between them, are fitted each by itself and
//! judged together. KEY: `plan` compares planned with random points,
//! `single` compares 50 points with networks of one device fitted to its full sweep, `quick` fits trunks of 20 and 20 neurons
//! without bounds of physics and charges, `devices` lists the error of every unseen device without points, `with=FAMILY,FAMILY` puts
//! further families into the same population, all as n-channel transistors, none of which is left out or judged; `and=DATA:FAMILY:CELSIUS`
//! takes them from other data, whose temperature counts as that of the first.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::path::{Path, PathBuf};

use gummel_data::{Dataset, DeviceData, ReadOptions, Reading, Selection, Split, read};
use gummel_device::metrics::{CurrentErrors, Spread};
use gummel_kernel::Place;
use gummel_model::{DeviceQuery, Model};
use gummel_surrogate::adapt::draw;
use gummel_surrogate::config::Toggle;
use gummel_surrogate::plan::Subject;
use gummel_surrogate::report::judge;
use gummel_surrogate::{AdaptOptions, FitConfig, Part, PlanOptions, adapt, fit, plan, pooled};

type Failure = Box<dyn std::error::Error>;

const POINTS: [usize; 7] = [1, 3, 5, 10, 20, 50, 100];
const SEEDS: u64 = 5;

fn main() -> Result<(), Failure> {
    // Cargo starts a bench in its package's folder; relative paths are meant from the repository's root.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [data, family, celsius, folds, models, keys @ ..] = args.as_slice() else {
        println!(
            "usage: cargo bench -p gummel-surrogate --bench few -- DATA FAMILY CELSIUS FOLDS MODELS [plan] [single] [quick] [devices] [with=FAMILY,FAMILY] [and=DATA:FAMILY:CELSIUS]"
        );
        return Ok(());
    };
    let reading = read(&[PathBuf::from(data)], &ReadOptions::default(), &|_| ())?;
    let folds: usize = folds.parse()?;
    let asked = |key: &str| keys.iter().any(|k| k == key);
    let mut unseen = Vec::new();
    for family in family.split(',') {
        // Models of other data, recipes and populations are others.
        let kept: String = [data.as_str(), family, celsius]
            .into_iter()
            .chain(keys.iter().filter(|k| *k == "quick" || k.contains('=')).map(String::as_str))
            .flat_map(|k| k.chars().chain(['-']))
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect();
        let selection = Selection::of(family, celsius.parse()?);
        let (dataset, own) = population(&reading, &selection, keys)?;
        unseen.extend(each_left_out(&dataset, own, folds, &Path::new(models).join(&kept), asked("quick"))?);
    }
    println!("{} devices, each left out of one of {folds} fits", unseen.len());
    println!(
        "points  rel_rms median   p90   worst  |  nRMSE median  |  coverage of 90 %: median  p10  p90  mean (standard error)  | seconds | scatter"
    );
    let alone: Vec<CurrentErrors> = unseen.iter().map(|(model, device)| judged(model, device)).collect();
    let (e, n) = (Spread::over(alone.iter().map(|e| e.rel_rms)), Spread::over(alone.iter().map(|e| e.nrmse)));
    println!("{:>6}  {}  |  {:>9.2} %  |", 0, spread(&e), 100.0 * n.median);
    if asked("devices") {
        for ((_, device), e) in unseen.iter().zip(&alone) {
            println!(
                "        {:<20} {:>7.2} %  {:>6.2} %",
                device.id.name,
                100.0 * e.rel_rms,
                100.0 * e.nrmse
            );
        }
    }
    for n in POINTS.into_iter().map(Some).chain([None]) {
        report(n, &unseen)?;
    }
    if asked("plan") {
        compare_plans(&unseen)?;
    }
    if asked("single") {
        compare_single(&unseen)?;
    }
    Ok(())
}

/// The devices of `selection` with those that `keys` put beside them, and how many are of the selection, first of all.
fn population(
    reading: &Reading,
    selection: &Selection,
    keys: &[String],
) -> Result<(Dataset, usize), Failure> {
    let own = Dataset::assemble(&reading.table, &reading.files, selection)?;
    let mut others = Vec::new();
    for key in keys {
        if let Some(families) = key.strip_prefix("with=") {
            others.extend(of_families(families, selection, reading)?);
        }
        if let Some(elsewhere) = key.strip_prefix("and=") {
            others.extend(from_elsewhere(elsewhere, &own)?);
        }
    }
    let devices = own.devices.len();
    Ok((if others.is_empty() { own } else { beside(&own, others) }, devices))
}

/// The first `own` devices of `data`, each with the model of one of `folds` fits that did not see it; models are kept in `folder`.
fn each_left_out(
    data: &Dataset,
    own: usize,
    folds: usize,
    folder: &Path,
    quickly: bool,
) -> Result<Vec<(Model, DeviceData)>, Failure> {
    let recipe = if quickly { quick() } else { FitConfig::default() };
    let mut unseen = Vec::new();
    for fold in 0..folds {
        let left_out: Vec<&DeviceData> = data.devices.iter().take(own).skip(fold).step_by(folds).collect();
        let model = model_without(data, &left_out, &folder.join(format!("fold{fold}of{folds}")), &recipe)?;
        unseen.extend(left_out.into_iter().map(|device| (model.clone(), device.clone())));
    }
    Ok(unseen)
}

/// The recipe for comparing populations, which bounds and charges have no part in.
fn quick() -> FitConfig {
    let mut config = FitConfig::default();
    config.network.hidden = vec![20, 20];
    config.constraints.steps = 0;
    config.charges.fit = Toggle::Off;
    config
}

/// The devices of further families of the same data.
fn of_families(families: &str, selection: &Selection, reading: &Reading) -> Result<Vec<DeviceData>, Failure> {
    let family = families.split(',').map(str::to_owned).collect();
    let selection = Selection { family, ..selection.clone() };
    Ok(Dataset::assemble(&reading.table, &reading.files, &selection)?.devices)
}

/// The devices that `DATA:FAMILY:CELSIUS` says, at the temperature of `own`: some kelvins are little beside another technology.
fn from_elsewhere(said: &str, own: &Dataset) -> Result<Vec<DeviceData>, Failure> {
    let [data, family, celsius] = said.split(':').collect::<Vec<_>>()[..] else {
        return Err(format!("and={said}: expected and=DATA:FAMILY:CELSIUS").into());
    };
    let kelvin = own.devices[0].temperature[0];
    let reading = read(&[PathBuf::from(data)], &ReadOptions::default(), &|_| ())?;
    let selection = Selection::of(family, celsius.parse()?);
    let mut devices = Dataset::assemble(&reading.table, &reading.files, &selection)?.devices;
    for device in &mut devices {
        device.temperature = vec![kelvin; device.len()].into();
        // Readings know their files by number, and these are not among the files of `own`.
        device.curves.iter_mut().for_each(|curve| (curve.temperature, curve.file) = (kelvin, 0));
    }
    Ok(devices)
}

/// The devices of `own` and after them `others`, all in one family of n-channel transistors.
fn beside(own: &Dataset, others: Vec<DeviceData>) -> Dataset {
    let devices = own.devices.iter().cloned().chain(others).collect();
    pooled(&Dataset { devices, files: own.files.clone() }, "pooled", "fets")
}

/// The model of a fit that did not see `left_out`, kept in `folder`.
fn model_without(
    data: &Dataset,
    left_out: &[&DeviceData],
    folder: &Path,
    recipe: &FitConfig,
) -> Result<Model, Failure> {
    if folder.is_dir() {
        return Ok(Model::load(folder)?);
    }
    let devices = left_out.iter().map(|d| d.id.name.clone()).collect();
    let config = FitConfig { split: Split::Named { devices }, ..recipe.clone() };
    let model = fit(data, &config, &mut ())?.model;
    model.save(folder)?;
    Ok(model)
}

/// What one adaptation comes to.
struct Try {
    rel_rms: f64,
    nrmse: f64,
    /// Share of the points not used that 90 % intervals hold.
    coverage: f64,
    seconds: f64,
    /// Scatter of readings around the device over that around the devices of the fit.
    scatter: f64,
}

/// Errors of `model` on all readings of `device`; a device that it has not taken in is what the population says.
fn judged(model: &Model, device: &DeviceData) -> CurrentErrors {
    let data = Dataset { devices: vec![device.clone()], files: Vec::new() };
    judge(model, &data, Part::HeldOut)[0].errors
}

/// Takes `device` in from its readings `used`.
fn try_points(model: &Model, device: &DeviceData, used: &[usize]) -> Result<Try, Failure> {
    let part = device.filter(|p| used.binary_search(&p).is_ok()).ok_or("no points")?;
    let begun = std::time::Instant::now();
    let adapted = adapt(model, &part, &AdaptOptions::default())?;
    let seconds = begun.elapsed().as_secs_f64();
    let population = model.population.as_ref().ok_or("a model without population")?;
    let fitted = Spread::over(population.outputs[0].noise.iter().copied()).median;
    let (scatter, adapted) = (adapted.noise / fitted, adapted.model);
    let errors = judged(&adapted, device);
    let sure = adapted.uncertainty(&DeviceQuery::named(&device.id.name))?;
    let rest: Vec<usize> = (0..device.len()).filter(|p| used.binary_search(p).is_err()).collect();
    // With all points used, the coverage is that of the fitted points.
    let judged = if rest.is_empty() { (0..device.len()).collect() } else { rest };
    let held = judged.iter().filter(|&&p| {
        let i = sure.interval(device.bias_at(p).to_array(), 0.9);
        (i.low..=i.high).contains(&device.id()[p])
    });
    let coverage = held.count() as f64 / judged.len() as f64;
    Ok(Try { rel_rms: errors.rel_rms, nrmse: errors.nrmse, coverage, seconds, scatter })
}

/// Median, 90th percentile and worst of relative errors.
fn spread(e: &Spread) -> String {
    format!("{:>7.2} %  {:>5.1} % {:>5.1} %", 100.0 * e.median, 100.0 * e.p90, 100.0 * e.worst)
}

fn report(n: Option<usize>, unseen: &[(Model, DeviceData)]) -> Result<(), Failure> {
    let (mut errors, mut nrmse, mut coverage, mut seconds) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut scatter = Vec::new();
    for (model, device) in unseen {
        let seeds = if n.is_some() { SEEDS } else { 1 };
        let mut of_device = Vec::new();
        for seed in 0..seeds {
            let used = n.map_or_else(|| (0..device.len()).collect(), |n| draw(device, n, seed));
            of_device.push(try_points(model, device, &used)?);
        }
        errors.push(Spread::over(of_device.iter().map(|t| t.rel_rms)).median);
        nrmse.push(Spread::over(of_device.iter().map(|t| t.nrmse)).median);
        coverage.push(of_device.iter().map(|t| t.coverage).sum::<f64>() / of_device.len() as f64);
        seconds.push(Spread::over(of_device.iter().map(|t| t.seconds)).median);
        scatter.push(Spread::over(of_device.iter().map(|t| t.scatter)).median);
    }
    let (e, c) = (Spread::over(errors), Spread::over(coverage.iter().copied()));
    let devices = coverage.len() as f64;
    let mean = coverage.iter().sum::<f64>() / devices;
    let variance = coverage.iter().map(|c| (c - mean).powi(2)).sum::<f64>() / (devices - 1.0).max(1.0);
    println!(
        "{:>6}  {}  |  {:>9.2} %  |  {:>5.1} % {:>5.1} % {:>5.1} % {:>5.1} % ({:.1})  | {:.4}  | {:.2}",
        n.map_or("all".to_owned(), |n| n.to_string()),
        spread(&e),
        100.0 * Spread::over(nrmse).median,
        100.0 * c.median,
        100.0 * c.p10,
        100.0 * c.p90,
        100.0 * mean,
        100.0 * (variance / devices).sqrt(),
        Spread::over(seconds).median,
        Spread::over(scatter).median
    );
    Ok(())
}

/// Errors with planned against random points; planned ones are taken from the biases that were measured.
fn compare_plans(unseen: &[(Model, DeviceData)]) -> Result<(), Failure> {
    println!("points  random median  planned median   p90 random  p90 planned");
    for n in [1, 3, 5, 8, 10, 15, 20, 30, 50] {
        let (mut random, mut planned) = (Vec::new(), Vec::new());
        for (model, device) in unseen {
            let tries = (0..SEEDS).map(|s| Ok(try_points(model, device, &draw(device, n, s))?.rel_rms));
            random.push(Spread::over(tries.collect::<Result<Vec<f64>, Failure>>()?).median);
            planned.push(try_points(model, device, &planned_rows(model, device, n)?)?.rel_rms);
        }
        let (r, p) = (Spread::over(random), Spread::over(planned));
        println!(
            "{n:>6}  {:>12.2} %  {:>12.2} %  {:>9.2} %  {:>9.2} %",
            100.0 * r.median,
            100.0 * p.median,
            100.0 * r.p90,
            100.0 * p.p90
        );
    }
    Ok(())
}

/// Where the population is asked for `device`.
fn place(device: &DeviceData) -> Place {
    let g = device.id.geometry;
    Place { w: g.w, l: g.l, mult: g.mult, temperature: device.temperature[0], speed: 0.0, skew: 0.0 }
}

/// Rows of `device` that a plan for its geometry asks for.
fn planned_rows(model: &Model, device: &DeviceData, n: usize) -> Result<Vec<usize>, Failure> {
    let candidates: Vec<_> = (0..device.len()).map(|p| device.bias_at(p)).collect();
    let options = PlanOptions { points: n, floor: device.floor, candidates: candidates.clone() };
    let planned = plan(model, &Subject::Unknown(place(device)), &options)?;
    let mut rows: Vec<usize> =
        planned.iter().filter_map(|q| candidates.iter().position(|c| *c == q.bias)).collect();
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}

/// Networks of one device on all its points against a shared trunk with 50 points of the device.
fn compare_single(unseen: &[(Model, DeviceData)]) -> Result<(), Failure> {
    let mut few = Vec::new();
    for (model, device) in unseen {
        let tries = (0..SEEDS).map(|s| Ok(try_points(model, device, &draw(device, 50, s))?.rel_rms));
        few.push(Spread::over(tries.collect::<Result<Vec<f64>, Failure>>()?).median);
    }
    println!(
        "network of one device, all points   parameters   rel_rms median   50 points are at least as good for"
    );
    for hidden in [vec![4], vec![8], vec![20, 20]] {
        let (mut errors, mut parameters) = (Vec::new(), 0);
        for (_, device) in unseen {
            let mut config = FitConfig::default();
            config.network.hidden.clone_from(&hidden);
            config.constraints.steps = 0;
            let own = Dataset { devices: vec![device.clone()], files: Vec::new() };
            let fitted = fit(&own, &config, &mut ())?;
            // The population of one device repeats its head.
            parameters = fitted.report.parameters.trunk + fitted.report.parameters.per_device;
            errors.push(fitted.report.devices[0].errors.rel_rms);
        }
        let better = few.iter().zip(&errors).filter(|(few, single)| few <= single).count();
        let hidden = format!("{hidden:?}");
        let median = 100.0 * Spread::over(errors.iter().copied()).median;
        println!("{hidden:<35} {parameters:>11}   {median:>12.2} %   {better} of {}", errors.len());
    }
    Ok(())
}
