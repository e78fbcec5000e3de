//! Heat matrices: one number per pair of names, as colour and text.

use crate::PlotError;
use crate::color::{BLACK, Color, MISSING, WHITE, diverging, sequential};
use crate::colorbar::ColorBar;
use crate::figure::Figure;
use crate::font::CAP_HEIGHT;
use crate::rich::Rich;
use crate::scene::{Anchor, Rect, Role, Scene, Shape};
use crate::style::Style;
use crate::ticks::{fixed, short};

/// Words of a heat matrix.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeatLabels {
    /// Heading; empty for none.
    pub title: String,
    /// Meaning of the rows; empty for none.
    pub rows: String,
    /// Meaning of the columns; empty for none.
    pub columns: String,
    /// Meaning and unit of the values, beside the colour bar.
    pub values: String,
}

/// Cells wider than this many font sizes carry their number.
const NUMBER_CELL: f64 = 2.7;
/// Longest names, in font sizes.
const LONGEST_NAME: f64 = 12.0;

/// `values` by rows in the order of the names. Values of both signs get a diverging map about zero, others
/// a sequential one; a value that is not finite leaves its cell grey.
///
/// # Errors
/// [`PlotError::Length`] unless there is one value per pair, [`PlotError::Empty`] without a finite value,
/// [`PlotError::Style`].
pub fn heat_matrix(
    rows: &[String],
    columns: &[String],
    values: &[f64],
    labels: &HeatLabels,
    style: &Style,
) -> Result<Figure, PlotError> {
    style.check()?;
    let expected = rows.len() * columns.len();
    if values.len() != expected {
        let what = format!("values of a heat matrix of {} rows and {} columns", rows.len(), columns.len());
        return Err(PlotError::Length { what, expected, found: values.len() });
    }
    let (map, low, high) = Map::of(values).ok_or_else(|| PlotError::Empty {
        figure: "heat matrix".to_owned(),
        found: format!("{expected} values, none finite"),
    })?;
    let bar =
        ColorBar { label: labels.values.clone(), low, high, color: map.color(), ends: false, clipped: false };

    let size = style.font_size;
    let pad = 0.8 * size;
    let name = |text: &String| Rich::literal(text).fitted(size, LONGEST_NAME * size);
    let (row_names, column_names): (Vec<Rich>, Vec<Rich>) =
        (rows.iter().map(name).collect(), columns.iter().map(name).collect());
    let widest = |names: &[Rich]| names.iter().map(|n| n.width(size)).fold(0.0, f64::max);
    let (row_room, column_room) = (widest(&row_names), widest(&column_names));
    let title_room = if labels.title.is_empty() { 0.0 } else { 1.65 * size };
    let left = pad + row_room + 0.5 * size + if labels.rows.is_empty() { 0.0 } else { 1.6 * size };
    let right = 1.2 * size + bar.width(size) + pad;
    let cell = ((style.width - left - right) / columns.len() as f64).clamp(1.3 * size, 4.0 * size);
    let upright = column_room > 0.9 * cell;
    let names_height = if upright { column_room } else { size } + 0.5 * size;
    let bottom = pad + names_height + if labels.columns.is_empty() { 0.0 } else { 1.6 * size };
    let top = pad + title_room;
    let cell_height = cell.min(2.2 * size);
    let area = Rect {
        x0: left,
        y0: top,
        x1: left + cell * columns.len() as f64,
        y1: top + cell_height * rows.len() as f64,
    };
    let mut scene = Scene::new(area.x1 + right, (area.y1 + bottom).max(top + 8.0 * size + pad));

    let title = Rich::parse(&labels.title).fitted(1.1 * size, scene.width - 2.0 * pad);
    let at = (0.5 * scene.width, pad + CAP_HEIGHT * 1.1 * size);
    scene.text(Role::Title, at, title, 1.1 * size, Anchor::Middle, BLACK);
    for (k, value) in values.iter().enumerate() {
        let (row, column) = (k / columns.len(), k % columns.len());
        let (x0, y0) = (area.x0 + column as f64 * cell, area.y0 + row as f64 * cell_height);
        let rect = Rect { x0, y0, x1: x0 + cell, y1: y0 + cell_height };
        let color = if value.is_finite() { (bar.color)((value - low) / (high - low)) } else { MISSING };
        scene.push(Role::Data, Shape::Rect { rect, color });
        if cell >= NUMBER_CELL * size {
            let text = Rich::parse(&number(*value, low, high)).fitted(0.85 * size, 0.95 * cell);
            let at = (rect.center().0, rect.center().1 + 0.5 * CAP_HEIGHT * 0.85 * size);
            scene.text(Role::Note, at, text, 0.85 * size, Anchor::Middle, color.readable());
        }
    }
    gaps(&mut scene, area, rows.len(), columns.len());
    for (i, name) in row_names.into_iter().enumerate() {
        let y = area.y0 + (i as f64 + 0.5) * cell_height + 0.5 * CAP_HEIGHT * size;
        scene.text(Role::TickLabel, (area.x0 - 0.5 * size, y), name, size, Anchor::End, BLACK);
    }
    for (i, name) in column_names.into_iter().enumerate() {
        let (x, y) = (area.x0 + (i as f64 + 0.5) * cell, area.y1 + 0.5 * size);
        match upright {
            true => {
                let at = (x + 0.5 * CAP_HEIGHT * size, y);
                scene.text_up(Role::TickLabel, at, name, size, Anchor::End, BLACK);
            }
            false => {
                let at = (x, y + CAP_HEIGHT * size);
                scene.text(Role::TickLabel, at, name, size, Anchor::Middle, BLACK);
            }
        }
    }
    let (x, y) = area.center();
    let meaning = Rich::parse(&labels.rows).fitted(size, area.height().max(6.0 * size));
    scene.text_up(Role::AxisLabel, (pad + CAP_HEIGHT * size, y), meaning, size, Anchor::Middle, BLACK);
    let meaning = Rich::parse(&labels.columns).fitted(size, area.width() + left);
    let at = (x, area.y1 + names_height + 1.1 * size);
    scene.text(Role::AxisLabel, at, meaning, size, Anchor::Middle, BLACK);
    let bar_bottom = area.y1.max(top + 8.0 * size);
    bar.draw(&mut scene, (area.x1 + 1.2 * size, area.y0, bar_bottom), size);
    Ok(Figure::new(scene, style))
}

