//! The data crate from outside: formats, broken files, validation, datasets, and measured silicon.

mod dataset;
mod files;
mod formats;
mod guide;
mod malformed;
mod odd;
mod own_units;
mod plt;
mod remarks;
mod silicon;
mod terminals;
mod validation;
