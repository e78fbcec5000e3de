//! What an export wrote, and how a netlist uses it.

use std::fmt::Write;
use std::path::PathBuf;

use gummel_osdi::Entry;
use serde::Serialize;

use super::Abi;

/// A library as written.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The library.
    pub path: PathBuf,
    /// Its size.
    pub bytes: usize,
    /// Version of the interface.
    pub abi: Abi,
    /// What it holds, in the order given.
    pub models: Vec<Exported>,
}

/// A model of a library.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Exported {
    /// Device type in `.model` lines.
    pub name: String,
    /// What `family=` has to say where the type has several models.
    pub family: String,
    /// `n` or `p`.
    pub channel: char,
    /// Names for `device=`.
    pub devices: Vec<String>,
    /// True for fitted charges, false for linear capacitances.
    pub charges: bool,
    /// Linear capacitances gate to source and drain in F/m of width, gate to bulk in F/m of length.
    pub overlap: [f64; 3],
}

impl Exported {
    pub(super) fn of(entry: &Entry) -> Self {
        Exported {
            name: entry.name.clone(),
            family: entry.family.clone(),
            channel: if entry.spec.sign > 0.0 { 'n' } else { 'p' },
            devices: entry.spec.devices.iter().map(|d| d.name.clone()).collect(),
            charges: entry.spec.branches.len() > 1,
            overlap: [entry.overlap.cgso, entry.overlap.cgdo, entry.overlap.cgbo],
        }
    }
}

impl Report {
    /// Lines of an ngspice netlist that use the library.
    pub fn example(&self) -> String {
        let mut text = format!(".control\npre_osdi {}\n.endc\n", self.path.display());
        for model in &self.models {
            let device = model.devices.first().map_or(String::new(), |d| format!(" device=\"{d}\""));
            let several = self.models.iter().filter(|m| m.name == model.name).count() > 1;
            let family = if several { format!(" family=\"{}\"", model.family) } else { String::new() };
            // A String takes every line.
            let _ = writeln!(text, ".model {}ch {}{family}{device}", model.channel, model.name);
        }
        text.push_str("* an instance: Nname drain gate source bulk model\n");
        for model in &self.models {
            let c = model.channel;
            let _ = writeln!(text, "N{c}1 d g s b {c}ch");
        }
        text
    }
}
