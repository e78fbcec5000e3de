//! Evaluation of frozen multitask surrogates with exact derivatives, in f64, without allocation.
//!
//! [`spec::Spec`] is the straight-line description shared by every evaluator and exporter;
//! [`instance::Instance`] is one device of it, ready for a simulator's inner loop.
//!
//! Reading order: [`spec`], [`basis`], [`features`], [`instance`], [`point`], [`math`], [`isa`].

pub mod basis;
pub mod blob;
pub mod features;
pub mod instance;
pub mod isa;
pub mod jacobian;
pub mod math;
mod packed;
pub mod point;
pub mod sample;
pub mod spec;

pub use basis::{Basis, Covariate};
pub use blob::BlobError;
pub use instance::{Instance, Member};
pub use isa::Isa;
pub use point::{Dual, OperatingPoint};
pub use sample::Sample;
pub use spec::{Branch, DeviceHeads, Features, Layer, Output, OutputKind, Place, Spec, StaticInput};
