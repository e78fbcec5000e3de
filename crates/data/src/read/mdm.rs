//! IC-CAP `.mdm`: a header of inputs, outputs and values, then one block of rows per outer bias.

mod header;

use std::borrow::Cow;
use std::collections::HashMap;

use crate::DataError;
use crate::heading::Heading;
use crate::number;
use crate::sheet::Sheet;
use crate::source::Source;
use header::{Header, column_name};

/// Reads a whole `.mdm` file.
///
/// Every block becomes one curve. Blocks or points that are missing from, or go beyond, what the
/// header's sweeps announce make [`Sheet::problem`]; the rows that are there are kept.
///
/// # Errors
/// [`DataError::Syntax`] for a line that breaks the grammar, [`DataError::Truncated`] when not even
/// one row is there, [`DataError::Stopped`].
pub(crate) fn read(source: Source<'_>) -> Result<Sheet, DataError> {
    let marked = source.bytes.starts_with(&[0xEF, 0xBB, 0xBF])
        || source.bytes.get(..2).is_some_and(|b| b.contains(&0) || b[0] >= 0xFE);
    // An editor has saved it in its own way; else bytes are read as they are.
    let text = if marked { source.text()? } else { Cow::Borrowed("") };
    let source = if marked { Source { bytes: text.as_bytes(), ..source } } else { source };
    let mut lines = Lines { source, at: 0, number: 0, before: 0 };
    let header = header::read(&mut lines)?;
    let mut blocks = Blocks::new(source, &header);
    let end = blocks.read(&mut lines)?;
    blocks.finish(end, &lines)
}

/// The lines of a byte buffer, without line ends, with their numbers.
pub(super) struct Lines<'a> {
    source: Source<'a>,
    at: usize,
    number: usize,
    /// Where the line given last begins.
    before: usize,
}

impl<'a> Lines<'a> {
    /// Gives the last line once more.
    fn again(&mut self) {
        self.at = self.before;
        self.number -= 1;
    }

    /// Number of the line given last, counted from one.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// True when the line given last has no line end: the file may have been cut inside it.
    fn cut(&self) -> bool {
        self.at > self.source.bytes.len()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.source.bytes.get(self.at..).filter(|r| !r.is_empty())?;
        let end = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        // CRLF counts as one end, a lone CR (old Mac files) as one too.
        let gap = if rest[end..].starts_with(b"\r\n") { 2 } else { 1 };
        self.before = self.at;
        self.at += end + gap;
        self.number += 1;
        Some(&rest[..end])
    }
}

/// What to do about a line that breaks the grammar.
const HINT: &str = "export the file again from IC-CAP, or correct the line";

/// How the data part of a file ended.
enum End {
    /// After the last `END_DB`.
    Complete,
    /// Inside a block.
    InBlock,
}

/// The data part under construction.
struct Blocks<'a> {
    source: Source<'a>,
    header: &'a Header,
    sheet: Sheet,
    /// Column index by lower-case name.
    index: HashMap<String, usize>,
    blocks: usize,
    /// First mismatch between header and data: line, found, expected.
    mismatch: Option<(usize, String, String)>,
}

impl<'a> Blocks<'a> {
    fn new(source: Source<'a>, header: &'a Header) -> Self {
        let sheet = Sheet {
            header: header.values.clone(),
            swept: header.inner().map(|i| i.column.clone()),
            limits: header.limits(),
            ..Sheet::default()
        };
        Blocks { source, header, sheet, index: HashMap::new(), blocks: 0, mismatch: None }
    }

    fn read(&mut self, lines: &mut Lines<'_>) -> Result<End, DataError> {
        while let Some(line) = lines.next() {
            self.source.stop.look()?;
            let text = line.trim_ascii();
            if text.is_empty() || text[0] == b'!' {
                continue;
            }
            if !text.eq_ignore_ascii_case(b"BEGIN_DB") {
                return Err(self.syntax(lines.number(), text, "BEGIN_DB or the end of the file"));
            }
            if let End::InBlock = self.read_block(lines)? {
                return Ok(End::InBlock);
            }
        }
        Ok(End::Complete)
    }

