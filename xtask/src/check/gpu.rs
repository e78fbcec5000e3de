//! The build with burn's wgpu backend: losses of both backends step by step, and a fit on the command line.
//!
//! Any driver of Vulkan, Metal or DirectX 12 will do; without one the tests skip themselves and say so.

use anyhow::{Context, Result};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Tally, command, listen_to, release};

/// The packages with the backend; `xtask` keeps the features of other dependencies what they are in all other tests.
const PACKAGES: [&str; 8] = [
    "--release",
    "--package",
    "gummel-surrogate",
    "--package",
    "gummel-cli",
    "--package",
    "xtask",
    "--features=xtask/datasets,gummel-cli/wgpu",
];
/// A fit of seconds on a driver in software.
const RECIPE: &str = "[network]\nhidden = [8, 8]\n[solver]\nkind = \"adamw\"\nsteps = 20\nbatch = 256\n[charges]\nfit = \"off\"\n";

/// Builds and runs.
///
/// # Errors
/// A program cannot be started, or the recipe not be written.
pub(super) fn run(root: &Path) -> Result<Tally> {
    let mut tests = command(root, &["test"]);
    tests.args(PACKAGES).args(["--lib", "--", "adamw", "--show-output", "--color=never"]);
    let mut tally = listen_to(tests)?;
    if tally.failed > 0 || tally.skipped > 0 {
        return Ok(tally);
    }
    let built =
        command(root, &["build"]).args(PACKAGES).arg("--bins").status().context("cannot run cargo")?;
    let (recipe, run) = (root.join("target/check-gpu.toml"), root.join("target/check-gpu"));
    if run.exists() {
        std::fs::remove_dir_all(&run)?;
    }
    std::fs::write(&recipe, RECIPE)?;
    let fitted = Command::new(release(root, "gummel"))
        .args(["fit", "demo130-noisy", "--family", "*/nmos", "--device", "gpu", "--no-plots", "--config"])
        .arg(&recipe)
        .arg("--out")
        .arg(&run)
        .stdin(Stdio::null())
        .status()
        .context("cannot run gummel")?;
    tally += Tally::of(built.success() && fitted.success());
    Ok(tally)
}
