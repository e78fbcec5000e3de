//! Separated values: comma, semicolon, tab or bar; long tables, wide tables, repeated blocks.
//!
//! A file is a preamble of comments and `key, value` lines, a line of headings, an optional line of
//! units, then rows. A later line of headings starts a new block; a line such as `Vd = 0.1 V` between
//! blocks holds that voltage for the rows below. A heading with conditions, as in `Id(Vd=0.1)`, makes a
//! wide table: every condition becomes rows of its own. Headings that repeat (`Vg, Id, Vg, Id`) are
//! tables side by side; a line above them (`Vd=0.1,,Vd=1.2,`) says what each of them holds. A sheet with one
//! bias down and another across (`Vgs\Vds,0.1,0.2`) is a wide table too.

mod beside;
mod fields;
mod held;
mod layout;
mod matrix;
mod refuse;
mod remark;
mod rows;

pub(super) use beside::{is_placeholder, is_stimulus};
pub(super) use fields::{Dialect, Field, is_silent, plain};
pub(super) use held::condition;

use crate::heading::BadHeading;
use crate::sheet::Sheet;
use crate::source::Source;
use crate::{DataError, Flags};
use held::Condition;
use layout::Layout;
use matrix::Titles;
pub(super) use remark::{Said, assignments};
use rows::Rows;

/// Reads a whole file of separated values.
///
/// # Errors
/// [`DataError::Encoding`] for what is no text, [`DataError::Syntax`] for a cell that should be a number
/// and is none, [`DataError::NoQuantity`] for a file without headings, [`DataError::Stopped`].
pub(crate) fn read(source: Source<'_>) -> Result<Sheet, DataError> {
    let text = source.text()?;
    let mut reader = Reader {
        source,
        dialect: Dialect::guess(&text, source.mapping),
        sheet: Sheet::default(),
        rows: Rows::default(),
        layout: None,
        held: Vec::new(),
        banner: Vec::new(),
        values_above: Vec::new(),
        listed: None,
        fresh: false,
        titles: Titles::default(),
        nameless: None,
        above: Vec::new(),
        assumed: Flags::NONE,
        units_possible: false,
        unnamed: None,
        first: text.lines().find(|l| !l.trim().is_empty()).unwrap_or_default().to_owned(),
        number: 0,
        last: false,
        cut: !text.ends_with(['\n', '\r']),
        ends: None,
    };
    let mut lines = text.lines().enumerate().peekable();
    while let Some((k, line)) = lines.next() {
        source.stop.look()?;
        let whole =
            reader.dialect.open_cell(line).then(|| closed(line, lines.clone().map(|(_, l)| l))).flatten();
        if let Some((_, more)) = whole {
            lines.nth(more - 1);
        }
        let line = whole.as_ref().map_or(line, |(whole, _)| whole);
        reader.number = k + 1;
        reader.last = lines.peek().is_none();
        reader.line(k + 1, line.trim_end_matches(['\r', '\u{1a}', '\u{c}']))?;
    }
    reader.finish()
}

/// Most lines of a cell between quotes; a quote that is left open longer is a mark like any other.
const CELL_LINES: usize = 8;

/// A line whose last cell goes on below, with the lines that close it, and how many these are.
fn closed<'a>(line: &str, below: impl Iterator<Item = &'a str>) -> Option<(String, usize)> {
    let mut whole = line.trim_end().to_owned();
    for (k, more) in below.take(CELL_LINES).enumerate() {
        whole = format!("{whole} {}", more.trim_end());
        if more.matches('"').count() % 2 == 1 {
            return Some((whole, k + 1));
        }
    }
    None
}

