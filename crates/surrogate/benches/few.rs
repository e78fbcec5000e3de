//! Few measurements of unseen devices: errors against the number of points, coverage of intervals, planned points.
//!
//! `cargo bench -p gummel-surrogate --bench few -- DATA FAMILY CELSIUS FOLDS MODELS [KEY ...]`, e.g.
//! `... -- ../shared/data/silicon/ihp '*/lv_nmos' 27 6 target/few`. Every device is left out of one of FOLDS whole
//! fits; their models are kept in the folder MODELS and used again. KEY: `plan` compares planned with random points.

use std::path::{Path, PathBuf};

use gummel_data::{Dataset, DeviceData, ReadOptions, Selection, Split, read};
use gummel_device::metrics::Spread;
use gummel_model::{DeviceQuery, Model};
use gummel_surrogate::adapt::draw;
use gummel_surrogate::plan::Subject;
use gummel_surrogate::{AdaptOptions, FitConfig, PlanOptions, adapt, fit, plan};

type Failure = Box<dyn std::error::Error>;

const POINTS: [usize; 6] = [3, 5, 10, 20, 50, 100];
const SEEDS: u64 = 5;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [data, family, celsius, folds, models, keys @ ..] = args.as_slice() else {
        println!(
            "usage: cargo bench -p gummel-surrogate --bench few -- DATA FAMILY CELSIUS FOLDS MODELS [plan]"
        );
        return Ok(());
    };
    let reading = read(&[PathBuf::from(data)], &ReadOptions::default(), &|_| ())?;
    let dataset =
        Dataset::assemble(&reading.table, &reading.files, &Selection::of(family, celsius.parse()?))?;
    let folds: usize = folds.parse()?;
    let mut unseen = Vec::new();
    for fold in 0..folds {
        let model = model_without(&dataset, fold, folds, Path::new(models))?;
        for device in dataset.devices.iter().skip(fold).step_by(folds) {
            unseen.push((model.clone(), device.clone()));
        }
    }
    println!("{} devices, each left out of one of {folds} fits", unseen.len());
    println!("points  rel_rms median   p90   worst  |  coverage of 90 %: median  p10  p90  mean  | seconds");
    for n in POINTS.into_iter().map(Some).chain([None]) {
        report(n, &unseen)?;
    }
    if keys.iter().any(|k| k == "plan") {
        compare_plans(&unseen)?;
    }
    Ok(())
}

/// The model of a fit that did not see every `folds`-th device.
fn model_without(data: &Dataset, fold: usize, folds: usize, cache: &Path) -> Result<Model, Failure> {
    let folder = cache.join(format!("fold{fold}of{folds}"));
    if folder.is_dir() {
        return Ok(Model::load(folder)?);
    }
    let held: Vec<String> =
        data.devices.iter().skip(fold).step_by(folds).map(|d| d.id.name.clone()).collect();
    let config = FitConfig { split: Split::Named { devices: held }, ..FitConfig::default() };
    let model = fit(data, &config, &mut ())?.model;
    model.save(&folder)?;
    Ok(model)
}

/// Error, coverage on points not used, and seconds of one adaptation.
fn try_points(model: &Model, device: &DeviceData, used: &[usize]) -> Result<[f64; 3], Failure> {
    let part = device.filter(|p| used.binary_search(&p).is_ok()).ok_or("no points")?;
    let begun = std::time::Instant::now();
    let adapted = adapt(model, &part, &AdaptOptions::default())?;
    let seconds = begun.elapsed().as_secs_f64();
    let all = gummel_surrogate::report::judge(
        &adapted.model,
        &Dataset { devices: vec![device.clone()], files: Vec::new() },
        gummel_surrogate::Part::HeldOut,
    );
    let sure = adapted.model.uncertainty(&DeviceQuery::named(&device.id.name))?;
    let rest: Vec<usize> = (0..device.len()).filter(|p| used.binary_search(p).is_err()).collect();
    // With all points used, the coverage is that of the fitted points.
    let judged = if rest.is_empty() { (0..device.len()).collect() } else { rest };
    let held = judged.iter().filter(|&&p| {
        let i = sure.interval(device.bias_at(p).to_array(), 0.9);
        (i.low..=i.high).contains(&device.id()[p])
    });
    Ok([all[0].errors.rel_rms, held.count() as f64 / judged.len() as f64, seconds])
}

fn report(n: Option<usize>, unseen: &[(Model, DeviceData)]) -> Result<(), Failure> {
    let (mut errors, mut coverage, mut seconds) = (Vec::new(), Vec::new(), Vec::new());
    for (model, device) in unseen {
        let seeds = if n.is_some() { SEEDS } else { 1 };
        let mut of_device = Vec::new();
        for seed in 0..seeds {
            let used = n.map_or_else(|| (0..device.len()).collect(), |n| draw(device, n, seed));
            of_device.push(try_points(model, device, &used)?);
        }
        errors.push(Spread::over(of_device.iter().map(|t| t[0])).median);
        coverage.push(of_device.iter().map(|t| t[1]).sum::<f64>() / of_device.len() as f64);
        seconds.push(Spread::over(of_device.iter().map(|t| t[2])).median);
    }
    let (e, c) = (Spread::over(errors), Spread::over(coverage.iter().copied()));
    println!(
        "{:>6}  {:>7.2} %  {:>5.1} % {:>5.1} %  |  {:>5.1} % {:>5.1} % {:>5.1} % {:>5.1} %  | {:.4}",
        n.map_or("all".to_owned(), |n| n.to_string()),
        100.0 * e.median,
        100.0 * e.p90,
        100.0 * e.worst,
        100.0 * c.median,
        100.0 * c.p10,
        100.0 * c.p90,
        100.0 * coverage.iter().sum::<f64>() / coverage.len() as f64,
        Spread::over(seconds).median
    );
    Ok(())
}

/// Errors with planned against random points; planned ones are taken from the biases that were measured.
fn compare_plans(unseen: &[(Model, DeviceData)]) -> Result<(), Failure> {
    println!("points  random median  planned median   p90 random  p90 planned");
    for n in [3, 5, 8, 10, 15, 20, 30, 50] {
        let (mut random, mut planned) = (Vec::new(), Vec::new());
        for (model, device) in unseen {
            let tries = (0..SEEDS).map(|s| Ok(try_points(model, device, &draw(device, n, s))?[0]));
            random.push(Spread::over(tries.collect::<Result<Vec<f64>, Failure>>()?).median);
            planned.push(try_points(model, device, &planned_rows(model, device, n)?)?[0]);
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

/// Rows of `device` that a plan for its geometry asks for.
fn planned_rows(model: &Model, device: &DeviceData, n: usize) -> Result<Vec<usize>, Failure> {
    let candidates: Vec<_> = (0..device.len()).map(|p| device.bias_at(p)).collect();
    let g = device.id.geometry;
    let place = gummel_kernel::Place {
        w: g.w,
        l: g.l,
        mult: g.mult,
        temperature: device.temperature[0],
        speed: 0.0,
        skew: 0.0,
    };
    let options = PlanOptions { points: n, floor: device.floor, candidates: candidates.clone() };
    let planned = plan(model, &Subject::Unknown(place), &options)?;
    let mut rows: Vec<usize> =
        planned.iter().filter_map(|q| candidates.iter().position(|c| *c == q.bias)).collect();
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}
