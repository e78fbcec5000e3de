//! Sheets whose first column is one bias and whose heading row holds the values of another: `Vgs\Vds,0.1,0.2`.
//!
//! Such headings are rewritten to those of a wide table, `vg, id (vd=0.1), id (vd=0.2)`. The bias across
//! comes from the corner cell, from the cells themselves (`Vd=0.1`), or from the lines above, as does what
//! was measured; a sheet that names no quantity holds drain currents in amperes and is flagged so.

use super::fields::{Dialect, Field};
use super::held::{self, Condition};
use crate::heading::{ColumnMapping, Heading};

/// What the lines above a sheet say: what was measured, and biases that no number goes with.
#[derive(Default)]
pub(super) struct Titles {
    quantity: Option<String>,
    biases: Vec<String>,
}

/// The headings of a wide table in place of those of a sheet.
pub(super) struct Sheeted {
    pub(super) cells: Vec<String>,
    /// Nothing says what was measured.
    pub(super) assumed: bool,
}

/// Words between the names in a title: `Id (A) vs Vgs (V) for Vds (V) =`.
const BETWEEN: [&str; 11] =
    [" versus ", " over ", " with ", " and ", " for ", " at ", " of ", " by ", " vs. ", " vs ", " @ "];

impl Titles {
    /// Takes what the cells of a line above name.
    pub(super) fn note(&mut self, cells: &[String], dialect: &Dialect, mapping: &ColumnMapping) {
        let mut names: Vec<String> = Vec::new();
        for cell in cells {
            let mut text = format!(" {cell} ").replace([':', '=', ';', '|', '\\', '"', '→', '↓'], " , ");
            for word in BETWEEN {
                text = replace_any_case(&text, word, " , ");
            }
            names.extend(text.split(" , ").map(|n| n.trim().to_owned()).filter(|n| !n.is_empty()));
        }
        for (k, name) in names.iter().enumerate() {
            let valued = names.get(k + 1).is_some_and(|next| volts(next, dialect).is_some());
            match Heading::read(name, mapping) {
                Ok(Some(h)) if h.is_response() => self.quantity = Some(name.clone()),
                Ok(Some(h)) if h.is_voltage() && !valued => self.biases.push(name.clone()),
                _ => {}
            }
        }
    }

    /// The last bias named that is not `rows`.
    fn across(&self, rows: &Heading, mapping: &ColumnMapping) -> Option<Heading> {
        let read = |name: &String| Heading::meant(name, mapping);
        self.biases.iter().rev().filter_map(read).find(|h| h.column != rows.column)
    }
}

/// Rewrites the headings of a sheet; `None` for any other line.
///
/// The first cell with text names the rows, all others hold values of the bias across: at least one where
/// the corner cell names both biases, at least two where a title does.
pub(super) fn headings(
    cells: &[String],
    dialect: &Dialect,
    titles: &Titles,
    mapping: &ColumnMapping,
) -> Option<Sheeted> {
    let corner_at = cells.iter().position(|c| !c.trim().is_empty())?;
    let corner = cells[corner_at].trim();
    let values: Vec<Option<Field>> = cells.iter().skip(corner_at + 1).map(|c| volts(c, dialect)).collect();
    let filled = cells.iter().skip(corner_at + 1).filter(|c| !c.trim().is_empty()).count();
    let numbers = values.iter().flatten().count();
    let (rows, across, own_quantity) = match both(corner, mapping) {
        Some(named) => named,
        None => {
            let rows = Heading::meant(corner, mapping)?;
            if !rows.is_voltage() || numbers != 0 && numbers < 2 {
                return None;
            }
            let across = (numbers > 0).then(|| titles.across(&rows, mapping)).flatten();
            (corner.to_owned(), across, None)
        }
    };
    let row_heading = Heading::meant(&rows, mapping)?;
    let quantity = own_quantity.or_else(|| titles.quantity.clone());
    let response = quantity.clone().unwrap_or_else(|| "id [A]".to_owned());
    let mut rewritten = cells[..corner_at].to_vec();
    rewritten.push(rows);
    let mut held = 0;
    for (cell, value) in cells.iter().skip(corner_at + 1).zip(values) {
        let condition = match (value, &across) {
            (Some(value), Some(across)) => value.below(across).map(|value| (across.column.clone(), value)),
            _ => held::condition(cell, mapping).filter(|(column, _)| *column != row_heading.column),
        };
        held += usize::from(condition.is_some());
        rewritten.push(condition.map_or_else(|| cell.clone(), |c| spelled(&response, &c)));
    }
    // Every cell that says something holds a bias, but for remarks behind them.
    let whole = held > 0 && held + usize::from(numbers > 0 && filled > held) >= filled;
    whole.then_some(Sheeted { cells: rewritten, assumed: quantity.is_none() })
}

