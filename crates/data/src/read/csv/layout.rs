//! What the columns of a block are: sweeps, responses with conditions, words.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::fields::{Field, is_limited, is_silent};
use super::held::{Condition, hanging, take_conditions};
use super::refuse;
use super::rows::Rows;
use crate::heading::{BadHeading, ColumnMapping, Heading, run_of};

/// The columns of a block of rows.
pub(super) struct Layout {
    /// Headings as found, for a line of units below them.
    pub(super) headings: Vec<String>,
    columns: Vec<Option<Heading>>,
    /// Tables side by side; a long table is one part.
    parts: Vec<Part>,
}

/// Columns that make rows together.
#[derive(Default)]
struct Part {
    /// Indices of the columns.
    columns: Vec<usize>,
    /// Those of columns that belong to every table.
    common: Vec<usize>,
    /// Voltages that the headings hold.
    conditions: Vec<Condition>,
}

impl Layout {
    /// Reads a line of headings.
    ///
    /// `banner` is the line above tables side by side, with what its cells hold for the columns from there on.
    pub(super) fn read(
        cells: &[String],
        banner: &[(usize, Condition)],
        mapping: &ColumnMapping,
    ) -> Result<Layout, BadHeading> {
        let mut columns = Vec::new();
        let mut conditions = Vec::new();
        let hang = cells.iter().filter(|cell| hanging(cell, mapping).is_some()).count() > 1;
        for (k, cell) in cells.iter().enumerate() {
            let (name, mut held) = take_conditions(cell, mapping, hang);
            let above = banner.iter().rev().filter(|(from, _)| *from <= k);
            for (_, (column, value)) in above {
                if !held.iter().any(|(c, _)| c == column) {
                    held.push((column.clone(), *value));
                }
            }
            let heading = if name.trim().is_empty() { None } else { Heading::read(&name, mapping)? };
            if let Some(heading) = &heading
                && !heading.known
            {
                refuse::nameless_bias(&name, mapping)?;
                refuse::factor(&name, mapping)?;
            }
            columns.push(heading);
            conditions.push(held);
        }
        leave_out_copies(&mut columns, &conditions, cells);
        leave_out_time(&mut columns, cells);
        let held = conditions.iter().any(|held| !held.is_empty());
        let runs = (!held).then(|| runs(&columns, cells)).flatten();
        let parts = runs.unwrap_or_else(|| parts(&columns, conditions));
        Ok(Layout { headings: cells.to_vec(), columns, parts })
    }

    /// Number of headings that mean something; none where all say who was measured.
    pub(super) fn meaningful(&self) -> usize {
        let known = || self.columns.iter().flatten().filter(|h| h.known);
        if known().all(Heading::is_identity) { 0 } else { known().count() }
    }

    /// True when tables of the same columns, without conditions, stand side by side.
    pub(super) fn repeats(&self) -> bool {
        let names: Vec<&str> = self.columns.iter().flatten().map(|h| h.column.as_str()).collect();
        let twice = |name: &&str| names.iter().filter(|n| *n == name).count() > 1;
        names.iter().any(twice) && self.parts.iter().all(|p| p.conditions.is_empty())
    }

