//! Subcircuits and device libraries in ngspice: currents and charges from an operating point, conductances from a
//! small-signal analysis.
//!
//! Three copies of the device share their bias; the gate of the first, the drain of the second and the bulk of the
//! third carry the signal, so that one analysis gives gm, gds and gmb.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use gummel_device::si;
use gummel_kernel::OutputKind;

use super::biases::Point;
use super::{Results, SLOPES, Tools, process};
use crate::number::real;
use crate::program::build::flow_name;
use crate::stamp::{Stamp, StampedDevice};
use crate::{ExportError, osdi, spice};

const HINT: &str = "install ngspice, or set GUMMEL_NGSPICE to the program";

/// Evaluates subcircuits.
pub(super) fn run_subcircuits(
    tools: &Tools,
    path: &Path,
    stamp: &Stamp,
    points: &[Point],
) -> Result<Results, ExportError> {
    let path = std::path::absolute(path).map_err(ExportError::io("read", path))?;
    let text = std::fs::read_to_string(&path).map_err(ExportError::io("read", &path))?;
    let charges: Vec<Charge> = OutputKind::ALL
        .into_iter()
        .filter(|kind| kind.is_charge() && text.contains(&spice::charge_node(*kind)))
        .map(|kind| Charge {
            quantity: flow_name(kind),
            vector: format!("v(x0.{})", spice::charge_node(kind)),
            unit: 1.0 / spice::VOLTS_PER_COULOMB,
        })
        .collect();
    let card = |device: &StampedDevice| Card {
        lines: format!(".include \"{}\"\n", path.display()),
        letter: 'x',
        name: device.call.clone(),
    };
    run(tools, stamp, points, &card, &charges, None)
}

/// Evaluates a device library.
pub(super) fn run_library(
    tools: &Tools,
    path: &Path,
    stamp: &Stamp,
    points: &[Point],
) -> Result<Results, ExportError> {
    let bytes = std::fs::read(path).map_err(ExportError::io("read", path))?;
    let entries = osdi::entries(&bytes, path)?;
    let entry = entries.iter().find(|e| e.name == stamp.module && super::weights(e) == stamp.weights);
    let charged = entry.is_some_and(|e| e.spec.branches.len() > 1);
    let family = entry.map_or("", |e| e.family.as_str());
    let family = if family.is_empty() { String::new() } else { format!(" family=\"{family}\"") };
    // A model without charges has linear capacitances instead, which are no part of it.
    let charges: Vec<Charge> = ["qd", "qg", "qs", "qb"]
        .into_iter()
        .filter(|_| charged)
        .map(|q| Charge { quantity: q, vector: format!("@n0[{q}]"), unit: 1.0 })
        .collect();
    let card = |device: &StampedDevice| Card {
        lines: format!(
            ".control\nset num_threads=1\npre_osdi {LIBRARY}\n.endc\n.model m {}{family} device=\"{}\"\n.options temp={}\n",
            stamp.module,
            device.name,
            real(si::celsius(device.temperature))
        ),
        letter: 'n',
        name: "m".into(),
    };
    run(tools, stamp, points, &card, &charges, Some(path))
}

/// Name of the copy that is loaded: simulators fold the case of paths.
const LIBRARY: &str = "verify.osdi";

/// What a netlist needs to have a device.
struct Card {
    lines: String,
    /// First letter of an instance.
    letter: char,
    /// Subcircuit or model.
    name: String,
}

/// A charge that an operating point shows.
struct Charge {
    quantity: &'static str,
    /// What ngspice calls it.
    vector: String,
    /// Coulombs per unit of the vector.
    unit: f64,
}

/// Evaluates the points, in the order of the devices.
fn run(
    tools: &Tools,
    stamp: &Stamp,
    points: &[Point],
    card: &dyn Fn(&StampedDevice) -> Card,
    charges: &[Charge],
    library: Option<&Path>,
) -> Result<Results, ExportError> {
    let folder = tempfile::tempdir().map_err(ExportError::io("write", &std::env::temp_dir()))?;
    if let Some(library) = library {
        std::fs::copy(library, folder.path().join(LIBRARY)).map_err(ExportError::io("read", library))?;
    }
    let mut rows = vec![Vec::new(); points.len()];
    for (d, device) in stamp.devices.iter().enumerate() {
        let mine: Vec<usize> = (0..points.len()).filter(|k| points[*k].device == d).collect();
        let biases: Vec<[f64; 3]> = mine.iter().map(|k| points[*k].bias).collect();
        let netlist = folder.path().join("verify.cir");
        let text = netlist_of(&card(device), charges, &biases);
        std::fs::write(&netlist, text).map_err(ExportError::io("write", &netlist))?;
        let mut command = Command::new(&tools.ngspice);
        command.arg("-b").arg(&netlist).current_dir(folder.path());
        let text = process::output("ngspice", &mut command, "", HINT, &tools.stop)?;
        let found = results(&text, charges);
        if found.len() != mine.len() {
            return Err(ExportError::ToolFailed { tool: "ngspice", output: process::last_lines(&text, 12) });
        }
        for (k, row) in mine.into_iter().zip(found) {
            rows[k] = row;
        }
    }
    let tool = Path::new(&tools.ngspice).display().to_string();
    let quantities = SLOPES.into_iter().chain(charges.iter().map(|c| c.quantity));
    Ok(Results { tool, quantities: quantities.map(str::to_owned).collect(), rows })
}

fn netlist_of(card: &Card, charges: &[Charge], biases: &[[f64; 3]]) -> String {
    let mut out = format!("* gummel verify\n{}vg g 0 0\nvd d 0 0\nvb b 0 0\n", card.lines);
    for (copy, signal) in ["g", "d", "b"].into_iter().enumerate() {
        for node in ["g", "d", "b"] {
            let ac = u8::from(node == signal);
            // Writing to a String cannot fail.
            let _ = writeln!(out, "v{node}{copy} {node} {node}{copy} dc 0 ac {ac}");
        }
        let _ = writeln!(out, "{}{copy} d{copy} g{copy} 0 b{copy} {}", card.letter, card.name);
    }
    out += ".options reltol=1e-10 abstol=1e-20 vntol=1e-14 itl1=1000 gmin=1e-30\n.control\nset numdgt=16\n";
    let charges: String = charges.iter().map(|c| format!(" {}", c.vector)).collect();
    for bias in biases {
        for (source, volts) in ["vg", "vd", "vb"].into_iter().zip(bias) {
            let _ = writeln!(out, "alter {source} dc = {}", real(*volts));
        }
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "op\nprint i(vd0){charges}\nac lin 1 1 1\nprint real(i(vd0)) real(i(vd1)) real(i(vd2))\ndestroy all"
        );
    }
    out += "quit 0\n.endc\n.end\n";
    out
}

/// Rows of id, gm, gds, gmb and the charges. The signal source drives against the node, so conductances change their sign.
fn results(text: &str, charges: &[Charge]) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(" = ") else { continue };
        let (name, value) = (name.trim(), value.trim().parse().unwrap_or(f64::NAN));
        if name == "i(vd0)" {
            let mut row = vec![f64::NAN; SLOPES.len() + charges.len()];
            row[0] = value;
            rows.push(row);
            continue;
        }
        let Some(row) = rows.last_mut() else { continue };
        match name {
            "real(i(vd0))" => row[1] = -value,
            "real(i(vd1))" => row[2] = -value,
            "real(i(vd2))" => row[3] = -value,
            _ => {
                if let Some(k) = charges.iter().position(|c| c.vector == name) {
                    row[SLOPES.len() + k] = value * charges[k].unit;
                }
            }
        }
    }
    rows
}
