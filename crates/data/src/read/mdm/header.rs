//! The header of an `.mdm` file: what is swept, what is measured, and the values noted beside it.

use super::{HINT, Lines};
use crate::{DataError, number};

/// Inputs, outputs and values of one file.
pub(super) struct Header {
    inputs: Vec<Input>,
    outputs: Vec<Output>,
    /// Key and value pairs of `ICCAP_VALUES`, in order.
    pub(super) values: Vec<(String, String)>,
}

/// One stimulus.
pub(super) struct Input {
    name: String,
    /// Column name in the sheet.
    pub(super) column: String,
    unit: String,
    compliance: Option<f64>,
    /// Nesting order, 1 innermost; `None` when held or coupled.
    order: Option<u32>,
    /// Number of values; `None` when the header does not say.
    pub(super) count: Option<usize>,
    held: Held,
}

/// What the header says of an input that is not swept.
#[derive(Clone, Debug, PartialEq)]
enum Held {
    /// Nothing, or it is swept.
    No,
    Constant(f64),
    /// Ratio and offset to another input.
    Follows(f64, f64, String),
}

struct Output {
    name: String,
    mode: char,
    plus: String,
    minus: String,
    unit: String,
}

/// Words that say how an input moves, behind its fixed fields.
const KINDS: [&str; 6] = ["LIN", "LIST", "LOG", "CON", "SYNC", "AC"];

/// Reads up to `END_HEADER`.
pub(super) fn read(lines: &mut Lines<'_>) -> Result<Header, DataError> {
    let source = lines.source;
    let mut header = Header { inputs: Vec::new(), outputs: Vec::new(), values: Vec::new() };
    let mut section = Section::Before;
    let fail = |line: usize, found: &str, expected: &str| {
        let found = format!("'{}'", found.chars().take(60).collect::<String>());
        source.syntax(line, found, expected, HINT)
    };
    while let Some(line) = lines.next() {
        source.stop.look()?;
        let text = String::from_utf8_lossy(line);
        let text = text.trim();
        if text.is_empty() || text.starts_with('!') {
            continue;
        }
        match text.to_ascii_uppercase().as_str() {
            "BEGIN_HEADER" => section = Section::Header,
            "ICCAP_INPUTS" => section = Section::Inputs,
            "ICCAP_OUTPUTS" => section = Section::Outputs,
            "ICCAP_VALUES" => section = Section::Values,
            "END_HEADER" => {
                if header.inputs.is_empty() && header.outputs.is_empty() {
                    return Err(fail(
                        lines.number(),
                        text,
                        "ICCAP_INPUTS and ICCAP_OUTPUTS before END_HEADER",
                    ));
                }
                return Ok(header);
            }
            // Sections of users.
            word if matches!(section, Section::Inputs | Section::Outputs)
                && word.contains('_')
                && !word.contains(char::is_whitespace) =>
            {
                section = Section::Values;
            }
            _ => match section {
                Section::Before => return Err(fail(lines.number(), text, "BEGIN_HEADER")),
                Section::Header => return Err(fail(lines.number(), text, "ICCAP_INPUTS")),
                Section::Inputs => header.inputs.push(input(text).ok_or_else(|| {
                    fail(
                        lines.number(),
                        text,
                        "an input: name, mode, nodes, unit, compliance, LIN|LIST|CON|SYNC ...",
                    )
                })?),
                Section::Outputs => header.outputs.push(
                    output(text)
                        .ok_or_else(|| fail(lines.number(), text, "an output: name, mode, nodes, unit"))?,
                ),
                Section::Values => header.values.push(value(text)),
            },
        }
    }
    Err(source.truncated(lines.number(), "the end of the file", "END_HEADER", 0))
}

#[derive(Clone, Copy)]
enum Section {
    Before,
    Header,
    Inputs,
    Outputs,
    Values,
}

/// `VG V G GROUND SMU4 0.001 LIN 1 0 1.8 37 0.05`; frequency inputs have no nodes, unit and compliance.
fn input(text: &str) -> Option<Input> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mode = words.get(1)?.chars().next()?.to_ascii_uppercase();
    let kind = words.iter().skip(2).position(|w| KINDS.contains(&w.to_ascii_uppercase().as_str()))? + 2;
    let fields = &words[kind + 1..];
    let integer = |i: usize| fields.get(i).and_then(|w| w.parse::<u32>().ok());
    let (order, count) = match words[kind].to_ascii_uppercase().as_str() {
        "LIN" => (integer(0), integer(3).map(|n| n as usize)),
        "LIST" => (integer(0), integer(1).map(|n| n as usize)),
        "LOG" => (integer(0), None),
        _ => (None, Some(1)),
    };
    let number = |i: usize| fields.get(i).and_then(|w| number::whole(w.as_bytes()));
    let held = match (words[kind].to_ascii_uppercase().as_str(), number(0), number(1), fields.get(2)) {
        ("CON", Some(value), _, _) => Held::Constant(value),
        ("SYNC", Some(ratio), Some(offset), Some(of)) => Held::Follows(ratio, offset, (*of).to_owned()),
        _ => Held::No,
    };
    let nodes = kind >= 6;
    Some(Input {
        held,
        name: words[0].to_owned(),
        column: column_name(mode, words[0]),
        unit: if nodes { words[4].to_owned() } else { String::new() },
        compliance: if nodes { number::whole(words[5].as_bytes()).filter(|c| *c > 0.0) } else { None },
        order,
        count,
    })
}

