//! A model's device library on disk, as netlists of checks use it.

use std::path::{Path, PathBuf};

use gummel_device::{CornerPosition, si};
use gummel_export::osdi::{self, Options};
use gummel_model::Model;

use crate::spice::Card;
use crate::{QaError, Units};

/// Why nothing was simulated.
pub(crate) const NO_SIMULATOR: &str = "ngspice is not there (set GUMMEL_NGSPICE)";

/// A library of one or several models.
pub(crate) struct Exported {
    path: PathBuf,
}

impl Exported {
    /// Writes the library into `folder`.
    ///
    /// # Errors
    /// When the export cannot be written.
    pub(crate) fn write(models: &[&Model], folder: &Path) -> Result<Self, QaError> {
        let path = folder.join("judged.osdi");
        let names = (0..models.len()).map(kind).collect();
        osdi::write(models, &path, &Options { names, ..Options::default() })
            .map_err(|e| QaError::Export(e.to_string()))?;
        Ok(Exported { path })
    }

    /// The command that loads it, and keeps ngspice from starting threads for a handful of devices.
    pub(crate) fn load(&self) -> String {
        format!("set num_threads=1\npre_osdi {}", self.path.display())
    }

    /// The line that makes `called` a device of the `k`th model.
    pub(crate) fn model_line(&self, k: usize, called: &str, device: &str) -> String {
        format!(".model {called} {} device=\"{device}\"", kind(k))
    }

    /// A device of the first model alone between four nodes.
    pub(crate) fn card(&self, device: &str, wanted: &Wanted) -> Card {
        let mut model = self.model_line(0, "judged", device);
        let mut element = "n1 d g s b judged".to_owned();
        if let Some(c) = wanted.corner {
            model += &format!(" speed={:e} skew={:e}", c.speed, c.skew);
        }
        if let Some(Flicker { kf, af, ef }) = wanted.flicker {
            model += &format!(" kf={kf:e} af={af:e} ef={ef:e}");
        }
        if let Some((units, size)) = wanted.drawn {
            model += &format!(" scale={:e} shrink={:e}", units.scale, units.shrink);
            let [w, l] = size.map(|metres| metres / units.metres());
            element += &format!(" w={w:e} l={l:e}");
        }
        let celsius = si::celsius(wanted.kelvin);
        let load = self.load();
        Card { models: format!(".control\n{load}\n.endc\n{model}\n.temp {celsius}"), element }
    }
}

/// What of a device is to be said in a netlist.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// Temperature of the circuit, K.
    pub(crate) kelvin: f64,
    /// Another corner than its own.
    pub(crate) corner: Option<CornerPosition>,
    /// Width and length (m), given in these units.
    pub(crate) drawn: Option<(Units, [f64; 2])>,
    /// Flicker noise.
    pub(crate) flicker: Option<Flicker>,
}

/// Parameters of flicker noise `kf |id|^af / f^ef`, A^2/Hz.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flicker {
    pub(crate) kf: f64,
    pub(crate) af: f64,
    pub(crate) ef: f64,
}

impl Wanted {
    /// The device as it is, at a temperature in K.
    pub(crate) fn at(kelvin: f64) -> Self {
        Wanted { kelvin, corner: None, drawn: None, flicker: None }
    }
}

/// Device type of the `k`th model.
fn kind(k: usize) -> String {
    format!("judged_{k}")
}
