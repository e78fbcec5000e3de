//! Commands of cargo on the pages: the packages, targets, features, tasks and tests they name must be there.
//!
//! `cargo test` must be a part of what `cargo xtask check` runs, so that every such command of the book is run.

use std::path::{Path, PathBuf};

use crate::USAGE;

/// Flags that the check runs all tests with; with others cargo compiles the dependencies once more.
const CHECKED: [&str; 3] = ["--release", "--workspace", "--features=xtask/datasets"];

/// What commands of a page name that the repository does not have.
pub(super) fn missing(root: &Path, file: &str, text: &str) -> Vec<String> {
    let parts: Vec<&str> = text.split("```").collect();
    let blocks = parts.iter().skip(1).step_by(2).flat_map(|block| block.lines());
    let spans = parts.iter().step_by(2).flat_map(|prose| prose.split('`').skip(1).step_by(2));
    let commands = blocks.chain(spans).filter_map(|line| Some((words(line)?, filter(line))));
    let of_command = |(words, filter): (Vec<&str>, _)| {
        let mut complaints = wrong(root, &words);
        // Without any flag it is the name of the command.
        if words.first() == Some(&"test") && words.len() > 1 {
            complaints.extend(unchecked(root, &words, filter));
        }
        complaints
    };
    commands.flat_map(of_command).map(|what| format!("{file}: {what}")).collect()
}

/// Words of a command behind `cargo`, up to those of the program that it starts; `None` for other commands.
fn words(line: &str) -> Option<Vec<&str>> {
    let is_variable = |w: &&str| {
        w.split_once('=').is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
    };
    let mut words = line.split_whitespace().skip_while(is_variable);
    (words.next() == Some("cargo")).then(|| words.take_while(|w| *w != "--" && !w.starts_with('#')).collect())
}

/// The first word for the program that a command starts, unless it is a flag.
fn filter(line: &str) -> Option<&str> {
    let rest = line.split_once(" -- ")?.1;
    rest.split_whitespace().next().filter(|w| !w.starts_with('-') && !w.starts_with('#'))
}

/// Why `cargo xtask check` does not run what a command of `cargo test` runs.
fn unchecked(root: &Path, words: &[&str], filter: Option<&str>) -> Vec<String> {
    let lacks = |flag: &&str| !words.contains(flag);
    let mut wrong: Vec<String> = CHECKED
        .iter()
        .filter(|flag| lacks(flag))
        .map(|flag| format!("'cargo {}' lacks {flag}, with which cargo xtask check runs it", words.join(" ")))
        .collect();
    if let Some(filter) = filter.filter(|filter| !all(root).iter().any(|folder| names_test(folder, filter))) {
        wrong.push(format!("no test is called '{filter}'"));
    }
    wrong
}

/// Whether a function or a module of the tests below `folder` has `filter` in its name.
fn names_test(folder: &Path, filter: &str) -> bool {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    entries.into_iter().any(|path| {
        if path.is_dir() {
            return names_test(&path, filter);
        }
        if path.extension().is_none_or(|e| e != "rs") {
            return false;
        }
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let is_test = |line: &&str| line.trim_start().starts_with("fn ") && line.contains(filter);
        text.contains("#[test]") && (name.contains(filter) || text.lines().any(|l| is_test(&l)))
    })
}

