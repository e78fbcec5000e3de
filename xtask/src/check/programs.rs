//! Programs that pages name and no test starts, on small inputs: that they work, not what they measure.
//!
//! Benches, the example that draws figures, Python programs beside the benches, and the generator of the bundled data.

use anyhow::{Context, Result};
use std::path::Path;
use std::process::{Command, Stdio};

use super::tally::SKIPPED;
use super::{Tally, command, release};

/// Folder of what the programs write, relative to the root; the step begins with an empty one.
const FOLDER: &str = "target/check-programs";
/// Runs of the bundled data, which the step `main-job` leaves.
const RUNS: [&str; 2] = ["target/check-run/nmos", "target/check-run/pmos"];
/// A fit of seconds; options of a recipe as the bench `fit` takes them.
const QUICK: &str = "network.hidden=[4,4] solver.max_steps=3 constraints.steps=0 charges.fit=\"off\"";

/// A program, what it is given, and a word of its result, which neither its usage nor an error has.
struct Program {
    name: &'static str,
    arguments: String,
    says: &'static str,
}

/// Builds and runs all.
///
/// # Errors
/// A program cannot be started, or the folder not be made.
pub(super) fn run(root: &Path) -> Result<Tally> {
    let folder = root.join(FOLDER);
    if folder.exists() {
        std::fs::remove_dir_all(&folder)?;
    }
    std::fs::create_dir_all(&folder)?;
    let built = command(
        root,
        &["build", "--release", "--workspace", "--features=xtask/datasets", "--bins", "--examples"],
    )
    .status()
    .context("cannot run cargo")?;
    if !built.success() {
        return Ok(Tally::of(false));
    }
    let simulator = has_simulator(root)?;
    let mut tally = benches(root, simulator)?;
    tally += figure(root)?;
    tally += python(root)?;
    tally += if simulator {
        heard(Command::new(release(root, "xtask")).args(["datasets", "--check"]).current_dir(root), "")?
    } else {
        Tally::skipped("xtask datasets --check: no ngspice")
    };
    // It fails where another processor makes other weights of the same data and recipe, which is nothing wrong here.
    let (_, [said, _]) = spoken(
        Command::new(release(root, "xtask")).args(["datasets", "trunk", "--check"]).current_dir(root),
    )?;
    tally += Tally::of(said.contains("largest difference of a weight"));
    Ok(tally)
}

/// Whether ngspice is at hand or can be fetched.
fn has_simulator(root: &Path) -> Result<bool> {
    if std::env::var_os("GUMMEL_NGSPICE").is_some() {
        return Ok(true);
    }
    let fetched =
        Command::new(root.join("tests/ngspice.sh")).output().context("cannot run tests/ngspice.sh")?;
    Ok(fetched.status.success())
}

/// All benches of the workspace.
fn benches(root: &Path, simulator: bool) -> Result<Tally> {
    let programs = table();
    let mut tally = Tally::default();
    for name in targets(root)? {
        let Some(program) = programs.iter().find(|p| p.name == name) else {
            println!("the bench '{name}' is not in {}", file!());
            tally += Tally::of(false);
            continue;
        };
        if name == "rings" && !simulator {
            tally += Tally::skipped("the bench 'rings': no ngspice");
            continue;
        }
        let mut cargo =
            command(root, &["bench", "--workspace", "--features=xtask/datasets", "--bench", &name, "--"]);
        tally += heard(cargo.args(program.arguments.split_whitespace()), program.says)?;
    }
    Ok(tally)
}

