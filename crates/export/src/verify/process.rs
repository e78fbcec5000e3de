//! Running other programs: what they print, and what to say when they are not there.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::AtomicBool;

use crate::ExportError;
use crate::child::run;
use crate::number::real;
use crate::program::Input;
use crate::stamp::Stamp;
use crate::verify::biases::Point;

/// Standard output of a command that is fed `input`.
///
/// # Errors
/// [`ExportError::ToolMissing`] with `hint` when there is no such program, [`ExportError::ToolFailed`] with the
/// end of what it printed when it fails, [`ExportError::Stopped`] once `stop` is raised.
pub(super) fn output(
    tool: &'static str,
    command: &mut Command,
    input: &str,
    hint: &str,
    stop: &AtomicBool,
) -> Result<String, ExportError> {
    let shown = PathBuf::from(command.get_program());
    let finished = run(command, input, stop)
        .map_err(|e| missing(tool, &format!("cannot run {}: {e}", shown.display()), hint))?
        .ok_or(ExportError::Stopped)?;
    let out = String::from_utf8_lossy(&finished.stdout).into_owned();
    if finished.status.success() {
        return Ok(out);
    }
    let errors = String::from_utf8_lossy(&finished.stderr);
    if errors.contains("No module named") {
        return Err(missing(tool, last_lines(&errors, 1).trim(), hint));
    }
    Err(ExportError::ToolFailed { tool, output: last_lines(&format!("{out}{errors}"), 12) })
}

fn missing(tool: &'static str, reason: &str, hint: &str) -> ExportError {
    ExportError::ToolMissing { tool, reason: format!("{reason}; {hint}") }
}

pub(super) fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().filter(|l| !l.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// The points as lines `device vgs vds vbs` and then the open place inputs in the order of the stamp.
pub(super) fn table(stamp: &Stamp, points: &[Point]) -> String {
    let open: Vec<Input> =
        Input::PLACE.into_iter().filter(|i| stamp.open.iter().any(|o| o == i.name())).collect();
    let mut out = String::new();
    for p in points {
        out += &p.device.to_string();
        for value in p.bias.into_iter().chain(open.iter().map(|i| crate::c::at(&p.place, *i))) {
            out += " ";
            out += &real(value);
        }
        out += "\n";
    }
    out
}

/// Numbers, a row a line; a word that is no number is NaN.
pub(super) fn numbers(text: &str) -> Vec<Vec<f64>> {
    text.lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| l.split_whitespace().map(|w| w.parse().unwrap_or(f64::NAN)).collect())
        .collect()
}
