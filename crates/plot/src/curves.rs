//! Figures of curves along one sweep: transfer, output, derivatives.

use gummel_device::{Curve, Quantity, Terminal, metrics};

use crate::PlotError;
use crate::axis::{Axis, Scale};
use crate::encoding::{Encoding, Item, check_alike, items};
use crate::figure::Figure;
use crate::panel::Panel;
use crate::rich::Rich;
use crate::sheet::Sheet;
use crate::style::{NARROW, Style};

/// Width of a figure of two panels side by side, height of one of two panels on top of each other, over
/// those of a figure of one panel.
const BESIDE: f64 = 1.5;
const STACKED: f64 = 1.7;

/// Current against gate voltage, logarithmic on the left and linear on the right; several `vds` or `vbs`.
///
/// p-channel currents are shown as |id|; on the logarithmic axis so are all currents.
///
/// # Errors
/// [`PlotError::Empty`], [`PlotError::Mixed`] when the curves do not belong on one pair of axes,
/// [`PlotError::Length`], [`PlotError::Style`].
pub fn transfer(measured: &[Curve], fitted: &[Curve], style: &Style) -> Result<Figure, PlotError> {
    let items = items(measured, fitted);
    log_and_linear(&items, "transfer", style)
}

/// Current against drain voltage for several `vgs`; p-channel currents are shown as |id|.
///
/// # Errors
/// As [`transfer`].
pub fn output(measured: &[Curve], fitted: &[Curve], style: &Style) -> Result<Figure, PlotError> {
    let items = items(measured, fitted);
    single(&items, "output", Scale::Linear, style)
}

/// A conductance (gm along vgs, gds along vds, or any other quantity) on a linear or logarithmic axis.
///
/// # Errors
/// As [`transfer`].
pub fn derivative(
    measured: &[Curve],
    fitted: &[Curve],
    scale: Scale,
    style: &Style,
) -> Result<Figure, PlotError> {
    let items = items(measured, fitted);
    single(&items, "derivative", scale, style)
}

/// Two panels, logarithmic and linear, with one legend.
pub(crate) fn log_and_linear(items: &[Item<'_>], figure: &str, style: &Style) -> Result<Figure, PlotError> {
    check_alike(items, figure)?;
    let encoding = Encoding::new(items, style, true);
    let panels = vec![panel(items, &encoding, Scale::Log), panel(items, &encoding, Scale::Linear)];
    let mut sheet = sheet(figure, style, panels, encoding);
    two_panels(&mut sheet);
    sheet.compose()
}

/// Puts two panels side by side, or on top of each other when the style is narrow.
pub(crate) fn two_panels(sheet: &mut Sheet<'_>) {
    if sheet.style.width < NARROW {
        sheet.height *= STACKED;
    } else {
        sheet.columns = 2;
        sheet.width *= BESIDE;
    }
}

/// One panel with a legend.
pub(crate) fn single(
    items: &[Item<'_>],
    figure: &str,
    scale: Scale,
    style: &Style,
) -> Result<Figure, PlotError> {
    check_alike(items, figure)?;
    let encoding = Encoding::new(items, style, true);
    let panel = panel(items, &encoding, scale);
    sheet(figure, style, vec![panel], encoding).compose()
}

pub(crate) fn sheet<'a>(
    figure: &'a str,
    style: &'a Style,
    panels: Vec<Panel>,
    encoding: Encoding,
) -> Sheet<'a> {
    let mut sheet = Sheet::new(figure, style, panels);
    sheet.title = encoding.title;
    sheet.subtitle = encoding.subtitle;
    sheet.legend = encoding.legend;
    sheet
}

