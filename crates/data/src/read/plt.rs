//! Curves that Sentaurus Device saves, `.plt`: DF-ISE text of the type `xyplot`.
//!
//! ```text
//! DF-ISE text
//! Info { version = 1.0  type = xyplot  datasets = [ "time" "gate OuterVoltage" ... ]  functions = [ ... ] }
//! Data { numbers, as many a row as there are datasets; lines may break anywhere }
//! ```
//!
//! A dataset is an electrode, a blank and what is meant of it. `OuterVoltage` is what the source applies, and so what
//! an instrument would read; `InnerVoltage` is behind the contact's resistance and stands in where a file lacks the
//! other. Contacts conduct per micrometre of width, as those of a two-dimensional structure with the usual area
//! factor of one do. A file being written has no closing brace yet, and its last number may be cut.

use crate::heading::{BadHeading, ColumnMapping, Heading};
use crate::sheet::Sheet;
use crate::source::Source;
use crate::{DataError, number};

/// First line of every DF-ISE text file.
pub(crate) const FIRST_LINE: &str = "df-ise text";

/// Names of contacts in lower case, by terminal. Workbench examples put the channel type before the name.
const CONTACTS: [(&str, &[&str]); 4] = [
    ("g", &["gate", "ngate", "pgate", "g"]),
    ("d", &["drain", "ndrain", "pdrain", "d"]),
    ("s", &["source", "nsource", "psource", "s"]),
    ("b", &["substrate", "bulk", "body", "sub", "well", "nwell", "pwell", "b"]),
];

/// Reads the rows of the file.
///
/// # Errors
/// [`DataError::Syntax`] for what breaks the grammar, [`DataError::NoQuantity`] for other DF-ISE files such as grids,
/// [`DataError::Truncated`] when not one row is whole, [`DataError::Stopped`].
pub(crate) fn read(source: Source<'_>) -> Result<Sheet, DataError> {
    let text = source.text()?;
    let mut words = Words { source, text: &text, at: 0, line: 1 };
    let info = Info::read(&mut words)?;
    let headings =
        headings(&info.datasets, source.mapping).map_err(|bad| words.syntax(bad.found, &bad.expected))?;
    let data = Data::read(&mut words, info.datasets.len())?;
    let header = vec![("origin".to_owned(), "simulated".to_owned())];
    let mut sheet = Sheet { header, line: data.lines, problem: data.problem, ..Sheet::default() };
    if sheet.line.is_empty() {
        return Err(sheet.problem.unwrap_or_else(|| words.syntax("no numbers", "a row of numbers in Data")));
    }
    for (k, heading) in headings.iter().enumerate() {
        let Some(heading) = heading else { continue };
        let column = data.values.chunks_exact(headings.len()).map(|row| heading.value(row[k]));
        sheet.columns.push((heading.column.clone(), column.collect()));
        sheet.remember(heading);
    }
    sheet.drop_repeated_columns();
    Ok(sheet)
}

/// A heading per dataset; the second of one meaning keeps its own name, as in the circuit of two transistors.
fn headings(datasets: &[String], mapping: &ColumnMapping) -> Result<Vec<Option<Heading>>, BadHeading> {
    let mut headings: Vec<Option<Heading>> = Vec::new();
    for dataset in datasets {
        let heading = match (mapping.given(dataset), usual(dataset, datasets)) {
            (Some(_), _) => Heading::read(dataset, mapping)?,
            (None, Some(usual)) => Heading::read(&usual, &ColumnMapping::default())?,
            (None, None) => Some(Heading::unknown(dataset)),
        };
        let taken = |h: &Heading| headings.iter().flatten().any(|c| c.column == h.column);
        headings.push(match heading {
            Some(h) if taken(&h) => Some(Heading::unknown(dataset)),
            other => other,
        });
    }
    Ok(headings)
}

/// `gate OuterVoltage` as a heading of a table; `None` for what has no meaning there.
fn usual(dataset: &str, datasets: &[String]) -> Option<String> {
    let (contact, what) = dataset.rsplit_once(' ')?;
    let name = contact.trim().to_ascii_lowercase();
    let name = name.strip_suffix("_contact").unwrap_or(&name);
    let (terminal, _) = CONTACTS.iter().find(|(_, names)| names.contains(&name))?;
    let outer = || datasets.iter().any(|d| d.eq_ignore_ascii_case(&format!("{contact} OuterVoltage")));
    match what.to_ascii_lowercase().as_str() {
        "outervoltage" => Some(format!("v{terminal} [V]")),
        "innervoltage" if !outer() => Some(format!("v{terminal} [V]")),
        "totalcurrent" => Some(format!("i{terminal} [A/um]")),
        // The charge of the other contacts is not that of their terminals: the channel's is missing.
        "charge" if *terminal == "g" => Some("qg [C/um]".to_owned()),
        _ => None,
    }
}

/// What the header says.
struct Info {
    datasets: Vec<String>,
}

