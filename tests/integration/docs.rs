//! The documentation against the program: commands parse, TOML loads, tables of keys and packages are complete.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gummel_data::{ColumnMapping, Patterns};
use gummel_qa::Limits;
use gummel_surrogate::{AdamwConfig, FitConfig, Solver};
use toml::{Table, Value};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Pages that users read, with their names: the book and what stands in the root and beside data.
fn pages() -> Vec<(String, String)> {
    let mut pages = Vec::new();
    let folders = [
        ".",
        "docs/src",
        "docs/src/notebooks",
        "docs/src/physics",
        "notebooks",
        "datasets",
        "datasets/demo130",
        "datasets/catalogue",
    ];
    for folder in folders {
        for entry in std::fs::read_dir(root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "md") {
                let name = path.file_name().unwrap().to_string_lossy();
                pages.push((format!("{folder}/{name}"), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(pages.iter().any(|(name, _)| name == "docs/src/quickstart.md"));
    pages
}

/// Blocks of code of one language.
fn blocks<'a>(text: &'a str, language: &'a str) -> impl Iterator<Item = &'a str> {
    let code = text.split("```").skip(1).step_by(2);
    code.filter_map(move |block| block.strip_prefix(language)?.strip_prefix('\n'))
}

/// The words that a shell hands to a program.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" > ").next().unwrap_or(line);
    shlex::split(line).unwrap_or_else(|| panic!("quotes do not close: {line}"))
}

#[test]
fn every_gummel_command_parses() {
    let (mut n, mut wrong) = (0, Vec::new());
    for (page, text) in pages() {
        let scripts = blocks(&text, "sh").chain(blocks(&text, "bash"));
        let lines = scripts.map(|block| block.replace("\\\n", " ")).collect::<Vec<_>>();
        for line in lines.iter().flat_map(|block| block.lines()).map(str::trim) {
            let line = line.replace("cargo run --release -- ", "gummel ");
            if line.starts_with("gummel ") {
                if let Err(wrong) = gummel_cli::command().try_get_matches_from(words(&line)) {
                    panic!("{page}: {line}\n{wrong}");
                }
                n += 1;
            }
        }
        for command in text.split('`').skip(1).step_by(2).filter(|c| c.starts_with("gummel ")) {
            // Brackets stand around what may be left out.
            wrong.extend(
                names(&words(&command.replace(['[', ']'], "")))
                    .err()
                    .map(|why| format!("{page}: {command}: {why}")),
            );
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n >= 15, "{n} commands found");
}

/// Whether a command in running text means something: it parses, or it lacks what it needs to (inputs, a verb of a
/// verb, the value of its last flag, one for which a word in capitals stands) and has flags that there are.
fn names(words: &[String]) -> Result<(), String> {
    use clap::error::ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion, InvalidValue,
        MissingRequiredArgument, MissingSubcommand, ValueValidation,
    };
    let Err(wrong) = gummel_cli::command().try_get_matches_from(words) else { return Ok(()) };
    let stands_for_something = words.iter().any(|w| w.contains("...") || w.chars().any(char::is_uppercase))
        || words.last().is_some_and(|w| w.starts_with("--"));
    match wrong.kind() {
        DisplayHelp | DisplayVersion => return Ok(()),
        MissingRequiredArgument | MissingSubcommand | DisplayHelpOnMissingArgumentOrSubcommand => {}
        InvalidValue | ValueValidation if stands_for_something => {}
        _ => return Err(wrong.to_string()),
    }
    let mut command = gummel_cli::command();
    command.build();
    let mut verb = &command;
    for word in &words[1..] {
        if let Some(inner) = verb.find_subcommand(word) {
            verb = inner;
        } else if let Some(flag) = word.strip_prefix("--") {
            let flag = flag.split('=').next().unwrap_or_default();
            let known = verb.get_arguments().any(|a| a.get_long() == Some(flag));
            if !known {
                return Err(format!("'{}' has no flag --{flag}", verb.get_name()));
            }
        }
    }
    Ok(())
}

#[test]
fn commands_in_running_text_are_held_to_verbs_and_flags() {
    let judged = |line: &str| names(&words(line));
    assert_eq!(judged("gummel fit measurements/ --family nmos"), Ok(()));
    assert_eq!(judged("gummel check"), Ok(()));
    assert_eq!(judged("gummel data"), Ok(()));
    assert_eq!(judged("gummel fit TABLE --stream ROWS"), Ok(()));
    assert!(judged("gummel fit --no-such-flag").is_err());
    assert!(judged("gummel check --no-such-flag").is_err());
    assert_eq!(judged("gummel plot --kind"), Ok(()));
    assert!(judged("gummel plot runs/nmos --kind nothing").is_err());
    assert!(judged("gummel nothing").is_err());
}

#[test]
fn every_formula_has_a_page_with_its_file_and_a_source() {
    let overview = std::fs::read_to_string(root().join("docs/src/physics.md")).unwrap();
    let formulas: Vec<_> =
        pages().into_iter().filter(|(name, _)| name.starts_with("docs/src/physics/")).collect();
    assert!(formulas.len() >= 10);
    for (page, text) in formulas {
        let file = text.lines().nth(2).unwrap_or_default().trim_matches('`').to_owned();
        assert!(root().join(&file).is_file(), "{page}: there is no file '{file}'");
        for other in text.split('`').filter(|w| w.starts_with("crates/")) {
            assert!(root().join(other).is_file(), "{page}: there is no file '{other}'");
        }
        assert!(
            text.contains("```text\n") && text.contains("| symbol | meaning |"),
            "{page}: no formula or symbols"
        );
        assert!(text.contains("\nReference"), "{page}: no source");
        let link = page.strip_prefix("docs/src/").unwrap();
        assert!(
            overview.contains(&format!("({link}) |")) && overview.contains(&file),
            "physics.md lacks {link}"
        );
    }
}

#[test]
fn every_cargo_command_names_packages_and_benchmarks_that_exist() {
    for (page, text) in pages() {
        let commands = blocks(&text, "sh").flat_map(str::lines).chain(text.split('`').skip(1).step_by(2));
        for command in commands.filter(|c| c.trim().starts_with("cargo ")) {
            let words = words(command);
            let after = |flag: &str| words.iter().skip_while(|w| *w != flag).nth(1);
            let Some(package) = after("-p").and_then(|p| p.strip_prefix("gummel-")) else { continue };
            let folder =
                if package == "tests" { root().join("tests") } else { root().join("crates").join(package) };
            assert!(folder.join("Cargo.toml").exists(), "{page}: no package gummel-{package}");
            if let Some(bench) = after("--bench") {
                let file = folder.join("benches").join(bench).with_extension("rs");
                assert!(file.exists(), "{page}: no benchmark {}", file.display());
            }
        }
    }
}

#[test]
fn every_toml_block_is_a_recipe_a_mapping_patterns_or_limits() {
    let mut n = 0;
    for (page, text) in pages() {
        for block in blocks(&text, "toml") {
            let wrong = if block.contains("[[pattern]]") {
                Patterns::from_toml(&page, block).err().map(|e| e.to_string())
            } else if block.contains("[columns]") {
                toml::from_str::<ColumnMapping>(block).err().map(|e| e.to_string())
            } else if page.ends_with("qa.md") {
                toml::from_str::<Limits>(block).err().map(|e| e.to_string())
            } else {
                toml::from_str::<FitConfig>(block).err().map(|e| e.to_string())
            };
            assert_eq!(wrong, None, "{page}: {block}");
            n += 1;
        }
    }
    assert!(n >= 4, "{n} blocks found");
}

/// Keys of a table with dots, and their values.
fn leaves(table: &Table, before: &str, into: &mut BTreeMap<String, Value>) {
    for (key, value) in table {
        match value {
            Value::Table(inner) => leaves(inner, &format!("{before}{key}."), into),
            _ => {
                into.insert(format!("{before}{key}"), value.clone());
            }
        }
    }
}

/// Every key of a recipe with its default, for both solvers.
fn defaults() -> BTreeMap<String, Value> {
    let mut keys = BTreeMap::new();
    let adamw = FitConfig { solver: Solver::Adamw(AdamwConfig::default()), ..FitConfig::default() };
    for config in [adamw, FitConfig::default()] {
        leaves(&Table::try_from(config).unwrap(), "", &mut keys);
    }
    keys
}

/// Keys and defaults as docs/src/fit.md tells them; `floor` after `residual.relative` means `residual.floor`.
fn documented() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(root().join("docs/src/fit.md")).unwrap();
    let (_, table) = text.split_once("| key | default | meaning |").unwrap();
    let mut keys = BTreeMap::new();
    for row in table.lines().skip(2).take_while(|l| l.starts_with('|')) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let names: Vec<&str> = cells[1].split(", ").map(|n| n.trim_matches('`')).collect();
        let section = names[0].rsplit_once('.').map_or("", |(s, _)| s);
        let values = if names.len() == 1 { vec![cells[2]] } else { cells[2].split(", ").collect() };
        assert_eq!(values.len(), names.len(), "{row}");
        for (name, value) in names.iter().zip(values) {
            let name = if name.contains('.') || section.is_empty() {
                (*name).into()
            } else {
                format!("{section}.{name}")
            };
            keys.insert(name, value.trim_matches('`').to_owned());
        }
    }
    keys
}

/// Whether a default as written is the value.
fn means(written: &str, value: &Value) -> bool {
    let parsed = toml::from_str::<Table>(&format!("v = {written}")).ok().and_then(|mut t| t.remove("v"));
    let number = |v: &Value| v.as_float().or_else(|| v.as_integer().map(|i| i as f64));
    match parsed {
        Some(parsed) => parsed == *value || number(&parsed).is_some() && number(&parsed) == number(value),
        None => value.as_str() == Some(written),
    }
}

#[test]
fn the_table_of_recipe_keys_has_all_of_them_with_their_defaults() {
    let (actual, documented) = (defaults(), documented());
    for (key, value) in &actual {
        let section = key.split('.').next().unwrap();
        if documented.contains_key(&format!("{section}.*")) {
            continue;
        }
        let written = documented.get(key).unwrap_or_else(|| panic!("docs/src/fit.md lacks {key} = {value}"));
        assert!(means(written, value), "docs/src/fit.md says {key} = {written}, the default is {value}");
    }
    for (key, written) in &documented {
        // What is estimated has no default.
        let known = actual.contains_key(key) || key.ends_with(".*") || written == "estimated";
        assert!(known, "docs/src/fit.md describes {key}, which no recipe has");
    }
}