/// The state between two lines.
struct Reader<'a> {
    source: Source<'a>,
    dialect: Dialect,
    sheet: Sheet,
    rows: Rows,
    layout: Option<Layout>,
    /// Voltages held for the rows that follow.
    held: Vec<Condition>,
    /// What the line above tables side by side holds.
    banner: Vec<(usize, Condition)>,
    /// Values in the line above, which count where the headings repeat.
    values_above: Vec<(usize, Condition)>,
    /// Line, name and values of a bias that a remark gives several of: those of headings that repeat.
    listed: Option<(usize, String, Vec<String>)>,
    /// No row stands below the headings yet.
    fresh: bool,
    /// What the lines above say of a sheet of numbers.
    titles: Titles,
    /// Line and name of a bias with voltages of no terminal behind it.
    nameless: Option<(usize, String)>,
    /// The cells of the line above, where it was no row.
    above: Vec<String>,
    /// What the headings in force leave to assume.
    assumed: Flags,
    /// The next line may give units.
    units_possible: bool,
    /// First line with text.
    first: String,
    /// Line of the first row of numbers and the cells above it, where these name too little.
    unnamed: Option<(usize, String)>,
    /// Number of the line being read.
    number: usize,
    /// It is the last one.
    last: bool,
    /// The last line has no line end.
    cut: bool,
    /// Characters of the last number of every row, where all have as many and an exponent of two digits or more.
    ends: Option<usize>,
}

