//! Cells of a line: separator, quotes, decimal comma, comments, missing values.

use std::borrow::Cow;

use crate::heading::{ColumnMapping, Heading, has_own_unit};
use crate::number;

/// How a file separates its columns and writes its decimals.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Dialect {
    delimiter: Delimiter,
    pub(super) comma_decimals: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Delimiter {
    Char(char),
    Blanks,
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Field {
    /// A finite number in the unit of its heading.
    Number(f64),
    /// A number with an SI prefix or a unit of its own, as text with a decimal point.
    Quantity(String),
    /// Nothing, or a word for it.
    Missing,
    /// Text.
    Word,
}

impl Field {
    /// True for both kinds of numbers.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Field::Number(_) | Field::Quantity(_))
    }

    /// The SI value below `heading`; `None` for what is no number, or measures something else.
    pub(crate) fn below(&self, heading: &Heading) -> Option<f64> {
        match self {
            Field::Number(number) => Some(heading.value(*number)),
            Field::Quantity(text) => heading.quantity(text),
            Field::Missing | Field::Word => None,
        }
    }
}

/// Spellings of nothing, beside any number of dashes.
const NOTHING: [&str; 6] = ["na", "n/a", "nan", "null", "none", "#n/a"];
/// Spellings of a value that was to be there, but failed, beside columns too narrow for it (`###`, `***`).
const FAILED: [&str; 31] = [
    "#div/0!",
    "#num!",
    "#value!",
    "#ref!",
    "overflow",
    "overrange",
    "ovrflw",
    "ovld",
    "ovfl",
    "inf",
    "+inf",
    "-inf",
    "infinity",
    "-infinity",
    "-nan",
    "nan(ind)",
    "-nan(ind)",
    "1.#qnan",
    "1.#inf",
    "-1.#ind",
    "open",
    "compliance",
    "comp",
    "overload",
    "limit",
    "error",
    "err",
    "ol",
    "*",
    "?",
    ".",
];

/// Instruments send 9.9e37 for infinity and 9.91e37 for no number (SCPI 1999, 7.2.1.4 and 7.2.1.5).
const NO_READING: f64 = 9.9e37;

impl Dialect {
    /// Tells separator and decimals from the text, unless `mapping` does.
    ///
    /// The separator is the one that gives most lines the same number (above one) of columns.
    pub(crate) fn guess(text: &str, mapping: &ColumnMapping) -> Dialect {
        let sample: Vec<&str> = text
            .lines()
            .filter(|l| !l.trim().is_empty() && !l.trim_start().starts_with(['#', '!', '%']))
            .take(200)
            .collect();
        let score = |delimiter: Delimiter| {
            let mut counts = std::collections::BTreeMap::new();
            for line in &sample {
                *counts.entry(split(line, delimiter).len()).or_insert(0usize) += 1;
            }
            counts.into_iter().filter(|(columns, _)| *columns > 1).map(|(_, lines)| lines).max().unwrap_or(0)
        };
        // Tab and semicolon are never part of a number; a comma may be, so that it comes after them.
        let candidates = ['\t', ';', '|', ','].map(Delimiter::Char);
        let delimiter = mapping.delimiter.map(Delimiter::Char).unwrap_or_else(|| {
            let best = candidates.into_iter().rev().max_by_key(|d| score(*d));
            best.filter(|d| score(*d) > 0).unwrap_or(Delimiter::Blanks)
        });
        let delimiter = match delimiter {
            Delimiter::Char(',') if mapping.delimiter.is_none() && blanks_separate(&sample) => {
                Delimiter::Blanks
            }
            delimiter => delimiter,
        };
        let comma_decimals = match mapping.decimal {
            Some(decimal) => decimal == ',',
            None => delimiter != Delimiter::Char(',') && commas_write_decimals(&sample, delimiter),
        };
        Dialect { delimiter, comma_decimals }
    }

