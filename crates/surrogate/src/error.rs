//! Why a fit could not be done.

use std::path::PathBuf;

/// Errors of the fit.
#[derive(Debug, thiserror::Error)]
pub enum FitError {
    /// The dataset has no device.
    #[error(
        "no device to fit: the selection is empty; `gummel inspect` lists families, devices and temperatures"
    )]
    Empty,
    /// Devices of several families in one fit.
    #[error(
        "devices of {found} families ({names}) in one fit, expected one; select a family with --family or fit family by family"
    )]
    SeveralFamilies {
        /// How many.
        found: usize,
        /// Their names.
        names: String,
    },
    /// A configuration value that makes no sense.
    #[error("configuration: {key} is {found}, expected {expected}")]
    Config {
        /// Dotted name of the value.
        key: &'static str,
        /// The value.
        found: String,
        /// What would be right.
        expected: String,
    },
    /// The optimisation produced numbers that are not finite.
    #[error(
        "the fit diverged after {steps} steps (loss {loss}); try another --seed, or a smaller solver.learning_rate"
    )]
    Diverged {
        /// Steps taken.
        steps: usize,
        /// Last loss.
        loss: f64,
    },
    /// AdamW could not start.
    #[error(transparent)]
    Adamw(#[from] crate::adamw::AdamwError),
    /// A part of a set larger than memory could not be read.
    #[error(transparent)]
    Data(#[from] gummel_data::DataError),
    /// A checkpoint of other data or another configuration.
    #[error(
        "checkpoint {path}: {reason}; fit from the start, or resume with the configuration in the run folder"
    )]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A model that cannot take in a new device.
    #[error("the model of {family} cannot be adapted: {reason}")]
    NotAdaptable {
        /// Family of the model.
        family: String,
        /// What is missing.
        reason: String,
    },
    /// The frozen numbers do not make a model.
    #[error(transparent)]
    Model(#[from] gummel_model::ModelError),
}
