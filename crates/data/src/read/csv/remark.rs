//! What a line says that is neither headings nor a row: `w=10u l=0.13u`, `Gate width: 10 um`, `VDS(V) = 0.05, 0.6`.

use regex::Regex;
use std::sync::LazyLock;

use super::beside::is_stimulus;
use super::held::condition;
use crate::heading::{ColumnMapping, Heading};

/// A single word before an equals sign.
static WORD: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z_][A-Za-z0-9_]*\s*$").expect("the pattern is constant and valid"));

/// A number with its unit, attached or after a blank, at the beginning of a value that goes on: `0.13um nMOS`.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?(?:[A-Za-zµ°]+|\s+deg\.?\s*[CK]|\s+[A-Za-zµ°]{1,3})?)(?:\s|$)",
    )
    .expect("the pattern is constant and valid")
});

/// A voltage and what makes it the first of several: `0.05 to 1.2 V`, `0...1.2`, `0:0.1:1.2`, `0 - 1.2 V`.
static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^[-+]?[0-9.]*[0-9](?:[eE][-+]?[0-9]+)?\s*(?:m?V)?(?:\s+(?:to|bis)\s+|\s*(?:\.\.+|…|–|—|:)\s*|\s+-\s+)[-+]?[0-9.]+\s*(?:m?V\b|$|[,;:])",
    )
    .expect("the pattern is constant and valid")
});

/// What stands behind a name.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said {
    /// A value.
    One(String),
    /// Several numbers; none where only their ends are told.
    Several(Vec<String>),
}

/// The pairs of a remark, however they are separated: `w=10u l=0.13u`, `Vd = 0.1 V, Vb = 0`, `W: 10um, T: 27 C`.
///
/// Any word may stand before an equals sign; before a colon, and with a unit or in several words, only what has a meaning. A value
/// ends at the next name, tab or semicolon, and at a comma unless commas write decimals; these come out as points.
pub(crate) fn assignments(text: &str, comma_decimals: bool, mapping: &ColumnMapping) -> Vec<(String, Said)> {
    let mut names: Vec<(usize, usize, usize)> = Vec::new();
    // Longer lines are no remarks of a person.
    let text = if text.len() > LINE { "" } else { text };
    for (at, mark) in text.match_indices(['=', ':']) {
        let from = names.last().map_or(0, |(_, _, end)| *end);
        if at >= from
            && let Some(key) = name_before(text, from, at, mark == "=", mapping)
        {
            names.push((key, at, at + mark.len()));
        }
    }
    let ends = names.iter().skip(1).map(|(key, _, _)| *key).chain([text.len()]);
    let mut pairs = Vec::new();
    for ((key, at, from), end) in names.iter().zip(ends) {
        let name = text[*key..*at].trim().trim_matches(['"', '{']).trim_start_matches('"');
        let Some(said) = said(name, text[*from..end].trim(), comma_decimals, mapping) else { continue };
        let ratio = name.eq_ignore_ascii_case("l") && text[..*key].trim_end().ends_with(['/']);
        match (&said, name) {
            // `W/L = 10u/0.13u`
            (Said::One(value), _) if ratio && let Some((w, l)) = value.split_once('/') => {
                pairs.push(("W".to_owned(), Said::One(w.trim().to_owned())));
                pairs.push(("L".to_owned(), Said::One(l.trim().to_owned())));
            }
            _ => pairs.push((name.to_owned(), said)),
        }
    }
    pairs
}

/// Most bytes of a line.
const LINE: usize = 4096;
/// Most words of a name.
const WORDS: usize = 4;
/// Most bytes of a name.
const LONGEST: usize = 40;

/// Words before a name that do not change it.
const BESIDE: [&str; 6] = ["device", "drawn", "total", "chuck", "ambient", "applied"];

/// Where the name begins that ends at the mark at `at`, if there is one behind `from`.
///
/// Before an equals sign the longest end that has a meaning counts, else its last word; before a colon all that stands there, or the
/// word behind the value of another pair: `W: 10um L: 130nm`, but not `Pulse length: 5`.
fn name_before(text: &str, from: usize, at: usize, equals: bool, mapping: &ColumnMapping) -> Option<usize> {
    let begin = text[from..at].rfind([',', ';', '|', '\t']).map_or(from, |k| from + k + 1);
    let read = |name: &str| Heading::meant(name, mapping).filter(|h| h.known);
    let spaces = || text[begin..at].trim_end().rmatch_indices(' ').map(|(k, _)| begin + k + 1);
    if equals {
        let known = |from: &usize| at - from <= LONGEST && read(text[*from..at].trim()).is_some();
        let words: Vec<usize> = spaces().take(WORDS).chain([begin]).collect();
        let single = || Some(begin + WORD.find(&text[begin..at])?.start());
        return words.into_iter().rev().find(known).or_else(single);
    }
    // A time of day, a folder and an address hold colons, too.
    let behind = &text[at + 1..];
    if !behind.starts_with(|c: char| c.is_ascii_digit() || [' ', '\t', '-', '+', '.'].contains(&c)) {
        return None;
    }
    let told = |from: usize| {
        let means = |from: usize| {
            let name = text[from..at].trim().trim_matches(['"', '{']);
            name.len() <= LONGEST && read(name).is_some_and(|h| is_stimulus(&h.column))
        };
        let name = text[from..at].trim_start();
        let beside = BESIDE.iter().find(|w| name.get(..w.len()).is_some_and(|n| n.eq_ignore_ascii_case(w)));
        let behind = beside.map(|w| at - name.len() + w.len());
        [Some(from), behind].into_iter().flatten().find(|from| means(*from))
    };
    if let Some(from) = told(begin) {
        return Some(from);
    }
    let value = text[begin..at].trim_start().starts_with(|c: char| c.is_ascii_digit() || c == '-');
    (from > 0 && value).then(|| spaces().next()).flatten().and_then(told)
}

