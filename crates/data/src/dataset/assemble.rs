//! From table to dataset: rows to curves, curves to devices, devices named and ordered.

use gummel_device::{Corner, DeviceId, Family, Geometry, Origin, Polarity, Quantity, Terminal, si};
use ndarray::{Array1, Array2};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::nothing::{Cause, LeftOut};
use super::{CurveInfo, Dataset, DeviceData, Selection};
use crate::table::View;
use crate::{DataError, Flags, IvTable, SourceFile};

/// Noise floor where the table has none: simulated and measured currents, A.
const DEFAULT_FLOOR: (f64, f64) = (1e-13, 1e-12);

impl Dataset {
    /// The transistors of `table` that `selection` takes.
    ///
    /// Rows need a drain current and drain and gate voltages; a missing source or bulk voltage is 0 V.
    /// Devices are named after their geometry, with `@site` where two devices of a family share it, and
    /// with `_corner` where a family has several corners. `files` are the sources as [`crate::read()`]
    /// gives them; files of the table that are not in the list are added without size and hash.
    ///
    /// # Errors
    /// [`DataError::NothingSelected`] says what there is; [`DataError::Column`] and [`DataError::Table`]
    /// for a frame that is no I-V table.
    pub fn assemble(
        table: &IvTable,
        files: &[SourceFile],
        selection: &Selection,
    ) -> Result<Dataset, DataError> {
        let view = View::new(table)?;
        let mut files = files.to_vec();
        let filter = Filter::new(selection);
        let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
        let mut left_out = LeftOut::default();
        for run in view.runs() {
            let key = Key::of(&view, run.start);
            left_out.saw(view.temperature(run.start));
            if !filter.takes(&key) {
                left_out.add(key.family_path(), &key.device, Cause::NotAsked);
            } else if !view.is_transistor(run.clone()) {
                left_out.add(key.family_path(), &key.device, incomplete(&view, run));
            } else {
                groups.entry(key).or_default().runs.push(run);
            }
        }
        groups.retain(|key, g| {
            let flags = g.runs.iter().flat_map(Clone::clone).fold(Flags::NONE, |a, i| a | view.flags(i));
            let sized = key.geometry.iter().all(|bits| f64::from_bits(*bits) > 0.0);
            let missing = if sized { Flags::NONE } else { Flags::NO_GEOMETRY };
            let excluding = (flags & selection.exclude_devices_with) | missing;
            if !excluding.is_empty() {
                left_out.add(key.family_path(), &key.device, Cause::Flagged(excluding));
            }
            excluding.is_empty()
        });
        let names = names(groups.keys());
        let mut devices = Vec::new();
        for ((key, group), name) in groups.iter().zip(names) {
            match device(&view, key, name, &group.runs, selection, &filter, &mut files) {
                Some(device) => devices.push(device),
                None => left_out.add(key.family_path(), &key.device, Cause::NoPoints),
            }
        }
        if devices.is_empty() {
            return Err(DataError::NothingSelected { reason: left_out.reason(selection) });
        }
        Ok(Dataset { devices, files })
    }
}

/// Which of the columns that a transistor needs have no value in `rows`.
fn incomplete(view: &View, rows: Range<usize>) -> Cause {
    let missing = |column: &str| rows.clone().all(|i| view.number(column, i).is_nan());
    Cause::Incomplete { vd: missing("vd"), vg: missing("vg"), id: missing("id") }
}

/// What makes two rows the same device; the order of fields is the order of devices.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    technology: String,
    family: String,
    /// Width, length, fingers, multiplicity as bits of positive numbers, which order as the numbers do.
    geometry: [u64; 4],
    device: String,
    site: String,
    corner: Option<String>,
    polarity: Option<Polarity>,
}

impl Key {
    fn of(view: &View, row: usize) -> Key {
        let word = |column: &str| view.word(column, row).unwrap_or_default().to_owned();
        Key {
            technology: word("technology"),
            family: word("family"),
            geometry: [
                view.number("w", row),
                view.number("l", row),
                one_unless_given(view.number("nf", row)),
                one_unless_given(view.number("mult", row)),
            ]
            .map(f64::to_bits),
            device: word("device"),
            site: word("site"),
            corner: view.word("corner", row).map(str::to_owned),
            polarity: view.word("polarity", row).map(|p| if p == "p" { Polarity::P } else { Polarity::N }),
        }
    }

