//! Series: what one entry of the legend stands for.

use crate::color::Color;

/// Stroke pattern of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dash {
    /// Unbroken.
    #[default]
    Solid,
    /// Long strokes.
    Dashed,
    /// Strokes and dots.
    DashDot,
    /// Dots.
    Dotted,
}

/// Shape of a marker; all are open except the dot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Marker {
    /// Open circle.
    #[default]
    Circle,
    /// Open square.
    Square,
    /// Open triangle.
    Triangle,
    /// Open diamond.
    Diamond,
    /// Diagonal cross.
    Cross,
    /// Filled dot, for many points.
    Dot,
}

/// How a series is drawn.
#[derive(Clone, Debug, PartialEq)]
pub enum Draw {
    /// A line through the points in their order.
    Line(Dash),
    /// Markers at the points; markers that would cover the one before them are left out.
    Points(Marker),
    /// A line with markers.
    Both(Dash, Marker),
    /// The area between `y` and these values, one per point.
    Band(Vec<f64>),
}

/// Points of one meaning.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Legend entry, with `_{...}` and `^{...}` for scripts; empty for none. Series of one name share
    /// an entry, and a colour unless they bring their own.
    pub name: String,
    /// Abscissae in the unit of the axis.
    pub x: Vec<f64>,
    /// Ordinates in the unit of the axis.
    pub y: Vec<f64>,
    /// Line, points, both or band.
    pub draw: Draw,
    /// Colour; from the style's palette when absent.
    pub color: Option<Color>,
}

impl Dash {
    pub(crate) const ALL: [Dash; 4] = [Dash::Solid, Dash::Dashed, Dash::DashDot, Dash::Dotted];

    /// Lengths of strokes and gaps in px for a line of width `w`; empty for an unbroken line.
    pub(crate) fn pattern(self, w: f64) -> Vec<f64> {
        match self {
            Dash::Solid => Vec::new(),
            Dash::Dashed => vec![4.0 * w, 2.2 * w],
            Dash::DashDot => vec![5.0 * w, 2.0 * w, 1.2 * w, 2.0 * w],
            Dash::Dotted => vec![1.2 * w, 1.6 * w],
        }
    }
}

impl Marker {
    pub(crate) const ALL: [Marker; 5] =
        [Marker::Circle, Marker::Square, Marker::Triangle, Marker::Diamond, Marker::Cross];
}

impl Series {
    /// A solid line.
    pub fn line(name: impl Into<String>, x: Vec<f64>, y: Vec<f64>) -> Self {
        Series { name: name.into(), x, y, draw: Draw::Line(Dash::Solid), color: None }
    }

    /// Open circles.
    pub fn points(name: impl Into<String>, x: Vec<f64>, y: Vec<f64>) -> Self {
        Series { draw: Draw::Points(Marker::Circle), ..Series::line(name, x, y) }
    }

    /// The area between `low` and `high`.
    pub fn band(name: impl Into<String>, x: Vec<f64>, low: Vec<f64>, high: Vec<f64>) -> Self {
        Series { draw: Draw::Band(high), ..Series::line(name, x, low) }
    }

    /// The same series drawn otherwise.
    pub fn drawn(self, draw: Draw) -> Self {
        Series { draw, ..self }
    }

    /// The same series in a colour of its own.
    pub fn colored(self, color: Color) -> Self {
        Series { color: Some(color), ..self }
    }

    /// All ordinates, of bands both borders.
    pub(crate) fn ordinates(&self) -> impl Iterator<Item = f64> + '_ {
        let upper: &[f64] = if let Draw::Band(upper) = &self.draw { upper } else { &[] };
        self.y.iter().chain(upper).copied()
    }
}