/// What `Vd (V),0.1,1.2` above headings that repeat (`Vg,Id,Id`) holds for each of them; empty for other lines.
pub(super) fn banner(
    cells: &[String],
    dialect: &Dialect,
    mapping: &ColumnMapping,
) -> Vec<(usize, Condition)> {
    let Some(first) = cells.iter().position(|c| !c.trim().is_empty()) else { return Vec::new() };
    let name = cells[first].trim().trim_end_matches(['=', ':']).trim_end();
    let Some(axis) = Heading::meant(name, mapping).filter(Heading::is_voltage) else {
        return Vec::new();
    };
    let value =
        |(k, cell): (usize, &String)| Some((k, (axis.column.clone(), volts(cell, dialect)?.below(&axis)?)));
    cells.iter().enumerate().skip(first + 1).filter_map(value).collect()
}

/// `id [A] (vd=1e-1)`, which the layout of wide tables reads.
fn spelled(response: &str, (column, value): &Condition) -> String {
    format!("{response} ({column}={value:e})")
}

/// Rows, bias across and quantity of a corner cell: `Vgs\Vds`, `VG (V) / VD (mV)`, `Id [A]: Vgs↓ Vds→`.
///
/// What stands first runs down, unless arrows say otherwise.
fn both(corner: &str, mapping: &ColumnMapping) -> Option<(String, Option<Heading>, Option<String>)> {
    let (quantity, rest) = match corner.split_once(':') {
        Some((quantity, rest)) if response(quantity, mapping) => (Some(quantity.trim().to_owned()), rest),
        _ => (None, corner),
    };
    let voltage = |name: &str| Heading::meant(name, mapping).filter(Heading::is_voltage);
    let pairs = rest.match_indices(['\\', '/', '|', '→', '↓', ' ', '_', '-']).map(|(at, mark)| {
        // An arrow belongs to the name before it.
        let first = if matches!(mark, "→" | "↓") { &rest[..at + mark.len()] } else { &rest[..at] };
        (first, &rest[at + mark.len()..])
    });
    for (first, second) in pairs {
        let name = |t: &str| t.trim_matches(['→', '↓', '>', '\\', '/', '|', ' ']).to_owned();
        let (Some(a), Some(b)) = (voltage(&name(first)), voltage(&name(second))) else { continue };
        if a.column == b.column {
            continue;
        }
        let turned = first.contains('→') || second.contains('↓');
        let (rows, across) = if turned { (name(second), a) } else { (name(first), b) };
        return Some((rows, Some(across), quantity));
    }
    None
}

fn response(name: &str, mapping: &ColumnMapping) -> bool {
    Heading::meant(name, mapping).is_some_and(|h| h.is_response())
}

/// The number of a cell such as `0.1`, `50m` or `0.1 v`.
fn volts(cell: &str, dialect: &Dialect) -> Option<Field> {
    let cell = cell.trim();
    let field = match cell.strip_suffix('v') {
        Some(bare) => dialect.read(&format!("{bare}V")),
        None => dialect.read(cell),
    };
    field.is_number().then_some(field)
}

fn replace_any_case(text: &str, word: &str, by: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in lower.match_indices(word) {
        // Words of a title share the blank between them.
        if at < from {
            continue;
        }
        out.push_str(&text[from..at]);
        out.push_str(by);
        from = at + word.len();
    }
    out.push_str(&text[from..]);
    out
}