    fn read_block(&mut self, lines: &mut Lines<'_>) -> Result<End, DataError> {
        let curve = self.blocks as u32;
        self.blocks += 1;
        let first = self.sheet.rows();
        let mut held: Vec<(String, f64)> = Vec::new();
        let mut columns: Vec<usize> = Vec::new();
        let mut end = End::InBlock;
        while let Some(line) = lines.next() {
            self.source.stop.look()?;
            let Some(start) = line.iter().position(|b| !b.is_ascii_whitespace()) else { continue };
            match line[start] {
                b'0'..=b'9' | b'-' | b'+' | b'.' => {
                    if columns.is_empty() {
                        return Err(self.syntax(
                            lines.number(),
                            line,
                            "the line of column names, as in '#vg id ig'",
                        ));
                    }
                    if !self.read_row(lines, line, start, &columns)? {
                        break;
                    }
                    self.sheet.line.push(lines.number() as u32);
                }
                b'!' => {}
                b'#' => columns = self.column_indices(&line[start + 1..], lines.number(), first)?,
                _ => {
                    let text = line[start..].trim_ascii();
                    if text.eq_ignore_ascii_case(b"END_DB") {
                        end = End::Complete;
                        break;
                    }
                    if text.eq_ignore_ascii_case(b"BEGIN_DB") && self.sheet.line.len() > first {
                        let missing =
                            || (lines.number(), "BEGIN_DB".to_owned(), "END_DB before it".to_owned());
                        self.mismatch.get_or_insert_with(missing);
                        lines.again();
                        end = End::Complete;
                        break;
                    }
                    held.push(self.read_variable(text, lines.number())?);
                }
            }
        }
        self.close_block(curve, first, held, lines.number());
        Ok(end)
    }

    /// One row of numbers; false, and nothing appended, when the end of the file cuts the line.
    fn read_row(
        &mut self,
        lines: &Lines<'_>,
        line: &[u8],
        start: usize,
        columns: &[usize],
    ) -> Result<bool, DataError> {
        if lines.cut() {
            return Ok(false);
        }
        let mut at = start;
        for (k, column) in columns.iter().enumerate() {
            let Some((value, next)) = read_field(line, at) else {
                let found = String::from_utf8_lossy(&line[at..]).trim().to_owned();
                let found = if found.is_empty() { format!("{k} numbers") } else { format!("'{found}'") };
                return Err(self.syntax_text(lines.number(), found, format!("{} numbers", columns.len())));
            };
            self.sheet.columns[*column].1.push(value);
            at = next;
        }
        if let Some(extra) = line[at..].iter().position(|b| !b.is_ascii_whitespace()) {
            let found = String::from_utf8_lossy(&line[at + extra..]).into_owned();
            return Err(self.syntax_text(
                lines.number(),
                format!("'{}' behind the last column", found.trim()),
                format!("{} numbers", columns.len()),
            ));
        }
        Ok(true)
    }

