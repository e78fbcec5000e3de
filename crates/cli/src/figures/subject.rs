//! Figures of one device, from its measurement, its model or both.

use anyhow::{Result, bail};
use gummel_data::DeviceData;
use gummel_device::metrics::StrongSet;
use gummel_device::{Bias, Curve, Quantity, Sweep, Terminal};
use gummel_model::{DeviceQuery, Model, curve};
use gummel_plot::{Against, Axis, Figure, MapLabels, Scale, Style, draw};

use super::{Kind, choose};

/// Curves of one figure.
const CURVES: usize = 6;
/// Points of a fitted line.
const LINE_POINTS: usize = 161;

/// One device, ready to be drawn.
pub struct Subject<'a> {
    model: Option<&'a Model>,
    data: Option<&'a DeviceData>,
    name: &'a str,
}

impl<'a> Subject<'a> {
    /// The device called `name`; at least one of model and data must know it.
    ///
    /// # Errors
    /// When the model does not know the device and there are no data.
    pub fn new(model: Option<&'a Model>, data: Option<&'a DeviceData>, name: &'a str) -> Result<Self> {
        // A device without a head (held out of the fit) is drawn as measured.
        let model = match (model, data) {
            (Some(m), None) => m.device_index(name).map(|_| Some(m))?,
            (m, _) => m.filter(|m| m.device_index(name).is_ok()),
        };
        Ok(Subject { model, data, name })
    }

    /// The figure of this kind; `None` when the device has no curves for it.
    ///
    /// # Errors
    /// When it cannot be drawn, or when `kind` is a figure of a family.
    pub fn figure(&self, kind: Kind, style: &Style) -> Result<Option<Figure>> {
        let (swept, quantity) = match kind {
            Kind::Transfer | Kind::GmOverId => (Terminal::Gate, Quantity::Id),
            Kind::Output => (Terminal::Drain, Quantity::Id),
            Kind::Gm => (Terminal::Gate, Quantity::Gm),
            Kind::Gds => (Terminal::Drain, Quantity::Gds),
            Kind::ErrorMap => return self.error_map(style),
            _ => bail!("a {} shows a family, not one device", kind.name()),
        };
        let (measured, fitted) = self.curves(swept, quantity, CURVES)?;
        if measured.is_empty() && fitted.is_empty() {
            return Ok(None);
        }
        Ok(Some(match kind {
            Kind::Transfer => draw::transfer(&measured, &fitted, style)?,
            Kind::Output => draw::output(&measured, &fitted, style)?,
            Kind::Gds => draw::derivative(&measured, &fitted, Scale::Log, style)?,
            Kind::GmOverId => draw::gm_over_id(&measured, &fitted, self.against()?, style)?,
            _ => draw::derivative(&measured, &fitted, Scale::Linear, style)?,
        }))
    }

    /// Measured and fitted curves of a quantity along sweeps of a terminal, at most `most` of each.
    ///
    /// Slopes (gm, gds) are central differences over the sweep's own step on both sides, so that the step
    /// does not look like an error of the model.
    ///
    /// # Errors
    /// When the model refuses the device.
    pub(super) fn curves(
        &self,
        swept: Terminal,
        quantity: Quantity,
        most: usize,
    ) -> Result<(Vec<Curve>, Vec<Curve>)> {
        let Some(data) = self.data else {
            return Ok((Vec::new(), self.model_curves(swept, quantity)?));
        };
        let chosen = choose::curves(&data.measured_curves(Quantity::Id), swept, most);
        let mut fitted = Vec::new();
        for c in self.model.iter().flat_map(|_| &chosen) {
            fitted.extend(self.line(c, quantity)?);
        }
        let measured = match quantity {
            Quantity::Id => chosen,
            _ => chosen.iter().map(|c| measured_slope(c, quantity)).collect(),
        };
        Ok((measured, fitted))
    }

    /// The model's line through a measured drain current, or through its slope.
    fn line(&self, measured: &Curve, quantity: Quantity) -> Result<Option<Curve>> {
        let Some(model) = self.model else { return Ok(None) };
        let temperature = measured.temperature;
        let instance = model.instance(&DeviceQuery::named(self.name).at_temperature(temperature))?;
        let along = |sweep: &Sweep| curve(&instance, self.name, sweep, Quantity::Id, temperature);
        if quantity == Quantity::Id {
            return Ok(Some(along(&dense(&measured.sweep, 0.0))));
        }
        let step = step(&measured.sweep);
        let sweep = dense(&measured.sweep, step);
        let shifted = |by: f64| {
            let values = sweep.values.iter().map(|v| v + by).collect();
            along(&Sweep { values, ..sweep.clone() }).values
        };
        let values =
            shifted(step).iter().zip(shifted(-step)).map(|(up, down)| (up - down) / (2.0 * step)).collect();
        Ok(Some(Curve { values, quantity, ..along(&sweep) }))
    }

