//! Tables and headings for a terminal: numbers right-aligned, cut to the width, colour only where it is taken.

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, Width};

/// Colours of text, when they are on.
#[derive(Clone, Copy, Debug)]
pub struct Paint {
    /// Whether the stream takes colours.
    pub on: bool,
}

impl Paint {
    /// Headings.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Things to look at.
    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// A table whose first column is text and whose other columns are numbers, unless listed in `words`.
#[derive(Clone, Debug)]
pub struct Grid {
    headings: Vec<String>,
    words: Vec<usize>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with these headings; columns in `words` (counted from 0) and the first are left-aligned.
    pub fn new(headings: &[&str], words: &[usize]) -> Self {
        let headings = headings.iter().map(|h| (*h).to_owned()).collect();
        Grid { headings, words: words.to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) -> &mut Self {
        self.rows.push(cells.into_iter().collect());
        self
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// True when there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The first `most` rows, and how many were cut.
    pub fn cut(mut self, most: usize) -> (Grid, usize) {
        let cut = self.rows.len().saturating_sub(most);
        self.rows.truncate(most);
        (self, cut)
    }

    /// The table as text of at most `width` columns, without trailing spaces or line end.
    pub fn text(&self, width: usize) -> String {
        let mut table = Table::new();
        // Dashes under the headings, nothing else: the table can be pasted anywhere.
        table.load_preset(PRESET).set_header(&self.headings).add_rows(&self.rows);
        table.set_content_arrangement(ContentArrangement::Dynamic);
        table.set_width(width.try_into().unwrap_or(u16::MAX));
        let given_way = self.gives_way(width);
        for (k, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, GAP));
            if let Some((_, columns)) = given_way.filter(|(given, _)| *given == k) {
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(columns + GAP)));
            } else if k + 1 < self.headings.len() || self.content(k) <= LEAST {
                // Names and numbers stay whole; the last column wraps where it holds words.
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
            if self.is_number(k) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        table.lines().map(|l| l.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// The table in Markdown, ending with a line end.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rules: Vec<String> = (0..self.headings.len())
            .map(|k| if self.is_number(k) { "---:" } else { "---" }.to_owned())
            .collect();
        let rows: String = self.rows.iter().map(|r| line(r)).collect();
        line(&self.headings) + &line(&rules) + &rows
    }

    /// The widest column of words and the width it must wrap to, where the last column would have no room for a word.
    fn gives_way(&self, width: usize) -> Option<(usize, u16)> {
        let last = self.headings.len().checked_sub(1)?;
        let before: usize = (0..last).map(|k| self.content(k) + usize::from(GAP)).sum();
        let room = LAST.min(self.content(last));
        let missing = (before + room).checked_sub(width).filter(|m| *m > 0)?;
        let widest = self.words.iter().copied().filter(|k| *k < last).max_by_key(|k| self.content(*k))?;
        let columns = self.content(widest).saturating_sub(missing).max(LEAST);
        Some((widest, columns.try_into().ok()?))
    }

    /// Characters of the longest cell of a column.
    fn content(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|r| &r[column]).chain([&self.headings[column]]);
        cells.map(|c| c.chars().count()).max().unwrap_or(0)
    }

    fn is_number(&self, column: usize) -> bool {
        column > 0 && !self.words.contains(&column)
    }
}

/// Spaces between columns.
const GAP: u16 = 2;
/// Columns that the last column should have at least, if it needs them.
const LAST: usize = 32;
/// No column of words gets narrower than this.
const LEAST: usize = 12;

/// comfy-table's line characters: only the rule under the headings is drawn.
const PRESET: &str = "     --            ";

/// A fraction as per cent with three significant digits, `-` when there is none.
pub fn percent(fraction: f64) -> String {
    number(100.0 * fraction)
}

/// A number with three significant digits, `-` when there is none.
pub fn number(value: f64) -> String {
    match value.abs() {
        v if !v.is_finite() => "-".to_owned(),
        0.0 => "0".to_owned(),
        v if !(1e-3..1e5).contains(&v) => format!("{value:.2e}"),
        v => format!("{value:.*}", (2 - v.log10().floor() as i32).clamp(0, 5) as usize),
    }
}

/// `1 file`, `2 files`, `1 200 points`.
pub fn count(n: usize, noun: &str) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(c);
    }
    let ending = match noun {
        _ if n == 1 => noun.to_owned(),
        _ if noun.ends_with('y') => format!("{}ies", &noun[..noun.len() - 1]),
        _ => format!("{noun}s"),
    };
    format!("{grouped} {ending}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    #[test]
    fn tables_align_numbers_and_fit_the_width() {
        let mut grid = Grid::new(&["device", "points", "note"], &[2]);
        grid.row(["W10u_L0.13u".into(), "1200".into(), "good".into()]);
        grid.row(["W1u".into(), "7".into(), "a remark that is too long for it".into()]);
        let text = grid.text(30);
        assert!(text.lines().all(|l| l.chars().count() <= 30), "{text}");
        expect![[r#"
            device        points   note
            ------------------------------
            W10u_L0.13u     1200   good
            W1u                7   a rem
                                   ark
                                   that
                                   is
                                   too
                                   long
                                   for
                                   it"#]]
        .assert_eq(&text);
    }

    #[test]
    fn a_long_column_of_words_wraps_before_the_last_one_loses_its_words() {
        let mut grid = Grid::new(&["no", "benchmark", "answer", "evidence"], &[1, 2, 3]);
        let evidence = "gummel-symmetry passes (1.2e-15), harmonic-slopes passes (0.012)";
        grid.row(
            ["1", "Symmetry of currents and charges of drain and source", "pass", evidence].map(Into::into),
        );
        let text = grid.text(64);
        assert!(text.lines().all(|l| l.chars().count() <= 64), "{text}");
        expect![[r#"
            no   benchmark            answer   evidence
            ----------------------------------------------------------------
            1    Symmetry of          pass     gummel-symmetry passes
                 currents and                  (1.2e-15), harmonic-slopes
                 charges of drain              passes (0.012)
                 and source"#]]
        .assert_eq(&text);
    }

    #[test]
    fn numbers_have_three_digits() {
        let shown: Vec<String> =
            [0.12345, 1.0, 12.345, 123.45, 9999.0, 1e-7, f64::NAN, 0.0].map(number).into();
        assert_eq!(shown, ["0.123", "1.00", "12.3", "123", "9999", "1.00e-7", "-", "0"]);
        assert_eq!(percent(0.00634), "0.634");
    }

    #[test]
    fn counts_read_as_english() {
        assert_eq!(count(1, "family"), "1 family");
        assert_eq!(count(2, "family"), "2 families");
        assert_eq!(count(1234567, "point"), "1 234 567 points");
    }
}
