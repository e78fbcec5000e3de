//! How well a frozen model meets data, per device and over a family.

use gummel_data::{Dataset, DeviceData, Flags};
use gummel_device::Terminal;
use gummel_device::metrics::{CurrentErrors, Spread, StrongSet, current_errors, rel_l2};
use gummel_kernel::{Instance, Member};
use gummel_model::Model;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::assemble::{by_temperature, place_of};
use crate::crossing;

/// Which part of the data a row speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// Points the fit saw.
    Train,
    /// Points held out.
    HeldOut,
}

/// Errors of one device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// Device name.
    pub name: String,
    /// `technology/family`.
    pub family: String,
    /// Training or held-out data.
    pub part: Part,
    /// True when the device has a head of its own; false when only the population speaks for it.
    pub own_head: bool,
    /// Errors of the drain current.
    pub errors: CurrentErrors,
    /// relL2 error of gm over the strong set; None without gate sweeps.
    pub gm_rel_l2: Option<f64>,
    /// relL2 error of gds over the strong set; None without drain sweeps.
    pub gds_rel_l2: Option<f64>,
    /// Robust weight of the device in the fit, 1 for a device that fits.
    pub weight: f64,
    /// Why the device does not fit, where it does not.
    pub verdict: Option<String>,
}

/// Errors over devices.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Training or held-out data.
    pub part: Part,
    /// Number of devices.
    pub devices: usize,
    /// Number of bias points.
    pub points: usize,
    /// RMS relative error over the strong set.
    pub rel_rms: Spread,
    /// Median relative error over the strong set.
    pub median_rel: Spread,
    /// RMS error in decades.
    pub log10_rms: Spread,
    /// RMS error over the largest current.
    pub nrmse: Spread,
    /// relL2 error of gm.
    pub gm_rel_l2: Spread,
    /// relL2 error of gds.
    pub gds_rel_l2: Spread,
}

