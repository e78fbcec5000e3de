//! Which crate may import what: the arrows of the house, compared with what `cargo metadata` says.

use anyhow::{Context, Result};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// What one crate may import.
struct Room {
    name: &'static str,
    /// Heavy packages, which no other crate may import; a name covers its family (`burn` also `burn-wgpu`).
    heavy: &'static [&'static str],
    /// Crates of the workspace.
    crates: &'static [&'static str],
}

/// The table of docs/src/architecture.md; a test holds that both are the same.
const HOUSE: [Room; 12] = [
    Room { name: "device", heavy: &[], crates: &[] },
    Room { name: "data", heavy: &["polars"], crates: &["device"] },
    Room { name: "catalogue", heavy: &["ureq"], crates: &[] },
    Room { name: "kernel", heavy: &[], crates: &[] },
    Room { name: "model", heavy: &["safetensors"], crates: &["device", "kernel"] },
    Room { name: "surrogate", heavy: &["burn", "faer"], crates: &["device", "data", "kernel", "model"] },
    Room { name: "export", heavy: &[], crates: &["device", "kernel", "model", "osdi"] },
    Room { name: "osdi", heavy: &[], crates: &["kernel"] },
    Room { name: "qa", heavy: &[], crates: &["device", "kernel", "model", "export"] },
    Room { name: "plot", heavy: &["plotters"], crates: &["device"] },
    Room {
        name: "cli",
        heavy: &["clap", "anyhow"],
        crates: &["device", "data", "catalogue", "kernel", "model", "surrogate", "export", "qa", "plot"],
    },
    Room {
        name: "python",
        heavy: &["pyo3", "anyhow"],
        crates: &["device", "data", "kernel", "model", "cli"],
    },
];

/// Heavy packages that have no room.
const HOMELESS: [&str; 1] = ["protobuf"];

/// The crate for tests across crates: its imports are free.
const TESTS: &str = "tests";

/// Arrows that the table does not have; dependencies of tests alone are free.
pub(super) fn violations(root: &Path) -> Result<Vec<String>> {
    let out = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .context("cannot run cargo metadata")?;
    let metadata: Value = serde_json::from_slice(&out.stdout)
        .with_context(|| format!("cargo metadata: {}", String::from_utf8_lossy(&out.stderr).trim()))?;
    Ok(wrong(&metadata))
}

fn wrong(metadata: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let Some(name) = package["name"].as_str().and_then(|n| n.strip_prefix("gummel-")) else { continue };
        if name == TESTS {
            continue;
        }
        let Some(room) = HOUSE.iter().find(|r| r.name == name) else {
            wrong.push(format!(
                "crate {name}: not in the table of crates (xtask/src/tidy/arrows.rs, docs/src/architecture.md)"
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let other = dependency["name"].as_str().unwrap_or_default();
            if dependency["kind"] != "dev" && !room.may_import(other) {
                wrong.push(format!(
                    "crate {name} imports {other}; allowed: crates {:?}, heavy packages {:?}",
                    room.crates, room.heavy
                ));
            }
        }
    }
    wrong
}

impl Room {
    fn may_import(&self, package: &str) -> bool {
        match package.strip_prefix("gummel-") {
            Some(own) => self.crates.contains(&own),
            None => {
                let is = |heavy: &&str| is_family(heavy, package);
                self.heavy.iter().any(is) || !HOUSE.iter().flat_map(|r| r.heavy).chain(&HOMELESS).any(is)
            }
        }
    }
}

/// Whether a package is `heavy` or one of its parts, `heavy-part`.
fn is_family(heavy: &str, package: &str) -> bool {
    package.strip_prefix(heavy).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn crate_with(name: &str, dependency: &str, kind: Value) -> Value {
        json!({"packages": [{"name": name, "dependencies": [{"name": dependency, "kind": kind}]}]})
    }

    #[test]
    fn arrows_against_the_table_are_found() {
        let complaints = |name, dependency, kind| wrong(&crate_with(name, dependency, kind)).len();
        assert_eq!(complaints("gummel-plot", "gummel-device", Value::Null), 0);
        assert_eq!(complaints("gummel-plot", "gummel-model", Value::Null), 1);
        assert_eq!(complaints("gummel-plot", "gummel-model", json!("dev")), 0);
        assert_eq!(complaints("gummel-plot", "gummel-model", json!("build")), 1);
        assert_eq!(complaints("gummel-surrogate", "burn-wgpu", Value::Null), 0);
        assert_eq!(complaints("gummel-model", "burn-wgpu", Value::Null), 1);
        assert_eq!(complaints("gummel-model", "burnish", Value::Null), 0);
        assert_eq!(complaints("gummel-cli", "pyo3", Value::Null), 1);
        assert_eq!(complaints("gummel-attic", "serde", Value::Null), 1);
    }

    #[test]
    fn the_book_has_the_same_table() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/src/architecture.md");
        let page = std::fs::read_to_string(page).expect("the page about architecture");
        let cells = |line: &str| line.split('|').map(|c| c.trim().to_owned()).collect::<Vec<_>>();
        let written: Vec<_> = page
            .lines()
            .filter(|l| l.starts_with("| `"))
            .map(cells)
            .map(|c| (c[1].clone(), c[3].replace(" (planned)", ""), c[4].clone()))
            .collect();
        let list = |names: &[&str], none: &str| {
            if names.is_empty() { none.to_owned() } else { names.join(", ") }
        };
        let held: Vec<_> = HOUSE
            .iter()
            .map(|r| (format!("`{}`", r.name), list(r.heavy, "none"), list(r.crates, "-")))
            .collect();
        assert_eq!(written, held);
    }
}
