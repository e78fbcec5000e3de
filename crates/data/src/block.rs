//! The rows of one file that belong to one device at one temperature, on their way into the table.

use gummel_device::Polarity;
use std::collections::HashMap;

use crate::heading::{ColumnMapping, Heading, Later};
use crate::identity::{self, Fields, Identity, UNREAD};
use crate::sheet::{Sheet, TextColumn};
use crate::stop::Stop;
use crate::{DataError, Flags, curves, signs};

/// Columns of a sheet that say who was measured, not what.
pub(crate) const IDENTITY_COLUMNS: [&str; 15] = [
    "technology",
    "family",
    "polarity",
    "device",
    "site",
    "die",
    "w",
    "l",
    "nf",
    "mult",
    "temperature",
    "celsius",
    "corner",
    "sweep",
    "origin",
];

/// Columns of numbers that name a site together, where no column of its own does.
const PLACES: [&str; 11] = [
    "lot",
    "lot_id",
    "wafer",
    "wafer_id",
    "wafer_no",
    "sample",
    "sample_id",
    "diex",
    "diey",
    "die_x",
    "die_y",
];

/// Rows of one identity with their validation state.
#[derive(Debug, Default)]
pub(crate) struct Block {
    pub(crate) identity: Identity,
    /// Path of the file inside the input, `/` separators.
    pub(crate) file: String,
    /// Measured columns in SI units, NaN where missing.
    pub(crate) columns: Vec<(String, Vec<f64>)>,
    /// Curve each row belongs to, unique inside the file.
    pub(crate) curve: Vec<u32>,
    /// Line each row was read from.
    pub(crate) line: Vec<u32>,
    /// Flags per row.
    pub(crate) flags: Vec<Flags>,
    /// Estimated noise floor of the currents, A; NaN when the file gives no estimate.
    pub(crate) floor: f64,
    /// Compliance limits by current column, A.
    pub(crate) limits: Vec<(String, f64)>,
}

impl Block {
    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.line.len()
    }

    /// Values of the column called `name`.
    pub(crate) fn column(&self, name: &str) -> Option<&[f64]> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice())
    }

    /// True when the rows are a four-terminal transistor's drain current over its voltages.
    pub(crate) fn is_transistor(&self) -> bool {
        ["vd", "vg", "id"].iter().all(|c| self.column(c).is_some())
    }

    /// Sets `flag` on every row.
    pub(crate) fn flag_all(&mut self, flag: Flags) {
        self.flags.iter_mut().for_each(|f| *f |= flag);
    }

    /// Row ranges of the curves, in order of appearance.
    pub(crate) fn curve_ranges(&self) -> Vec<std::ops::Range<usize>> {
        curves::ranges(&self.curve)
    }
}

/// Splits a sheet into one block per identity.
///
/// `name` and `table` are the fields from the file-name pattern and from the metadata table.
///
/// # Errors
/// [`DataError::NoQuantity`] for a sheet without voltage or response, [`DataError::Metadata`] for a bad field,
/// [`DataError::Stopped`].
pub(crate) fn split(
    path: &str,
    sheet: Sheet,
    (name, table): (&Fields, &Fields),
    stop: Stop<'_>,
) -> Result<Vec<Block>, DataError> {
    check_columns(path, &sheet)?;
    let header = identity::header_fields(&sheet.header);
    let place = place(&sheet.header);
    let mut rows_of: Vec<(Fields, Vec<usize>)> = Vec::new();
    let mut index: HashMap<Vec<u64>, usize> = HashMap::new();
    // A column `Type` of other words says nothing of the polarity.
    let says =
        |t: &&TextColumn| t.name != "polarity" || t.words.iter().any(|w| identity::polarity(w).is_some());
    let words: Vec<_> =
        sheet.texts.iter().filter(|t| IDENTITY_COLUMNS.contains(&t.name.as_str())).filter(says).collect();
    let places: Vec<_> = sheet
        .columns
        .iter()
        .filter(|(name, values)| PLACES.contains(&name.as_str()) && parts_devices(values))
        .filter(|_| !words.iter().any(|t| t.name == "site"))
        .collect();
    let numbers: Vec<_> =
        sheet.columns.iter().filter(|(n, _)| IDENTITY_COLUMNS.contains(&n.as_str())).collect();
    if words.is_empty() && numbers.is_empty() && places.is_empty() {
        rows_of.push((table.clone(), (0..sheet.rows()).collect()));
    } else {
        for row in 0..sheet.rows() {
            stop.look()?;
            let codes = words.iter().map(|t| u64::from(t.codes[row]));
            let numbered = numbers.iter().chain(&places);
            let key: Vec<u64> = codes.chain(numbered.map(|(_, v)| v[row].to_bits())).collect();
            let at = *index.entry(key).or_insert_with(|| {
                let mut fields = table.clone();
                let said = words.iter().map(|t| (t.name.clone(), t.word(row).to_owned()));
                let measured = numbers.iter().filter(|(_, v)| v[row].is_finite());
                let measured = measured.map(|(n, v)| (n.clone(), identity::written(n, v[row])));
                let failed = numbers.iter().filter(|(_, v)| v[row].is_infinite());
                let failed = failed.map(|(n, _)| (UNREAD.to_owned(), n.clone()));
                for (field, value) in said.chain(measured).chain(failed).filter(|(_, v)| !v.is_empty()) {
                    fields.entry(field).or_insert(value);
                }
                let place: Vec<String> = places.iter().map(|(name, v)| format!("{name}{}", v[row])).collect();
                if !place.is_empty() {
                    fields.entry("site".to_owned()).or_insert_with(|| place.join("_"));
                }
                rows_of.push((fields, Vec::new()));
                rows_of.len() - 1
            });
            rows_of[at].1.push(row);
        }
    }
    let whole = rows_of.len() == 1;
    let mut blocks = Vec::with_capacity(rows_of.len());
    let mut sheet = sheet;
    sheet.columns.retain(|(n, _)| !IDENTITY_COLUMNS.contains(&n.as_str()));
    let mut next_curve = 0;
    for (fields, rows) in rows_of {
        stop.look()?;
        let mut identity = identity::resolve(path, name, &header, &fields)?;
        identity.place.clone_from(&place);
        let mut columns = if whole {
            std::mem::take(&mut sheet.columns)
        } else {
            sheet.columns.iter().map(|(n, v)| (n.clone(), rows.iter().map(|r| v[*r]).collect())).collect()
        };
        let flags = identity.flags | sheet.flags | settle(path, &mut columns, &sheet.later, &identity)?;
        let curve = if sheet.curve.is_empty() {
            let curve = curves::detect(&columns, rows.len(), next_curve);
            next_curve = curve.last().map_or(next_curve, |c| c + 1);
            curve
        } else {
            rows.iter().map(|r| sheet.curve[*r]).collect()
        };
        if identity.sweep.is_empty() {
            identity.sweep = curves::name_sweep(&columns, &curve, sheet.swept.as_deref());
        }
        blocks.push(Block {
            flags: vec![flags; rows.len()],
            identity,
            file: path.to_owned(),
            columns,
            curve,
            line: rows.iter().map(|r| sheet.line[*r]).collect(),
            floor: f64::NAN,
            limits: sheet.limits.clone(),
        });
    }
    Ok(blocks)
}

