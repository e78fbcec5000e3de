//! Column headings as laboratories write them: `Vg [V]`, `Id(uA)`, `I_D/mA`, `Drain Current (A)`, `-Id`, `log10(Id)`.

mod function;
mod spelling;
mod unit;

use gummel_device::si;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use crate::DataError;
use crate::block::IDENTITY_COLUMNS;
use crate::identity;
use crate::table;
use function::Scale;
use spelling::canonical;
use unit::{Dimension, any_unit};

pub(crate) use unit::has_own_unit;

/// Names for the columns of separated-value, EasyEXPERT, raw, plt and Parquet files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ColumnMapping {
    /// Heading in the file, then the heading it should have, e.g. `"Strom 2" = "id [uA]"`;
    /// `""` leaves the column out.
    pub columns: BTreeMap<String, String>,
    /// Values that no column holds, e.g. `vs = "0"`, `w = "10u"`, `family = "nch"`.
    pub constants: BTreeMap<String, String>,
    /// Decimal separator, when it cannot be told from the file.
    pub decimal: Option<char>,
    /// Column separator, when it cannot be told from the file.
    pub delimiter: Option<char>,
}

impl ColumnMapping {
    /// The heading that takes the place of `heading`.
    pub(crate) fn given(&self, heading: &str) -> Option<&str> {
        let heading = heading.trim().trim_matches('"').trim();
        let renamed = self.columns.iter().find(|(from, _)| from.trim().eq_ignore_ascii_case(heading));
        renamed.map(|(_, to)| to.as_str())
    }
}

/// What a heading says about the numbers below it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heading {
    /// Column of the table: `vg`, `id`, `temperature` ..., or the heading in lower case.
    pub(crate) column: String,
    /// True when `column` is one the toolkit gives a meaning to.
    pub(crate) known: bool,
    /// Factor to SI units, negative for negated columns.
    pub(crate) factor: f64,
    /// Added after the factor (degrees Celsius to kelvin).
    pub(crate) offset: f64,
    /// What is left to do once the device is known.
    pub(crate) later: Option<Later>,
    /// The numbers are logarithms.
    scale: Scale,
    /// The sign was lost: the numbers are magnitudes or logarithms.
    unsigned: bool,
    /// A length or temperature without unit: its size tells micrometres from metres, Celsius from kelvin.
    pub(crate) bare: bool,
}

/// What a column needs to know of the device before its values are those of the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Later {
    /// A charge in the simulator's frame, in which a p-channel device is mirrored to an n-channel one.
    Mirror,
    /// A value per metre of width.
    TimesWidth,
    /// A magnitude, whose sign follows from polarity and drain voltage.
    Sign,
}

/// Why a heading makes no sense: what it says, what it should say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadHeading {
    pub(crate) found: String,
    pub(crate) expected: String,
}

impl BadHeading {
    /// The error of a heading in a line of a file.
    pub(crate) fn at(self, path: &str, line: usize, hint: &str) -> DataError {
        let BadHeading { found, expected } = self;
        DataError::Syntax { path: path.to_owned(), line, found, expected, hint: hint.to_owned() }
    }
}

impl Heading {
    /// True when it says who was measured, not what.
    pub(crate) fn is_identity(&self) -> bool {
        IDENTITY_COLUMNS.contains(&self.column.as_str())
    }

    /// The SI value of a number below this heading.
    pub(crate) fn value(&self, number: f64) -> f64 {
        if self.bare {
            if self.is_length() && number >= 1e-3 {
                return identity::tidy(number * 1e-6);
            }
            if self.column == "temperature" && number < 200.0 {
                return identity::tidy(si::kelvin(number));
            }
        }
        let number = self.scale.undo(number);
        let value = number * self.factor + self.offset;
        // Products of decimal numbers are rounded back to what was written.
        if self.factor.abs() == 1.0 && self.offset == 0.0 { value } else { fine(value) }
    }

    /// The SI value of a number with an SI prefix or a unit of its own, `5 mV` below `Vg [V]`; `None` where it measures
    /// something else than the heading says.
    pub(crate) fn quantity(&self, text: &str) -> Option<f64> {
        if self.later == Some(Later::TimesWidth) {
            return None;
        }
        let dimension = if self.known { Dimension::of(&self.column) } else { Dimension::None };
        let value = unit::own(dimension, text)?;
        Some(match self.scale {
            Scale::Linear => fine(value * self.factor.signum()),
            _ => self.value(value),
        })
    }

    /// All that is left to do once the device is known.
    pub(crate) fn waits(&self) -> impl Iterator<Item = Later> + use<> {
        self.later.into_iter().chain(self.unsigned.then_some(Later::Sign))
    }

