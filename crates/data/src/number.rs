//! Fast reading of decimal numbers from bytes, correctly rounded.

/// Powers of ten that an `f64` holds exactly.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19, 1e20, 1e21, 1e22,
];

/// Reads the number that starts at `bytes[at]`; gives it with the index behind it.
///
/// Grammar: `[+-]digits[.digits][(e|E|d|D)[+-]digits]`. A mantissa below 2^53 with a power of ten up
/// to 22 takes one exact multiplication or division (Clinger 1990); everything else goes through the
/// standard library. `None` when there is no digit.
#[inline]
pub(crate) fn read(bytes: &[u8], at: usize) -> Option<(f64, usize)> {
    let mut i = at;
    let negative = match bytes.get(i) {
        Some(b'-') => {
            i += 1;
            true
        }
        Some(b'+') => {
            i += 1;
            false
        }
        _ => false,
    };
    let mut mantissa: u64 = 0;
    let mut digits = 0usize;
    let start = i;
    while let Some(d) = digit(bytes, i) {
        mantissa = mantissa.wrapping_mul(10).wrapping_add(d);
        digits += usize::from(mantissa != 0);
        i += 1;
    }
    let mut any = i > start;
    let mut exponent: i32 = 0;
    if bytes.get(i) == Some(&b'.') {
        i += 1;
        let fraction = i;
        while let Some(d) = digit(bytes, i) {
            mantissa = mantissa.wrapping_mul(10).wrapping_add(d);
            digits += usize::from(mantissa != 0);
            i += 1;
        }
        any |= i > fraction;
        exponent = -((i - fraction) as i32);
    }
    if !any {
        return None;
    }
    let mantissa_end = i;
    let mut fortran = false;
    if matches!(bytes.get(i), Some(b'e' | b'E' | b'd' | b'D')) {
        fortran = matches!(bytes[i], b'd' | b'D');
        let mut j = i + 1;
        let down = bytes.get(j) == Some(&b'-');
        if matches!(bytes.get(j), Some(b'+' | b'-')) {
            j += 1;
        }
        let first = j;
        let mut e: i32 = 0;
        while let Some(d) = digit(bytes, j) {
            e = e.saturating_mul(10).saturating_add(d as i32).min(100_000);
            j += 1;
        }
        if j > first {
            exponent = exponent.saturating_add(if down { -e } else { e });
            i = j;
        } else {
            fortran = false;
        }
    }
    let value = if digits <= 15 && exponent.unsigned_abs() <= 22 {
        let m = mantissa as f64;
        if exponent < 0 { m / EXACT[(-exponent) as usize] } else { m * EXACT[exponent as usize] }
    } else {
        slow(&bytes[start..i], mantissa_end - start, fortran)?
    };
    Some((if negative { -value } else { value }, i))
}

#[inline]
fn digit(bytes: &[u8], i: usize) -> Option<u64> {
    let d = bytes.get(i)?.wrapping_sub(b'0');
    (d < 10).then_some(u64::from(d))
}

/// The standard library's reading of an unsigned number, `d` exponents turned into `e`.
#[cold]
fn slow(bytes: &[u8], mantissa: usize, fortran: bool) -> Option<f64> {
    let text = std::str::from_utf8(bytes).ok()?;
    if fortran {
        return format!("{}e{}", &text[..mantissa], &text[mantissa + 1..]).parse().ok();
    }
    text.parse().ok()
}

/// Reads `bytes` as one number and nothing else; also `nan`, `inf`, `-inf` in any case.
pub(crate) fn whole(bytes: &[u8]) -> Option<f64> {
    match read(bytes, 0) {
        Some((v, end)) if end == bytes.len() => Some(v),
        Some(_) => None,
        None => {
            let text = std::str::from_utf8(bytes).ok()?;
            match text.to_ascii_lowercase().trim_start_matches(['+', '-']) {
                "nan" => Some(f64::NAN),
                "inf" | "infinity" => text.parse().ok(),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_instrument_spellings() {
        for (text, value) in [
            ("1e-009", 1e-9),
            ("-7.929e-010", -7.929e-10),
            ("1.7976931348623157E308", f64::MAX),
            ("-0", -0.0),
            (".5", 0.5),
            ("5.", 5.0),
            ("1D-3", 1e-3),
            ("123456789012345678901234567890", 123456789012345678901234567890.0),
            ("4.9406564584124654e-324", 5e-324),
            ("0.000000000000000000000000000001", 1e-30),
        ] {
            assert_eq!(whole(text.as_bytes()).map(f64::to_bits), Some(f64::to_bits(value)), "{text}");
        }
        assert_eq!(whole(b"-inf"), Some(f64::NEG_INFINITY));
        for bad in ["", "-", ".", "e5", "1e", "1.2.3", "12a", "--1"] {
            assert_eq!(whole(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(read(b"1e", 0), Some((1.0, 1)));
    }

    proptest! {
        #[test]
        fn equals_the_standard_library(v in proptest::num::f64::NORMAL | proptest::num::f64::ZERO) {
            for text in [format!("{v:e}"), format!("{v:.7e}"), format!("{v}")] {
                let expected: f64 = text.parse().expect("formatted by Rust");
                prop_assert_eq!(whole(text.as_bytes()).map(f64::to_bits), Some(expected.to_bits()));
            }
        }
    }
}
