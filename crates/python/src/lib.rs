//! The module `gummel._gummel`: the command line's verbs on tables in memory, and the evaluator on arrays.
//!
//! What a person sees is the Python package around it (`python/gummel`). Reading order: [`verbs`], [`watch`],
//! [`table`], [`model`], [`error`].

mod error;
mod model;
mod table;
mod verbs;
mod watch;

use pyo3::prelude::*;

/// The module.
#[pymodule]
mod _gummel {
    #[pymodule_export]
    use super::error::GummelError;
    #[pymodule_export]
    use super::model::Model;
    #[pymodule_export]
    use super::table::Table;
    #[pymodule_export]
    use super::verbs::{call, read};

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