impl Reader<'_> {
    fn line(&mut self, number: usize, line: &str) -> Result<(), DataError> {
        let trimmed = line.trim();
        if trimmed.is_empty() {
            return Ok(());
        }
        let above = std::mem::take(&mut self.above);
        if let Some(comment) = self.dialect.comment(trimmed) {
            // Headings are often a comment, as NumPy writes them.
            let cells = self.dialect.split(comment);
            if self.layout.is_some() || cells.len() < 2 || !self.headings(number, &cells)? {
                self.remark(number, comment, &cells);
            }
            self.above = cells;
            return Ok(());
        }
        let cells = self.dialect.split(line);
        // Before the headings, a number is a heading when a mapping gives it a name.
        let renamed = |cell: &str| self.layout.is_none() && self.source.mapping.given(cell).is_some();
        let field = |cell: &String| if renamed(cell) { Field::Word } else { self.dialect.read(cell) };
        let fields: Vec<Field> = cells.iter().map(field).collect();
        let numbers = fields.iter().filter(|f| f.is_number()).count();
        let words = fields.iter().filter(|f| matches!(f, Field::Word)).count();
        if self.fresh && self.banner_below(number, &cells)? {
            return Ok(());
        }
        // A sheet's headings begin with the name of a bias.
        let begins = !fields.first().is_some_and(Field::is_number);
        if begins && self.sheet_headings(number, &cells, &above)? {
            return Ok(());
        }
        if let Some(layout) = &self.layout
            && layout.fits(&fields)
        {
            self.units_possible = false;
            return self.row(number, &cells, &fields);
        }
        if self.layout.is_none() && self.unnamed.is_none() && words == 0 && numbers > 1 && above.len() > 1 {
            self.unnamed = Some((number, above.join(", ")));
        }
        self.above.clone_from(&cells);
        if self.units_possible && words > 0 && numbers == 0 && self.units(number, &cells)? {
            return Ok(());
        }
        if words > numbers && words >= 2 && self.headings(number, &cells)? {
            return Ok(());
        }
        if self.layout.is_some() && numbers > 0 && !is_note(trimmed) && !self.is_held(&cells) {
            return self.bad_row(number, &cells, &fields);
        }
        self.remark(number, trimmed, &cells);
        Ok(())
    }

    /// Headings of a sheet with one bias down and another across; an empty corner takes the cell above it.
    fn sheet_headings(
        &mut self,
        number: usize,
        cells: &[String],
        above: &[String],
    ) -> Result<bool, DataError> {
        let (Some(corner), mapping) = (cells.first(), self.source.mapping) else { return Ok(false) };
        let merged: Vec<String>;
        let cells = if corner.trim().is_empty() {
            let Some(corner) = above.first() else { return Ok(false) };
            merged = std::iter::once(corner).chain(&cells[1..]).cloned().collect();
            &merged
        } else {
            cells
        };
        let given = cells.iter().any(|c| mapping.given(c).is_some());
        let found = matrix::headings(cells, &self.dialect, &self.titles, mapping).filter(|_| !given);
        let Some(sheet) = found else { return Ok(false) };
        self.headings(number, &sheet.cells)?;
        self.assumed = if sheet.assumed { Flags::ASSUMED_QUANTITY } else { Flags::NONE };
        Ok(true)
    }

    /// Headings with what a line beside them holds for each.
    fn laid_out(
        &self,
        number: usize,
        headings: &[String],
        banner: &[(usize, Condition)],
    ) -> Result<Layout, DataError> {
        let wrong = |bad: BadHeading| {
            bad.at(self.source.path, number, "correct the heading or give a column mapping")
        };
        Layout::read(headings, banner, self.source.mapping).map_err(wrong)
    }

    /// A line of headings: at least two of them must mean something.
    fn headings(&mut self, number: usize, cells: &[String]) -> Result<bool, DataError> {
        let mut layout = self.laid_out(number, cells, &self.banner)?;
        if layout.meaningful() < 2 {
            return Ok(false);
        }
        if layout.repeats() && !self.values_above.is_empty() {
            self.banner = std::mem::take(&mut self.values_above);
            layout = self.laid_out(number, cells, &self.banner)?;
        } else if let Some(banner) = self.listed(&layout)? {
            layout = self.laid_out(number, cells, &banner)?;
            self.banner = banner;
            self.listed = None;
        } else if let Some((_, key, values)) = self.listed.take_if(|(_, _, values)| values.len() == 2) {
            // Of two, the second may be a remark: `Vd = 0.1; 27`.
            self.hold(&key, &values[0]);
        }
        self.fresh = true;
        self.titles.note(cells, &self.dialect, self.source.mapping);
        self.assumed = Flags::NONE;
        self.layout = Some(layout);
        self.units_possible = true;
        Ok(true)
    }

    /// A line of units below the headings: every cell that is not empty is a unit.
    fn units(&mut self, number: usize, cells: &[String]) -> Result<bool, DataError> {
        self.units_possible = false;
        let Some(layout) = &self.layout else { return Ok(false) };
        // `Vgs = 0.4` below the headings is no unit.
        let held = |c: &String| !assignments(c, self.dialect.comma_decimals, self.source.mapping).is_empty();
        if cells.iter().any(held) {
            return Ok(false);
        }
        let bare = |c: &String| c.trim().trim_matches(['[', ']', '(', ')']).trim().to_owned();
        let units: Vec<String> = cells.iter().map(bare).collect();
        let headings: Vec<String> = layout
            .headings
            .iter()
            .zip(units.iter().chain(std::iter::repeat(&String::new())))
            .map(|(h, u)| if u.is_empty() { h.clone() } else { format!("{h} [{u}]") })
            .collect();
        match Layout::read(&headings, &self.banner, self.source.mapping) {
            Ok(with_units) => {
                self.layout = Some(with_units);
                Ok(true)
            }
            Err(_) if self.headings(number, cells)? => Ok(true),
            Err(bad) => Err(bad.at(self.source.path, number, "correct the line of units")),
        }
    }

    fn row(&mut self, number: usize, cells: &[String], fields: &[Field]) -> Result<(), DataError> {
        let Some(layout) = &self.layout else { return Ok(()) };
        if self.last && self.cut && fields.len() < layout.width() {
            let found = format!("{} of {} columns in the last line", fields.len(), layout.width());
            self.cut_at(number, found);
            return Ok(());
        }
        let ragged = fields.len() < layout.width() && !layout.is_wide();
        // Remarks behind the last column are no harm; a number there may be half of another one.
        let overlong = fields.iter().skip(layout.width()).any(Field::is_number);
        if ragged || overlong {
            return Err(self.source.syntax(
                number,
                format!("{} columns", fields.len()),
                format!("{} columns as in the headings", layout.width()),
                "complete the line, or quote cells that hold the column separator",
            ));
        }
        if self.cut {
            let end = cells.iter().rfind(|c| !c.trim().is_empty()).map_or("", |c| c.trim());
            let short = self.ends.is_some_and(|length| end.len() < length);
            // A zero may be written shorter.
            if self.last
                && self.rows.len() > 1
                && short
                && end.bytes().any(|b| b.is_ascii_digit() && b != b'0')
            {
                self.cut_at(number, format!("'{end}' in the last line"));
                return Ok(());
            }
            let length = Some(end.len()).filter(|_| has_exponent(end));
            self.ends = if self.rows.len() == 0 { length } else { self.ends.filter(|_| self.ends == length) };
        }
        self.fresh = false;
        layout.append(&mut self.rows, number as u32, cells, fields, &self.held);
        self.sheet.flags |= self.assumed;
        Ok(())
    }

    /// Notes that the file ends inside this line.
    fn cut_at(&mut self, number: usize, found: String) {
        let expected = "a complete line with a line end";
        self.sheet.problem = Some(self.source.truncated(number, found, expected, self.rows.len()));
    }

    /// Which cell of a row that does not fit is to blame; the last one of a file may have been cut.
    fn bad_row(&mut self, number: usize, cells: &[String], fields: &[Field]) -> Result<(), DataError> {
        let blame = self.layout.as_ref().and_then(|l| l.misfit(fields));
        let (cell, heading) = blame.map_or(("", "a number"), |(k, heading)| (cells[k].trim(), heading));
        let (cell, heading) =
            (format!("'{}'", shortened(cell, 40)), format!("a number in column '{heading}'"));
        if self.last && self.cut && self.rows.len() > 0 {
            self.cut_at(number, format!("{cell} in the last line"));
            return Ok(());
        }
        Err(self.source.syntax(number, cell, heading, "correct the cell, or leave it empty"))
    }

    fn finish(mut self) -> Result<Sheet, DataError> {
        if let (None, Some((line, name))) = (&self.layout, &self.nameless) {
            return Err(self.source.syntax(
                *line,
                format!("'{name}' and voltages of no terminal"),
                format!("both biases in the first cell, as in '{name}\\Vds' or '{name}\\Vbs'"),
                "write them there, or give the numbers names with a column mapping",
            ));
        }
        if self.layout.is_none() {
            let found = match self.unnamed {
                Some((line, names)) => {
                    format!("'{}' above the numbers of line {line}", shortened(&names, 100))
                }
                None => format!("'{}' first", shortened(&self.first, 60)),
            };
            return Err(DataError::NoQuantity {
                path: self.source.path.to_owned(),
                found,
                expected: "a line of headings such as 'vg, vd, id' above the numbers".to_owned(),
            });
        }
        self.rows.into_sheet(&mut self.sheet);
        if self.sheet.rows() == 0 {
            return Err(self.source.truncated(
                self.number,
                "no row of numbers",
                "rows below the headings",
                0,
            ));
        }
        Ok(self.sheet)
    }
}

/// True for a number with an exponent of two digits or more.
fn has_exponent(number: &str) -> bool {
    number.rsplit_once(['e', 'E']).is_some_and(|(mantissa, exponent)| {
        let digits = exponent.trim_start_matches(['-', '+']);
        digits.len() > 1 && digits.bytes().all(|b| b.is_ascii_digit()) && mantissa.parse::<f64>().is_ok()
    })
}

/// At most so many characters of a text.
fn shortened(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// A remark with a key, as opposed to a damaged row.
fn is_note(text: &str) -> bool {
    text.contains([':', '='])
}
