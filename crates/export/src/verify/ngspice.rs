//! Subcircuits in ngspice: currents from an operating point, conductances from a small-signal analysis.
//!
//! Three copies of the device share their bias; the gate of the first, the drain of the second and the bulk of the
//! third carry the signal, so that one analysis gives gm, gds and gmb.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use super::biases::Point;
use super::{Results, SLOPES, Tools, process};
use crate::ExportError;
use crate::number::real;
use crate::stamp::Stamp;

const HINT: &str = "install ngspice, or set GUMMEL_NGSPICE to the program";

/// Evaluates the points, in the order of the devices.
pub(super) fn run(
    tools: &Tools,
    path: &Path,
    stamp: &Stamp,
    points: &[Point],
) -> Result<Results, ExportError> {
    let folder = tempfile::tempdir().map_err(ExportError::io("write", &std::env::temp_dir()))?;
    let mut rows = vec![Vec::new(); points.len()];
    for (d, device) in stamp.devices.iter().enumerate() {
        let mine: Vec<usize> = (0..points.len()).filter(|k| points[*k].device == d).collect();
        let biases: Vec<[f64; 3]> = mine.iter().map(|k| points[*k].bias).collect();
        let netlist = folder.path().join("verify.cir");
        let text = netlist_of(path, &device.call, &biases)?;
        std::fs::write(&netlist, text).map_err(ExportError::io("write", &netlist))?;
        let mut command = Command::new(&tools.ngspice);
        command.arg("-b").arg(&netlist).current_dir(folder.path());
        let text = process::output("ngspice", &mut command, "", HINT)?;
        let found = results(&text);
        if found.len() != mine.len() {
            return Err(ExportError::ToolFailed { tool: "ngspice", output: process::last_lines(&text, 12) });
        }
        for (k, row) in mine.into_iter().zip(found) {
            rows[k] = row;
        }
    }
    let tool = Path::new(&tools.ngspice).display().to_string();
    Ok(Results { tool, quantities: SLOPES.iter().map(|s| (*s).to_owned()).collect(), rows })
}

fn netlist_of(path: &Path, subcircuit: &str, biases: &[[f64; 3]]) -> Result<String, ExportError> {
    let path = std::path::absolute(path).map_err(ExportError::io("read", path))?;
    let mut out = format!("* gummel verify\n.include \"{}\"\n", path.display());
    out += "vg g 0 0\nvd d 0 0\nvb b 0 0\n";
    for (copy, signal) in ["g", "d", "b"].into_iter().enumerate() {
        for node in ["g", "d", "b"] {
            let ac = u8::from(node == signal);
            // Writing to a String cannot fail.
            let _ = writeln!(out, "v{node}{copy} {node} {node}{copy} dc 0 ac {ac}");
        }
        let _ = writeln!(out, "x{copy} d{copy} g{copy} 0 b{copy} {subcircuit}");
    }
    out += ".options reltol=1e-10 abstol=1e-20 vntol=1e-14 itl1=1000 gmin=1e-30\n.control\nset numdgt=16\n";
    for [vgs, vds, vbs] in biases {
        let _ = writeln!(
            out,
            "alter vg dc = {}\nalter vd dc = {}\nalter vb dc = {}",
            real(*vgs),
            real(*vds),
            real(*vbs)
        );
        out += "op\nprint i(vd0)\nac lin 1 1 1\nprint real(i(vd0)) real(i(vd1)) real(i(vd2))\ndestroy all\n";
    }
    out += "quit 0\n.endc\n.end\n";
    Ok(out)
}

/// Rows of id, gm, gds, gmb. The signal source drives against the node, so conductances change their sign.
fn results(text: &str) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::new();
    for line in text.lines() {
        let Some((name, value)) = line.split_once(" = ") else { continue };
        let value: f64 = value.trim().parse().unwrap_or(f64::NAN);
        match name.trim() {
            "i(vd0)" => rows.push(vec![value]),
            "real(i(vd0))" | "real(i(vd1))" | "real(i(vd2))" => {
                if let Some(row) = rows.last_mut() {
                    row.push(-value);
                }
            }
            _ => {}
        }
    }
    rows
}
