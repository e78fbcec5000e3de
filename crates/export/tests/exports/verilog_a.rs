//! Rules for compact models in Verilog-A, as the reviewers of the Compact Model Coalition name them.

use std::collections::BTreeSet;

use gummel_export::{Selection, verilog_a};

use crate::models::{models, two_neurons};

/// Words of a line that are names.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == '`'))
        .filter(|w| w.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

/// What a module does wrong.
fn violations(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let (head, body) = text.split_once("analog begin\n").unwrap();
    let code: Vec<&str> = head.lines().filter(|l| !l.starts_with("//")).collect();
    let mut complain = |rule: &str, line: &str| wrong.push(format!("{rule}: {line}"));
    for line in text.lines().filter(|l| !l.starts_with("//")) {
        if line.contains('\t') || line.ends_with(' ') {
            complain("tabs or blanks at the end", line);
        }
        if (line.len() - line.trim_start().len()) % 4 != 0 {
            complain("indented by other than four blanks", line);
        }
        if line.len() > 120 {
            complain("longer than 120 characters", line);
        }
    }
    for (k, line) in code.iter().enumerate() {
        if line.contains('[') && line.contains("real") && !line.contains("parameter") {
            complain("an array", line);
        }
        let documented = |l: &str| l.contains("desc=\"") && l.contains("units=\"");
        if line.trim().starts_with("parameter ") {
            if !documented(code[k - 1]) {
                complain("a parameter without description and units", line);
            }
            if !line.contains(" from ") {
                complain("a parameter without a range", line);
            }
        }
    }
    for line in body.lines() {
        if line.contains("<+") && line.contains("ddx") {
            complain("a derivative operator in a contribution", line);
        }
        if line.contains("noise(") && !line.contains("\");") {
            complain("a noise source without a name", line);
        }
    }
    if !text.contains("flicker_noise(") || !text.contains("white_noise(") {
        complain("no noise", "");
    }
    // No hidden state: every variable is assigned before it is read, and all that is declared is used.
    let declared =
        code.iter().filter(|l| l.trim().starts_with("real ")).flat_map(|l| names(l.trim()).skip(1));
    let declared: BTreeSet<&str> = declared.collect();
    let (mut assigned, mut read) = (BTreeSet::<&str>::new(), BTreeSet::<&str>::new());
    for statement in body.split(';') {
        // Lines that open or close a block stand before the statement; their conditions are read.
        let is_block =
            |l: &&str| l.ends_with("begin") || l.starts_with("case") || ["end", "endcase", ""].contains(l);
        let lines: Vec<&str> = statement.lines().map(str::trim).collect();
        let block = lines.iter().take_while(|l| is_block(l)).count();
        let rest = lines[block..].join(" ");
        let (target, value) = match rest.split_once(" = ") {
            Some((target, value)) if declared.contains(target) => (Some(target), value),
            _ => (None, rest.as_str()),
        };
        let conditions = lines[..block].join(" ");
        for name in names(&conditions).chain(names(value)).filter_map(|n| declared.get(n)) {
            read.insert(*name);
            if !assigned.contains(name) {
                complain("read before it is assigned", name);
            }
        }
        assigned.extend(target.and_then(|t| declared.get(t)));
    }
    let shown = ["gm", "gds", "gmb"];
    for name in declared.difference(&read).filter(|n| !shown.contains(n)) {
        complain("declared and not used", name);
    }
    wrong
}

#[test]
fn modules_keep_the_rules() {
    for model in models().into_iter().chain([two_neurons()]) {
        let text = verilog_a::text(&model, &Selection::default()).unwrap();
        let wrong = violations(&text);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

#[test]
fn the_rules_find_what_breaks_them() {
    let text = verilog_a::text(&two_neurons(), &Selection::default()).unwrap();
    for (from, to, rule) in [
        ("    id = ", "    id =  \t", "tabs"),
        (" from [0:1]", "", "without a range"),
        (", \"thermal\")", ")", "without a name"),
        ("isource, forward", "isource, unused, forward", "not used"),
        ("vgs = V(br_gs);", "vgs = V(br_gs) + id;", "before it is assigned"),
        ("I(br_ds) <+ i_channel", "I(br_ds) <+ ddx(i_channel, V(g))", "derivative"),
        ("desc=\"number of", "info=\"number of", "without description"),
    ] {
        assert!(text.contains(from), "{from}");
        let wrong = violations(&text.replacen(from, to, 1)).join("\n");
        assert!(wrong.contains(rule), "{rule}: {wrong}");
    }
}
