//! Exports of frozen models to circuit simulators.

pub mod c;
pub mod error;
pub mod gmid;
pub mod library;
pub mod listing;
pub mod number;
pub mod onnx;
pub mod osdi;
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
pub use target::{ExportOptions, Target, export};
pub use verify::{Difference, Tools, Verdict, VerifyOptions, verify};

#[cfg(test)]
mod tests;
