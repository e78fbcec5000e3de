//! Numbers with SI prefixes and temperatures, read as engineers and SPICE write them, printed as engineers read them.

/// 0 degrees Celsius, K.
pub const ZERO_CELSIUS: f64 = 273.15;

/// Boltzmann constant, J/K; exact in the SI.
pub const BOLTZMANN: f64 = 1.380_649e-23;

/// Elementary charge, C; exact in the SI.
pub const ELEMENTARY_CHARGE: f64 = 1.602_176_634e-19;

/// Boltzmann constant over the elementary charge, V/K: the thermal voltage of one kelvin.
pub const BOLTZMANN_VOLTS: f64 = BOLTZMANN / ELEMENTARY_CHARGE;

/// A temperature in degrees Celsius in kelvin.
pub fn kelvin(celsius: f64) -> f64 {
    celsius + ZERO_CELSIUS
}

/// A temperature in kelvin in degrees Celsius.
pub fn celsius(kelvin: f64) -> f64 {
    kelvin - ZERO_CELSIUS
}

/// Why a number with an SI prefix could not be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("'{found}' is not a number with an optional SI prefix; expected e.g. 0.13u, 1e-6, 600n or 2.5")]
pub struct NotANumber {
    /// The text as found.
    pub found: String,
}

/// Reads `0.13u`, `600.0n`, `1E-06`, `10`, ` 2.5k ` and the like.
///
/// Prefixes: `f p n u µ m k M G T` (a lone `M` is mega as in SI; SPICE's `meg` is accepted too);
/// a trailing unit symbol (`m`, `V`, `A`, `S`, `F`, `C`, `Hz`, `ohm`) after a prefix is ignored.
///
/// # Errors
/// [`NotANumber`] for anything else, also for empty text.
pub fn parse(text: &str) -> Result<f64, NotANumber> {
    let t = text.trim();
    let fail = || NotANumber { found: text.to_owned() };
    if let Ok(v) = t.parse::<f64>() {
        return if t.ends_with(|c: char| c.is_ascii_digit() || c == '.') { Ok(v) } else { Err(fail()) };
    }
    let split = t
        .char_indices()
        .rev()
        .find(|(_, c)| c.is_ascii_digit() || *c == '.')
        .map(|(i, c)| i + c.len_utf8())
        .ok_or_else(fail)?;
    let (digits, suffix) = t.split_at(split);
    let value: f64 = digits.parse().map_err(|_| fail())?;
    let suffix = suffix.trim();
    let factor = if suffix.to_ascii_lowercase().starts_with("meg") {
        1e6
    } else {
        let mut chars = suffix.chars();
        let factor = chars.next().and_then(prefix_factor).ok_or_else(fail)?;
        let unit = chars.as_str();
        if !["", "m", "V", "A", "S", "F", "C", "Hz", "ohm"].contains(&unit) {
            return Err(fail());
        }
        factor
    };
    Ok(value * factor)
}

/// Reads a length of a transistor in metres, as [`parse`] does with two exceptions.
///
/// A bare number of 1e-3 or more can only mean micrometres (`10` is 10 um, `0.13e-6` is 0.13 um); `m` alone after a number below
/// 1e-4 is the metre (`5e-6 m`), since nobody writes a tenth of a micrometre in millimetres (`8m` is 8 mm).
///
/// # Errors
/// [`NotANumber`] as [`parse`].
pub fn parse_length(text: &str) -> Result<f64, NotANumber> {
    let text = text.trim();
    if let Some(metres) = text.strip_suffix('m').and_then(|t| t.trim_end().parse::<f64>().ok())
        && metres.abs() < 1e-4
    {
        return Ok(metres);
    }
    let value = parse(text)?;
    let bare = text.ends_with(|c: char| c.is_ascii_digit() || c == '.');
    Ok(if bare && value.abs() >= 1e-3 { value * 1e-6 } else { value })
}

/// The factor of a one-letter SI prefix, as in `u` = 1e-6.
pub fn prefix_factor(prefix: char) -> Option<f64> {
    Some(match prefix {
        'a' => 1e-18,
        'f' => 1e-15,
        'p' => 1e-12,
        'n' => 1e-9,
        'u' | 'µ' | 'μ' => 1e-6,
        'm' => 1e-3,
        'k' | 'K' => 1e3,
        'M' => 1e6,
        'G' => 1e9,
        'T' => 1e12,
        _ => return None,
    })
}

