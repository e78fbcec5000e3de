//! The published benchmark as a card: 21 rows, each answered from the checks that measure it.
//!
//! McAndrew, Scholten, Gullapalli, Chauhan, Xia, "Benchmarks for SPICE Modeling and Parameter Extraction
//! Based on AI/ML", IEEE Transactions on Electron Devices 72(4), 2025. A row passes only when every check
//! behind it has a number inside its bound; where some pass and others were not possible, or where the checks there are
//! cover only a part of what the row asks, it passes in part.

use serde::Serialize;

use crate::finding::Verdict;
use crate::report::CheckReport;

/// Answer to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Every check of the row passes.
    Pass,
    /// Some checks pass and the others are not modelled or not tested, or all pass and the row asks for more.
    InPart,
    /// At least one check fails.
    Fail,
    /// The model does not describe this.
    NotModelled,
    /// Nothing of it could be tested here.
    NotTested,
}

impl Answer {
    /// Words for a table.
    pub fn text(self) -> &'static str {
        match self {
            Answer::Pass => "pass",
            Answer::InPart => "pass in part",
            Answer::Fail => "fail",
            Answer::NotModelled => "not modelled",
            Answer::NotTested => "not tested",
        }
    }
}

/// One row of the card.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Number, from 1.
    pub number: usize,
    /// What is asked.
    pub title: &'static str,
    /// Answer.
    pub answer: Answer,
    /// Checks behind it, each with its verdict and number.
    pub evidence: Vec<Evidence>,
    /// Whether the checks cover only a part of what is asked, so that the row cannot pass as a whole.
    pub covers_part: bool,
    /// What a reader should know: what is missing, or why nothing is claimed.
    pub remark: &'static str,
}

/// A check that answers a row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Evidence {
    /// Name of the check.
    pub check: &'static str,
    /// Its verdict.
    pub verdict: Verdict,
    /// Its worst number.
    pub number: Option<f64>,
}

/// All rows.
pub type Card = Vec<Row>;

/// A row as it is asked.
struct Question {
    title: &'static str,
    /// Checks that answer it.
    checks: &'static [&'static str],
    /// Those of them that say nothing of the row alone: accuracy at one temperature is none over temperatures.
    beside: &'static [&'static str],
    /// Whether these checks cover only a part of what the row asks; the remark says what is missing.
    covers_part: bool,
    remark: &'static str,
}

