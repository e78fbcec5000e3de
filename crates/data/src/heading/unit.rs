//! Units in headings: which dimension a column has, and the factor of a unit to SI.

use gummel_device::si::{self, ZERO_CELSIUS};

use crate::block::IDENTITY_COLUMNS;
use crate::number;

/// Physical dimension of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Dimension {
    Voltage,
    Current,
    Conductance,
    Charge,
    Capacitance,
    Frequency,
    Length,
    Temperature,
    None,
}

impl Dimension {
    pub(super) fn of(column: &str) -> Dimension {
        match column {
            "temperature" => Dimension::Temperature,
            "w" | "l" => Dimension::Length,
            "freq" => Dimension::Frequency,
            c if IDENTITY_COLUMNS.contains(&c) => Dimension::None,
            c => match c.as_bytes().first() {
                Some(b'v') => Dimension::Voltage,
                Some(b'i') => Dimension::Current,
                Some(b'g') => Dimension::Conductance,
                Some(b'q') => Dimension::Charge,
                Some(b'c') => Dimension::Capacitance,
                _ => Dimension::None,
            },
        }
    }

    /// True for what a device answers with.
    pub(super) fn is_response(self) -> bool {
        use Dimension::{Capacitance, Charge, Conductance, Current};
        [Current, Conductance, Charge, Capacitance].contains(&self)
    }

    /// True for quantities that may be negative.
    pub(super) fn has_sign(self) -> bool {
        self == Dimension::Voltage || self.is_response()
    }

    /// Name and an example of a unit, for messages.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Dimension::Voltage => ("voltage", "V or mV"),
            Dimension::Current => ("current", "A, mA, uA or nA"),
            Dimension::Conductance => ("conductance", "S or mS"),
            Dimension::Charge => ("charge", "C or fC"),
            Dimension::Capacitance => ("capacitance", "F, pF or fF"),
            Dimension::Frequency => ("frequency", "Hz, MHz or GHz"),
            Dimension::Length => ("length", "m, um or nm"),
            Dimension::Temperature => ("temperature", "C or K"),
            Dimension::None => ("nothing", "none"),
        }
    }

    /// Factor and offset to SI of `unit`, when it is a unit of this dimension.
    pub(super) fn unit(self, unit: &str) -> Option<(f64, f64)> {
        let unit = unit.trim();
        if self == Dimension::Temperature {
            return match unit.trim_start_matches(['°', 'º']).to_ascii_lowercase().as_str() {
                "c" | "degc" | "deg c" | "celsius" | "deg_c" => Some((1.0, ZERO_CELSIUS)),
                "k" | "kelvin" => Some((1.0, 0.0)),
                _ => None,
            };
        }
        let names: &[&str] = match self {
            Dimension::Voltage => &["V", "Volt", "Volts"],
            Dimension::Current => &["A", "Amp", "Amps", "Ampere", "Amperes"],
            Dimension::Conductance => &["S", "A/V", "mho", "Siemens"],
            Dimension::Charge => &["C", "Coulomb"],
            Dimension::Capacitance => &["F", "Farad"],
            Dimension::Frequency => &["Hz", "Hertz"],
            Dimension::Length => &["m", "meter", "metre"],
            Dimension::Temperature | Dimension::None => return None,
        };
        if self == Dimension::Length && unit.eq_ignore_ascii_case("micron") {
            return Some((1e-6, 0.0));
        }
        // The exact spelling first; then in any case, as in the `_ua` of data frames.
        let strip = |name: &&str| strip_suffix_any_case(unit, name);
        let prefixed = names.iter().find_map(strip)?;
        let factor = match prefixed {
            // Nobody measures megavolts on a transistor: an instrument that knows capitals only means thousandths.
            "M" if matches!(self, Dimension::Voltage | Dimension::Current) => 1e-3,
            prefixed => prefix(prefixed)?,
        };
        Some((factor, 0.0))
    }
}

/// A width below the quantity, however it is written: `uA per um`, `A um^-1` and `A·µm-1` as `A/um`.
pub(super) fn as_ratio(unit: &str) -> String {
    let ratio = unit.replace(" per ", "/").replace('−', "-");
    let below = ratio.strip_suffix("-1").map(|u| u.trim_end_matches('^'));
    match below.and_then(|u| u.rsplit_once([' ', '·', '*'])) {
        Some((above, width)) => format!("{}/{width}", above.trim()),
        None => ratio,
    }
}

