//! Readings of one device as its head sees them: frozen trunk activations, residual and instrument noise.

use gummel_data::DeviceData;
use gummel_kernel::basis::{factors, times};
use gummel_kernel::jacobian::{Block, TrunkShape, padded};
use gummel_kernel::{Isa, OutputKind, Spec};
use gummel_model::Model;

use crate::assemble::tasks_of;
use crate::config::FitConfig;
use crate::problem::{BLOCK, Task, residual};

/// Readings of one output of one device at one temperature.
pub(crate) struct Readings {
    /// Index of the output in the first branch.
    pub(crate) output: usize,
    kind: OutputKind,
    task: Task,
    /// Products of the activations, with a final 1, and of psi: one per number of the deviation, reading by reading.
    z: Vec<f64>,
    /// `[z, 1] . B phi`, what the population mean gives.
    mean: Vec<f64>,
    /// Variance of each reading by its instrument, asinh units; infinite for a reading without weight.
    pub(crate) variance: Vec<f64>,
}

/// One reading at a head: residual, its slope over `y`, slope of `y` over every number of the deviation.
pub(crate) struct Point<'a> {
    pub(crate) residual: f64,
    pub(crate) slope: f64,
    pub(crate) z: &'a [f64],
    pub(crate) variance: f64,
}

impl Readings {
    /// Readings of all outputs and temperatures of `device`.
    pub(crate) fn of(model: &Model, device: &DeviceData, config: &FitConfig) -> Vec<Readings> {
        let trunk = Trunk::of(&model.spec);
        tasks_of(&model.spec.branches[0], device, config)
            .into_iter()
            .map(|task| trunk.readings(&model.spec, task, config.residual.relative))
            .collect()
    }

    /// Temperature of the readings, K.
    pub(crate) fn temperature(&self) -> f64 {
        self.task.place.temperature
    }

    /// Number of readings.
    pub(crate) fn len(&self) -> usize {
        self.variance.len()
    }

    /// Reading `p` with the head at `deviation` from the population mean.
    pub(crate) fn at(&self, deviation: &[f64], p: usize) -> Point<'_> {
        let m = deviation.len();
        let z = &self.z[p * m..][..m];
        let y = self.mean[p] + z.iter().zip(deviation).map(|(z, d)| z * d).sum::<f64>();
        let (residual, slope) = residual(self.kind, y, &self.task, p);
        Point { residual, slope, z, variance: self.variance[p] }
    }
}

/// The frozen trunk of a model's first branch, ready for blocks of points.
struct Trunk {
    shape: TrunkShape,
    parameters: Vec<f64>,
}

impl Trunk {
    fn of(spec: &Spec) -> Self {
        let branch = &spec.branches[0];
        let shape = TrunkShape {
            inputs: branch.layers.first().map_or(0, |l| l.inputs),
            widths: branch.layers.iter().map(|l| l.outputs).collect(),
        };
        let parameters = branch.layers.iter().flat_map(|l| l.weight.iter().chain(&l.bias).copied()).collect();
        Trunk { shape, parameters }
    }

    fn readings(&self, spec: &Spec, task: Task, relative: f64) -> Readings {
        let branch = &spec.branches[0];
        let (m, n) = (self.shape.width() + 1, task.points());
        let mut z = vec![1.0; n * m];
        let mut block = Block::new(Isa::detect(), &self.shape, BLOCK);
        for first in (0..n).step_by(BLOCK) {
            let count = BLOCK.min(n - first);
            block.forward(&self.parameters, &task.x, n, first, count);
            for (j, row) in block.features().chunks_exact(padded(count)).enumerate() {
                for (p, v) in row[..count].iter().enumerate() {
                    z[(first + p) * m + j] = *v;
                }
            }
        }
        let head = times(&branch.population_heads[task.output], &task.phi, m);
        let mean = z.chunks_exact(m).map(|z| z.iter().zip(&head).map(|(z, h)| z * h).sum()).collect();
        let z = factors(&z, &task.psi);
        // The weight of a reading is e / sqrt(e^2 + its variance).
        let variance =
            task.weight.iter().map(|w| relative * relative * (1.0 / (w * w) - 1.0).max(0.0)).collect();
        Readings { output: task.output, kind: branch.outputs[task.output].kind, task, z, mean, variance }
    }
}
