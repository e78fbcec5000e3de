//! CPU time of ring oscillators in ngspice: exported models, the same models as compiled Verilog-A, the simulator's own BSIM4.
//!
//! `cargo bench -p gummel-export --bench rings -- RUN_N RUN_P [RUNS]` with the run or model folders of an n- and a
//! p-channel model of 0.13 um devices, `W1u_L0.13u` among them. One thread, maximal time step 2 ps, so that all
//! variants accept the same time points; each is run RUNS (default 5) times in turn and the median counts.
//! Verilog-A is compiled by `verilog_a.py`, where Python has `openvaf-py`.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reports on standard output and stops at trouble"
)]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use gummel_export::osdi::{self, Options};
use gummel_export::stamp::identifier;
use gummel_export::{Selection, verilog_a};
use gummel_model::Model;

const DEVICE: &str = "W1u_L0.13u";
/// Stages and length of the simulation, ns: enough for a second or so of CPU time.
const RINGS: [(usize, u32); 3] = [(5, 60), (51, 8), (101, 16)];

fn main() {
    // Cargo starts a bench in its package's folder; relative paths are meant from the repository's root.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [n, p, rest @ ..] = arguments.as_slice() else {
        println!("usage: cargo bench -p gummel-export --bench rings -- RUN_N RUN_P [RUNS]");
        return;
    };
    let runs = rest.first().map_or(5, |r| r.parse().unwrap());
    let models = [n, p].map(|folder| load(Path::new(folder)));
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("rings.osdi");
    // One device type, which a simulator enters once an iteration.
    let names = vec!["ring".to_owned()];
    osdi::write(&models.each_ref(), &library, &Options { names, ..Options::default() }).unwrap();
    let families = models.each_ref().map(|m| m.manifest.family.as_str());
    for model in &models {
        println!("{}: {}", model.manifest.title(), shape(model));
    }
    let mut variants = vec![("BSIM4", bsim4()), ("gummel", exported(&library, families))];
    match compile(folder.path(), &models) {
        Ok(verilog_a) => variants.push(("Verilog-A", verilog_a)),
        Err(why) => println!("SKIPPED: Verilog-A: {why}"),
    }
    let simulator = simulator();
    println!(
        "{:>7} {:>9} {:>9} {:>12} {:>12} {:>12} {:>7}",
        "stages", "variant", "points", "iterations", "period ps", "CPU s", "ratio"
    );
    for (stages, stop) in RINGS {
        let decks: Vec<String> = variants.iter().map(|(_, devices)| deck(stages, stop, devices)).collect();
        let mut times = vec![Vec::new(); variants.len()];
        let mut facts = vec![String::new(); variants.len()];
        for _ in 0..runs {
            for (k, deck) in decks.iter().enumerate() {
                let (seconds, log) = run(&simulator, folder.path(), deck);
                times[k].push(seconds);
                facts[k] = log;
            }
        }
        let reference = median(&mut times[0]);
        for (k, (variant, _)) in variants.iter().enumerate() {
            let seconds = median(&mut times[k]);
            let [points, iterations] =
                ["Accepted timepoints", "Transient iterations"].map(|f| number(&facts[k], f));
            let period = 1e12 * number(&facts[k], "period");
            println!(
                "{stages:>7} {variant:>9} {points:>9} {iterations:>12} {period:>12.3} {seconds:>12.2} {:>7.2}",
                seconds / reference
            );
        }
    }
}

fn load(folder: &Path) -> Model {
    let inside = folder.join("model");
    Model::load(if inside.is_dir() { &inside } else { folder }).unwrap()
}

fn shape(model: &Model) -> String {
    let widths = |b: &gummel_kernel::Branch| {
        b.layers.iter().map(|l| l.outputs.to_string()).collect::<Vec<_>>().join("x")
    };
    let trunks: Vec<String> = model.spec.branches.iter().map(widths).collect();
    format!("currents {}, charges {}", trunks[0], trunks.get(1).map_or("linear overlap only", String::as_str))
}

/// What `GUMMEL_NGSPICE` names, else what `tests/ngspice.sh` unpacks.
fn simulator() -> PathBuf {
    if let Some(path) = std::env::var_os("GUMMEL_NGSPICE") {
        return path.into();
    }
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/ngspice.sh");
    let output = Command::new("sh").arg(script).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().into()
}

