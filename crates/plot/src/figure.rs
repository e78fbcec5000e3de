//! Finished figures: as SVG text, as PNG bytes, as a file.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use crate::PlotError;
use crate::paint;
use crate::scene::Scene;
use crate::style::Style;

/// File formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Scalable vector graphics.
    Svg,
    /// Portable network graphics.
    Png,
}

impl Format {
    /// The format that the extension of `path` asks for, in any case.
    ///
    /// # Errors
    /// [`PlotError::UnknownFormat`] for other extensions and for none.
    pub fn of(path: &Path) -> Result<Self, PlotError> {
        let found = path.extension().unwrap_or_default().to_string_lossy().into_owned();
        Format::from_str(&found).map_err(|()| PlotError::UnknownFormat { path: path.to_owned(), found })
    }
}

impl FromStr for Format {
    type Err = ();

    fn from_str(extension: &str) -> Result<Self, ()> {
        match extension.to_ascii_lowercase().as_str() {
            "svg" => Ok(Format::Svg),
            "png" => Ok(Format::Png),
            _ => Err(()),
        }
    }
}

/// A finished figure.
#[derive(Clone, Debug)]
pub struct Figure {
    pub(crate) scene: Scene,
    scale: f64,
    embed_font: bool,
}

impl Figure {
    pub(crate) fn new(scene: Scene, style: &Style) -> Self {
        Figure { scene, scale: style.scale, embed_font: style.embed_font }
    }

    /// Width and height in px.
    pub fn size(&self) -> (f64, f64) {
        (self.scene.width, self.scene.height)
    }

    /// The figure as an SVG document.
    ///
    /// # Errors
    /// [`PlotError::Backend`] when plotters fails.
    pub fn svg(&self) -> Result<String, PlotError> {
        paint::svg::paint(&self.scene, self.embed_font)
    }

    /// The figure as PNG bytes, [`Style::scale`] pixels per px.
    ///
    /// # Errors
    /// [`PlotError::Backend`] when plotters or the encoder fails.
    pub fn png(&self) -> Result<Vec<u8>, PlotError> {
        paint::png::paint(&self.scene, self.scale)
    }

    /// Writes the figure in the format of the extension of `path`; the file appears complete or not at all.
    ///
    /// # Errors
    /// [`PlotError::UnknownFormat`], [`PlotError::Backend`], or [`PlotError::Io`] when the folder is
    /// missing or not writable.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        let path = path.as_ref();
        let bytes = match Format::of(path)? {
            Format::Svg => self.svg()?.into_bytes(),
            Format::Png => self.png()?,
        };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.tmp", std::process::id()));
        let temporary = path.with_file_name(name);
        fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, path)).map_err(|source| {
            // The half-written file is of no use; the first error is the one to report.
            fs::remove_file(&temporary).ok();
            PlotError::Io { path: path.to_owned(), source }
        })
    }
}
