//! A library file with a section per corner, as process design kits have them: `.lib "demo130_nmos.lib" ff`.
//!
//! Each section includes the SPICE subcircuits of its corner, which lie beside the library. The subcircuits have
//! the same names in all sections. A corner that the model does not know has no section.

use std::path::{Path, PathBuf};

use gummel_device::{Corner, CornerPosition};
use gummel_model::Model;

use crate::program::Input;
use crate::scope::{Scope, Selection, depends_on};
use crate::write::write_whole;
use crate::{ExportError, spice};

/// Name of the target.
pub const TARGET: &str = "lib";

/// Writes the library and its corners; returns the files, the library first.
///
/// # Errors
/// [`ExportError::Unsuitable`] when one corner is asked for, or when the model knows none.
pub fn write(model: &Model, selection: &Selection, path: &Path) -> Result<Vec<PathBuf>, ExportError> {
    let unsuitable = |reason: &str| ExportError::Unsuitable { target: TARGET, reason: reason.into() };
    if selection.corner.is_some() {
        return Err(unsuitable("has all corners; leave --corner out, or export --to spice"));
    }
    let sections = sections(model, selection)?;
    if sections.is_empty() {
        return Err(unsuitable(
            "needs devices at named corners, and the chosen ones stand at none; export --to spice",
        ));
    }
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or(TARGET);
    let mut library = format!("* {} with a section per corner\n", model.manifest.title());
    let mut files = Vec::new();
    for (corner, text) in sections {
        let name = format!("{stem}_{corner}.sp");
        library += &format!("\n.lib {corner}\n.include \"{name}\"\n.endl {corner}\n");
        files.push((path.with_file_name(name), text));
    }
    // The library comes last, so that it never includes what is not there.
    for (file, text) in &files {
        write_whole(file, text.as_bytes())?;
    }
    write_whole(path, library.as_bytes())?;
    Ok(std::iter::once(path.to_owned()).chain(files.into_iter().map(|f| f.0)).collect())
}

fn sections(model: &Model, selection: &Selection) -> Result<Vec<(Corner, String)>, ExportError> {
    let moves = [Input::Speed, Input::Skew].iter().any(|i| depends_on(&model.spec, *i));
    let chosen = Scope::new(model, selection, &[])?;
    let mut sections = Vec::new();
    for corner in Corner::ALL {
        let CornerPosition { speed, skew } = corner.position();
        let stands_there = |d: &&usize| {
            let place = model.spec.devices[**d].place;
            (place.speed - speed).hypot(place.skew - skew) < 1e-9
        };
        let devices: Vec<String> = chosen
            .devices
            .iter()
            .filter(|d| moves || stands_there(d))
            .map(|d| model.spec.devices[*d].name.clone())
            .collect();
        if devices.is_empty() {
            continue;
        }
        // Where the devices were fitted per corner, each stands at its own.
        let position = moves.then(|| corner.position());
        let selection = Selection { devices, corner: position, ..selection.clone() };
        sections.push((corner, spice::text(model, &selection, spice::Names::WithoutCorner)?));
    }
    Ok(sections)
}

/// A device's name without the corner that it was fitted at.
pub(crate) fn without_corner(name: &str) -> &str {
    let strip = |c: Corner| name.strip_suffix(c.name())?.strip_suffix('_');
    Corner::ALL.into_iter().find_map(strip).unwrap_or(name)
}
