//! A made-up family of transistors as a ready [`Problem`]: for tests and for measuring speed at any size.
//!
//! The long-channel EKV current (Enz, Krummenacher, Vittoz, 1995), with channel-length modulation:
//! ```text
//! v(x) = ln^2(1 + exp((vp - x) / 2 ut))     vp = (vgb - vth) / n
//! i = 2 n beta ut^2 [v(vsb) - v(vdb)] (1 + lambda |vds|)
//! ```
//! Threshold, `beta` and `lambda` vary from device to device around a smooth function of size, so that
//! heads share a population and still have something of their own.

use gummel_kernel::jacobian::TrunkShape;
use gummel_kernel::{Basis, Features, Output, OutputKind, Place};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use crate::parameters::{Layout, Parameters};
use crate::problem::{Problem, Task};
use crate::start::start;

/// Thermal voltage, V.
const UT: f64 = 0.02585;
/// Subthreshold slope factor.
const N: f64 = 1.3;
/// Noise floor, A.
const FLOOR: f64 = 1e-12;
/// Relative accuracy wanted.
const RELATIVE: f64 = 0.05;

/// Size of a synthetic family.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthetic {
    /// Number of devices.
    pub devices: usize,
    /// Gate voltages of every curve.
    pub gates: usize,
    /// Neurons of each hidden layer of the trunk.
    pub hidden: Vec<usize>,
    /// A gate current as a second output.
    pub gate: bool,
    /// Seed of device variations and of the starting parameters.
    pub seed: u64,
}

impl Default for Synthetic {
    fn default() -> Self {
        Synthetic { devices: 6, gates: 25, hidden: vec![12, 12], gate: false, seed: 0 }
    }
}

/// One device's electrical constants.
struct Electrical {
    vth: f64,
    beta: f64,
    lambda: f64,
}

impl Electrical {
    /// Channel current at the bulk-referred gate, drain and source voltages, A.
    fn current(&self, vg: f64, vd: f64, vs: f64) -> f64 {
        let vp = (vg - self.vth) / N;
        let v = |x: f64| ((vp - x) / (2.0 * UT)).exp().ln_1p().powi(2);
        2.0 * N * self.beta * UT * UT * (v(vs) - v(vd)) * (1.0 + self.lambda * (vd - vs).abs())
    }
}

impl Synthetic {
    /// The problem: every device swept along the gate at six drain and two bulk voltages.
    pub fn problem(&self) -> Problem {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        let channel = Output { kind: OutputKind::Channel, scale: 1e-6, per_geometry: true };
        let gate = Output { kind: OutputKind::Gate, scale: 2.0 * FLOOR, per_geometry: false };
        let outputs = if self.gate { vec![channel, gate] } else { vec![channel] };
        // The constant, ln L and 0.13 um / L.
        let population = Basis { terms: vec![[0; 7], [1, 0, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0]] };
        let deviation = Basis::constant();
        let mut problem = Problem {
            layout: Layout {
                shape: TrunkShape { inputs: 3, widths: self.hidden.clone() },
                outputs: outputs.len(),
                devices: self.devices,
                phi: population.len(),
                psi: deviation.len(),
            },
            features: Features {
                symmetric: true,
                smoothing: 0.01,
                center: [0.6, 0.6, -0.3],
                scale: [2.5, 2.5, 2.5],
                saturation: Some(3.0),
                knee: None,
            },
            statics: vec![],
            outputs,
            population,
            deviation,
            hull: None,
            tasks: vec![],
            strength: 1e-2,
            slope_weight: 1.0,
            smoothness: 0.0,
            held: None,
            order: None,
        };
        for device in 0..self.devices {
            let l = 0.13e-6 * 50f64.powf(random.random());
            let place = Place { w: 1e-6, l, mult: 1.0, temperature: 300.15, speed: 0.0, skew: 0.0 };
            let mut spread = |sigma: f64| -> f64 { sigma * random.sample::<f64, _>(StandardNormal) };
            let short = 0.13e-6 / l;
            let electrical = Electrical {
                vth: 0.4 - 0.05 * short + spread(0.01),
                beta: 3e-4 * place.w / l * (1.0 + spread(0.05)),
                lambda: 0.02 + 0.15 * short,
            };
            for output in 0..problem.outputs.len() {
                problem.tasks.push(self.task(&problem, output, device, place, &electrical));
            }
        }
        problem
    }

    fn task(
        &self,
        problem: &Problem,
        output: usize,
        device: usize,
        place: Place,
        electrical: &Electrical,
    ) -> Task {
        let Output { kind, scale, .. } = problem.outputs[output];
        let mut columns = vec![vec![]; 3];
        let (mut vds, mut target, mut weight, mut linked) = (vec![], vec![], vec![], vec![]);
        for vbs in [0.0, -0.6] {
            for vd in [0.05, 0.2, 0.4, 0.6, 0.9, 1.2] {
                for k in 0..self.gates {
                    let vgs = 1.2 * k as f64 / (self.gates.max(2) - 1) as f64;
                    let current = match kind {
                        OutputKind::Channel => electrical.current(vgs - vbs, vd - vbs, -vbs),
                        _ => 1e-11 * (vgs - 0.5 * vd) * (1.0 + vgs * vgs),
                    };
                    for (column, x) in columns.iter_mut().zip(problem.features.at(vgs, vd, vbs).x) {
                        column.push(x);
                    }
                    vds.push(vd);
                    target.push((current / (2.0 * FLOOR)).asinh());
                    let noise = FLOOR / current.hypot(2.0 * FLOOR);
                    weight.push(1.0 / RELATIVE.hypot(noise));
                    linked.push(k + 1 < self.gates);
                }
            }
        }
        Task {
            output,
            device,
            place,
            site: "".into(),
            phi: problem.population.at(&place),
            psi: problem.deviation.at(&place),
            ln_scale: (scale * problem.outputs[output].geometry_factor(&place)).ln(),
            floor: FLOOR,
            trust: 1.0,
            x: columns.concat(),
            vds,
            steepness: vec![1.0; linked.len()],
            target,
            weight,
            linked,
        }
    }

    /// Starting parameters of `problem`, as a fit draws them.
    pub fn start(&self, problem: &Problem) -> Parameters {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed ^ 0x5eed);
        Parameters::from_flat(&start(problem, &mut random), &problem.layout)
    }
}
