//! Fits a family of measured devices and prints errors against time: the numbers of docs/benchmarks.md.
//!
//! `cargo bench -p gummel-surrogate --bench fit -- DATA FAMILY CELSIUS [KEY=VALUE ...]`, e.g.
//! `... -- ../shared/data/silicon/ihp '*/lv_nmos' 27 solver.max_steps=30`. CELSIUS `all` takes every temperature.
//! Keys are those of a recipe; values are TOML. `--devices` prints every device's errors too.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::path::PathBuf;

use gummel_data::{Dataset, ReadOptions, read};
use gummel_surrogate::{FitConfig, Observer, Progress, fit};

struct Print;

impl Observer for Print {
    fn progress(&mut self, p: &Progress) {
        if p.step.is_multiple_of(10) {
            println!("{:<12} step {:>4}  {:>7.2} s  loss {:.3e}", p.stage, p.step, p.seconds, p.loss);
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo starts a bench in its package's folder; relative paths are meant from the repository's root.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
    let args: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let (flags, args): (Vec<String>, Vec<String>) = args.into_iter().partition(|a| a.starts_with("--"));
    let [data, family, celsius, overrides @ ..] = args.as_slice() else {
        println!("usage: cargo bench -p gummel-surrogate --bench fit -- DATA FAMILY CELSIUS [KEY=VALUE ...]");
        return Ok(());
    };
    let mut recipe = String::from("[solver]\nkind = \"lm\"\n");
    for o in overrides {
        recipe = set(&recipe, o)?;
    }
    let mut config: FitConfig = toml::from_str(&recipe)?;
    config.selection.family = vec![family.clone()];
    if celsius != "all" {
        config.selection.temperature = vec![celsius.parse()?];
    }
    let reading = read(&[PathBuf::from(data)], &ReadOptions::default(), &|_| ())?;
    let dataset = Dataset::assemble(&reading.table, &reading.files, &config.selection)?;
    let fitted = fit(&dataset, &config, &mut Print)?;
    let report = &fitted.report;
    println!("{:?}, {:.2} s, stopped: {:?}", report.parameters, report.seconds, report.stopped);
    for decision in &report.decisions {
        println!("{decision}");
    }
    for d in report.devices.iter().filter(|d| d.verdict.is_some()) {
        println!("{}: {}", d.name, d.verdict.as_deref().unwrap_or_default());
    }
    if flags.iter().any(|f| f == "--devices") {
        for d in &report.devices {
            let e = d.errors;
            println!(
                "{:?} {} weight {:.3} rel_rms {:.5} log10_rms {:.5} nrmse {:.5} gm {:.5} gds {:.5}",
                d.part,
                d.name,
                d.weight,
                e.rel_rms,
                e.log10_rms,
                e.nrmse,
                d.gm_rel_l2.unwrap_or(f64::NAN),
                d.gds_rel_l2.unwrap_or(f64::NAN)
            );
        }
    }
    for s in &report.summaries {
        println!("{:?}: {} devices, {} points", s.part, s.devices, s.points);
        for (name, v) in s.rows() {
            println!(
                "  {name:<11} median {:.5}  p10 {:.5}  p90 {:.5}  worst {:.5}",
                v.median, v.p10, v.p90, v.worst
            );
        }
    }
    Ok(())
}

/// Sets a dotted key in a TOML text.
fn set(recipe: &str, assignment: &str) -> Result<String, Box<dyn std::error::Error>> {
    let (key, value) = assignment.split_once('=').ok_or("expected KEY=VALUE")?;
    let mut table: toml::Table = toml::from_str(recipe)?;
    let value: toml::Table = toml::from_str(&format!("v = {value}"))?;
    let mut at = &mut table;
    let parts: Vec<&str> = key.split('.').collect();
    for p in &parts[..parts.len() - 1] {
        at = at.entry(*p).or_insert_with(|| toml::Table::new().into()).as_table_mut().ok_or("not a table")?;
    }
    at.insert(parts[parts.len() - 1].to_owned(), value["v"].clone());
    Ok(toml::to_string(&table)?)
}
