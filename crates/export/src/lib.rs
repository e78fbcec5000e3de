//! Exports of frozen models to circuit simulators.

pub mod program;
pub mod scope;

#[cfg(test)]
mod tests;
