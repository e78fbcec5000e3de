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
    pattern(&format!(r"(?i)(?:^|[^a-z0-9])w(=)?_?{number}[_\-x ]*l(=)?_?{number}(?:[^a-z0-9]|\.[a-z]|$)"))
});

/// A temperature with a letter before and perhaps a unit behind; `m40` and `n40` are -40.
static LETTERED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[^A-Za-z0-9.])[Tt](=)?_?([-mn]?[0-9]+(?:\.[0-9]+)?)(C|degC|c|K)?(?:[^A-Za-z0-9]|$)")
});

/// A temperature with a unit.
static WITH_UNIT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?:^|[^A-Za-z0-9.])([-mn]?[0-9]+(?:\.[0-9]+)?)(C|degC|c|K)(?:[^A-Za-z0-9]|$)")
});

/// Temperatures at which transistors are measured, degrees Celsius.
const MEASURED: std::ops::RangeInclusive<f64> = -100.0..=300.0;
/// Between these, a number with a C behind is more often that of a die: `die_12C`, `run_4c`.
const NUMBERED: std::ops::Range<f64> = -20.0..20.0;

/// A word for a kind of transistor.
static KIND: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)(?:^|[^a-z0-9])([np])(?:mos|fet|ch|mosfet)(?:[^a-z]|$)"));

/// Width and length, m; `None` for whole numbers without unit, which may be those of a wafer and a lot.
pub(crate) fn size(path: &str) -> Option<(f64, f64)> {
    let found = SIZE.captures(path)?;
    let length = |number: usize| {
        let digits = found[number].to_lowercase().replace(['p', 'u'], ".");
        let nano = found.get(number + 1).is_some_and(|u| u.as_str().to_lowercase().starts_with('n'));
        let metres = digits.parse::<f64>().ok()? * if nano { 1e-9 } else { 1e-6 };
        (metres > 0.0).then(|| tidy(metres))
    };
    let plain = [1, 3, 4, 6].iter().all(|k| found.get(*k).is_none())
        && [2, 5].iter().all(|k| found[*k].bytes().all(|b| b.is_ascii_digit()));
    if plain { None } else { Some((length(2)?, length(5)?)) }
}

/// Temperature, K.
pub(crate) fn temperature(path: &str) -> Option<f64> {
    let number = |text: &str| text.replace(['m', 'n'], "-").parse::<f64>().ok();
    let lettered = LETTERED.captures(path).and_then(|found| {
        // A bare number is a temperature beside a size; else it may count anything.
        let clear = found.get(1).or_else(|| found.get(3)).is_some() || found[2].starts_with(['m', '-']);
        let celsius = match (number(&found[2])?, found.get(3).map(|u| u.as_str())) {
            (kelvin, Some("K")) => si::celsius(kelvin),
            (bare, None) if bare >= 200.0 => si::celsius(bare),
            (celsius, _) => celsius,
        };
        (clear || size(path).is_some()).then_some(celsius)
    });
    let with_unit = || {
        let found = WITH_UNIT.captures(path)?;
        let celsius = if &found[2] == "K" { si::celsius(number(&found[1])?) } else { number(&found[1])? };
        (!NUMBERED.contains(&celsius) || &found[2] == "K").then_some(celsius)
    };
    let celsius = lettered.or_else(with_unit).filter(|t| MEASURED.contains(t))?;
    Some(tidy(si::kelvin(celsius)))
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
            ("wafer3_w10_l2.csv", "NaN NaN None None"),
            ("W12_L3_T27.csv", "NaN NaN None None"),
            ("n1_t2/chip3_T10/run_4c.csv", "NaN NaN None None"),
            ("after_10k_2024-01-31_T1030.csv", "NaN NaN None None"),
            ("IV_20240131_300K.csv", "NaN NaN Some(300.0) None"),
            ("idvg_m40C.csv", "NaN NaN Some(233.15) None"),
            ("n/pmos_vs_nmos.csv", "NaN NaN None None"),
            ("wafer3_l2.csv", "NaN NaN None None"),
            ("new1_label2_T1.csv", "NaN NaN None None"),
        ] {
            assert_eq!(told(path), expected, "{path}");
        }
    }
}
