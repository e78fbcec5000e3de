//! Axes: label and unit, linear or logarithmic, the range in view and the SI prefix.

use gummel_device::si;

use crate::ticks::{self, Ticks};

/// How values are laid along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    #[default]
    Linear,
    /// By their logarithm; zero, negative and non-finite values are not shown.
    Log,
}

/// One axis of a figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Axis {
    /// Words, with `_{...}` and `^{...}` for sub- and superscripts.
    pub label: String,
    /// Unit of the values, e.g. `A`; empty for numbers. Linear axes of SI units get an SI prefix.
    pub unit: String,
    /// Linear or logarithmic.
    pub scale: Scale,
    /// Range in view in units of the values; from the data when absent.
    pub range: Option<(f64, f64)>,
}

/// Units that take SI prefixes.
const PREFIXABLE: [&str; 9] = ["V", "A", "S", "C", "F", "W", "s", "Hz", "Ω"];
/// Decades below the largest value that an automatic logarithmic axis shows at most.
const MOST_DECADES: f64 = 16.0;

impl Axis {
    /// A linear axis.
    pub fn linear(label: impl Into<String>, unit: impl Into<String>) -> Self {
        Axis { label: label.into(), unit: unit.into(), scale: Scale::Linear, range: None }
    }

    /// A logarithmic axis.
    pub fn log(label: impl Into<String>, unit: impl Into<String>) -> Self {
        Axis { scale: Scale::Log, ..Axis::linear(label, unit) }
    }

    /// The same axis showing `low..high`.
    pub fn with_range(self, low: f64, high: f64) -> Self {
        Axis { range: Some((low, high)), ..self }
    }

    /// Whether a value can stand on this axis.
    pub(crate) fn shows(&self, v: f64) -> bool {
        v.is_finite() && (self.scale == Scale::Linear || v > 0.0)
    }

    /// The view of this axis on `values`; `None` when none of them can be shown.
    pub(crate) fn view(&self, values: impl Iterator<Item = f64>) -> Option<View> {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in values.filter(|v| self.shows(*v)) {
            (low, high) = (low.min(v), high.max(v));
        }
        if low > high {
            return None;
        }
        let usable = |(a, b): &(f64, f64)| self.shows(*a) && self.shows(*b) && a < b;
        let (low, high) = match (self.range.filter(usable), self.scale) {
            (Some(range), _) => range,
            (None, Scale::Linear) => padded(low, high),
            (None, Scale::Log) => padded_log(low, high),
        };
        let exponent = if self.scale == Scale::Linear { self.exponent(low.abs().max(high.abs())) } else { 0 };
        Some(View { scale: self.scale, low, high, exponent })
    }

    /// Power of ten by which the tick labels of a linear axis are divided.
    fn exponent(&self, largest: f64) -> i32 {
        if PREFIXABLE.contains(&self.unit.as_str()) {
            let exponent = si::prefix_for(largest).0;
            // Designers write 0.6 V, not 600 mV.
            return if exponent == -3 && self.unit == "V" && largest >= 0.1 { 0 } else { exponent };
        }
        if (1e-3..1e5).contains(&largest) || largest == 0.0 { 0 } else { largest.log10().floor() as i32 }
    }

    /// Label with unit and prefix, as markup: `Drain current (µA)`.
    pub(crate) fn title(&self, view: View) -> String {
        let prefix = match view.exponent {
            0 => String::new(),
            e if PREFIXABLE.contains(&self.unit.as_str()) => {
                si::prefix_for(10f64.powi(e)).1.replace('u', "µ")
            }
            e if self.unit.is_empty() => ticks::power(e),
            e => format!("{} ", ticks::power(e)),
        };
        match (self.label.is_empty(), format!("{prefix}{}", self.unit)) {
            (_, unit) if unit.is_empty() => self.label.clone(),
            (true, unit) => unit,
            (false, unit) => format!("{} ({unit})", self.label),
        }
    }
}