    /// `ICCAP_VAR name value`: an input that is constant inside the block.
    fn read_variable(&self, text: &[u8], number: usize) -> Result<(String, f64), DataError> {
        let expected = "'ICCAP_VAR name value', a row of numbers or END_DB";
        let mut words = text.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty());
        let keyword = words.next().unwrap_or_default();
        if !keyword.eq_ignore_ascii_case(b"ICCAP_VAR") {
            return Err(self.syntax(number, text, expected));
        }
        let name = words.next().ok_or_else(|| self.syntax(number, text, expected))?;
        let value =
            words.next().and_then(number::whole).ok_or_else(|| self.syntax(number, text, expected))?;
        Ok((self.header.input_column(&String::from_utf8_lossy(name)), value))
    }

    /// Indices of the columns named in a `#` line; new columns start with NaN in earlier rows.
    fn column_indices(&mut self, names: &[u8], number: usize, first: usize) -> Result<Vec<usize>, DataError> {
        let names = String::from_utf8_lossy(names).into_owned();
        let mut columns = Vec::new();
        for name in names.split_whitespace() {
            let index = self.column_index(&self.header.column_of(name), first);
            if columns.contains(&index) {
                return Err(self.syntax_text(
                    number,
                    format!("column '{name}' twice"),
                    "every column name once".to_owned(),
                ));
            }
            columns.push(index);
        }
        if columns.is_empty() {
            return Err(self.syntax_text(
                number,
                "no column name".to_owned(),
                "names, as in '#vg id ig'".to_owned(),
            ));
        }
        Ok(columns)
    }

    fn column_index(&mut self, name: &str, rows: usize) -> usize {
        if let Some(index) = self.index.get(name) {
            return *index;
        }
        let index = self.sheet.columns.len();
        self.sheet.columns.push((name.to_owned(), vec![f64::NAN; rows]));
        self.index.insert(name.to_owned(), index);
        index
    }

    /// Fills the held inputs and the columns this block lacks, and compares with the header's sweep.
    fn close_block(&mut self, curve: u32, first: usize, held: Vec<(String, f64)>, number: usize) {
        let rows = self.sheet.rows();
        for (name, value) in held {
            let index = self.column_index(&name, first);
            let column = &mut self.sheet.columns[index].1;
            if column.len() == first {
                column.resize(rows, value);
            }
        }
        for (_, column) in &mut self.sheet.columns {
            column.resize(rows, f64::NAN);
        }
        self.sheet.curve.resize(rows, curve);
        if let Some(points) = self.header.inner().and_then(|i| i.count)
            && rows - first != points
            && self.mismatch.is_none()
        {
            let found = format!("{} points in block {}", rows - first, curve + 1);
            self.mismatch = Some((number, found, format!("{points} as the header's inner sweep says")));
        }
    }

    fn finish(mut self, end: End, lines: &Lines<'_>) -> Result<Sheet, DataError> {
        let announced = self.header.blocks();
        if let End::InBlock = end {
            self.mismatch = Some((lines.number(), "the end of the file".to_owned(), "END_DB".to_owned()));
        } else if self.mismatch.is_none()
            && let Some(announced) = announced
            && announced != self.blocks
        {
            let found = format!("{} blocks", self.blocks);
            self.mismatch = Some((lines.number(), found, format!("{announced} as the header's sweeps say")));
        }
        self.negate_reversed();
        let rows = self.sheet.rows();
        let column = |name: &str| self.index.get(name).map(|k| self.sheet.columns[*k].1.as_slice());
        let followed = self.header.follow(column, rows);
        self.sheet.columns.extend(followed);
        self.name_columns()?;
        self.sheet.problem =
            self.mismatch.map(|(line, found, expected)| self.source.truncated(line, found, expected, rows));
        match self.sheet.problem {
            Some(problem) if rows == 0 => Err(problem),
            _ => Ok(self.sheet),
        }
    }

    /// Gives columns the names of the table: `vgs` and `Idrain` mean `vg` and `id`, and a mapping says what others mean.
    fn name_columns(&mut self) -> Result<(), DataError> {
        for k in 0..self.sheet.columns.len() {
            let name = self.sheet.columns[k].0.clone();
            // The measured one of the two that IC-CAP keeps, `id.m` and `id.s`.
            let bare = name.strip_suffix(".m").unwrap_or(&name);
            let heading = Heading::read(bare, self.source.mapping)
                .map_err(|bad| bad.at(self.source.path, 1, "correct the column mapping"))?;
            let Some(heading) = heading.filter(|h| h.known && h.is_numeric() && h.column != name) else {
                continue;
            };
            if self.sheet.columns.iter().any(|(n, _)| *n == heading.column) {
                continue;
            }
            let limits = self.sheet.limits.iter_mut().filter(|(n, _)| *n == name);
            limits.for_each(|(n, _)| n.clone_from(&heading.column));
            let (column, values) = &mut self.sheet.columns[k];
            values.iter_mut().for_each(|v| *v = heading.value(*v));
            *column = heading.column;
        }
        Ok(())
    }

    /// Currents measured from ground into the device count against the terminal they are named after.
    fn negate_reversed(&mut self) {
        for name in self.header.reversed() {
            if let Some(index) = self.index.get(&column_name('I', name)) {
                self.sheet.columns[*index].1.iter_mut().for_each(|v| *v = -*v);
            }
        }
    }

    fn syntax(&self, line: usize, found: &[u8], expected: &str) -> DataError {
        let found = String::from_utf8_lossy(&found[..found.len().min(60)]).trim().to_owned();
        self.syntax_text(line, format!("'{found}'"), expected.to_owned())
    }

    fn syntax_text(&self, line: usize, found: String, expected: String) -> DataError {
        self.source.syntax(line, found, expected, HINT)
    }
}

/// The number that starts at or behind `at` after blanks, which must end at a blank or the line's end.
#[inline]
fn read_field(line: &[u8], mut at: usize) -> Option<(f64, usize)> {
    while matches!(line.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    let end_of =
        |from: usize| line[from..].iter().position(u8::is_ascii_whitespace).map_or(line.len(), |p| from + p);
    match number::read(line, at) {
        Some((value, end)) if line.get(end).is_none_or(u8::is_ascii_whitespace) => Some((value, end)),
        Some(_) => None,
        None if at < line.len() => {
            let end = end_of(at);
            number::whole(&line[at..end]).map(|v| (v, end))
        }
        None => None,
    }
}
