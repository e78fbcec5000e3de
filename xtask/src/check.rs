//! `cargo xtask check`: what a change must pass, cheapest first, with a counted closing line.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

/// Tests counted over all test programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

/// One step: its name and what it runs.
struct Step {
    name: &'static str,
    run: fn(&Path, &mut Count) -> Result<bool>,
}

const STEPS: [Step; 6] = [
    Step { name: "fmt", run: |root, _| cargo(root, &["fmt", "--all", "--check"]) },
    Step { name: "tidy", run: |root, _| Ok(crate::tidy::run(root).inspect_err(|e| println!("{e}")).is_ok()) },
    Step { name: "test", run: test },
    Step { name: "main-job", run: main_job },
    Step {
        name: "clippy",
        run: |root, _| cargo(root, &["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    },
    Step { name: "book", run: book },
];

/// Runs all steps, or those named.
pub(crate) fn run(root: &Path, wanted: &[&str]) -> Result<()> {
    for name in wanted {
        if !STEPS.iter().any(|s| s.name == *name) {
            bail!("no step '{name}'; expected {}", STEPS.map(|s| s.name).join(" "));
        }
    }
    let mut count = Count::default();
    let mut broken = Vec::new();
    for step in STEPS.iter().filter(|s| wanted.is_empty() || wanted.contains(&s.name)) {
        println!("== {}", step.name);
        let begun = Instant::now();
        if !(step.run)(root, &mut count)? {
            broken.push(step.name);
        }
        println!("== {} took {:.0} s", step.name, begun.elapsed().as_secs_f64());
    }
    // A broken step that is not a test counts as one failure, so that the closing line cannot look green.
    let others = broken.iter().filter(|n| **n != "test").count() as u64;
    let tests = if broken.contains(&"test") { count.failed.max(1) } else { count.failed };
    if !broken.is_empty() {
        println!("failed steps: {}", broken.join(" "));
    }
    println!("{} passed, {} failed, {} skipped", count.passed, tests + others, count.skipped);
    if broken.is_empty() { Ok(()) } else { bail!("the check failed") }
}

fn cargo(root: &Path, args: &[&str]) -> Result<bool> {
    let status = Command::new("cargo").args(args).current_dir(root).status().context("cannot run cargo")?;
    Ok(status.success())
}

/// All unit, integration and documentation tests, counted.
fn test(root: &Path, count: &mut Count) -> Result<bool> {
    let args = ["test", "--release", "--workspace", "--no-fail-fast", "--", "--nocapture"];
    let child = Command::new("cargo")
        .args(args)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .context("cannot run cargo test")?;
    let output = child.wait_with_output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    print!("{text}");
    add(count, &text);
    Ok(output.status.success())
}

/// Adds the closing lines of test programs, and the tests that said they were skipped.
fn add(count: &mut Count, text: &str) {
    for line in text.lines() {
        if line.starts_with("SKIPPED:") {
            count.skipped += 1;
        }
        let Some(result) = line.strip_prefix("test result: ") else { continue };
        for part in result.split(['.', ';']) {
            let mut words = part.split_whitespace();
            let number = words.next().and_then(|n| n.parse::<u64>().ok());
            match (number, words.next()) {
                (Some(n), Some("passed")) => count.passed += n,
                (Some(n), Some("failed")) => count.failed += n,
                (Some(n), Some("ignored")) => count.skipped += n,
                _ => {}
            }
        }
    }
}

/// The README's main job, into a folder that is thrown away.
fn main_job(root: &Path, count: &mut Count) -> Result<bool> {
    let run = root.join("target/check-run");
    if run.exists() {
        std::fs::remove_dir_all(&run)?;
    }
    let out = run.display().to_string();
    let fine = cargo(root, &["run", "--release", "--", "fit", "--out", &out])?
        && ["model/manifest.toml", "summary.json"]
            .iter()
            .all(|f| ["nmos", "pmos"].iter().any(|d| run.join(d).join(f).exists()) || run.join(f).exists());
    if fine {
        count.passed += 1;
    }
    Ok(fine)
}

/// The book, where mdbook is installed.
fn book(root: &Path, count: &mut Count) -> Result<bool> {
    match Command::new("mdbook").arg("build").arg(root.join("docs")).status() {
        Ok(status) => {
            count.passed += u64::from(status.success());
            Ok(status.success())
        }
        Err(_) => {
            println!("SKIPPED: mdbook is not installed (cargo install mdbook)");
            count.skipped += 1;
            Ok(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_added_up() {
        let mut count = Count::default();
        add(
            &mut count,
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s\n\
             SKIPPED: no silicon\n\
             test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured\n",
        );
        assert_eq!(count, Count { passed: 7, failed: 2, skipped: 2 });
    }
}
