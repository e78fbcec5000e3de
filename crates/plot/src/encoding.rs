//! How curves are told apart: what varies between them becomes colour, marker and dash; what they
//! have in common goes to the heading.

use gummel_device::{Corner, Curve, Origin, Terminal, si};
use std::collections::BTreeSet;

use crate::PlotError;
use crate::color::{Color, GRAY, of_corner};
use crate::legend::Entry;
use crate::rich::{Rich, escape};
use crate::series::{Dash, Draw, Marker, Series};
use crate::style::Style;
use crate::ticks::short;

/// One curve of a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Item<'a> {
    pub(crate) curve: &'a Curve,
    /// Drawn as a line, not as points.
    pub(crate) fitted: bool,
    pub(crate) corner: Option<Corner>,
}

/// Measured and fitted curves as items, in this order.
pub(crate) fn items<'a>(measured: &'a [Curve], fitted: &'a [Curve]) -> Vec<Item<'a>> {
    let item = |fitted| move |curve| Item { curve, fitted, corner: None };
    measured.iter().map(item(false)).chain(fitted.iter().map(item(true))).collect()
}

/// What curves can differ in, in the order in which legends name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trait {
    Corner,
    Device,
    Vgs,
    Vds,
    Vbs,
    Temperature,
}

const TRAITS: [Trait; 6] =
    [Trait::Corner, Trait::Device, Trait::Vgs, Trait::Vds, Trait::Vbs, Trait::Temperature];

/// Value of a trait; numbers in tenths of a millivolt or kelvin, so that equal biases are equal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// Magnitude first, so that p-channel biases are ordered as n-channel ones.
    Number(i64, i64),
    Text(String),
    Corner(Corner),
}

/// Resolution of voltages and temperatures, per unit.
const RESOLUTION: f64 = 1e4;
/// Most legend entries of one trait; beyond that every second, third ... is named.
const MOST_ENTRIES: usize = 14;

impl Trait {
    fn of(self, item: &Item<'_>) -> Value {
        let held = item.curve.sweep.held;
        match self {
            Trait::Corner => item.corner.map_or(Value::Text(String::new()), Value::Corner),
            Trait::Device => Value::Text(item.curve.device.clone()),
            Trait::Vgs => number(held.vgs()),
            Trait::Vds => number(held.vds()),
            Trait::Vbs => number(held.vbs()),
            Trait::Temperature => number(item.curve.temperature),
        }
    }

    /// The voltage that is swept is not held.
    fn is_swept(self, terminal: Terminal) -> bool {
        matches!(
            (self, terminal),
            (Trait::Vgs, Terminal::Gate) | (Trait::Vds, Terminal::Drain) | (Trait::Vbs, Terminal::Bulk)
        )
    }

    /// Markup such as `V_{DS} = 0.6 V`.
    fn describe(self, value: &Value) -> String {
        let number = match value {
            Value::Text(text) => return escape(text),
            Value::Corner(corner) => return corner.name().to_owned(),
            Value::Number(_, n) => *n as f64 / RESOLUTION,
        };
        let volts = |terminals: &str| format!("V_{{{terminals}}} = {} V", short(number, 4));
        match self {
            Trait::Vgs => volts("GS"),
            Trait::Vds => volts("DS"),
            Trait::Vbs => volts("BS"),
            _ => format!("T = {} °C", short(si::celsius(number) + 0.0, 4)),
        }
    }
}

fn number(v: f64) -> Value {
    let n = (v * RESOLUTION).round() as i64;
    Value::Number(n.abs(), n)
}

/// Marks of every curve of a figure and the text that explains them.
pub(crate) struct Encoding {
    /// Colour, dash and marker, one per item.
    marks: Vec<(Color, Dash, Marker)>,
    pub(crate) legend: Vec<Entry>,
    /// The device, when there is only one.
    pub(crate) title: Rich,
    /// What all curves have in common.
    pub(crate) subtitle: Rich,
}

