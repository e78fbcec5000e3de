//! A small laboratory: measured files of made-up transistors, and the program to run on them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gummel_device::{Geometry, Polarity};
use gummel_kernel::Sample;
use gummel_model::{DeviceEntry, Manifest, Model};

/// The day of the laboratory, 2001-09-09, in seconds since 1970.
const TODAY: &str = "1000000000";

/// A folder with measurements and room for results.
pub(crate) struct Lab {
    root: tempfile::TempDir,
}

impl Lab {
    /// Four n-channel devices in `data/`, each with gate and drain sweeps, and a recipe that is quick.
    pub(crate) fn new() -> Self {
        let lab = Lab { root: tempfile::tempdir().expect("folder") };
        std::fs::create_dir(lab.path("data")).expect("folder");
        for (w, l) in [(0.3, 0.13), (1.0, 0.13), (1.0, 1.0), (10.0, 10.0)] {
            lab.measure("nmos", w, l, 1.0);
        }
        lab.write("quick.toml", QUICK);
        lab
    }

    /// Adds p-channel devices.
    pub(crate) fn with_pmos(self) -> Self {
        for (w, l) in [(1.0, 0.13), (1.0, 1.0), (10.0, 10.0)] {
            self.measure("pmos", w, l, -1.0);
        }
        self
    }

    /// Adds models of two made-up transistors of each polarity, in `nmos` and `pmos`.
    pub(crate) fn with_made_up(self) -> Self {
        for (family, sign, polarity) in [("nmos", 1.0, Polarity::N), ("pmos", -1.0, Polarity::P)] {
            let spec = Sample { sign, devices: 2, layers: vec![4], ..Sample::default() }.spec();
            let mut manifest = Manifest::new("made-up", family, polarity);
            manifest.devices = spec
                .devices
                .iter()
                .map(|d| DeviceEntry::new(&d.name, Geometry::new(d.place.w, d.place.l), 1e-12))
                .collect();
            Model::new(spec, manifest).expect("model").save(self.path(family)).expect("save");
        }
        self
    }

