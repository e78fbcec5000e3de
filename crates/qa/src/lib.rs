//! Physics and accuracy checks of device models: numbers with bounds, a card of them, a page that shows them.
//!
//! A check sees a [`Device`]: currents at terminal voltages. So the same checks judge a frozen model, closures, and
//! a reference model in a circuit simulator.
//!
//! ```
//! use gummel_device::{Geometry, Polarity};
//! use gummel_kernel::Sample;
//! use gummel_model::{DeviceEntry, Manifest, Model};
//! use gummel_qa::{Measurements, Plan, Verdict, check};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = Sample { devices: 1, ..Sample::default() }.spec();
//! let mut manifest = Manifest::new("demo", "nmos", Polarity::N);
//! manifest.devices.push(DeviceEntry::new(&spec.devices[0].name, Geometry::new(10e-6, 0.13e-6), 1e-12));
//! let model = Model::new(spec, manifest)?;
//! let plan = Plan { checks: vec!["dc-symmetry".into()], ..Plan::default() };
//! let report = check(&model, &Measurements::new(), &plan)?;
//! assert_eq!(report.checks[0].verdict, Verdict::Pass);
//! assert_eq!(report.card.len(), 21);
//! # Ok(()) }
//! ```
//!
//! Reading order: [`device`], [`family`], `frozen` (a model as a family), [`spice`] (ngspice as a family), [`scene`], [`finding`], [`limits`],
//! [`checks`], [`report`], [`circuits`], [`ngspice`], [`round_trip`], [`exports`], [`card`], [`standing`], [`mod@page`], [`doctor`] (a circuit that fails),
//! [`error`].

pub mod card;
pub mod checks;
pub mod circuits;
pub mod device;
pub mod doctor;
pub mod error;
mod exported;
pub mod exports;
pub mod family;
pub mod finding;
mod frozen;
pub mod limits;
pub mod ngspice;
pub mod page;
pub mod report;
pub mod round_trip;
pub mod scene;
pub mod spice;
pub mod standing;

pub use card::{Answer, Card};
pub use checks::{CHECKS, Check};
pub use device::Device;
pub use error::QaError;
pub use exports::{check_exports, export_checks};
pub use family::{Abilities, Ask, Family, Nominal, Units};
pub use finding::{Bound, Outcome, Picture, Verdict};
pub use limits::Limits;
pub use ngspice::Ngspice;
pub use page::page;
pub use report::{Case, CheckReport, Measurements, Plan, Report, check};
pub use round_trip::round_trips;
pub use scene::Scene;
pub use standing::{Standing, Use};

#[cfg(test)]
mod tests;