    /// The text behind a comment mark; `None` for a line that is no comment.
    pub(crate) fn comment<'a>(&self, line: &'a str) -> Option<&'a str> {
        let marks = ["#", "!", "%", "//", ";"];
        let mark = marks.iter().find(|m| line.starts_with(**m))?;
        if *mark == ";" && self.delimiter == Delimiter::Char(';') {
            return None;
        }
        Some(line[mark.len()..].trim())
    }

    /// True when a quote opens the last cell of a line and nothing closes it there.
    pub(crate) fn open_cell(&self, line: &str) -> bool {
        let Some(at) = line.rfind('"').filter(|_| line.matches('"').count() % 2 == 1) else { return false };
        let begins = |before: &str| match self.delimiter {
            Delimiter::Char(d) => before.is_empty() || before.ends_with(d),
            Delimiter::Blanks => false,
        };
        begins(line[..at].trim_end_matches(' '))
    }

    /// The cells of a line, quotes removed.
    pub(crate) fn split(&self, line: &str) -> Vec<String> {
        split(line, self.delimiter)
    }

    /// What a cell holds.
    pub(crate) fn read(&self, cell: &str) -> Field {
        let cell = cell.trim();
        if let Some(value) = plain(cell) {
            return if value.is_nan() { Field::Missing } else { Field::Number(value) };
        }
        let replaced;
        let cell = if self.comma_decimals && cell.contains(',') {
            if cell.rfind('.') > cell.rfind(',') {
                return Field::Word;
            }
            replaced = cell.replace('.', "").replace(',', ".");
            &replaced
        } else {
            cell
        };
        match number::whole(cell.as_bytes()) {
            Some(value) => reading(value),
            None => marked(cell).unwrap_or_else(|| written(&typed(cell))),
        }
    }
}

/// A reading with the status that parameter analysers put beside it: `NAI+1.2E-6` before, `5.6E-3 N` behind. `N` is a normal one, any
/// other letter one that failed.
fn marked(cell: &str) -> Option<Field> {
    if let [status @ b'A'..=b'Z', b'A'..=b'H', b'I' | b'V', b'+' | b'-', ..] = cell.as_bytes() {
        let value = number::whole(&cell.as_bytes()[3..])?;
        return Some(if *status == b'N' { reading(value) } else { Field::Missing });
    }
    number::whole(cell.strip_suffix(" N")?.trim_end().as_bytes()).map(reading)
}

/// True for a current at its compliance limit, `5.6E-3 C`, which is no charge.
pub(super) fn is_limited(quantity: &str, heading: &Heading) -> bool {
    heading.column.starts_with('i') && quantity.ends_with(" C")
}

/// True when cells have decimals behind a comma: surely, as `0,5` and `2,25`, or perhaps, as `1,090`, and none behind a point.
fn commas_write_decimals(sample: &[&str], delimiter: Delimiter) -> bool {
    let cells = || sample.iter().flat_map(|l| split(l, delimiter));
    let by = |mark: char, sure: bool| cells().any(|c| decimals(c.trim(), mark) == Some(sure));
    by(',', true) || by(',', false) && !by('.', true)
}

/// Whether digits behind `mark` are decimals, true when they cannot be thousands; `None` for a cell that is no such number.
fn decimals(cell: &str, mark: char) -> Option<bool> {
    let (whole, behind) = cell.split_once(mark)?;
    let apart = whole.contains([',', '.']);
    let whole = whole.trim_start_matches(['-', '+']).replace([',', '.'], "");
    let rest = behind.trim_start_matches(|c: char| c.is_ascii_digit());
    let digits = behind.len() - rest.len();
    let number = whole.bytes().all(|b| b.is_ascii_digit()) && digits > 0 && !rest.starts_with([',', '.']);
    number.then_some(apart || digits != 3 || !rest.is_empty() || whole.is_empty() || whole.starts_with('0'))
}

/// True when a cell says nothing, as opposed to a word that stands for a failed number.
pub(crate) fn is_silent(cell: &str) -> bool {
    let cell = cell.trim();
    cell.bytes().all(|b| b == b'-') || NOTHING.iter().any(|n| cell.eq_ignore_ascii_case(n))
}

