//! Exports that Python packages evaluate: Verilog-A through OpenVAF's `verilogae`, ONNX through `onnxruntime`,
//! NumPy's by importing them.

use std::path::Path;
use std::process::Command;

use super::biases::Point;
use super::{Results, Tools, process};
use crate::ExportError;
use crate::stamp::Stamp;

/// Evaluates a Verilog-A module.
pub(super) fn run_verilog_a(
    tools: &Tools,
    path: &Path,
    stamp: &Stamp,
    points: &[Point],
) -> Result<Results, ExportError> {
    VERILOG_A.run(tools, path, stamp, points)
}

/// Evaluates an ONNX file.
pub(super) fn run_onnx(
    tools: &Tools,
    path: &Path,
    stamp: &Stamp,
    points: &[Point],
) -> Result<Results, ExportError> {
    ONNX.run(tools, path, stamp, points)
}

/// Evaluates a file of Python.
pub(super) fn run_numpy(
    tools: &Tools,
    path: &Path,
    stamp: &Stamp,
    points: &[Point],
) -> Result<Results, ExportError> {
    NUMPY.run(tools, path, stamp, points)
}

/// A script that gets the points on standard input and prints tool, heading and a row per point.
struct Script {
    tool: &'static str,
    packages: &'static str,
    text: &'static str,
}

const VERILOG_A: Script =
    Script { tool: "verilogae", packages: "verilogae numpy", text: include_str!("verilog_a.py") };
const ONNX: Script =
    Script { tool: "onnxruntime", packages: "onnxruntime numpy", text: include_str!("onnx.py") };
const NUMPY: Script = Script { tool: "numpy", packages: "numpy", text: include_str!("numpy.py") };

impl Script {
    fn run(
        &self,
        tools: &Tools,
        path: &Path,
        stamp: &Stamp,
        points: &[Point],
    ) -> Result<Results, ExportError> {
        let packages = self.packages;
        let hint = format!(
            "in a virtual environment run `pip install {packages}` and set GUMMEL_PYTHON to its python"
        );
        let mut command = Command::new(&tools.python);
        command.arg("-c").arg(self.text).arg(path).args(&stamp.open);
        let text =
            process::output(self.tool, &mut command, &process::table(stamp, points), &hint, &tools.stop)?;
        // Packages may print before the heading.
        let mut lines = text.lines().skip_while(|l| !l.starts_with("tool "));
        let tool = lines.next().unwrap_or_default().trim_start_matches("tool ");
        let heading = lines.next().unwrap_or_default();
        Ok(Results {
            tool: tool.to_owned(),
            quantities: heading.split_whitespace().map(str::to_owned).collect(),
            rows: process::numbers(&lines.collect::<Vec<_>>().join("\n")),
        })
    }
}
