//! The general figure: any number of lines, points and bands on one pair of axes.

use crate::PlotError;
use crate::axis::Axis;
use crate::color::Color;
use crate::figure::Figure;
use crate::legend;
use crate::panel::Panel;
use crate::rich::Rich;
use crate::series::{Draw, Series};
use crate::sheet::Sheet;
use crate::style::Style;

/// One pair of axes with its series. Text takes `_{...}` and `^{...}` for sub- and superscripts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineFigure {
    /// Heading; empty for none.
    pub title: String,
    /// Abscissa.
    pub x: Axis,
    /// Ordinate.
    pub y: Axis,
    /// What is drawn, in the order of the legend.
    pub series: Vec<Series>,
    /// Remarks below the figure, one a line.
    pub notes: Vec<String>,
}

/// Draws a [`LineFigure`].
///
/// # Errors
/// [`PlotError::Empty`] without a point that the axes can show, [`PlotError::Length`] when a series has
/// more abscissae than ordinates or the other way round, [`PlotError::Style`].
pub fn lines(figure: &LineFigure, style: &Style) -> Result<Figure, PlotError> {
    for series in &figure.series {
        check_lengths(series)?;
    }
    let colors = colors(&figure.series, style);
    let series: Vec<(Series, Color)> = figure.series.iter().cloned().zip(colors).collect();
    let entries = legend::entries(series.iter().map(|(s, c)| (s, *c)));
    let panel = Panel { x: figure.x.clone(), y: figure.y.clone(), series, ..Panel::default() };
    let mut sheet = Sheet::new("line", style, vec![panel]);
    sheet.title = Rich::parse(&figure.title);
    sheet.legend = entries;
    sheet.notes = figure.notes.iter().map(|n| Rich::parse(n)).collect();
    sheet.compose()
}

/// Series of one name share a colour; each other series takes the next of the palette.
fn colors(series: &[Series], style: &Style) -> Vec<Color> {
    let mut names: Vec<&str> = Vec::new();
    let mut indices = Vec::with_capacity(series.len());
    for s in series {
        let known = names.iter().position(|n| !n.is_empty() && *n == s.name);
        indices.push(known.unwrap_or(names.len()));
        if known.is_none() && s.color.is_none() {
            names.push(&s.name);
        }
    }
    let n = names.len();
    series.iter().zip(indices).map(|(s, i)| s.color.unwrap_or_else(|| style.color(i, n))).collect()
}

fn check_lengths(series: &Series) -> Result<(), PlotError> {
    let expected = series.x.len();
    let upper = if let Draw::Band(upper) = &series.draw { upper.len() } else { expected };
    match [series.y.len(), upper].into_iter().find(|n| *n != expected) {
        None => Ok(()),
        Some(found) => {
            let name = if series.name.is_empty() { "(unnamed)" } else { &series.name };
            Err(PlotError::Length { what: format!("x and y of series '{name}'"), expected, found })
        }
    }
}
