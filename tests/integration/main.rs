//! One program for all integration tests: fits on bundled data and silicon, evaluators against each other.
#![allow(clippy::unwrap_used)]

mod bundled;
mod charges;
mod corners;
mod dirt;
mod docs;
mod exports;
mod missing;
mod ngspice;
mod recipes;
mod sample;
mod sharing;
mod silicon;
mod stopped;
mod tools;
mod trust;
