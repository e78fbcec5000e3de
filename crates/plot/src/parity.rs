//! Parity: fitted against measured values, and their relative difference.

use gummel_device::metrics;

use crate::PlotError;
use crate::axis::Axis;
use crate::color::{BLACK, Color, OKABE_ITO};
use crate::curves::two_panels;
use crate::figure::Figure;
use crate::legend;
use crate::panel::Panel;
use crate::rich::Rich;
use crate::series::{Dash, Draw, Marker, Series};
use crate::sheet::Sheet;
use crate::style::Style;

/// Half widths of the bands.
const BANDS: [(f64, &str); 2] = [(0.10, "within 10 %"), (0.01, "within 1 %")];
/// Points along a band; its borders are straight on logarithmic axes.
const BAND_POINTS: usize = 2;

/// Fitted over measured magnitudes on logarithmic axes, beside the relative error in per cent, with bands of
/// 1 % and 10 %. `quantity` names the values and their unit, e.g. `Axis::log("drain current", "A")`.
///
/// Pairs of unlike sign, with a zero or not finite, cannot stand on these axes; a note counts them.
///
/// # Errors
/// [`PlotError::Length`] when the slices differ in length, [`PlotError::Empty`], [`PlotError::Style`].
pub fn parity(
    title: &str,
    measured: &[f64],
    fitted: &[f64],
    quantity: &Axis,
    style: &Style,
) -> Result<Figure, PlotError> {
    if measured.len() != fitted.len() {
        let what = "measured and fitted values of the parity figure".to_owned();
        return Err(PlotError::Length { what, expected: measured.len(), found: fitted.len() });
    }
    let pairs = measured.iter().zip(fitted).filter(|(m, s)| m.is_finite() && s.is_finite() && *m * *s > 0.0);
    let (m, s): (Vec<f64>, Vec<f64>) = pairs.map(|(m, s)| (m.abs(), s.abs())).unzip();
    let percent: Vec<f64> = m.iter().zip(&s).map(|(m, s)| 100.0 * (s / m - 1.0)).collect();
    let ends =
        [m.iter().copied().fold(f64::INFINITY, f64::min) / 2.0, m.iter().copied().fold(0.0, f64::max) * 2.0];
    let mut legend_series = Vec::new();

    let axis = |word: &str| Axis { label: format!("{word} {}", quantity.label), ..quantity.clone() };
    let log = |word: &str| Axis { scale: crate::Scale::Log, range: Some((ends[0], ends[1])), ..axis(word) };
    let mut left = Panel { x: log("Measured"), y: log("Fitted"), ..Panel::default() };
    let limit = error_limit(&percent);
    let right_y = Axis::linear("Relative error", "%").with_range(-limit, limit);
    let mut right = Panel { x: log("Measured"), y: right_y, ..Panel::default() };

    for ((half, name), color) in BANDS.into_iter().zip([OKABE_ITO[5], OKABE_ITO[2]]) {
        let band = |low: Vec<f64>, high: Vec<f64>| Series::band(name, ends.to_vec(), low, high);
        let series = band(
            ends.iter().map(|v| v * (1.0 - half)).collect(),
            ends.iter().map(|v| v * (1.0 + half)).collect(),
        );
        left.series.push((series, color));
        let series = band(vec![-100.0 * half; BAND_POINTS], vec![100.0 * half; BAND_POINTS]);
        legend_series.push((series.clone(), color));
        right.series.push((series, color));
    }
    let identity = |y: Vec<f64>| Series::line("equal", ends.to_vec(), y).drawn(Draw::Line(Dash::Dashed));
    left.series.push((identity(ends.to_vec()), BLACK));
    right.levels.push((0.0, Dash::Dashed, BLACK));
    legend_series.push((identity(Vec::new()), BLACK));
    let color: Color = style.color(1, 2);
    let points = |y: Vec<f64>| Series::points("points", m.clone(), y).drawn(Draw::Points(Marker::Dot));
    left.series.push((points(s), color));
    right.series.push((points(percent), color));
    legend_series.push((points(Vec::new()), color));

    let left_out = measured.len() - m.len();
    if m.is_empty() {
        let found = format!("{left_out} pairs, none finite, of like sign and not zero");
        return Err(PlotError::Empty { figure: "parity".to_owned(), found });
    }
    let mut sheet = Sheet::new("parity", style, vec![left, right]);
    two_panels(&mut sheet);
    sheet.title = Rich::parse(title);
    sheet.legend = legend::entries(legend_series.iter().map(|(s, c)| (s, *c)));
    if left_out > 0 {
        let of = measured.len();
        sheet.notes =
            vec![Rich::parse(&format!("{left_out} of {of} pairs not shown: zero, or of unlike sign"))];
    }
    sheet.compose()
}

/// Half range of the error axis: shows the 10 % band and 95 % of the points, 100 % at most.
fn error_limit(percent: &[f64]) -> f64 {
    let mut magnitudes: Vec<f64> = percent.iter().map(|e| e.abs()).collect();
    let q = metrics::quantile(&mut magnitudes, 0.95);
    if q.is_finite() { (1.2 * q).clamp(15.0, 100.0) } else { 15.0 }
}
