//! Everything that can go wrong while a figure is made.

use std::path::PathBuf;

/// Why a figure could not be drawn or written.
#[derive(Debug, thiserror::Error)]
pub enum PlotError {
    /// There is not one point that the figure could show.
    #[error(
        "nothing to draw in the {figure} figure: {found}; \
         give at least one point that is finite (and not zero on a logarithmic axis)"
    )]
    Empty {
        /// Which figure.
        figure: String,
        /// What was given instead.
        found: String,
    },
    /// Two slices that belong together differ in length.
    #[error("{what}: expected {expected} values, found {found}; give one value per point")]
    Length {
        /// Which slices.
        what: String,
        /// Length of the first.
        expected: usize,
        /// Length of the second.
        found: usize,
    },
    /// Curves in one figure record different quantities or sweep different terminals.
    #[error(
        "curve {index} of device '{device}' {found}, the figure {expected}; draw it in a figure of its own"
    )]
    Mixed {
        /// Position in the slice, counted from zero, measured curves first.
        index: usize,
        /// Device of the offending curve.
        device: String,
        /// What the curve holds.
        found: String,
        /// What the first curve holds.
        expected: String,
    },
    /// The file name ends in neither `.svg` nor `.png`.
    #[error("{}: the file extension is '{found}', expected svg or png; rename the file", path.display())]
    UnknownFormat {
        /// The file asked for.
        path: PathBuf,
        /// Its extension, empty when there is none.
        found: String,
    },
    /// A style's numbers leave no room for the data.
    #[error("the style's {field} is {found}, expected {expected}")]
    Style {
        /// Field of [`crate::Style`].
        field: &'static str,
        /// Its value.
        found: f64,
        /// What would do.
        expected: &'static str,
    },
    /// The file system refused.
    #[error("{}: cannot write the figure: {source}; check that the folder exists and is writable", path.display())]
    Io {
        /// The file asked for.
        path: PathBuf,
        /// The reason of the operating system.
        source: std::io::Error,
    },
    /// The drawing back end failed, which no input should bring about.
    #[error("the drawing back end failed: {0}; please report this with the data that were drawn")]
    Backend(String),
}
