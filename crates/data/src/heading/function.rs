//! What was done to a reading before it was written down: `log10(Id)`, `ln(Id)`, `|Id|`, `abs(Id) [A]`, `absId`.

use super::spelling::canonical;

/// The scale that numbers were written on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    /// The value itself.
    Linear,
    /// Its decimal logarithm.
    Log10,
    /// Its natural logarithm.
    Ln,
}

impl Scale {
    /// The value behind a number on this scale.
    pub(super) fn undo(self, number: f64) -> f64 {
        match self {
            Scale::Linear => number,
            Scale::Log10 => 10f64.powf(number),
            Scale::Ln => number.exp(),
        }
    }
}

/// A heading without its function, which the sign is lost by.
#[derive(Debug, PartialEq)]
pub(super) struct Inside {
    /// What the function was taken of, with the unit that stood outside: `Id [A]` of `abs(Id) [A]`.
    pub(super) text: String,
    pub(super) scale: Scale,
}

/// Functions with their scale; `log` has base ten, as spreadsheets and instruments mean it. Longer names first.
const FUNCTIONS: [(&str, Scale); 5] = [
    ("log10", Scale::Log10),
    ("log", Scale::Log10),
    ("lg", Scale::Log10),
    ("ln", Scale::Ln),
    ("abs", Scale::Linear),
];

/// The outermost function of a heading; `None` where there is none.
pub(super) fn inside(text: &str) -> Option<Inside> {
    let text = text.trim();
    if let Some(rest) = text.strip_prefix('|') {
        let (inner, unit) = rest.split_once('|')?;
        return of(inner, unit, Scale::Linear);
    }
    let lower = text.to_ascii_lowercase();
    let (name, scale) = FUNCTIONS.into_iter().find(|(name, _)| lower.starts_with(name))?;
    let rest = &text[name.len()..];
    let argument = rest.trim_start();
    if argument.starts_with('(') {
        let end = closing(argument)?;
        return of(&argument[1..end], &argument[end + 1..], scale);
    }
    // Without brackets a word may only begin like a function, as `logic` and `absolute` do.
    let apart = rest.starts_with(|c: char| c.is_whitespace() || c == '_' || c == '|');
    let current = rest.starts_with('I') && canonical(rest).is_some();
    (apart || current)
        .then(|| of(rest.trim_start_matches(|c: char| c.is_whitespace() || c == '_'), "", scale))?
}

fn of(inner: &str, outside: &str, scale: Scale) -> Option<Inside> {
    let outside = outside.trim();
    // The unit of a logarithm is written as `[log(A)]` or, in decades, as `[dec]`.
    let bare = outside.trim_start_matches(['[', '(']).trim_end_matches([']', ')']);
    let unit = FUNCTIONS.iter().find_map(|(name, _)| bare.strip_prefix(name)).unwrap_or(bare);
    let unit = unit.trim_matches(['(', ')', ' ']).trim_start_matches('/').trim();
    let text = match unit {
        "" | "-" | "dec" | "decades" | "1" => inner.trim().to_owned(),
        unit => format!("{} [{unit}]", inner.trim()),
    };
    (!inner.trim().is_empty()).then_some(Inside { text, scale })
}

/// Index of the bracket that closes the first one.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0usize;
    for (k, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(k),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}
