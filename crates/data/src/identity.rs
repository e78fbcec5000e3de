//! Who was measured: one identity out of file name, header and metadata table.
//!
//! Precedence: the metadata table wins over everything. For numbers (geometry, temperature) and for
//! polarity the header wins over the file name; for names (technology, family, device, site) the file
//! name wins, because headers use in-house words. Where header and name disagree on a number or on the
//! polarity, the rows are flagged [`Flags::CONTRADICTION`].

use gummel_device::{Corner, Geometry, Polarity, si};
use std::collections::BTreeMap;

use crate::{DataError, Flags, heading, name};

/// Temperature assumed where none is written, degrees Celsius.
pub(crate) const ROOM_CELSIUS: f64 = 25.0;

/// Metadata as text, by field; lengths in metres, temperatures in kelvin.
pub(crate) type Fields = BTreeMap<String, String>;

/// Key of a column whose cell failed to give a number; the rows are flagged [`Flags::UNREAD_METADATA`].
pub(crate) const UNREAD: &str = "unread";

/// Header keys understood as a field, in order of preference, lower case.
const HEADER_KEYS: [(&str, &[&str]); 13] = [
    ("w", &["main.w", "w", "width", "dev_w", "device_w", "wdrawn", "w_drawn"]),
    ("l", &["main.l", "l", "length", "dev_l", "device_l", "ldrawn", "l_drawn"]),
    ("nf", &["main.nf", "nf", "fingers"]),
    ("mult", &["main.m", "m", "mult", "multiplicity"]),
    ("celsius", &["temp", "temperature", "tmeas", "tchuck", "t", "tnom"]),
    ("polarity", &["type", "polarity", "device type", "device_type"]),
    ("technology", &["technology", "techno", "process"]),
    ("family", &["family", "device_type", "model"]),
    ("device", &["device", "device_name", "device id", "deviceid"]),
    ("site", &["site", "module"]),
    ("die", &["die"]),
    ("corner", &["corner"]),
    ("origin", &["origin"]),
];

/// The identity of the rows of one block.
#[derive(Clone, Debug, Default)]
pub(crate) struct Identity {
    pub(crate) technology: String,
    pub(crate) family: String,
    /// Nothing names the family: it is called after the folder.
    pub(crate) nameless: bool,
    pub(crate) polarity: Option<Polarity>,
    /// Label and site, unique within family and corner.
    pub(crate) device: String,
    pub(crate) site: String,
    /// Width, m; NaN when unknown.
    pub(crate) w: f64,
    /// Length, m; NaN when unknown.
    pub(crate) l: f64,
    pub(crate) nf: f64,
    pub(crate) mult: f64,
    /// Temperature, K.
    pub(crate) temperature: f64,
    /// Corner name; `tt` for spellings of typical, as found where it is no known corner.
    pub(crate) corner: Option<String>,
    pub(crate) sweep: String,
    /// Computed by a circuit simulator.
    pub(crate) simulated: bool,
    /// Flags that hold for every row.
    pub(crate) flags: Flags,
    /// What the header says about lot, chip and structure: files of one device must agree.
    pub(crate) place: String,
}

/// Fields found in a header.
pub(crate) fn header_fields(header: &[(String, String)]) -> Fields {
    let mut fields = Fields::new();
    for (field, keys) in HEADER_KEYS {
        let said = |v: &String| !v.is_empty() && v != ".";
        let called = |key: &str| header.iter().find(|(k, v)| k.eq_ignore_ascii_case(key) && said(v));
        // A parameter of any instance: `mosfet.W`.
        let part = |(k, v): &&(String, String)| {
            said(v) && k.rsplit_once('.').is_some_and(|(_, name)| name.eq_ignore_ascii_case(field))
        };
        let instance = || LENGTHS.contains(&field).then(|| header.iter().find(part)).flatten();
        let found = keys.iter().find_map(|key| called(key)).or_else(instance).map(|(_, v)| v.clone());
        if let Some(value) = found {
            fields.insert(field.to_owned(), value);
        }
    }
    fields
}

