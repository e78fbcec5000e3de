//! The book as a reader follows it: the commands of a page, in order, in one folder that has what the page speaks of.
//!
//! Fits take the laboratory's quick recipe whatever the page says (but for recipes that the page itself gives), sets that are
//! streamed are small, and proofs look at few boxes; nothing else is changed. A command whose tool is not at hand is passed over with a line `SKIPPED:`, one that no test can run with a line
//! `EXEMPT:`; the page on contributing lists these.

use crate::lab::Lab;

/// Pages that have no command of gummel, and why the others are not run here.
const EXEMPT: [(&str, &str); 4] = [
    ("contributing", "runs the check that this test is in"),
    ("notebooks", "its commands are run by crates/python/tests/test_commands.py"),
    ("python", "its commands are run by crates/python/tests/test_commands.py"),
    ("simulators", "runs a part of the check that this test is in; tidy holds that"),
];

/// Code of a page that a reader uses: shell commands, and files to save under a name the text gives.
enum Step<'a> {
    Command(String),
    File(&'a str, &'a str),
}

#[test]
fn every_page_with_commands_is_followed_or_exempt() {
    let folder = format!("{}/../../docs/src", env!("CARGO_MANIFEST_DIR"));
    let told = page("contributing");
    let mut with_commands = 0;
    for entry in std::fs::read_dir(folder).expect("the book") {
        let path = entry.expect("entry").path();
        if path.extension().is_none_or(|e| e != "md") {
            continue;
        }
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        if !page(&name).contains("```sh\n") {
            continue;
        }
        with_commands += 1;
        let followed = include_str!("book.rs").contains(&format!("follow(&lab, \"{name}\")"));
        let exempt = EXEMPT.iter().find(|(page, _)| *page == name);
        assert!(followed != exempt.is_some(), "docs/src/{name}.md must be followed by a test or be exempt");
        if let Some((_, reason)) = exempt {
            eprintln!("EXEMPT: docs/src/{name}.md: {reason}");
            let (_, list) =
                told.split_once("Executed elsewhere").expect("contributing.md lists what is exempt");
            assert!(
                list.contains(&format!("({name}.md)")) || name == "contributing",
                "contributing.md lacks {name}"
            );
        }
    }
    assert!(with_commands > EXEMPT.len(), "{with_commands} pages");
}

#[test]
fn fit() {
    let lab = bench();
    follow(&lab, "fit");
    assert!(lab.path("lots.parquet").is_file());
}

#[test]
fn quickstart() {
    let lab = bench();
    lab.write("data.csv", "drain voltage,gate,current,T,width,length\n");
    lab.write("columns.toml", "[columns]\n\"drain voltage\" = \"vds\"\ngate = \"vgs\"\ncurrent = \"id\"\n");
    let rows: String =
        sweep(10.0, 0.13).map(|(vgs, vds, id)| format!("{vds},{vgs},{id:e},27,10u,0.13u\n")).collect();
    lab.write("data.csv", &(lab.read("data.csv") + &rows));
    lab.write("biases.csv", "vgs,vds,vbs\n0.6,1.2,0\n1.2,0.05,-0.3\n");
    lab.write("my-recipe.toml", &lab.read("quick.toml"));
    follow(&lab, "quickstart");
}

#[test]
fn datasets() {
    let lab = bench();
    for name in ["ihp", "sky130"] {
        for (w, l) in SIZES {
            lab.measure_into(&format!("path/to/{name}"), "nmos", w, l, 1.0);
        }
    }
    follow(&lab, "datasets");
}

#[test]
fn adapt_and_trust() {
    let lab = bench();
    lab.gummel("fit data --config quick.toml --no-plots --out runs/lv_nmos").code(0);
    let rows: String =
        sweep(5.0, 0.18).step_by(7).map(|(vgs, vds, id)| format!("{vgs},{vds},0,{id:e}\n")).collect();
    lab.write("die7.csv", &format!("vgs,vds,vbs,id\n{rows}"));
    follow(&lab, "adapt");
    follow(&lab, "trust");
}

#[test]
fn multitask() {
    let lab = bench();
    for (w, l) in SIZES {
        lab.measure_into("ihp-sg13g2", "nmos", w, l, 1.0);
    }
    follow(&lab, "multitask");
    follow(&lab, "corners");
}

#[test]
fn plots_checks_and_reports() {
    let lab = with_runs();
    follow(&lab, "plots");
    follow(&lab, "qa");
    follow(&lab, "report");
}

#[test]
fn export() {
    let lab = with_runs();
    lab.gummel(
        "fit demo130 --family nmos --temperature 27 --config quick.toml --no-plots --out runs/corners",
    )
    .code(0);
    for target in ["c", "spice"] {
        lab.gummel(&format!("export runs/nmos --to {target}")).code(0);
    }
    follow(&lab, "export");
    follow(&lab, "doctor");
}

