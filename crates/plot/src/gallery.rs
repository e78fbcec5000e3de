//! Small multiples of a family: one panel per device, the same axes everywhere.

use gummel_device::Curve;

use crate::PlotError;
use crate::axis::Scale;
use crate::curves;
use crate::encoding::{Encoding, Item, check_alike, items};
use crate::figure::Figure;
use crate::rich::Rich;
use crate::sheet::Sheet;
use crate::style::Style;

/// One device of a gallery.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// Name of the device, shown as it is.
    pub title: String,
    /// Measured (or simulated) curves.
    pub measured: Vec<Curve>,
    /// Fitted curves.
    pub fitted: Vec<Curve>,
    /// A few words below the name, e.g. `0.4 %`; empty for none.
    pub error_text: String,
}

/// Width of a panel in font sizes and its height over its width.
const PANEL_WIDTH: f64 = 11.5;
const ASPECT: f64 = 0.78;

/// The panels in rows, with logarithmic magnitudes and shared axes; grows with the number of panels.
///
/// # Errors
/// [`PlotError::Empty`], [`PlotError::Mixed`], [`PlotError::Length`], [`PlotError::Style`].
pub fn gallery(title: &str, panels: &[Panel], style: &Style) -> Result<Figure, PlotError> {
    let all: Vec<Item<'_>> = panels.iter().flat_map(|p| items(&p.measured, &p.fitted)).collect();
    check_alike(&all, "gallery")?;
    let encoding = Encoding::new(&all, style, false);
    let range = curves::log_range(&all);
    let mut next = 0;
    let drawn: Vec<_> = panels
        .iter()
        .map(|p| {
            let items = items(&p.measured, &p.fitted);
            let mut panel = curves::panel(&all, &encoding, Scale::Log);
            panel.series = items
                .iter()
                .enumerate()
                .map(|(i, item)| {
                    let y = item.curve.values.iter().map(|v| v.abs()).collect();
                    encoding.series(next + i, item.fitted, curves::swept_values(item.curve), y)
                })
                .collect();
            next += items.len();
            panel.y.range = range;
            panel.title = curves::heading(&p.title);
            panel.remark = curves::heading(&p.error_text);
            panel
        })
        .collect();
    // Markers and lines shrink with the panels.
    let small =
        Style { marker_size: 0.7 * style.marker_size, line_width: 0.75 * style.line_width, ..style.clone() };
    let columns = columns(panels.len());
    let rows = panels.len().div_ceil(columns);
    let size = style.font_size;
    let legend = if style.legend_right() { 10.0 * size } else { 0.0 };
    let headings = if panels.iter().any(|p| !p.error_text.is_empty()) { 3.2 } else { 2.2 };
    let mut sheet = Sheet::new("gallery", &small, drawn);
    sheet.width = (columns as f64 * (PANEL_WIDTH + 1.0) + 7.0) * size + legend;
    sheet.height = (rows as f64 * (ASPECT * PANEL_WIDTH + headings) + 10.0) * size;
    sheet.columns = columns;
    sheet.shared = true;
    sheet.title = Rich::literal(title);
    sheet.subtitle = encoding.subtitle;
    sheet.legend = encoding.legend;
    sheet.compose()
}

/// As wide as a page is to its height, at most seven.
fn columns(n: usize) -> usize {
    ((n as f64 * 1.15).sqrt().ceil() as usize).clamp(1, 7)
}
