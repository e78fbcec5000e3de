//! The device library a circuit simulator loads: OSDI tables and callbacks around the kernel.
//!
//! This crate is compiled twice. As an ordinary library it gives the exporter the payload format
//! ([`payload`]), the C layout ([`abi`]) and the rules by which a netlist chooses a device ([`select`]).
//! With `--cfg gummel_template` (and `gummel_abi_0_4` for the newer interface) `crates/export/build.rs`
//! compiles the same sources to a shared library, the template: it exports the OSDI symbols and carries an
//! empty slot ([`slot`]) into which an export writes its models. No compiler is needed on a user's machine.
//!
//! The interface is OSDI 0.3 (ngspice 39 and newer); 0.4 adds a tail that VACASK asks for.
//!
//! Reading order: [`abi`], [`payload`], [`slot`], [`parameters`], [`select`], [`block`], [`setup`], [`linear`],
//! [`predictor`], [`limiter`], [`rest`], [`noise`], [`evaluate`], [`operating_point`], [`load`], [`descriptor`].

pub mod abi;
pub mod block;
pub mod descriptor;
pub mod evaluate;
pub mod library;
pub mod limiter;
pub mod linear;
pub mod load;
pub mod log;
pub mod noise;
pub mod operating_point;
pub mod parameters;
pub mod payload;
pub mod predictor;
pub mod rest;
pub mod select;
pub mod setup;
pub mod slot;
#[cfg(gummel_template)]
mod symbols;

pub use payload::{Entry, Overlap, PayloadError};