    /// A path in the laboratory.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("write");
    }

    /// Reads a file.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// Runs `gummel` with the words of `line`, in the laboratory.
    pub(crate) fn gummel(&self, line: &str) -> Ran {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        self.program(env!("CARGO_BIN_EXE_gummel").as_ref(), &words)
    }

    /// The same at another time, in the words of `SOURCE_DATE_EPOCH`, or at the time of the clock.
    pub(crate) fn gummel_at(&self, time: Option<&str>, line: &str) -> Ran {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        self.program_at(time, env!("CARGO_BIN_EXE_gummel").as_ref(), &words)
    }

    /// Runs a program in the laboratory, where it is always the same day.
    pub(crate) fn program(&self, program: &OsStr, words: &[String]) -> Ran {
        self.program_at(Some(TODAY), program, words)
    }

    fn program_at(&self, time: Option<&str>, program: &OsStr, words: &[String]) -> Ran {
        let mut command = Command::new(program);
        command.args(words).current_dir(self.root.path()).env("COLUMNS", "100");
        match time {
            Some(time) => command.env("SOURCE_DATE_EPOCH", time),
            None => command.env_remove("SOURCE_DATE_EPOCH"),
        };
        let output = command.output().unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        Ran { line: words.join(" "), output }
    }

    /// Files and folders in a folder, sorted.
    pub(crate) fn list(&self, folder: &str) -> Vec<String> {
        list(&self.path(folder))
    }

    /// Drain current of an EKV transistor with 0.35 V threshold, A; signs as a source-measure unit reads them.
    pub(crate) fn current(w: f64, l: f64, vg: f64, vd: f64) -> f64 {
        let (n, ut, sign) = (1.3, 0.0259, if vg + vd < 0.0 { -1.0 } else { 1.0 });
        let charge = |v: f64| (1.0 + (v / (2.0 * ut)).exp()).ln().powi(2);
        let pinch = (sign * vg - 0.35) / n;
        let noise = 2e-13 * (1e4 * (vg + 3.0 * vd)).sin();
        sign * 7e-7 * w / l * (charge(pinch) - charge(pinch - sign * vd)) * (1.0 + 0.02 * sign * vd / l)
            + noise
    }

    fn measure(&self, kind: &str, w: f64, l: f64, sign: f64) {
        self.measure_into("data", kind, w, l, sign);
    }

    /// Measures one device into `folder`: sizes in micrometres, +1 for n-channel, -1 for p-channel.
    pub(crate) fn measure_into(&self, folder: &str, kind: &str, w: f64, l: f64, sign: f64) {
        std::fs::create_dir_all(self.path(folder)).expect("folder");
        let point =
            |v: f64| if v.fract() == 0.0 { format!("{v}u0") } else { v.to_string().replace('.', "u") };
        let stem = format!("SG13_{kind}~W{}_L{}_S1_1", point(w), point(l));
        let steps = |n: usize, step: f64| (0..n).map(move |i| sign * step * i as f64);
        let gate: String = [0.05, 0.6, 1.2]
            .map(|vd| {
                block(
                    "vd",
                    sign * vd,
                    "vg",
                    steps(25, 0.05).map(|vg| (vg, Self::current(w, l, vg, sign * vd))),
                )
            })
            .concat();
        let drain: String = [0.4, 0.8, 1.2]
            .map(|vg| {
                block(
                    "vg",
                    sign * vg,
                    "vd",
                    steps(25, 0.05).map(|vd| (vd, Self::current(w, l, sign * vg, vd))),
                )
            })
            .concat();
        let header = |first: &str, second: &str| {
            format!(
                "! VERSION = 6.00\nBEGIN_HEADER\n ICCAP_INPUTS\n  {first}\n  {second}\n  \
                 vb V B GROUND SMU4 0.1 CON 0\n  vs V S GROUND SMU3 0.1 CON 0\n ICCAP_OUTPUTS\n  \
                 id I D GROUND SMU1 B\n ICCAP_VALUES\n  TEMP \"27\"\n  MAIN.W \"{w}u\"\n  MAIN.L \"{l}u\"\nEND_HEADER\n"
            )
        };
        let end = sign * 1.2;
        let vg = format!("vg V G GROUND SMU2 0.1 LIN 1 0 {end} 25 {}", sign * 0.05);
        let vd = format!("vd V D GROUND SMU1 0.1 LIN 1 0 {end} 25 {}", sign * 0.05);
        let vds = format!("vd V D GROUND SMU1 0.1 LIST 2 3 {} {} {end}", sign * 0.05, sign * 0.6);
        let vgs = format!("vg V G GROUND SMU2 0.1 LIST 2 3 {} {} {end}", sign * 0.4, sign * 0.8);
        self.write(&format!("{folder}/{stem}~dc_idvg~300K.mdm"), &(header(&vg, &vds) + &gate));
        self.write(&format!("{folder}/{stem}~dc_idvd~300K.mdm"), &(header(&vd, &vgs) + &drain));
    }
}

/// What a run of the program left behind.
pub(crate) struct Ran {
    line: String,
    output: Output,
}

impl Ran {
    /// Asserts the exit code.
    pub(crate) fn code(self, expected: i32) -> Self {
        self.one_of(&[expected])
    }

    /// Asserts that the exit code is one of several.
    pub(crate) fn one_of(self, expected: &[i32]) -> Self {
        let found = self.output.status.code();
        let right = found.is_some_and(|code| expected.contains(&code));
        assert!(right, "'{}': {found:?}, not {expected:?}\n{}\n{}", self.line, self.out(), self.err());
        self
    }

    /// Standard output.
    pub(crate) fn out(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    /// Standard error.
    pub(crate) fn err(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out())
            .unwrap_or_else(|e| panic!("gummel {}: {e}\n{}", self.line, self.out()))
    }
}

/// Few steps: enough to see that a fit works.
const QUICK: &str = "\
[network]
hidden = [16, 16]

[solver]
kind = \"lm\"
subset_steps = 40
max_steps = 20
[constraints]
steps = 8
";

fn block(held: &str, value: f64, swept: &str, points: impl Iterator<Item = (f64, f64)>) -> String {
    let rows: String = points.map(|(v, i)| format!("  {v:.4} {i:e}\n")).collect();
    format!(
        "\nBEGIN_DB\n ICCAP_VAR {held} {value}\n ICCAP_VAR vb 0\n ICCAP_VAR vs 0\n\n  #{swept} id\n{rows}END_DB\n"
    )
}

fn list(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut names: Vec<String> =
        entries.map(|e| e.expect("entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
