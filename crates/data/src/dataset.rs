//! The dataset the fit takes: plain arrays per device, whole curves, the noise floor of every device.

mod assemble;
mod nothing;
mod selection;
mod split;

use gummel_device::{Bias, Curve, DeviceId, Origin, Quantity, Sweep, Terminal};
use ndarray::{Array1, Array2};
use std::collections::BTreeMap;

pub use selection::Selection;
pub use split::Split;

use crate::{Flags, SourceFile};

/// The devices of a selection, with the files they come from.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Devices, ordered by family, geometry, site and corner.
    pub devices: Vec<DeviceData>,
    /// Source files; [`CurveInfo::file`] points into this list.
    pub files: Vec<SourceFile>,
}

/// All points of one transistor that take part in the fit.
#[derive(Clone, Debug)]
pub struct DeviceData {
    /// Family, name unique in the family, geometry, site, corner.
    pub id: DeviceId,
    /// Noise floor of the drain current, A; positive.
    pub floor: f64,
    /// Terminal voltages `[vd, vg, vs, vb]` as measured, V; one row per point.
    pub bias: Array2<f64>,
    /// Temperature per point, K.
    pub temperature: Array1<f64>,
    /// Curve of every point, an index into `curves`; a curve's points are neighbours, in the order taken.
    pub curve: Vec<usize>,
    /// The curves.
    pub curves: Vec<CurveInfo>,
    /// Responses in SI units, one value per point, NaN where missing; the drain current is always there.
    pub quantities: BTreeMap<Quantity, Array1<f64>>,
    /// Flags per point.
    pub flags: Vec<Flags>,
}

/// What is common to the points of one curve.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveInfo {
    /// The terminal whose voltage was swept.
    pub swept: Terminal,
    /// Held voltages, V; the swept terminal's entry is that of the first point.
    pub held: Bias,
    /// Temperature, K.
    pub temperature: f64,
    /// Name of the sweep: `idvg`, `idvd`, `idvd_vbmin` ...
    pub sweep: String,
    /// Source file, an index into [`Dataset::files`].
    pub file: usize,
    /// Measured or simulated.
    pub origin: Origin,
}

impl Dataset {
    /// The devices that `keep` takes, with all files.
    pub fn only(&self, keep: impl Fn(&DeviceData) -> bool) -> Dataset {
        let devices = self.devices.iter().filter(|d| keep(d)).cloned().collect();
        Dataset { devices, files: self.files.clone() }
    }

    /// The devices parted by `key`, in the order of their first ones; every part has all files.
    pub fn parted_by<K: PartialEq>(&self, key: impl Fn(&DeviceId) -> K) -> Vec<(K, Dataset)> {
        let mut parts: Vec<(K, Dataset)> = Vec::new();
        for device in &self.devices {
            let key = key(&device.id);
            match parts.iter_mut().find(|(k, _)| *k == key) {
                Some((_, part)) => part.devices.push(device.clone()),
                None => {
                    parts.push((key, Dataset { devices: vec![device.clone()], files: self.files.clone() }));
                }
            }
        }
        parts
    }
}

impl DeviceData {
    /// Number of points.
    pub fn len(&self) -> usize {
        self.curve.len()
    }

    /// True when there is no point.
    pub fn is_empty(&self) -> bool {
        self.curve.is_empty()
    }

    /// The drain current, A, counted into the drain.
    pub fn id(&self) -> &Array1<f64> {
        // `assemble` puts the drain current into every device.
        &self.quantities[&Quantity::Id]
    }

    /// Bias of point `i`.
    pub fn bias_at(&self, i: usize) -> Bias {
        Bias { vd: self.bias[[i, 0]], vg: self.bias[[i, 1]], vs: self.bias[[i, 2]], vb: self.bias[[i, 3]] }
    }

    /// Curves of a quantity, in measured order; points where it is missing are left out, and so are
    /// curves without any.
    pub fn measured_curves(&self, quantity: Quantity) -> Vec<Curve> {
        let values = self.quantities.get(&quantity).and_then(|v| v.as_slice());
        values.map_or_else(Vec::new, |v| self.curves_of(quantity, v))
    }

    /// Curves of a quantity that has `values`, one per point: as [`DeviceData::measured_curves`].
    ///
    /// # Panics
    /// When there are fewer values than points.
    pub fn curves_of(&self, quantity: Quantity, values: &[f64]) -> Vec<Curve> {
        let mut curves: Vec<Curve> =
            self.curves.iter().map(|info| self.empty_curve(info, quantity)).collect();
        for (i, k) in self.curve.iter().enumerate() {
            if !values[i].is_nan() {
                curves[*k].sweep.values.push(self.swept_value(i, self.curves[*k].swept));
                curves[*k].values.push(values[i]);
            }
        }
        curves.retain(|c| !c.values.is_empty());
        curves
    }

