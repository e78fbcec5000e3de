//! Which curves go into which figure: from a dataset, a model or both to the figures of the `plot` crate.

mod choose;
mod corners;
mod family;
mod few;
mod subject;
mod tasks;

use anyhow::{Context, Result};
use gummel_data::{Dataset, DeviceData};
use gummel_model::Model;
use gummel_plot::{Figure, Style};
use gummel_surrogate::FitReport;
use std::path::Path;

pub use corners::{corner_distances, corner_fan, corner_map};
pub use family::{gallery, history, parity};
pub use few::few_readings;
pub use subject::Subject;
pub use tasks::between_tasks;

/// A kind of figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// All devices of the family, small
    Gallery,
    /// Current against gate voltage, logarithmic and linear
    Transfer,
    /// Current against drain voltage
    Output,
    /// Transconductance
    Gm,
    /// Output conductance
    Gds,
    /// Transconductance efficiency
    GmOverId,
    /// Fitted against measured currents of the family
    Parity,
    /// Relative error over gate and drain voltage
    ErrorMap,
    /// Process corners of a device's geometry on one figure
    Corners,
    /// Distances between process corners in the parameters of heads
    CornerDistances,
    /// Process corners on a plane, as far apart as their heads
    CornerMap,
    /// Loss over time
    History,
    /// All devices of the family as measured, small
    Raw,
}

impl Kind {
    /// True when the figure shows one device.
    pub fn is_of_device(self) -> bool {
        use Kind::{CornerDistances, CornerMap, Gallery, History, Parity, Raw};
        !matches!(self, Gallery | Parity | History | Raw | CornerDistances | CornerMap)
    }

    /// Name as on the command line and in file names.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Gallery => "gallery",
            Kind::Transfer => "transfer",
            Kind::Output => "output",
            Kind::Gm => "gm",
            Kind::Gds => "gds",
            Kind::GmOverId => "gm-over-id",
            Kind::Parity => "parity",
            Kind::ErrorMap => "error-map",
            Kind::Corners => "corners",
            Kind::CornerDistances => "corner-distances",
            Kind::CornerMap => "corner-map",
            Kind::History => "history",
            Kind::Raw => "raw",
        }
    }

    /// Figures of one device that a run folder holds for its representatives.
    const OF_DEVICE: [Kind; 6] =
        [Kind::Transfer, Kind::Output, Kind::Gm, Kind::Gds, Kind::GmOverId, Kind::ErrorMap];
}

/// Writes the standard figures of a fitted family into `folder` and returns how many there are.
///
/// Figures that the data cannot fill (no drain sweeps, say) are left out.
///
/// # Errors
/// When a figure cannot be drawn or written.
pub fn write_all(
    folder: &Path,
    extension: &str,
    model: &Model,
    data: &Dataset,
    report: &FitReport,
) -> Result<usize> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let style = Style::default();
    let title = model.manifest.title();
    let mut figures: Vec<(String, Figure)> = Vec::new();
    let named = |kind: Kind, figure: Option<Figure>| figure.map(|f| (kind.name().to_owned(), f));
    figures.extend(named(Kind::Gallery, gallery(&title, Some(model), data, &style)?));
    figures.extend(named(Kind::Parity, parity(&title, model, data, &style)?));
    figures.extend(named(Kind::History, history(&title, report, &style)?));
    figures.extend(named(Kind::CornerDistances, corner_distances(model, &style)?));
    figures.extend(named(Kind::CornerMap, corner_map(model, &style)?));
    if let Some(first) = model.spec.devices.first() {
        figures.extend(named(Kind::Corners, corner_fan(model, Some(data), &first.name, &style)?));
    }
    for device in representatives(data, report) {
        let subject = Subject::new(Some(model), Some(device), &device.id.name)?;
        for kind in Kind::OF_DEVICE {
            let name = format!("{}_{}", kind.name(), file_name(&device.id.name));
            figures.extend(subject.figure(kind, &style)?.map(|f| (name, f)));
        }
    }
    for (name, figure) in &figures {
        figure.save(folder.join(format!("{name}.{extension}")))?;
    }
    Ok(figures.len())
}

/// The devices with the smallest, the median and the largest error.
fn representatives<'a>(data: &'a Dataset, report: &FitReport) -> Vec<&'a DeviceData> {
    let mut ranked: Vec<_> =
        report.devices.iter().filter(|d| d.own_head && d.errors.rel_rms.is_finite()).collect();
    ranked.sort_by(|a, b| a.errors.rel_rms.total_cmp(&b.errors.rel_rms));
    let mut names: Vec<&str> = [0, ranked.len() / 2, ranked.len().saturating_sub(1)]
        .iter()
        .filter_map(|i| ranked.get(*i))
        .map(|d| d.name.as_str())
        .collect();
    names.dedup();
    names.iter().filter_map(|n| data.devices.iter().find(|d| d.id.name == *n)).collect()
}

/// A device's name without characters that file systems refuse.
pub fn file_name(device: &str) -> String {
    device.chars().map(|c| if c.is_alphanumeric() || "._-@+".contains(c) { c } else { '_' }).collect()
}