const PREFIXES: [(i32, &str); 11] = [
    (-18, "a"),
    (-15, "f"),
    (-12, "p"),
    (-9, "n"),
    (-6, "u"),
    (-3, "m"),
    (0, ""),
    (3, "k"),
    (6, "M"),
    (9, "G"),
    (12, "T"),
];

/// Power of ten (a multiple of three between -18 and 12) and its prefix that suit `value`.
pub fn prefix_for(value: f64) -> (i32, &'static str) {
    if value == 0.0 || !value.is_finite() {
        return (0, "");
    }
    // The small bias keeps 999.9999999 from being printed as 1000 of the prefix below.
    let power = ((value.abs().log10() + 1e-9) / 3.0).floor() as i32 * 3;
    let power = power.clamp(-18, 12);
    PREFIXES.iter().copied().find(|(p, _)| *p == power).unwrap_or((0, ""))
}

/// `value` with `digits` significant digits and an SI prefix, e.g. `format(1.234e-7, 3)` is `123n`.
pub fn format(value: f64, digits: usize) -> String {
    if !value.is_finite() {
        return value.to_string();
    }
    let rounded: f64 = format!("{:.*e}", digits.max(1) - 1, value).parse().unwrap_or(value);
    let (power, prefix) = prefix_for(rounded);
    let mantissa = rounded / 10f64.powi(power);
    let lead =
        if mantissa == 0.0 { 1 } else { (mantissa.abs().log10() + 1e-9).floor().max(0.0) as usize + 1 };
    format!("{:.*}{prefix}", digits.saturating_sub(lead), mantissa)
}

/// `value` with as many digits as it needs (up to nine) and an SI prefix: `0.13u`, `10u`, `600n` is `0.6u`.
///
/// Lengths are always written in micrometres between 1 nm and 1 mm, as layouts are.
pub fn format_exact(value: f64) -> String {
    let (power, prefix) = if (1e-9..1e-3).contains(&value.abs()) { (-6, "u") } else { prefix_for(value) };
    let text = format!("{:.9}", value / 10f64.powi(power));
    let text = text.trim_end_matches('0').trim_end_matches('.');
    format!("{text}{prefix}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_engineers_write() {
        for (text, value) in [
            ("0.13u", 0.13e-6),
            ("600.0n", 600e-9),
            (" 27.0000 ", 27.0),
            ("1E-06", 1e-6),
            ("1e-009", 1e-9),
            ("2meg", 2e6),
            ("1.8V", f64::NAN),
            ("5 um", 5e-6),
            ("-0", 0.0),
        ] {
            match parse(text) {
                Ok(v) => assert!((v - value).abs() <= 1e-12 * value.abs(), "{text} gave {v}"),
                Err(_) => assert!(value.is_nan(), "{text} was refused"),
            }
        }
        for bad in ["", "u", "inf", "nan", "1.2.3", "0x10", "1e", "12 parsecs"] {
            assert!(parse(bad).is_err(), "{bad} was read");
        }
    }

    #[test]
    fn lengths_are_micrometres_or_metres() {
        for (text, value) in [
            ("10", 1e-5),
            ("0.13", 1.3e-7),
            ("0.13e-6", 1.3e-7),
            ("5e-6 m", 5e-6),
            ("8m", 8e-3),
            ("1500u", 1.5e-3),
        ] {
            let read = parse_length(text).expect(text);
            assert!((read - value).abs() <= 1e-12 * value, "{text} gave {read}");
        }
        assert!(parse_length("wide").is_err());
    }

    #[test]
    fn prints_with_prefixes() {
        assert_eq!(format(1.234e-7, 3), "123n");
        assert_eq!(format(0.0, 3), "0.00");
        assert_eq!(format(999.9e-9, 3), "1.00u");
        assert_eq!(format(-5.5e-13, 2), "-550f");
        assert_eq!(format_exact(0.6e-6), "0.6u");
        assert_eq!(format_exact(0.13e-6), "0.13u");
    }
}
