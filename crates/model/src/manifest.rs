//! What a model is, from what it was made and how good it is: the readable half of a model folder.

use std::collections::BTreeMap;

use gummel_device::metrics::{CurrentErrors, Spread};
use gummel_device::{Corner, Geometry, Polarity};
use serde::{Deserialize, Serialize};

/// Provenance and quality of a model; the numbers themselves are in its [`gummel_kernel::Spec`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of gummel that froze the model.
    pub gummel: String,
    /// The day on which it was made, `2026-01-31`, as the caller states it (nothing here reads a clock); empty where nobody did.
    #[serde(default)]
    pub created: String,
    /// Technology, e.g. `ihp-sg13g2`.
    pub technology: String,
    /// Device type inside it, e.g. `lv_nmos`.
    pub family: String,
    /// Polarity; one model is one polarity.
    pub polarity: Polarity,
    /// Seed of every random choice of the fit.
    #[serde(default)]
    pub seed: u64,
    /// Anything a person wrote about the model.
    #[serde(default)]
    pub notes: String,
    /// The data files it was fitted to.
    #[serde(default)]
    pub data: Vec<DataFile>,
    /// Spread over devices of each error metric, by name (`rel_rms`, `nrmse` ...).
    #[serde(default)]
    pub metrics: BTreeMap<String, Spread>,
    /// The resolved configuration of the fit.
    #[serde(default)]
    pub config: toml::Table,
    /// Proof of the signs of gm and gds, where one was computed.
    #[serde(default)]
    pub certificate: Option<toml::Table>,
    /// Devices, in the order of the spec.
    pub devices: Vec<DeviceEntry>,
}

/// A data file with the hash that identifies its content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataFile {
    /// Path as given to the fit.
    pub path: String,
    /// BLAKE3 of the content, hexadecimal.
    pub blake3: String,
}

/// One device as it was measured and how well the model meets it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceEntry {
    /// Name, unique in the model.
    pub name: String,
    /// Drawn geometry, m.
    pub geometry: Geometry,
    /// Die or site; empty when there is only one.
    #[serde(default)]
    pub site: String,
    /// Process corner, where the data have one.
    #[serde(default)]
    pub corner: Option<Corner>,
    /// Noise floor of its current measurements, A.
    pub floor: f64,
    /// Drain current below which its measured leakage, not the channel, may decide the sign of gm at vgs >= 0, A.
    #[serde(default)]
    pub leakage: f64,
    /// Temperatures in the data, K.
    pub temperatures: Vec<f64>,
    /// Number of bias points fitted.
    pub points: usize,
    /// relL2 error of gm over the strong set.
    #[serde(default)]
    pub gm_rel_l2: Option<f64>,
    /// relL2 error of gds over the strong set.
    #[serde(default)]
    pub gds_rel_l2: Option<f64>,
    /// Errors of the drain current.
    #[serde(default)]
    pub errors: Option<CurrentErrors>,
}

impl Manifest {
    /// A manifest of this version of gummel, without devices, data or metrics.
    pub fn new(technology: &str, family: &str, polarity: Polarity) -> Self {
        Manifest {
            gummel: env!("CARGO_PKG_VERSION").to_owned(),
            created: String::new(),
            technology: technology.to_owned(),
            family: family.to_owned(),
            polarity,
            seed: 0,
            notes: String::new(),
            data: Vec::new(),
            metrics: BTreeMap::new(),
            config: toml::Table::new(),
            certificate: None,
            devices: Vec::new(),
        }
    }

    /// `technology/family`, as in titles and messages.
    pub fn title(&self) -> String {
        format!("{}/{}", self.technology, self.family)
    }
}

impl DeviceEntry {
    /// A device without errors, corner or site.
    pub fn new(name: &str, geometry: Geometry, floor: f64) -> Self {
        DeviceEntry {
            name: name.to_owned(),
            geometry,
            site: String::new(),
            corner: None,
            floor,
            leakage: 0.0,
            temperatures: Vec::new(),
            points: 0,
            gm_rel_l2: None,
            gds_rel_l2: None,
            errors: None,
        }
    }
}
