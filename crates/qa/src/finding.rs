//! What a check finds: a number, where it is worst, a picture of it; and the verdict that a bound makes of it.

use std::collections::BTreeMap;

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

    /// The one or two numbers.
    fn limits(self) -> Vec<f64> {
        match self {
            Bound::AtMost(limit) | Bound::AtLeast(limit) => vec![limit],
            Bound::Within(least, most) => vec![least, most],
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

/// How a trace is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// A line through its values.
    Line,
    /// Its values alone.
    Points,
    /// A limit.
    Bound,
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
    /// How it is drawn.
    pub style: Style,
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
        self.push(name, x.to_vec(), y.to_vec(), Style::Line);
    }

    /// Adds points in any order; where several have one abscissa, the largest.
    pub fn add_points(&mut self, name: impl Into<String>, points: impl Iterator<Item = (f64, f64)>) {
        let mut points: Vec<(f64, f64)> = points.collect();
        points.sort_by(|a, b| a.0.total_cmp(&b.0).then(b.1.total_cmp(&a.1)));
        points.dedup_by(|later, first| later.0 == first.0);
        let (x, y) = points.into_iter().unzip();
        self.push(name, x, y, Style::Points);
    }

    /// Adds the bound as lines across all that was added before.
    pub fn bounded(&mut self, bound: Bound) {
        let x = self.traces.iter().flat_map(|t| &t.x);
        let [low, high] = x.fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], x| [l.min(*x), h.max(*x)]);
        if low > high {
            return;
        }
        for limit in bound.limits() {
            self.push(format!("bound {}", short(limit)), vec![low, high], vec![limit; 2], Style::Bound);
        }
    }

    fn push(&mut self, name: impl Into<String>, x: Vec<f64>, y: Vec<f64>, style: Style) {
        self.traces.push(Trace { name: name.into(), x, y, style });
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
    seen: Vec<(f64, Volts)>,
}

/// Where a logarithmic picture of relative differences draws what is smaller, zero among it; below any rounding.
const LEAST_DRAWN: f64 = 1e-18;

impl Worst {
    /// No number yet.
    pub(crate) fn under(bound: Bound) -> Self {
        Worst { bound, number: f64::NAN, at: None, seen: Vec::new() }
    }

    /// Takes `number` when it is worse than what was seen so far; the first NaN stays.
    pub(crate) fn see(&mut self, number: f64, at: Volts) -> bool {
        self.seen.push((number, at));
        let first = self.at.is_none();
        let worse = first || self.bound.badness(number) > self.bound.badness(self.number);
        if worse {
            (self.number, self.at) = (number, Some(at));
        }
        worse
    }

    /// The worst number at each abscissa of the biases seen, with the worst of all and the bound; logarithmic where no number
    /// can be negative.
    pub(crate) fn profile(&self, x: &str, y: &str, abscissa: impl Fn(Volts) -> f64) -> Option<Picture> {
        let log = matches!(self.bound, Bound::AtMost(most) if most > 0.0)
            && self.seen.iter().all(|(number, _)| number.is_nan() || *number >= 0.0);
        let least = if log { LEAST_DRAWN } else { f64::NEG_INFINITY };
        // Micro-volts tell biases apart; less is rounding.
        let key = |at: Volts| (abscissa(at) * 1e6).round() as i64;
        let mut worst: BTreeMap<i64, f64> = BTreeMap::new();
        for (number, at) in &self.seen {
            let held = worst.entry(key(*at)).or_insert(*number);
            if self.bound.badness(*number) > self.bound.badness(*held) {
                *held = *number;
            }
        }
        let (x_values, y_values): (Vec<f64>, Vec<f64>) =
            worst.into_iter().map(|(x, y)| (x as f64 * 1e-6, at_least(y, least))).unzip();
        let note = if log { format!(" (zero at {})", short(LEAST_DRAWN)) } else { String::new() };
        let mut picture = Picture { log, ..Picture::new(x, y) };
        picture.add(format!("worst at this voltage{note}"), &x_values, &y_values);
        let at = self.at?;
        picture.add_points("worst of all", std::iter::once((abscissa(at), at_least(self.number, least))));
        picture.bounded(self.bound);
        Some(picture)
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

/// The larger one; what is not a number stays what it is.
fn at_least(value: f64, least: f64) -> f64 {
    if value < least { least } else { value }
}
