//! Lines beside the rows: what banners, lists and remarks hold for the rows and headings around them.

use super::Reader;
use super::held::{Condition, banner, condition};
use super::layout::Layout;
use super::matrix;
use super::remark::{Said, assignments};
use crate::block::IDENTITY_COLUMNS;
use crate::heading::Heading;
use crate::{DataError, name};

/// Words that tell devices of one file apart.
const NAMES: [&str; 4] = ["device", "site", "die", "corner"];

/// True for what is set or told and not measured: a voltage, a number about the device.
pub(in crate::read) fn is_stimulus(column: &str) -> bool {
    column.starts_with('v') || IDENTITY_COLUMNS.contains(&column)
}

/// True for a number about the device that cannot be meant: headers are full of zeros.
pub(in crate::read) fn is_placeholder(column: &str, value: f64) -> bool {
    IDENTITY_COLUMNS.contains(&column) && value <= 0.0
}

impl Reader<'_> {
    /// Values of a bias below headings that repeat, `Vd (V),0.05,0.6` below `Vg (V),Id (A),Id (A)`.
    pub(super) fn banner_below(&mut self, number: usize, cells: &[String]) -> Result<bool, DataError> {
        let Some(layout) = self.layout.as_ref().filter(|l| l.repeats()) else { return Ok(false) };
        let banner = matrix::banner(cells, &self.dialect, self.source.mapping);
        if banner.len() < 2 || banner.iter().any(|(_, (bias, _))| layout.has(bias)) {
            return Ok(false);
        }
        let headings = layout.headings.clone();
        self.layout = Some(self.laid_out(number, &headings, &banner)?);
        self.banner = banner;
        Ok(true)
    }

    /// What a remark that lists the values of a bias holds for headings that repeat.
    pub(super) fn listed(&self, layout: &Layout) -> Result<Option<Vec<(usize, Condition)>>, DataError> {
        let Some((line, name, values)) = &self.listed else { return Ok(None) };
        let held: Option<Vec<Condition>> =
            values.iter().map(|v| condition(&format!("{name}={v}"), self.source.mapping)).collect();
        let held = held.filter(|h| h.first().is_some_and(|(bias, _)| !layout.has(bias)));
        let Some(held) = held.filter(|_| layout.repeats()) else { return Ok(None) };
        let repeated = layout.repeated();
        if repeated.len() != held.len() {
            return Err(self.source.syntax(
                *line,
                format!("{} values of {name} above {} columns of one name", held.len(), repeated.len()),
                "as many values as columns".to_owned(),
                "write the bias into the headings, as in 'Id (Vd=0.1)'",
            ));
        }
        Ok(Some(repeated.into_iter().zip(held).collect()))
    }

    /// A line above tables side by side, or a note.
    pub(super) fn remark(&mut self, number: usize, text: &str, cells: &[String]) {
        self.titles.note(cells, &self.dialect, self.source.mapping);
        self.values_above = matrix::banner(cells, &self.dialect, self.source.mapping);
        if self.values_above.len() > 1 {
            let name = cells.iter().find(|c| !c.trim().is_empty()).map_or("", |c| c.trim());
            self.nameless = Some((number, name.to_owned()));
        }
        let banner = banner(cells, self.source.mapping);
        if banner.is_empty() {
            self.note(text);
        } else {
            // It belongs to the headings below, not to rows of the block above.
            self.banner = banner;
            self.layout = None;
        }
    }

    /// A bias or a number about the device with its value, `Vds,0.6,V`, that no column has, as opposed to a damaged row.
    pub(super) fn is_held(&self, cells: &[String]) -> bool {
        let filled: Vec<&str> = cells.iter().map(|c| c.trim()).filter(|c| !c.is_empty()).collect();
        let [name, value @ ..] = &filled[..] else { return false };
        let held = condition(&format!("{name}={}", value.join(" ")), self.source.mapping);
        (1..=2).contains(&value.len())
            && held.is_some_and(|(column, _)| {
                is_stimulus(&column) && self.layout.as_ref().is_none_or(|l| !l.has(&column))
            })
    }

    /// `key, value`, `key: value` and `key = value`: held voltages between blocks, else header values.
    fn note(&mut self, text: &str) {
        let said = assignments(text, self.dialect.comma_decimals, self.source.mapping);
        let (several, mut pairs) = (said.len() > 1, Vec::new());
        for (key, said) in said {
            match said {
                Said::One(value) => {
                    self.hold(&key, &value);
                    pairs.push((key, value));
                }
                Said::Several(values) => self.listed = Some((self.number, key, values)),
            }
        }
        if several {
            pairs.into_iter().for_each(|(key, value)| self.header(key, value));
            return;
        }
        let split = text.split_once([':', '=']).or_else(|| text.split_once([',', ';', '\t']));
        if split.is_none()
            && let Some(kind) = text.split_whitespace().next().and_then(name::polarity)
            && name::polarity(text) == Some(kind)
        {
            self.header("polarity".to_owned(), kind.to_string());
        }
        if let Some((key, value)) = split {
            let value = value.trim().trim_matches([',', ';', '"']).trim();
            let key = key.trim().trim_matches('"');
            let stimulus =
                |key: &str| Heading::meant(key, self.source.mapping).is_some_and(|h| is_stimulus(&h.column));
            if pairs.is_empty() && stimulus(key) {
                // A unit in a cell of its own: `Vds,0.6,V`.
                self.hold(key, &value.replacen([',', ';', '\t'], " ", 1));
            }
            self.header(key.to_owned(), value.to_owned());
        }
    }

    /// Holds a number for the rows below, where `key` is a bias or a number about the device.
    pub(super) fn hold(&mut self, key: &str, value: &str) {
        let Some((column, value)) = condition(&format!("{key}={value}"), self.source.mapping) else { return };
        if is_placeholder(&column, value) {
            return;
        }
        let listed = |(_, name, _): &mut (usize, String, Vec<String>)| {
            Heading::meant(name, self.source.mapping).is_some_and(|h| h.column == column)
        };
        self.listed.take_if(listed);
        self.held.retain(|(c, _)| *c != column);
        self.held.push((column, value));
    }

    /// Notes a value of the header; a name of a device that changes between blocks holds for the rows below.
    fn header(&mut self, key: String, value: String) {
        let earlier = || self.sheet.header.iter().find(|(k, _)| k.eq_ignore_ascii_case(&key));
        if self.rows.len() > 0
            && let Ok(Some(heading)) = Heading::read(&key, self.source.mapping)
            && NAMES.contains(&heading.column.as_str())
            && earlier().is_some_and(|(_, v)| *v != value)
        {
            self.rows.name(&heading.column, &value);
        }
        self.sheet.header.push((key, value));
    }
}
