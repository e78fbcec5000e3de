//! Splits into what the fit sees and what is held out, seeded and recorded in the configuration.

use gummel_device::si;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::{Dataset, DeviceData};
use crate::random;

/// What to hold out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "lowercase", deny_unknown_fields)]
pub enum Split {
    /// Nothing: the fit sees every point.
    #[default]
    None,
    /// A fraction of every device's points.
    Points {
        /// Held-out fraction, 0 to 1.
        fraction: f64,
        /// Seed of the draw.
        #[serde(default)]
        seed: u64,
    },
    /// A fraction of every device's curves.
    Curves {
        /// Held-out fraction, 0 to 1.
        fraction: f64,
        /// Seed of the draw.
        #[serde(default)]
        seed: u64,
    },
    /// A fraction of the devices.
    Devices {
        /// Held-out fraction, 0 to 1.
        fraction: f64,
        /// Seed of the draw.
        #[serde(default)]
        seed: u64,
    },
    /// A fraction of the geometries of each family, with all devices that have them.
    Geometries {
        /// Held-out fraction, 0 to 1.
        fraction: f64,
        /// Seed of the draw.
        #[serde(default)]
        seed: u64,
    },
    /// Named devices.
    Named {
        /// Globs on device names.
        devices: Vec<String>,
    },
    /// All points at these temperatures.
    Temperatures {
        /// Degrees Celsius, met within 1 K.
        celsius: Vec<f64>,
    },
}

impl Dataset {
    /// The training set and the held-out set; a device may be in both, with different points.
    pub fn split(&self, split: &Split) -> (Dataset, Dataset) {
        let holdout: Vec<Vec<bool>> = match split {
            Split::None => self.devices.iter().map(|d| vec![false; d.len()]).collect(),
            Split::Points { fraction, seed } => {
                self.per_device(|k, d| random::mask(d.len(), *fraction, seed.wrapping_add(k as u64)))
            }
            Split::Curves { fraction, seed } => self.per_device(|k, d| {
                let curves = random::mask(d.curves.len(), *fraction, seed.wrapping_add(k as u64));
                d.curve.iter().map(|c| curves[*c]).collect()
            }),
            Split::Devices { fraction, seed } => {
                let held = random::mask(self.devices.len(), *fraction, *seed);
                self.per_device(|k, d| vec![held[k]; d.len()])
            }
            Split::Geometries { fraction, seed } => {
                let held = self.held_geometries(*fraction, *seed);
                self.per_device(|k, d| vec![held[k]; d.len()])
            }
            Split::Named { devices } => {
                let globs = super::assemble::Globs::new(devices);
                self.per_device(|_, d| vec![globs.match_any(&d.id.name); d.len()])
            }
            Split::Temperatures { celsius } => self.per_device(|_, d| {
                let near = |t: &f64| celsius.iter().any(|c| (si::celsius(*t) - c).abs() <= 1.0);
                d.temperature.iter().map(near).collect()
            }),
        };
        let part = |wanted: bool| {
            let devices = self.devices.iter().zip(&holdout);
            let devices = devices.filter_map(|(d, held)| d.filter(|i| held[i] == wanted)).collect();
            Dataset { devices, files: self.files.clone() }
        };
        (part(false), part(true))
    }

    fn per_device(&self, held: impl Fn(usize, &DeviceData) -> Vec<bool>) -> Vec<Vec<bool>> {
        self.devices.iter().enumerate().map(|(k, d)| held(k, d)).collect()
    }

    /// Which devices have a held-out geometry; the draw is made inside each family.
    fn held_geometries(&self, fraction: f64, seed: u64) -> Vec<bool> {
        let mut families: BTreeMap<String, BTreeMap<String, Vec<usize>>> = BTreeMap::new();
        for (k, device) in self.devices.iter().enumerate() {
            let geometries = families.entry(device.id.family.to_string()).or_default();
            geometries.entry(device.id.geometry.label()).or_default().push(k);
        }
        let mut held = vec![false; self.devices.len()];
        for geometries in families.values() {
            let mask = random::mask(geometries.len(), fraction, seed);
            for (devices, out) in geometries.values().zip(mask) {
                devices.iter().for_each(|k| held[*k] = out);
            }
        }
        held
    }
}