/// What the text behind a name says; `None` for nothing.
fn said(name: &str, rest: &str, comma_decimals: bool, mapping: &ColumnMapping) -> Option<Said> {
    let bare = |v: &str| v.trim().trim_matches('"').trim().to_owned();
    let decimal = |v: &str| if comma_decimals { bare(v).replace(',', ".") } else { bare(v) };
    let rest = rest.trim_start_matches('=').trim_start();
    if Heading::meant(name, mapping).is_some_and(|h| h.is_voltage()) {
        if RANGE.is_match(rest) {
            return Some(Said::Several(Vec::new()));
        }
        let marks: &[char] = if comma_decimals { &[';', '|'] } else { &[',', ';', '|'] };
        let pieces: Vec<String> = rest.trim_end_matches([',', ';', ' ']).split(marks).map(decimal).collect();
        // What measures something else is a remark: `0.1 V, 25 °C`.
        let volts: Vec<f64> =
            pieces.iter().map_while(|v| Some(condition(&format!("{name}={v}"), mapping)?.1)).collect();
        if volts.len() == pieces.len() && volts.iter().any(|v| *v != volts[0]) {
            return Some(Said::Several(pieces));
        }
    }
    let value = rest.split(['\t', ';', '|']).next().unwrap_or_default();
    let value = if comma_decimals {
        value.trim_end_matches([',', ' ']).replace(',', ".")
    } else {
        value.split(',').next().unwrap_or_default().to_owned()
    };
    let value = bare(&value);
    let number = NUMBER.captures(&value).and_then(|c| c.get(1));
    let value = number.map_or(value.as_str(), |n| n.as_str()).to_owned();
    (!value.is_empty()).then_some(Said::One(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str, comma_decimals: bool) -> String {
        let pairs = assignments(text, comma_decimals, &ColumnMapping::default());
        let written = |(key, said): &(String, Said)| match said {
            Said::One(value) => format!("{key}={value}"),
            Said::Several(values) => format!("{key}=({})", values.join(" ")),
        };
        pairs.iter().map(written).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn blanks_commas_and_semicolons_separate() {
        assert_eq!(pairs("w=10u l=0.13u type=n", false), "w=10u|l=0.13u|type=n");
        assert_eq!(pairs("Vd = 0.1 V, Vb = 0 V, by hand", false), "Vd=0.1 V|Vb=0 V");
        assert_eq!(pairs("Vd=0.1; Vb=-1\tT = 27 C", false), "Vd=0.1|Vb=-1|T=27 C");
        assert_eq!(pairs("measured on Monday", false), "");
        assert_eq!(pairs("W=10 um L=0.13um nMOS T=27C", false), "W=10 um|L=0.13um|T=27C");
        assert_eq!(pairs("W=10 um wide L=2 short device=3rd of 5", false), "W=10 um|L=2|device=3rd");
        assert_eq!(pairs("lot = , w=1u", false), "w=1u");
    }

    #[test]
    fn commas_may_write_decimals() {
        assert_eq!(pairs("Vd = 0,05 V, Vb = -0,1 V", true), "Vd=0.05 V|Vb=-0.1 V");
    }

    #[test]
    fn names_have_units_words_and_colons() {
        assert_eq!(pairs("W/L = 10u/0.13u, T = 27 deg C", false), "W=10u|L=0.13u|T=27 deg C");
        assert_eq!(pairs("VDS(V) = 0.1", false), "VDS(V)=0.1");
        assert_eq!(pairs("Drain voltage = 0.1 V", false), "Drain voltage=0.1 V");
        assert_eq!(pairs("W: 10um, L: 130nm, T: 27C", false), "W=10um|L=130nm|T=27C");
        assert_eq!(pairs("Gate width: 10 um", false), "Gate width=10 um");
        assert_eq!(pairs("Device width: 10 um", false), "width=10 um");
        assert_eq!(pairs("W[um]=10 L[um]=0.13", false), "W[um]=10|L[um]=0.13");
        assert_eq!(pairs("Time: 12:30:05 in C:\\lot7", false), "");
        assert_eq!(pairs("Operator: A. Grove", false), "");
        assert_eq!(pairs("W: 10um L: 130nm", false), "W=10um|L=130nm");
        for free in
            ["Pulse length: 5", "Max Vd: 5", "Comment: T: 3", "Cable length: 1.5 m", "Target Id: 1e-7"]
        {
            assert_eq!(pairs(free, false), "", "{free}");
        }
    }

    #[test]
    fn several_numbers_are_no_value() {
        assert_eq!(pairs("Vds = 0.05, 0.6, 1.2 V", false), "Vds=(0.05 0.6 1.2 V)");
        assert_eq!(pairs("Vds = 0,05; 0,6", true), "Vds=(0.05 0.6)");
        assert_eq!(pairs("Vg: 0 to 1.2 V, Vd = 0.1", false), "Vg=()|Vd=0.1");
        assert_eq!(pairs("Vd=0.1, 0.2 um wide", false), "Vd=0.1");
        assert_eq!(pairs("Vd = 0.1 V, 25 °C", false), "Vd=0.1 V");
        assert_eq!(pairs("Vd = 0.1 V - 27 C", false), "Vd=0.1 V");
        assert_eq!(pairs("W = 10 um, 2 x", false), "W=10 um");
        assert_eq!(pairs("W=10.0E-6;L=130.0E-9", false), "W=10.0E-6|L=130.0E-9");
    }
}