/// A value with three significant digits at the largest, the same decimals in all cells.
fn number(value: f64, low: f64, high: f64) -> String {
    let largest = low.abs().max(high.abs());
    match value.is_finite() && (1e-3..1e5).contains(&largest) {
        true => fixed(value, (2 - largest.log10().floor() as i32).max(0) as usize),
        false => short(value, 3),
    }
}

/// White lines between the cells.
fn gaps(scene: &mut Scene, area: Rect, rows: usize, columns: usize) {
    for i in 0..=rows {
        let y = area.y0 + area.height() * i as f64 / rows as f64;
        scene.line(Role::Frame, vec![(area.x0, y), (area.x1, y)], 1.0, WHITE);
    }
    for i in 0..=columns {
        let x = area.x0 + area.width() * i as f64 / columns as f64;
        scene.line(Role::Frame, vec![(x, area.y0), (x, area.y1)], 1.0, WHITE);
    }
}

/// Which colour map suits the values.
enum Map {
    Sequential,
    Diverging,
}

impl Map {
    /// The map and the values at its ends; `None` without a finite value.
    fn of(values: &[f64]) -> Option<(Self, f64, f64)> {
        let finite = || values.iter().copied().filter(|v| v.is_finite());
        let (low, high) = (finite().reduce(f64::min)?, finite().reduce(f64::max)?);
        if low < 0.0 && high > 0.0 {
            let limit = high.max(-low);
            return Some((Map::Diverging, -limit, limit));
        }
        let (low, high) = (low.min(0.0), high.max(0.0));
        let high = if low == high { low + 1.0 } else { high };
        Some((Map::Sequential, low, high))
    }

    fn color(&self) -> fn(f64) -> Color {
        match self {
            Map::Sequential => |t| sequential(1.0 - t),
            Map::Diverging => |t| diverging(2.0 * t - 1.0),
        }
    }
}
