//! The part of the ratio of two currents that one trunk has a say in: its value at any bias, its part of the normal equations.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use gummel_kernel::Isa;
use gummel_kernel::jacobian::{Block, padded};

use crate::lm::normal::Normal;
use crate::lm::residuals::head_of;
use crate::problem::{BLOCK, Problem, Task};
use crate::symmetric;

/// `sum_k sign_k ln(I_k / vds)` over tasks of one problem that share their trunk's inputs.
pub(super) struct Ratio<'a> {
    problem: &'a Problem,
    theta: &'a [f64],
    terms: Vec<(&'a Task, f64)>,
    /// The heads with their signs, and in the last number what the outputs' scales add.
    head: Vec<f64>,
}

impl<'a> Ratio<'a> {
    /// The tasks with their signs.
    pub(super) fn new(problem: &'a Problem, theta: &'a [f64], terms: &[(usize, f64)]) -> Self {
        let layout = &problem.layout;
        let terms: Vec<(&Task, f64)> = terms.iter().map(|(k, sign)| (&problem.tasks[*k], *sign)).collect();
        let mut head = vec![0.0; layout.head()];
        for (task, sign) in &terms {
            let own = head_of(layout, task, theta, layout.deviations(theta, task.device));
            head.iter_mut().zip(&own).for_each(|(sum, h)| *sum += sign * h);
            if let Some(constant) = head.last_mut() {
                *constant += sign * task.ln_scale;
            }
        }
        Ratio { problem, theta, terms, head }
    }

    /// Its values at inputs of the trunk.
    pub(super) fn at<X: AsRef<[f64]>>(&self, inputs: &[X]) -> Vec<f64> {
        let mut all = Vec::with_capacity(inputs.len());
        let mut y = [0.0; BLOCK];
        self.visit(inputs, |block, n| {
            block.values(&self.head, &mut y);
            all.extend_from_slice(&y[..n]);
        });
        all
    }

    /// Runs the trunk block by block; `each` is told how many inputs a block has.
    fn visit<X: AsRef<[f64]>>(&self, inputs: &[X], mut each: impl FnMut(&mut Block, usize)) {
        let shape = &self.problem.layout.shape;
        let mut block = Block::new(Isa::detect(), shape, BLOCK);
        for part in inputs.chunks(BLOCK) {
            let n = part.len();
            let x: Vec<f64> =
                (0..shape.inputs).flat_map(|k| part.iter().map(move |x| x.as_ref()[k])).collect();
            block.forward(&self.theta[..self.problem.layout.trunk()], &x, n, 0, n);
            each(&mut block, n);
        }
    }

    /// The rows of residuals whose derivative over the ratio is `weight`, at inputs of the trunk.
    pub(super) fn rows<X: AsRef<[f64]>>(&self, inputs: &[X], residual: Vec<f64>, weight: f64) -> Rows {
        let layout = &self.problem.layout;
        let (trunk, head) = (layout.trunk(), layout.head());
        let mut panel = vec![0.0; (trunk + head) * BLOCK];
        let count = inputs.len();
        let mut shared = Mat::zeros(count, layout.shared());
        let mut own: Vec<(usize, Mat<f64>)> =
            self.terms.iter().map(|(t, _)| (t.device, Mat::zeros(count, layout.local()))).collect();
        let mut first = 0;
        self.visit(inputs, |block, n| {
            let mut seed = vec![0.0; padded(n)];
            seed[..n].fill(weight);
            block.jacobian(&self.theta[..trunk], &self.head, &seed, &mut panel, BLOCK);
            for p in 0..n {
                let i = first + p;
                (0..trunk).for_each(|k| shared[(i, k)] = panel[k * BLOCK + p]);
                for k in 0..head {
                    let z = panel[(trunk + k) * BLOCK + p];
                    for ((task, sign), (_, own)) in self.terms.iter().zip(&mut own) {
                        for (a, phi) in task.phi.iter().enumerate() {
                            shared[(i, layout.population(task.output) + k * layout.phi + a)] +=
                                sign * phi * z;
                        }
                        for (a, psi) in task.psi.iter().enumerate() {
                            own[(i, layout.deviation(task.output) + k * layout.psi + a)] = sign * psi * z;
                        }
                    }
                }
            }
            first += n;
        });
        Rows { residual, shared, own }
    }
}

/// Residuals with their derivatives, one row each.
pub(super) struct Rows {
    residual: Vec<f64>,
    shared: Mat<f64>,
    /// Derivatives by the own unknowns of every device that takes part.
    own: Vec<(usize, Mat<f64>)>,
}

impl Rows {
    /// Adds gradient and curvature to the normal equations, but not the loss.
    ///
    /// For what couples two devices the arrow of the normal equations has no place. With `s`, `u`, `v` the derivatives by shared
    /// unknowns and by those of either device,
    /// ```text
    /// (s + u + v)^2 <= 2 (s/2 + u)^2 + 2 (s/2 + v)^2
    /// ```
    /// bounds the curvature by an arrow; gradient and loss are exact, so only the path of the steps depends on it.
    pub(super) fn add(&self, normal: &mut Normal) {
        let n = self.residual.len();
        let r = Mat::from_fn(n, 1, |i, _| self.residual[i]);
        let shared = self.shared.as_ref();
        symmetric::add(normal.shared.as_mut(), shared, shared, 1.0);
        let slope = shared.transpose() * &r;
        normal.shared_gradient.iter_mut().enumerate().for_each(|(i, g)| *g += slope[(i, 0)]);
        let devices = self.own.len() as f64;
        for (device, own) in &self.own {
            let local = &mut normal.devices[*device];
            matmul(local.local.as_mut(), Accum::Add, own.transpose(), own.as_ref(), devices, Par::Seq);
            let coupling = local.coupling.as_mut();
            matmul(coupling, Accum::Add, shared.transpose(), own.as_ref(), 1.0, Par::Seq);
            let slope = own.transpose() * &r;
            local.gradient.iter_mut().enumerate().for_each(|(i, g)| *g += slope[(i, 0)]);
        }
    }
}