    fn family_path(&self) -> String {
        format!("{}/{}", self.technology, self.family)
    }
}

/// Fingers and multiplicity of a table that does not have them.
fn one_unless_given(number: f64) -> f64 {
    if number > 0.0 { number } else { 1.0 }
}

#[derive(Default)]
struct Group {
    runs: Vec<Range<usize>>,
}

/// Globs, of which any may match; no glob matches everything.
pub(super) struct Globs {
    globs: Vec<glob::Pattern>,
    any: bool,
}

impl Globs {
    /// Patterns that are not valid globs are taken literally.
    pub(super) fn new(texts: &[String]) -> Self {
        let literal = |t: &String| glob::Pattern::new(&glob::Pattern::escape(t));
        let globs = texts.iter().filter_map(|t| glob::Pattern::new(t).or_else(|_| literal(t)).ok()).collect();
        Globs { globs, any: texts.is_empty() }
    }

    /// True when one of the globs matches, false when there is none.
    pub(super) fn match_any(&self, text: &str) -> bool {
        self.globs.iter().any(|g| g.matches(text))
    }

    fn takes(&self, text: &str) -> bool {
        self.any || self.match_any(text)
    }
}

struct Filter<'a> {
    selection: &'a Selection,
    family: Globs,
    devices: Globs,
}

impl<'a> Filter<'a> {
    fn new(selection: &'a Selection) -> Self {
        Filter { selection, family: Globs::new(&selection.family), devices: Globs::new(&selection.devices) }
    }

    fn takes(&self, key: &Key) -> bool {
        let corner = key.corner.as_ref().and_then(|c| c.parse::<Corner>().ok());
        let corners = &self.selection.corner;
        self.family.takes(&key.family_path())
            && self.devices.takes(&key.device)
            && (corners.is_empty() || corner.is_none_or(|c| corners.contains(&c)))
    }

    fn takes_temperature(&self, kelvin: f64) -> bool {
        let wanted = &self.selection.temperature;
        wanted.is_empty() || wanted.iter().any(|c| (si::celsius(kelvin) - c).abs() <= 1.0)
    }
}

/// Names of devices, unique inside their family.
fn names<'a>(keys: impl Iterator<Item = &'a Key> + Clone) -> Vec<String> {
    let short = |key: &Key| match key.device.split_once('@') {
        Some((label, _)) => label.to_owned(),
        None => key.device.clone(),
    };
    let mut sites: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    let mut corners: BTreeMap<String, BTreeSet<Option<&str>>> = BTreeMap::new();
    for key in keys.clone() {
        sites.entry((key.family_path(), short(key))).or_default().insert(&key.device);
        corners.entry(key.family_path()).or_default().insert(key.corner.as_deref());
    }
    let mut taken: BTreeSet<(String, String)> = BTreeSet::new();
    keys.map(|key| {
        let alone = sites[&(key.family_path(), short(key))].len() == 1;
        let mut name = if alone { short(key) } else { key.device.clone() };
        if let Some(corner) = &key.corner
            && corners[&key.family_path()].len() > 1
        {
            name += &format!("_{corner}");
        }
        // One label may cover two geometries (a user's device column): number them.
        let mut unique = name.clone();
        let mut n = 2;
        while !taken.insert((key.family_path(), unique.clone())) {
            unique = format!("{name}#{n}");
            n += 1;
        }
        unique
    })
    .collect()
}

