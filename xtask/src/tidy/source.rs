//! Rules for the text of one source file.

use std::path::Path;

/// Lines of a source file: from `LONG` on a split is advised, beyond `TOO_LONG` it is refused.
const LONG: usize = 400;
const TOO_LONG: usize = 600;

/// Names that say nothing, of files and at the end of types.
const EMPTY_NAMES: [&str; 6] = ["util", "utils", "helper", "helpers", "manager", "processor"];

/// What keeps a `.rs` file out of the repository.
pub(super) fn violations(file: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines = text.lines().count();
    if lines > TOO_LONG {
        wrong.push(format!("{file}: {lines} lines; split it (at most {TOO_LONG}, better {LONG})"));
    }
    if !text.starts_with("//! ") {
        wrong.push(format!("{file}: does not open with a //! sentence that says what it is for"));
    }
    let stem = Path::new(file).file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    if EMPTY_NAMES.contains(&stem) {
        wrong.push(format!("{file}: name it after what it does; '{stem}' says nothing"));
    }
    if stem == "mod" {
        wrong.push(format!("{file}: write x.rs beside x/ instead of x/mod.rs"));
    }
    for (k, line) in text.lines().enumerate() {
        if let Some(complaint) = complaint(line) {
            wrong.push(format!("{file}:{}: {complaint}", k + 1));
        }
    }
    wrong
}

/// What is wrong with a line of code.
fn complaint(line: &str) -> Option<String> {
    let unfinished = [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("dbg", "!(")];
    if let Some(mark) = unfinished.iter().find(|m| line.contains(*m)) {
        return Some(format!("unfinished code: {mark}"));
    }
    if is_commented_out(line) {
        return Some("commented-out code; git remembers it".into());
    }
    let name = type_name(line)?.to_lowercase();
    let empty = EMPTY_NAMES.iter().find(|e| name.ends_with(*e))?;
    Some(format!("name the type after what it is; '{empty}' says nothing"))
}

/// Whether a comment reads like a statement rather than like a sentence.
fn is_commented_out(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("//") else { return false };
    if comment.starts_with(['/', '!']) {
        return false;
    }
    let comment = comment.trim();
    let opens = ["let ", "use ", "pub ", "fn ", "return ", "if ", "for ", "while ", "match ", "#["];
    match comment.chars().last() {
        Some(';') => comment.contains(['(', '=']) || opens.iter().any(|o| comment.starts_with(o)),
        Some('{') => opens.iter().any(|o| comment.starts_with(o)),
        Some(']') => comment.starts_with("#["),
        Some('}') => comment == "}",
        _ => false,
    }
}

/// The name that a line declares as a type.
fn type_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|w| w.starts_with("pub"));
    if !["struct", "enum", "trait", "type"].contains(&words.next()?) {
        return None;
    }
    words.next()?.split(|c: char| !c.is_alphanumeric()).next()
}

/// Blanks at the ends of lines, and the end of the file.
pub(super) fn blanks(file: &str, text: &str) -> Vec<String> {
    let mut wrong: Vec<String> = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.ends_with([' ', '\t']))
        .map(|(k, _)| format!("{file}:{}: blanks at the end of the line", k + 1))
        .collect();
    if !text.is_empty() && !text.ends_with('\n') {
        wrong.push(format!("{file}: the last line does not end"));
    }
    wrong
}

/// A word on a file that is getting long.
pub(super) fn advice(file: &str, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (file.ends_with(".rs") && lines > LONG && lines <= TOO_LONG)
        .then(|| format!("{file}: {lines} lines; consider splitting it"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_file_passes() {
        let text = "//! Says what it is for.\n\n// Why it is so: (a = b), see the paper.\nstruct Trunk;\n";
        assert!(violations("src/trunk.rs", text).is_empty());
        assert!(blanks("src/trunk.rs", text).is_empty());
        assert!(advice("src/trunk.rs", text).is_none());
    }

    #[test]
    fn each_violation_is_named_with_its_line() {
        let complaints =
            |file: &str, body: &str| violations(file, &format!("//! What.\n{body}\n")).join("\n");
        assert!(complaints("src/utils.rs", "").contains("'utils'"));
        assert!(complaints("src/fit/mod.rs", "").contains("x.rs"));
        assert!(
            complaints("src/a.rs", "pub(crate) struct FitManager {").contains("src/a.rs:2: name the type")
        );
        assert!(complaints("src/a.rs", concat!("    to", "do!()")).contains("src/a.rs:2: unfinished"));
        assert!(
            complaints("src/a.rs", concat!("    /", "/ let x = f(y);")).contains("src/a.rs:2: commented")
        );
        assert!(complaints("src/a.rs", concat!("/", "/ if x {")).contains("commented"));
        assert!(complaints("src/a.rs", &"x\n".repeat(TOO_LONG)).contains("split it"));
        assert!(advice("src/a.rs", &"x\n".repeat(LONG + 1)).is_some());
        assert!(violations("src/a.rs", "fn main() {}\n").join("").contains("//!"));
    }

    #[test]
    fn blanks_and_unfinished_last_lines_are_found() {
        assert_eq!(blanks("a.md", "one \ntwo\t\nthree").len(), 3);
    }
}
