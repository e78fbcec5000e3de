//! What an export says about itself: for people in a header, for `gummel verify` in lines that read back.

use std::path::Path;

use gummel_kernel::Place;
use gummel_model::Model;
use serde::{Deserialize, Serialize};

use crate::ExportError;
use crate::number::real;
use crate::program::Input;
use crate::scope::Scope;

const EXPORT: &str = "gummel-export: ";
const DEVICE: &str = "gummel-device: ";

/// Where an export comes from and what is in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamp {
    /// Name of the target.
    pub target: String,
    /// Name of module, functions or subcircuits.
    pub module: String,
    /// Version of gummel that wrote it.
    pub gummel: String,
    /// Technology and family.
    pub model: String,
    /// BLAKE3 of the model's numbers.
    pub weights: String,
    /// Place inputs that are open in the export.
    pub open: Vec<String>,
    /// Devices in the order of the export.
    #[serde(skip)]
    pub devices: Vec<StampedDevice>,
}

/// A device of an export and where it stands there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "the fields are those of Place, in SI units")]
pub struct StampedDevice {
    pub name: String,
    /// What a netlist calls it, where that differs.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub call: String,
    pub w: f64,
    pub l: f64,
    pub mult: f64,
    pub temperature: f64,
    pub speed: f64,
    pub skew: f64,
}

impl Stamp {
    /// The stamp of an export of `scope`.
    pub fn new(target: &str, model: &Model, scope: &Scope) -> Self {
        let device = |(d, p): (&usize, &Place)| StampedDevice {
            name: model.spec.devices[*d].name.clone(),
            call: String::new(),
            w: p.w,
            l: p.l,
            mult: p.mult,
            temperature: p.temperature,
            speed: p.speed,
            skew: p.skew,
        };
        Stamp {
            target: target.to_owned(),
            module: identifier(&format!("{}_{}", model.manifest.technology, model.manifest.family)),
            gummel: env!("CARGO_PKG_VERSION").to_owned(),
            model: model.manifest.title(),
            weights: weights_hash(model),
            open: scope.open.iter().map(|i| i.name().to_owned()).collect(),
            devices: scope.devices.iter().zip(&scope.places).map(device).collect(),
        }
    }

    /// The lines that read back.
    pub fn lines(&self) -> Vec<String> {
        // Plain strings and finite numbers always serialise.
        let json = |v: Result<String, serde_json::Error>| v.unwrap_or_default();
        let mut lines = vec![format!("{EXPORT}{}", json(serde_json::to_string(self)))];
        let device = |d: &StampedDevice| format!("{DEVICE}{}", json(serde_json::to_string(d)));
        lines.extend(self.devices.iter().map(device));
        lines
    }

    /// Finds the stamp in the text of an export.
    ///
    /// # Errors
    /// [`ExportError::NotAnExport`] when there is none or it is damaged.
    pub fn parse(text: &str, path: &Path) -> Result<Self, ExportError> {
        let wrong = |reason: String| ExportError::NotAnExport { path: path.to_owned(), reason };
        let mut stamp: Option<Stamp> = None;
        for (k, line) in text.lines().enumerate() {
            let damaged = |e: serde_json::Error| wrong(format!("line {}: the stamp is damaged: {e}", k + 1));
            if let Some((_, json)) = line.split_once(EXPORT) {
                stamp = Some(serde_json::from_str(json).map_err(damaged)?);
            } else if let (Some((_, json)), Some(stamp)) = (line.split_once(DEVICE), &mut stamp) {
                stamp.devices.push(serde_json::from_str(json).map_err(damaged)?);
            }
        }
        stamp.ok_or_else(|| {
            wrong("found no line 'gummel-export: ...', which every file of `gummel export` has".into())
        })
    }

    /// The place of a stamped device.
    pub fn place(device: &StampedDevice) -> Place {
        let StampedDevice { w, l, mult, temperature, speed, skew, .. } = *device;
        Place { w, l, mult, temperature, speed, skew }
    }
}

/// BLAKE3 of a model's numbers, hexadecimal.
pub fn weights_hash(model: &Model) -> String {
    blake3::hash(&model.spec.to_bytes()).to_hex().to_string()
}

/// Header lines for people: what, from which data, how good, where valid.
pub fn header(model: &Model, scope: &Scope, stamp: &Stamp) -> Vec<String> {
    let m = &model.manifest;
    let mut lines = vec![
        format!(
            "{} ({}-channel), exported by gummel {} as {}",
            m.title(),
            m.polarity,
            stamp.gummel,
            stamp.target
        ),
        format!("model frozen by gummel {}{}", m.gummel, after(" on ", &m.created)),
        format!("blake3 of its numbers: {}", stamp.weights),
    ];
    if !m.notes.is_empty() {
        lines.extend(m.notes.lines().map(|l| format!("note: {l}")));
    }
    for file in &m.data {
        lines.push(format!("fitted to {}{}", file.path, after(", blake3 ", &file.blake3)));
    }
    for (name, spread) in &m.metrics {
        lines.push(format!(
            "error over devices: {name} median {}, worst {}",
            percent(spread.median),
            percent(spread.worst)
        ));
    }
    let fixed: Vec<&str> =
        Input::PLACE.iter().filter(|i| !scope.open.contains(i)).map(|i| i.name()).collect();
    if !fixed.is_empty() {
        lines.push(format!("fixed at the values below: {}", fixed.join(", ")));
    }
    lines.push("devices: number, name, w l in m, temperature in K, corner (speed, skew),".into());
    lines
        .push("    fitted range of vgs, vds, vbs in V (of the n-channel mirror), relative RMS error:".into());
    for (k, (d, p)) in scope.devices.iter().zip(&scope.places).enumerate() {
        let heads = &model.spec.devices[*d];
        let error = m.devices[*d].errors.map_or(String::new(), |e| format!(", {}", percent(e.rel_rms)));
        let range = heads.range.map(|[low, high]| format!("{low:.4}..{high:.4}"));
        lines.push(format!(
            "{k} {} {} {} {:.2} ({}, {}) {}{error}",
            heads.name,
            real(p.w),
            real(p.l),
            p.temperature,
            p.speed,
            p.skew,
            range.join(" ")
        ));
    }
    lines
        .push("Voltages in V against the source, currents in A into the terminals, temperature in K.".into());
    // A line break in a name or note must not leave the comment.
    lines.iter().map(|l| l.replace(['\n', '\r'], " ").replace("*/", "* /")).collect()
}

fn after(words: &str, value: &str) -> String {
    if value.is_empty() { String::new() } else { format!("{words}{value}") }
}

fn percent(value: f64) -> String {
    if value.is_nan() { "unknown".into() } else { format!("{:.3} %", 100.0 * value) }
}

/// Letters, digits and underscores, lower case, not beginning with a digit.
pub fn identifier(name: &str) -> String {
    let text: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) { text } else { format!("m_{text}") }
}

/// A device's name with a `p` for the point and nothing else that a netlist could trip over.
pub fn node_name(device: &str) -> String {
    let chars = device.chars().map(|c| match c {
        '.' => 'p',
        c if c.is_ascii_alphanumeric() => c,
        _ => '_',
    });
    chars.collect()
}
