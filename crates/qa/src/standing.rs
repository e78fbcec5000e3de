//! May a device be used? What the checks say of each one, in a word.
//!
//! A device fails when it breaks a law or a sign that simulators and circuits rely on, when its current is not that of its data,
//! or when a check of it has no finite number. Other failures are warnings. Without data to compare its current with, nothing is said for
//! it. Exports are judged for the family and not for a device: their round trips do not count here.

use gummel_device::Corner;
use serde::Serialize;

use crate::finding::Verdict;
use crate::report::{Case, CheckReport};

/// Whether a device may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Every check of it that could be made passed, that of its current against data among them.
    Usable,
    /// The same, but for checks that are no reason to refuse it.
    Warnings,
    /// Nothing speaks against it, but its current was compared with no data.
    NotJudged,
    /// A check fails that forbids its use.
    NotUsable,
}

impl Use {
    /// Words for a table.
    pub fn text(self) -> &'static str {
        match self {
            Use::Usable => "usable",
            Use::Warnings => "usable with warnings",
            Use::NotJudged => "not judged",
            Use::NotUsable => "not usable",
        }
    }
}

/// What is said of a device.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// Device.
    pub device: String,
    /// Corner, where it is another than the device's own.
    pub corner: Option<Corner>,
    /// Whether it may be used.
    pub verdict: Use,
    /// Checks that fail and forbid its use.
    pub failing: Vec<&'static str>,
    /// Checks that fail and do not.
    pub warnings: Vec<&'static str>,
}

/// The check that says that a device is the one that was measured.
const ACCURACY: &str = "accuracy";

/// Checks whose failure forbids a device.
const FORBIDDING: [&str; 13] = [
    ACCURACY,
    "dc-symmetry",
    "gds-sign",
    "gm-sign",
    "passivity",
    "kirchhoff",
    "corner-order",
    "unreasonable-bias",
    "reverse-polarity",
    "common-mode",
    "multiplicity",
    "charge-conservation",
    "charge-loop",
];

/// Checks of exports of a whole family begin with this.
const OF_THE_FAMILY: &str = "round-trip";

/// The standing of every device and corner that `reports` judge, in their order.
pub fn of(reports: &[CheckReport]) -> Vec<Standing> {
    let mut all: Vec<Standing> = Vec::new();
    let of_devices = reports.iter().filter(|r| !r.name.starts_with(OF_THE_FAMILY));
    for (report, case) in of_devices.flat_map(|r| r.cases.iter().map(move |c| (r, c))) {
        let same = |s: &Standing| s.device == case.device && s.corner == case.corner;
        let known = all.iter().position(same).unwrap_or_else(|| {
            let (device, corner) = (case.device.clone(), case.corner);
            let (failing, warnings) = (Vec::new(), Vec::new());
            all.push(Standing { device, corner, verdict: Use::NotJudged, failing, warnings });
            all.len() - 1
        });
        all[known].take(report.name, case);
    }
    // What could not be made at all, for want of a simulator, names no device.
    all.retain(|s| !s.device.is_empty());
    for standing in &mut all {
        standing.verdict = match (&*standing.failing, &*standing.warnings, standing.verdict) {
            ([_, ..], _, _) => Use::NotUsable,
            (_, _, Use::NotJudged) => Use::NotJudged,
            (_, [_, ..], _) => Use::Warnings,
            _ => Use::Usable,
        };
    }
    all
}

impl Standing {
    fn take(&mut self, check: &'static str, case: &Case) {
        if check == ACCURACY && case.number.is_some() {
            self.verdict = Use::Usable;
        }
        if case.verdict == Verdict::Fail {
            let finite = case.number.is_some_and(f64::is_finite);
            let forbids = FORBIDDING.contains(&check) || !finite;
            let list = if forbids { &mut self.failing } else { &mut self.warnings };
            if !list.contains(&check) {
                list.push(check);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CHECKS;
    use crate::finding::{Bound, Measured, Outcome};

    fn report(name: &'static str, numbers: &[(&str, f64)]) -> CheckReport {
        let bound = Bound::AtMost(1.0);
        let outcome = |number| Measured { number, worst: None, remark: String::new(), picture: None };
        let case =
            |(device, number): &(&str, f64)| Case::of(device, bound, Outcome::Measured(outcome(*number)));
        CheckReport::of_cases([name, "", "", ""], bound, numbers.iter().map(case).collect())
    }

    #[test]
    fn a_device_is_as_good_as_the_worst_that_is_said_of_it() {
        let reports = [
            report("accuracy", &[("good", 0.1), ("bent", 0.1), ("off", 2.0), ("lost", 0.1)]),
            report(
                "harmonics",
                &[("good", 0.1), ("bent", 2.0), ("off", 2.0), ("lost", f64::INFINITY), ("new", 0.1)],
            ),
            report("round-trip-c", &[("good", 2.0)]),
        ];
        let found: Vec<_> =
            of(&reports).into_iter().map(|s| (s.device, s.verdict, s.failing, s.warnings)).collect();
        let expected = [
            ("good", Use::Usable, vec![], vec![]),
            ("bent", Use::Warnings, vec![], vec!["harmonics"]),
            ("off", Use::NotUsable, vec!["accuracy"], vec!["harmonics"]),
            ("lost", Use::NotUsable, vec!["harmonics"], vec![]),
            ("new", Use::NotJudged, vec![], vec![]),
        ];
        assert_eq!(found, expected.map(|(name, verdict, f, w)| (name.to_owned(), verdict, f, w)));
    }

    #[test]
    fn what_forbids_a_device_is_a_check() {
        assert!(FORBIDDING.iter().all(|name| CHECKS.iter().any(|c| c.name == *name)));
    }
}