impl Encoding {
    /// Encodes `items`; devices are told apart only when `by_device`.
    pub(crate) fn new(items: &[Item<'_>], style: &Style, by_device: bool) -> Self {
        let swept = items.first().map_or(Terminal::Gate, |i| i.curve.sweep.swept);
        let varied = |t: Trait| -> Vec<Value> {
            items.iter().map(|i| t.of(i)).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let traits: Vec<(Trait, Vec<Value>)> = TRAITS
            .into_iter()
            .filter(|t| !t.is_swept(swept) && (by_device || *t != Trait::Device))
            .map(|t| (t, varied(t)))
            .collect();
        let mut varying: Vec<&(Trait, Vec<Value>)> = traits.iter().filter(|(_, v)| v.len() > 1).collect();
        // The trait with most values gets the colours; corners always do.
        varying.sort_by_key(|(t, values)| (*t != Trait::Corner, usize::MAX - values.len()));
        let separable = varying.len() <= 2 && varying.get(1).is_none_or(|(_, v)| v.len() <= Dash::ALL.len());
        let by_color: Vec<Trait> =
            varying.iter().take(if separable { 1 } else { usize::MAX }).map(|(t, _)| *t).collect();
        let by_dash = if separable { varying.get(1).map(|(t, _)| *t) } else { None };

        let key = |traits: &[Trait], i: &Item<'_>| traits.iter().map(|t| t.of(i)).collect::<Vec<_>>();
        let keys = |traits: &[Trait]| -> Vec<Vec<Value>> {
            items.iter().map(|i| key(traits, i)).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let (color_keys, dash_keys) = (keys(&by_color), keys(by_dash.as_slice()));
        let color_of = |k: &[Value]| match k.first() {
            Some(Value::Corner(corner)) => of_corner(*corner),
            _ => style.color(color_keys.iter().position(|c| c == k).unwrap_or(0), color_keys.len()),
        };
        let rank = |i: &Item<'_>| {
            let k = key(by_dash.as_slice(), i);
            dash_keys.iter().position(|d| *d == k).unwrap_or(0)
        };
        let kinds = Kinds::of(items);
        let marks = items
            .iter()
            .map(|i| {
                let rank = rank(i);
                let marker = Marker::ALL[rank % Marker::ALL.len()];
                (color_of(&key(&by_color, i)), kinds.dash(rank), marker)
            })
            .collect();

        let mut legend = Vec::new();
        let describe = |traits: &[Trait], key: &[Value]| {
            let parts: Vec<String> = traits.iter().zip(key).map(|(t, v)| t.describe(v)).collect();
            Rich::parse(&parts.join(", "))
        };
        if !by_color.is_empty() {
            let every = color_keys.len().div_ceil(MOST_ENTRIES);
            for k in color_keys.iter().step_by(every) {
                let sample = kinds.color_sample(by_dash.is_some());
                legend.push(Entry { name: describe(&by_color, k), samples: vec![(sample, color_of(k))] });
            }
        }
        if let Some(t) = by_dash {
            for (rank, k) in dash_keys.iter().enumerate() {
                let sample = kinds.dash_sample(rank);
                legend.push(Entry { name: describe(&[t], k), samples: vec![(sample, GRAY)] });
            }
        }
        let neutral = if by_color.is_empty() { style.color(0, 1) } else { GRAY };
        legend.extend(kinds.entries(neutral));

        let common = |wanted: bool| {
            let parts: Vec<String> = traits
                .iter()
                .filter(|(t, v)| v.len() == 1 && (*t == Trait::Device) == wanted && *t != Trait::Corner)
                .map(|(t, v)| t.describe(&v[0]))
                .collect();
            Rich::parse(&parts.join(", "))
        };
        Encoding { marks, legend, title: common(true), subtitle: common(false) }
    }

    /// The series of item `i` with its colour.
    pub(crate) fn series(&self, i: usize, fitted: bool, x: Vec<f64>, y: Vec<f64>) -> (Series, Color) {
        let (color, dash, marker) = self.marks[i];
        let draw = if fitted { Draw::Line(dash) } else { Draw::Points(marker) };
        (Series::line("", x, y).drawn(draw), color)
    }
}

/// Which kinds of curve a figure holds.
struct Kinds {
    measured: bool,
    simulated: bool,
    fitted: bool,
}

impl Kinds {
    fn of(items: &[Item<'_>]) -> Self {
        let points =
            |origin| items.iter().any(|i| !i.fitted && (i.curve.origin == Origin::Simulated) == origin);
        Kinds { measured: points(false), simulated: points(true), fitted: items.iter().any(|i| i.fitted) }
    }

    fn points(&self) -> bool {
        self.measured || self.simulated
    }

    fn color_sample(&self, dashes: bool) -> Draw {
        match (self.fitted, self.points()) {
            (true, true) if !dashes => Draw::Both(Dash::Solid, Marker::Circle),
            (true, _) => Draw::Line(Dash::Solid),
            (false, _) if dashes => Draw::Points(Marker::Dot),
            (false, _) => Draw::Points(Marker::Circle),
        }
    }

    /// Markers tell curves apart where there are any; only lines alone need dashes.
    fn dash(&self, rank: usize) -> Dash {
        if self.points() { Dash::Solid } else { Dash::ALL[rank % Dash::ALL.len()] }
    }

    fn dash_sample(&self, rank: usize) -> Draw {
        match self.points() {
            true => Draw::Points(Marker::ALL[rank % Marker::ALL.len()]),
            false => Draw::Line(self.dash(rank)),
        }
    }

    fn entries(&self, color: Color) -> Vec<Entry> {
        let points = match (self.measured, self.simulated) {
            (true, true) => "measured, simulated",
            (false, _) => "simulated",
            _ => "measured",
        };
        let entry = |name: &str, draw| Entry { name: Rich::literal(name), samples: vec![(draw, color)] };
        let mut entries = Vec::new();
        if self.points() {
            entries.push(entry(points, Draw::Points(Marker::Circle)));
        }
        if self.fitted {
            entries.push(entry("fitted", Draw::Line(Dash::Solid)));
        }
        entries
    }
}

/// Refuses curves of different quantities or sweeps in one figure.
pub(crate) fn check_alike(items: &[Item<'_>], figure: &str) -> Result<(), PlotError> {
    let Some(first) = items.first().map(|i| i.curve) else {
        return Err(PlotError::Empty { figure: figure.to_owned(), found: "no curves".to_owned() });
    };
    let holds = |c: &Curve| format!("{} along v{}", c.quantity.column(), c.sweep.swept.letter());
    for (index, Item { curve, .. }) in items.iter().enumerate() {
        let device = curve.device.clone();
        if (curve.quantity, curve.sweep.swept) != (first.quantity, first.sweep.swept) {
            let (found, expected) = (format!("holds {}", holds(curve)), format!("shows {}", holds(first)));
            return Err(PlotError::Mixed { index, device, found, expected });
        }
        let (expected, found) = (curve.sweep.values.len(), curve.values.len());
        if expected != found {
            let what = format!("swept voltages and values of curve {index} of device '{device}'");
            return Err(PlotError::Length { what, expected, found });
        }
    }
    Ok(())
}
