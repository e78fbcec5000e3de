//! SPICE raw files: ngspice ASCII and binary, real and complex, several plots; LTspice's UTF-16 headers.
//!
//! A source `vd` at the drain reads `i(vd)` from its plus to its minus node, so that the current into the
//! drain is `-i(vd)`.

use crate::heading::{ColumnMapping, Heading};
use crate::sheet::Sheet;
use crate::source::Source;
use crate::{DataError, number};

/// Reads all plots of a raw file; their rows follow each other.
///
/// # Errors
/// [`DataError::Syntax`] for a header or value that cannot be read, [`DataError::Truncated`] when not one
/// point is there, [`DataError::Stopped`].
pub(crate) fn read(source: Source<'_>) -> Result<Sheet, DataError> {
    let mut cursor = Cursor { source, at: 0, line: 0, wide: is_utf16(source.bytes) };
    if source.bytes.starts_with(&[0xFF, 0xFE]) {
        cursor.at = 2;
    }
    let mut sheet = Sheet { header: vec![("origin".to_owned(), "simulated".to_owned())], ..Sheet::default() };
    while let Some(plot) = Plot::header(&mut cursor)? {
        let columns = plot.columns(&cursor)?;
        let (values, complete) = plot.values(&mut cursor)?;
        plot.append(&mut sheet, &columns, &values);
        if !complete {
            sheet.problem = Some(source.truncated(
                cursor.line,
                format!("{} points", values.len() / plot.numbers_per_point()),
                format!("{} as the header of plot '{}' says", plot.points, plot.name),
                sheet.rows(),
            ));
            break;
        }
    }
    match sheet.problem {
        Some(problem) if sheet.line.is_empty() => Err(problem),
        _ => Ok(sheet),
    }
}

fn is_utf16(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xFF, 0xFE]) || bytes.get(..4).is_some_and(|b| b[1] == 0 && b[3] == 0)
}

/// A place in the file.
struct Cursor<'a> {
    source: Source<'a>,
    at: usize,
    line: usize,
    /// Header text is UTF-16, little endian.
    wide: bool,
}

impl Cursor<'_> {
    /// The next line of text, without its end; `None` at the end of the file.
    fn text_line(&mut self) -> Option<String> {
        let rest = self.source.bytes.get(self.at..).filter(|r| !r.is_empty())?;
        self.line += 1;
        if self.wide {
            let units = rest.chunks_exact(2).map(|p| u16::from_le_bytes([p[0], p[1]]));
            let line: Vec<u16> = units.take_while(|u| *u != u16::from(b'\n')).collect();
            self.at += (line.len() + 1) * 2;
            return Some(String::from_utf16_lossy(&line).trim_end().to_owned());
        }
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at += end + 1;
        Some(String::from_utf8_lossy(&rest[..end]).trim_end().to_owned())
    }

    fn syntax(&self, found: impl Into<String>, expected: impl Into<String>) -> DataError {
        self.source.syntax(self.line, found, expected, "write the raw file again from the simulator")
    }
}

/// Header of one plot.
struct Plot {
    name: String,
    complex: bool,
    points: usize,
    variables: Vec<String>,
    binary: bool,
    /// LTspice: single precision for all but the first variable.
    single: bool,
}

/// Largest number of variables or points that a header may announce.
const LIMIT: usize = 1 << 32;

