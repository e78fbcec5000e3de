//! One pair of axes with its series: views, ticks, and how everything is drawn into a box.

use crate::axis::{Axis, Scale, View};
use crate::clip;
use crate::color::{BLACK, Color, GRAY, GRID, GRID_MINOR, OUTLINE};
use crate::font::CAP_HEIGHT;
use crate::rich::Rich;
use crate::scene::{Anchor, Point, Rect, Role, Scene, Shape};
use crate::series::{Dash, Draw, Series};
use crate::strokes;
use crate::style::Style;
use crate::ticks::Ticks;

/// A coloured rectangle in data coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) x: (f64, f64),
    pub(crate) y: (f64, f64),
    pub(crate) color: Color,
}

/// A square of fixed size in px at a point in data coordinates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patch {
    pub(crate) at: (f64, f64),
    pub(crate) size: f64,
    pub(crate) color: Color,
}

/// What one pair of axes shows.
#[derive(Clone, Debug, Default)]
pub(crate) struct Panel {
    pub(crate) title: Option<Rich>,
    /// A remark below the title.
    pub(crate) remark: Option<Rich>,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<(Series, Color)>,
    /// Horizontal lines across the axes, which do not widen the view.
    pub(crate) levels: Vec<(f64, Dash, Color)>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) patches: Vec<Patch>,
}

/// Lengths of ticks, gap to their labels, strokes of frame and grid, in px.
const TICK: f64 = 4.0;
const TICK_MINOR: f64 = 2.2;
pub(crate) const TICK_GAP: f64 = 3.0 + TICK;
const FRAME: f64 = 0.9;
const HAIR: f64 = 0.7;
const CELL_OVERLAP: f64 = 0.4;
/// Most short ticks that get a grid line.
const MOST_MINOR_LINES: usize = 48;

impl Panel {
    /// Abscissae that the view must show.
    pub(crate) fn abscissae(&self) -> impl Iterator<Item = f64> + '_ {
        let y = &self.y;
        let series = self
            .series
            .iter()
            .flat_map(move |(s, _)| s.x.iter().zip(&s.y).filter(move |(_, v)| y.shows(**v)).map(|(x, _)| *x));
        let cells = self.cells.iter().flat_map(|c| [c.x.0, c.x.1]);
        series.chain(cells).chain(self.patches.iter().map(|p| p.at.0))
    }

    /// Ordinates that the view must show.
    pub(crate) fn ordinates(&self) -> impl Iterator<Item = f64> + '_ {
        let series = self.series.iter().flat_map(|(s, _)| s.ordinates());
        let cells = self.cells.iter().flat_map(|c| [c.y.0, c.y.1]);
        series.chain(cells).chain(self.patches.iter().map(|p| p.at.1))
    }
}

/// A panel with its views and ticks, ready for a box of known size.
pub(crate) struct Laid<'a> {
    pub(crate) panel: &'a Panel,
    pub(crate) x: View,
    pub(crate) y: View,
    pub(crate) x_ticks: Ticks,
    pub(crate) y_ticks: Ticks,
    /// Font size of the tick labels.
    size: f64,
}

impl<'a> Laid<'a> {
    /// Chooses as many ticks as a box of `width` by `height` px can label without collisions.
    pub(crate) fn new(panel: &'a Panel, x: View, y: View, width: f64, height: f64, size: f64) -> Self {
        let x_ticks = (2..=9)
            .rev()
            .map(|most| x.ticks(most))
            .find(|ticks| fits_along(ticks, x, width, size))
            .unwrap_or_else(|| x.ticks(1));
        let most =
            ((height / (2.2 * size)).floor() as usize).clamp(2, if y.scale == Scale::Log { 10 } else { 7 });
        Laid { panel, x, y, x_ticks, y_ticks: y.ticks(most), size }
    }

    /// Width of the widest label of the ordinate.
    pub(crate) fn label_width(&self) -> f64 {
        self.y_ticks.major.iter().map(|(_, label)| Rich::parse(label).width(self.size)).fold(0.0, f64::max)
    }

    /// How far labels of the abscissa reach beyond the right end of a box of `width` px.
    pub(crate) fn overhang(&self, width: f64) -> f64 {
        self.x_ticks
            .major
            .iter()
            .map(|(v, label)| (self.x.position(*v) - 1.0) * width + 0.5 * Rich::parse(label).width(self.size))
            .fold(0.0, f64::max)
    }

    /// Draws everything inside and on the edge of `area`, tick labels where asked for.
    pub(crate) fn draw(&self, scene: &mut Scene, area: Rect, style: &Style, x_labels: bool, y_labels: bool) {
        self.grid(scene, area);
        for cell in &self.panel.cells {
            let (a, b) = (self.place(area, cell.x.0, cell.y.0), self.place(area, cell.x.1, cell.y.1));
            // Neighbours overlap a little, or renderers let the paper shine through between them.
            let rect = Rect {
                x0: a.0.min(b.0),
                y0: a.1.min(b.1),
                x1: a.0.max(b.0) + CELL_OVERLAP,
                y1: a.1.max(b.1) + CELL_OVERLAP,
            };
            scene.push(Role::Data, Shape::Rect { rect, color: cell.color });
        }
        for patch in &self.panel.patches {
            let ((x, y), r) = (self.place(area, patch.at.0, patch.at.1), 0.5 * patch.size);
            if x.is_finite() && y.is_finite() && x >= area.x0 && x <= area.x1 && y >= area.y0 && y <= area.y1
            {
                let square = |r: f64| Rect { x0: x - r, y0: y - r, x1: x + r, y1: y + r };
                scene.push(Role::Data, Shape::Rect { rect: square(r + 0.5), color: OUTLINE });
                scene.push(Role::Data, Shape::Rect { rect: square(r), color: patch.color });
            }
        }
        // Bands lie below everything; points lie above lines.
        for layer in 0..3 {
            for (series, color) in &self.panel.series {
                self.series(scene, area, style, series, *color, layer);
            }
        }
        for (level, dash, color) in &self.panel.levels {
            let y = area.y1 - self.y.position(*level) * area.height();
            let line = [(area.x0, y), (area.x1, y)];
            for piece in clip::polyline(&line, area) {
                strokes::line(scene, Role::Data, &piece, *dash, style.line_width, *color);
            }
        }
        scene.line(Role::Frame, area.outline(), FRAME, BLACK);
        self.axes(scene, area, x_labels, y_labels);
    }

