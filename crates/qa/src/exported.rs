//! A model's device library on disk, as netlists of checks use it.

use std::path::{Path, PathBuf};

use gummel_device::{CornerPosition, si};
use gummel_export::osdi::{self, Options};
use gummel_model::Model;

use crate::QaError;
use crate::spice::Card;

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

    /// A device of the first model alone between four nodes, at `kelvin`, and at another corner than its own if there
    /// is one.
    pub(crate) fn card(&self, device: &str, kelvin: f64, corner: Option<CornerPosition>) -> Card {
        let moved = corner.map_or(String::new(), |c| format!(" speed={:e} skew={:e}", c.speed, c.skew));
        Card {
            models: format!(
                ".control\n{}\n.endc\n{}{moved}\n.temp {}",
                self.load(),
                self.model_line(0, "judged", device),
                si::celsius(kelvin)
            ),
            element: "n1 d g s b judged".to_owned(),
        }
    }
}

/// Device type of the `k`th model.
fn kind(k: usize) -> String {
    format!("judged_{k}")
}
