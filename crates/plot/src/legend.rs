//! Legends: samples and names in columns right of the axes or in rows below them.

use crate::color::{BLACK, Color, WHITE};
use crate::font::CAP_HEIGHT;
use crate::rich::Rich;
use crate::scene::{Anchor, Rect, Role, Scene};
use crate::series::{Draw, Series};
use crate::strokes;
use crate::style::Style;

/// One line of a legend; without samples it is a heading.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) name: Rich,
    pub(crate) samples: Vec<(Draw, Color)>,
}

/// Line pitch, width of a sample and gaps, over the font size.
const PITCH: f64 = 1.45;
const SAMPLE: f64 = 1.7;
const GAP: f64 = 0.45;
const COLUMN_GAP: f64 = 0.9;
/// Columns of a crowded legend are not made narrower than this many font sizes.
const NARROWEST: f64 = 8.0;

/// One entry per name, in order of appearance; `color` tells the colour of a series.
pub(crate) fn entries<'a>(series: impl Iterator<Item = (&'a Series, Color)>) -> Vec<Entry> {
    let mut entries: Vec<(&str, Entry)> = Vec::new();
    for (series, color) in series.filter(|(s, _)| !s.name.is_empty()) {
        let sample = (series.draw.clone(), color);
        match entries.iter_mut().find(|(name, _)| *name == series.name) {
            Some((_, entry)) if !entry.samples.contains(&sample) => entry.samples.push(sample),
            Some(_) => {}
            None => {
                let entry = Entry { name: Rich::parse(&series.name), samples: vec![sample] };
                entries.push((&series.name, entry));
            }
        }
    }
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// A legend laid out for the room it has.
pub(crate) struct Legend {
    entries: Vec<Entry>,
    columns: usize,
    column_width: f64,
    size: f64,
}

impl Legend {
    /// For the right side of axes that are `height` high; takes at most `width`.
    pub(crate) fn right(entries: Vec<Entry>, style: &Style, width: f64, height: f64) -> Self {
        let size = style.font_size;
        let rows = ((height / (PITCH * size)).floor() as usize).max(1);
        let narrow = widest(&entries, size).min(NARROWEST * size) + COLUMN_GAP * size;
        let most = (((width + COLUMN_GAP * size) / narrow).floor() as usize).max(1);
        let entries = at_most(rows * most, entries);
        let columns = entries.len().div_ceil(rows).max(1);
        Legend::in_columns(entries, columns, width, size)
    }

    /// For the space below the axes, `width` wide and at most `height` high.
    pub(crate) fn below(entries: Vec<Entry>, style: &Style, width: f64, height: f64) -> Self {
        let size = style.font_size;
        let widest = widest(&entries, size) + COLUMN_GAP * size;
        let columns =
            (((width + COLUMN_GAP * size) / widest).floor() as usize).clamp(1, entries.len().max(1));
        let rows = ((height / (PITCH * size)).floor() as usize).max(1);
        Legend::in_columns(at_most(rows * columns, entries), columns, width, size)
    }

    fn in_columns(entries: Vec<Entry>, columns: usize, width: f64, size: f64) -> Self {
        let rows = entries.len().div_ceil(columns);
        let columns = if rows == 0 { 1 } else { entries.len().div_ceil(rows) };
        let most = (width + COLUMN_GAP * size) / columns as f64 - COLUMN_GAP * size;
        let column_width = widest(&entries, size).min(most);
        let entries = entries
            .into_iter()
            .map(|e| {
                let room = column_width - indent(&e, size);
                Entry { name: e.name.fitted(size, room), ..e }
            })
            .collect();
        Legend { entries, columns, column_width, size }
    }

    fn rows(&self) -> usize {
        self.entries.len().div_ceil(self.columns)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn width(&self) -> f64 {
        self.columns as f64 * (self.column_width + COLUMN_GAP * self.size) - COLUMN_GAP * self.size
    }

    pub(crate) fn height(&self) -> f64 {
        self.rows() as f64 * PITCH * self.size
    }

    /// Draws the legend with its upper left corner at `(x, y)`.
    pub(crate) fn draw(&self, scene: &mut Scene, (x, y): (f64, f64), style: &Style) {
        let rows = self.rows().max(1);
        for (i, entry) in self.entries.iter().enumerate() {
            let left = x + (i / rows) as f64 * (self.column_width + COLUMN_GAP * self.size);
            let middle = y + ((i % rows) as f64 + 0.5) * PITCH * self.size;
            let box_ = Rect {
                x0: left,
                y0: middle - 0.35 * self.size,
                x1: left + SAMPLE * self.size,
                y1: middle + 0.35 * self.size,
            };
            for (draw, color) in &entry.samples {
                sample(scene, box_, draw, *color, style);
            }
            let at = (left + indent(entry, self.size), middle + 0.5 * CAP_HEIGHT * self.size);
            scene.text(Role::Legend, at, entry.name.clone(), self.size, Anchor::Start, BLACK);
        }
    }
}

/// Cuts a legend that has no room; its last line then counts what is missing.
fn at_most(capacity: usize, mut entries: Vec<Entry>) -> Vec<Entry> {
    let all = entries.len();
    if all > capacity {
        entries.truncate(capacity.saturating_sub(1));
        let missing = format!("and {} more", all - entries.len());
        entries.push(Entry { name: Rich::literal(&missing), samples: Vec::new() });
    }
    entries
}

fn indent(entry: &Entry, size: f64) -> f64 {
    if entry.samples.is_empty() { 0.0 } else { (SAMPLE + GAP) * size }
}

fn widest(entries: &[Entry], size: f64) -> f64 {
    entries.iter().map(|e| indent(e, size) + e.name.width(size)).fold(0.0, f64::max)
}

fn sample(scene: &mut Scene, area: Rect, draw: &Draw, color: Color, style: &Style) {
    let middle = area.center();
    let line = [(area.x0, middle.1), (area.x1, middle.1)];
    let width = style.line_width;
    match draw {
        Draw::Line(dash) => strokes::line(scene, Role::Legend, &line, *dash, width, color),
        Draw::Points(marker) => {
            strokes::marker(scene, Role::Legend, middle, *marker, style.marker_size, color)
        }
        Draw::Both(dash, marker) => {
            strokes::line(scene, Role::Legend, &line, *dash, width, color);
            strokes::marker(scene, Role::Legend, middle, *marker, style.marker_size, color);
        }
        Draw::Band(_) => {
            let shape =
                crate::scene::Shape::Rect { rect: area, color: color.mix(WHITE, strokes::BAND_WHITE) };
            scene.push(Role::Legend, shape);
        }
    }
}
