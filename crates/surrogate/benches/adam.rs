//! Samples per second of AdamW in burn against batch size, on the processor and, with `--features wgpu`, a GPU.
//!
//! `cargo bench -p gummel-surrogate --bench adam -- [steps]`; a 3-20-20 trunk and 30 devices.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::ops::ControlFlow;
use std::time::Instant;

use gummel_surrogate::adamw::{open, solve};
use gummel_surrogate::config::{AdamwConfig, ComputeDevice};
use gummel_surrogate::synthetic::Synthetic;

fn main() {
    // Cargo itself passes `--bench`.
    let steps = std::env::args().skip(1).find_map(|a| a.parse().ok()).unwrap_or(100);
    let family = Synthetic { devices: 30, gates: 200, hidden: vec![20, 20], ..Synthetic::default() };
    let mut problem = family.problem();
    let start = family.start(&problem);
    for kind in [ComputeDevice::Cpu, ComputeDevice::Gpu] {
        let name = match open(kind) {
            Ok(compute) => compute.name,
            Err(e) => {
                println!("SKIPPED: {e}");
                continue;
            }
        };
        println!("{name}: {} points", problem.points());
        println!("{:>8} {:>8} {:>16} {:>16}", "batch", "slopes", "ms per step", "samples/s");
        for slope_weight in [0.0, 1.0] {
            problem.slope_weight = slope_weight;
            for batch in [256, 1024, 4096, 16384, 65536] {
                let config = AdamwConfig { device: kind, steps, batch, ..AdamwConfig::default() };
                // The first run compiles shaders and warms caches.
                let mut seconds = f64::INFINITY;
                for _ in 0..2 {
                    let begin = Instant::now();
                    let mut started = begin;
                    let done = solve(&problem, None, &start, &config, 0, &mut |j| {
                        if j.step == 0 {
                            started = Instant::now();
                        }
                        ControlFlow::Continue(())
                    });
                    if let Err(e) = done {
                        println!("{e}");
                        return;
                    }
                    seconds = started.elapsed().as_secs_f64().min(seconds);
                }
                let rate = (steps * batch.min(problem.points())) as f64 / seconds;
                println!("{batch:>8} {slope_weight:>8} {:>16.3} {rate:>16.0}", 1e3 * seconds / steps as f64);
            }
        }
    }
}
