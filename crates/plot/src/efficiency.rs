//! Transconductance efficiency gm/id, the designer's view of a transistor.
//!
//! `gm/id = d ln|id| / d vgs` against inversion level `id L / W` or gate voltage. Differences of the
//! logarithm are exact where current grows exponentially; differences of the current itself are not, and
//! would exceed the limit `q / (k T)` that is drawn beside the curves. Silveira, Flandre and Jespers, IEEE JSSC 31 (1996) 1314.

use gummel_device::Curve;
use gummel_device::curve::gradient;
use gummel_device::si::{BOLTZMANN, ELEMENTARY_CHARGE};

use crate::PlotError;
use crate::axis::Axis;
use crate::color::GRAY;
use crate::curves::{log_range, sheet, swept_values, voltage_axis};
use crate::encoding::{Encoding, check_alike, items};
use crate::figure::Figure;
use crate::legend::Entry;
use crate::panel::Panel;
use crate::rich::Rich;
use crate::series::{Dash, Draw};
use crate::style::Style;

/// q / k, K/V.
const Q_OVER_K: f64 = ELEMENTARY_CHARGE / BOLTZMANN;

/// Abscissa of a gm/id figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Against {
    /// Gate-source voltage.
    GateVoltage,
    /// Current per square; the number is W/L (times multiplicity), the same for all curves.
    CurrentPerSquare(f64),
}

/// gm/id of drain currents along gate sweeps; by the same finite difference for measured and fitted curves.
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
    let series = items
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
        Against::CurrentPerSquare(squares) => {
            let range = log_range(&items).map(|(low, high)| (low / squares, high / squares));
            Axis { range, ..Axis::log("Current per square |I_{D}|/(W/L)", "A") }
        }
    };
    let y = Axis::linear("Efficiency g_{m}/I_{D}", "V^{−1}").with_range(0.0, 1.12 * limit);
    let levels = vec![(limit, Dash::Dotted, GRAY)];
    let panel = Panel { x, y, series, levels, ..Panel::default() };
    let mut sheet = sheet("gm/id", style, vec![panel], encoding);
    let name = Rich::parse("q/(kT)");
    sheet.legend.push(Entry { name, samples: vec![(Draw::Line(Dash::Dotted), GRAY)] });
    sheet.compose()
}

fn efficiency(curve: &Curve, against: Against) -> (Vec<f64>, Vec<f64>) {
    // The slope against vgs is positive for n and negative for p, whose current grows towards negative vgs.
    let sign = if curve.values.iter().filter(|i| i.is_finite()).sum::<f64>() < 0.0 { -1.0 } else { 1.0 };
    let logs: Vec<f64> = curve.values.iter().map(|i| (sign * i).ln()).collect();
    let y = gradient(&curve.sweep.values, &logs).iter().map(|g| sign * g).collect();
    let x = match against {
        Against::GateVoltage => swept_values(curve),
        Against::CurrentPerSquare(squares) => curve.values.iter().map(|i| i.abs() / squares).collect(),
    };
    (x, y)
}
