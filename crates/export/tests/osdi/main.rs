//! The exported library loaded and driven as a simulator does it, against the kernel.
#![allow(clippy::unwrap_used)]

mod circuit;
mod derivatives;
mod host;
mod netlist;
mod noise;
mod robust;
mod samples;
