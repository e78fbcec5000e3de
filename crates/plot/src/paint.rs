//! Painters: a scene as SVG text or as a PNG, both through plotters' back ends.

pub(crate) mod png;
pub(crate) mod svg;

use plotters::prelude::RGBColor;

use crate::color::Color;

fn ink(color: Color) -> RGBColor {
    RGBColor(color.r, color.g, color.b)
}