/// The number of a cell, NaN where it says that there is none; `None` for any other text.
pub(crate) fn plain(cell: &str) -> Option<f64> {
    match number::whole(cell.as_bytes()) {
        Some(value) => Some(if value.abs() < NO_READING { value } else { f64::NAN }),
        None => (is_silent(cell) || is_failed(cell)).then_some(f64::NAN),
    }
}

/// True for a word that stands for a failed number.
fn is_failed(cell: &str) -> bool {
    let narrow = |mark: u8| cell.len() > 1 && cell.bytes().all(|b| b == mark);
    // `>1mA`: out of the range that was measured.
    let beyond = cell
        .strip_prefix(['<', '>'])
        .is_some_and(|v| v.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    narrow(b'#') || narrow(b'*') || beyond || FAILED.iter().any(|f| cell.eq_ignore_ascii_case(f))
}

/// True when commas write decimals between blanks, `0,1 2,5`: most cells between commas hold two numbers.
fn blanks_separate(sample: &[&str]) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let two_numbers = |cell: &String| {
        cell.trim().split_once(char::is_whitespace).is_some_and(|(a, b)| {
            digit(a.chars().last()) && digit(b.trim_start().trim_start_matches(['-', '+']).chars().next())
        })
    };
    let lines = sample.iter().filter(|l| l.contains(','));
    let (count, torn) = lines.fold((0, 0), |(count, torn), l| {
        (count + 1, torn + usize::from(split(l, Delimiter::Char(',')).iter().any(two_numbers)))
    });
    count > 1 && torn * 2 > count
}

/// A number, unless it is an instrument's word for none.
fn reading(value: f64) -> Field {
    if value.abs() >= NO_READING { Field::Missing } else { Field::Number(value) }
}

/// A number as people write it: thousands apart, with an SI prefix, a unit.
fn written(cell: &str) -> Field {
    let joined = grouped(cell);
    let cell = joined.as_deref().unwrap_or(cell);
    match number::whole(cell.as_bytes()) {
        Some(value) => reading(value),
        None if has_own_unit(cell) => Field::Quantity(cell.to_owned()),
        None => Field::Word,
    }
}

/// `1,090.43` and `1'090.43` without the marks between thousands; `None` for what has none, and for `1,090`, which may be 1.09.
fn grouped(cell: &str) -> Option<String> {
    let (whole, rest) = cell.split_at(cell.find('.').unwrap_or(cell.len()));
    let mark = whole.chars().find(|c| matches!(c, ',' | '\''))?;
    let mut groups = whole.trim_start_matches(['-', '+']).split(mark);
    let digits = |g: &str| g.bytes().all(|b| b.is_ascii_digit());
    let first = groups.next().is_some_and(|g| (1..=3).contains(&g.len()) && digits(g));
    let clear = mark == '\'' || !rest.is_empty();
    (first && clear && groups.all(|g| g.len() == 3 && digits(g))).then(|| whole.replace(mark, "") + rest)
}

/// Word processors write a minus sign of their own, and thin or fixed blanks between thousands.
fn typed(cell: &str) -> Cow<'_, str> {
    match cell.is_ascii() {
        true => Cow::Borrowed(cell),
        false => Cow::Owned(cell.replace('−', "-").replace(['\u{a0}', '\u{202f}', '\u{2009}'], "")),
    }
}

fn split(line: &str, delimiter: Delimiter) -> Vec<String> {
    let is_delimiter = |c: char| match delimiter {
        Delimiter::Char(d) => c == d,
        Delimiter::Blanks => c.is_whitespace(),
    };
    let mut cells = Vec::new();
    let mut cell = String::new();
    let mut quoted = false;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => {
                cell.push('"');
                chars.next();
            }
            '"' => quoted = !quoted,
            c if !quoted && is_delimiter(c) => cells.push(std::mem::take(&mut cell)),
            c => cell.push(c),
        }
    }
    cells.push(cell);
    if delimiter == Delimiter::Blanks {
        cells.retain(|c| !c.is_empty());
        return with_units(cells);
    }
    cells
}

