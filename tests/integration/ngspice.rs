//! Exported models in ngspice against the BSIM4 that their data came from, both with default options.
//!
//! ngspice is the program that `GUMMEL_NGSPICE` names, else what `tests/ngspice.sh` puts into `target/ngspice`;
//! where neither works, these tests say so and pass.
#![allow(clippy::print_stdout, reason = "tests say how close they came, and why they were skipped")]

mod analyses;
mod bench;
mod dc;
mod interfaces;
mod log;
mod models;
mod operating_points;
mod rings;
mod set;
mod simulator;