impl Plot {
    /// Reads a header up to `Values:` or `Binary:`; `None` when there is no further plot.
    fn header(cursor: &mut Cursor<'_>) -> Result<Option<Plot>, DataError> {
        let mut plot = Plot {
            name: String::new(),
            complex: false,
            points: 0,
            variables: Vec::new(),
            binary: false,
            single: cursor.wide,
        };
        let mut count = 0usize;
        let mut any = false;
        while let Some(line) = cursor.text_line() {
            cursor.source.stop.look()?;
            let (key, value) = line.split_once(':').unwrap_or((line.as_str(), ""));
            let value = value.trim();
            any |= !line.trim().is_empty();
            match key.trim().to_ascii_lowercase().as_str() {
                "plotname" => plot.name = value.to_owned(),
                "flags" => {
                    let flags = value.to_ascii_lowercase();
                    plot.complex = flags.contains("complex");
                    plot.single &= !flags.contains("double") && !plot.complex;
                }
                "no. variables" => count = Self::count(cursor, value)?,
                "no. points" => plot.points = Self::count(cursor, value)?,
                "variables" => {
                    for _ in 0..count {
                        let line = cursor.text_line().unwrap_or_default();
                        let name = line.split_whitespace().nth(1);
                        let name = name.ok_or_else(|| {
                            cursor.syntax(format!("'{line}'"), "number, name and type of a variable")
                        })?;
                        plot.variables.push(name.to_owned());
                    }
                }
                "values" | "binary" => {
                    plot.binary = key.trim().eq_ignore_ascii_case("binary");
                    if plot.variables.is_empty() {
                        return Err(
                            cursor.syntax(format!("'{key}:'"), "'No. Variables:' and 'Variables:' before it")
                        );
                    }
                    return Ok(Some(plot));
                }
                _ => {}
            }
        }
        if any { Err(cursor.syntax("the end of the file", "'Values:' or 'Binary:'")) } else { Ok(None) }
    }

    fn count(cursor: &Cursor<'_>, value: &str) -> Result<usize, DataError> {
        let count = value.split_whitespace().next().and_then(|w| w.parse::<usize>().ok());
        count.filter(|n| *n < LIMIT).ok_or_else(|| cursor.syntax(format!("'{value}'"), "a count"))
    }

    fn numbers_per_point(&self) -> usize {
        self.variables.len() * if self.complex { 2 } else { 1 }
    }

    /// All numbers, point after point, and whether all announced points are there.
    fn values(&self, cursor: &mut Cursor<'_>) -> Result<(Vec<f64>, bool), DataError> {
        let per_point = self.numbers_per_point();
        let mut values = if self.binary { self.binary_values(cursor) } else { self.ascii_values(cursor) }?;
        let points = values.len() / per_point;
        values.truncate(points * per_point);
        Ok((values, points >= self.points))
    }

