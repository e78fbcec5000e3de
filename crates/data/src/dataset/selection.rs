//! What of a table takes part in a fit.

use gummel_device::Corner;
use serde::{Deserialize, Serialize};

use crate::Flags;

/// Which families, devices, temperatures, corners and points to take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Globs on `technology/family`, e.g. `ihp-sg13g2/lv_*`; empty takes every family.
    pub family: Vec<String>,
    /// Globs on device names with site, e.g. `W10u_*` or `*@8404_*`; empty takes every device.
    pub devices: Vec<String>,
    /// Temperatures in degrees Celsius, met within 1 K; empty takes all.
    pub temperature: Vec<f64>,
    /// Corners; empty takes all, and devices without a corner are always taken.
    pub corner: Vec<Corner>,
    /// Points with any of these flags are left out.
    ///
    /// Default: clipped, duplicate and non-finite points.
    pub exclude: Flags,
    /// Devices with any of these flags on any point are left out.
    ///
    /// Default: devices that are dead, shorted, of the wrong polarity, unlike their siblings, with jumps
    /// or without geometry.
    pub exclude_devices_with: Flags,
}

impl Default for Selection {
    fn default() -> Self {
        Selection {
            family: Vec::new(),
            devices: Vec::new(),
            temperature: Vec::new(),
            corner: Vec::new(),
            exclude: Flags::COMPLIANCE | Flags::DUPLICATE | Flags::NON_FINITE,
            exclude_devices_with: Flags::DEAD
                | Flags::SHORT
                | Flags::POLARITY
                | Flags::SIBLINGS
                | Flags::JUMP
                | Flags::NO_GEOMETRY,
        }
    }
}

impl Selection {
    /// Everything measured on `family` (a glob on `technology/family`) at `celsius` degrees.
    pub fn of(family: &str, celsius: f64) -> Self {
        Selection { family: vec![family.to_owned()], temperature: vec![celsius], ..Selection::default() }
    }
}
