//! Colours: a palette and two colour maps that readers with colour-vision deficiency can tell apart.

use gummel_device::Corner;

/// An opaque sRGB colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Color {
    /// Red, 0 to 255.
    pub r: u8,
    /// Green, 0 to 255.
    pub g: u8,
    /// Blue, 0 to 255.
    pub b: u8,
}

/// Shorthand for the tables below.
const fn rgb(hex: u32) -> Color {
    Color { r: (hex >> 16) as u8, g: (hex >> 8) as u8, b: hex as u8 }
}

/// The palette of Okabe and Ito (Color Universal Design, 2008) without its yellow, which is too
/// light for thin lines; black closes it.
pub const OKABE_ITO: [Color; 7] =
    [rgb(0x0072B2), rgb(0xD55E00), rgb(0x009E73), rgb(0xCC79A7), rgb(0xE69F00), rgb(0x56B4E9), rgb(0x000000)];

pub(crate) const BLACK: Color = rgb(0x000000);
pub(crate) const WHITE: Color = rgb(0xFFFFFF);
/// Text that is less important than the data, at a contrast of 7:1 on white.
pub(crate) const GRAY: Color = rgb(0x555555);
pub(crate) const GRID: Color = rgb(0xE3E3E3);
pub(crate) const GRID_MINOR: Color = rgb(0xF3F3F3);
/// Border of small coloured marks, so that light ones show on white.
pub(crate) const OUTLINE: Color = rgb(0xA8A8A8);
/// Cells without a value.
pub(crate) const MISSING: Color = rgb(0xD0D0D0);

/// Colour of a process corner: typical is black, fast warm, slow cold.
pub fn of_corner(corner: Corner) -> Color {
    match corner {
        Corner::Tt => BLACK,
        Corner::Ff => OKABE_ITO[1],
        Corner::Ss => OKABE_ITO[0],
        Corner::Sf => OKABE_ITO[5],
        Corner::Fs => OKABE_ITO[4],
    }
}

/// Anchors of a perceptually even ramp from dark blue over green to yellow (matplotlib's viridis, CC0),
/// ending before the yellow becomes invisible on white.
const SEQUENTIAL: [Color; 8] = [
    rgb(0x440154),
    rgb(0x46327E),
    rgb(0x365C8D),
    rgb(0x277F8E),
    rgb(0x1FA187),
    rgb(0x4AC16D),
    rgb(0x86D549),
    rgb(0xA0DA39),
];

/// Anchors of a diverging ramp: blue, white, orange-red; its ends darken equally.
const DIVERGING: [Color; 9] = [
    rgb(0x08306B),
    rgb(0x2171B5),
    rgb(0x6BAED6),
    rgb(0xC6DBEF),
    rgb(0xF7F7F7),
    rgb(0xFDD0A2),
    rgb(0xF16913),
    rgb(0xC23D02),
    rgb(0x6B1D02),
];

/// Position `t` (0..=1) on the sequential map; values outside are clamped.
pub fn sequential(t: f64) -> Color {
    ramp(&SEQUENTIAL, t)
}

/// Position `t` (-1..=1, zero is white) on the diverging map; values outside are clamped.
pub fn diverging(t: f64) -> Color {
    ramp(&DIVERGING, 0.5 * (t + 1.0))
}

fn ramp(anchors: &[Color], t: f64) -> Color {
    let x = t.clamp(0.0, 1.0) * (anchors.len() - 1) as f64;
    let i = (x.floor() as usize).min(anchors.len() - 2);
    anchors[i].mix(anchors[i + 1], x - i as f64)
}

impl Color {
    /// The colour a fraction `t` (0..=1) of the way to `other`, channel by channel.
    pub fn mix(self, other: Color, t: f64) -> Color {
        let channel = |a: u8, b: u8| (f64::from(a) + t * (f64::from(b) - f64::from(a))).round() as u8;
        Color { r: channel(self.r, other.r), g: channel(self.g, other.g), b: channel(self.b, other.b) }
    }

    /// Black or white, whichever reads better on this colour (by relative luminance).
    pub(crate) fn readable(self) -> Color {
        let luma = 0.2126 * f64::from(self.r) + 0.7152 * f64::from(self.g) + 0.0722 * f64::from(self.b);
        if luma > 140.0 { BLACK } else { WHITE }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_the_diverging_map_is_neutral_and_its_ends_are_not() {
        let middle = diverging(0.0);
        assert_eq!((middle.r, middle.g), (middle.b, middle.b));
        assert!(diverging(-1.0).b > diverging(-1.0).r);
        assert!(diverging(9.0).r > diverging(9.0).b);
    }

    #[test]
    fn text_on_dark_cells_is_white() {
        assert_eq!(sequential(0.0).readable(), WHITE);
        assert_eq!(sequential(1.0).readable(), BLACK);
    }
}
