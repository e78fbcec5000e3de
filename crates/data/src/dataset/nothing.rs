//! Why a selection leaves no device: which devices went, at which step, and what to do about it.

use gummel_device::si;
use std::collections::{BTreeMap, BTreeSet};

use super::Selection;
use crate::Flags;

/// The step at which rows of a device were left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Cause {
    /// The selection asks for other families, devices or corners.
    NotAsked,
    /// No row has all of drain voltage, gate voltage and drain current; these columns are missing.
    Incomplete {
        /// No drain voltage.
        vd: bool,
        /// No gate voltage.
        vg: bool,
        /// No drain current.
        id: bool,
    },
    /// A point of the device has one of these flags, which exclude devices.
    Flagged(Flags),
    /// No point is left at the temperatures and with the flags asked for.
    NoPoints,
}

/// Devices left out, by family and cause.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    devices: BTreeMap<(String, Cause), BTreeSet<String>>,
    kelvin: BTreeSet<u64>,
}

impl LeftOut {
    /// Notes that rows of `device` were left out.
    pub(super) fn add(&mut self, family: String, device: &str, cause: Cause) {
        self.devices.entry((family, cause)).or_default().insert(device.to_owned());
    }

    /// Notes a temperature of the table, K.
    pub(super) fn saw(&mut self, kelvin: f64) {
        self.kelvin.insert(kelvin.to_bits());
    }

    /// One line per family and cause.
    pub(super) fn reason(&self, selection: &Selection) -> String {
        if self.devices.is_empty() {
            return " the files hold no row of measurements".to_owned();
        }
        let line = |((family, cause), devices): (&(String, Cause), &BTreeSet<String>)| {
            let number = match devices.len() {
                1 => "1 device".to_owned(),
                n => format!("{n} devices"),
            };
            format!("\n  {family}: {number} {}", self.explain(*cause, selection))
        };
        self.devices.iter().map(line).collect()
    }

    fn explain(&self, cause: Cause, selection: &Selection) -> String {
        match cause {
            Cause::NotAsked => format!(
                "not asked for (families {:?}, devices {:?}, corners {:?})",
                selection.family, selection.devices, selection.corner
            ),
            Cause::Incomplete { vd, vg, id } => {
                let missing = [(vd, "drain voltage"), (vg, "gate voltage"), (id, "drain current")];
                let missing: Vec<_> = missing.iter().filter(|(m, _)| *m).map(|(_, what)| *what).collect();
                let missing =
                    if missing.is_empty() { "row that is complete".to_owned() } else { missing.join(" or ") };
                format!(
                    "without a {missing}; name the columns in a mapping, or hold a voltage with a line such \
                     as 'vd = 0.1 V' in the file or under [constants] of the mapping"
                )
            }
            Cause::Flagged(flags) => {
                let mut text = format!("flagged '{flags}', which excludes devices");
                if flags.contains(Flags::NO_GEOMETRY) {
                    text += "; say width and length in a remark 'w=10u l=0.13u' of the file, under \
                             [constants] of a mapping or in a metadata table";
                }
                if flags != Flags::NO_GEOMETRY {
                    text += "; look at the curves, then correct the data or name fewer flags in \
                             exclude_devices_with";
                }
                text
            }
            Cause::NoPoints => {
                let celsius = self.kelvin.iter().map(|b| format!("{:.0}", si::celsius(f64::from_bits(*b))));
                format!(
                    "without a point at the temperatures asked for ({:?} C, the table has {} C) and without \
                     the flags '{}'",
                    selection.temperature,
                    celsius.collect::<Vec<_>>().join(", "),
                    selection.exclude
                )
            }
        }
    }
}
