//! The trunk inside the program: fitted to the n- and p-channel transistors of the bundled data as one family.
//!
//! `cargo run --release -p xtask --features datasets -- datasets trunk` makes it.

use gummel_model::Model;

use crate::error::FitError;

/// Name by which it is asked for.
pub(super) const NAME: &str = "bundled";

const MANIFEST: &str = include_str!("../../../../datasets/trunk/manifest.toml");
const WEIGHTS: &[u8] = include_bytes!("../../../../datasets/trunk/weights.safetensors");

/// The model whose trunk is bundled.
///
/// # Errors
/// [`FitError::Model`] when the program was built around a damaged one.
pub(super) fn trunk() -> Result<Model, FitError> {
    Ok(Model::from_memory(MANIFEST, WEIGHTS, NAME)?)
}
