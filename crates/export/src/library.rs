//! A library file with a section per corner, as process design kits have them: `.lib "demo130_nmos.lib" ff`.
//!
//! A section holds the devices of its corner: SPICE subcircuits, which lie beside the library, or `.model` cards of a
//! device library beside it. Devices have the same names in all sections. A corner that the model does not know has
//! no section.

use std::path::{Path, PathBuf};

use gummel_device::{Corner, CornerPosition};
use gummel_model::Model;

use crate::program::Input;
use crate::scope::{Scope, Selection, depends_on};
use crate::stamp::node_name;
use crate::target::{ExportOptions, Written};
use crate::write::{LOADABLE, Prepared, READABLE, prepare};
use crate::{ExportError, osdi, spice};

/// Name of the target.
pub const TARGET: &str = "lib";

/// What the sections hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sections {
    /// Subcircuits of behavioural sources.
    #[default]
    Spice,
    /// Model cards of a device library.
    Osdi,
}

/// Writes the library and what it includes.
///
/// # Errors
/// [`ExportError::Unsuitable`] when one corner is asked for, or when the model knows none.
pub fn write(model: &Model, options: &ExportOptions, path: &Path) -> Result<Written, ExportError> {
    let unsuitable = |reason: &str| ExportError::Unsuitable { target: TARGET, reason: reason.into() };
    let selection = &options.selection;
    if selection.corner.is_some() {
        return Err(unsuitable("has all corners; leave --corner out, or export --to spice"));
    }
    let sections = sections(model, selection)?;
    if sections.is_empty() {
        return Err(unsuitable(
            "needs devices at named corners, and the chosen ones stand at none; export --to spice",
        ));
    }
    match options.sections {
        Sections::Spice => write_subcircuits(model, &sections, path),
        Sections::Osdi => write_cards(model, &sections, &options.osdi, path),
    }
}

fn write_subcircuits(
    model: &Model,
    sections: &[(Corner, Selection)],
    path: &Path,
) -> Result<Written, ExportError> {
    let stem = path.file_stem().and_then(|s| s.to_str()).unwrap_or(TARGET);
    let mut library = opening(model);
    let mut files: Vec<(PathBuf, String)> = Vec::new();
    for (corner, selection) in sections {
        let name = format!("{stem}_{corner}.sp");
        library += &section(*corner, &format!(".include \"{name}\"\n"));
        let text = spice::text(model, selection, spice::Names::WithoutCorner)?;
        files.push((path.with_file_name(name), text));
    }
    let parts = files.iter().map(|(file, text)| (file.as_path(), text.as_bytes(), READABLE));
    place_all(parts.chain([(path, library.as_bytes(), READABLE)]))?;
    let files = std::iter::once(path.to_owned()).chain(files.into_iter().map(|f| f.0)).collect();
    Ok(Written { files, warning: Some(spice::WARNING), example: None })
}

fn write_cards(
    model: &Model,
    sections: &[(Corner, Selection)],
    options: &osdi::Options,
    path: &Path,
) -> Result<Written, ExportError> {
    if sections.iter().any(|(_, s)| s.temperature.is_some()) {
        let reason =
            "with model cards takes the temperature from the simulator; leave --temperature out".into();
        return Err(ExportError::Unsuitable { target: TARGET, reason });
    }
    let binary = path.with_extension("osdi");
    let (bytes, entries) = osdi::library(&[model], options)?;
    let kind = entries.first().map_or("", |m| m.name.as_str());
    let mut library = opening(model);
    let file = binary.file_name().and_then(|f| f.to_str()).unwrap_or_default();
    library += &format!("* in the circuit: .control / pre_osdi {file} / .endc\n");
    for (corner, selection) in sections {
        let card = |device: &String| {
            let device = without_corner(device);
            format!(".model {kind}_{} {kind} device=\"{device}\" corner=\"{corner}\"\n", node_name(device))
        };
        library += &section(*corner, &selection.devices.iter().map(card).collect::<String>());
    }
    let files = [(&*binary, &*bytes, LOADABLE), (path, library.as_bytes(), READABLE)];
    place_all(files.into_iter())?;
    Ok(Written { files: vec![path.to_owned(), binary], warning: None, example: None })
}

/// Puts files, each with its bytes and permissions, into place in their order, once all of them could be written.
///
/// The library comes last, so that it never includes what is not there.
fn place_all<'a>(files: impl Iterator<Item = (&'a Path, &'a [u8], u32)>) -> Result<(), ExportError> {
    let prepared = files.map(|(path, bytes, mode)| {
        let file = prepare(path, bytes, mode).map_err(ExportError::io("write", path))?;
        Ok((path, file))
    });
    let prepared: Vec<(&Path, Prepared)> = prepared.collect::<Result<_, ExportError>>()?;
    prepared.into_iter().try_for_each(|(path, file)| file.place().map_err(ExportError::io("write", path)))
}

fn opening(model: &Model) -> String {
    format!("* {} with a section per corner\n", model.manifest.title())
}

fn section(corner: Corner, content: &str) -> String {
    format!("\n.lib {corner}\n{content}.endl {corner}\n")
}

/// The corners that the model knows, with their devices.
fn sections(model: &Model, selection: &Selection) -> Result<Vec<(Corner, Selection)>, ExportError> {
    let moves = [Input::Speed, Input::Skew].iter().any(|i| depends_on(&model.spec, *i));
    let chosen = Scope::new(model, selection, &[])?;
    let mut sections = Vec::new();
    for corner in Corner::ALL {
        let CornerPosition { speed, skew } = corner.position();
        let distance = |d: usize| {
            let place = model.spec.devices[d].place;
            (place.speed - speed).hypot(place.skew - skew)
        };
        // Of the devices that differ in their corner only, the nearest, as a simulator chooses (`gummel_osdi`).
        let mut nearest: Vec<usize> = Vec::new();
        for &d in chosen.devices.iter().filter(|d| moves || distance(**d) < 1e-9) {
            let name = |d: usize| without_corner(&model.spec.devices[d].name);
            match nearest.iter_mut().find(|n| name(**n) == name(d)) {
                Some(known) if distance(d) < distance(*known) => *known = d,
                Some(_) => {}
                None => nearest.push(d),
            }
        }
        let devices: Vec<String> = nearest.iter().map(|d| model.spec.devices[*d].name.clone()).collect();
        if !devices.is_empty() {
            // Where the devices were fitted per corner, each stands at its own.
            let position = moves.then(|| corner.position());
            sections.push((corner, Selection { devices, corner: position, ..selection.clone() }));
        }
    }
    Ok(sections)
}

/// A device's name without the corner that it was fitted at.
pub(crate) fn without_corner(name: &str) -> &str {
    let strip = |c: Corner| name.strip_suffix(c.name())?.strip_suffix('_');
    Corner::ALL.into_iter().find_map(strip).unwrap_or(name)
}
