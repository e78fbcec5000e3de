//! The bundled font: registration with plotters, advance widths, glyph coverage.

use ab_glyph::{Font, FontRef};
use plotters::style::{FontStyle, register_font};
use std::sync::OnceLock;

static TTF: &[u8] = include_bytes!("../fonts/GummelSans-Regular.ttf");
/// The font as WOFF2 in base64 (with line breaks), for embedding in SVG.
pub(crate) static WOFF2_BASE64: &str = include_str!("../fonts/GummelSans-Regular.woff2.b64");
/// Name under which plotters knows the font.
pub(crate) const FAMILY: &str = "Gummel Sans";
/// What an SVG asks its viewer for: the embedded font, then fonts of the same widths.
pub(crate) const SVG_FAMILY: &str = "Gummel Sans, Arimo, Liberation Sans, Arial, Helvetica, sans-serif";
/// Height of capitals and digits over the font size.
pub(crate) const CAP_HEIGHT: f64 = 1409.0 / 2048.0;
/// Depth of descenders over the font size.
pub(crate) const DESCENT: f64 = 434.0 / 2048.0;

/// The font, parsed once and made known to plotters; `None` only if the bundled bytes were damaged.
fn font() -> Option<&'static FontRef<'static>> {
    static FONT: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    FONT.get_or_init(|| {
        register_font(FAMILY, FontStyle::Normal, TTF).ok()?;
        FontRef::try_from_slice(TTF).ok()
    })
    .as_ref()
}

/// Advance width of `text` at font size `size`, in the unit of `size`.
pub(crate) fn width(text: &str, size: f64) -> f64 {
    let Some(font) = font() else { return 0.6 * size * text.chars().count() as f64 };
    let em = f64::from(font.units_per_em().unwrap_or(2048.0));
    let units: f64 = text.chars().map(|c| f64::from(font.h_advance_unscaled(font.glyph_id(c)))).sum();
    units * size / em
}

/// Line height (ascent plus descent) over the em: what `ab_glyph` calls the size of a font.
pub(crate) fn line_height() -> f64 {
    font().map_or(1.117, |f| f64::from(f.height_unscaled()) / f64::from(f.units_per_em().unwrap_or(2048.0)))
}

/// Replaces white space by single spaces and characters that the font lacks by `?`.
pub(crate) fn printable(text: &str) -> String {
    let mut space = false;
    text.chars()
        .filter(|c| !(std::mem::replace(&mut space, c.is_whitespace()) && c.is_whitespace()))
        .map(|c| match c {
            // Greek mu and the ohm sign look like the micro sign and capital omega; SI wants the latter.
            '\u{3BC}' => '\u{B5}',
            '\u{2126}' => '\u{3A9}',
            _ if c.is_whitespace() || c.is_control() => ' ',
            _ if font().is_some_and(|f| f.glyph_id(c).0 == 0) => '?',
            _ => c,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_arial() {
        // Arial: digits 1139/2048, hyphen 682/2048, capital V 1366/2048.
        assert!((width("0123456789", 2048.0) - 11390.0).abs() < 1e-6);
        assert!((width("-V", 2048.0) - 2048.0).abs() < 1e-6);
    }

    #[test]
    fn everything_figures_need_is_in_the_font() {
        let needed = "0123456789.−–…|°µΩσΔ×·≤≥±√ABCXYZabcxyz%/()[]=+,;:_~@#";
        assert_eq!(printable(needed), needed);
    }

    #[test]
    fn strangers_become_question_marks() {
        assert_eq!(printable("晶体管\tW10u\u{1F600}"), "??? W10u?");
    }
}
