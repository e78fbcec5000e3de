//! Process corners of a family: curves of all of them, and how far they are from each other.

use anyhow::Result;
use gummel_data::Dataset;
use gummel_device::{Corner, Quantity, Terminal};
use gummel_model::{CornerDistances, Model, Siblings};
use gummel_plot::{
    Axis, CornerCurves, Draw, Figure, HeatLabels, LineFigure, Marker, Series, Style, color, draw,
};

use super::Subject;

/// Transfer curves (output curves where there are none) of all corners of the geometry of the device called `name`, at the
/// largest voltage that was held; `None` for a device without corners.
///
/// # Errors
/// When the model does not know the device, or the figure cannot be drawn.
pub fn corner_fan(
    model: &Model,
    data: Option<&Dataset>,
    name: &str,
    style: &Style,
) -> Result<Option<Figure>> {
    let entry = &model.manifest.devices[model.device_index(name)?];
    let siblings = Siblings::of(model, entry.geometry, &entry.site, "");
    for swept in [Terminal::Gate, Terminal::Drain] {
        let mut fan = Vec::new();
        for corner in Corner::ALL {
            let Some(device) = siblings.at(corner) else { continue };
            let name = &model.manifest.devices[device].name;
            let measured = data.and_then(|d| d.devices.iter().find(|d| d.id.name == *name));
            let (measured, fitted) =
                Subject::new(Some(model), measured, name)?.curves(swept, Quantity::Id, 1)?;
            // Devices of one geometry are one device in the figure's heading.
            let base = name.strip_suffix(&format!("_{corner}")).unwrap_or(name).to_owned();
            let alike = |mut curves: Vec<gummel_device::Curve>| {
                curves.iter_mut().for_each(|c| c.device.clone_from(&base));
                // A model without data has several curves; the last is that of the largest voltage.
                curves.split_off(curves.len().saturating_sub(1))
            };
            fan.push(CornerCurves { corner, measured: alike(measured), fitted: alike(fitted) });
        }
        if fan.len() > 1 && fan.iter().any(|c| !c.fitted.is_empty()) {
            return Ok(Some(draw::corner_fan(&fan, style)?));
        }
    }
    Ok(None)
}

/// Distances between corners in the parameters of their heads, as a matrix; `None` with fewer than two corners.
///
/// # Errors
/// When the figure cannot be drawn.
pub fn corner_distances(model: &Model, style: &Style) -> Result<Option<Figure>> {
    let Some(CornerDistances { corners, between, .. }) = model.corner_distances() else { return Ok(None) };
    let names: Vec<String> = corners.iter().map(Corner::to_string).collect();
    let labels = HeatLabels {
        title: format!("{}: heads of corners", model.manifest.title()),
        values: "RMS difference".to_owned(),
        ..HeatLabels::default()
    };
    Ok(Some(draw::heat_matrix(&names, &names, &between.concat(), &labels, style)?))
}

/// The corners on a plane whose distances are those of [`corner_distances`]; `None` with fewer than two corners.
///
/// # Errors
/// When the figure cannot be drawn.
pub fn corner_map(model: &Model, style: &Style) -> Result<Option<Figure>> {
    let Some(CornerDistances { corners, map, shown, .. }) = model.corner_distances() else { return Ok(None) };
    let series = corners.iter().zip(&map).map(|(corner, [x, y])| Series {
        color: Some(color::of_corner(*corner)),
        ..Series::line(corner.name(), vec![*x], vec![*y]).drawn(Draw::Points(Marker::Circle))
    });
    // One scale for both axes: what is far apart looks far apart.
    let reach = 1.15 * map.iter().flatten().fold(0.0, |r: f64, v| r.max(v.abs()));
    let figure = LineFigure {
        title: format!("{}: corners", model.manifest.title()),
        x: Axis::linear("first direction of heads", "").with_range(-reach, reach),
        y: Axis::linear("second direction of heads", "").with_range(-reach, reach),
        series: series.collect(),
        notes: vec![format!("{:.1} % of the squared distances are in this plane", 100.0 * shown)],
    };
    Ok(Some(draw::lines(&figure, style)?))
}
