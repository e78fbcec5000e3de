//! Every export against the kernel, run by the tool it is meant for; golden files; rules for Verilog-A.
#![allow(clippy::unwrap_used)]

mod golden;
mod models;
mod numpy;
mod refused;
mod same;
mod spice;
#[path = "../../../../tests/integration/tools.rs"]
mod tools;
mod verilog_a;