    /// Curves of the model alone, over the range of biases it was fitted to.
    fn model_curves(&self, swept: Terminal, quantity: Quantity) -> Result<Vec<Curve>> {
        let Some(model) = self.model else { return Ok(Vec::new()) };
        let device = &model.spec.devices[model.device_index(self.name)?];
        let sign = model.spec.sign;
        let [vgs, vds, _] = device.range.map(|[_, high]| sign * high);
        let instance = model.instance(&DeviceQuery::named(self.name))?;
        let (end, held): (f64, Vec<Bias>) = match swept {
            Terminal::Gate => (vgs, [0.05 * sign, vds].map(|v| Bias::from_source(0.0, v, 0.0)).to_vec()),
            _ => {
                let steps = [0.4, 0.55, 0.7, 0.85, 1.0];
                (vds, steps.map(|f| Bias::from_source(f * vgs, 0.0, 0.0)).to_vec())
            }
        };
        let sweep = |held| dense(&Sweep { swept, held, values: vec![0.0, end] }, 0.0);
        let temperature = device.place.temperature;
        Ok(held.into_iter().map(|h| curve(&instance, self.name, &sweep(h), quantity, temperature)).collect())
    }

    fn against(&self) -> Result<Against> {
        let squares = match (self.data, self.model) {
            (Some(data), _) => data.id.geometry.squares(),
            (None, Some(model)) => model.manifest.devices[model.device_index(self.name)?].geometry.squares(),
            (None, None) => return Ok(Against::GateVoltage),
        };
        Ok(Against::CurrentPerSquare(squares))
    }

    /// Relative error over vgs and vds at vbs = 0 and one temperature, over the strong set.
    fn error_map(&self, style: &Style) -> Result<Option<Figure>> {
        let (Some(model), Some(data)) = (self.model, self.data) else { return Ok(None) };
        let sign = data.id.family.polarity.sign();
        let strong = StrongSet::new(data.id.geometry, data.id.family.polarity, data.floor);
        let temperature = choose::nearest_to_room(data.temperature.iter().copied());
        let instance = model.instance(&DeviceQuery::named(self.name).at_temperature(temperature))?;
        let (mut x, mut y, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for p in (0..data.len()).filter(|p| (data.temperature[*p] - temperature).abs() < 0.5) {
            let bias = data.bias_at(p);
            let measured = sign * data.id()[p];
            if bias.vbs().abs() < 1e-3 && strong.contains(measured, sign * bias.vds()) {
                x.push(bias.vgs());
                y.push(bias.vds());
                errors.push(sign * instance.current(bias.to_array()) / measured - 1.0);
            }
        }
        if x.is_empty() {
            return Ok(None);
        }
        let labels = MapLabels {
            title: self.name.to_owned(),
            x: Axis::linear("Gate-source voltage V_{GS}", "V"),
            y: Axis::linear("Drain-source voltage V_{DS}", "V"),
        };
        Ok(Some(draw::error_map(&x, &y, &errors, &labels, style)?))
    }
}

/// The slope of a measured current without the one-sided differences at its ends.
fn measured_slope(current: &Curve, quantity: Quantity) -> Curve {
    let inner = 1..current.values.len().saturating_sub(1).max(1);
    let sweep = Sweep { values: current.sweep.values[inner.clone()].to_vec(), ..current.sweep.clone() };
    Curve { values: current.gradient()[inner].to_vec(), sweep, quantity, ..current.clone() }
}

/// Mean step of a sweep, V.
fn step(sweep: &Sweep) -> f64 {
    let (low, high) = ends(sweep);
    (high - low) / (sweep.values.len().max(2) - 1) as f64
}

fn ends(sweep: &Sweep) -> (f64, f64) {
    let values = || sweep.values.iter().copied();
    (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
}

/// The same sweep, shortened by `margin` at both ends, with enough points for a smooth line.
fn dense(sweep: &Sweep, margin: f64) -> Sweep {
    let (low, high) = ends(sweep);
    let step = (high - low - 2.0 * margin) / (LINE_POINTS - 1) as f64;
    Sweep { values: (0..LINE_POINTS).map(|i| low + margin + i as f64 * step).collect(), ..sweep.clone() }
}
