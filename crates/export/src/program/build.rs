//! From a model to its program: the formulas of [`gummel_kernel::spec`], with everything that is not open folded
//! into constants; heads have a file of their own.

use std::collections::BTreeMap;

use gummel_kernel::{Branch, Layer, Output, OutputKind, Place, Spec};

use super::{Id, Input, Matrix, Program};
use crate::scope::Scope;

/// Which results a program has beside the currents and charges themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivatives {
    /// None.
    Without,
    /// `gm gds gmb`.
    OfDrainCurrent,
}

pub(super) const MICROMETRE: f64 = 1e-6;

impl Program {
    /// The evaluation of the devices of `scope`.
    ///
    /// Outputs: `id`, derivatives if wanted, terminal currents `ig is ib` where the model has gate or bulk
    /// current, terminal charges `qd qg qs qb` where it has charges, then each modelled flow by the name of
    /// its [`OutputKind`].
    pub fn new(spec: &Spec, scope: &Scope, derivatives: Derivatives) -> Self {
        let mut program = Program::default();
        let [vgs, vds, vbs] = Input::BIAS.map(|i| program.input(i));
        let mut builder = Builder { program, spec, scope, bias: [vgs, vds, vbs], flows: BTreeMap::new() };
        for b in 0..spec.branches.len() {
            builder.branch(b);
        }
        builder.finish(derivatives)
    }
}

/// A program under construction.
pub(super) struct Builder<'a> {
    pub(super) program: Program,
    pub(super) spec: &'a Spec,
    pub(super) scope: &'a Scope,
    bias: [Id; 3],
    /// Signed values of the modelled outputs.
    flows: BTreeMap<u8, Id>,
}

impl<'a> Builder<'a> {
    fn branch(&mut self, b: usize) {
        let branch = &self.spec.branches[b];
        let suffix = &match b {
            0 => String::new(),
            1 => "q".to_owned(),
            _ => format!("q{b}"),
        };
        let mirrored = self.bias.map(|v| self.program.scale(self.spec.sign, v));
        let x = self.features(branch, mirrored, suffix);
        let bias = self.first_bias(branch, suffix);
        let z = self.trunk(branch, x, bias, suffix);
        let zero = if b == 0 {
            None
        } else {
            let saturation = branch.features.saturation.unwrap_or(1.0);
            let x = branch.features.at(0.0, 0.0, 0.0).x.map(|x| x / saturation);
            let x = self.program.constant(x.to_vec());
            Some(self.trunk(branch, x, bias, &format!("{suffix}0")))
        };
        for (o, output) in branch.outputs.iter().enumerate() {
            let head = self.head(b, o, output.kind);
            let y = self.head_value(branch, head, z, zero, output.kind);
            let scale = self.scale_of(output);
            let flow = self.physical(output.kind, y, scale, mirrored[1]);
            let signed = self.program.scale(self.spec.sign, flow);
            self.program.named(flow_name(output.kind), signed);
            self.flows.insert(output.kind as u8, signed);
        }
    }

    /// The three trunk inputs, before they are multiplied by what they saturate at; see [`gummel_kernel::features`].
    ///
    /// Constants are folded, since every product rounds: the trunk's first layers turn a few roundings of its inputs in
    /// single precision into 1e-5 of a subthreshold current.
    fn features(&mut self, branch: &Branch, [vgs, vds, vbs]: [Id; 3], suffix: &str) -> Id {
        let p = &mut self.program;
        let f = &branch.features;
        let unscaled = if f.symmetric {
            let square = p.mul(vds, vds);
            let sum = p.offset(square, f.smoothing * f.smoothing);
            let root = p.sqrt(sum);
            p.named(format!("r{suffix}"), root);
            let smooth = p.offset(root, -f.smoothing);
            p.named(format!("a{suffix}"), smooth);
            let difference = p.sub(smooth, vds);
            let shift = p.scale(0.5, difference);
            p.named(format!("shift{suffix}"), shift);
            let bent = match f.knee {
                Some(k) => {
                    let scaled = p.scale(2.0 * k, smooth);
                    let sum = p.offset(scaled, k * k);
                    let root = p.sqrt(sum);
                    p.named(format!("knee{suffix}"), root);
                    p.offset(root, -k)
                }
                None => smooth,
            };
            [p.add(vgs, shift), bent, p.add(vbs, shift)]
        } else {
            [vgs, vds, vbs]
        };
        let saturation = f.saturation.unwrap_or(1.0);
        let mut x = Vec::new();
        for ((u, name), (center, scale)) in
            unscaled.into_iter().zip(["xg", "xd", "xb"]).zip(f.center.iter().zip(f.scale))
        {
            let centered = p.offset(u, -center);
            let scaled = p.scale(scale / saturation, centered);
            x.push(p.named(format!("{name}{suffix}"), scaled));
        }
        let x = p.join(x);
        if f.saturation.is_none() {
            return x;
        }
        let bounded = p.tanh(x);
        p.named(format!("x{suffix}"), bounded)
    }

