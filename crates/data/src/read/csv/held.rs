//! Biases that headings and cells hold: `Id(Vd=0.1)`, `id_vg0p4`, `Vgs=0.4,,Vgs=0.8`.

use regex::Regex;
use std::sync::LazyLock;

use gummel_device::si;

use crate::heading::{ColumnMapping, Heading};
use crate::{identity, number};

/// A column and the value that is held in it.
pub(super) type Condition = (String, f64);

/// A condition inside a heading: `Vd=0.1`, `V_DS = 50 mV`.
static CONDITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"([A-Za-z_][A-Za-z0-9_]*)\s*=\s*([-+−]?(?:[0-9]+(?:[.,][0-9]+)?|[.,][0-9]+)\.?(?:[eE][-+]?[0-9]+)?\s*[A-Za-zµ]*)",
    )
    .expect("the pattern is constant and valid")
});

/// The heading without its conditions, and the conditions: `Id(Vd=0.1 V, Vb=0)`, `Id [A] @ Vd=0.1`.
///
/// The name that a mapping gives may have conditions as well: `"0.4" = "id [mA] (vg=0.4)"`.
///
/// Whole volts `hang` on a name, as in `Id_Vg1`, where several headings have such a bias.
pub(super) fn take_conditions(text: &str, mapping: &ColumnMapping, hang: bool) -> (String, Vec<Condition>) {
    let Some(given) = mapping.given(text) else { return split_conditions(text, mapping, hang) };
    match split_conditions(given, mapping, hang) {
        (_, conditions) if conditions.is_empty() => (text.to_owned(), conditions),
        named => named,
    }
}

/// A response and a bias that hangs on it without an equals sign: `Id_Vgs_0.4V`, `id_vg0p4`, `Id (Vds 1.2 V)`.
static HANGING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(.+?)[\s_@:(\[]+([A-Za-z]+(?:_[A-Za-z]+)?)[\s_]*([-+−]?[0-9]+(?:[.pP][0-9]+)?)\s*(m?V)?[\s)\]]*$",
    )
    .expect("the pattern is constant and valid")
});

pub(super) fn hanging(text: &str, mapping: &ColumnMapping) -> Option<(String, Condition)> {
    let found = HANGING.captures(text.trim())?;
    let read = |name: &str| Heading::meant(name, mapping);
    if !read(&found[1])?.is_response() || !read(&found[2])?.is_voltage() {
        return None;
    }
    let unit = found.get(4).map_or("", |u| u.as_str());
    let value = found[3].replace(['p', 'P'], ".");
    Some((found[1].to_owned(), condition(&format!("{}={value}{unit}", &found[2]), mapping)?))
}

fn split_conditions(text: &str, mapping: &ColumnMapping, hang: bool) -> (String, Vec<Condition>) {
    let clear =
        hang || text.contains(['.', '-', '−']) || text.trim_end_matches([')', ']', ' ']).ends_with('V');
    if let Some((name, condition)) = hanging(text, mapping).filter(|_| clear) {
        return (name, vec![condition]);
    }
    let found: Vec<_> = CONDITION.captures_iter(text).collect();
    // The name of the bias may hang on that of the column: `Id_Vd=0.1`.
    let named = |c: &regex::Captures| {
        let (name, value) = (c.get(1)?, &c[2]);
        let tails = name.as_str().match_indices('_').map(|(at, _)| at + 1);
        let read = |at: usize| {
            Some((name.start() + at, condition(&format!("{}={value}", &name.as_str()[at..]), mapping)?))
        };
        std::iter::once(0).chain(tails).find_map(read)
    };
    let conditions: Vec<(usize, Condition)> = found.iter().filter_map(named).collect();
    let (Some((start, _)), Some(last)) = (conditions.first(), found.last().and_then(|c| c.get(0))) else {
        return (text.to_owned(), Vec::new());
    };
    let start = *start;
    let conditions: Vec<Condition> = conditions.into_iter().map(|(_, c)| c).collect();
    let opening = |c: char| c.is_whitespace() || "([{@,:;_|".contains(c);
    let closing = |c: char| c.is_whitespace() || ")]}".contains(c);
    let before = text[..start].trim_end_matches(opening);
    let behind = text[last.end()..].trim_start_matches(closing);
    (format!("{before} {behind}").trim().to_owned(), conditions)
}

/// What a line above tables side by side holds, `Vgs=0.4,,Vgs=0.8,`: cell by cell, where one column is
/// held at several values; empty for any other line.
pub(super) fn banner(cells: &[String], mapping: &ColumnMapping) -> Vec<(usize, Condition)> {
    let held = |(k, cell): (usize, &String)| Some((k, condition(cell, mapping)?));
    let held: Vec<(usize, Condition)> = cells.iter().enumerate().filter_map(held).collect();
    let several =
        |(_, (column, value)): &(usize, Condition)| held.iter().any(|(_, (c, v))| c == column && v != value);
    if held.iter().any(several) { held } else { Vec::new() }
}

/// `vd = 0.1 V` as a column and its value, when the name is a voltage, temperature or length.
pub(crate) fn condition(text: &str, mapping: &ColumnMapping) -> Option<Condition> {
    let (name, value) = text.split_once('=')?;
    let heading = Heading::meant(name, mapping)?;
    if !heading.known || !heading.is_numeric() {
        return None;
    }
    let value = value.trim().trim_end_matches([')', ']', '}']).trim();
    // A comma inside one value writes a decimal.
    let value = &value.replace(',', ".").replace('−', "-");
    if heading.is_length() && heading.bare {
        return Some((heading.column.clone(), identity::tidy(si::parse_length(value).ok()?)));
    }
    let number = number::whole(value.as_bytes());
    let value = number.map_or_else(|| heading.quantity(value), |n| Some(heading.value(n)))?;
    Some((heading.column.clone(), value))
}