/// One device from its runs of rows; `None` when the selection leaves no point.
fn device(
    view: &View,
    key: &Key,
    name: String,
    runs: &[Range<usize>],
    selection: &Selection,
    filter: &Filter,
    files: &mut Vec<SourceFile>,
) -> Option<DeviceData> {
    let mut rows: Vec<usize> = Vec::new();
    let (mut curve, mut curves) = (Vec::new(), Vec::new());
    for run in runs {
        let temperature = view.temperature(run.start);
        if !filter.takes_temperature(temperature) {
            continue;
        }
        let taken: Vec<usize> = run
            .clone()
            .filter(|i| {
                !view.flags(*i).intersects(selection.exclude)
                    && view.number("id", *i).is_finite()
                    && view.bias(*i).is_finite()
            })
            .collect();
        let Some(first) = taken.first() else { continue };
        let origin = match view.word("origin", *first) {
            Some("simulated") => Origin::Simulated,
            _ => Origin::Measured,
        };
        let sweep = view.word("sweep", *first).unwrap_or_default().to_owned();
        curves.push(CurveInfo {
            swept: swept(view, &taken, &sweep),
            held: view.bias(*first),
            temperature,
            sweep,
            file: file_index(files, view.word("file", *first).unwrap_or_default()),
            origin,
        });
        curve.resize(curve.len() + taken.len(), curves.len() - 1);
        rows.extend(taken);
    }
    if rows.is_empty() {
        return None;
    }
    let [w, l, nf, mult] = key.geometry.map(f64::from_bits);
    let biases: Vec<f64> = rows.iter().flat_map(|i| view.bias(*i).to_array()).collect();
    let quantities = Quantity::ALL.iter().filter_map(|q| {
        let values: Array1<f64> = rows.iter().map(|i| view.number(q.column(), *i)).collect();
        values.iter().any(|v| !v.is_nan()).then_some((*q, values))
    });
    let polarity = key.polarity.unwrap_or_else(|| view.polarity(&rows));
    Some(DeviceData {
        id: DeviceId {
            family: Family { technology: key.technology.clone(), name: key.family.clone(), polarity },
            name,
            geometry: Geometry { w, l, nf, mult },
            site: key.site.clone(),
            corner: key.corner.as_ref().and_then(|c| c.parse().ok()),
        },
        floor: floor(view, &rows, &curve, curves[0].origin),
        bias: Array2::from_shape_vec((rows.len(), 4), biases).ok()?,
        temperature: curve.iter().map(|c| curves[*c].temperature).collect(),
        curve,
        curves,
        quantities: quantities.collect(),
        flags: rows.iter().map(|i| view.flags(*i)).collect(),
    })
}

/// The terminal whose voltage moves most often along the rows; for a single point, what the sweep's name says.
fn swept(view: &View, rows: &[usize], sweep: &str) -> Terminal {
    let moves = |k: usize| {
        let value = |i: usize| view.bias(i).to_array()[k];
        rows.windows(2).filter(|p| value(p[0]) != value(p[1])).count()
    };
    // Ties go to the gate, then to the drain.
    let (best, count) =
        [1, 0, 3, 2].map(|k| (k, moves(k))).into_iter().rev().max_by_key(|(_, n)| *n).unwrap_or((1, 0));
    if count == 0 && sweep.starts_with("idvd") {
        return Terminal::Drain;
    }
    Terminal::MOS[best]
}

/// Median over curves of the floors in the table.
fn floor(view: &View, rows: &[usize], curve: &[usize], origin: Origin) -> f64 {
    let mut floors: Vec<f64> = Vec::new();
    let mut last = usize::MAX;
    for (row, c) in rows.iter().zip(curve) {
        if *c != last {
            last = *c;
            floors.extend(Some(view.number("floor", *row)).filter(|f| *f > 0.0));
        }
    }
    let median = gummel_device::metrics::quantile(&mut floors, 0.5);
    match (median > 0.0, origin) {
        (true, _) => median,
        (false, Origin::Simulated) => DEFAULT_FLOOR.0,
        (false, _) => DEFAULT_FLOOR.1,
    }
}

fn file_index(files: &mut Vec<SourceFile>, path: &str) -> usize {
    // Runs come file by file, so that the search from the end is short for files that were added here.
    files.iter().rposition(|f| f.path == path).unwrap_or_else(|| {
        files.push(SourceFile::unknown(path));
        files.len() - 1
    })
}
