//! The surrogate becomes a model: plain numbers, ranges and provenance.

use std::collections::BTreeSet;

use gummel_data::{Dataset, DeviceData, Format};
use gummel_kernel::{Branch, DeviceHeads, Layer, Spec};
use gummel_model::{DataFile, DeviceEntry, Manifest, Model};

use crate::assemble::place_of;
use crate::config::FitConfig;
use crate::error::FitError;
use crate::leakage::leakage;
use crate::parameters::Parameters;
use crate::problem::Problem;

/// Freezes `parameters` of `problem`, fitted to `data`, into a model without errors in its manifest.
///
/// # Errors
/// [`FitError::Model`] when the numbers do not make a model, e.g. are not finite.
pub fn freeze(
    problem: &Problem,
    parameters: &Parameters,
    data: &Dataset,
    config: &FitConfig,
) -> Result<Model, FitError> {
    let family = &data.devices.first().ok_or(FitError::Empty)?.id.family;
    let branch = Branch {
        features: problem.features.clone(),
        statics: problem.statics.clone(),
        layers: parameters.layers.iter().map(Layer::clone).collect(),
        outputs: problem.outputs.clone(),
        population: problem.population.clone(),
        deviation: problem.deviation.clone(),
        hull: problem.hull,
        population_heads: parameters.outputs.iter().map(|o| o.population.clone()).collect(),
    };
    let devices = data
        .devices
        .iter()
        .enumerate()
        .map(|(d, device)| DeviceHeads {
            name: device.id.name.clone(),
            place: place_of(device, reference_temperature(device)),
            deviation: vec![parameters.outputs.iter().map(|o| o.deviation[d].clone()).collect()],
            range: range(device),
        })
        .collect();
    let mut manifest = Manifest::new(&family.technology, &family.name, family.polarity);
    manifest.seed = config.seed;
    // A configuration that came from TOML goes back into it.
    manifest.config = toml::Table::try_from(config).unwrap_or_default();
    let mut used: BTreeSet<usize> =
        data.devices.iter().flat_map(|d| d.curves.iter().map(|c| c.file)).collect();
    // Curves out of a table name the files that the table was made of, of which only the paths are known: the
    // table's own hash stands for them.
    let tables = data.files.iter().enumerate().filter(|(_, f)| f.format == Some(Format::Parquet));
    used.extend(tables.map(|(index, _)| index));
    manifest.data = used
        .into_iter()
        .filter_map(|f| data.files.get(f))
        .map(|f| DataFile { path: f.path.clone(), blake3: f.blake3.clone() })
        .collect();
    manifest.devices = data.devices.iter().map(entry).collect();
    Ok(Model::new(Spec { sign: family.polarity.sign(), branches: vec![branch], devices }, manifest)?)
}

/// The temperature nearest to 27 C among those measured.
pub(crate) fn reference_temperature(device: &DeviceData) -> f64 {
    let distance = |t: &f64| (t - 300.15).abs();
    device.temperature.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(300.15)
}

/// The box of mirrored `[vgs, vds, vbs]` (V) that a device was measured in.
pub(crate) fn range(device: &DeviceData) -> [[f64; 2]; 3] {
    let sign = device.id.family.polarity.sign();
    let mut range = [[f64::INFINITY, f64::NEG_INFINITY]; 3];
    for p in 0..device.len() {
        let b = device.bias_at(p).mirrored(sign);
        for (r, v) in range.iter_mut().zip([b.vgs(), b.vds(), b.vbs()]) {
            *r = [r[0].min(v), r[1].max(v)];
        }
    }
    range
}

/// A device as the manifest lists it, without errors.
pub(crate) fn entry(device: &DeviceData) -> DeviceEntry {
    let mut e = DeviceEntry::new(&device.id.name, device.id.geometry, device.floor);
    e.site = device.id.site.clone();
    e.corner = device.id.corner;
    e.leakage = leakage(device);
    e.temperatures = device
        .temperature
        .iter()
        .map(|t| t.to_bits())
        .collect::<BTreeSet<u64>>()
        .into_iter()
        .map(f64::from_bits)
        .collect();
    e.points = device.len();
    e
}
