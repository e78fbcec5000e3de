//! The words of the field as plain types: terminals, biases, sweeps, curves, geometry, corners, quantities, metrics.
//!
//! Everything right and left of the fit speaks these types. They carry SI units (volts, amperes,
//! metres, kelvin, coulombs) and depend on nothing but serde.
//!
//! ```
//! use gummel_device::{Bias, Geometry, Quantity, si};
//!
//! let bias = Bias { vd: 1.2, vg: 0.6, vs: 0.0, vb: -0.3 };
//! assert_eq!(bias.vds(), 1.2);
//! assert_eq!(bias.swapped().vds(), -1.2);
//! assert_eq!(si::parse("0.13u").unwrap(), 0.13e-6);
//! assert_eq!(Geometry::new(10e-6, 0.13e-6).label(), "W10u_L0.13u");
//! assert_eq!(Quantity::Gm.column(), "gm");
//! ```
//!
//! Reading order: [`terminal`], [`bias`], [`quantity`], [`geometry`], [`corner`], [`family`],
//! [`curve`], [`metrics`], [`si`].

pub mod bias;
pub mod corner;
pub mod curve;
pub mod family;
pub mod geometry;
pub mod metrics;
pub mod quantity;
pub mod si;
pub mod terminal;

pub use bias::Bias;
pub use corner::{Corner, CornerPosition};
pub use curve::{Curve, Origin, Sweep};
pub use family::{DeviceId, Family, Polarity};
pub use geometry::Geometry;
pub use quantity::Quantity;
pub use terminal::Terminal;
