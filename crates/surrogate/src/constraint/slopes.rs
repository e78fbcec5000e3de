//! Slopes of `y = ln(I / scale vds)` of one task at blocks of biases: one pass through the trunk, one tangent per
//! direction.

use gummel_kernel::Isa;
use gummel_kernel::features::FeaturePoint;
use gummel_kernel::jacobian::Block;

use super::watched::Slope;
use crate::lm::residuals::head_of;
use crate::problem::{BLOCK, Problem, Task};

/// Workspace for biases of any task of a problem, [`BLOCK`] at a time.
pub(super) struct Slopes<'a> {
    problem: &'a Problem,
    theta: &'a [f64],
    pub(super) block: Block,
    /// Head of the task at hand.
    pub(super) head: Vec<f64>,
    task: &'a Task,
    features: Vec<FeaturePoint>,
    vds: Vec<f64>,
    /// y.
    values: Vec<f64>,
    /// dy/dvgs, or vds dy/dvds.
    pub(super) slopes: Vec<f64>,
}

impl<'a> Slopes<'a> {
    /// Ready for the first task.
    pub(super) fn new(problem: &'a Problem, theta: &'a [f64]) -> Self {
        let mut slopes = Slopes {
            problem,
            theta,
            block: Block::new(Isa::detect(), &problem.layout.shape, BLOCK),
            head: Vec::new(),
            task: &problem.tasks[0],
            features: Vec::with_capacity(BLOCK),
            vds: Vec::with_capacity(BLOCK),
            values: vec![0.0; BLOCK],
            slopes: vec![0.0; BLOCK],
        };
        slopes.of(0);
        slopes
    }

    /// Goes over to another task.
    pub(super) fn of(&mut self, task: usize) {
        let layout = &self.problem.layout;
        self.task = &self.problem.tasks[task];
        self.head = head_of(layout, self.task, self.theta, layout.deviations(self.theta, self.task.device));
    }

    /// The trunk's parameters.
    pub(super) fn trunk(&self) -> &'a [f64] {
        &self.theta[..self.problem.layout.trunk()]
    }

    /// Runs the trunk at mirrored `[vgs, vds, vbs]`, V, at most [`BLOCK`] of them.
    pub(super) fn at(&mut self, biases: impl Iterator<Item = [f64; 3]>) {
        self.features.clear();
        self.vds.clear();
        for [vgs, vds, vbs] in biases {
            self.features.push(self.problem.features.at(vgs, vds, vbs));
            self.vds.push(vds);
        }
        let n = self.vds.len();
        let mut x = vec![0.0; self.problem.layout.shape.inputs * n];
        for (p, f) in self.features.iter().enumerate() {
            f.x.iter().enumerate().for_each(|(k, v)| x[k * n + p] = *v);
        }
        for (row, s) in x.chunks_exact_mut(n).skip(3).zip(&self.problem.statics) {
            row.fill(s.covariate.at(&self.task.place) * s.scale);
        }
        let trunk = self.trunk();
        self.block.forward(trunk, &x, n, 0, n);
        self.block.values(&self.head, &mut self.values);
    }

    /// Slopes at the biases of [`Slopes::at`], each along its own direction.
    pub(super) fn along(&mut self, direction: impl Fn(usize) -> Slope) {
        let n = self.vds.len();
        let mut xdot = vec![0.0; self.problem.layout.shape.inputs * n];
        for (p, (f, vds)) in self.features.iter().zip(&self.vds).enumerate() {
            let along = match direction(p) {
                Slope::Gate => [f.own[0], 0.0, 0.0],
                Slope::Drain => [f.cross[0], f.own[1], f.cross[1]].map(|v| vds * v),
            };
            along.iter().enumerate().for_each(|(k, v)| xdot[k * n + p] = *v);
        }
        let trunk = self.trunk();
        self.block.forward_tangent(trunk, &xdot, n, 0, n);
        self.block.tangent_values(&self.head, &mut self.slopes);
    }

    /// Channel current at bias `p`, A.
    pub(super) fn current(&self, p: usize) -> f64 {
        self.vds[p] * (self.values[p] + self.task.ln_scale).min(60.0).exp()
    }
}
