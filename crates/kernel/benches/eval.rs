//! Time of one evaluation with full Jacobian and of batches: `cargo bench -p gummel-kernel`.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::hint::black_box;
use std::time::Instant;

use gummel_kernel::{Instance, Isa, Member, Sample, Spec};

/// Repetitions of a timing; the fastest counts, since everything else on the machine only adds.
const TRIES: usize = 15;

fn main() {
    println!("single point: drain current with gm, gds, gmb\n{:>8} {:>10} {:>9} {:>9}", "trunk", "isa", "ns", "GFLOP/s");
    for width in [16, 20, 24, 32] {
        let spec = Sample { layers: vec![width, width], ..Sample::default() }.spec();
        for isa in Isa::available() {
            let ns = single(&spec, isa);
            println!("{:>8} {:>10} {ns:>9.0} {:>9.1}", format!("2x{width}"), format!("{isa:?}"), flops(width) / ns);
        }
    }
}

/// Multiply-adds (two each) of value and reverse gradient; a tanh counts 40.
fn flops(width: usize) -> f64 {
    let weights = (3 * width + width * width + width) as f64;
    2.0 * 2.0 * weights + 2.0 * width as f64 * 40.0
}

fn single(spec: &Spec, isa: Isa) -> f64 {
    let instance = Instance::with_isa(spec, Member::Device(0), &spec.devices[0].place, isa);
    let biases: Vec<[f64; 4]> =
        (0..256).map(|i| [f64::from(i % 16) * 0.1, f64::from(i / 16) * 0.1, 0.0, -0.01 * f64::from(i % 7)]).collect();
    best(biases.len(), || {
        for &v in &biases {
            black_box(instance.eval(black_box(v)));
        }
    })
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
