//! The published benchmark as a card: 21 rows, each answered from the checks that measure it.
//!
//! McAndrew, Scholten, Gullapalli, Chauhan, Xia, "Benchmarks for SPICE Modeling and Parameter Extraction
//! Based on AI/ML", IEEE Transactions on Electron Devices 72(4), 2025. A row passes only when every check
//! behind it has a number inside its bound; where some pass and others were not possible, it passes in part.

use serde::Serialize;

use crate::finding::Verdict;
use crate::report::CheckReport;

/// Answer to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Every check of the row passes.
    Pass,
    /// Some checks pass, the others are not modelled or not tested.
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

/// Title, checks, remark.
type Question = (&'static str, &'static [&'static str], &'static str);

const QUESTIONS: [Question; 21] = [
    (
        "Thermodynamics",
        &["passivity", "noise", "gm-id-plateau"],
        "no energy from nothing, Nyquist's noise, Boltzmann's slope",
    ),
    (
        "DC currents of all terminals, linear and logarithmic",
        &["accuracy", "accuracy-decades", "accuracy-slopes", "accuracy-leakage", "kirchhoff"],
        "drain, gate and bulk against data; source by Kirchhoff",
    ),
    (
        "Charges and capacitances",
        &["accuracy-capacitances", "charge-conservation", "charge-loop"],
        "capacitances against data where there are some; charges follow up to their level",
    ),
    ("Interaction of DC currents and capacitances", &[], "no check; charges are fitted apart from currents"),
    ("High frequency, non-quasi-static", &[], "the model is quasi-static"),
    (
        "Large-signal transients and delay",
        &["circuit-ring"],
        "a ring of the exported devices; its delay is not compared with a measured one; made by --exports",
    ),
    (
        "Noise",
        &["noise"],
        "at vds = 0, of the exported model, since a model folder holds no noise; made by --exports",
    ),
    ("All geometries", &["scaling-width", "scaling-length"], "trends inside the range of the family"),
    (
        "All temperatures",
        &["temperature-threshold", "temperature-leakage"],
        "trends inside the range of the data",
    ),
    ("Layout-dependent effects", &[], "no layout parameter is read"),
    (
        "Symmetry of currents, charges and derivatives",
        &["gummel-symmetry", "dc-symmetry", "ac-symmetry", "harmonics"],
        "",
    ),
    (
        "Monotonic over bias, geometry, temperature",
        &["gm-sign", "gds-sign", "scaling-width", "scaling-length", "temperature-leakage"],
        "",
    ),
    ("Smooth", &["kinks-gm", "kinks-gm-slope", "kinks-gds", "gummel-symmetry"], ""),
    (
        "Asymptotically correct",
        &["slope-ratio", "tree-top", "gm-id-plateau", "subthreshold-swing", "harmonics"],
        "",
    ),
    (
        "Well behaved under unreasonable bias, geometry, temperature",
        &["unreasonable-bias", "unreasonable-geometry", "unreasonable-temperature"],
        "",
    ),
    (
        "Converges in a circuit simulator",
        &[
            "round-trip",
            "circuit-inverter",
            "circuit-ring",
            "circuit-mirror",
            "circuit-pair",
            "circuit-memory-cell",
            "circuit-transmission-gate",
        ],
        "exports in their own tools and circuits in ngspice with default options; made by --exports",
    ),
    ("Electro-thermal, over frequency", &[], "no thermal node"),
    ("Global and local statistics", &[], "no statistical parameters"),
    ("Tunable to specification corners", &["corner-order", "corner-spread"], ""),
    ("Ageing", &[], "no stress history"),
    ("Layout parasitics", &[], "belongs to extraction"),
];

/// Answers the 21 rows from check reports.
pub fn of(reports: &[CheckReport]) -> Card {
    QUESTIONS
        .iter()
        .enumerate()
        .map(|(k, (title, names, remark))| {
            let evidence: Vec<Evidence> = names
                .iter()
                .filter_map(|name| reports.iter().find(|r| r.name == *name))
                .map(|r| Evidence { check: r.name, verdict: r.verdict, number: r.worst.number })
                .collect();
            let answer = answer(names.len(), &evidence);
            Row { number: k + 1, title, answer, evidence, remark }
        })
        .collect()
}

fn answer(asked: usize, evidence: &[Evidence]) -> Answer {
    let count = |v: Verdict| {
        evidence.iter().filter(|e| e.verdict == v && (v != Verdict::Pass || e.number.is_some())).count()
    };
    match (count(Verdict::Fail), count(Verdict::Pass)) {
        (0, 0) if asked == 0 || count(Verdict::NotModelled) > 0 => Answer::NotModelled,
        (0, 0) => Answer::NotTested,
        (0, passed) if passed == asked => Answer::Pass,
        (0, _) => Answer::InPart,
        _ => Answer::Fail,
    }
}