/// Joins the sources of metadata of one file (or of one device inside it).
///
/// `fields` come from a file-name pattern, `header` from the file, `table` from a metadata table or
/// from columns of the file itself. `path` is the file, used in errors and as the last resort for names.
///
/// # Errors
/// [`DataError::Metadata`] for a number or polarity that cannot be read.
pub(crate) fn resolve(
    path: &str,
    fields: &Fields,
    header: &Fields,
    table: &Fields,
) -> Result<Identity, DataError> {
    let sources = Sources { path, name: fields, header, table };
    let mut flags = if table.contains_key(UNREAD) { Flags::UNREAD_METADATA } else { Flags::NONE };
    let mut w = sources.number("w", &mut flags)?;
    let mut l = sources.number("l", &mut flags)?;
    // A pattern that matches says what it knows.
    let guess = fields.is_empty();
    if let (None, None, Some(size)) = (w, l, guess.then(|| name::size(path)).flatten()) {
        (w, l) = (Some(size.0), Some(size.1));
    }
    if w.is_none() || l.is_none() {
        flags |= Flags::NO_GEOMETRY;
    }
    let named = || guess.then(|| name::temperature(path)).flatten();
    let temperature = match sources.temperature(&mut flags)?.or_else(named) {
        Some(t) => t,
        None => {
            flags |= Flags::ASSUMED_TEMPERATURE;
            let assumed = fields.get("assumed_celsius").and_then(|t| t.parse().ok());
            tidy(si::kelvin(assumed.unwrap_or(ROOM_CELSIUS)))
        }
    };
    // Where the file name says which device it is, the module in the header adds nothing.
    let named = fields.contains_key("device") && !fields.contains_key("site") && !table.contains_key("site");
    let mut site = if named { String::new() } else { sources.word("site").unwrap_or_default() };
    if let Some(die) = sources.word("die").filter(|d| d != "1" && !d.eq_ignore_ascii_case("d1")) {
        let die = die.trim_start_matches(['d', 'D']);
        site = if site.is_empty() { format!("D{die}") } else { format!("{site}_D{die}") };
    }
    let geometry = Geometry {
        w: w.unwrap_or(f64::NAN),
        l: l.unwrap_or(f64::NAN),
        nf: sources.number("nf", &mut flags)?.unwrap_or(1.0),
        mult: sources.number("mult", &mut flags)?.unwrap_or(1.0),
    };
    let named_family = sources.word("family");
    let nameless = named_family.is_none();
    let family = named_family.unwrap_or_else(|| parent(path).to_owned());
    // A device column that repeats the family names no device.
    let label = sources
        .word("device")
        .filter(|d| *d != family)
        .or_else(|| geometry.is_valid().then(|| geometry.label()));
    let label = label.unwrap_or_else(|| if site.is_empty() { stem(path).to_owned() } else { String::new() });
    let device = match (label.is_empty(), site.is_empty()) {
        (false, false) if label != site => format!("{label}@{site}"),
        (true, _) => site.clone(),
        _ => label,
    };
    Ok(Identity {
        technology: sources.word("technology").unwrap_or_else(|| "unknown".to_owned()),
        family,
        nameless,
        polarity: sources.polarity(&mut flags)?,
        device,
        site,
        w: geometry.w,
        l: geometry.l,
        nf: geometry.nf,
        mult: geometry.mult,
        temperature,
        corner: sources
            .word("corner")
            .map(|c| c.parse::<Corner>().map_or_else(|_| c.to_ascii_lowercase(), |k| k.name().to_owned())),
        sweep: sources.word("sweep").unwrap_or_default().to_ascii_lowercase(),
        simulated: sources.word("origin").is_some_and(|o| o.eq_ignore_ascii_case("simulated")),
        flags,
        place: String::new(),
    })
}

/// Fields that are lengths in metres.
pub(crate) const LENGTHS: [&str; 2] = ["w", "l"];

/// The number `value`, in SI units, as the field `field`: as micrometres where the bare number would be read as such.
pub(crate) fn written(field: &str, value: f64) -> String {
    match LENGTHS.contains(&field) && value.abs() >= 1e-3 {
        true => format!("{:e}u", value * 1e6),
        false => format!("{value:e}"),
    }
}