    /// Biases of the first layer with what does not change with bias folded in.
    fn first_bias(&mut self, branch: &Branch, suffix: &str) -> Id {
        let first = &branch.layers[0];
        let offset = first.inputs - branch.statics.len();
        let (open, fixed): (Vec<_>, Vec<_>) =
            (0..branch.statics.len()).partition(|s| self.is_open(branch.statics[*s].covariate));
        let row = |place: &Place| {
            let bias = |n: usize| {
                let weight = |s: usize| first.weight[n * first.inputs + offset + s];
                let value = |s: usize| branch.statics[s].covariate.at(place) * branch.statics[s].scale;
                first.bias[n] + fixed.iter().map(|s| weight(*s) * value(*s)).sum::<f64>()
            };
            (0..first.outputs).map(bias).collect()
        };
        let mut bias = self.program.rows(self.scope.places.iter().map(row).collect());
        if !open.is_empty() {
            let mut inputs = Vec::new();
            let mut numbers = vec![0.0; first.outputs * open.len()];
            for (c, s) in open.iter().enumerate() {
                inputs.push(self.covariate(branch.statics[*s].covariate));
                for n in 0..first.outputs {
                    numbers[n * open.len() + c] =
                        first.weight[n * first.inputs + offset + s] * branch.statics[*s].scale;
                }
            }
            let x = self.program.join(inputs);
            let matrix = Matrix { rows: first.outputs, columns: open.len(), numbers };
            let moved = self.program.affine(matrix, vec![0.0; first.outputs], x);
            bias = self.program.add(bias, moved);
        }
        self.program.named(format!("b1{suffix}"), bias)
    }

    fn trunk(&mut self, branch: &Branch, x: Id, bias: Id, suffix: &str) -> Id {
        let mut z = x;
        for (k, layer) in branch.layers.iter().enumerate() {
            let saturation = branch.features.saturation.unwrap_or(1.0);
            z = if k == 0 { self.first_layer(layer, z, saturation, bias) } else { self.layer(layer, z) };
            self.program.named(format!("z{}{suffix}", k + 1), z);
        }
        z
    }

    fn first_layer(&mut self, layer: &Layer, x: Id, saturation: f64, bias: Id) -> Id {
        let columns = self.program.node(x).len;
        let rows = layer.weight.chunks_exact(layer.inputs);
        let numbers = rows.flat_map(|row| row[..columns].iter().map(|w| saturation * w)).collect();
        let matrix = Matrix { rows: layer.outputs, columns, numbers };
        let pre = match self.program.as_constant(bias) {
            Some(bias) => {
                let bias = bias.to_vec();
                self.program.affine(matrix, bias, x)
            }
            None => {
                let product = self.program.affine(matrix, vec![0.0; layer.outputs], x);
                self.program.add(bias, product)
            }
        };
        self.program.tanh(pre)
    }

    fn layer(&mut self, layer: &Layer, z: Id) -> Id {
        let matrix = Matrix { rows: layer.outputs, columns: layer.inputs, numbers: layer.weight.clone() };
        let pre = self.program.affine(matrix, layer.bias.clone(), z);
        self.program.tanh(pre)
    }

    /// Scale of an output in amperes or coulombs, geometry included.
    fn scale_of(&mut self, output: &Output) -> Id {
        let is_open = |i| output.per_geometry && self.scope.open.contains(&i);
        let (w_open, l_open) = (is_open(Input::W), is_open(Input::L));
        let unit = if output.kind.is_charge() { MICROMETRE } else { 1.0 };
        let row = |place: &Place| {
            let mut place = *place;
            // An open dimension enters as a factor below; here it counts as one unit.
            if w_open {
                place.w = unit;
            }
            if l_open {
                place.l = unit;
            }
            vec![output.scale * output.geometry_factor(&place)]
        };
        let mut scale = self.program.rows(self.scope.places.iter().map(row).collect());
        for (open, input) in [(w_open, Input::W), (l_open, Input::L)] {
            if !open {
                continue;
            }
            let size = self.program.input(input);
            scale = if !output.kind.is_charge() && input == Input::L {
                self.program.div(scale, size)
            } else {
                let size = self.program.scale(1.0 / unit, size);
                self.program.mul(scale, size)
            };
        }
        self.program.named(format!("s_{}", output.kind.name()), scale)
    }

