//! Error maps: relative error over two biases, as colours.

use gummel_device::metrics;
use std::collections::BTreeSet;

use crate::PlotError;
use crate::axis::Axis;
use crate::color::diverging;
use crate::colorbar::ColorBar;
use crate::figure::Figure;
use crate::panel::{Cell, Panel, Patch};
use crate::rich::Rich;
use crate::sheet::Sheet;
use crate::style::Style;

/// Words of an error map.
#[derive(Clone, Debug, PartialEq)]
pub struct MapLabels {
    /// Heading; empty for none.
    pub title: String,
    /// Abscissa, e.g. `Axis::linear("V_{GS}", "V")`.
    pub x: Axis,
    /// Ordinate.
    pub y: Axis,
}

/// Share of all pairs of abscissa and ordinate that must be present for the map to be tiled.
const FULL_GRID: f64 = 0.7;
/// Edge of the squares that stand for scattered points, in px.
const SQUARE: f64 = 6.0;

/// Relative error (a fraction; shown in per cent) at points `(x, y)`: tiles when the points form a grid,
/// squares otherwise. Colours are symmetric about zero and end at the 98 % quantile, rounded up to 1, 2 or 5.
/// Where points coincide the largest error shows.
///
/// # Errors
/// [`PlotError::Length`] when the slices differ in length, [`PlotError::Empty`], [`PlotError::Style`].
pub fn error_map(
    x: &[f64],
    y: &[f64],
    rel_error: &[f64],
    labels: &MapLabels,
    style: &Style,
) -> Result<Figure, PlotError> {
    for found in [y.len(), rel_error.len()] {
        if found != x.len() {
            let what = "x, y and errors of the error map".to_owned();
            return Err(PlotError::Length { what, expected: x.len(), found });
        }
    }
    let mut points: Vec<(f64, f64, f64)> = x
        .iter()
        .zip(y)
        .zip(rel_error)
        .map(|((x, y), e)| (*x, *y, 100.0 * e))
        .filter(|(x, y, e)| labels.x.shows(*x) && labels.y.shows(*y) && e.is_finite())
        .collect();
    points.sort_by(|a, b| a.2.abs().total_cmp(&b.2.abs()));
    let mut magnitudes: Vec<f64> = points.iter().map(|p| p.2.abs()).collect();
    let limit = round_up(metrics::quantile(&mut magnitudes, 0.98));
    let clipped = magnitudes.last().is_some_and(|largest| *largest > limit);

    let mut panel = Panel { x: labels.x.clone(), y: labels.y.clone(), ..Panel::default() };
    let colored = points.iter().map(|(x, y, e)| ((*x, *y), diverging(e / limit)));
    match Tiling::of(&points) {
        Some(tiling) => {
            panel.cells =
                colored.map(|((x, y), color)| Cell { x: tiling.x(x), y: tiling.y(y), color }).collect();
            for (axis, edges) in [(&mut panel.x, &tiling.x_edges), (&mut panel.y, &tiling.y_edges)] {
                axis.range = axis.range.or_else(|| Some((*edges.first()?, *edges.last()?)));
            }
        }
        None => panel.patches = colored.map(|(at, color)| Patch { at, size: SQUARE, color }).collect(),
    }
    let mut sheet = Sheet::new("error map", style, vec![panel]);
    sheet.title = Rich::parse(&labels.title);
    sheet.bar = Some(ColorBar {
        label: "Relative error (%)".to_owned(),
        low: -limit,
        high: limit,
        color: |t| diverging(2.0 * t - 1.0),
        ends: true,
        clipped,
    });
    sheet.compose()
}

/// The next of 1, 2, 5 times a power of ten; 1 when there is nothing to round.
fn round_up(v: f64) -> f64 {
    if !(v.is_finite() && v > 0.0) {
        return 1.0;
    }
    let decade = 10f64.powi(v.log10().floor() as i32);
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|f| f * decade).find(|limit| *limit >= v).unwrap_or(10.0 * decade)
}

/// Borders halfway between neighbouring coordinates of a grid.
struct Tiling {
    x_edges: Vec<f64>,
    y_edges: Vec<f64>,
}

impl Tiling {
    fn of(points: &[(f64, f64, f64)]) -> Option<Self> {
        let (xs, ys) = (distinct(points.iter().map(|p| p.0)), distinct(points.iter().map(|p| p.1)));
        let pairs: BTreeSet<(u64, u64)> =
            points.iter().map(|p| ((p.0 + 0.0).to_bits(), (p.1 + 0.0).to_bits())).collect();
        let full = pairs.len() as f64 >= FULL_GRID * (xs.len() * ys.len()) as f64;
        (full && xs.len() > 1 && ys.len() > 1).then(|| Tiling { x_edges: edges(&xs), y_edges: edges(&ys) })
    }

    fn x(&self, v: f64) -> (f64, f64) {
        around(&self.x_edges, v)
    }

    fn y(&self, v: f64) -> (f64, f64) {
        around(&self.y_edges, v)
    }
}

fn distinct(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    values
}

fn edges(values: &[f64]) -> Vec<f64> {
    let n = values.len();
    let inner = values.windows(2).map(|w| 0.5 * (w[0] + w[1]));
    let first = 1.5 * values[0] - 0.5 * values[1];
    let last = 1.5 * values[n - 1] - 0.5 * values[n - 2];
    std::iter::once(first).chain(inner).chain([last]).collect()
}

fn around(edges: &[f64], v: f64) -> (f64, f64) {
    let i = edges.partition_point(|e| *e <= v).clamp(1, edges.len() - 1);
    (edges[i - 1], edges[i])
}
