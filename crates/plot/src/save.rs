//! The figures of [`draw`], written to a file whose extension (`.svg`, `.png`) chooses the format.
//!
//! Each function fails as its namesake in `draw` does, and as [`Figure::save`](crate::Figure::save).

use gummel_device::Curve;
use std::path::Path;

use crate::{
    Against, Axis, CornerCurves, HeatLabels, HistorySeries, LineFigure, MapLabels, Panel, PlotError, Scale,
    Style, draw,
};

type Saved = Result<(), PlotError>;

/// See [`draw::transfer`].
pub fn transfer(path: impl AsRef<Path>, measured: &[Curve], fitted: &[Curve], style: &Style) -> Saved {
    draw::transfer(measured, fitted, style)?.save(path)
}

/// See [`draw::output`].
pub fn output(path: impl AsRef<Path>, measured: &[Curve], fitted: &[Curve], style: &Style) -> Saved {
    draw::output(measured, fitted, style)?.save(path)
}

/// See [`draw::derivative`].
pub fn derivative(
    path: impl AsRef<Path>,
    measured: &[Curve],
    fitted: &[Curve],
    scale: Scale,
    style: &Style,
) -> Saved {
    draw::derivative(measured, fitted, scale, style)?.save(path)
}

/// See [`draw::gm_over_id`].
pub fn gm_over_id(
    path: impl AsRef<Path>,
    measured: &[Curve],
    fitted: &[Curve],
    against: Against,
    style: &Style,
) -> Saved {
    draw::gm_over_id(measured, fitted, against, style)?.save(path)
}

/// See [`draw::parity`].
pub fn parity(
    path: impl AsRef<Path>,
    title: &str,
    measured: &[f64],
    fitted: &[f64],
    quantity: &Axis,
    style: &Style,
) -> Saved {
    draw::parity(title, measured, fitted, quantity, style)?.save(path)
}

/// See [`draw::error_map`].
pub fn error_map(
    path: impl AsRef<Path>,
    x: &[f64],
    y: &[f64],
    rel_error: &[f64],
    labels: &MapLabels,
    style: &Style,
) -> Saved {
    draw::error_map(x, y, rel_error, labels, style)?.save(path)
}

/// See [`draw::history`].
pub fn history(
    path: impl AsRef<Path>,
    title: &str,
    series: &[HistorySeries],
    x: Axis,
    y: Axis,
    style: &Style,
) -> Saved {
    draw::history(title, series, x, y, style)?.save(path)
}

/// See [`draw::gallery`].
pub fn gallery(path: impl AsRef<Path>, title: &str, panels: &[Panel], style: &Style) -> Saved {
    draw::gallery(title, panels, style)?.save(path)
}

/// See [`draw::lines`].
pub fn lines(path: impl AsRef<Path>, figure: &LineFigure, style: &Style) -> Saved {
    draw::lines(figure, style)?.save(path)
}

/// See [`draw::heat_matrix`].
pub fn heat_matrix(
    path: impl AsRef<Path>,
    rows: &[String],
    columns: &[String],
    values: &[f64],
    labels: &HeatLabels,
    style: &Style,
) -> Saved {
    draw::heat_matrix(rows, columns, values, labels, style)?.save(path)
}

/// See [`draw::corner_fan`].
pub fn corner_fan(path: impl AsRef<Path>, corners: &[CornerCurves], style: &Style) -> Saved {
    draw::corner_fan(corners, style)?.save(path)
}
