//! The frozen model: plain numbers and a manifest, saved as a folder, evaluated without the fit.
//!
//! A [`Model`] is a [`gummel_kernel::Spec`] (what is computed) and a [`Manifest`] (what it is, from which
//! data, how good). Plots, quality checks and exports need nothing else.
//!
//! ```no_run
//! use gummel_device::{Bias, Quantity, Sweep, Terminal};
//! use gummel_model::{DeviceQuery, Model, curve};
//!
//! # fn main() -> Result<(), gummel_model::ModelError> {
//! let model = Model::load("run/model")?;
//! let device = model.instance(&DeviceQuery::named("W10u_L0.13u").at_temperature(398.15))?;
//! let sweep = Sweep {
//!     swept: Terminal::Gate,
//!     held: Bias { vd: 1.2, ..Bias::default() },
//!     values: (0..=24).map(|i| 0.05 * f64::from(i)).collect(),
//! };
//! let transfer = curve(&device, "W10u_L0.13u", &sweep, Quantity::Id, 398.15);
//! # let _ = transfer;
//! # Ok(())
//! # }
//! ```
//!
//! Reading order: [`manifest`], [`query`], [`predict`](mod@predict), [`population`] and [`interval`] (how sure it is), [`certify`],
//! then the private modules `corner_space` (devices between corners), `structure`, `weights`, `store` and `upgrade` (the folder on disk).

pub mod certify;
mod corner_space;
pub mod error;
pub mod interval;
pub mod manifest;
pub mod population;
pub mod predict;
pub mod query;
mod store;
mod structure;
mod upgrade;
mod weights;

pub use certify::{Certificate, CertifyOptions, DeviceProof, SignProof};
pub use corner_space::{CornerCurve, CornerDistances, Scatter, Siblings};
pub use error::ModelError;
pub use interval::{Interval, Uncertainty};
pub use manifest::{DataFile, DeviceEntry, Manifest};
pub use population::{HeadPopulation, Population};
pub use predict::{curve, predict, quantity};
pub use query::DeviceQuery;

use gummel_kernel::Spec;

/// A frozen model of one family (one polarity) of devices.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// What is computed.
    pub spec: Spec,
    /// What it is, from what, how good.
    pub manifest: Manifest,
    /// How its heads scatter and how sure they are, where the fit learned it.
    pub population: Option<Population>,
}

impl Model {
    /// Joins numbers and manifest after checking that they belong together.
    ///
    /// # Errors
    /// [`ModelError::Inconsistent`] for a defect of the spec, or when polarity or devices differ.
    pub fn new(spec: Spec, manifest: Manifest) -> Result<Self, ModelError> {
        let model = Model { spec, manifest, population: None };
        model.check()?;
        Ok(model)
    }

    fn check(&self) -> Result<(), ModelError> {
        let wrong = |reason: String| Err(ModelError::Inconsistent(reason));
        self.spec.check().map_err(|d| ModelError::Inconsistent(d.to_string()))?;
        if self.spec.sign != self.manifest.polarity.sign() {
            return wrong(format!(
                "the numbers have sign {}, the manifest says polarity {}",
                self.spec.sign, self.manifest.polarity
            ));
        }
        let heads: Vec<&str> = self.spec.devices.iter().map(|d| d.name.as_str()).collect();
        let entries: Vec<&str> = self.manifest.devices.iter().map(|d| d.name.as_str()).collect();
        if heads != entries {
            return wrong(format!("heads are of {heads:?}, manifest entries of {entries:?}"));
        }
        self.population.as_ref().map_or(Ok(()), |p| p.check(self))
    }
}

#[cfg(test)]
mod tests;
