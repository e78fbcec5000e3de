//! Exports of frozen models: one straight-line description of the evaluation, printed in many languages.
//!
//! A [`program::Program`] is made from a model once; every emitter prints it, none derives the physics again.
//! [`verify()`] runs an export in the tool it is meant for and compares it with the kernel.
//!
//! ```no_run
//! use gummel_export::{ExportOptions, Target, VerifyOptions, export, verify};
//! use gummel_model::Model;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let model = Model::load("runs/nmos/model")?;
//! export(&model, Target::VerilogA, &ExportOptions::default(), "nmos.va".as_ref())?;
//! let verdict = verify("nmos.va".as_ref(), &model, &VerifyOptions::default())?;
//! assert!(verdict.passed);
//! # Ok(())
//! # }
//! ```
//!
//! Reading order: [`program`], [`scope`] (what stays open), [`stamp`] (what an export says of itself), [`listing`]
//! (a program as assignments), the emitters [`c`], [`mod@numpy`], [`verilog_a`], [`spice`], [`mod@onnx`], the tables and libraries
//! [`gmid`], [`library`], the device library [`osdi`], then [`target`], [`child`] (another program's run)
//! and [`mod@verify`].

pub mod c;
pub mod child;
pub mod error;
pub mod gmid;
pub mod library;
pub mod listing;
pub mod number;
pub mod numpy;
pub mod onnx;
pub mod osdi;
pub mod osdi_target;
pub mod program;
pub mod scope;
pub mod spice;
pub mod stamp;
pub mod target;
pub mod verify;
pub mod verilog_a;
pub mod write;

pub use error::ExportError;
pub use scope::Selection;
pub use target::{ExportOptions, Target, Written, export, export_together};
pub use verify::{Difference, Tools, Verdict, VerifyOptions, verify};

#[cfg(test)]
mod tests;
