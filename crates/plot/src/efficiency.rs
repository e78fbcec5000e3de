//! Transconductance efficiency gm/id, the designer's view of a transistor.
//!
//! `gm/id = (d id / d vgs) / id` against inversion level `id L / W` or gate voltage; it never exceeds
//! `q / (k T)`, which is drawn as a limit. Silveira, Flandre and Jespers, IEEE JSSC 31 (1996) 1314.

use gummel_device::Curve;

use crate::PlotError;
use crate::axis::Axis;
use crate::color::GRAY;
use crate::curves::{sheet, swept_values, voltage_axis};
use crate::encoding::{Encoding, check_alike, items};
use crate::figure::Figure;
use crate::legend::Entry;
use crate::panel::Panel;
use crate::rich::Rich;
use crate::series::{Dash, Draw, Series};
use crate::style::Style;

/// q / k, K/V (exact values of the SI).
const Q_OVER_K: f64 = 1.602_176_634e-19 / 1.380_649e-23;

/// Abscissa of a gm/id figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Against {
    /// Gate-source voltage.
    GateVoltage,
    /// Current per square; the number is W/L (times multiplicity), the same for all curves.
    CurrentPerSquare(f64),
}

/// gm/id of drain currents along gate sweeps; gm is the same finite difference for measured and fitted.
///
/// # Errors
/// [`PlotError::Empty`], [`PlotError::Mixed`], [`PlotError::Length`], [`PlotError::Style`].
pub fn gm_over_id(
    measured: &[Curve],
    fitted: &[Curve],
    against: Against,
    style: &Style,
) -> Result<Figure, PlotError> {
    let items = items(measured, fitted);
    check_alike(&items, "gm/id")?;
    let encoding = Encoding::new(&items, style, true);
    let mut series: Vec<_> = items
        .iter()
        .enumerate()
        .map(|(i, item)| {
            let (x, y) = efficiency(item.curve, against);
            encoding.series(i, item.fitted, x, y)
        })
        .collect();
    let limit = items.iter().map(|i| Q_OVER_K / i.curve.temperature).fold(0.0, f64::max);
    let x = match against {
        Against::GateVoltage => voltage_axis(items[0].curve.sweep.swept),
        Against::CurrentPerSquare(_) => Axis::log("Current per square |I_{D}|/(W/L)", "A"),
    };
    let shown = |f: fn(f64, f64) -> f64, start: f64| {
        let xs = series.iter().flat_map(|(s, _)| &s.x).copied().filter(|v| x.shows(*v));
        xs.fold(start, f)
    };
    let ends = vec![shown(f64::min, f64::INFINITY), shown(f64::max, f64::NEG_INFINITY)];
    series.push((Series::line("", ends, vec![limit; 2]).drawn(Draw::Line(Dash::Dotted)), GRAY));
    let y = Axis::linear("Efficiency g_{m}/I_{D}", "V^{−1}").with_range(0.0, 1.12 * limit);
    let mut sheet = sheet("gm/id", style, vec![Panel { x, y, series, ..Panel::default() }], encoding);
    let name = Rich::parse("q/(kT)");
    sheet.legend.push(Entry { name, samples: vec![(Draw::Line(Dash::Dotted), GRAY)] });
    sheet.compose()
}

fn efficiency(curve: &Curve, against: Against) -> (Vec<f64>, Vec<f64>) {
    let y = curve.gradient().iter().zip(&curve.values).map(|(g, i)| g / i).collect();
    let x = match against {
        Against::GateVoltage => swept_values(curve),
        Against::CurrentPerSquare(squares) => curve.values.iter().map(|i| i.abs() / squares).collect(),
    };
    (x, y)
}
