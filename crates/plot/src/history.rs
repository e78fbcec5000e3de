//! Loss histories.

use crate::PlotError;
use crate::axis::Axis;
use crate::figure::Figure;
use crate::lines::{LineFigure, lines};
use crate::series::{Dash, Draw, Marker, Series};
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
            // A stage of one step has no line to see.
            let draw = if s.x.len() == 1 { Draw::Both(dash, Marker::Circle) } else { Draw::Line(dash) };
            Series::line(&s.name, s.x.clone(), s.loss.clone()).drawn(draw)
        })
        .collect();
    lines(&LineFigure { title: title.to_owned(), x, y, series, notes: Vec::new() }, style)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scene::{Role, Shape};

    #[test]
    fn a_stage_of_one_step_is_seen() {
        let stage = |name: &str, x: &[f64]| HistorySeries {
            name: name.into(),
            x: x.to_vec(),
            loss: x.iter().map(|x| 1.0 / x).collect(),
            ..HistorySeries::default()
        };
        let stages = [stage("starts", &[1.0]), stage("subset", &[2.0, 3.0, 4.0])];
        let (x, y) = (Axis::linear("Time", "s"), Axis::log("Loss", ""));
        let figure = history("", &stages, x, y, &Style::default()).expect("three steps to draw");
        let markers = figure
            .scene
            .marks
            .iter()
            .filter(|(role, shape)| *role == Role::Data && matches!(shape, Shape::Ring { .. }));
        assert_eq!(markers.count(), 1);
    }
}