impl Summary {
    /// The summary's rows by name, for tables and manifests.
    pub fn rows(&self) -> [(&'static str, Spread); 6] {
        [
            ("rel_rms", self.rel_rms),
            ("median_rel", self.median_rel),
            ("log10_rms", self.log10_rms),
            ("nrmse", self.nrmse),
            ("gm_rel_l2", self.gm_rel_l2),
            ("gds_rel_l2", self.gds_rel_l2),
        ]
    }
}

/// Errors of `model` on every device of `data`.
///
/// Devices the model has a head for are evaluated with it, others by the population mean.
pub fn judge(model: &Model, data: &Dataset, part: Part) -> Vec<DeviceReport> {
    data.devices.par_iter().map(|device| judge_device(model, device, part)).collect()
}

/// Spread over the devices of one part; None when there is none.
pub fn summarise(devices: &[DeviceReport], part: Part) -> Option<Summary> {
    let of: Vec<&DeviceReport> = devices.iter().filter(|d| d.part == part).collect();
    if of.is_empty() {
        return None;
    }
    let over = |f: &dyn Fn(&DeviceReport) -> f64| Spread::over(of.iter().map(|d| f(d)));
    Some(Summary {
        part,
        devices: of.len(),
        points: of.iter().map(|d| d.errors.points).sum(),
        rel_rms: over(&|d| d.errors.rel_rms),
        median_rel: over(&|d| d.errors.median_rel),
        log10_rms: over(&|d| d.errors.log10_rms),
        nrmse: over(&|d| d.errors.nrmse),
        gm_rel_l2: over(&|d| d.gm_rel_l2.unwrap_or(f64::NAN)),
        gds_rel_l2: over(&|d| d.gds_rel_l2.unwrap_or(f64::NAN)),
    })
}

/// Drain currents (A, mirrored) that `model` has at the readings of `device`, with its own head or, where it has none, that
/// of the population.
pub(crate) fn modelled(model: &Model, device: &DeviceData) -> Vec<f64> {
    let sign = device.id.family.polarity.sign();
    let member = index(model, device).map_or(Member::Population, Member::Device);
    let mut modelled = vec![0.0; device.len()];
    for rows in by_temperature(device) {
        let place = place_of(device, device.temperature[rows[0]]);
        let instance = Instance::new(&model.spec, member, &place);
        for p in rows {
            modelled[p] = sign * instance.current(device.bias_at(p).to_array());
        }
    }
    modelled
}

fn index(model: &Model, device: &DeviceData) -> Option<usize> {
    model.spec.devices.iter().position(|d| d.name == device.id.name)
}

/// Errors of `model` on one device.
pub(crate) fn judge_device(model: &Model, device: &DeviceData, part: Part) -> DeviceReport {
    let sign = device.id.family.polarity.sign();
    let modelled = modelled(model, device);
    let measured: Vec<f64> = device.id().iter().map(|i| sign * i).collect();
    let vds: Vec<f64> = (0..device.len()).map(|p| sign * device.bias_at(p).vds()).collect();
    let strong = StrongSet::new(device.id.geometry, device.id.family.polarity, device.floor);
    DeviceReport {
        name: device.id.name.clone(),
        family: device.id.family.to_string(),
        part,
        own_head: index(model, device).is_some(),
        errors: current_errors(&measured, &modelled, &vds, strong, device.floor),
        gm_rel_l2: slope_error(device, Terminal::Gate, &measured, &modelled, &vds, strong),
        gds_rel_l2: slope_error(device, Terminal::Drain, &measured, &modelled, &vds, strong),
        weight: 1.0,
        verdict: None,
    }
}

/// relL2 of the finite-difference slopes along curves that sweep `swept`, over the strong set; where there are none, along
/// readings that differ in that voltage alone.
fn slope_error(
    device: &DeviceData,
    swept: Terminal,
    measured: &[f64],
    modelled: &[f64],
    vds: &[f64],
    strong: StrongSet,
) -> Option<f64> {
    let (mut slopes_m, mut slopes_s) = (Vec::new(), Vec::new());
    let mut lines = device.rows_swept(swept);
    if lines.is_empty() {
        lines = device.rows_along(swept, |_| true);
        lines.retain(|line| line.len() >= crossing::FEWEST);
    }
    for line in lines {
        let at = |p: &usize| {
            let bias = device.bias_at(*p);
            if swept == Terminal::Gate { bias.vg } else { bias.vd }
        };
        let x: Vec<f64> = line.iter().map(at).collect();
        let slopes = |of: &[f64]| {
            let values: Vec<f64> = line.iter().map(|p| of[*p]).collect();
            gummel_device::curve::gradient(&x, &values)
        };
        let (m, s) = (slopes(measured), slopes(modelled));
        for (k, _) in line.iter().enumerate().filter(|(_, p)| strong.contains(measured[**p], vds[**p])) {
            slopes_m.push(m[k]);
            slopes_s.push(s[k]);
        }
    }
    let e = rel_l2(&slopes_m, &slopes_s);
    (!e.is_nan()).then_some(e)
}

/// Names the devices that do not fit, and why, from robust weights and errors.
///
/// `doubts` are validation's, device by device.
pub(crate) fn verdicts(devices: &mut [DeviceReport], weights: &[(String, f64)], doubts: &[Flags]) {
    let typical = Spread::over(devices.iter().map(|d| d.errors.median_rel)).median;
    for (device, doubts) in devices.iter_mut().zip(doubts) {
        if let Some((_, w)) = weights.iter().find(|(name, _)| *name == device.name) {
            device.weight = *w;
        }
        if device.weight < 0.5 && !doubts.is_empty() {
            device.verdict = Some(format!(
                "flagged {doubts} by validation (weight {:.3}): `gummel inspect` says why",
                device.weight
            ));
        } else if device.weight < 0.5 {
            device.verdict = Some(format!(
                "does not share the family's behaviour (weight {:.2}): check label, geometry, multiplicity and contacts",
                device.weight
            ));
        } else if device.errors.median_rel > 5.0 * typical {
            device.verdict = Some(format!(
                "median error is {:.1} times the family's: check for jumps or noise",
                device.errors.median_rel / typical
            ));
        }
    }
}
