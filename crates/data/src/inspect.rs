//! What a reading holds, in numbers and as a table that a person reads.

mod text;

use gummel_device::{Geometry, metrics, si};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

use crate::table::View;
use crate::{DataError, Flags, Reading};

/// Summary of a reading.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// Families, in the order of their names.
    pub families: Vec<FamilySummary>,
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Rows of the table.
    pub points: usize,
    /// Files that failed, as a whole or in part: path and reason.
    pub failures: Vec<(String, String)>,
    /// Files passed over: path and reason.
    pub skipped: Vec<(String, String)>,
}

/// Summary of one family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FamilySummary {
    /// `technology/family`.
    pub family: String,
    /// `n`, `p` or empty.
    pub polarity: String,
    /// Names of the devices, with their number of points.
    pub devices: BTreeMap<String, usize>,
    /// Number of distinct geometries.
    pub geometries: usize,
    /// Smallest and largest width, m; absent without geometry.
    pub w: Option<(f64, f64)>,
    /// Smallest and largest length, m; absent without geometry.
    pub l: Option<(f64, f64)>,
    /// Temperatures, degrees Celsius.
    pub celsius: Vec<f64>,
    /// Corners.
    pub corners: Vec<String>,
    /// Points by sweep.
    pub sweeps: BTreeMap<String, usize>,
    /// Curves.
    pub curves: usize,
    /// Points.
    pub points: usize,
    /// Points by flag.
    pub flags: BTreeMap<String, usize>,
    /// Devices by flag.
    pub flagged_devices: BTreeMap<String, usize>,
    /// Median noise floor of the files, A; absent for families without drain current.
    pub floor: Option<f64>,
}

/// Counts families, devices, temperatures, sweeps and flags of a reading.
///
/// # Errors
/// [`DataError::Table`] for a frame that is no I-V table.
pub fn inspect(reading: &Reading) -> Result<Inspection, DataError> {
    let view = View::new(&reading.table)?;
    let mut families: BTreeMap<String, Counts> = BTreeMap::new();
    for run in view.runs() {
        let word = |column: &str| view.word(column, run.start).unwrap_or_default();
        let name = format!("{}/{}", word("technology"), word("family"));
        families.entry(name).or_default().add(&view, run);
    }
    Ok(Inspection {
        families: families.into_iter().map(|(name, counts)| counts.summary(name)).collect(),
        files: reading.files.len(),
        bytes: reading.files.iter().map(|f| f.bytes).sum(),
        points: reading.table.len(),
        failures: reading.failures.iter().map(|f| (f.path.clone(), f.error.to_string())).collect(),
        skipped: reading.skipped.clone(),
    })
}

#[derive(Default)]
struct Counts {
    polarities: BTreeSet<String>,
    devices: BTreeMap<String, (usize, Flags)>,
    geometries: BTreeMap<String, (f64, f64)>,
    kelvin: BTreeSet<u64>,
    corners: BTreeSet<String>,
    sweeps: BTreeMap<String, usize>,
    curves: usize,
    points: usize,
    flags: BTreeMap<String, usize>,
    floors: BTreeMap<String, f64>,
}

impl Counts {
    fn add(&mut self, view: &View, run: std::ops::Range<usize>) {
        let word = |column: &str| view.word(column, run.start).unwrap_or_default().to_owned();
        let number = |column: &str| view.number(column, run.start);
        let n = run.len();
        self.polarities.insert(word("polarity"));
        self.kelvin.insert(view.temperature(run.start).to_bits());
        self.corners.extend(Some(word("corner")).filter(|c| !c.is_empty()));
        *self.sweeps.entry(word("sweep")).or_default() += n;
        self.curves += 1;
        self.points += n;
        let geometry = Geometry { w: number("w"), l: number("l"), nf: number("nf"), mult: number("mult") };
        if geometry.is_valid() {
            self.geometries.insert(geometry.label(), (geometry.w, geometry.l));
        }
        if number("floor") > 0.0 {
            self.floors.insert(word("file"), number("floor"));
        }
        let corner =
            Some(word("corner")).filter(|c| !c.is_empty()).map_or(String::new(), |c| format!("_{c}"));
        let device = self.devices.entry(word("device") + &corner).or_default();
        device.0 += n;
        for i in run {
            let flags = view.flags(i);
            device.1 |= flags;
            for name in flags.names() {
                *self.flags.entry(name.to_owned()).or_default() += 1;
            }
        }
    }

    fn summary(self, family: String) -> FamilySummary {
        let range = |of: fn(&(f64, f64)) -> f64| {
            let values: Vec<f64> = self.geometries.values().map(of).collect();
            let smallest = values.iter().copied().reduce(f64::min)?;
            Some((smallest, values.into_iter().fold(smallest, f64::max)))
        };
        let mut flagged_devices = BTreeMap::new();
        for (_, flags) in self.devices.values() {
            for name in flags.names() {
                *flagged_devices.entry(name.to_owned()).or_default() += 1;
            }
        }
        let mut floors: Vec<f64> = self.floors.values().copied().collect();
        FamilySummary {
            family,
            polarity: self.polarities.iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join(" "),
            geometries: self.geometries.len(),
            w: range(|(w, _)| *w),
            l: range(|(_, l)| *l),
            devices: self.devices.into_iter().map(|(name, (points, _))| (name, points)).collect(),
            celsius: self
                .kelvin
                .into_iter()
                .map(|b| (si::celsius(f64::from_bits(b)) * 1e3).round() / 1e3)
                .collect(),
            corners: self.corners.into_iter().collect(),
            sweeps: self.sweeps,
            curves: self.curves,
            points: self.points,
            flags: self.flags,
            flagged_devices,
            floor: (!floors.is_empty()).then(|| metrics::quantile(&mut floors, 0.5)),
        }
    }
}