    /// Current or charge of an output of the mirrored device; see [`OutputKind`].
    fn physical(&mut self, kind: OutputKind, y: Id, scale: Id, vds: Id) -> Id {
        let p = &mut self.program;
        match kind {
            OutputKind::Channel => {
                let e = p.exp(y);
                let g = p.mul(scale, e);
                p.mul(g, vds)
            }
            OutputKind::Gate | OutputKind::Bulk => {
                let down = p.scale(-1.0, y);
                let (up, down) = (p.exp(y), p.exp(down));
                let twice = p.sub(up, down);
                let sinh = p.scale(0.5, twice);
                p.mul(scale, sinh)
            }
            OutputKind::GateCharge | OutputKind::BulkCharge => p.mul(scale, y),
            OutputKind::ChannelCharge => {
                let c = p.mul(scale, y);
                p.mul(c, vds)
            }
        }
    }

    fn finish(mut self, derivatives: Derivatives) -> Program {
        let symmetric = self.spec.branches[0].features.symmetric;
        let currents = [OutputKind::Channel, OutputKind::Gate, OutputKind::Bulk];
        let charges = [OutputKind::ChannelCharge, OutputKind::GateCharge, OutputKind::BulkCharge];
        let [id, ig, is, ib] = self.terminals(currents, symmetric);
        self.program.named("id", id);
        self.program.emit("id", id);
        if derivatives == Derivatives::OfDrainCurrent {
            let slopes = self.program.gradient(id, self.bias);
            for (name, slope) in ["gm", "gds", "gmb"].into_iter().zip(slopes) {
                let slope = slope.unwrap_or_else(|| self.program.constant(vec![0.0]));
                self.program.named(name, slope);
                self.program.emit(name, slope);
            }
        }
        if self.spec.branches[0].outputs.len() > 1 {
            for (name, current) in [("ig", ig), ("is", is), ("ib", ib)] {
                self.program.emit(name, current);
            }
        }
        if self.spec.branches.len() > 1 {
            let terminals = self.terminals(charges, symmetric);
            for (name, charge) in ["qd", "qg", "qs", "qb"].into_iter().zip(terminals) {
                self.program.emit(name, charge);
            }
        }
        for kind in OutputKind::ALL {
            if let Some(flow) = self.flows.get(&(kind as u8)) {
                self.program.emit(kind.name(), *flow);
            }
        }
        self.program
    }

    /// Drain, gate, source and bulk from channel, gate and bulk; see [`gummel_kernel::point`].
    fn terminals(&mut self, kinds: [OutputKind; 3], symmetric: bool) -> [Id; 4] {
        let [channel, gate, bulk] = kinds.map(|k| self.flows.get(&(k as u8)).copied());
        let p = &mut self.program;
        let zero = |p: &mut Program| p.constant(vec![0.0]);
        let channel = channel.unwrap_or_else(|| zero(p));
        let leak = match (gate, bulk) {
            (Some(g), Some(b)) => Some(p.add(g, b)),
            (one, other) => one.or(other),
        };
        let back = p.scale(-1.0, channel);
        let (drain, source) = match leak {
            None => (channel, back),
            Some(leak) if symmetric => {
                let half = p.scale(0.5, leak);
                (p.sub(channel, half), p.sub(back, half))
            }
            Some(leak) => (channel, p.sub(back, leak)),
        };
        let gate = gate.unwrap_or_else(|| zero(p));
        let bulk = bulk.unwrap_or_else(|| zero(p));
        [drain, gate, source, bulk]
    }
}

/// Name of a modelled flow in printed programs.
pub(crate) fn flow_name(kind: OutputKind) -> &'static str {
    match kind {
        OutputKind::Channel => "i_channel",
        OutputKind::Gate => "i_gate",
        OutputKind::Bulk => "i_bulk",
        OutputKind::GateCharge => "q_gate",
        OutputKind::BulkCharge => "q_bulk",
        OutputKind::ChannelCharge => "q_channel",
    }
}