    /// True when a column is called `name`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.iter().flatten().any(|h| h.column == name)
    }

    /// Columns of the first quantity measured that has several.
    pub(super) fn repeated(&self) -> Vec<usize> {
        let response = |(k, h): (usize, &'_ Option<Heading>)| {
            h.as_ref().filter(|h| h.is_response()).map(|h| (k, h.column.clone()))
        };
        let responses: Vec<(usize, String)> = self.columns.iter().enumerate().filter_map(response).collect();
        let of =
            |name: &String| responses.iter().filter(|(_, n)| n == name).map(|(k, _)| *k).collect::<Vec<_>>();
        responses.iter().map(|(_, name)| of(name)).find(|columns| columns.len() > 1).unwrap_or_default()
    }

    /// Number of columns, empty headings at the end not counted.
    pub(super) fn width(&self) -> usize {
        self.columns.iter().rposition(Option::is_some).map_or(0, |last| last + 1)
    }

    /// True when rows may be shorter than the headings.
    pub(super) fn is_wide(&self) -> bool {
        self.parts.len() > 1
    }

    /// True when cells that must be numbers are numbers or missing, and at least one is a number.
    pub(super) fn fits(&self, fields: &[Field]) -> bool {
        fields.iter().any(Field::is_number) && self.misfit(fields).is_none()
    }

    /// The first cell with a word where a number must be, with its heading.
    pub(super) fn misfit(&self, fields: &[Field]) -> Option<(usize, &str)> {
        let wrong = |k: &usize| {
            let heading = self.columns.get(*k).and_then(Option::as_ref);
            let numeric = heading.filter(|h| h.known && h.is_numeric());
            numeric.is_some_and(|h| match &fields[*k] {
                Field::Word => true,
                Field::Quantity(text) => h.quantity(text).is_none() && !is_limited(text, h),
                Field::Number(_) | Field::Missing => false,
            })
        };
        (0..fields.len()).find(wrong).map(|k| (k, self.headings[k].trim()))
    }

    /// Appends the rows that one line makes, one per part that has a number in it.
    pub(super) fn append(
        &self,
        rows: &mut Rows,
        line: u32,
        cells: &[String],
        fields: &[Field],
        held: &[Condition],
    ) {
        for (part_number, part) in self.parts.iter().enumerate() {
            let present = part.columns.iter().any(|k| fields.get(*k).is_some_and(Field::is_number));
            if !present {
                continue;
            }
            rows.start(part_number, line);
            for k in part.columns.iter().chain(&part.common) {
                let Some(heading) = &self.columns[*k] else { continue };
                match fields.get(*k).map(|f| f.below(heading)) {
                    _ if !heading.is_numeric() => {
                        rows.word(&heading.column, cells.get(*k).map_or("", |c| c.trim()));
                    }
                    Some(Some(value)) => rows.number(heading, value),
                    // Infinity tells a number about the device that failed from one that nobody wrote.
                    Some(None) if heading.is_identity() && cells.get(*k).is_some_and(|c| !is_silent(c)) => {
                        rows.number(heading, f64::INFINITY);
                    }
                    _ => {}
                }
            }
            for (column, value) in part.conditions.iter().chain(held) {
                rows.held(column, *value);
            }
            rows.held_words();
        }
    }
}

/// Magnitudes and logarithms beside the readings they were taken of, `Id, |Id|, log10(Id)`, keep their own names.
fn leave_out_copies(columns: &mut [Option<Heading>], conditions: &[Vec<Condition>], cells: &[String]) {
    let known = |h: &&Heading| h.known && h.is_numeric();
    let found: Vec<(String, u8)> =
        columns.iter().flatten().filter(known).map(|h| (h.column.clone(), h.loss())).collect();
    let rescaled = rescaled(columns, conditions);
    for (k, (heading, cell)) in columns.iter_mut().zip(cells).enumerate() {
        let Some(h) = heading else { continue };
        if rescaled == Some(k)
            || h.known && found.iter().any(|(column, loss)| *column == h.column && *loss < h.loss())
        {
            *heading = Some(Heading::unknown(cell));
        }
    }
}

/// The second of two columns of one response where nothing else repeats and their units differ: `Vg, Id (A), Id (uA)`.
fn rescaled(columns: &[Option<Heading>], conditions: &[Vec<Condition>]) -> Option<usize> {
    let known: Vec<(usize, &Heading)> =
        columns.iter().enumerate().filter_map(|(k, h)| Some((k, h.as_ref().filter(|h| h.known)?))).collect();
    let earlier =
        |k: usize, h: &Heading| known.iter().find(|(before, b)| *before < k && b.column == h.column);
    let mut again = known.iter().filter_map(|(k, h)| Some((*k, *h, *earlier(*k, h)?)));
    let (k, second, (at, first)) = again.next()?;
    let other_unit = first.factor.abs() != second.factor.abs() && conditions[at] == conditions[k];
    (again.next().is_none() && second.is_response() && other_unit).then_some(k)
}

