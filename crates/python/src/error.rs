//! Errors as Python exceptions, with the text of the command line.

use gummel_cli::exit::describe;
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(
    gummel,
    GummelError,
    PyValueError,
    "What failed: what was found, what was expected, how to go on."
);

/// The exception for an error of the house, causes included.
pub(crate) fn exception(error: impl Into<anyhow::Error>) -> PyErr {
    GummelError::new_err(describe(&error.into()))
}
