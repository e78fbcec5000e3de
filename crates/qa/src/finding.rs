//! What a check finds: a number, where it is worst, a picture of it; and the verdict that a bound makes of it.

use serde::{Deserialize, Serialize};

use crate::device::Volts;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The number is inside its bound.
    Pass,
    /// The model does not describe this.
    NotModelled,
    /// The model may describe this, but what the check needs (data, a simulator) was not there.
    NotTested,
    /// The number is outside its bound.
    Fail,
}

impl Verdict {
    /// Words for a table.
    pub fn text(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::NotModelled => "not modelled",
            Verdict::NotTested => "not tested",
            Verdict::Fail => "fail",
        }
    }
}

/// Where the number of a check must lie.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At most.
    AtMost(f64),
    /// At least.
    AtLeast(f64),
    /// Between two numbers, both included.
    Within(f64, f64),
}

impl Bound {
    /// Whether `number` is inside; what is not a number never is.
    pub fn holds(self, number: f64) -> bool {
        match self {
            Bound::AtMost(most) => number <= most,
            Bound::AtLeast(least) => number >= least,
            Bound::Within(least, most) => (least..=most).contains(&number),
        }
    }

    /// How far `number` is on the bad side: the larger the worse, positive outside the bound.
    pub fn badness(self, number: f64) -> f64 {
        if number.is_nan() {
            return f64::INFINITY;
        }
        match self {
            Bound::AtMost(most) => number - most,
            Bound::AtLeast(least) => least - number,
            Bound::Within(least, most) => (least - number).max(number - most),
        }
    }

    /// Words for a table: `<= 0.05`, `>= 0`, `-3.5 .. -0.3`.
    pub fn text(self) -> String {
        match self {
            Bound::AtMost(most) => format!("<= {}", short(most)),
            Bound::AtLeast(least) => format!(">= {}", short(least)),
            Bound::Within(least, most) => format!("{} .. {}", short(least), short(most)),
        }
    }
}

/// A limit as a person writes it: `0.05`, `1e-9`.
fn short(limit: f64) -> String {
    if limit != 0.0 && limit.abs() < 1e-3 { format!("{limit:e}") } else { limit.to_string() }
}

/// One line of a picture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Trace {
    /// Label, e.g. `vgs = 0.6 V`.
    pub name: String,
    /// Abscissae, ascending.
    pub x: Vec<f64>,
    /// Ordinates, one per abscissa; not a number where there is nothing to show.
    pub y: Vec<f64>,
}

/// The picture that shows why a number is what it is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Picture {
    /// Label of the abscissa with its unit.
    pub x: String,
    /// Label of the ordinate with its unit.
    pub y: String,
    /// Logarithmic ordinate.
    pub log: bool,
    /// Lines.
    pub traces: Vec<Trace>,
}

impl Picture {
    /// An empty picture with linear axes.
    pub fn new(x: &str, y: &str) -> Self {
        Picture { x: x.to_owned(), y: y.to_owned(), log: false, traces: Vec::new() }
    }

    /// Adds a line.
    pub fn add(&mut self, name: impl Into<String>, x: &[f64], y: &[f64]) {
        self.traces.push(Trace { name: name.into(), x: x.to_vec(), y: y.to_vec() });
    }
}

/// What a check measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The number, in the unit of the check.
    pub number: f64,
    /// Terminal voltages at which it is worst.
    pub worst: Option<Volts>,
    /// What a reader should know beside the number.
    pub remark: String,
    /// A picture of it.
    pub picture: Option<Picture>,
}

/// Outcome of one check of one device under one condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// There is a number.
    Measured(Measured),
    /// The model does not describe this; why.
    NotModelled(String),
    /// Something that the check needs was not there; what.
    NotTested(String),
}

/// Keeps the worst of many numbers with the bias where it occurs.
#[derive(Clone, Debug)]
pub(crate) struct Worst {
    bound: Bound,
    pub(crate) number: f64,
    pub(crate) at: Option<Volts>,
}

impl Worst {
    /// No number yet.
    pub(crate) fn under(bound: Bound) -> Self {
        Worst { bound, number: f64::NAN, at: None }
    }

    /// Takes `number` when it is worse than what was seen so far; the first NaN stays.
    pub(crate) fn see(&mut self, number: f64, at: Volts) -> bool {
        let first = self.at.is_none();
        let worse = first || self.bound.badness(number) > self.bound.badness(self.number);
        if worse {
            (self.number, self.at) = (number, Some(at));
        }
        worse
    }

    /// The outcome; without any number, that there was nothing to measure.
    pub(crate) fn outcome(self, remark: impl Into<String>, picture: Option<Picture>) -> Outcome {
        match self.at {
            None => Outcome::NotTested("no bias in range where this can be measured".to_owned()),
            worst => {
                Outcome::Measured(Measured { number: self.number, worst, remark: remark.into(), picture })
            }
        }
    }
}
