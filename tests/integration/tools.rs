//! Programs that run exports, obtained once and kept under `target/`; what cannot be had is skipped with a word.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use gummel_export::{ExportError, Tools, Verdict};

/// The tools of this machine, or those that `tests/python.sh` and `tests/ngspice.sh` fetch.
pub(crate) fn tools() -> &'static Tools {
    static TOOLS: OnceLock<Tools> = OnceLock::new();
    TOOLS.get_or_init(|| {
        let usual = Tools::default();
        Tools {
            python: obtained("GUMMEL_PYTHON", "python.sh").unwrap_or(usual.python),
            ngspice: obtained("GUMMEL_NGSPICE", "ngspice.sh").unwrap_or(usual.ngspice),
            cc: usual.cc,
        }
    })
}

fn obtained(variable: &str, script: &str) -> Option<OsString> {
    if let Some(named) = std::env::var_os(variable) {
        return Some(named);
    }
    // Both test crates lie in the workspace.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|a| a.join("Cargo.lock").exists())?;
    let output = Command::new(root.join("tests").join(script)).output().ok()?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !path.is_empty() {
        return Some(path.into());
    }
    eprintln!("{}", String::from_utf8_lossy(&output.stderr));
    None
}

/// Asserts that a check passed; a check whose tool is missing is reported as skipped.
pub(crate) fn assert_same(checked: Result<Verdict, ExportError>) {
    match checked {
        Ok(verdict) => {
            assert!(verdict.passed && verdict.same_weights, "{verdict:#?}");
            // id, gm, gds and gmb, within the range and outside.
            assert!(verdict.differences.len() >= 8, "{verdict:#?}");
        }
        Err(missing @ ExportError::ToolMissing { .. }) => eprintln!("SKIPPED: {missing}"),
        Err(other) => panic!("{other}"),
    }
}