#[test]
fn benchmarks() {
    let lab = bench();
    for (w, l) in SIZES {
        lab.measure_into("ihp-sg13g2", "nmos", w, l, 1.0);
        lab.measure_into("ihp-sg13g2", "pmos", w, l, -1.0);
    }
    // Made by a program in Python on the page.
    std::fs::copy(lab.path("measurements/lot7.parquet"), lab.path("many.parquet")).expect("copied");
    follow(&lab, "benchmarks");
}

#[test]
fn tutorial() {
    if mirror().is_none() {
        eprintln!("SKIPPED: the tutorial needs the measurements of SG13G2; GUMMEL_SHARED has none");
        return;
    }
    let lab = Lab::new();
    follow(&lab, "tutorial");
}

#[test]
#[cfg(unix)]
fn scripts_of_schedulers() {
    let lab = Lab::new();
    for lot in ["7", "8", "9"] {
        let sign = if lot == "9" { -1.0 } else { 1.0 };
        for (w, l) in [(0.3, 0.13), (10.0, 0.13), (1.0, 1.0)] {
            lab.measure_into(&format!("lots/{lot}"), if sign > 0.0 { "nmos" } else { "pmos" }, w, l, sign);
        }
    }
    let page = page("scale-out");
    let (_, after) = page.split_once("```text\n").expect("a list of jobs");
    // What the laboratory's files are called is the program's choice.
    let jobs =
        after.split("```").next().expect("its end").replace(" nmos", " lv_nmos").replace(" pmos", " lv_pmos");
    lab.write("jobs.txt", &jobs);
    let programs =
        std::path::Path::new(env!("CARGO_BIN_EXE_gummel")).parent().expect("folder").display().to_string();
    let path = format!("PATH={programs}:{}", std::env::var("PATH").unwrap_or_default());
    let scripts: Vec<&str> = page.split("```bash\n").skip(1).filter_map(|s| s.split("```").next()).collect();
    let variables =
        [["SLURM_ARRAY_TASK_ID=2", "SLURM_CPUS_PER_TASK=2"], ["LSB_JOBINDEX=3", "LSB_DJOB_NUMPROC=2"]];
    assert_eq!(scripts.len(), variables.len());
    for (script, variables) in scripts.into_iter().zip(variables) {
        lab.write("job.sh", &script.replace("--seed", "--config quick.toml --seed"));
        let words: Vec<String> =
            [&path, variables[0], variables[1], "bash", "job.sh"].map(str::to_owned).to_vec();
        lab.program("env".as_ref(), &words).code(0);
    }
    assert!(lab.path("runs/job-2/model").is_dir() && lab.path("runs/job-3/model").is_dir());
}

/// A laboratory with the folders that pages call by name: the bundled data stand for a reader's own.
fn bench() -> Lab {
    let lab = Lab::new();
    std::fs::create_dir(lab.path("measurements")).expect("folder");
    lab.gummel("data convert demo130-noisy --out measurements/lot7.parquet").code(0);
    lab.write("adamw.toml", "[solver]\nkind = \"adamw\"\nsteps = 50\n");
    lab
}

/// A laboratory with fits of the bundled data.
fn with_runs() -> Lab {
    let lab = bench();
    for family in ["nmos", "pmos"] {
        let line = format!(
            "fit --family */{family} --temperature 27 --config quick.toml --no-plots --out runs/{family}"
        );
        lab.gummel(&line).code(0);
    }
    lab
}

/// A folder with the files of `gummel data fetch ihp-sg13g2`, in place of the server.
fn mirror() -> Option<String> {
    let folder = std::path::Path::new(&std::env::var_os("GUMMEL_SHARED")?).join("data/silicon/ihp");
    folder.join("ihp-sg13g2").is_dir().then(|| folder.display().to_string())
}

const SIZES: [(f64, f64); 4] = [(0.3, 0.13), (10.0, 0.13), (1.0, 1.0), (10.0, 10.0)];

/// Gate and drain voltage and drain current of a transistor of `w` and `l` micrometres.
fn sweep(w: f64, l: f64) -> impl Iterator<Item = (f64, f64, f64)> {
    let gate = move |vds: f64| (0..25).map(move |i| (0.05 * f64::from(i), vds));
    [0.05, 0.6, 1.2]
        .into_iter()
        .flat_map(gate)
        .map(move |(vgs, vds)| (vgs, vds, Lab::current(w, l, vgs, vds)))
}

