//! Figures of a whole family: gallery, parity, loss history.

use anyhow::Result;
use gummel_data::{Dataset, DeviceData};
use gummel_device::{Quantity, Terminal};
use gummel_kernel::Instance;
use gummel_model::{DeviceQuery, Model};
use gummel_plot::{Axis, Figure, HistorySeries, Panel, Style, draw};
use gummel_surrogate::FitReport;

use super::Subject;
use crate::table::percent;

/// Curves in one panel of a gallery.
const CURVES: usize = 3;
/// Panels of a gallery; of more devices an even choice is shown.
const PANELS: usize = 60;
/// Points of a parity figure; more would hide each other.
const PARITY_POINTS: usize = 4000;

/// Transfer curves of all devices (output curves where no device has a gate sweep): measured points, and
/// lines when there is a model.
///
/// # Errors
/// When the figure cannot be drawn.
pub fn gallery(title: &str, model: Option<&Model>, data: &Dataset, style: &Style) -> Result<Option<Figure>> {
    for swept in [Terminal::Gate, Terminal::Drain] {
        let mut panels = Vec::new();
        for device in evenly(&data.devices, PANELS) {
            let subject = Subject::new(model, Some(device), &device.id.name)?;
            let (measured, fitted) = subject.curves(swept, Quantity::Id, CURVES)?;
            if !measured.is_empty() {
                let error_text = error_text(model, &device.id.name);
                panels.push(Panel { title: device.id.name.clone(), measured, fitted, error_text });
            }
        }
        if !panels.is_empty() {
            return Ok(Some(draw::gallery(title, &panels, style)?));
        }
    }
    Ok(None)
}

fn error_text(model: Option<&Model>, device: &str) -> String {
    let entry = model.and_then(|m| m.manifest.devices.iter().find(|d| d.name == device));
    let error = entry.and_then(|e| e.errors).map(|e| e.rel_rms).filter(|e| e.is_finite());
    error.map_or_else(String::new, |e| format!("{} %", percent(e)))
}

/// Fitted against measured drain currents above the noise floor, over all devices.
///
/// # Errors
/// When the model refuses a device, or the figure cannot be drawn.
pub fn parity(title: &str, model: &Model, data: &Dataset, style: &Style) -> Result<Option<Figure>> {
    let points: usize = data.devices.iter().map(DeviceData::len).sum();
    let stride = points.div_ceil(PARITY_POINTS).max(1);
    let (mut measured, mut fitted) = (Vec::new(), Vec::new());
    let mut seen = 0usize;
    for device in data.devices.iter().filter(|d| model.device_index(&d.id.name).is_ok()) {
        let mut current: Option<(f64, Instance)> = None;
        for p in 0..device.len() {
            seen += 1;
            let id = device.id()[p];
            if !seen.is_multiple_of(stride) || id.abs() <= device.floor {
                continue;
            }
            let kelvin = device.temperature[p];
            if current.as_ref().is_none_or(|(t, _)| *t != kelvin) {
                let query = DeviceQuery::named(&device.id.name).at_temperature(kelvin);
                current = Some((kelvin, model.instance(&query)?));
            }
            if let Some((_, instance)) = &current {
                measured.push(id);
                fitted.push(instance.current(device.bias_at(p).to_array()));
            }
        }
    }
    if measured.is_empty() {
        return Ok(None);
    }
    let quantity = Axis::log("drain current |I_{D}|", "A");
    Ok(Some(draw::parity(title, &measured, &fitted, &quantity, style)?))
}

/// Loss over time, a line per stage of the fit.
///
/// # Errors
/// When the figure cannot be drawn.
pub fn history(title: &str, report: &FitReport, style: &Style) -> Result<Option<Figure>> {
    let mut series: Vec<HistorySeries> = Vec::new();
    for point in &report.history {
        if series.last().is_none_or(|s| s.name != point.stage) {
            series.push(HistorySeries { name: point.stage.clone(), ..HistorySeries::default() });
        }
        if let Some(last) = series.last_mut() {
            last.x.push(point.seconds);
            last.loss.push(point.loss);
        }
    }
    if series.is_empty() {
        return Ok(None);
    }
    let (x, y) = (Axis::linear("Time", "s"), Axis::log("Loss", ""));
    Ok(Some(draw::history(title, &series, x, y, style)?))
}

/// At most `most` items, evenly spread.
fn evenly<T>(items: &[T], most: usize) -> impl Iterator<Item = &T> {
    let n = items.len().min(most);
    (0..n).map(move |i| &items[i * items.len() / n])
}
