//! Time and memory of a fit against the number of devices, on a synthetic family: one process per size.
//!
//! `cargo bench -p gummel-surrogate --bench scale -- DEVICES [GATES]`; a device has 12 curves of GATES points.
#![allow(clippy::print_stdout, reason = "a benchmark reports on standard output")]

use std::time::Instant;

use gummel_surrogate::config::LmConfig;
use gummel_surrogate::solve_problem;
use gummel_surrogate::synthetic::Synthetic;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let devices = numbers.first().copied().unwrap_or(38);
    let gates = numbers.get(1).copied().unwrap_or(10);
    let family = Synthetic { devices, gates, hidden: vec![20, 20], ..Synthetic::default() };
    let begin = Instant::now();
    let mut problem = family.problem();
    let made = begin.elapsed().as_secs_f64();
    let solved = solve_problem(&mut problem, &LmConfig { max_steps: 10, ..LmConfig::default() }, 0, &mut ())?;
    let all: Vec<f64> =
        solved.history.iter().filter(|h| h.stage == "all points").map(|h| h.seconds).collect();
    let per_step = match (all.first(), all.last()) {
        (Some(first), Some(last)) if all.len() > 1 => (last - first) / (all.len() - 1) as f64,
        _ => f64::NAN,
    };
    let last = solved.history.last();
    println!(
        "{devices} devices, {} points, made in {made:.1} s: {:.1} s in all, {:.3} s per step on all points, error {:.2} %, \
         peak memory {}",
        problem.points(),
        last.map_or(f64::NAN, |h| h.seconds),
        per_step,
        100.0 * last.map_or(f64::NAN, |h| h.loss.sqrt()),
        peak_memory().unwrap_or_else(|| "unknown".into())
    );
    Ok(())
}

/// Largest resident size of this process so far, where the system says it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|l| l.strip_prefix("VmHWM:")).map(|v| v.trim().to_owned())
}
