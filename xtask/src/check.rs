//! `cargo xtask check`: what a change must pass, in an order that shares builds, with a counted closing line.

mod gpu;
mod programs;
mod python;
mod tally;

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use tally::Tally;

/// One step: its name and what it runs.
struct Step {
    name: &'static str,
    /// How long it takes, where everything is built anew, as a share of the time since the check began, about; 0 for
    /// those that begin early enough.
    share: f64,
    run: fn(&Path) -> Result<Tally>,
}

/// Building dependencies dominates, so everything that runs tests or the program shares one build of them; clippy
/// and rustdoc share another, of type information only. The backend for graphics comes last: it leaves another program.
const STEPS: [Step; 10] = [
    Step { name: "fmt", share: 0.0, run: |root| cargo(root, &["fmt", "--all", "--check"]) },
    Step { name: "tidy", share: 0.0, run: tidy },
    Step { name: "book", share: 0.0, run: |root| cargo(root, &BOOK) },
    // Unit, integration and documentation tests.
    Step { name: "test", share: 0.0, run: |root| listen_to(command(root, &TEST)) },
    Step { name: "main-job", share: 0.02, run: main_job },
    Step { name: "python", share: 0.2, run: python::run },
    Step { name: "programs", share: 0.15, run: programs::run },
    Step { name: "clippy", share: 0.15, run: |root| cargo(root, &CLIPPY) },
    Step { name: "rustdoc", share: 0.1, run: rustdoc },
    Step { name: "gpu", share: 0.8, run: gpu::run },
];

const BOOK: [&str; 8] = ["run", "--release", "--package", "xtask", "--features", "book", "--", "book"];
const TEST: [&str; 8] = [
    "test",
    "--release",
    "--workspace",
    "--features=xtask/datasets",
    "--no-fail-fast",
    // Without it a test that skips itself is not heard.
    "--",
    "--show-output",
    "--color=never",
];
const CLIPPY: [&str; 8] = [
    "clippy",
    "--release",
    "--workspace",
    "--features=xtask/datasets",
    "--all-targets",
    "--",
    "--deny",
    "warnings",
];
const RUSTDOC: [&str; 4] = ["doc", "--release", "--workspace", "--no-deps"];

/// Minutes that all may take: no step begins that would not end within them. What a machine with a time limit sets, so that it
/// hears of all steps before.
const LIMIT: &str = "GUMMEL_CHECK_MINUTES";

/// Runs all steps, or those named, to the end even if one fails.
///
/// # Errors
/// A step of another name was asked for, [`LIMIT`] is no number, a tool is missing, or a step failed.
pub(crate) fn run(root: &Path, wanted: &[&str]) -> Result<()> {
    if let Some(name) = wanted.iter().find(|w| STEPS.iter().all(|s| s.name != **w)) {
        bail!("no step '{name}'; expected {}", STEPS.map(|s| s.name).join(" "));
    }
    let limit = match std::env::var(LIMIT) {
        Ok(minutes) => minutes.parse().with_context(|| format!("{LIMIT}={minutes}, expected minutes"))?,
        Err(_) => f64::INFINITY,
    };
    let all = Instant::now();
    let mut total = Tally::default();
    let mut broken = Vec::new();
    for step in STEPS.iter().filter(|s| is_due(s.name, wanted)) {
        println!("== {}", step.name);
        if all.elapsed().as_secs_f64() * (1.0 + step.share) > 60.0 * limit {
            total += Tally::skipped(&format!("{}: would end after {LIMIT}={limit} minutes", step.name));
            continue;
        }
        let begun = Instant::now();
        let tally = (step.run)(root)?;
        println!("== {} took {:.0} s: {tally}", step.name, begun.elapsed().as_secs_f64());
        if tally.failed > 0 {
            broken.push(step.name);
        }
        total += tally;
    }
    if !broken.is_empty() {
        println!("failed steps: {}", broken.join(" "));
    }
    println!("{total}");
    if broken.is_empty() { Ok(()) } else { bail!("the check failed: {}", broken.join(" ")) }
}

fn is_due(step: &str, wanted: &[&str]) -> bool {
    wanted.is_empty() || wanted.contains(&step)
}

/// A cargo command in `root`, as if a person had given it.
pub(crate) fn command(root: &Path, args: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(args).current_dir(root).stdin(Stdio::null());
    forget_package(&mut command);
    command
}

/// `cargo xtask` tells its child which package it runs. Build scripts that look at these variables (ring's) would run
/// again, and all that depends on them be compiled again, each time one changes between cargo and cargo xtask.
fn forget_package(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") || text == "CARGO_BIN_NAME" {
            command.env_remove(&name);
        }
    }
}

/// A program that cargo has built.
fn release(root: &Path, name: &str) -> PathBuf {
    root.join("target/release").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn cargo(root: &Path, args: &[&str]) -> Result<Tally> {
    let status = command(root, args).status().context("cannot run cargo")?;
    Ok(Tally::of(status.success()))
}

fn tidy(root: &Path) -> Result<Tally> {
    let verdict = crate::tidy::run(root).inspect_err(|wrong| println!("{wrong}"));
    Ok(Tally::of(verdict.is_ok()))
}

/// Runs `cargo test` and counts its tests.
fn listen_to(mut tests: Command) -> Result<Tally> {
    let mut child = tests.stdout(Stdio::piped()).spawn().context("cannot run cargo test")?;
    let output = child.stdout.take().context("cargo test has no output")?;
    let mut tally = tally::listen(output, |line| println!("{line}"))?;
    // A program that does not compile or dies prints no closing line.
    if !child.wait()?.success() {
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

/// The README's main job, into a folder that the next check replaces.
fn main_job(root: &Path) -> Result<Tally> {
    let run = root.join("target/check-run");
    if run.exists() {
        std::fs::remove_dir_all(&run)?;
    }
    let out = run.display().to_string();
    // The step before built the program for its tests; another cargo command would unify features anew
    // and compile the heavy dependencies a second time.
    let program = release(root, "gummel");
    let status = Command::new(&program)
        .args(["fit", "--out", &out])
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("cannot run {}", program.display()))?;
    let mut tally = Tally::of(status.success());
    for family in ["nmos", "pmos"] {
        for file in ["model/manifest.toml", "model/weights.safetensors", "summary.json", "plots"] {
            let path = run.join(family).join(file);
            if !path.exists() {
                println!("gummel fit did not write {}", path.display());
                tally = Tally::of(false);
            }
        }
    }
    Ok(tally)
}

/// Documentation of the code, without a broken link in it.
fn rustdoc(root: &Path) -> Result<Tally> {
    let status = command(root, &RUSTDOC)
        .env("RUSTDOCFLAGS", "--deny warnings")
        .status()
        .context("cannot run cargo doc")?;
    Ok(Tally::of(status.success()))
}
