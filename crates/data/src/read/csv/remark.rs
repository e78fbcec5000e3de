//! The `key = value` pairs of a line that is neither headings nor a row.

use regex::Regex;
use std::sync::LazyLock;

/// A name with an equals sign behind it.
static KEY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"([A-Za-z_][A-Za-z0-9_]*)\s*=").expect("the pattern is constant and valid"));

/// A number with its unit, attached or after a blank, at the beginning of a value that goes on: `0.13um nMOS`.
static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?(?:[A-Za-zµ°]+|\s+[A-Za-zµ°]{1,3})?)(?:\s|$)")
        .expect("the pattern is constant and valid")
});

/// The pairs of a remark, however they are separated: `w=10u l=0.13u`, `Vd = 0.1 V, Vb = 0`.
///
/// A value ends at the next key, tab or semicolon, and at a comma unless commas write decimals; these
/// come out as points.
pub(super) fn assignments(text: &str, comma_decimals: bool) -> Vec<(String, String)> {
    let found: Vec<_> = KEY.captures_iter(text).filter_map(|c| Some((c.get(0)?, c.get(1)?))).collect();
    let ends = found.iter().skip(1).map(|(whole, _)| whole.start()).chain([text.len()]);
    let pair = |((whole, key), end): (&(regex::Match, regex::Match), usize)| {
        let rest = text[whole.end()..end].trim();
        let value = rest.split(['\t', ';', '|']).next().unwrap_or_default();
        let value = if comma_decimals {
            value.trim_end_matches([',', ' ']).replace(',', ".")
        } else {
            value.split(',').next().unwrap_or_default().to_owned()
        };
        let value = value.trim().trim_matches('"').trim();
        let number = NUMBER.captures(value).and_then(|c| c.get(1));
        let value = number.map_or(value, |n| n.as_str()).to_owned();
        (!value.is_empty()).then(|| (key.as_str().to_owned(), value))
    };
    found.iter().zip(ends).filter_map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::assignments;

    fn pairs(text: &str, comma_decimals: bool) -> String {
        let pairs = assignments(text, comma_decimals);
        pairs.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join("|")
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
}