/// True for a column that differs from device to device and not from reading to reading.
fn parts_devices(values: &[f64]) -> bool {
    let changes = values.windows(2).filter(|pair| pair[0] != pair[1]).count();
    changes > 0 && changes * 3 < values.len() && values.iter().all(|v| v.is_finite())
}

/// Turns values into those of the terminal, now that the device is known; gives what had to be assumed.
///
/// # Errors
/// [`DataError::Metadata`] for a value per width of a device without width, and for logarithms that can
/// only be natural ones.
fn settle(
    path: &str,
    columns: &mut [(String, Vec<f64>)],
    later: &[(String, Later)],
    identity: &Identity,
) -> Result<Flags, DataError> {
    for (name, later) in later {
        let factor = match later {
            Later::Mirror => identity.polarity.map_or(1.0, Polarity::sign),
            Later::Sign => continue,
            Later::TimesWidth if identity.w > 0.0 => identity.w * identity.mult,
            Later::TimesWidth => {
                return Err(DataError::Metadata {
                    path: path.to_owned(),
                    field: "w".to_owned(),
                    found: String::new(),
                    expected: format!("the width of the device, because '{name}' is given per width"),
                });
            }
        };
        if let Some((_, values)) = columns.iter_mut().find(|(n, _)| n == name) {
            values.iter_mut().for_each(|v| *v *= factor);
        }
    }
    let passive = signs::passive(columns, later);
    let unsigned: Vec<&str> =
        later.iter().filter(|(_, l)| *l == Later::Sign).map(|(n, _)| n.as_str()).collect();
    signs::check_size(path, columns, &unsigned)?;
    Ok(signs::restore(columns, &unsigned, identity.polarity) | passive)
}

/// Lot, wafer, chip, module and structure as the header names them.
fn place(header: &[(String, String)]) -> String {
    let keys = ["LOT", "WAFER", "CHIP", "MODULE", "DEV_NAME"];
    let values = header.iter().filter(|(k, _)| keys.contains(&k.as_str())).map(|(_, v)| v.as_str());
    values.collect::<Vec<_>>().join(" ")
}

/// A stimulus (voltage, current or frequency) and a response must be there.
fn check_columns(path: &str, sheet: &Sheet) -> Result<(), DataError> {
    let names: Vec<&str> =
        sheet.columns.iter().map(|(n, _)| n.as_str()).filter(|n| !IDENTITY_COLUMNS.contains(n)).collect();
    let voltage = names.iter().any(|n| n.starts_with('v') || n.starts_with("freq"));
    let plain = ColumnMapping::default();
    let read = |n: &str| Heading::meant(n, &plain);
    let response = |n: &str| read(n).is_some_and(|h| h.is_response());
    // A current of which the unit or a word beside it is not understood, where no other is: `id_a_u`, `m0_ids`.
    let lost = !names.iter().any(|n| response(n)) && names.iter().any(|n| n.split('_').any(response));
    if names.len() >= 2 && (voltage || !sheet.header.is_empty()) && !lost {
        return Ok(());
    }
    Err(DataError::NoQuantity {
        path: path.to_owned(),
        found: format!("the columns {}", sheet.column_names()),
        expected: "a terminal voltage (vg vd vs vb ...) and a current, charge or capacitance (id ...)"
            .to_owned(),
    })
}
