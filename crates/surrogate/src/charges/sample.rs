//! The points that charges are fitted to.

use gummel_data::DeviceData;
use gummel_device::Quantity;
use gummel_kernel::{Basis, Covariate, Output, OutputKind};
use gummel_model::Model;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::ChargeConfig;
use super::rows::Points;
use crate::assemble::by_temperature;

/// The starts are tried on the subset divided by this.
const FIRST: f64 = 3.0;

/// Points of all devices with charges or capacitances.
pub(super) struct Sample {
    /// What random starts are tried on.
    pub(super) few: Vec<Points>,
    /// What the trunk is fitted to.
    pub(super) some: Vec<Points>,
    /// What heads are fitted to, one per device of the model.
    pub(super) all: Vec<Points>,
    /// Functions of temperature that the heads of a device are made of.
    pub(super) deviation: Basis,
    /// Unit of charge, C per square micrometre.
    pub(super) scale: f64,
}

impl Sample {
    /// `devices` are those of `model`, in its order; `None` when no point holds what is needed.
    pub(super) fn of(
        model: &Model,
        devices: &[&DeviceData],
        config: &ChargeConfig,
        seed: u64,
    ) -> Option<Self> {
        let current = &model.spec.branches[0];
        let total: usize = devices.iter().map(|d| d.len()).sum();
        let share = config.subset as f64 / total.max(1) as f64;
        let scale = typical_charge(model, devices);
        let deviation = deviation(current.statics.iter().any(|s| s.covariate == Covariate::Tau), devices);
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // Every so-manieth point of a grid could be all of one voltage, so they are drawn.
        let mut part = |share: f64| -> Vec<Points> {
            let places = model.spec.devices.iter().map(|d| &d.place);
            let drawn = devices.iter().zip(places).map(|(d, place)| {
                Points::new(d, place, current, &deviation, scale, |_| rng.random::<f64>() < share)
            });
            drawn.collect()
        };
        let (mut few, mut some, all) = (part(share / FIRST), part(share), part(1.0));
        few.retain(|points| points.len() > 0);
        some.retain(|points| points.len() > 0);
        (!few.is_empty() && !some.is_empty()).then_some(Sample { few, some, all, deviation, scale })
    }
}

/// A constant, and temperature where the trunk sees it and every device has charges at several: surface potential and threshold move with it, and
/// not by the same voltage in all sizes.
fn deviation(warm: bool, devices: &[&DeviceData]) -> Basis {
    let mut basis = Basis::constant();
    if warm && devices.iter().all(|d| by_temperature(d).len() > 1) {
        basis.terms.push([0, 0, 0, 0, 1, 0, 0]);
    }
    basis
}

/// Root mean square over devices of the gate charge per square micrometre, or of what one volt brings, C.
fn typical_charge(model: &Model, devices: &[&DeviceData]) -> f64 {
    let unit = Output { kind: OutputKind::GateCharge, scale: 1.0, per_geometry: true };
    let (mut sum, mut n) = (0.0, 0usize);
    for (device, heads) in devices.iter().zip(&model.spec.devices) {
        let factor = unit.geometry_factor(&heads.place);
        let charge = device.quantities.get(&Quantity::Qg).or_else(|| device.quantities.get(&Quantity::Cgg));
        for q in charge.into_iter().flatten().filter(|q| q.is_finite()) {
            sum += (q / factor).powi(2);
            n += 1;
        }
    }
    if sum > 0.0 { (sum / n as f64).sqrt() } else { 1e-15 }
}