    /// How much of the reading is lost: 0 for the value itself, 1 for its magnitude, 2 for a logarithm.
    pub(crate) fn loss(&self) -> u8 {
        match (self.scale, self.unsigned) {
            (Scale::Linear, unsigned) => u8::from(unsigned),
            _ => 2,
        }
    }

    /// True for a current, conductance, charge or capacitance.
    pub(crate) fn is_response(&self) -> bool {
        self.known && self.is_numeric() && Dimension::of(&self.column).is_response()
    }

    /// True for a terminal voltage.
    pub(crate) fn is_voltage(&self) -> bool {
        self.known && Dimension::of(&self.column) == Dimension::Voltage
    }

    /// True for width and length.
    pub(crate) fn is_length(&self) -> bool {
        identity::LENGTHS.contains(&self.column.as_str())
    }

    /// True for numbers, false for names of devices, corners and the like.
    pub(crate) fn is_numeric(&self) -> bool {
        !self.is_identity() || ["w", "l", "nf", "mult", "temperature"].contains(&self.column.as_str())
    }

    /// A heading without meaning, kept under its own name; `_given` is added to names that the table uses itself.
    pub(crate) fn unknown(name: &str) -> Heading {
        let name = plain(name);
        let taken = table::COLUMNS.iter().any(|(column, _)| *column == name);
        let column = if taken { format!("{name}_given") } else { name };
        Heading {
            column,
            known: false,
            factor: 1.0,
            offset: 0.0,
            later: None,
            scale: Scale::Linear,
            unsigned: false,
            bare: false,
        }
    }

    /// Reads a heading, after renaming it with `mapping`; `None` for a column to leave out.
    pub(crate) fn read(text: &str, mapping: &ColumnMapping) -> Result<Option<Heading>, BadHeading> {
        let text = text.trim().trim_matches('"').trim();
        // East Asian keyboards write brackets of their own.
        let narrow = text.replace(['（', '［'], "(").replace(['）', '］'], ")");
        let text = narrow.as_str();
        match mapping.given(text) {
            Some(to) if to.trim().is_empty() => Ok(None),
            Some(to) => parse(to).map(Some),
            None => parse(text).map(Some),
        }
    }

    /// What a heading means, after renaming it with `mapping`; `None` for a column to leave out and for one that makes no sense.
    pub(crate) fn meant(text: &str, mapping: &ColumnMapping) -> Option<Heading> {
        Heading::read(text, mapping).ok().flatten()
    }
}

/// A temperature in kelvin as headers write it: `27`, `300.15`, `27 deg C`, `398.15K`; `None` for other words.
pub(crate) fn temperature(text: &str) -> Option<f64> {
    let heading = parse("temperature").ok()?;
    let text = text.trim();
    match si::parse(text).ok().filter(|_| text.ends_with(|c: char| c.is_ascii_digit() || c == '.')) {
        Some(number) => Some(heading.value(number)),
        None => heading.quantity(text),
    }
}

/// Fourteen significant digits: removes the rounding of a unit conversion, keeps every instrument's digits.
fn fine(value: f64) -> f64 {
    format!("{value:.13e}").parse().unwrap_or(value)
}

/// Functions within functions that a heading may have, `log10(abs(Id))`; deeper ones are no heading of a laboratory.
const NESTED: usize = 4;

fn parse(text: &str) -> Result<Heading, BadHeading> {
    parse_within(text, NESTED)
}

