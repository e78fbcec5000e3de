//! A C header, compiled by the machine's compiler with a program that reads biases and prints results.

use std::path::Path;
use std::process::Command;

use super::biases::Point;
use super::{Results, SLOPES, Tools, process};
use crate::ExportError;
use crate::stamp::Stamp;

const HINT: &str = "install a C compiler (gcc or clang), or name one with CC";

/// Evaluates the points.
pub(super) fn run(
    tools: &Tools,
    path: &Path,
    stamp: &Stamp,
    points: &[Point],
) -> Result<Results, ExportError> {
    let folder = tempfile::tempdir().map_err(ExportError::io("write", &std::env::temp_dir()))?;
    let source = folder.path().join("main.c");
    let program = folder.path().join("main");
    std::fs::write(&source, main(path, stamp)?).map_err(ExportError::io("write", &source))?;
    let mut compile = Command::new(&tools.cc);
    compile
        .args(["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-o"])
        .arg(&program)
        .arg(&source)
        .arg("-lm");
    process::output("cc", &mut compile, "", HINT, &tools.stop)?;
    let text = process::output(
        "cc",
        &mut Command::new(&program),
        &process::table(stamp, points),
        HINT,
        &tools.stop,
    )?;
    Ok(Results {
        tool: format!("{} -O2", Path::new(&tools.cc).display()),
        quantities: SLOPES.iter().map(|s| (*s).to_owned()).chain(others(path)?).collect(),
        rows: process::numbers(&text),
    })
}

/// Results beyond the drain current, as the header declares them.
fn others(path: &Path) -> Result<Vec<String>, ExportError> {
    let text = std::fs::read_to_string(path).map_err(ExportError::io("read", path))?;
    let members = text.lines().find_map(|l| l.strip_prefix("    double id, gm, gds, gmb")?.strip_suffix(';'));
    let members = members.ok_or_else(|| ExportError::NotAnExport {
        path: path.to_owned(),
        reason: "found no declaration of id, gm, gds, gmb".into(),
    })?;
    Ok(members.split(", ").filter(|m| !m.is_empty()).map(str::to_owned).collect())
}

fn main(path: &Path, stamp: &Stamp) -> Result<String, ExportError> {
    let path = std::path::absolute(path).map_err(ExportError::io("read", path))?;
    let name = &stamp.module;
    let reads: Vec<String> =
        stamp.open.iter().map(|o| format!("    if (scanf(\"%lf\", &p.{o}) != 1) return 1;\n")).collect();
    let prints: Vec<String> = SLOPES
        .iter()
        .map(|s| (*s).to_owned())
        .chain(others(&path)?)
        .map(|member| format!("    printf(\"%.17g \", o.{member});\n"))
        .collect();
    Ok(format!(
        "#include <stdio.h>\n#include \"{}\"\nint main(void) {{\n  int device;\n  double vgs, vds, vbs;\n  \
         while (scanf(\"%d %lf %lf %lf\", &device, &vgs, &vds, &vbs) == 4) {{\n    {name}_place p = {name}_own(device);\n\
         {}    {name}_card k = {name}_prepare(p);\n    {name}_point o = {name}_eval(&k, vgs, vds, vbs);\n\
         {}    printf(\"\\n\");\n  }}\n  return 0;\n}}\n",
        path.display(),
        reads.concat(),
        prints.concat()
    ))
}