/// The curves on one pair of axes; at least one item.
pub(crate) fn panel(items: &[Item<'_>], encoding: &Encoding, scale: Scale) -> Panel {
    let quantity = items.first().map_or(Quantity::Id, |i| i.curve.quantity);
    let swept = items.first().map_or(Terminal::Gate, |i| i.curve.sweep.swept);
    let sign = sign(items);
    let shown = |v: f64| if scale == Scale::Log { v.abs() } else { sign * v };
    let series = items
        .iter()
        .enumerate()
        .map(|(i, item)| {
            let y = item.curve.values.iter().map(|v| shown(*v)).collect();
            encoding.series(i, item.fitted, swept_values(item.curve), y)
        })
        .collect();
    let symbol = if sign < 0.0 { format!("|{}|", symbol(quantity)) } else { symbol(quantity) };
    let label = format!("{} {symbol}", quantity.text());
    let range = if scale == Scale::Log { log_range(items) } else { None };
    let y = Axis { label, unit: quantity.unit().to_owned(), scale, range };
    Panel { x: voltage_axis(swept), y, series, ..Panel::default() }
}

/// -1 when the curves are mostly negative, as those of p-channel currents.
pub(crate) fn sign(items: &[Item<'_>]) -> f64 {
    let sum: f64 = items.iter().flat_map(|i| &i.curve.values).filter(|v| v.is_finite()).sum();
    if sum < 0.0 { -1.0 } else { 1.0 }
}

/// Range of a logarithmic axis: from where the measured points thin out at the noise floor (their 2 %
/// quantile) to the largest value, so that neither a stray zero crossing nor a line that falls below the
/// floor squeezes the data.
pub(crate) fn log_range(items: &[Item<'_>]) -> Option<(f64, f64)> {
    let magnitudes = |items: &mut dyn Iterator<Item = &Item<'_>>| -> Vec<f64> {
        items.flat_map(|i| &i.curve.values).map(|v| v.abs()).filter(|v| *v > 0.0 && v.is_finite()).collect()
    };
    let high = magnitudes(&mut items.iter()).into_iter().fold(0.0, f64::max);
    let mut judged = magnitudes(&mut items.iter().filter(|i| !i.fitted));
    if judged.is_empty() {
        judged = magnitudes(&mut items.iter());
    }
    let low = metrics::quantile(&mut judged, 0.02);
    (low > 0.0 && low < high).then(|| (0.6 * low.max(1e-14 * high), 2.0 * high))
}

/// The swept voltage of each point against the source, V; absolute for sweeps of other terminals.
pub(crate) fn swept_values(curve: &Curve) -> Vec<f64> {
    let reference = match curve.sweep.swept {
        Terminal::Drain | Terminal::Gate | Terminal::Bulk => curve.sweep.held.vs,
        _ => 0.0,
    };
    curve.sweep.values.iter().map(|v| v - reference).collect()
}

/// Axis of a swept voltage.
pub(crate) fn voltage_axis(swept: Terminal) -> Axis {
    let (text, symbol) = match swept {
        Terminal::Drain => ("Drain-source voltage", "DS"),
        Terminal::Gate => ("Gate-source voltage", "GS"),
        Terminal::Bulk => ("Bulk-source voltage", "BS"),
        Terminal::Source => ("Source voltage", "S"),
        Terminal::Collector => ("Collector voltage", "C"),
        Terminal::Base => ("Base voltage", "B"),
        Terminal::Emitter => ("Emitter voltage", "E"),
        Terminal::Substrate => ("Substrate voltage", "S"),
        Terminal::Anode => ("Anode voltage", "A"),
        Terminal::Cathode => ("Cathode voltage", "K"),
    };
    Axis::linear(format!("{text} V_{{{symbol}}}"), "V")
}

/// Symbol of a quantity as markup, e.g. `I_{D}` or `g_{m}`.
pub(crate) fn symbol(quantity: Quantity) -> String {
    let (head, tail) = quantity.column().split_at(1);
    match quantity.unit() {
        "S" => format!("{head}_{{{tail}}}"),
        _ => format!("{}_{{{}}}", head.to_uppercase(), tail.to_uppercase()),
    }
}

/// A name as rich text when there is one.
pub(crate) fn heading(text: &str) -> Option<Rich> {
    (!text.is_empty()).then(|| Rich::literal(text))
}