/// `ID I S GROUND SMU1 B`; user-defined outputs may have a name and a mode only.
fn output(text: &str) -> Option<Output> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let field = |i: usize| words.get(i).map(|w| (*w).to_owned()).unwrap_or_default();
    let mode = words.get(1)?.chars().next()?.to_ascii_uppercase();
    Some(Output { name: field(0), mode, plus: field(2), minus: field(3), unit: field(4) })
}

/// `KEY "value"`, where the value may be empty or hold blanks.
fn value(text: &str) -> (String, String) {
    let (key, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let rest = rest.strip_prefix('"').unwrap_or(rest);
    let rest = rest.strip_suffix('"').unwrap_or(rest);
    (key.to_owned(), rest.trim().to_owned())
}

/// Lower-case column name of a stimulus or response; voltages start with `v`, currents with `i`.
pub(super) fn column_name(mode: char, name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match mode {
        'V' if !name.starts_with('v') => format!("v{name}"),
        'I' if !name.starts_with('i') => format!("i{name}"),
        _ => name,
    }
}

impl Header {
    /// The innermost sweep.
    pub(super) fn inner(&self) -> Option<&Input> {
        self.inputs.iter().filter(|i| i.order.is_some()).min_by_key(|i| i.order)
    }

    /// Blocks announced: the product of the outer sweeps' counts; `None` when one is unknown.
    pub(super) fn blocks(&self) -> Option<usize> {
        let inner = self.inner().map(|i| i.order);
        let outer = self.inputs.iter().filter(|i| i.order.is_some() && Some(i.order) != inner);
        outer.map(|i| i.count).try_fold(1usize, |product, n| product.checked_mul(n?))
    }

    /// Columns of inputs that follow from the header, for blocks that do not repeat them: from those that `columns` gives.
    pub(super) fn follow<'c>(
        &self,
        columns: impl Fn(&str) -> Option<&'c [f64]>,
        rows: usize,
    ) -> Vec<(String, Vec<f64>)> {
        let missing = self.inputs.iter().filter(|i| columns(&i.column).is_none());
        let of = |input: &Input| {
            let values = match &input.held {
                Held::No => return None,
                Held::Constant(value) => vec![*value; rows],
                Held::Follows(ratio, offset, name) => {
                    columns(&self.input_column(name))?.iter().map(|v| ratio * v + offset).collect()
                }
            };
            Some((input.column.clone(), values))
        };
        missing.filter_map(of).collect()
    }

    /// Column name of the input called `name` in an `ICCAP_VAR` line.
    pub(super) fn input_column(&self, name: &str) -> String {
        let known = self.inputs.iter().find(|i| i.name.eq_ignore_ascii_case(name));
        known.map_or_else(|| name.to_ascii_lowercase(), |i| i.column.clone())
    }

    /// Column name of a name in a `#` line: an input, an output, or part of a complex matrix
    /// (`R:S(1,2)` becomes `s12_re`, `R:ft(1,1)` becomes `ft_re`).
    pub(super) fn column_of(&self, name: &str) -> String {
        if let Some((part, rest)) = name.split_once(':')
            && let Some(suffix) = match part.to_ascii_uppercase().as_str() {
                "R" => Some("re"),
                "I" => Some("im"),
                _ => None,
            }
        {
            // User-defined outputs (mode U) are scalars written as matrices of one element.
            let scalar = rest.strip_suffix("(1,1)").filter(|name| {
                self.outputs.iter().any(|o| o.mode == 'U' && o.name.eq_ignore_ascii_case(name))
            });
            let base: String =
                scalar.unwrap_or(rest).chars().filter(|c| !matches!(c, '(' | ')' | ',')).collect();
            return format!("{}_{suffix}", base.to_ascii_lowercase());
        }
        let output = self.outputs.iter().find(|o| o.name.eq_ignore_ascii_case(name));
        output.map_or_else(|| self.input_column(name), |o| column_name(o.mode, &o.name))
    }

    /// Current columns with the compliance of the source-measure unit that measures them.
    pub(super) fn limits(&self) -> Vec<(String, f64)> {
        let currents = self.outputs.iter().filter(|o| o.mode == 'I');
        currents
            .filter_map(|o| {
                let source = self.inputs.iter().find(|i| !i.unit.is_empty() && i.unit == o.unit)?;
                Some((column_name('I', &o.name), source.compliance?))
            })
            .collect()
    }

    /// Names of currents measured from ground into the device (`+` node at ground).
    pub(super) fn reversed(&self) -> impl Iterator<Item = &str> {
        let ground = |node: &str| node.eq_ignore_ascii_case("ground");
        let currents = self.outputs.iter().filter(|o| o.mode == 'I');
        currents.filter(move |o| ground(&o.plus) && !ground(&o.minus)).map(|o| o.name.as_str())
    }
}
