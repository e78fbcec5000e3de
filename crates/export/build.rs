//! Compiles the device library twice (OSDI 0.3 and 0.4) as templates that an export fills with its models.
//!
//! rustc is called directly: the templates need other settings than the crate itself (a shared library,
//! `panic=abort`, full optimisation in every profile), and a nested cargo would wait for the lock of the outer one.

use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    let crates = PathBuf::from(variable("CARGO_MANIFEST_DIR")).join("..");
    let out = PathBuf::from(variable("OUT_DIR"));
    let kernel = source(&crates, "kernel");
    let osdi = source(&crates, "osdi");
    println!("cargo::rerun-if-changed=build.rs");

    let rlib = out.join("libgummel_kernel.rlib");
    let mut rustc = compiler("gummel_kernel", &kernel, &rlib);
    run(rustc.args(["--crate-type", "rlib"]));

    for (name, newer) in [("template_0_3.osdi", false), ("template_0_4.osdi", true)] {
        let library = out.join(name);
        let mut rustc = compiler("gummel_osdi", &osdi, &library);
        rustc.args(["--crate-type", "cdylib", "--cfg", "gummel_template", "-C", "strip=symbols"]);
        rustc.arg("--extern").arg(format!("gummel_kernel={}", rlib.display()));
        if newer {
            rustc.args(["--cfg", "gummel_abi_0_4"]);
        }
        if let Some(linker) = std::env::var_os("RUSTC_LINKER") {
            rustc.arg("-C").arg(format!("linker={}", PathBuf::from(linker).display()));
        }
        run(&mut rustc);
    }
}

/// Root of crate `name`; its sources are watched.
fn source(crates: &Path, name: &str) -> PathBuf {
    let folder = crates.join(name).join("src");
    println!("cargo::rerun-if-changed={}", folder.display());
    folder.join("lib.rs")
}

/// rustc for the target of this build with what both crates share.
fn compiler(name: &str, root: &Path, output: &Path) -> Command {
    let mut rustc = Command::new(variable("RUSTC"));
    // `-A warnings`: the ordinary build of the same sources reports them.
    rustc
        .args(["--edition", "2024", "--crate-name", name, "--target", &variable("TARGET")])
        .args(["-C", "opt-level=3", "-C", "panic=abort", "-C", "codegen-units=1", "-A", "warnings"])
        .arg(root)
        .arg("-o")
        .arg(output);
    rustc
}

fn run(rustc: &mut Command) {
    let status = rustc.status().unwrap_or_else(|e| panic!("cannot start {rustc:?}: {e}"));
    assert!(status.success(), "compiling the device library failed ({status}): {rustc:?}");
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|e| panic!("cargo sets {name} for build scripts: {e}"))
}
