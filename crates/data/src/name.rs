//! What the name of a file says of its device where no pattern matches and nothing else tells: `nmos_W10_L0p13_T27.csv`,
//! `W=10um_L=130nm/idvg_m40C.csv`.

use gummel_device::si;
use regex::Regex;
use std::sync::LazyLock;

use crate::identity::tidy;

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is constant and valid")
}

/// A width and a length beside each other; bare numbers are micrometres, `0p13` and `0u13` have a decimal point.
static SIZE: LazyLock<Regex> = LazyLock::new(|| {
    let number = r"([0-9]+(?:[.pu][0-9]+)?)(um|u|nm|n)?";
    pattern(&format!(r"(?i)(?:^|[^a-z0-9])w[=_]?{number}[_\-x ]*l[=_]?{number}(?:[^a-z0-9]|\.[a-z]|$)"))
});

/// A temperature with a letter before or a unit behind; `m40` and `n40` are -40.
static TEMPERATURE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)(?:^|[^a-z0-9.])(?:t[=_]?([-mn]?[0-9]+(?:\.[0-9]+)?)(c|degc|k)?|([-mn]?[0-9]+(?:\.[0-9]+)?)(c|degc|k))(?:[^a-z0-9]|$)",
    )
});

/// A word for a kind of transistor.
static KIND: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)(?:^|[^a-z0-9])([np])(?:mos|fet|ch|mosfet)(?:[^a-z]|$)"));

/// Width and length, m.
pub(crate) fn size(path: &str) -> Option<(f64, f64)> {
    let found = SIZE.captures(path)?;
    let length = |number: usize| {
        let digits = found[number].to_lowercase().replace(['p', 'u'], ".");
        let nano = found.get(number + 1).is_some_and(|u| u.as_str().to_lowercase().starts_with('n'));
        let metres = digits.parse::<f64>().ok()? * if nano { 1e-9 } else { 1e-6 };
        (metres > 0.0).then(|| tidy(metres))
    };
    Some((length(1)?, length(3)?))
}

/// Temperature, K.
pub(crate) fn temperature(path: &str) -> Option<f64> {
    let found = TEMPERATURE.captures(path)?;
    let number = found.get(1).or_else(|| found.get(3))?.as_str().to_lowercase();
    let number: f64 = number.replace(['m', 'n'], "-").parse().ok()?;
    let unit = found.get(2).or_else(|| found.get(4)).map_or("", |u| u.as_str());
    let kelvin = unit.eq_ignore_ascii_case("k") || unit.is_empty() && number >= 200.0;
    let kelvin = if kelvin { number } else { si::kelvin(number) };
    (kelvin > 0.0 && kelvin < 2000.0).then(|| tidy(kelvin))
}

/// The letter of an n- or p-channel transistor.
pub(crate) fn polarity(path: &str) -> Option<char> {
    let letters: Vec<char> = KIND
        .captures_iter(path)
        .filter_map(|c| c[1].chars().next())
        .map(|c| c.to_ascii_lowercase())
        .collect();
    letters.first().copied().filter(|first| letters.iter().all(|l| l == first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_temperatures_and_kinds_are_told() {
        let told = |path: &str| {
            let (w, l) = size(path).unwrap_or((f64::NAN, f64::NAN));
            format!("{w:e} {l:e} {:?} {:?}", temperature(path), polarity(path))
        };
        for (path, expected) in [
            ("nmos_W10_L0p13_T27.csv", "1e-5 1.3e-7 Some(300.15) Some('n')"),
            ("W=10um_L=130nm.csv", "1e-5 1.3e-7 None None"),
            ("lot7/w10u_l0u13_m40c.txt", "1e-5 1.3e-7 Some(233.15) None"),
            ("W5u_L0u13/T_m40/pfet.csv", "5e-6 1.3e-7 Some(233.15) Some('p')"),
            ("pch_W1000xL0.5_300K.csv", "1e-3 5e-7 Some(300.0) Some('p')"),
            ("n/pmos_vs_nmos.csv", "NaN NaN None None"),
            ("wafer3_l2.csv", "NaN NaN None None"),
            ("new1_label2_T1.csv", "NaN NaN Some(274.15) None"),
        ] {
            assert_eq!(told(path), expected, "{path}");
        }
    }
}
