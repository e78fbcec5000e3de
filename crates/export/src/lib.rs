//! Exports of frozen models to circuit simulators; none exists yet, the device library of `gummel-osdi` is the first part.