/// A column `t` is time where nothing beside it says who was measured, as `w, l, t` does; `T` is the temperature.
fn leave_out_time(columns: &mut [Option<Heading>], cells: &[String]) {
    if columns.iter().flatten().filter(|h| h.known && h.is_identity()).count() > 1 {
        return;
    }
    for (heading, cell) in columns.iter_mut().zip(cells) {
        if cell.trim().trim_matches('"') == "t" && heading.as_ref().is_some_and(|h| h.column == "temperature")
        {
            *heading = Some(Heading::unknown("t"));
        }
    }
}

/// Sorts columns into tables side by side: a heading that repeats, or that has other conditions, starts
/// a new part; columns without conditions that stand before belong to all parts until they repeat.
fn parts(columns: &[Option<Heading>], conditions: Vec<Vec<Condition>>) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut shared: Vec<usize> = Vec::new();
    let mut plain: Vec<usize> = Vec::new();
    let name = |k: usize| columns[k].as_ref().map(|h| h.column.as_str());
    for (k, held) in conditions.into_iter().enumerate() {
        let Some(column) = name(k) else { continue };
        if held.is_empty() {
            if plain.iter().any(|p| name(*p) == Some(column)) {
                // The next of several tables side by side.
                if parts.iter().all(|p| p.conditions.is_empty()) {
                    parts.push(Part { columns: plain.clone(), ..Part::default() });
                }
                plain.clear();
                shared.clear();
            }
            plain.push(k);
            shared.push(k);
        } else {
            match parts.iter_mut().find(|p| p.conditions == held && p.columns.starts_with(&shared)) {
                Some(part) => part.columns.push(k),
                None => {
                    let mut members = shared.clone();
                    members.push(k);
                    parts.push(Part { columns: members, conditions: held, ..Part::default() });
                }
            }
        }
    }
    let conditional = parts.iter().any(|p| !p.conditions.is_empty());
    if !plain.is_empty() && !conditional {
        parts.push(Part { columns: plain, ..Part::default() });
    }
    if !conditional && parts.len() > 1 {
        share(&mut parts, columns);
    }
    parts
}

/// Tables by the number of the run that headings carry, `DrainI(1), DrainI(2), DrainV(1), DrainV(2)`, wherever their columns stand;
/// columns without number belong to all. `None` unless every run has several columns and none twice.
fn runs(columns: &[Option<Heading>], cells: &[String]) -> Option<Vec<Part>> {
    let mut numbered: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    let mut common = Vec::new();
    for (k, (heading, cell)) in columns.iter().zip(cells).enumerate() {
        match (heading, run_of(cell)) {
            (Some(h), Some(run)) if h.known => numbered.entry(run).or_default().push(k),
            (Some(_), _) => common.push(k),
            (None, _) => {}
        }
    }
    let name = |k: &usize| columns[*k].as_ref().map(|h| &h.column);
    let whole = |members: &Vec<usize>| {
        let names: BTreeSet<_> = members.iter().map(name).collect();
        names.len() == members.len() && names.len() > 1
    };
    let part = |columns: Vec<usize>| Part { columns, common: common.clone(), conditions: Vec::new() };
    (numbered.len() > 1 && numbered.values().all(whole)).then(|| numbered.into_values().map(part).collect())
}

/// A bias or a word about the device that only one of several tables has belongs to all: `Vd, Vg, Id, Vg, Id` and the runs
/// `Vg, Id(1), Id(2)`.
fn share(parts: &mut [Part], columns: &[Option<Heading>]) {
    let mut count: HashMap<&str, usize> = HashMap::new();
    columns.iter().flatten().for_each(|h| *count.entry(&h.column).or_default() += 1);
    let belongs =
        |h: &Heading| (h.is_voltage() || h.known && h.is_identity()) && count[h.column.as_str()] == 1;
    let common: Vec<usize> =
        (0..columns.len()).filter(|k| columns[*k].as_ref().is_some_and(belongs)).collect();
    for part in parts {
        part.common = common.iter().copied().filter(|k| !part.columns.contains(k)).collect();
    }
}
