//! Headings that nearly say what a column is: taken as unknown, its numbers would be lost without a word.

use regex::Regex;
use std::sync::LazyLock;

use crate::heading::{BadHeading, ColumnMapping, Heading};

/// A response and a voltage of no terminal: `Id@0.1V`, `Id (0.05)`. A whole number is that of a run.
static NAMELESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(.*?)[\s@(_\[]+([-+]?(?:[0-9]*[.,][0-9]+\s*V?|[0-9]+\s*V))[\s)\]]*$")
        .expect("the pattern is constant and valid")
});

/// Refuses a bias without name.
///
/// # Errors
/// For a heading that holds a bias without saying which: its numbers would be lost.
pub(super) fn nameless_bias(name: &str, mapping: &ColumnMapping) -> Result<(), BadHeading> {
    let Some(found) = NAMELESS.captures(name.trim()) else { return Ok(()) };
    let response = |h: Heading| h.is_response();
    if !Heading::meant(&found[1], mapping).is_some_and(response) {
        return Ok(());
    }
    Err(BadHeading {
        found: format!("heading '{}'", name.trim()),
        expected: format!("the bias that {} is of, as in '{} (Vd={})'", &found[2], &found[1], &found[2]),
    })
}

/// A quantity and a power of ten: `Id/A*1e-6`, `Id x10^6 (A)`. It may be what the numbers were or are to be multiplied by.
static FACTOR: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([A-Za-z_]+).*(?:[*×·]|\bx)\s*1(?:[eE]|0\s*\^?)\s*[-+−]?[0-9]+")
        .expect("the pattern is constant and valid")
});

/// Refuses a factor.
///
/// # Errors
/// For a heading with a factor in it: its column would be none of those that a fit knows.
pub(super) fn factor(name: &str, mapping: &ColumnMapping) -> Result<(), BadHeading> {
    let Some(found) = FACTOR.captures(name.trim()) else { return Ok(()) };
    let unit = match Heading::meant(&found[1], mapping) {
        Some(heading) if heading.is_voltage() => "mV",
        Some(heading) if heading.is_response() => "uA",
        _ => return Ok(()),
    };
    Err(BadHeading {
        found: format!("heading '{}' with a factor", name.trim()),
        expected: format!("a unit that says what the numbers are, as in '{} [{unit}]'", &found[1]),
    })
}