    /// Curves of a quantity along the voltage of `swept`, made of all points that share the other
    /// voltages and the temperature, whatever was swept when they were taken; ascending, at least three
    /// points each. Of repeated points the first counts.
    pub fn curves_along(&self, quantity: Quantity, swept: Terminal) -> Vec<Curve> {
        let Some(values) = self.quantities.get(&quantity) else { return Vec::new() };
        self.rows_along(swept, |i| !values[i].is_nan())
            .into_iter()
            .map(|rows| {
                let info = CurveInfo {
                    swept,
                    held: self.bias_at(rows[0]),
                    ..self.curves[self.curve[rows[0]]].clone()
                };
                let mut curve = self.empty_curve(&info, quantity);
                curve.sweep.values = rows.iter().map(|i| self.swept_value(*i, swept)).collect();
                curve.values = rows.iter().map(|i| values[*i]).collect();
                curve
            })
            .collect()
    }

    /// Points that `counts` takes and that share the temperature and all voltages but that of `swept`, whatever was swept when
    /// they were taken: lists of three or more, ascending along it. Of repeated points the first counts.
    pub fn rows_along(&self, swept: Terminal, counts: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
        // Tenths of a millivolt: finer differences are read-back noise.
        let key = |v: f64| (v * 1e4).round() as i64;
        let mut groups: BTreeMap<[i64; 5], BTreeMap<i64, usize>> = BTreeMap::new();
        for i in (0..self.len()).filter(|i| counts(*i)) {
            let mut bias = self.bias_at(i).to_array().map(key);
            let column = Terminal::MOS.iter().position(|t| *t == swept).unwrap_or(1);
            let at = std::mem::replace(&mut bias[column], 0);
            let [vd, vg, vs, vb] = bias;
            let group = groups.entry([key(self.temperature[i]), vb, vd, vg, vs]).or_default();
            group.entry(at).or_insert(i);
        }
        groups
            .into_values()
            .map(|points| points.into_values().collect())
            .filter(|r: &Vec<_>| r.len() >= 3)
            .collect()
    }

    /// Points of each curve along which `swept` was swept, in measured order; of curves of three points or more.
    pub fn rows_swept(&self, swept: Terminal) -> Vec<Vec<usize>> {
        let mut curves = Vec::new();
        let mut first = 0;
        while first < self.len() {
            let k = self.curve[first];
            let n = self.curve[first..].iter().take_while(|c| **c == k).count();
            if self.curves[k].swept == swept && n >= 3 {
                curves.push((first..first + n).collect());
            }
            first += n;
        }
        curves
    }

    fn empty_curve(&self, info: &CurveInfo, quantity: Quantity) -> Curve {
        Curve {
            device: self.id.name.clone(),
            sweep: Sweep { swept: info.swept, held: info.held, values: Vec::new() },
            quantity,
            values: Vec::new(),
            temperature: info.temperature,
            origin: info.origin,
        }
    }

    fn swept_value(&self, i: usize, swept: Terminal) -> f64 {
        // `Terminal::MOS` has the order of the columns of `bias`.
        let column = Terminal::MOS.iter().position(|t| *t == swept).unwrap_or(1);

        self.bias[[i, column]]
    }

    /// The points where `keep` is true; `None` when there is none. Curves keep their identity.
    pub fn filter(&self, keep: impl Fn(usize) -> bool) -> Option<DeviceData> {
        let rows: Vec<usize> = (0..self.len()).filter(|i| keep(*i)).collect();
        if rows.is_empty() {
            return None;
        }
        let mut curves = Vec::new();
        let mut new_index: Vec<Option<usize>> = vec![None; self.curves.len()];
        let mut curve = Vec::with_capacity(rows.len());
        for row in &rows {
            let old = self.curve[*row];
            let new = *new_index[old].get_or_insert_with(|| {
                curves.push(self.curves[old].clone());
                curves.len() - 1
            });
            curve.push(new);
        }
        Some(DeviceData {
            id: self.id.clone(),
            floor: self.floor,
            bias: self.bias.select(ndarray::Axis(0), &rows),
            temperature: self.temperature.select(ndarray::Axis(0), &rows),
            curve,
            curves,
            quantities: self
                .quantities
                .iter()
                .map(|(q, v)| (*q, v.select(ndarray::Axis(0), &rows)))
                .collect(),
            flags: rows.iter().map(|r| self.flags[*r]).collect(),
        })
    }
}
