//! How figures look: size, fonts, palette, legend place; one style for every figure.

use crate::PlotError;
use crate::color::{Color, OKABE_ITO, sequential};

/// Width in px below which figures are laid out for one column of a paper.
pub(crate) const NARROW: f64 = 450.0;

/// Where the legend stands; always outside the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LegendPlace {
    /// To the right of the axes.
    Right,
    /// Below the axes.
    Below,
    /// Right on wide figures, below on figures narrower than 450 px.
    Auto,
}

/// Size and look of a figure. Lengths are in px at 96 px per inch.
///
/// ```
/// let style = gummel_plot::Style { width: 480.0, ..Default::default() };
/// assert!(style.height < style.width);
/// ```
#[derive(Clone, Debug)]
pub struct Style {
    /// Width of a figure with one panel. Figures of two panels are 1.5 times as wide, or of this width and
    /// 1.7 times as high when it is less than 450 px; galleries grow with their panels.
    pub width: f64,
    /// Height of a figure with one panel.
    pub height: f64,
    /// Pixels of a PNG per px of the figure.
    pub scale: f64,
    /// Size of tick labels and legend; titles are a tenth larger, notes a tenth smaller.
    pub font_size: f64,
    /// Stroke width of fitted curves.
    pub line_width: f64,
    /// Diameter of the markers of measured points.
    pub marker_size: f64,
    /// Colours in the order of use; beyond its end a sequential map is used.
    pub palette: Vec<Color>,
    /// Place of the legend.
    pub legend: LegendPlace,
    /// Embed the font (25 kB) in SVG files, so that they look the same in every browser. Without it
    /// viewers use Arimo, Liberation Sans, Arial or Helvetica, which have the same widths.
    pub embed_font: bool,
}

impl Default for Style {
    fn default() -> Self {
        Style {
            width: 600.0,
            height: 400.0,
            scale: 2.0,
            font_size: 13.0,
            line_width: 1.6,
            marker_size: 5.0,
            palette: OKABE_ITO.to_vec(),
            legend: LegendPlace::Auto,
            embed_font: true,
        }
    }
}

impl Style {
    /// One column of an IEEE paper: 3.5 in wide, 8 pt type, 600 dpi in PNG, legend below.
    pub fn column() -> Self {
        Style {
            width: 336.0,
            height: 280.0,
            scale: 6.25,
            font_size: 10.7,
            line_width: 1.2,
            marker_size: 3.8,
            legend: LegendPlace::Below,
            ..Default::default()
        }
    }

    /// Colour `i` of `n` that must be told apart: from the palette while it lasts, else from the
    /// sequential map.
    pub(crate) fn color(&self, i: usize, n: usize) -> Color {
        match self.palette.get(i) {
            Some(color) if n <= self.palette.len() => *color,
            _ => sequential(i as f64 / n.saturating_sub(1).max(1) as f64),
        }
    }

    pub(crate) fn legend_right(&self) -> bool {
        match self.legend {
            LegendPlace::Right => true,
            LegendPlace::Below => false,
            LegendPlace::Auto => self.width >= NARROW,
        }
    }

    /// Refuses sizes on which nothing could be read.
    pub(crate) fn check(&self) -> Result<(), PlotError> {
        let limits = [
            ("width", self.width, 160.0, 20_000.0, "160 to 20000 px"),
            ("height", self.height, 120.0, 20_000.0, "120 to 20000 px"),
            ("scale", self.scale, 0.1, 20.0, "0.1 to 20"),
            ("font_size", self.font_size, 4.0, 200.0, "4 to 200 px"),
            ("line_width", self.line_width, 0.1, 50.0, "0.1 to 50 px"),
            ("marker_size", self.marker_size, 0.5, 100.0, "0.5 to 100 px"),
        ];
        for (field, found, low, high, expected) in limits {
            if !(low..=high).contains(&found) {
                return Err(PlotError::Style { field, found, expected });
            }
        }
        Ok(())
    }
}
