//! A made-up transistor family: MOS-like curves from seeded numbers, for examples, tests and benchmarks.
//!
//! The first neurons of every layer are set by hand (turn-on, saturation, body effect) so that current rises
//! with gate and drain voltage as in a transistor and circuits converge; all other neurons are small and random.

use crate::basis::Basis;
use crate::spec::{
    Branch, DeviceHeads, FEATURES, Features, Layer, Output, OutputKind, Place, Spec, StaticInput,
};
use crate::{Covariate, Hull};

/// What to make up.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Seed of the random numbers.
    pub seed: u64,
    /// +1 for n-channel, -1 for p-channel.
    pub sign: f64,
    /// Neurons per layer, at least three each.
    pub layers: Vec<usize>,
    /// Number of devices.
    pub devices: usize,
    /// Add gate and bulk current.
    pub leakage: bool,
    /// Add a branch of charges.
    pub charges: bool,
    /// Heads vary with geometry, temperature and corner, and temperature is a trunk input.
    pub population: bool,
    /// Voltages saturate, and heads follow sizes only near those of the devices.
    pub bounded: bool,
}

impl Default for Sample {
    fn default() -> Self {
        Sample {
            seed: 1,
            sign: 1.0,
            layers: vec![16, 16],
            devices: 3,
            leakage: false,
            charges: false,
            population: false,
            bounded: false,
        }
    }
}

/// Small uniform numbers from Knuth's 64-bit linear congruential generator.
struct Numbers(u64);

impl Numbers {
    /// Uniform in `-amplitude..amplitude`.
    fn next(&mut self, amplitude: f64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        amplitude * (2.0 * ((self.0 >> 11) as f64 / (1u64 << 53) as f64) - 1.0)
    }
}

impl Sample {
    /// The family as a spec that passes [`Spec::check`].
    ///
    /// # Panics
    /// When a layer has fewer than three neurons.
    pub fn spec(&self) -> Spec {
        let mut numbers = Numbers(self.seed);
        let mut currents = vec![OutputKind::Channel];
        if self.leakage {
            currents.extend([OutputKind::Gate, OutputKind::Bulk]);
        }
        let mut branches = vec![self.branch(&currents, &mut numbers)];
        if self.charges {
            let charges = [OutputKind::GateCharge, OutputKind::BulkCharge, OutputKind::ChannelCharge];
            branches.push(self.branch(&charges, &mut numbers));
        }
        let devices = (0..self.devices).map(|d| device(d, &branches, &mut numbers)).collect();
        Spec { sign: self.sign, branches, devices }
    }

    fn branch(&self, kinds: &[OutputKind], numbers: &mut Numbers) -> Branch {
        let statics = if self.population {
            vec![StaticInput { covariate: Covariate::Tau, scale: 0.5 }]
        } else {
            Vec::new()
        };
        let mut inputs = FEATURES + statics.len();
        let layers = self
            .layers
            .iter()
            .enumerate()
            .map(|(k, &outputs)| {
                let layer = layer(k == 0, inputs, outputs, numbers);
                inputs = outputs;
                layer
            })
            .collect();
        let population = if self.population {
            Basis { terms: vec![[0; 7], [0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1, 0]] }
        } else {
            Basis::default()
        };
        let mut branch = Branch {
            features: Features {
                symmetric: true,
                smoothing: 0.01,
                center: [0.5, 0.5, -0.4],
                scale: [1.0; 3],
                saturation: self.bounded.then_some(2.5),
                knee: self.bounded.then_some(0.2),
            },
            statics,
            layers,
            outputs: kinds.iter().map(|&kind| output(kind)).collect(),
            population,
            deviation: Basis::constant(),
            hull: self.bounded.then(|| Hull { ln_w: [0.0, 10f64.ln()], ln_l: [0.13f64.ln(), 10f64.ln()] }),
            population_heads: Vec::new(),
        };
        let (rows, columns) = (branch.head_len(), branch.population.len());
        branch.population_heads =
            kinds.iter().map(|_| (0..rows * columns).map(|_| numbers.next(0.02)).collect()).collect();
        branch
    }
}

/// The first three neurons see turn-on, saturation and body effect; the others are random.
fn layer(first: bool, inputs: usize, outputs: usize, numbers: &mut Numbers) -> Layer {
    let amplitude = if first { 0.7 } else { 1.5 / inputs as f64 };
    let mut weight: Vec<f64> = (0..inputs * outputs).map(|_| numbers.next(amplitude)).collect();
    let mut bias: Vec<f64> = (0..outputs).map(|_| numbers.next(0.5)).collect();
    for n in 0..3 {
        weight[n * inputs..][..inputs].fill(0.0);
        weight[n * inputs + n] = if first { [2.2, 1.3, 0.8][n] } else { 1.2 };
        bias[n] = if first { [0.5, 0.4, 0.0][n] } else { 0.0 };
    }
    if first {
        weight[2] = 0.35;
    }
    Layer { inputs, outputs, weight, bias }
}

fn output(kind: OutputKind) -> Output {
    let scale = match kind {
        OutputKind::Channel => 2e-5,
        OutputKind::Gate => 1e-13,
        OutputKind::Bulk => 1e-14,
        OutputKind::GateCharge => 5e-15,
        OutputKind::BulkCharge | OutputKind::ChannelCharge => 2e-15,
    };
    Output { kind, scale, per_geometry: matches!(kind, OutputKind::Channel) || kind.is_charge() }
}

fn device(d: usize, branches: &[Branch], numbers: &mut Numbers) -> DeviceHeads {
    let (width, length): (f64, f64) = ([10.0, 2.0, 1.0][d % 3], [0.13, 0.5, 1.0, 10.0][d % 4]);
    let deviation = branches
        .iter()
        .map(|branch| {
            branch
                .outputs
                .iter()
                .map(|output| {
                    let mut head: Vec<f64> = (0..branch.head_len()).map(|_| numbers.next(0.05)).collect();
                    let last = head.len() - 1;
                    let (hand, constant) = match output.kind {
                        OutputKind::Channel => ([8.0, -1.6, 0.5], -5.0),
                        OutputKind::Gate | OutputKind::Bulk => ([2.0, 1.0, 0.5], 0.0),
                        OutputKind::GateCharge => ([1.5, -0.5, 0.1], 0.0),
                        OutputKind::BulkCharge => ([-0.3, 0.2, 1.0], 0.0),
                        OutputKind::ChannelCharge => ([0.2, 0.1, 0.0], 0.5),
                    };
                    head[..3].copy_from_slice(&hand);
                    head[last] += constant;
                    head
                })
                .collect()
        })
        .collect();
    DeviceHeads {
        name: format!("W{width}u_L{length}u"),
        place: Place {
            w: width / 1e6,
            l: length / 1e6,
            mult: 1.0,
            temperature: 300.15,
            speed: 0.0,
            skew: 0.0,
        },
        deviation,
        range: [[0.0, 1.5], [0.0, 1.5], [-1.2, 0.0]],
    }
}