/// What each bench is given.
fn table() -> Vec<Program> {
    let program = |name, arguments: &str, says| Program { name, arguments: arguments.to_owned(), says };
    let (exact, noisy) = ("datasets/demo130/demo130.parquet", "datasets/demo130/demo130-noisy.parquet");
    let [n, p] = RUNS;
    vec![
        program("adam", "1", "samples/s"),
        program("batch", n, "kernel, one bias"),
        program("corners", &format!("{exact} demo130/nmos {FOLDER}/corners 4,4"), "out of order"),
        program("eval", "", "GFLOP/s"),
        program(
            "few",
            &format!(
                "{noisy} demo130/nmos 27 2 {FOLDER}/few plan single quick devices and={exact}:demo130/pmos:27"
            ),
            "coverage",
        ),
        program("fit", &format!("{exact} demo130/nmos 27 {QUICK}"), "rel_rms"),
        program("parse", "", "MB/s"),
        program("rings", &format!("{n} {p} 1"), "gummel"),
        program("scale", "10 4", "peak memory"),
        program("together", &format!("{noisy} demo130/nmos 27 1 2"), "evaluating"),
        program("warm", &format!("{noisy} demo130/nmos 125 2 {QUICK}"), "no point"),
    ]
}

/// Names of the benches, sorted.
fn targets(root: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for package in std::fs::read_dir(root.join("crates"))? {
        let Ok(files) = std::fs::read_dir(package?.path().join("benches")) else { continue };
        for file in files {
            let path = file?.path();
            if path.extension().is_some_and(|e| e == "rs") {
                names.extend(path.file_stem().map(|s| s.to_string_lossy().into_owned()));
            }
        }
    }
    names.sort();
    Ok(names)
}

/// A figure of three numbers.
fn figure(root: &Path) -> Result<Tally> {
    let folder = root.join(FOLDER);
    std::fs::write(folder.join("race.csv"), "series,x,y\na,1,2\na,10,1\nb,3,4\n")?;
    let mut example = Command::new(release(root, "examples/series"));
    let labels = ["Error against time", "Time", "s", "Error", "%"];
    let tally = heard(example.args(["race.csv", "race.svg"]).args(labels).current_dir(&folder), "")?;
    Ok(if folder.join("race.svg").is_file() { tally } else { Tally::of(false) })
}

/// Python programs, in the environment of the package's tests.
fn python(root: &Path) -> Result<Tally> {
    let python = root.join("target/wheel/venv/bin/python");
    if !python.exists() {
        return Ok(Tally::skipped(
            "Python programs beside the benches: the step 'python' made no environment",
        ));
    }
    let bench = |name: &str| root.join("crates/surrogate/benches").join(name);
    let gummel = release(root, "gummel");
    let mut tally = Tally::default();
    for (program, script, arguments) in [
        (&python, Some(bench("many_readings.py")), "20000 many.parquet"),
        (&gummel, None, "fit many.parquet --stream 5000 --hidden 4,4 --no-plots --solver adamw --out many"),
        (&gummel, None, "data convert demo130-noisy --out noisy.parquet"),
        (
            &python,
            Some(bench("cross_stitch.py")),
            "noisy.parquet demo130/nmos --every 4 --points 8 --width 2 --seeds 1",
        ),
        (
            &python,
            Some(bench("heads.py")),
            "devices noisy.parquet demo130/nmos --every 4 --points 8 --width 2 --seeds 1",
        ),
        (
            &python,
            Some(bench("heads.py")),
            "outputs noisy.parquet demo130/nmos --every 2 --points 8 --width 2 --seeds 1",
        ),
    ] {
        let mut command = Command::new(program);
        command.args(script).args(arguments.split(' ')).current_dir(root.join(FOLDER));
        tally += heard(&mut command, "")?;
    }
    Ok(tally)
}

/// Runs a program and says whether it ended well with `says` in its output.
fn heard(command: &mut Command, says: &str) -> Result<Tally> {
    let (well, [out, err]) = spoken(command)?;
    if well && !out.contains(says) && [&out, &err].iter().any(|text| text.contains(SKIPPED)) {
        return Ok(Tally { skipped: 1, ..Tally::default() });
    }
    Ok(Tally::of(well && out.contains(says)))
}

/// Runs a program and hands on what it prints: whether it ended well, its output and its complaints.
fn spoken(command: &mut Command) -> Result<(bool, [String; 2])> {
    println!("{command:?}");
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("cannot run {command:?}"))?;
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    print!("{}{}", said[0], said[1]);
    Ok((output.status.success(), said))
}
