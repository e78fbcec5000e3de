//! Fields of a spec to bytes, in the order of their declaration.

use crate::hull::Hull;
use crate::spec::{Branch, DeviceHeads, Spec};

/// Appends fields to a payload.
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    fn count(&mut self, n: usize) {
        // Every count of a spec is bounded by memory long before u32.
        self.0.extend_from_slice(&(n as u32).to_le_bytes());
    }

    fn numbers(&mut self, values: &[f64]) {
        self.0.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }

    fn list(&mut self, values: &[f64]) {
        self.count(values.len());
        self.numbers(values);
    }

    pub(super) fn spec(&mut self, spec: &Spec) {
        self.numbers(&[spec.sign]);
        self.count(spec.branches.len());
        for branch in &spec.branches {
            self.branch(branch);
        }
        self.count(spec.devices.len());
        for device in &spec.devices {
            self.device(device);
        }
    }

    fn branch(&mut self, branch: &Branch) {
        let f = &branch.features;
        self.0.push(u8::from(f.symmetric));
        self.numbers(&[f.smoothing]);
        self.numbers(&f.center);
        self.numbers(&f.scale);
        self.option(f.saturation.map(|c| [c]));
        self.option(f.knee.map(|k| [k]));
        self.count(branch.statics.len());
        for s in &branch.statics {
            self.0.push(s.covariate as u8);
            self.numbers(&[s.scale]);
        }
        self.count(branch.layers.len());
        for layer in &branch.layers {
            self.count(layer.inputs);
            self.count(layer.outputs);
            self.list(&layer.weight);
            self.list(&layer.bias);
        }
        self.count(branch.outputs.len());
        for output in &branch.outputs {
            self.0.push(output.kind as u8);
            self.numbers(&[output.scale]);
            self.0.push(u8::from(output.per_geometry));
        }
        for basis in [&branch.population, &branch.deviation] {
            self.count(basis.len());
            self.0.extend(basis.terms.iter().flatten());
        }
        self.option(branch.hull.map(|Hull { ln_w: [a, b], ln_l: [c, d] }| [a, b, c, d]));
        self.lists(&branch.population_heads);
    }

    /// Whether there are numbers, then the numbers.
    fn option<const N: usize>(&mut self, values: Option<[f64; N]>) {
        self.0.push(u8::from(values.is_some()));
        self.numbers(&values.map_or(Vec::new(), Vec::from));
    }

    fn lists(&mut self, lists: &[Vec<f64>]) {
        self.count(lists.len());
        for list in lists {
            self.list(list);
        }
    }

    fn device(&mut self, device: &DeviceHeads) {
        self.count(device.name.len());
        self.0.extend_from_slice(device.name.as_bytes());
        let p = &device.place;
        self.numbers(&[p.w, p.l, p.mult, p.temperature, p.speed, p.skew]);
        self.count(device.deviation.len());
        for heads in &device.deviation {
            self.lists(heads);
        }
        self.numbers(device.range.as_flattened());
    }
}
