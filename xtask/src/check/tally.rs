//! Counts of tests, read from what the test programs print.

use anyhow::Result;
use std::fmt;
use std::io::{BufRead, BufReader, Read};
use std::ops::AddAssign;

/// How a test that cannot run here begins the line that says so.
pub(super) const SKIPPED: &str = "SKIPPED:";

/// Tests by verdict. A step without tests counts as one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Tally {
    /// One passed or one failed.
    pub(super) fn of(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), skipped: 0 }
    }

    /// One skipped, and a line that says why.
    pub(super) fn skipped(why: &str) -> Self {
        println!("{SKIPPED} {why}");
        Self { skipped: 1, ..Self::default() }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// Hands on every line and counts the tests of all programs that print them.
///
/// # Errors
/// Reading failed.
pub(super) fn listen(output: impl Read, mut show: impl FnMut(&str)) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut place = Place::Elsewhere;
    let mut skipping = 0;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        show(&line);
        if line == "successes:" {
            place = Place::Successes;
        } else if line == "failures:" {
            place = Place::Elsewhere;
        } else if let Some(result) = line.strip_prefix("test result: ") {
            place = Place::Elsewhere;
            tally += closing(result, std::mem::take(&mut skipping));
        } else if line.starts_with("---- ") && place != Place::Elsewhere {
            place = Place::Output;
        } else if line.starts_with(SKIPPED) && place == Place::Output {
            // Further such lines of the same test are not counted again.
            skipping += 1;
            place = Place::Successes;
        }
    }
    Ok(tally)
}

/// Where in the output of a test program a line stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Among what tests that passed have printed.
    Successes,
    /// In what one of them has printed, nothing of it skipped so far.
    Output,
    Elsewhere,
}

/// The counts of a closing line, `ok. 3 passed; 0 failed; 1 ignored; ...`, which counts tests that skip themselves as
/// passed.
fn closing(result: &str, skipping: u64) -> Tally {
    let mut tally = Tally::default();
    for part in result.split(['.', ';']) {
        let mut words = part.split_whitespace();
        let number = words.next().and_then(|n| n.parse::<u64>().ok());
        match (number, words.next()) {
            (Some(n), Some("passed")) => tally.passed = n,
            (Some(n), Some("failed")) => tally.failed = n,
            (Some(n), Some("ignored")) => tally.skipped = n,
            _ => {}
        }
    }
    let skipping = skipping.min(tally.passed);
    tally.passed -= skipping;
    tally.skipped += skipping;
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(text: &str) -> Tally {
        listen(text.as_bytes(), |_| ()).expect("bytes can be read")
    }

    #[test]
    fn closing_lines_of_all_programs_are_added_up() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.05s\n\
                    noise \u{fffd}\n\
                    test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 measured\n";
        assert_eq!(heard(text), Tally { passed: 7, failed: 2, skipped: 1 });
    }

    #[test]
    fn a_test_that_skips_itself_is_counted_once_and_not_as_passed() {
        let text = "running 3 tests\ntest a ... ok\n\nsuccesses:\n\n---- a stdout ----\nSKIPPED: no silicon\n\
                    SKIPPED: no silicon either\n\n---- b stdout ----\nit talks\n\n\nsuccesses:\n    a\n    b\n    c\n\n\
                    test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(heard(text), Tally { passed: 2, failed: 0, skipped: 1 });
    }

    #[test]
    fn a_failing_test_is_not_skipped_whatever_it_prints() {
        let text = "failures:\n\n---- a stdout ----\nSKIPPED: half of it\n\n\nfailures:\n    a\n\n\
                    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured\n";
        assert_eq!(heard(text), Tally { passed: 0, failed: 1, skipped: 0 });
    }
}
