//! Corner fans: the curves of all process corners on one figure.

use gummel_device::{Corner, Curve, Terminal};

use crate::PlotError;
use crate::axis::Scale;
use crate::curves;
use crate::encoding::Item;
use crate::figure::Figure;
use crate::style::Style;

/// The curves of one corner.
#[derive(Clone, Debug, PartialEq)]
pub struct CornerCurves {
    /// Which corner.
    pub corner: Corner,
    /// Measured (or simulated) curves.
    pub measured: Vec<Curve>,
    /// Fitted curves.
    pub fitted: Vec<Curve>,
}

/// Transfer curves on a logarithmic and a linear axis, or output curves on a linear one; a colour per corner.
///
/// # Errors
/// [`PlotError::Empty`], [`PlotError::Mixed`], [`PlotError::Length`], [`PlotError::Style`].
pub fn corner_fan(corners: &[CornerCurves], style: &Style) -> Result<Figure, PlotError> {
    let item = |corner, fitted| move |curve| Item { curve, fitted, corner: Some(corner) };
    let measured = corners.iter().flat_map(|c| c.measured.iter().map(item(c.corner, false)));
    let fitted = corners.iter().flat_map(|c| c.fitted.iter().map(item(c.corner, true)));
    let items: Vec<Item<'_>> = measured.chain(fitted).collect();
    match items.first().map(|i| i.curve.sweep.swept) {
        Some(Terminal::Drain | Terminal::Collector) => {
            curves::single(&items, "corner fan", Scale::Linear, style)
        }
        _ => curves::log_and_linear(&items, "corner fan", style),
    }
}
