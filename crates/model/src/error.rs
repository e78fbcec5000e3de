//! Why a model could not be built, written, read or asked: one variant per cause, each saying what to do.

use std::path::PathBuf;

/// Everything that can go wrong with a frozen model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The operating system refused to read or write.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried: `read`, `write`, `create`, `replace`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's reason.
        source: std::io::Error,
    },
    /// The folder lacks one of the two files of a model.
    #[error("{} is not a model folder: {missing} is missing (a model folder holds manifest.toml and weights.safetensors, written by `gummel fit`)", folder.display())]
    NotAModel {
        /// The folder.
        folder: PathBuf,
        /// Name of the absent file.
        missing: &'static str,
    },
    /// The target of a save exists and is not a model, so it is left alone.
    #[error("{} exists and is not a model folder; name a new folder or empty it first", folder.display())]
    Occupied {
        /// The folder.
        folder: PathBuf,
    },
    /// The manifest is not TOML, or a field is missing or of the wrong type.
    #[error("{}: {reason}", path.display())]
    Manifest {
        /// The manifest file.
        path: PathBuf,
        /// Line, column and what was expected.
        reason: String,
    },
    /// The model was written by a later version.
    #[error("{} has model format {found}, this version reads up to {supported}; update gummel", path.display())]
    NewerFormat {
        /// The manifest file.
        path: PathBuf,
        /// Format of the file.
        found: i64,
        /// Newest format this version reads.
        supported: i64,
    },
    /// The weights file is damaged or not a safetensors file.
    #[error("{} is damaged: {reason}; restore it or fit again", path.display())]
    Weights {
        /// The weights file.
        path: PathBuf,
        /// What the reader met.
        reason: String,
    },
    /// The weights are not those the manifest was written with.
    #[error("{} has blake3 {found}, the manifest says {expected}; the two files do not belong together or one was edited", path.display())]
    Hash {
        /// The weights file.
        path: PathBuf,
        /// Hash in the manifest.
        expected: String,
        /// Hash of the file.
        found: String,
    },
    /// A tensor is absent.
    #[error("{} has no tensor '{tensor}'", path.display())]
    MissingTensor {
        /// The weights file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
    },
    /// A tensor does not have the shape that the manifest's structure implies.
    #[error("{}: tensor '{tensor}' is {found}, expected {expected}", path.display())]
    Shape {
        /// The weights file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
        /// Type and shape in the file.
        found: String,
        /// Type and shape implied by the manifest.
        expected: String,
    },
    /// A weight is NaN or infinite.
    #[error("{}: number {index} of tensor '{tensor}' is {value}, expected a finite number", path.display())]
    NotFinite {
        /// The weights file.
        path: PathBuf,
        /// Name of the tensor.
        tensor: String,
        /// Position in row-major order.
        index: usize,
        /// The offending number.
        value: f64,
    },
    /// The numbers do not describe a model the kernel evaluates.
    #[error("inconsistent model: {0}")]
    Inconsistent(String),
    /// No device of that name.
    #[error("no device '{name}' in {family}; nearest: {}", nearest.join(", "))]
    UnknownDevice {
        /// The name asked for.
        name: String,
        /// Family of the model.
        family: String,
        /// Up to five names of the model, most similar first.
        nearest: Vec<String>,
    },
    /// A geometry or corner that was not measured, asked of a model with free heads.
    #[error(
        "{family} was fitted with independent heads, so only its own devices can be evaluated; fit with a population basis to predict unseen geometries and corners"
    )]
    NoPopulation {
        /// Family of the model.
        family: String,
    },
    /// Positions between corners asked of a model that knows one corner or none.
    #[error(
        "{family} was not fitted to several process corners, so it has no positions between them; fit data with a corner column"
    )]
    NoCorners {
        /// Family of the model.
        family: String,
    },
    /// Intervals asked of a model that does not know how sure it is.
    #[error(
        "the model of {family} carries no population (population.safetensors), so it cannot say how sure it is; fit again with this version"
    )]
    NoUncertainty {
        /// Family of the model.
        family: String,
    },
    /// Geometry or temperature outside what has a meaning.
    #[error("{what} is {value}, expected a finite positive number in SI units")]
    Place {
        /// `w`, `l`, `mult` or `temperature`.
        what: &'static str,
        /// Value asked for.
        value: f64,
    },
    /// Whoever asked for a proof wants it no more.
    #[error("stopped before the proof was complete; nothing was stored")]
    Stopped,
    /// An array of biases without the four terminal voltages.
    #[error("biases have {found} columns, expected 4: vd vg vs vb in volts")]
    BiasColumns {
        /// Number of columns found.
        found: usize,
    },
}

impl ModelError {
    /// For `map_err` on file operations.
    pub(crate) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        move |source| ModelError::Io { action, path: path.to_owned(), source }
    }
}
