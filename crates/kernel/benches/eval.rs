//! Time of one evaluation with full Jacobian and of batches: `cargo bench -p gummel-kernel`.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::hint::black_box;
use std::time::Instant;

use gummel_kernel::{Batch, Dual, Folded, Instance, Isa, Member, Sample, Spec};

/// Repetitions of a timing; the fastest counts, since everything else on the machine only adds.
const TRIES: usize = 15;
/// Arithmetic of one tanh, in floating-point operations.
const TANH: f64 = 40.0;

fn main() {
    println!("one bias: drain current with gm, gds, gmb; then also charges with capacitances");
    println!("{:>8} {:>10} {:>9} {:>9} {:>12}", "trunk", "isa", "ns", "GFLOP/s", "charges, ns");
    for width in [16, 20, 24, 32] {
        let spec = family(width, 1);
        let charged = Sample {
            layers: vec![width, width],
            devices: 1,
            charges: true,
            bounded: true,
            ..Sample::default()
        }
        .spec();
        for isa in Isa::available() {
            let (ns, both) = (single(&spec, isa), single(&charged, isa));
            let rate = flops(width, 1, 2.0) / ns;
            println!("{:>8} {:>10} {ns:>9.0} {rate:>9.1} {both:>12.0}", trunk(width), name(isa));
        }
    }
    println!("\n4096 biases: million drain currents per second, alone and with gm, gds, gmb");
    println!(
        "{:>8} {:>10} {:>8} {:>9} {:>9} {:>15} {:>9}",
        "trunk", "isa", "devices", "id", "GFLOP/s", "id gm gds gmb", "GFLOP/s"
    );
    for (width, devices) in [(16, 1), (20, 1), (20, 100), (32, 1)] {
        let spec = family(width, devices);
        for isa in Isa::available() {
            let (id, all) = batch(&spec, isa);
            println!(
                "{:>8} {:>10} {devices:>8} {:>9.2} {:>9.1} {:>15.2} {:>9.1}",
                trunk(width),
                name(isa),
                1e3 / id,
                flops(width, devices, 1.0) / id,
                1e3 / all,
                flops(width, devices, 4.0) / all,
            );
        }
    }
}

fn family(width: usize, devices: usize) -> Spec {
    Sample { layers: vec![width, width], devices, bounded: true, ..Sample::default() }.spec()
}

fn trunk(width: usize) -> String {
    format!("2x{width}")
}

fn name(isa: Isa) -> String {
    format!("{isa:?}")
}

/// Operations of one drain current of `devices` on a trunk: `passes` times the multiply-adds (two each), and the tanh.
fn flops(width: usize, devices: usize, passes: f64) -> f64 {
    let (trunk, neurons) = ((3 * width + width * width) as f64, 2.0 * width as f64);
    (2.0 * passes * trunk + TANH * neurons) / devices as f64 + 2.0 * passes * width as f64
}

/// Nanoseconds of one bias.
fn single(spec: &Spec, isa: Isa) -> f64 {
    let instance = Instance::from_folded(folded(spec, 0), isa);
    let biases = grid(256);
    best(biases.len(), || {
        for &v in &biases {
            black_box(instance.eval(black_box(v)));
        }
    })
}

/// Nanoseconds per drain current of all devices at many biases: the value alone, and with derivatives.
fn batch(spec: &Spec, isa: Isa) -> (f64, f64) {
    let devices: Vec<Folded> = (0..spec.devices.len()).map(|d| folded(spec, d)).collect();
    let batch = Batch::new(&devices, isa).expect("one trunk");
    let biases = grid(4096);
    let n = biases.len() * devices.len();
    let (mut id, mut all) = (vec![0.0; n], vec![Dual::default(); n]);
    (
        best(n, || batch.currents(black_box(&biases), black_box(&mut id))),
        best(n, || batch.derivatives(black_box(&biases), black_box(&mut all))),
    )
}

fn folded(spec: &Spec, device: usize) -> Folded {
    Folded::new(spec, Member::Device(device), &spec.devices[0].place)
}

/// Biases over the gate and drain voltages of a digital circuit.
fn grid(n: u32) -> Vec<[f64; 4]> {
    (0..n)
        .map(|i| [f64::from(i % 16) * 0.1, f64::from(i / 16 % 16) * 0.1, 0.0, -0.01 * f64::from(i % 7)])
        .collect()
}

/// Nanoseconds per item of the fastest of [`TRIES`] runs of at least a millisecond.
fn best(items: usize, mut run: impl FnMut()) -> f64 {
    let mut fastest = f64::INFINITY;
    for _ in 0..TRIES {
        let (start, mut rounds) = (Instant::now(), 0);
        while start.elapsed().as_micros() < 1000 {
            run();
            rounds += 1;
        }
        fastest = fastest.min(start.elapsed().as_nanos() as f64 / f64::from(rounds) / items as f64);
    }
    fastest
}
