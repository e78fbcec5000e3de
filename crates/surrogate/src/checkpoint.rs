//! The state of a fit on disk, so that it can go on later exactly where it stopped.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::FitError;
use crate::grouping::Progressed;
use crate::parameters::Layout;
use crate::soft::Tied;

/// Parameters of an unfinished (or finished) fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Device names, in order; a checkpoint fits only the data it was made from.
    pub devices: Vec<String>,
    /// Number of trunk, population and device unknowns.
    pub sizes: [usize; 3],
    /// Neurons of every hidden layer; empty in checkpoints that were written before it was recorded.
    #[serde(default)]
    pub hidden: Vec<usize>,
    /// Steps taken.
    pub step: usize,
    /// Damping of Levenberg-Marquardt.
    pub damping: f64,
    /// All unknowns as IEEE-754 bit patterns, so that reading them back is exact.
    pub bits: Vec<u64>,
    /// How far the grouping of tasks is, where the data say who shares a trunk with whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grouping: Option<Progressed>,
    /// How far networks that are tied to each other are, where this is one of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tied: Option<Tied>,
}

impl Checkpoint {
    pub(crate) fn new(
        layout: &Layout,
        devices: Vec<String>,
        theta: &[f64],
        step: usize,
        damping: f64,
    ) -> Self {
        Checkpoint {
            devices,
            sizes: sizes(layout),
            hidden: layout.shape.widths.clone(),
            step,
            damping,
            bits: bits(theta),
            grouping: None,
            tied: None,
        }
    }

    /// The unknowns, when they belong to `layout` and `devices`.
    pub(crate) fn theta(&self, layout: &Layout, devices: &[String]) -> Result<Vec<f64>, FitError> {
        let refuse = |reason: String| Err(FitError::Checkpoint { path: "checkpoint.json".into(), reason });
        if self.grouping.is_some() && !self.is_of(devices) {
            return refuse("it is of a fit that groups tasks, which goes on with the sharing it has".into());
        }
        if self.devices.len() != devices.len() {
            return refuse(format!("it has {} devices, the data have {}", self.devices.len(), devices.len()));
        }
        if let Some((own, other)) = self.devices.iter().zip(devices).find(|(a, b)| a != b) {
            return refuse(format!("it has the device {own} where the data have {other}"));
        }
        if self.sizes != sizes(layout) || self.bits.len() != layout.total() {
            return refuse(format!(
                "its network has {:?} unknowns, the configuration asks for {:?}",
                self.sizes,
                sizes(layout)
            ));
        }
        Ok(numbers(&self.bits))
    }

    /// True when it is the state of a fit of `devices`.
    pub(crate) fn is_of(&self, devices: &[String]) -> bool {
        self.devices == devices
    }

    /// Writes the checkpoint to `path` (a temporary name, then renamed).
    ///
    /// # Errors
    /// Any error of the file system.
    pub fn save(&self, path: &Path) -> std::io::Result<()> {
        let temporary = path.with_extension("json.part");
        std::fs::write(&temporary, serde_json::to_vec(self)?)?;
        std::fs::rename(&temporary, path)
    }

    /// Reads a checkpoint.
    ///
    /// # Errors
    /// [`FitError::Checkpoint`] when the file is missing or is not a checkpoint.
    pub fn load(path: &Path) -> Result<Self, FitError> {
        let fail = |reason: String| FitError::Checkpoint { path: path.to_owned(), reason };
        let bytes = std::fs::read(path).map_err(|e| fail(e.to_string()))?;
        serde_json::from_slice(&bytes).map_err(|e| fail(format!("not a checkpoint: {e}")))
    }
}

fn sizes(layout: &Layout) -> [usize; 3] {
    [layout.trunk(), layout.shared() - layout.trunk(), layout.local()]
}

/// Bit patterns of `numbers`.
pub(crate) fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|v| v.to_bits()).collect()
}

/// The numbers of bit patterns.
pub(crate) fn numbers(bits: &[u64]) -> Vec<f64> {
    bits.iter().map(|b| f64::from_bits(*b)).collect()
}