/// Follows a page to its end.
fn follow(lab: &Lab, name: &str) {
    let (mut ran, mut given) = (0, Vec::new());
    for step in steps(&page(name)) {
        match step {
            Step::File(name, content) => {
                lab.write(name, content);
                given.push(name.to_owned());
            }
            Step::Command(line) => ran += usize::from(run(lab, name, &given, &line)),
        }
    }
    assert!(ran > 0, "{name}: no command was run");
}

/// The text of a page of the book.
fn page(name: &str) -> String {
    let path = format!("{}/../../docs/src/{name}.md", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Whether a command could be run; it is asserted that it succeeds. `given` are files that the page gave.
fn run(lab: &Lab, page: &str, given: &[String], line: &str) -> bool {
    let mut words = shlex::split(line).unwrap_or_else(|| panic!("{page}: quotes do not close: {line}"));
    let skipped = |tool: &str| {
        eprintln!("SKIPPED: docs/src/{page}.md: '{line}' needs {tool}");
        false
    };
    let exempt = |reason: &str| {
        eprintln!("EXEMPT: docs/src/{page}.md: '{line}': {reason}");
        false
    };
    match words.first().map(String::as_str) {
        Some("gummel") => _ = words.remove(0),
        Some("ngspice") => {
            let Some(ngspice) = std::env::var_os("GUMMEL_NGSPICE") else { return skipped("GUMMEL_NGSPICE") };
            let said = lab.program(&ngspice, &words[1..]).code(0);
            assert!(said.out().contains("delay = "), "{page}: {}", said.out());
            return true;
        }
        _ => return exempt("run by cargo xtask check programs"),
    }
    if words[0] == "data" && words[1] == "fetch" {
        let Some(mirror) = mirror() else { return skipped("GUMMEL_SHARED") };
        words.extend(["--from".to_owned(), mirror]);
        let fetched = lab.program(env!("CARGO_BIN_EXE_gummel").as_ref(), &words).code(0);
        assert!(fetched.out().contains("all hashes right"), "{page}: {}", fetched.out());
        return true;
    }
    if let Some(k) = words.iter().position(|w| w == "--simulator") {
        let Ok(ngspice) = std::env::var("GUMMEL_NGSPICE") else { return skipped("GUMMEL_NGSPICE") };
        words[k + 1] = ngspice;
    }
    if words[0] == "verify" && words[1].ends_with(".va") && std::env::var_os("GUMMEL_PYTHON").is_none() {
        return skipped("GUMMEL_PYTHON");
    }
    if words.windows(2).any(|w| w == ["--device", "gpu"]) {
        return exempt("run by cargo xtask check gpu");
    }
    shorten(&mut words, given);
    // A check that fails is what `--fail-on` is there to tell, and a suspicion what the doctor is for.
    let failed = words.iter().any(|w| w == "--fail-on" || w == "doctor");
    let code = lab.program(env!("CARGO_BIN_EXE_gummel").as_ref(), &words);
    if failed {
        code.one_of(&[0, 4])
    } else {
        code.code(0)
    };
    true
}

/// The same command in less time, with the laboratory's data.
fn shorten(words: &mut Vec<String>, given: &[String]) {
    let flag = |words: &mut Vec<String>, name: &str, value: &str| {
        if let Some(k) = words.iter().position(|w| w == name) {
            words[k + 1] = value.to_owned();
        } else {
            words.extend([name.to_owned(), value.to_owned()]);
        }
    };
    for word in words.iter_mut().filter(|w| w.starts_with("../shared/data/silicon/ihp")) {
        *word = "ihp-sg13g2".to_owned();
    }
    let kept = words.iter().any(|w| w == "--resume" || given.contains(w));
    let recipe = if words.iter().any(|w| w == "adamw") { "adamw.toml" } else { "quick.toml" };
    if words.iter().any(|w| w == "--stream") {
        flag(words, "--stream", "5000");
    }
    match words[0].as_str() {
        "fit" | "compare" if !kept => flag(words, "--config", recipe),
        "certify" => flag(words, "--boxes", "500"),
        _ => {}
    }
}

/// Commands of `sh` blocks, and blocks that the text before them tells to save.
fn steps(page: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let parts: Vec<&str> = page.split("```").collect();
    for pair in parts.chunks_exact(2) {
        let [before, code] = pair else { continue };
        let Some((language, code)) = code.split_once('\n') else { continue };
        let told = before.trim_end().strip_suffix("`:").and_then(|t| t.rsplit_once("Save this as `"));
        if let Some((_, name)) = told {
            steps.push(Step::File(name, code));
        } else if language == "sh" {
            let joined = code.replace("\\\n", " ");
            steps.extend(
                joined.lines().filter(|l| !l.trim().is_empty()).map(|l| Step::Command(l.trim().to_owned())),
            );
        }
    }
    steps
}