/// A row that its checks cover as a whole.
const fn whole(title: &'static str, checks: &'static [&'static str], remark: &'static str) -> Question {
    Question { title, checks, beside: &[], covers_part: false, remark }
}

/// A row that asks for more than its checks look at.
const fn part(title: &'static str, checks: &'static [&'static str], remark: &'static str) -> Question {
    Question { title, checks, beside: &[], covers_part: true, remark }
}

/// A row of trends, each point of which must be met too.
const fn trends(title: &'static str, checks: &'static [&'static str], remark: &'static str) -> Question {
    Question { title, checks, beside: &["accuracy"], covers_part: false, remark }
}

const QUESTIONS: [Question; 21] = [
    whole(
        "Thermodynamics",
        &["passivity", "noise", "gm-id-plateau"],
        "no energy from nothing, Nyquist's noise, Boltzmann's slope",
    ),
    whole(
        "DC currents of all terminals, linear and logarithmic",
        &["accuracy", "accuracy-decades", "accuracy-slopes", "accuracy-leakage", "kirchhoff"],
        "drain, gate and bulk against data; source by Kirchhoff",
    ),
    whole(
        "Charges and capacitances",
        &["accuracy-capacitances", "charge-conservation", "charge-loop"],
        "capacitances against data where there are some; charges follow up to their level",
    ),
    whole(
        "Interaction of DC currents and capacitances",
        &[],
        "no check; charges are fitted apart from currents",
    ),
    whole("High frequency, non-quasi-static", &[], "the model is quasi-static"),
    part(
        "Large-signal transients and delay",
        &["circuit-ring", "circuit-delay"],
        "a ring of the exported devices swings, and an inverter is as slow as the model's own charges and currents say; no \
         measured transient is read; made by --exports",
    ),
    part(
        "Noise",
        &["noise", "noise-shot", "noise-saturation", "noise-flicker"],
        "thermal noise follows from conductances, flicker noise from kf, af, ef of the netlist: no measured noise is read, and \
         none is induced in the gate; of the exported model, since a model folder holds no noise; made by --exports",
    ),
    trends(
        "All geometries",
        &["accuracy", "scaling-width", "scaling-length"],
        "every device against its data; trends between them",
    ),
    trends(
        "All temperatures",
        &["accuracy", "temperature-threshold", "temperature-leakage"],
        "every temperature against its data; trends between them",
    ),
    whole("Layout-dependent effects", &[], "no layout parameter is read"),
    whole(
        "Symmetry of currents, charges and derivatives",
        &["gummel-symmetry", "dc-symmetry", "ac-symmetry", "harmonics"],
        "",
    ),
    whole(
        "Monotonic over bias, geometry, temperature",
        &["gm-sign", "gds-sign", "scaling-width", "scaling-length", "temperature-leakage"],
        "",
    ),
    whole("Smooth", &["kinks-gm", "kinks-gm-slope", "kinks-gds", "gummel-symmetry"], ""),
    whole(
        "Asymptotically correct",
        &["slope-ratio", "tree-top", "gm-id-plateau", "subthreshold-swing", "harmonics"],
        "",
    ),
    whole(
        "Well behaved under unreasonable bias, geometry, temperature",
        &["unreasonable-bias", "unreasonable-geometry", "unreasonable-temperature"],
        "",
    ),
    whole(
        "Converges in a circuit simulator",
        &[
            "round-trip-c",
            "round-trip-numpy",
            "round-trip-verilog-a",
            "round-trip-onnx",
            "round-trip-onnx-f32",
            "round-trip-spice",
            "round-trip-osdi",
            "circuit-inverter",
            "circuit-ring",
            "circuit-mirror",
            "circuit-pair",
            "circuit-memory-cell",
            "circuit-transmission-gate",
        ],
        "exports in their own tools and circuits in ngspice with default options; made by --exports",
    ),
    whole("Electro-thermal, over frequency", &[], "no thermal node"),
    part(
        "Global and local statistics",
        &["corner-scatter"],
        "lots drawn between the corners, with a sigma that the user gives; no mismatch",
    ),
    whole("Tunable to specification corners", &["corner-order", "corner-spread"], ""),
    whole("Ageing", &[], "no stress history"),
    whole("Layout parasitics", &[], "belongs to extraction"),
];

/// Answers the 21 rows from check reports.
pub fn of(reports: &[CheckReport]) -> Card {
    QUESTIONS
        .iter()
        .enumerate()
        .map(|(k, question)| {
            let evidence: Vec<Evidence> = question
                .checks
                .iter()
                .filter_map(|name| reports.iter().find(|r| r.name == *name))
                .map(|r| Evidence { check: r.name, verdict: r.verdict, number: r.worst.number })
                .collect();
            let answer = answer(question, &evidence);
            Row {
                number: k + 1,
                title: question.title,
                answer,
                evidence,
                covers_part: question.covers_part,
                remark: question.remark,
            }
        })
        .collect()
}

fn answer(question: &Question, evidence: &[Evidence]) -> Answer {
    let asked = question.checks.len();
    let count = |v: Verdict| {
        evidence.iter().filter(|e| e.verdict == v && (v != Verdict::Pass || e.number.is_some())).count()
    };
    let own = || evidence.iter().filter(|e| !question.beside.contains(&e.check));
    if !own().any(|e| matches!(e.verdict, Verdict::Pass | Verdict::Fail)) {
        let modelled = asked > 0 && !own().any(|e| e.verdict == Verdict::NotModelled);
        return if modelled { Answer::NotTested } else { Answer::NotModelled };
    }
    match (count(Verdict::Fail), count(Verdict::Pass)) {
        (0, passed) if passed == asked && !question.covers_part => Answer::Pass,
        (0, _) => Answer::InPart,
        _ => Answer::Fail,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_alone_answers_no_row_of_trends() {
        let temperatures = &QUESTIONS[8];
        let answer = |verdicts: &[(&'static str, Verdict)]| {
            let evidence = |(check, verdict): &(&'static str, Verdict)| {
                let number = matches!(verdict, Verdict::Pass | Verdict::Fail).then_some(0.0);
                Evidence { check, verdict: *verdict, number }
            };
            answer(temperatures, &verdicts.iter().map(evidence).collect::<Vec<_>>())
        };
        let [met, t, l] = ["accuracy", "temperature-threshold", "temperature-leakage"];
        let (pass, fail, none) = (Verdict::Pass, Verdict::Fail, Verdict::NotModelled);
        assert_eq!(answer(&[(met, pass), (t, none), (l, none)]), Answer::NotModelled);
        assert_eq!(answer(&[(met, pass)]), Answer::NotTested);
        assert_eq!(answer(&[(met, Verdict::NotTested), (t, pass), (l, pass)]), Answer::InPart);
        assert_eq!(answer(&[(met, pass), (t, pass), (l, pass)]), Answer::Pass);
        assert_eq!(answer(&[(met, fail), (t, pass), (l, pass)]), Answer::Fail);
    }
}
