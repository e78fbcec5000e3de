//! Exports of frozen models to circuit simulators; the device library [`osdi`] is the first of them.

pub mod osdi;
