//! Export to OSDI: a shared library that ngspice loads with `pre_osdi`, made without a compiler.
//!
//! `build.rs` compiles the device library of `gummel-osdi` beforehand, once for each version of the interface.
//! Such a template has an empty slot; an export is a copy of it with the models in the slot:
//!
//! ```no_run
//! use gummel_export::osdi::{self, Options};
//! use gummel_model::Model;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (n, p) = (Model::load("runs/nmos/model")?, Model::load("runs/pmos/model")?);
//! let report = osdi::write(&[&n, &p], "demo130.osdi".as_ref(), &Options::default())?;
//! println!("{}", report.example());
//! # Ok(())
//! # }
//! ```
//!
//! The library is for the kind of machine that this program was built for.

mod error;
mod read;
mod report;
mod template;

use std::path::Path;

use gummel_model::Model;
use gummel_osdi::descriptor::MAX_MODELS;
use gummel_osdi::payload::encode;
use gummel_osdi::slot;
use serde::{Deserialize, Serialize};

use crate::write::{LOADABLE, Prepared, prepare};

pub use error::OsdiError;
pub use gummel_osdi::{Entry, Overlap, select};
pub use read::{entries, is_exported, is_library};
pub use report::{Exported, Report};

/// Version of the interface between simulator and library.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Abi {
    /// OSDI 0.3: ngspice 39 and newer.
    #[default]
    #[serde(rename = "0.3")]
    V0_3,
    /// OSDI 0.4: ngspice 44 and newer, VACASK.
    #[serde(rename = "0.4")]
    V0_4,
}

/// How to export.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// Version of the interface.
    pub abi: Abi,
    /// Names of the device types, one per model; empty for `technology_family` of each. One name for several models makes them one
    /// type, in which `.model` lines choose by `family=`: a simulator enters a type once an iteration.
    pub names: Vec<String>,
    /// Linear capacitances of models without charges instead of the default ones; a netlist can change them.
    pub overlap: Option<Overlap>,
}

/// Writes `models` (up to eight) as one library at `path`; an older file is replaced whole or not at all.
///
/// # Errors
/// See [`OsdiError`]: no or too many models, names that a netlist cannot use or that occur twice, a damaged
/// model, more data than the library has room for, a place that is not writable.
pub fn write(models: &[&Model], path: &Path, options: &Options) -> Result<Report, OsdiError> {
    let (bytes, entries) = library(models, options)?;
    // Whole or not at all, so that a simulator never loads half a library.
    prepare(path, &bytes, LOADABLE)
        .and_then(Prepared::place)
        .map_err(|source| OsdiError::Io { path: path.to_owned(), source })?;
    Ok(Report {
        path: path.to_owned(),
        bytes: bytes.len(),
        abi: options.abi,
        models: entries.iter().map(Exported::of).collect(),
    })
}

/// The bytes of the library, and what it carries.
pub(crate) fn library(models: &[&Model], options: &Options) -> Result<(Vec<u8>, Vec<Entry>), OsdiError> {
    let entries = named(models, options)?;
    let payload = encode(&entries);
    let library = slot::fill(template::bytes(options.abi), &payload).map_err(|excess| match excess {
        Some(_) => OsdiError::TooLarge { needed: payload.len(), room: slot::CAPACITY },
        None => OsdiError::Template,
    })?;
    Ok((library, entries))
}

/// The models under their names, checked.
fn named(models: &[&Model], options: &Options) -> Result<Vec<Entry>, OsdiError> {
    if models.is_empty() || models.len() > MAX_MODELS {
        return Err(OsdiError::Count { found: models.len(), most: MAX_MODELS });
    }
    if options.names.len() > 1 && options.names.len() != models.len() {
        return Err(OsdiError::NameCount { names: options.names.len(), models: models.len() });
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (k, model) in models.iter().enumerate() {
        let title = model.manifest.title();
        let family = model.manifest.family.clone();
        let name = match &options.names[..] {
            [] => default_name(model),
            [one] => checked_name(one)?,
            names => checked_name(&names[k])?,
        };
        let shared = options.names.len() == 1;
        let is_same = |e: &Entry| e.name == name && (!shared || e.family.eq_ignore_ascii_case(&family));
        if entries.iter().any(is_same) {
            return Err(if shared { OsdiError::SameFamily(family) } else { OsdiError::SameName(name) });
        }
        model.spec.check().map_err(|defect| OsdiError::Model { title, reason: defect.to_string() })?;
        let overlap = match model.spec.branches.len() {
            1 => options.overlap.unwrap_or_default(),
            _ => Overlap::NONE,
        };
        entries.push(Entry {
            name,
            family,
            overlap,
            temperatures: temperatures(model),
            floors: model.manifest.devices.iter().map(|d| [d.floor, d.leakage]).collect(),
            spec: model.spec.clone(),
        });
    }
    Ok(entries)
}

/// Lowest and highest temperature in the data of any device, K.
fn temperatures(model: &Model) -> Option<[f64; 2]> {
    let all = model.manifest.devices.iter().flat_map(|d| &d.temperatures).copied();
    all.map(|t| [t, t]).reduce(|[low, high], [t, _]| [low.min(t), high.max(t)])
}

/// Device types that simulators bring along; a library's type of that name would never be reached.
const BUILT_IN: [&str; 14] =
    ["nmos", "pmos", "npn", "pnp", "njf", "pjf", "nmf", "pmf", "r", "c", "l", "d", "sw", "csw"];

fn checked_name(given: &str) -> Result<String, OsdiError> {
    let name = given.to_ascii_lowercase();
    let word = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let refuse = |reason| Err(OsdiError::Name { name: given.to_owned(), reason });
    if !word || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return refuse("expected a letter, then letters, digits and underscores");
    }
    if BUILT_IN.contains(&name.as_str()) {
        return refuse("simulators have a device type of that name themselves; choose another");
    }
    Ok(name)
}

/// `technology_family` in letters that every netlist accepts and no simulator has taken.
fn default_name(model: &Model) -> String {
    let text = format!("{}_{}", model.manifest.technology, model.manifest.family);
    let fit = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let name: String = text.chars().map(fit).skip_while(|c| *c == '_').collect();
    checked_name(&name).unwrap_or_else(|_| format!("m_{name}"))
}

#[cfg(test)]
mod tests;