/// How a deck gets its transistors.
struct Devices {
    /// Lines before the circuit.
    models: String,
    /// A command before the analysis.
    load: String,
    /// How names of instances begin.
    letter: char,
    /// What stands behind the nodes, of p-channel and of n-channel instances.
    tails: [String; 2],
}

/// The cards that the data came from.
fn bsim4() -> Devices {
    let cards = concat!(env!("CARGO_MANIFEST_DIR"), "/../../datasets/demo130/models/demo130.lib");
    let size = "w=1u l=0.13u ad=0.34p as=0.34p pd=2.68u ps=2.68u";
    Devices {
        models: format!(".lib '{cards}' tt\n"),
        load: String::new(),
        letter: 'm',
        tails: [format!("pmos {size}"), format!("nmos {size}")],
    }
}

/// Devices of the library written by gummel, whose n- and p-channel families are given.
fn exported(library: &Path, families: [&str; 2]) -> Devices {
    let card = |(c, family)| format!(".model {c}ch ring family=\"{family}\" device=\"{DEVICE}\"\n");
    of_library(library, ["n", "p"].into_iter().zip(families).map(card).collect())
}

fn of_library(library: &Path, models: String) -> Devices {
    let load = format!("pre_osdi {}\n", library.display());
    Devices { models, load, letter: 'n', tails: ["pch".to_owned(), "nch".to_owned()] }
}

/// The models written as Verilog-A and compiled by `verilog_a.py`, or why that cannot be had.
fn compile(folder: &Path, models: &[Model; 2]) -> Result<Devices, String> {
    let library = folder.join("verilog_a.osdi");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/verilog_a.py");
    let python = std::env::var_os("GUMMEL_PYTHON").unwrap_or_else(|| "python3".into());
    let mut command = Command::new(python);
    command.arg(script).arg(&library);
    let mut cards = String::new();
    for (c, model) in ["n", "p"].into_iter().zip(models) {
        let path = folder.join(format!("{c}.va"));
        let one = Selection { devices: vec![DEVICE.to_owned()], ..Selection::default() };
        std::fs::write(&path, verilog_a::text(model, &one).unwrap()).unwrap();
        command.arg(path);
        writeln!(cards, ".model {c}ch {}", identifier(&model.manifest.title())).unwrap();
    }
    let output = command.output().map_err(|e| e.to_string())?;
    if output.status.success() {
        return Ok(of_library(&library, cards));
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.lines().last().unwrap_or("no word").to_owned() + " (pip install openvaf-py, and a C compiler)")
}

/// A ring of inverters with 5 fF a node.
fn deck(stages: usize, stop: u32, devices: &Devices) -> String {
    let Devices { models, load, letter, tails: [p, n] } = devices;
    let mut text = format!("* ring\nvdd vdd 0 1.2\n.ic v(n0)=0\n{models}");
    for k in 0..stages {
        let (input, output) = (format!("n{k}"), format!("n{}", (k + 1) % stages));
        writeln!(text, "c{k} {input} 0 5f").unwrap();
        writeln!(text, "{letter}p{k} {output} {input} vdd vdd {p} m=2").unwrap();
        writeln!(text, "{letter}n{k} {output} {input} 0 0 {n}").unwrap();
    }
    writeln!(
        text,
        ".control\n{load}set num_threads=1\nsave v(n1)\ntran 2p {stop}n 0 2p\n\
         meas tran period trig v(n1) val=0.6 rise=1 targ v(n1) val=0.6 rise=2\n\
         rusage accept traniter\nquit\n.endc\n.end"
    )
    .unwrap();
    text
}

/// CPU seconds of a run, and its log.
fn run(simulator: &Path, folder: &Path, deck: &str) -> (f64, String) {
    std::fs::write(folder.join("ring.cir"), deck).unwrap();
    let before = cpu_of_children();
    let output = Command::new(simulator).args(["-b", "ring.cir"]).current_dir(folder).output().unwrap();
    let seconds = cpu_of_children() - before;
    let log = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (seconds, log)
}

/// CPU seconds of all finished child processes: fields 16 and 17 of Linux's `/proc/self/stat`, in hundredths.
fn cpu_of_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[13..15].iter().map(|f| f.parse::<f64>().unwrap() / 100.0).sum()
}

/// The number behind `name` and an equals sign.
fn number(log: &str, name: &str) -> f64 {
    let line = log
        .lines()
        .find(|l| l.trim_start().starts_with(name))
        .unwrap_or_else(|| panic!("no '{name}' in\n{log}"));
    line.split_once('=').unwrap().1.split_whitespace().next().unwrap().parse().unwrap()
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
