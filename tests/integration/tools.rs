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
        let found = |variable, script, usual| {
            obtained(variable, script).unwrap_or_else(|reason| {
                eprintln!("{reason}");
                usual
            })
        };
        Tools {
            python: found("GUMMEL_PYTHON", "python.sh", usual.python),
            ngspice: found("GUMMEL_NGSPICE", "ngspice.sh", usual.ngspice),
            cc: usual.cc,
            stop: usual.stop,
        }
    })
}

/// The program that `variable` names, or the one that `script` of `tests/` fetches; else why there is none.
pub(crate) fn obtained(variable: &str, script: &str) -> Result<OsString, String> {
    if let Some(named) = std::env::var_os(variable) {
        return Ok(named);
    }
    // Both test crates lie in the workspace.
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().find(|a| a.join("Cargo.lock").exists());
    let root = root.ok_or("the tests do not lie in a workspace")?;
    let output = Command::new(root.join("tests").join(script)).output().map_err(|e| e.to_string())?;
    let path = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && !path.is_empty() {
        return Ok(path.into());
    }
    Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
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