    fn binary_values(&self, cursor: &mut Cursor<'_>) -> Result<Vec<f64>, DataError> {
        let mut values = Vec::new();
        let per_point = self.numbers_per_point();
        let mut rest = &cursor.source.bytes[cursor.at.min(cursor.source.bytes.len())..];
        'points: for _ in 0..self.points {
            cursor.source.stop.look()?;
            for k in 0..per_point {
                let value = if self.single && k > 0 {
                    let Some((head, tail)) = rest.split_first_chunk::<4>() else { break 'points };
                    rest = tail;
                    f64::from(f32::from_le_bytes(*head))
                } else {
                    let Some((head, tail)) = rest.split_first_chunk::<8>() else { break 'points };
                    rest = tail;
                    f64::from_le_bytes(*head)
                };
                // LTspice marks compressed points by the sign of the first variable.
                values.push(if self.single && k == 0 { value.abs() } else { value });
            }
        }
        cursor.at = cursor.source.bytes.len() - rest.len();
        Ok(values)
    }

    /// Points as an index and one value per variable, each on its own line or all on one.
    fn ascii_values(&self, cursor: &mut Cursor<'_>) -> Result<Vec<f64>, DataError> {
        let wanted = self.points * self.numbers_per_point();
        let mut values = Vec::new();
        let mut index_due = true;
        while values.len() < wanted {
            cursor.source.stop.look()?;
            let Some(line) = cursor.text_line() else { break };
            for word in line.split_whitespace() {
                if index_due {
                    index_due = false;
                    if word.bytes().all(|b| b.is_ascii_digit()) {
                        continue;
                    }
                    return Err(cursor.syntax(format!("'{word}'"), "the number of the next point"));
                }
                let parts: Vec<&str> = word.split(',').collect();
                let expected = if self.complex { 2 } else { 1 };
                if parts.len() != expected {
                    return Err(cursor.syntax(
                        format!("'{word}'"),
                        if self.complex { "real,imaginary" } else { "one number" },
                    ));
                }
                for part in parts {
                    let value = number::whole(part.as_bytes());
                    values.push(value.ok_or_else(|| cursor.syntax(format!("'{part}'"), "a number"))?);
                }
                index_due = values.len() % self.numbers_per_point() == 0;
            }
        }
        Ok(values)
    }

    /// Column headings of the variables; `None` for variables that are left out.
    fn columns(&self, cursor: &Cursor<'_>) -> Result<Vec<Option<Heading>>, DataError> {
        let mapping = cursor.source.mapping;
        let mut columns: Vec<Option<Heading>> = Vec::new();
        for name in &self.variables {
            let heading = Heading::read(&spice_name(name, mapping), mapping)
                .map_err(|bad| cursor.syntax(bad.found, bad.expected))?;
            let taken = |h: &Heading| columns.iter().flatten().any(|c: &Heading| c.column == h.column);
            // The second variable of one meaning keeps its own name.
            columns.push(match heading {
                Some(h) if taken(&h) => Some(Heading::unknown(name)),
                other => other,
            });
        }
        Ok(columns)
    }

    fn append(&self, sheet: &mut Sheet, columns: &[Option<Heading>], values: &[f64]) {
        let (per_point, offset) = (self.numbers_per_point(), sheet.rows());
        let points = values.len() / per_point;
        for (k, heading) in columns.iter().enumerate() {
            let Some(heading) = heading else { continue };
            if self.complex {
                let part = |add: usize| values.chunks_exact(per_point).map(move |p| p[2 * k + add]);
                // A complex frequency is a real one.
                if heading.column == "freq" {
                    sheet.append("freq", offset, part(0));
                } else {
                    sheet.append(&format!("{}_re", heading.column), offset, part(0));
                    sheet.append(&format!("{}_im", heading.column), offset, part(1));
                }
            } else {
                sheet.append(
                    &heading.column,
                    offset,
                    values.chunks_exact(per_point).map(|p| heading.value(p[k])),
                );
                sheet.remember(heading);
            }
        }
        sheet.line.extend((1..=points as u32).map(|p| offset as u32 + p));
        let rows = sheet.rows();
        sheet.columns.iter_mut().for_each(|(_, v)| v.resize(rows, f64::NAN));
    }
}

/// A SPICE variable in the words of headings: `i(vd)` and `vd#branch` are `-id`, `@m1[gm]` is `op_gm`.
fn spice_name(name: &str, mapping: &ColumnMapping) -> String {
    if mapping.columns.keys().any(|k| k.trim().eq_ignore_ascii_case(name)) {
        return name.to_owned();
    }
    let lower = name.to_ascii_lowercase();
    let inside = |prefix: &str| lower.strip_prefix(prefix).and_then(|r| r.strip_suffix(')'));
    let source = lower.strip_suffix("#branch").or_else(|| inside("i("));
    if let Some(terminal) = source.and_then(|s| s.strip_prefix('v')).filter(|t| t.len() == 1) {
        return format!("-i{terminal}");
    }
    if let Some((_, parameter)) =
        lower.strip_prefix('@').and_then(|r| r.strip_suffix(']')).and_then(|r| r.split_once('['))
    {
        // Operating-point currents and voltages are in the device's own frame: not the terminals'.
        let frame_free = parameter.starts_with(['g', 'q', 'c']);
        return if frame_free { format!("op_{parameter}") } else { format!("device_{parameter}") };
    }
    match lower.as_str() {
        "temp-sweep" => "temperature".to_owned(),
        "frequency" => "freq".to_owned(),
        "v-sweep" | "i-sweep" | "v(v-sweep)" => "sweep value".to_owned(),
        _ => match inside("v(") {
            // A node that is called after the voltage: `v(vds)`.
            Some(node) if node.starts_with('v') => node.to_owned(),
            Some(node) => format!("v{node}"),
            None => lower.clone(),
        },
    }
}