fn wrong(root: &Path, words: &[&str]) -> Vec<String> {
    if let [first, tasks @ ..] = words
        && *first == "xtask"
    {
        let known = |task: &str| USAGE.split(|c: char| !c.is_alphanumeric() && c != '-').any(|w| w == task);
        return tasks
            .iter()
            .filter(|t| !known(t))
            .map(|t| format!("xtask has no task or step '{t}'"))
            .collect();
    }
    let mut wrong = Vec::new();
    let given = after(words, "-p").or_else(|| after(words, "--package"));
    let folders = match given {
        Some(package) => vec![folder(root, package)],
        None => all(root),
    };
    if let Some(package) = given.filter(|_| !folders[0].join("Cargo.toml").is_file()) {
        wrong.push(format!("there is no package '{package}'"));
    }
    for (flag, places) in [
        ("--bench", &["benches/NAME.rs"][..]),
        ("--test", &["tests/NAME.rs", "tests/NAME/main.rs", "NAME/main.rs"]),
        ("--example", &["examples/NAME.rs"]),
    ] {
        let Some(name) = after(words, flag) else { continue };
        let there = |folder: &PathBuf| places.iter().any(|p| folder.join(p.replace("NAME", name)).is_file());
        if !folders.iter().any(there) {
            wrong.push(format!("there is no target for '{flag} {name}'"));
        }
    }
    let features = after(words, "--features").into_iter().flat_map(|f| f.split(','));
    for feature in features {
        let (of, name) = match feature.split_once('/') {
            Some((package, name)) => (vec![folder(root, package)], name),
            None => (folders.clone(), feature),
        };
        let has = |folder: &PathBuf| {
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap_or_default();
            manifest.lines().any(|l| l.split_once(" = ").is_some_and(|(key, _)| key == name))
        };
        if !of.iter().any(has) {
            wrong.push(format!("there is no feature '{feature}'"));
        }
    }
    wrong
}

/// The value of a flag, `--test data` or `--test=data`.
fn after<'a>(words: &[&'a str], flag: &str) -> Option<&'a str> {
    let joined = |w: &&'a str| w.strip_prefix(flag).and_then(|rest| rest.strip_prefix('='));
    let apart = || words.iter().position(|w| *w == flag).and_then(|k| words.get(k + 1).copied());
    words.iter().find_map(joined).or_else(apart)
}

/// Where a package of the workspace is.
fn folder(root: &Path, package: &str) -> PathBuf {
    match package.strip_prefix("gummel-") {
        Some("tests") => root.join("tests"),
        Some(name) => root.join("crates").join(name),
        None => root.join(package),
    }
}

/// Every package of the workspace.
fn all(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join("crates")).into_iter().flatten().flatten().map(|e| e.path());
    entries.chain([root.join("tests"), root.join("xtask")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        missing(&root, "page.md", text).join("; ").replace("page.md: ", "")
    }

    #[test]
    fn what_is_there_is_no_complaint() {
        for command in [
            "cargo test --release --workspace --features=xtask/datasets --test cli -- export",
            "A_VARIABLE=$(tests/python.sh) cargo bench -p gummel-export --bench batch -- runs/nmos W1u",
            "cargo test --release --workspace --features=xtask/datasets -- sharing --nocapture",
            "cargo run --release -p gummel-plot --example series -- a.csv",
            "cargo build --release --features gummel-cli/wgpu",
            "cargo xtask check python   # the package",
            "gummel fit --bench nothing",
        ] {
            assert_eq!(wrong(&format!("```sh\n{command}\n```\n")), "", "{command}");
            assert_eq!(wrong(&format!("run `{command}` for it")), "", "{command}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        for (command, complaint) in [
            ("cargo run -p gummel-attic", "there is no package 'gummel-attic'"),
            ("cargo bench -p gummel-data --bench rings", "there is no target for '--bench rings'"),
            ("cargo build --test=nowhere", "there is no target for '--test nowhere'"),
            (
                "cargo test --workspace --features=xtask/datasets",
                "'cargo test --workspace --features=xtask/datasets' lacks --release, with which cargo xtask check runs it",
            ),
            (
                "cargo test --release --workspace --features=xtask/datasets -- unicorns",
                "no test is called 'unicorns'",
            ),
            ("cargo build --features gummel-cli/steam", "there is no feature 'gummel-cli/steam'"),
            ("cargo xtask polish", "xtask has no task or step 'polish'"),
        ] {
            assert_eq!(wrong(&format!("```text\n{command}\n```\n")), complaint);
        }
    }
}
