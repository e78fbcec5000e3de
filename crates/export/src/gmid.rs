//! A gm/ID lookup table: what a designer who sizes transistors by inversion level looks up.
//!
//! `vth` is the constant-current threshold: the gate voltage at which the drain current is 100 nA (n) or 25 nA (p)
//! times W/L, at the row's vds and vbs. `ft = gm / (2 pi cgg)` where the model has charges. Neither gm/ID nor ft has a
//! value below twice the noise floor of the device's current measurements, where leakage decides the sign of gm.

use std::fmt::Write;

use gummel_device::Geometry;
use gummel_device::metrics::criterion_current;
use gummel_kernel::{Instance, Member};
use gummel_model::Model;

use crate::ExportError;
use crate::number::real;
use crate::scope::{Scope, Selection};

/// Name of the target.
pub const TARGET: &str = "gmid";
/// Step of the default grid, V.
const STEP: f64 = 0.025;
/// Most steps of vds and of vbs in the default grid.
const COARSE: usize = 12;
/// Most rows of a table.
const MOST_ROWS: usize = 10_000_000;

/// Biases of a table, V: every combination of the three lists.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "the names are the symbols'")]
pub struct Grid {
    pub vgs: Vec<f64>,
    pub vds: Vec<f64>,
    pub vbs: Vec<f64>,
}

/// The table: a device's name and the numbers of each row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Name of the device of each row.
    pub device: Vec<String>,
    /// Names of the columns of numbers, SI units.
    pub columns: Vec<&'static str>,
    /// Rows of numbers; NaN where there is no value.
    pub rows: Vec<Vec<f64>>,
}

/// Evaluates the devices of `selection` over `grid`, by default over each device's fitted range.
///
/// # Errors
/// [`ExportError::Model`] for an unknown device, [`ExportError::Unsuitable`] for a grid that is too large.
pub fn table(model: &Model, selection: &Selection, grid: Option<&Grid>) -> Result<Table, ExportError> {
    let scope = Scope::new(model, selection, &[])?;
    let charged = model.spec.branches.len() > 1;
    let mut table = Table {
        columns: vec![
            "w",
            "l",
            "temperature",
            "vgs",
            "vds",
            "vbs",
            "id",
            "gm",
            "gds",
            "gmb",
            "vth",
            "gm_over_id",
        ],
        ..Table::default()
    };
    if charged {
        table.columns.extend(["cgg", "ft"]);
    }
    for (d, place) in scope.devices.iter().zip(&scope.places) {
        let heads = &model.spec.devices[*d];
        let floor = model.manifest.devices[*d].floor;
        let own;
        let grid = match grid {
            Some(grid) => grid,
            None => {
                own = Grid::of_range(heads.range, model.spec.sign);
                &own
            }
        };
        let rows = grid.vgs.len().saturating_mul(grid.vds.len()).saturating_mul(grid.vbs.len());
        if rows.saturating_add(table.rows.len()) > MOST_ROWS {
            let reason = format!("would have more than {MOST_ROWS} rows; choose devices or larger steps");
            return Err(ExportError::Unsuitable { target: TARGET, reason });
        }
        let instance = Instance::new(&model.spec, Member::Device(*d), place);
        let squares = Geometry { mult: place.mult, ..Geometry::new(place.w, place.l) }.squares();
        let criterion = criterion_current(model.manifest.polarity) * squares;
        for &vbs in &grid.vbs {
            for &vds in &grid.vds {
                let vth = threshold(&instance, criterion, vds, vbs, heads.range[0]);
                for &vgs in &grid.vgs {
                    let point = instance.eval([vds, vgs, 0.0, vbs]);
                    let (id, gm) = (point.id(), point.gm());
                    let measurable = |value: f64| if id.abs() > 2.0 * floor { value } else { f64::NAN };
                    let efficiency = measurable(gm / id.abs());
                    let mut row = vec![place.w, place.l, place.temperature, vgs, vds, vbs];
                    row.extend([id, gm, point.gds(), point.gmb(), vth, efficiency]);
                    if charged {
                        let cgg = point.capacitances()[1][1];
                        row.extend([cgg, measurable(gm / (std::f64::consts::TAU * cgg))]);
                    }
                    table.device.push(heads.name.clone());
                    table.rows.push(row);
                }
            }
        }
    }
    Ok(table)
}

impl Grid {
    /// The fitted range of a device whose mirrored range is `range`: vgs in steps of 25 mV, the others coarser.
    fn of_range(range: [[f64; 2]; 3], sign: f64) -> Self {
        let axis = |[low, high]: [f64; 2], least: f64, most: usize| -> Vec<f64> {
            let steps = (((high - low) / STEP).round() as usize).clamp(1, most);
            let value = |k: usize| low + (high - low) * k as f64 / steps as f64;
            let kept = (0..=steps).map(value).filter(|v| *v >= least);
            // Nanovolts are enough.
            kept.map(|v| sign * (v * 1e9).round() / 1e9).collect()
        };
        let [vgs, vds, vbs] = range;
        let single = |values: Vec<f64>, [low, high]: [f64; 2]| {
            if low == high { vec![sign * low] } else { values }
        };
        Grid {
            vgs: single(axis(vgs, f64::NEG_INFINITY, 400), vgs),
            // At vds = 0 there is no gm/ID.
            vds: single(axis(vds, 1e-3, COARSE), vds),
            vbs: single(axis(vbs, f64::NEG_INFINITY, COARSE / 3), vbs),
        }
    }
}

/// Gate voltage at which the magnitude of the drain current is `criterion`; NaN when it is out of reach.
fn threshold(instance: &Instance, criterion: f64, vds: f64, vbs: f64, [low, high]: [f64; 2]) -> f64 {
    let sign = instance.sign();
    let excess = |v: f64| instance.current([vds, sign * v, 0.0, vbs]).abs() - criterion;
    let (mut low, mut high) = (low - 0.5, high + 0.5);
    let is_bracketed = excess(low) <= 0.0 && excess(high) >= 0.0;
    if !is_bracketed {
        return f64::NAN;
    }
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if excess(middle) < 0.0 { low = middle } else { high = middle }
    }
    sign * 0.5 * (low + high)
}

impl Table {
    /// As CSV; an empty field where there is no value.
    pub fn csv(&self) -> String {
        let mut out = format!("device,{}\n", self.columns.join(","));
        for (device, row) in self.device.iter().zip(&self.rows) {
            out += &quoted(device);
            for value in row {
                // Writing to a String cannot fail.
                let _ = if value.is_finite() { write!(out, ",{}", real(*value)) } else { write!(out, ",") };
            }
            out += "\n";
        }
        out
    }
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.into()
    }
}
