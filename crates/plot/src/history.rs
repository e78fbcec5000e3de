//! Loss histories.

use crate::PlotError;
use crate::axis::Axis;
use crate::figure::Figure;
use crate::lines::{LineFigure, lines};
use crate::series::{Dash, Draw, Series};
use crate::style::Style;

/// The loss of one training run over time or steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistorySeries {
    /// Legend entry.
    pub name: String,
    /// Seconds or steps, whatever the axis says.
    pub x: Vec<f64>,
    /// Loss or error after each.
    pub loss: Vec<f64>,
    /// Drawn dashed, for held-out data.
    pub held_out: bool,
}

/// Losses on a logarithmic ordinate; `x` is e.g. `Axis::log("Time", "s")` or `Axis::linear("Step", "")`,
/// `y` e.g. `Axis::log("Loss", "")`.
///
/// # Errors
/// [`PlotError::Empty`], [`PlotError::Length`], [`PlotError::Style`].
pub fn history(
    title: &str,
    series: &[HistorySeries],
    x: Axis,
    y: Axis,
    style: &Style,
) -> Result<Figure, PlotError> {
    let series = series
        .iter()
        .map(|s| {
            let dash = if s.held_out { Dash::Dashed } else { Dash::Solid };
            Series::line(&s.name, s.x.clone(), s.loss.clone()).drawn(Draw::Line(dash))
        })
        .collect();
    lines(&LineFigure { title: title.to_owned(), x, y, series, notes: Vec::new() }, style)
}
