//! Terminal charges beside a fitted current: a trunk of their own, heads by linear least squares.
//!
//! ```text
//! y_o = h_o . [z(u), 1]       z a trunk of tanh layers over u, the features of the current's; o = gate, bulk, channel
//! qg = s y_g   qb = s y_b   (qd - qs)/2 = s vds y_c   qd = (qd - qs)/2 - (qg + qb)/2   qs = -(qg + qd + qb)
//! ```
//! Charges sum to zero and the capacitances are exact derivatives by construction. Given the trunk, every head is linear in
//! charges and in capacitances alike, so only the trunk needs iterations (`solve`).
//!
//! Each charge and each kind of capacitance counts by its relative L2 error. The zero of a charge is free: only
//! differences of charge matter in a circuit, and the kernel sets gate and bulk charge to zero at zero bias.

mod attach;
mod rest;
mod rows;
mod sample;
mod score;
mod size;
mod solve;
mod start;
mod trunk;

use gummel_data::{Dataset, DeviceData};
use gummel_device::Quantity;
use gummel_model::Model;
use serde::{Deserialize, Serialize};

use crate::config::{Toggle, check_layers};
use crate::error::FitError;
use crate::fit::{Observer, Watch};
use sample::Sample;
pub use score::{ChargeErrors, capacitance_curves, charge_errors};

/// How charges are fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChargeConfig {
    /// Whether to fit charges; `auto` when every device has `qg`, `qd` and `qb`, or all capacitances.
    pub fit: Toggle,
    /// Neurons of each layer; none: the smallest of some trunks that meets the capacitances.
    pub hidden: Vec<usize>,
    /// Random starts, of which the best goes on.
    pub starts: usize,
    /// Steps of each start.
    pub start_steps: usize,
    /// Most steps of the best start.
    pub max_steps: usize,
    /// Most points that the trunk is fitted to; heads see all.
    pub subset: usize,
}

impl Default for ChargeConfig {
    fn default() -> Self {
        ChargeConfig {
            fit: Toggle::Auto,
            hidden: Vec::new(),
            starts: 4,
            start_steps: 16,
            max_steps: 120,
            subset: 6000,
        }
    }
}

impl ChargeConfig {
    /// # Errors
    /// [`FitError::Config`] when the number of neurons is impossible.
    pub(crate) fn check(&self) -> Result<(), FitError> {
        check_layers("charges.hidden", &self.hidden, "[16, 16]")
    }
}

/// Charges that a fit takes; capacitances are used where they are.
const NEEDED: [Quantity; 3] = [Quantity::Qg, Quantity::Qd, Quantity::Qb];

/// Capacitances that stand for the charges where those are missing.
const INSTEAD: [Quantity; 6] =
    [Quantity::Cgg, Quantity::Cgd, Quantity::Cgs, Quantity::Cbg, Quantity::Cdg, Quantity::Cdd];

/// Adds a branch of charges to `model`, fitted to the charges and capacitances of `data`, which may be other data
/// than the currents were fitted to. When `observer` asks to stop, the trunk stays as it is then.
///
/// Returns what was decided, one sentence each; nothing where the configuration or (in `auto`) the data ask for no charges.
///
/// # Errors
/// [`FitError::Config`] when charges are asked for and missing, or the number of neurons is impossible;
/// [`FitError::Model`] when the numbers do not make a model.
pub fn add(
    model: &mut Model,
    data: &Dataset,
    config: &ChargeConfig,
    seed: u64,
    observer: &mut dyn Observer,
) -> Result<Vec<String>, FitError> {
    watched(model, data, config, seed, &mut Watch::new(observer))
}

/// [`add`] within a fit.
pub(crate) fn watched(
    model: &mut Model,
    data: &Dataset,
    config: &ChargeConfig,
    seed: u64,
    watch: &mut Watch<'_>,
) -> Result<Vec<String>, FitError> {
    let Some(devices) = wanted(model, data, config)? else { return Ok(Vec::new()) };
    config.check()?;
    let Some(sample) = Sample::of(model, &devices, config, seed) else { return Ok(Vec::new()) };
    let chosen = size::choose(model, data, &sample, config, seed, watch)?;
    *model = chosen.model;
    for e in &chosen.errors {
        model.manifest.metrics.insert(format!("{}_rel_l2", e.quantity.column()), e.error);
    }
    Ok(chosen.told)
}

/// The data of the model's devices, in its order; `None` when no charges are to be fitted.
fn wanted<'a>(
    model: &Model,
    data: &'a Dataset,
    config: &ChargeConfig,
) -> Result<Option<Vec<&'a DeviceData>>, FitError> {
    let found: Vec<Option<&DeviceData>> =
        model.spec.devices.iter().map(|m| data.devices.iter().find(|d| d.id.name == m.name)).collect();
    let missing = model.spec.devices.iter().zip(&found).find_map(|(m, d)| {
        let Some(d) = d else { return Some(format!("device {} has no data", m.name)) };
        let lacks = |q: &&Quantity| !d.quantities.get(q).is_some_and(|v| v.iter().any(|x| x.is_finite()));
        let (charge, instead) = (NEEDED.iter().find(lacks)?, INSTEAD.iter().find(lacks)?);
        Some(format!("device {} has neither {} nor {}", m.name, charge.column(), instead.column()))
    });
    match (config.fit, missing) {
        (Toggle::Off, _) | (Toggle::Auto, Some(_)) => Ok(None),
        (Toggle::On, Some(found)) => Err(FitError::Config {
            key: "charges.fit",
            found,
            expected: "qg, qd and qb, or cgg, cgd, cgs, cbg, cdg and cdd, or 'off'".into(),
        }),
        (_, None) => Ok(Some(found.into_iter().flatten().collect())),
    }
}

#[cfg(test)]
mod tests;