impl Info {
    /// Reads up to the brace that opens `Data`.
    fn read(words: &mut Words<'_>) -> Result<Info, DataError> {
        let is_df_ise = words.is_next("DF-ISE") && words.is_next("text");
        if !is_df_ise {
            return Err(words.syntax("another first line", "'DF-ISE text'"));
        }
        let mut datasets = Vec::new();
        loop {
            let word = words.next().ok_or_else(|| words.syntax("the end of the file", "'Data {'"))?;
            match word.to_ascii_lowercase().as_str() {
                "type" if words.is_next("=") => {
                    let kind = words.next().unwrap_or_default().to_owned();
                    if !kind.eq_ignore_ascii_case("xyplot") && !kind.is_empty() {
                        return Err(DataError::NoQuantity {
                            path: words.source.path.to_owned(),
                            found: format!("DF-ISE text of type '{kind}'"),
                            expected: "type = xyplot, which holds curves".to_owned(),
                        });
                    }
                }
                "datasets" if words.is_next("=") => datasets = Info::list(words)?,
                "data" if words.is_next("{") => break,
                _ => {}
            }
        }
        if datasets.is_empty() {
            return Err(
                words.syntax("no names of columns", "'datasets = [ \"gate OuterVoltage\" ... ]' before Data")
            );
        }
        Ok(Info { datasets })
    }

    /// Names between brackets.
    fn list(words: &mut Words<'_>) -> Result<Vec<String>, DataError> {
        if !words.is_next("[") {
            return Err(words.syntax("no list", "'[' after 'datasets ='"));
        }
        let mut names = Vec::new();
        loop {
            match words.next() {
                Some("]") => return Ok(names),
                Some("{" | "}" | "[" | "=") | None => {
                    return Err(words.syntax("a list without end", "']' behind the last dataset"));
                }
                Some(name) => names.push(name.split_whitespace().collect::<Vec<_>>().join(" ")),
            }
        }
    }
}

/// The numbers of all complete rows.
struct Data {
    values: Vec<f64>,
    /// Line on which each row starts.
    lines: Vec<u32>,
    problem: Option<DataError>,
}

impl Data {
    fn read(words: &mut Words<'_>, columns: usize) -> Result<Data, DataError> {
        let mut data = Data { values: Vec::new(), lines: Vec::new(), problem: None };
        let mut closed = false;
        while let Some(word) = words.next() {
            words.source.stop.look()?;
            if word == "}" {
                closed = true;
                break;
            }
            // At the end of a file that is cut, a number may be half of one.
            if words.at == words.text.len() {
                break;
            }
            let value = number::whole(word.as_bytes());
            let value = value.ok_or_else(|| words.syntax(format!("'{word}'"), "a number or '}'"))?;
            if data.values.len().is_multiple_of(columns) {
                data.lines.push(words.line);
            }
            data.values.push(value);
        }
        let rest = data.values.len() % columns;
        let rows = data.values.len() / columns;
        data.values.truncate(rows * columns);
        data.lines.truncate(rows);
        if rest > 0 || !closed {
            let end = if closed { "'}'" } else { "the end of the file" };
            data.problem = Some(words.source.truncated(
                words.line as usize,
                format!("{end} after {rest} numbers of a row"),
                format!("rows of {columns} numbers and then '}}'"),
                rows,
            ));
        }
        Ok(data)
    }
}

/// Words, quoted names and the marks `{ } [ ] =` of a text.
struct Words<'a> {
    source: Source<'a>,
    text: &'a str,
    at: usize,
    /// Line of the last word, counted from one.
    line: u32,
}

impl<'a> Words<'a> {
    /// The next word, a quoted name without its quotes.
    fn next(&mut self) -> Option<&'a str> {
        let rest = &self.text[self.at..];
        let word = rest.trim_start();
        let blank = &rest[..rest.len() - word.len()];
        self.line += blank.matches('\n').count() as u32;
        self.at += blank.len();
        let (found, length) = match word.chars().next()? {
            '{' | '}' | '[' | ']' | '=' => (&word[..1], 1),
            '"' => {
                // A quote that nothing closes ends with the text.
                let end = word[1..].find('"').map_or(word.len(), |e| e + 1);
                (&word[1..end], (end + 1).min(word.len()))
            }
            _ => {
                let ends = |c: char| c.is_whitespace() || "{}[]=\"".contains(c);
                let end = word.find(ends).unwrap_or(word.len());
                (&word[..end], end)
            }
        };
        self.at += length;
        Some(found)
    }

    /// Takes the next word when it is `word`.
    fn is_next(&mut self, word: &str) -> bool {
        let (at, line) = (self.at, self.line);
        let same = self.next().is_some_and(|w| w.eq_ignore_ascii_case(word));
        if !same {
            (self.at, self.line) = (at, line);
        }
        same
    }

    fn syntax(&self, found: impl Into<String>, expected: &str) -> DataError {
        self.source.syntax(self.line as usize, found, expected, "save the curves again from the simulator")
    }
}
