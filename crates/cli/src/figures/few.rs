//! How good a model of a new device is after how many readings.

use anyhow::Result;
use gummel_data::Dataset;
use gummel_device::metrics::Spread;
use gummel_model::Model;
use gummel_plot::{Axis, Figure, LineFigure, Series, Style, draw};
use gummel_surrogate::{AdaptOptions, adapt};

/// Numbers of readings that are tried, as far as devices have more.
const POINTS: [usize; 9] = [1, 2, 3, 5, 10, 20, 50, 100, 200];
/// Draws of the readings for every number.
const DRAWS: u64 = 5;

/// Relative RMS error on all readings of every device of `data` against how many of them were used: median over draws, then
/// median and range over devices. `None` where no device has more readings than the fewest tried.
///
/// # Errors
/// As [`adapt()`], or when the figure cannot be drawn.
pub fn few_readings(model: &Model, data: &Dataset, seed: u64, style: &Style) -> Result<Option<Figure>> {
    let (mut x, mut median, mut best, mut worst) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let most = data.devices.iter().map(gummel_data::DeviceData::len).min().unwrap_or(0);
    for points in POINTS.into_iter().filter(|n| *n < most) {
        let mut errors = Vec::with_capacity(data.devices.len());
        for device in &data.devices {
            let tries = (0..DRAWS).map(|k| {
                let options = AdaptOptions { points: Some(points), seed: seed + k };
                Ok(adapt(model, device, &options)?.report.errors.rel_rms)
            });
            errors.push(Spread::over(tries.collect::<Result<Vec<f64>>>()?).median);
        }
        let over = Spread::over(errors.iter().copied());
        x.push(points as f64);
        median.push(100.0 * over.median);
        best.push(100.0 * errors.iter().copied().fold(f64::INFINITY, f64::min));
        worst.push(100.0 * over.worst);
    }
    if x.is_empty() {
        return Ok(None);
    }
    let several = data.devices.len() > 1;
    let name = if several { "median over devices" } else { data.devices[0].id.name.as_str() };
    let mut series = vec![Series::line(name, x.clone(), median)];
    if several {
        series.insert(0, Series::band("best to worst", x, best, worst));
    }
    let figure = LineFigure {
        title: format!("{}: few readings of a new device", model.manifest.title()),
        x: Axis::log("readings used", ""),
        y: Axis::log("relative RMS error over all readings", "%"),
        series,
        notes: Vec::new(),
    };
    Ok(Some(draw::lines(&figure, style)?))
}