struct Sources<'a> {
    path: &'a str,
    name: &'a Fields,
    header: &'a Fields,
    table: &'a Fields,
}

impl Sources<'_> {
    /// A name: table, then file name, then header.
    fn word(&self, field: &str) -> Option<String> {
        let found = [self.table, self.name, self.header].into_iter().find_map(|s| s.get(field));
        found.map(|w| w.trim().to_owned()).filter(|w| !w.is_empty())
    }

    /// A number: table, then header, then file name; flags a header that contradicts the file name.
    fn number(&self, field: &str, flags: &mut Flags) -> Result<Option<f64>, DataError> {
        let read = |source: &Fields| source.get(field).map(|text| self.read(field, text)).transpose();
        // Headers are full of zeros and placeholders: what is not a positive number there is not said.
        let header = self.header.get(field).and_then(|text| self.read(field, text).ok());
        let (table, name) = (read(self.table)?, read(self.name)?);
        if let (None, Some(h), Some(n)) = (table, header, name)
            && (h - n).abs() > 1e-3 * n.abs()
        {
            *flags |= Flags::CONTRADICTION;
        }
        Ok(table.or(header).or(name))
    }

    fn read(&self, field: &str, text: &str) -> Result<f64, DataError> {
        let value = if LENGTHS.contains(&field) { si::parse_length(text) } else { si::parse(text) };
        let positive = value.ok().filter(|v| v.is_finite() && *v > 0.0);
        positive.map(tidy).ok_or_else(|| self.bad(field, text, "a positive number such as 0.13u, 600n or 2"))
    }

    /// Temperature in kelvin from `temperature` (kelvin) or `celsius`, same precedence as numbers.
    fn temperature(&self, flags: &mut Flags) -> Result<Option<f64>, DataError> {
        let read = |source: &Fields| -> Result<Option<f64>, DataError> {
            let kelvin = match (source.get("temperature"), source.get("celsius")) {
                (Some(text), _) => {
                    si::parse(text).ok().ok_or_else(|| self.bad("temperature", text, "kelvin"))?
                }
                (None, Some(text)) => heading::temperature(text)
                    .ok_or_else(|| self.bad("temperature", text, "degrees Celsius or kelvin"))?,
                (None, None) => return Ok(None),
            };
            if !(kelvin > 0.0 && kelvin < 2000.0) {
                return Err(self.bad(
                    "temperature",
                    &format!("{kelvin} K"),
                    "a temperature between 0 K and 2000 K",
                ));
            }
            Ok(Some(tidy(kelvin)))
        };
        let (table, header, name) = (read(self.table)?, read(self.header).unwrap_or(None), read(self.name)?);
        if let (None, Some(h), Some(n)) = (table, header, name)
            && (h - n).abs() > 1.0
        {
            *flags |= Flags::CONTRADICTION;
        }
        Ok(table.or(header).or(name))
    }

    /// Polarity: table, then header, then file name.
    fn polarity(&self, flags: &mut Flags) -> Result<Option<Polarity>, DataError> {
        let table = match self.table.get("polarity") {
            Some(text) => {
                let read = polarity(text);
                Some(read.ok_or_else(|| self.bad("polarity", text, "n, p, nmos, pmos, npn, pnp, 1 or -1"))?)
            }
            None => None,
        };
        // A header's TYPE is often something else entirely, so that unknown words there are no error.
        let header = self.header.get("polarity").and_then(|t| polarity(t));
        let name = self.name.get("polarity").and_then(|t| polarity(t));
        if let (None, Some(h), Some(n)) = (table, header, name)
            && h != n
        {
            *flags |= Flags::CONTRADICTION;
        }
        let family = || self.word("family").and_then(|f| polarity_of_family(&f));
        let guess = || self.name.is_empty().then(|| name::polarity(self.path)).flatten();
        let file = || polarity(&guess()?.to_string());
        Ok(table.or(header).or(name).or_else(family).or_else(file))
    }

    fn bad(&self, field: &str, found: &str, expected: &str) -> DataError {
        DataError::Metadata {
            path: self.path.to_owned(),
            field: field.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }
}