/// A linear range with some air; a range that starts at zero keeps it as its end.
fn padded(low: f64, high: f64) -> (f64, f64) {
    let span = high - low;
    if span <= 1e-12 * low.abs().max(high.abs()) {
        let half = if high == 0.0 { 1.0 } else { 0.1 * high.abs() };
        return (low - half, high + half);
    }
    let air = 0.04 * span;
    (if low == 0.0 { 0.0 } else { low - air }, if high == 0.0 { 0.0 } else { high + air })
}

fn padded_log(low: f64, high: f64) -> (f64, f64) {
    let low = low.max(high * 10f64.powf(-MOST_DECADES)).max(f64::MIN_POSITIVE * 1e20);
    let air = if high > low { (high / low).powf(0.04) } else { 3.0 };
    (low / air, (high * air).min(f64::MAX))
}

/// The part of an axis in view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    pub(crate) scale: Scale,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Power of ten by which tick labels are divided.
    pub(crate) exponent: i32,
}

impl View {
    /// Position of `v`: 0 at the low end, 1 at the high end, outside that beyond. NaN when `v` has none.
    pub(crate) fn position(self, v: f64) -> f64 {
        match self.scale {
            Scale::Linear => (v - self.low) / (self.high - self.low),
            Scale::Log if v > 0.0 => (v / self.low).ln() / (self.high / self.low).ln(),
            Scale::Log => f64::NAN,
        }
    }

    /// Ticks with at most `most` labels.
    pub(crate) fn ticks(self, most: usize) -> Ticks {
        match self.scale {
            Scale::Linear => ticks::linear(self.low, self.high, most, self.exponent),
            Scale::Log => ticks::log(self.low, self.high, most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(axis: &Axis, values: &[f64]) -> String {
        let view = axis.view(values.iter().copied()).expect("values to show");
        axis.title(view)
    }

    #[test]
    fn one_prefix_per_axis() {
        let id = Axis::linear("I_{D}", "A");
        assert_eq!(title(&id, &[0.0, 4.2e-4]), "I_{D} (µA)");
        assert_eq!(title(&id, &[0.0, 4.2e-2]), "I_{D} (mA)");
        assert_eq!(title(&Axis::linear("V_{GS}", "V"), &[0.0, 0.6]), "V_{GS} (V)");
        assert_eq!(title(&Axis::linear("V_{GS}", "V"), &[0.0, 0.05]), "V_{GS} (mV)");
        assert_eq!(title(&Axis::log("I_{D}", "A"), &[1e-12, 1e-3]), "I_{D} (A)");
        assert_eq!(title(&Axis::linear("Error", "%"), &[-3.0, 3.0]), "Error (%)");
        assert_eq!(title(&Axis::linear("g_{m}/I_{D}", "V^{−1}"), &[0.0, 2e6]), "g_{m}/I_{D} (10^{6} V^{−1})");
    }

    #[test]
    fn log_axes_skip_what_has_no_logarithm() {
        let view = Axis::log("", "A").view([0.0, -1.0, f64::NAN, f64::INFINITY, 1e-6, 1e-3].into_iter());
        let view = view.expect("two values");
        assert!(view.low < 1e-6 && view.low > 1e-7 && view.high > 1e-3);
        assert!(view.position(0.0).is_nan());
        assert!(Axis::log("", "A").view([0.0, -1.0].into_iter()).is_none());
    }

    #[test]
    fn a_single_value_gets_a_range_around_it() {
        for v in [0.0, 1e-9, -3.0] {
            let view = Axis::linear("", "V").view([v].into_iter()).expect("one value");
            assert!(view.low < v && v < view.high);
        }
    }

    #[test]
    fn an_impossible_range_is_ignored() {
        let axis = Axis::log("", "A").with_range(-1.0, 1.0);
        assert!(axis.view([1.0, 10.0].into_iter()).expect("values").low > 0.0);
    }
}