/// Factor of `uA/um`, `mA/mm`, `A/m`: a unit of `dimension` per length, to SI per metre.
pub(super) fn per_width(dimension: Dimension, unit: &str) -> Option<f64> {
    if !dimension.is_response() {
        return None;
    }
    let (above, below) = unit.rsplit_once('/')?;
    Some(dimension.unit(above)?.0 / Dimension::Length.unit(below)?.0)
}

/// Any unit at all, per width too, with its factor.
pub(super) fn any_unit(unit: &str) -> Option<(f64, f64)> {
    use Dimension::{Capacitance, Charge, Conductance, Current, Frequency, Length, Temperature, Voltage};
    [Voltage, Current, Conductance, Charge, Capacitance, Frequency, Length, Temperature]
        .into_iter()
        .find_map(|d| d.unit(unit).or_else(|| Some((per_width(d, unit)?, 0.0))))
}

/// Digits and what stands behind them, `5` and `mV` of `5 mV`; `None` for what does not begin with a number.
fn apart(text: &str) -> Option<(f64, &str)> {
    let end = text.char_indices().rev().find(|(_, c)| c.is_ascii_digit() || *c == '.')?.0 + 1;
    Some((number::whole(&text.as_bytes()[..end])?, text[end..].trim()))
}

/// Factor of an SI prefix without a unit behind it.
fn lone_prefix(text: &str) -> Option<f64> {
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(c), None) => si::prefix_factor(c),
        _ => text.eq_ignore_ascii_case("meg").then_some(1e6),
    }
}

/// True for a number with an SI prefix or a unit: `10u`, `5 mV`, `-40 °C`.
pub(crate) fn has_own_unit(text: &str) -> bool {
    apart(text).is_some_and(|(_, unit)| lone_prefix(unit).is_some() || any_unit(unit).is_some())
}

/// The SI value of a number with an SI prefix or a unit of its own; `None` where that measures something else.
pub(super) fn own(dimension: Dimension, text: &str) -> Option<f64> {
    if dimension == Dimension::Length
        && !measures_another(dimension, text)
        && let Ok(length) = si::parse_length(text)
    {
        return Some(length);
    }
    let (number, unit) = apart(text)?;
    let of_any = || (dimension == Dimension::None).then(|| any_unit(unit)).flatten();
    let lone = || (dimension != Dimension::Temperature).then(|| lone_prefix(unit)).flatten();
    let (factor, offset) = dimension.unit(unit).or_else(of_any).or_else(|| Some((lone()?, 0.0)))?;
    Some(number * factor + offset)
}

/// Whether the unit behind a number is one of another quantity: `5 mV` is no length, though letters behind a prefix mean nothing
/// in a netlist.
fn measures_another(dimension: Dimension, text: &str) -> bool {
    apart(text).is_some_and(|(_, unit)| {
        lone_prefix(unit).is_none() && dimension.unit(unit).is_none() && any_unit(unit).is_some()
    })
}

fn strip_suffix_any_case<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let cut = text.len().checked_sub(suffix.len())?;
    let (head, tail) = (text.get(..cut)?, text.get(cut..)?);
    tail.eq_ignore_ascii_case(suffix).then_some(head)
}

/// Factor of an SI prefix; none is 1.
fn prefix(text: &str) -> Option<f64> {
    const WORDS: [(&str, f64); 5] =
        [("milli", 1e-3), ("micro", 1e-6), ("nano", 1e-9), ("pico", 1e-12), ("femto", 1e-15)];
    if let Some((_, factor)) = WORDS.iter().find(|(word, _)| text.eq_ignore_ascii_case(word)) {
        return Some(*factor);
    }
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (None, _) => Some(1.0),
        (Some('U'), None) => Some(1e-6),
        (Some('N'), None) => Some(1e-9),
        (Some('P'), None) => Some(1e-12),
        (Some(c), None) => si::prefix_factor(c),
        _ => None,
    }
}