fn parse_within(text: &str, nested: usize) -> Result<Heading, BadHeading> {
    if nested > 0
        && let Some(function::Inside { text: inner, scale }) = function::inside(text)
    {
        let inner = parse_within(&inner, nested - 1)?;
        let dimension = Dimension::of(&inner.column);
        let once = scale == Scale::Linear || inner.scale == Scale::Linear;
        if once && inner.known && (dimension.has_sign() || dimension == Dimension::Frequency) {
            let signed = dimension.has_sign();
            let scale = if scale == Scale::Linear { inner.scale } else { scale };
            return Ok(Heading { scale, unsigned: inner.unsigned || signed, ..inner });
        }
    }
    let (negated, rest) = match text.strip_prefix(['-', '−']) {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let (name, unit) = split_unit(without_run(rest));
    if name == "t" && unit.as_deref().is_some_and(|u| ["s", "ms", "us", "min", "h"].contains(&u)) {
        return Ok(Heading::unknown("time"));
    }
    let over_width = name.trim_end().strip_suffix(['w', 'W']).and_then(|n| n.trim_end().strip_suffix('/'));
    let over_width = over_width.filter(|n| canonical(n).is_some()).map(str::to_owned);
    let name = over_width.clone().unwrap_or(name);
    let Some(column) = canonical(&name) else {
        // A unit that is not understood stays in the name, so that it is not lost.
        let (factor, name) = match unit.as_deref().map(|u| (u, any_unit(u))) {
            None => (1.0, name),
            Some((_, Some((factor, _)))) => (factor, name),
            Some((u, None)) => (1.0, format!("{name} {u}")),
        };
        return Ok(Heading { factor: if negated { -factor } else { factor }, ..Heading::unknown(&name) });
    };
    let (column, sign) = column;
    let dimension = Dimension::of(column);
    let per_width = unit.as_deref().and_then(|u| unit::per_width(dimension, u));
    let (factor, offset) = match (unit.as_deref().map(|u| dimension.unit(u)), per_width) {
        (_, Some(factor)) => (factor, 0.0),
        (None, None) if over_width.is_none() => (1.0, 0.0),
        (Some(Some(conversion)), None) if over_width.is_none() => conversion,
        _ => {
            let (what, examples) = dimension.words();
            return Err(BadHeading {
                found: format!("heading '{text}' with unit '{}'", unit.unwrap_or_default()),
                expected: match over_width {
                    Some(_) => format!("a unit of {what} per width such as uA/um"),
                    None => format!("a unit of {what} such as {examples}"),
                },
            });
        }
    };
    let mirrored = name.to_ascii_lowercase().starts_with("op_") && column.starts_with('q');
    let later = match per_width {
        Some(_) => Some(Later::TimesWidth),
        None => mirrored.then_some(Later::Mirror),
    };
    Ok(Heading {
        column: column.to_owned(),
        known: true,
        factor: if negated { -factor } else { factor } * sign,
        offset,
        later,
        scale: Scale::Linear,
        unsigned: false,
        bare: unit.is_none() && matches!(dimension, Dimension::Length | Dimension::Temperature),
    })
}

/// The number of a run in brackets, `DrainI(2)`.
pub(crate) fn run_of(text: &str) -> Option<u32> {
    let (_, number) = text.trim().strip_suffix(')')?.rsplit_once('(')?;
    number.trim().parse().ok()
}

/// `DrainI` of `DrainI(2)`, `Id` of `Id.1` and `Id #3`: the number of a run, or of a heading that repeats.
fn without_run(text: &str) -> &str {
    let text = text.trim();
    let digits = text.strip_suffix(')').unwrap_or(text).trim_end_matches(|c: char| c.is_ascii_digit());
    let name = digits.trim_end_matches(['(', '#', '.']).trim_end();
    let numbered = digits.len() < text.len() && name.len() < digits.len();
    if numbered && canonical(text).is_none() && canonical(name).is_some() { name } else { text }
}

/// Name and unit of `Id [uA]`, `Id (uA)`, `Id/uA`, `Id, uA`, `id_ua`; the unit only where it is one.
fn split_unit(text: &str) -> (String, Option<String>) {
    let text = text.trim();
    for (open, close) in [('[', ']'), ('(', ')'), ('{', '}')] {
        if let Some(inner) = text.strip_suffix(close)
            && let Some((name, unit)) = inner.rsplit_once(open)
            && !name.trim().is_empty()
        {
            let unit = &unit::as_ratio(unit.trim());
            // `I(D)` and `V(gate)` are names, not units.
            if unit.is_empty() || unit == "-" {
                return (name.trim().to_owned(), None);
            }
            if any_unit(unit).is_some() && canonical(text).is_none() || open == '[' {
                return (name.trim().to_owned(), Some(unit.to_owned()));
            }
        }
    }
    for separator in ["/", ",", "_", " in ", " ", ":"] {
        if let Some((name, unit)) = text.rsplit_once(separator)
            && any_unit(unit.trim()).is_some()
            && canonical(text).is_none()
            && canonical(name).is_some_and(|(c, _)| Dimension::of(c).unit(unit.trim()).is_some())
        {
            return (name.trim().to_owned(), Some(unit.trim().to_owned()));
        }
    }
    (text.to_owned(), None)
}

/// A column name for a heading without meaning: lower case, underscores for anything else.
fn plain(name: &str) -> String {
    let parts = name.to_lowercase();
    let parts: Vec<&str> = parts.split(|c: char| !c.is_alphanumeric()).filter(|p| !p.is_empty()).collect();
    if parts.is_empty() { "column".to_owned() } else { parts.join("_") }
}

#[cfg(test)]
mod tests;
