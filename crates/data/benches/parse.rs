//! Parse throughput into the table: megabytes per second and core over a folder of measurements.
//!
//! `GUMMEL_SHARED=... RAYON_NUM_THREADS=1 cargo bench -p gummel-data --bench parse`

use gummel_data::{ReadOptions, read};
use std::path::PathBuf;
use std::time::Instant;

/// Runs timed; the fastest is the one that other programs disturbed least.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Cargo starts a bench in its package's folder; relative paths are meant from the repository's root.
    std::env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))?;
    let shared = std::env::var_os("GUMMEL_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let folder = shared.join("data/silicon");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no measured silicon at {}; set GUMMEL_SHARED", folder.display());
        return Ok(());
    }
    let mut fastest = f64::INFINITY;
    let (mut bytes, mut rows) = (0, 0);
    for _ in 0..RUNS {
        let start = Instant::now();
        let reading = read(std::slice::from_ref(&folder), &ReadOptions::default(), &|_| ())?;
        fastest = fastest.min(start.elapsed().as_secs_f64());
        bytes = reading.files.iter().map(|f| f.bytes).sum::<u64>();
        rows = reading.table.len();
    }
    let threads = std::env::var("RAYON_NUM_THREADS").ok().and_then(|n| n.parse().ok());
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    let megabytes = bytes as f64 / 1e6;
    #[allow(clippy::print_stdout, reason = "a benchmark prints its result")]
    {
        println!("{megabytes:.1} MB, {rows} rows, {fastest:.3} s on {threads} threads");
        println!("{:.0} MB/s per core, files to validated table", megabytes / fastest / threads as f64);
    }
    Ok(())
}
