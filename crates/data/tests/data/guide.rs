//! The guide to adding a reader, held to the code that it speaks of.

use std::path::Path;

fn text(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn guide() -> String {
    text("../../docs/src/adding-a-reader.md")
}

#[test]
fn the_signature_is_that_of_every_reader_of_sheets() {
    let guide = guide();
    let (_, block) = guide.split_once("```rust,ignore\n").expect("a signature");
    let signature = block.lines().next().expect("a line").trim();
    for reader in ["csv", "easyexpert", "mdm", "plt", "raw"] {
        let source = text(&format!("src/read/{reader}.rs"));
        assert!(source.lines().any(|line| line == signature), "{reader}.rs has no '{signature}'");
    }
}

#[test]
fn the_table_of_the_sheet_names_its_fields() {
    let guide = guide();
    let (_, table) = guide.split_once("| field | what to put |\n").expect("the table of fields");
    let told: Vec<&str> = table
        .lines()
        .skip(1)
        .map_while(|line| line.strip_prefix("| `"))
        .filter_map(|line| line.split('`').next())
        .collect();
    let sheet = text("src/sheet.rs");
    let (_, body) = sheet.split_once("pub(crate) struct Sheet {").expect("the sheet");
    let (body, _) = body.split_once("\n}").expect("its end");
    let fields: Vec<&str> = body
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub(crate) "))
        .filter_map(|line| line.split(':').next())
        .collect();
    assert!(fields.len() > 5, "{fields:?}");
    let sorted = |mut names: Vec<&str>| {
        names.sort_unstable();
        names.join(" ")
    };
    assert_eq!(sorted(told), sorted(fields));
}

#[test]
fn the_tools_it_offers_are_there() {
    let guide = guide();
    let (_, table) = guide.split_once("| take | for |\n").expect("the table of tools");
    let tools = table.lines().skip(1).map_while(|line| line.strip_prefix("| `"));
    let mut seen = 0;
    for tool in tools.filter_map(|line| line.split('`').next()) {
        let (of, name) = tool.split_once("::").or_else(|| tool.split_once('.')).expect("a place and a name");
        let name = name.split('(').next().unwrap_or(name);
        let file = match of {
            "ColumnMapping" | "Heading" => "heading",
            place => place,
        };
        let source = text(&format!("src/{file}.rs"));
        assert!(source.contains(&format!("fn {name}(")), "src/{file}.rs has no function '{name}'");
        seen += 1;
    }
    assert!(seen > 4, "{seen} tools");
}