/// A polarity as headers and tables write it.
pub(crate) fn polarity(text: &str) -> Option<Polarity> {
    match text.trim().to_ascii_lowercase().as_str() {
        "n" | "npn" | "1" | "+1" | "1.0" => Some(Polarity::N),
        "p" | "pnp" | "-1" | "-1.0" => Some(Polarity::P),
        // `pMOSFET`, `P-channel`, `n MOS`: the letter, and what it is the kind of.
        words => {
            let (kind, rest) = words.split_at_checked(1)?;
            let rest = rest.trim_start_matches(['-', ' ', '_']);
            let named = ["mos", "fet", "ldmos", "channel", "ch-", "ch_"].iter().any(|w| rest.starts_with(w))
                || ["ch", "type"].contains(&rest);
            match kind {
                "n" if named => Some(Polarity::N),
                "p" if named => Some(Polarity::P),
                _ => None,
            }
        }
    }
}

/// Polarity that a family's name tells: `nfet_01v8`, `lv_pmos`, `esd_nfet`, `pch_lvt`.
fn polarity_of_family(family: &str) -> Option<Polarity> {
    let family = family.to_ascii_lowercase();
    let starts = |words: [&str; 5]| {
        family.split(['_', '-', '.']).any(|part| words.iter().any(|w| part.starts_with(w)))
    };
    match (starts(["nfet", "nmos", "nch", "npn", "nldmos"]), starts(["pfet", "pmos", "pch", "pnp", "pldmos"]))
    {
        (true, false) => Some(Polarity::N),
        (false, true) => Some(Polarity::P),
        _ => None,
    }
}

/// Ten significant digits, so that `150 n` and `0.15 u` are the same number.
pub(crate) fn tidy(value: f64) -> f64 {
    format!("{value:.9e}").parse().unwrap_or(value)
}

fn stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(s, _)| s)
}

fn parent(path: &str) -> &str {
    path.rsplit('/').nth(1).filter(|p| !p.is_empty()).unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn header_wins_on_numbers_and_contradictions_are_flagged() {
        let name =
            fields(&[("w", "0.15e-6"), ("l", "0.13e-6"), ("family", "lv_nmos"), ("temperature", "300")]);
        let header = fields(&[("w", "150.0n"), ("l", "180.0n"), ("celsius", " 27.0000 "), ("family", "x")]);
        let id = resolve("a/b.mdm", &name, &header, &Fields::new()).expect("valid");
        assert_eq!((id.w, id.l, id.temperature), (0.15e-6, 0.18e-6, 300.15));
        assert_eq!((id.family.as_str(), id.polarity), ("lv_nmos", Some(Polarity::N)));
        assert_eq!(id.flags, Flags::CONTRADICTION);
        let table = fields(&[("l", "0.13u"), ("site", "S1"), ("die", "D2")]);
        let id = resolve("a/b.mdm", &name, &header, &table).expect("valid");
        assert_eq!((id.l, id.flags), (0.13e-6, Flags::NONE));
        assert_eq!(id.device, "W0.15u_L0.13u@S1_D2");
    }

    #[test]
    fn what_nobody_says_is_assumed_and_flagged() {
        let id = resolve("lot7/m3.csv", &Fields::new(), &Fields::new(), &Fields::new()).expect("valid");
        assert_eq!((id.family.as_str(), id.device.as_str(), id.temperature), ("lot7", "m3", 298.15));
        assert_eq!(id.flags, Flags::NO_GEOMETRY | Flags::ASSUMED_TEMPERATURE);
    }

    #[test]
    fn nonsense_is_an_error_that_names_the_field() {
        let bad = fields(&[("w", "wide")]);
        let error = resolve("t.csv", &Fields::new(), &Fields::new(), &bad).expect_err("not a width");
        assert!(error.to_string().contains("w is 'wide'"), "{error}");
    }
}
