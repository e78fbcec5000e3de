//! Evaluation of frozen multitask surrogates with exact derivatives, in f64, without allocation.
//!
//! [`spec::Spec`] is the straight-line description shared by every evaluator and exporter,
//! [`folded::Folded`] one device of it as plain numbers, [`instance::Instance`] the same ready for a
//! simulator's inner loop.
//!
//! ```
//! use gummel_kernel::{Instance, Member, Sample};
//!
//! let spec = Sample::default().spec(); // a made-up n-channel family
//! let device = Instance::new(&spec, Member::Device(0), &spec.devices[0].place);
//! let point = device.eval([1.2, 0.9, 0.0, 0.0]); // drain, gate, source, bulk in volts
//! assert!(point.id() > 0.0 && point.gm() > 0.0 && point.gds() > 0.0);
//! assert_eq!(device.eval([0.0, 0.9, 0.0, 0.0]).id(), 0.0);
//! ```
//!
//! Reading order: [`spec`], [`basis`], [`hull`], [`features`], [`folded`], [`instance`], [`point`], [`batch`], [`curvature`],
//! [`jacobian`] (the fit's inner loop), [`bidiagonal`], [`kronecker`], [`bounds`] (proofs of signs), [`blob`], [`sample`], [`math`], [`isa`].

pub mod basis;
pub mod batch;
pub mod bidiagonal;
pub mod blob;
pub mod bounds;
mod check;
pub mod curvature;
pub mod features;
pub mod folded;
pub mod hull;
mod inputs;
pub mod instance;
pub mod isa;
pub mod jacobian;
pub mod kronecker;
pub mod math;
mod packed;
pub mod point;
pub mod sample;
mod simd;
pub mod spec;

pub use basis::{Basis, Covariate};
pub use batch::Batch;
pub use blob::BlobError;
pub use curvature::Jet;
pub use folded::{Folded, FoldedBranch, FoldedOutput, Member};
pub use hull::Hull;
pub use instance::Instance;
pub use isa::Isa;
pub use point::{Dual, OperatingPoint};
pub use sample::Sample;
pub use spec::{Branch, DeviceHeads, Features, Layer, Output, OutputKind, Place, Spec, StaticInput};