    fn place(&self, area: Rect, x: f64, y: f64) -> Point {
        (area.x0 + self.x.position(x) * area.width(), area.y1 - self.y.position(y) * area.height())
    }

    fn grid(&self, scene: &mut Scene, area: Rect) {
        let vertical = |v: f64| {
            let x = area.x0 + self.x.position(v) * area.width();
            vec![(x, area.y0), (x, area.y1)]
        };
        let horizontal = |v: f64| {
            let y = area.y1 - self.y.position(v) * area.height();
            vec![(area.x0, y), (area.x1, y)]
        };
        if self.y.scale == Scale::Log && self.y_ticks.minor.len() <= MOST_MINOR_LINES {
            self.y_ticks.minor.iter().for_each(|v| scene.line(Role::Frame, horizontal(*v), HAIR, GRID_MINOR));
        }
        if self.x.scale == Scale::Log && self.x_ticks.minor.len() <= MOST_MINOR_LINES {
            self.x_ticks.minor.iter().for_each(|v| scene.line(Role::Frame, vertical(*v), HAIR, GRID_MINOR));
        }
        self.x_ticks.major.iter().for_each(|(v, _)| scene.line(Role::Frame, vertical(*v), HAIR, GRID));
        self.y_ticks.major.iter().for_each(|(v, _)| scene.line(Role::Frame, horizontal(*v), HAIR, GRID));
    }

    fn series(&self, scene: &mut Scene, area: Rect, style: &Style, series: &Series, color: Color, layer: u8) {
        let place = |ys: &[f64]| -> Vec<Point> {
            series.x.iter().zip(ys).map(|(x, y)| self.place(area, *x, *y)).collect()
        };
        let (line, marker) = match &series.draw {
            Draw::Band(upper) => {
                if layer == 0 {
                    strokes::band(scene, &place(&series.y), &place(upper), area, color);
                }
                return;
            }
            Draw::Line(dash) => (Some(*dash), None),
            Draw::Points(marker) => (None, Some(*marker)),
            Draw::Both(dash, marker) => (Some(*dash), Some(*marker)),
        };
        match (layer, line, marker) {
            (1, Some(dash), _) => {
                for piece in clip::polyline(&place(&series.y), area) {
                    strokes::line(scene, Role::Data, &piece, dash, style.line_width, color);
                }
            }
            (2, _, Some(marker)) => {
                strokes::markers(scene, &place(&series.y), area, marker, style.marker_size, color);
            }
            _ => {}
        }
    }

    fn axes(&self, scene: &mut Scene, area: Rect, x_labels: bool, y_labels: bool) {
        let size = self.size;
        let x_at = |v: f64| area.x0 + self.x.position(v) * area.width();
        let y_at = |v: f64| area.y1 - self.y.position(v) * area.height();
        for v in &self.x_ticks.minor {
            scene.line(Role::Frame, vec![(x_at(*v), area.y1), (x_at(*v), area.y1 + TICK_MINOR)], HAIR, GRAY);
        }
        for v in &self.y_ticks.minor {
            scene.line(Role::Frame, vec![(area.x0 - TICK_MINOR, y_at(*v)), (area.x0, y_at(*v))], HAIR, GRAY);
        }
        for (v, label) in &self.x_ticks.major {
            let x = x_at(*v);
            scene.line(Role::Frame, vec![(x, area.y1), (x, area.y1 + TICK)], FRAME, BLACK);
            if x_labels {
                let at = (x, area.y1 + TICK_GAP + x_label_rise(&self.x_ticks, size));
                scene.text(Role::TickLabel, at, Rich::parse(label), size, Anchor::Middle, BLACK);
            }
        }
        for (v, label) in &self.y_ticks.major {
            let y = y_at(*v);
            scene.line(Role::Frame, vec![(area.x0 - TICK, y), (area.x0, y)], FRAME, BLACK);
            if y_labels {
                let at = (area.x0 - TICK_GAP, y + 0.5 * CAP_HEIGHT * size);
                scene.text(Role::TickLabel, at, Rich::parse(label), size, Anchor::End, BLACK);
            }
        }
    }
}

/// Distance from the top of the labels of the abscissa to their baseline; superscripts stand out above.
pub(crate) fn x_label_rise(ticks: &Ticks, size: f64) -> f64 {
    let raised = ticks.major.iter().any(|(_, label)| label.contains("^{"));
    (CAP_HEIGHT + if raised { 0.2 } else { 0.0 }) * size
}

fn fits_along(ticks: &Ticks, view: View, width: f64, size: f64) -> bool {
    let spans: Vec<(f64, f64)> = ticks
        .major
        .iter()
        .map(|(v, label)| {
            let (center, half) = (view.position(*v) * width, 0.5 * Rich::parse(label).width(size));
            (center - half, center + half)
        })
        .collect();
    spans.windows(2).all(|w| w[1].0 - w[0].1 >= 0.7 * size)
}