/// A unit behind a blank belongs to the heading before it: `Vg (V)   Id (A)`.
fn with_units(cells: Vec<String>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::with_capacity(cells.len());
    for cell in cells {
        match joined.last_mut() {
            Some(heading) if cell.starts_with(['(', '[']) && cell.ends_with([')', ']']) => {
                *heading += " ";
                *heading += &cell;
            }
            _ => joined.push(cell),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guess(text: &str) -> Dialect {
        Dialect::guess(text, &ColumnMapping::default())
    }

    #[test]
    fn separators_and_decimals_are_told_from_the_text() {
        let german = guess("Vg;Id\n0,1;2,5e-3\n0,2;3,5e-3\n");
        assert_eq!(german, Dialect { delimiter: Delimiter::Char(';'), comma_decimals: true });
        assert_eq!(german.read("1.234,5"), Field::Number(1234.5));
        assert_eq!(guess("vg,id\n0.1,2\n").delimiter, Delimiter::Char(','));
        assert_eq!(guess("vg\tid\n0.1\t2\n").delimiter, Delimiter::Char('\t'));
        assert_eq!(guess("vg id\n0.1   2\n").delimiter, Delimiter::Blanks);
        let blanks = guess("vg id\n0,1 2,5e-3\n0,2   3,5e-3\n");
        assert_eq!(blanks, Dialect { delimiter: Delimiter::Blanks, comma_decimals: true });
        assert_eq!(guess("a, remark\nvg;id\n1;2\n3;4\n").delimiter, Delimiter::Char(';'));
        for (text, commas) in [
            ("vg;id\n0;1,090\n1;2,180\n", true),
            ("vg;id\n0.5;1,090\n1.5;2,180\n", false),
            ("vg;id\n0;1,090.25\n1;2,180.5\n", false),
            ("version;1.2\nvg;id\n0;1.090,25\n0,5;2\n", true),
            ("vg;id\n0;1.090,25\n1;2\n", true),
        ] {
            assert_eq!(guess(text).comma_decimals, commas, "{text}");
        }
        assert_eq!(german.read("1,090.25"), Field::Word);
        assert_eq!(guess("vg;id\n0;1,090.25\n").read("1,090.25"), Field::Number(1090.25));
    }

    #[test]
    fn cells_are_numbers_missing_or_words() {
        let dialect = guess("vg,id\n0.1,2\n");
        assert_eq!(dialect.split("\"a, b\",\"say \"\"x\"\"\",3"), ["a, b", "say \"x\"", "3"]);
        assert_eq!(dialect.read("-1.5D-3"), Field::Number(-1.5e-3));
        assert_eq!(dialect.read("N/A"), Field::Missing);
        assert_eq!(dialect.read("D3"), Field::Word);
        assert_eq!(dialect.read("−0.5"), Field::Number(-0.5));
        assert_eq!(dialect.read("9.91E+37"), Field::Missing);
        for missing in ["#DIV/0!", "-----", "#####", "***", "1.#QNAN", "OVLD", "-nan(ind)"] {
            assert_eq!(dialect.read(missing), Field::Missing, "{missing}");
        }
        for cell in ["0V", "1.2 V", "3e-7A", "-40 °C", "2.5 mV", "10u", "60 Hz"] {
            assert_eq!(dialect.read(cell), Field::Quantity(cell.to_owned()), "{cell}");
        }
        assert_eq!(dialect.read("−1500 mV"), Field::Quantity("-1500 mV".to_owned()));
        for (cell, number) in
            [("1,090.43", 1090.43), ("-1'234'567", -1_234_567.0), ("12,345,678.9", 12_345_678.9)]
        {
            assert_eq!(dialect.read(cell), Field::Number(number), "{cell}");
        }
        for word in ["1,090", "1,09.4", "1234,567.8", "T1", "1.2.3", "5 V DC"] {
            assert_eq!(dialect.read(word), Field::Word, "{word}");
        }
    }
}
