//! Readings of a device become tasks: inputs of the trunk, targets and weights.

use gummel_data::DeviceData;
use gummel_device::Quantity;
use gummel_kernel::{Features, Output, OutputKind, StaticInput};

use super::{AtBias, by_temperature, kind_of, place_of};
use crate::config::FitConfig;
use crate::crossing;
use crate::doubt::trust;
use crate::problem::Task;
use crate::steepness::factors;

/// A device, and what its tasks are made with.
pub(super) struct Builder<'a> {
    pub(super) device: &'a DeviceData,
    pub(super) index: usize,
    pub(super) config: &'a FitConfig,
    pub(super) features: &'a Features,
    pub(super) statics: &'a [StaticInput],
    pub(super) leakage_floor: f64,
}

impl Builder<'_> {
    /// A task for every temperature and output, without place in a population and scale.
    pub(super) fn tasks(&self, outputs: &[Output]) -> Vec<Task> {
        let mut tasks = Vec::new();
        for rows in by_temperature(self.device) {
            for (o, output) in outputs.iter().enumerate() {
                let quantity = [Quantity::Id, Quantity::Ig, Quantity::Ib]
                    .into_iter()
                    .find(|q| kind_of(*q) == Some(output.kind));
                tasks.extend(quantity.and_then(|q| self.task(o, q, output.kind, &rows)));
            }
        }
        tasks
    }

    pub(super) fn task(
        &self,
        output: usize,
        quantity: Quantity,
        kind: OutputKind,
        rows: &[usize],
    ) -> Option<Task> {
        let device = self.device;
        let values = device.quantities.get(&quantity)?;
        let sign = device.id.family.polarity.sign();
        let finite = rows.iter().copied().filter(|&p| values[p].is_finite()).collect();
        let (rows, linked) = crossing::ordered(device, finite);
        let place = place_of(device, device.temperature[*rows.first()?]);
        let floor = match kind {
            OutputKind::Channel => self.config.residual.floor.unwrap_or(device.floor),
            _ => self.leakage_floor,
        };
        let current: Vec<f64> = rows.iter().map(|&p| sign * self.channel_part(values[p], p, kind)).collect();
        let vds: Vec<f64> = rows.iter().map(|&p| device.bias_at(p).mirrored(sign).vds()).collect();
        let n = rows.len();
        let mut x = vec![0.0; (3 + self.statics.len()) * n];
        for (k, &p) in rows.iter().enumerate() {
            for (j, v) in self.features.at_bias(device, p).into_iter().enumerate() {
                x[j * n + k] = v;
            }
        }
        for (j, s) in self.statics.iter().enumerate() {
            x[(3 + j) * n..(4 + j) * n].fill(s.covariate.at(&place) * s.scale);
        }
        let weight: Vec<f64> =
            current.iter().zip(&vds).map(|(&i, &v)| self.weight(i, v, floor, kind)).collect();
        let steepness = match kind {
            OutputKind::Channel => {
                factors(&x, &current, &weight, &linked, self.config.residual.conductance_weight)
            }
            _ => vec![1.0; n],
        };
        Some(Task {
            output,
            device: self.index,
            place,
            site: device.id.site.as_str().into(),
            phi: Vec::new(),
            psi: Vec::new(),
            ln_scale: 0.0,
            floor,
            trust: trust(device, &self.config.residual),
            x,
            weight,
            target: current.iter().map(|i| (i / (2.0 * floor)).asinh()).collect(),
            linked,
            steepness,
            vds,
        })
    }

    /// Drain current without the half of gate and bulk current that a symmetric device lends its drain.
    fn channel_part(&self, i: f64, p: usize, kind: OutputKind) -> f64 {
        if kind != OutputKind::Channel || !self.config.network.symmetric {
            return i;
        }
        let shared: f64 = self
            .config
            .tasks
            .quantities
            .iter()
            .filter(|q| **q != Quantity::Id)
            .filter_map(|q| self.device.quantities.get(q))
            .map(|v| if v[p].is_finite() { v[p] } else { 0.0 })
            .sum();
        i + 0.5 * shared
    }

    /// Square root of a point's weight, 1 for a clean strong reading.
    fn weight(&self, i: f64, vds: f64, floor: f64, kind: OutputKind) -> f64 {
        let r = &self.config.residual;
        let offset = match kind {
            OutputKind::Channel => r.offset(vds),
            _ => 0.0,
        };
        r.weight(i, floor, offset)
    }
}
