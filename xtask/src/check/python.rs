//! The Python package: its wheel built, installed into an environment of its own, and tested there with pytest.

use anyhow::{Context, Result};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Tally, forget_package, release};

/// Exit code of `tests/wheel.sh` where Python or its packages cannot be had.
const MISSING: i32 = 3;

/// Builds, installs, tests.
///
/// # Errors
/// A program cannot be started.
pub(super) fn run(root: &Path) -> Result<Tally> {
    let script = root.join("tests/wheel.sh");
    let mut build = Command::new(&script);
    build.stdin(Stdio::null()).stderr(Stdio::inherit());
    forget_package(&mut build);
    let made = build.output().with_context(|| format!("cannot run {}", script.display()))?;
    match made.status.code() {
        Some(0) => {}
        Some(MISSING) => {
            return Ok(Tally::skipped(
                "the Python package is not tested: tests/wheel.sh says what is missing",
            ));
        }
        _ => return Ok(Tally::of(false)),
    }
    let python = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let mut tests = Command::new(&python);
    // They install the package as a reader does, from what cargo has built.
    forget_package(&mut tests);
    let mut child = tests
        .args(["-m", "pytest", "--quiet", "-rs", "--color=no", "-p", "no:cacheprovider"])
        .current_dir(root.join("crates/python"))
        .env("GUMMEL", release(root, "gummel"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {python}"))?;
    let output = child.stdout.take().context("pytest has no output")?;
    let mut tally = Tally::default();
    for line in BufReader::new(output).lines() {
        let line = line?;
        println!("{line}");
        if let Some(counts) = closing(&line) {
            tally = counts;
        }
    }
    if !child.wait()?.success() {
        tally.failed = tally.failed.max(1);
    }
    Ok(tally)
}

/// The counts of pytest's last line, `2 failed, 27 passed, 1 skipped in 44.65s`.
fn closing(line: &str) -> Option<Tally> {
    let (counts, seconds) = line.split_once(" in ")?;
    if !seconds.split('s').next()?.chars().all(|c| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let mut tally = Tally::default();
    for part in counts.split(", ") {
        let (number, what) = part.split_once(' ')?;
        let number: u64 = number.parse().ok()?;
        match what {
            "passed" => tally.passed += number,
            "failed" | "error" | "errors" => tally.failed += number,
            "skipped" => tally.skipped += number,
            _ => {}
        }
    }
    Some(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_of_pytest_is_counted() {
        let counts = |passed, failed, skipped| Some(Tally { passed, failed, skipped });
        assert_eq!(closing("27 passed in 44.65s"), counts(27, 0, 0));
        assert_eq!(
            closing("1 failed, 2 passed, 3 skipped, 1 warning, 1 error in 61.20s (0:01:01)"),
            counts(2, 2, 3)
        );
        assert_eq!(closing("SKIPPED [1] tests/test_ray.py:8: could not import 'ray'"), None);
        assert_eq!(closing("....... [100%]"), None);
    }
}
