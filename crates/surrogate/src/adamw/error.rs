//! What can go wrong with AdamW.

/// Why AdamW did not start or could not go on.
#[derive(Debug, thiserror::Error)]
pub enum AdamwError {
    /// An option of the solver is out of its range.
    #[error("adamw: {option} = {found}, expected {expected}; change it in the [solver] table")]
    Option {
        /// Name in the configuration.
        option: &'static str,
        /// Value found.
        found: String,
        /// Values allowed.
        expected: &'static str,
    },
    /// burn refused the learning rates.
    #[error("adamw: learning rate schedule: {0}")]
    Schedule(String),
    /// A part of a set larger than memory could not be read.
    #[error(transparent)]
    Data(#[from] gummel_data::DataError),
    /// No point has a positive weight.
    #[error("adamw: no point has a positive weight; check the selection, the split and the flags")]
    NoPoints,
    /// The program was built without graphics support.
    #[error("device = \"gpu\" needs a build with `--features wgpu`; use device = \"cpu\" or rebuild")]
    GpuNotBuilt,
    /// No graphics processor could be opened.
    #[error("device = \"gpu\": {0}; install a Vulkan, Metal or DX12 driver, or use device = \"cpu\"")]
    Gpu(String),
}
