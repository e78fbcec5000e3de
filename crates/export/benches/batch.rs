//! Points per second of one device at many biases: the kernel against ONNX Runtime, NumPy and PyTorch on the same network.
//!
//! `cargo bench -p gummel-export --bench batch -- RUN [DEVICE]` with a run or model folder; see `README.md` beside this file. One
//! thread, double precision. Python programs say how far their currents are from the kernel's; a package that is missing
//! is named.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark reports on standard output and stops at trouble"
)]

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use gummel_export::{ExportOptions, Selection, Target, export};
use gummel_kernel::{Batch, Dual, Folded, Instance, Isa, Member};
use gummel_model::Model;
use serde_json::json;

/// Biases per call.
const SIZES: [usize; 5] = [1, 16, 256, 4096, 65_536];
/// Repetitions of a timing; the fastest counts, since everything else on the machine only adds.
const TRIES: usize = 50;
/// Shortest repetition, s: shorter than what other programs on the machine interrupt.
const SHORTEST: f64 = 1e-3;

fn main() {
    // Cargo starts a bench in its package's folder; relative paths are meant from the repository's root.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let [run, rest @ ..] = arguments.as_slice() else {
        println!("usage: cargo bench -p gummel-export --bench batch -- RUN [DEVICE]");
        return;
    };
    let model = load(Path::new(run));
    let name = rest.first().cloned().unwrap_or_else(|| model.spec.devices[0].name.clone());
    let member = model.device_index(&name).unwrap();
    let folded = Folded::new(&model.spec, Member::Device(member), &model.spec.devices[member].place);
    let biases = biases(model.spec.devices[member].range, model.spec.sign);
    println!("{}, {name}, {:?}", model.manifest.title(), Isa::detect());
    println!("{:>22} {:>8} {:>14} {:>22}", "program", "biases", "id, M/s", "id gm gds gmb, M/s");
    let batch = Batch::new(std::slice::from_ref(&folded), Isa::detect()).unwrap();
    let mut currents = vec![0.0; biases.len()];
    let (instance, bias) = (Instance::from_folded(folded.clone(), Isa::detect()), biases[0]);
    let id = rate(1, || {
        black_box(instance.current(black_box(bias)));
    });
    let derivatives = rate(1, || {
        black_box(instance.eval_currents(black_box(bias)));
    });
    println!("{:>22} {:>8} {id:>14.3} {derivatives:>22.3}", "kernel, one bias", 1);
    for size in SIZES {
        let mut all = vec![Dual::default(); size];
        let id = rate(size, || batch.currents(black_box(&biases[..size]), black_box(&mut currents[..size])));
        let derivatives = rate(size, || batch.derivatives(black_box(&biases[..size]), black_box(&mut all)));
        println!("{:>22} {size:>8} {id:>14.3} {derivatives:>22.3}", "kernel");
    }
    batch.currents(&biases, &mut currents);

    let folder = tempfile::tempdir().unwrap();
    let selection = Selection { devices: vec![name], ..Selection::default() };
    let options = ExportOptions { selection, ..ExportOptions::default() };
    for (target, file) in
        [(Target::Onnx, "f64.onnx"), (Target::OnnxF32, "f32.onnx"), (Target::Numpy, "device.py")]
    {
        export(&model, target, &options, &folder.path().join(file)).unwrap();
    }
    let question = json!({
        "sizes": SIZES,
        "tries": TRIES,
        "shortest": SHORTEST,
        "biases": biases,
        "id": currents,
        "network": network(&folded),
    });
    ask(folder.path(), &question.to_string());
}

/// Runs the Python part, which prints its own rows.
fn ask(folder: &Path, question: &str) {
    let python = std::env::var("GUMMEL_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/batch.py");
    let started = Command::new(&python).arg(script).arg(folder).stdin(Stdio::piped()).spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(error) => return println!("SKIPPED: Python's programs: cannot start {python}: {error}"),
    };
    child.stdin.take().unwrap().write_all(question.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{script} failed");
}

fn load(folder: &Path) -> Model {
    let inside = folder.join("model");
    Model::load(if inside.is_dir() { &inside } else { folder }).unwrap()
}

/// As many biases `[vd, vg, vs, vb]` as the largest batch, over the fitted range.
fn biases(range: [[f64; 2]; 3], sign: f64) -> Vec<[f64; 4]> {
    let at = |k: usize, t: f64| sign * (range[k][0] + t * (range[k][1] - range[k][0]));
    // Halton's sequence in bases 2, 3, 5 fills the box evenly.
    let halton = |mut n: usize, base: usize| {
        let (mut value, mut digit) = (0.0, 1.0 / base as f64);
        while n > 0 {
            value += (n % base) as f64 * digit;
            n /= base;
            digit /= base as f64;
        }
        value
    };
    let count = SIZES.iter().copied().max().unwrap_or(1);
    (1..=count).map(|n| [at(1, halton(n, 2)), at(0, halton(n, 3)), 0.0, at(2, halton(n, 5))]).collect()
}

/// The network of the currents, for PyTorch.
fn network(folded: &Folded) -> serde_json::Value {
    let branch = &folded.branches[0];
    let layer = |l: &gummel_kernel::Layer| json!({"inputs": l.inputs, "weight": l.weight, "bias": l.bias});
    let head = |o: &gummel_kernel::FoldedOutput| json!({"kind": format!("{:?}", o.kind), "scale": o.scale, "head": o.head, "constant": o.constant});
    json!({
        "sign": folded.sign,
        "symmetric": branch.features.symmetric,
        "smoothing": branch.features.smoothing,
        "knee": branch.features.knee,
        "saturation": branch.features.saturation,
        "center": branch.features.center,
        "scale": branch.features.scale,
        "layers": branch.layers.iter().map(layer).collect::<Vec<_>>(),
        "heads": branch.outputs.iter().map(head).collect::<Vec<_>>(),
    })
}

/// Million items per second of the fastest of [`TRIES`] runs.
fn rate(items: usize, mut run: impl FnMut()) -> f64 {
    let mut fastest = f64::INFINITY;
    for _ in 0..TRIES {
        let (start, mut rounds) = (Instant::now(), 0.0);
        while start.elapsed().as_secs_f64() < SHORTEST {
            run();
            rounds += 1.0;
        }
        fastest = fastest.min(start.elapsed().as_secs_f64() / rounds);
    }
    1e-6 * items as f64 / fastest
}
