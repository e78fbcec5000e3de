//! A figure as a list of marks in px, from which every file format is painted.
//!
//! Layout ends here: painters neither measure nor move anything, so that SVG and PNG agree and tests
//! can ask where each piece of text stands.

use crate::color::Color;
use crate::rich::Rich;

/// A position in px, from the upper left corner of the figure.
pub(crate) type Point = (f64, f64);

/// An upright rectangle in px; `y0` is its upper edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x0: f64,
    pub(crate) y0: f64,
    pub(crate) x1: f64,
    pub(crate) y1: f64,
}

impl Rect {
    pub(crate) fn width(self) -> f64 {
        self.x1 - self.x0
    }

    pub(crate) fn height(self) -> f64 {
        self.y1 - self.y0
    }

    pub(crate) fn center(self) -> Point {
        (0.5 * (self.x0 + self.x1), 0.5 * (self.y0 + self.y1))
    }

    /// The corners, first and last equal.
    pub(crate) fn outline(self) -> Vec<Point> {
        vec![
            (self.x0, self.y0),
            (self.x1, self.y0),
            (self.x1, self.y1),
            (self.x0, self.y1),
            (self.x0, self.y0),
        ]
    }
}

/// What a mark is for; tests reason about figures in these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Frame,
    TickLabel,
    AxisLabel,
    Title,
    Legend,
    Note,
    Data,
}

/// Which part of a line of text stands at its position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    Start,
    Middle,
    End,
}

/// One line of text.
#[derive(Clone, Debug)]
pub(crate) struct Text {
    /// Position of the anchor on the baseline.
    pub(crate) at: Point,
    pub(crate) rich: Rich,
    pub(crate) size: f64,
    pub(crate) anchor: Anchor,
    /// Reads upwards instead of to the right.
    pub(crate) up: bool,
    pub(crate) color: Color,
}

impl Text {
    /// Where the text begins on its baseline.
    pub(crate) fn start(&self) -> Point {
        let width = self.rich.width(self.size);
        let back = match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => 0.5 * width,
            Anchor::End => width,
        };
        if self.up { (self.at.0, self.at.1 + back) } else { (self.at.0 - back, self.at.1) }
    }
}

/// A mark; colours are opaque.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Line { points: Vec<Point>, width: f64, color: Color },
    Polygon { points: Vec<Point>, color: Color },
    Rect { rect: Rect, color: Color },
    Ring { center: Point, radius: f64, width: f64, color: Color },
    Disc { center: Point, radius: f64, color: Color },
    Text(Text),
}

/// A figure: its size in px and its marks in drawing order.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) marks: Vec<(Role, Shape)>,
}

impl Scene {
    pub(crate) fn new(width: f64, height: f64) -> Self {
        Scene { width, height, marks: Vec::new() }
    }

    pub(crate) fn push(&mut self, role: Role, shape: Shape) {
        self.marks.push((role, shape));
    }

    /// Adds a text unless there is nothing to read.
    fn write(&mut self, role: Role, text: Text) {
        if !text.rich.is_empty() {
            self.push(role, Shape::Text(text));
        }
    }

    /// Adds a line of text reading to the right.
    pub(crate) fn text(
        &mut self,
        role: Role,
        at: Point,
        rich: Rich,
        size: f64,
        anchor: Anchor,
        color: Color,
    ) {
        self.write(role, Text { at, rich, size, anchor, up: false, color });
    }

    /// Adds a line of text reading upwards.
    pub(crate) fn text_up(
        &mut self,
        role: Role,
        at: Point,
        rich: Rich,
        size: f64,
        anchor: Anchor,
        color: Color,
    ) {
        self.write(role, Text { at, rich, size, anchor, up: true, color });
    }

    pub(crate) fn line(&mut self, role: Role, points: Vec<Point>, width: f64, color: Color) {
        self.push(role, Shape::Line { points, width, color });
    }
}
