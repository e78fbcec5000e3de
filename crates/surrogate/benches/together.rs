//! N devices at once against one by one: wall time of fitting, and throughput of evaluating all at the same biases.
//!
//! `cargo bench -p gummel-surrogate --bench together -- DATA FAMILY CELSIUS [N ...]`, e.g.
//! `... -- datasets/demo130/demo130.parquet demo130/nmos 27 1 10 38`. The first N devices of the family, all points, the
//! default recipe with a trunk of 20 and 20 neurons, without bounds on gm and gds.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::hint::black_box;
use std::path::PathBuf;
use std::time::Instant;

use gummel_data::{Dataset, ReadOptions, Selection, read};
use gummel_device::metrics::Spread;
use gummel_kernel::{Batch, Folded, Isa, Member, Spec};
use gummel_surrogate::config::Toggle;
use gummel_surrogate::{DeviceReport, FitConfig, fit};

type Failure = Box<dyn std::error::Error>;

/// Biases of an evaluation.
const BIASES: usize = 4096;
/// Repetitions of a timing; the fastest counts, since everything else on the machine only adds.
const TRIES: usize = 15;

fn main() -> Result<(), Failure> {
    // Cargo starts a bench in its package's folder; relative paths are meant from the repository's root.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [data, family, celsius, numbers @ ..] = args.as_slice() else {
        println!("usage: cargo bench -p gummel-surrogate --bench together -- DATA FAMILY CELSIUS [N ...]");
        return Ok(());
    };
    let reading = read(&[PathBuf::from(data)], &ReadOptions::default(), &|_| ())?;
    let all = Dataset::assemble(&reading.table, &reading.files, &Selection::of(family, celsius.parse()?))?;
    let numbers: Vec<usize> =
        if numbers.is_empty() { Ok(vec![1, 10, 38]) } else { numbers.iter().map(|n| n.parse()).collect() }?;
    println!("{family}: {} devices", all.devices.len());
    println!(
        "\nfitting\n   N  points  at once s  one by one s  ratio  rel_rms median %: at once  one by one"
    );
    for n in &numbers {
        fitting(&first(&all, *n))?;
    }
    println!("\nevaluating {BIASES} biases, one thread: million drain currents per second");
    println!("{:>4} {:>10} {:>12} {:>6}", "N", "at once", "one by one", "ratio");
    let model = fit(&all, &config(), &mut ())?.model;
    for n in &numbers {
        evaluating(&model.spec, (*n).min(all.devices.len()))?;
    }
    Ok(())
}

fn config() -> FitConfig {
    let mut config = FitConfig::default();
    config.network.hidden = vec![20, 20];
    config.charges.fit = Toggle::Off;
    config.constraints.steps = 0;
    config
}

fn first(data: &Dataset, n: usize) -> Dataset {
    Dataset { devices: data.devices.iter().take(n).cloned().collect(), files: data.files.clone() }
}

fn fitting(data: &Dataset) -> Result<(), Failure> {
    let config = config();
    let begin = Instant::now();
    let together = fit(data, &config, &mut ())?.report.devices;
    let at_once = begin.elapsed().as_secs_f64();
    let begin = Instant::now();
    let mut alone = Vec::new();
    for device in &data.devices {
        let one = Dataset { devices: vec![device.clone()], files: data.files.clone() };
        alone.extend(fit(&one, &config, &mut ())?.report.devices);
    }
    let one_by_one = begin.elapsed().as_secs_f64();
    let median = |d: &[DeviceReport]| 100.0 * Spread::over(d.iter().map(|d| d.errors.rel_rms)).median;
    println!(
        "{:>4} {:>7} {at_once:>10.1} {one_by_one:>13.1} {:>6.2} {:>26.2} {:>11.2}",
        data.devices.len(),
        data.devices.iter().map(gummel_data::DeviceData::len).sum::<usize>(),
        one_by_one / at_once,
        median(&together),
        median(&alone),
    );
    Ok(())
}

fn evaluating(spec: &Spec, n: usize) -> Result<(), Failure> {
    let folded: Vec<Folded> =
        (0..n).map(|d| Folded::new(spec, Member::Device(d), &spec.devices[d].place)).collect();
    let isa = Isa::detect();
    let all = Batch::new(&folded, isa)?;
    let each: Vec<Batch> =
        folded.iter().map(|f| Batch::new(std::slice::from_ref(f), isa)).collect::<Result<_, _>>()?;
    let biases: Vec<[f64; 4]> = (0..BIASES)
        .map(|k| {
            let part = |steps: usize, at: usize| (at % steps) as f64 / (steps - 1) as f64;
            [1.2 * part(64, k), 1.2 * part(64, k / 64), 0.0, -0.6 * part(4, k / 7)]
        })
        .collect();
    let mut id = vec![0.0; n * BIASES];
    let at_once = fastest(|| all.currents(black_box(&biases), &mut id));
    let one_by_one = fastest(|| {
        for (batch, id) in each.iter().zip(id.chunks_exact_mut(BIASES)) {
            batch.currents(black_box(&biases), id);
        }
    });
    let rate = |seconds: f64| 1e-6 * (n * BIASES) as f64 / seconds;
    println!("{n:>4} {:>10.1} {:>12.1} {:>6.2}", rate(at_once), rate(one_by_one), one_by_one / at_once);
    Ok(())
}

/// Seconds of the fastest of several runs.
fn fastest(mut run: impl FnMut()) -> f64 {
    let mut least = f64::INFINITY;
    for _ in 0..TRIES {
        let begin = Instant::now();
        run();
        least = least.min(begin.elapsed().as_secs_f64());
    }
    least
}
