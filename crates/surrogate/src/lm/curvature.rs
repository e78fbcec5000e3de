//! Curvature that is kept over several steps, while the gradient is always that of the current state.
//!
//! Nearly all work of a step is the product `J^T J`. The gradient `J^T r` alone costs one reverse pass, some fifty times
//! less, and near a minimum the curvature changes little from step to step (N. Doikov, E. Chayti, M. Jaggi,
//! "Second-order optimization with lazy Hessians", 2023). Loss and gradient decide where a fit ends, and both are exact.

use rayon::prelude::*;

use gummel_kernel::Isa;
use gummel_kernel::jacobian::Block;

use super::normal::{self, Normal, chunks, distribute, for_blocks, head_of, squares};
use crate::prepared::Prepared;
use crate::problem::BLOCK;

/// Normal equations whose matrices may be some steps old.
pub(crate) struct Curvature {
    /// Steps that a matrix serves.
    lifetime: usize,
    kept: Option<Normal>,
    age: usize,
}

impl Curvature {
    /// Matrices serve `lifetime` steps, at least one.
    pub(crate) fn new(lifetime: usize) -> Self {
        Curvature { lifetime, kept: None, age: 0 }
    }

    /// The normal equations at `theta`; their gradient and loss are new.
    pub(super) fn normal(&mut self, prepared: &Prepared<'_>, theta: &[f64]) -> Normal {
        let kept = self.kept.take().filter(|_| self.age < self.lifetime);
        let mut normal = match kept {
            Some(mut old) => {
                slopes(prepared, theta, &mut old);
                self.age += 1;
                old
            }
            None => {
                self.age = 1;
                normal::of_data(prepared, theta)
            }
        };
        if self.age < self.lifetime {
            self.kept = Some(normal.clone());
        }
        normal::complete(prepared.problem, theta, &mut normal);
        normal
    }

    /// True when the matrices were made for the last state asked for.
    pub(super) fn is_new(&self) -> bool {
        self.age <= 1
    }

    /// The next matrices are made anew.
    pub(super) fn forget(&mut self) {
        self.kept = None;
    }
}

/// Sums of one chunk of devices.
struct Sums {
    shared: Vec<f64>,
    /// Gradients over the devices' own unknowns, in order.
    own: Vec<Vec<f64>>,
    loss: f64,
}

/// Replaces gradient and loss of the data's `normal` equations by those at `theta`.
fn slopes(prepared: &Prepared<'_>, theta: &[f64], normal: &mut Normal) {
    let parts: Vec<Sums> =
        chunks(prepared).into_par_iter().map(|devices| of_devices(prepared, theta, devices)).collect();
    normal.shared_gradient.fill(0.0);
    normal.loss = 0.0;
    let mut devices = normal.devices.iter_mut();
    for part in parts {
        normal.shared_gradient.iter_mut().zip(&part.shared).for_each(|(a, b)| *a += b);
        normal.loss += part.loss;
        for (own, device) in part.own.into_iter().zip(&mut devices) {
            device.gradient = own;
        }
    }
}

fn of_devices(prepared: &Prepared<'_>, theta: &[f64], devices: std::ops::Range<usize>) -> Sums {
    let problem = prepared.problem;
    let layout = &problem.layout;
    let trunk = &theta[..layout.trunk()];
    let mut block = Block::new(Isa::detect(), &layout.shape, BLOCK);
    let mut sums = Sums { shared: vec![0.0; layout.shared()], own: Vec::new(), loss: 0.0 };
    for d in devices {
        let mut own = vec![0.0; layout.local()];
        for rows in prepared.device(d) {
            let head = head_of(layout, rows.task, theta, layout.deviations(theta, d));
            let mut gradient = vec![0.0; layout.trunk() + layout.head()];
            for_blocks(problem, &rows, theta, &mut block, |block, r, seed, whitening| {
                sums.loss += 0.5 * squares(r);
                let mut pull = [0.0; BLOCK];
                pull[..r.len()].copy_from_slice(r);
                whitening.apply_transposed(&mut pull[..r.len()]);
                pull.iter_mut().zip(seed).for_each(|(p, s)| *p *= s);
                block.gradient(trunk, &head, &pull, &mut gradient);
            });
            distribute(layout, rows.task, &gradient, &mut sums.shared, &mut own);
        }
        sums.own.push(own);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::held::Held;
    use crate::synthetic::Synthetic;

    #[test]
    fn slopes_are_those_of_the_normal_equations() {
        let family = Synthetic { devices: 5, gates: 9, hidden: vec![6, 5], gate: true, seed: 3 };
        let mut problem = family.problem();
        problem.smoothness = 0.4;
        let mut theta = family.start(&problem).flatten(&problem.layout);
        let own = problem.layout.shared()..problem.layout.total();
        theta[own].iter_mut().enumerate().for_each(|(k, v)| *v = 0.02 * (k % 7) as f64 - 0.05);
        let target = theta[..problem.layout.trunk()].iter().map(|v| v + 0.3).collect();
        problem.held = Some(Held { target, strength: vec![0.5; problem.layout.trunk()] });
        let prepared = Prepared::new(&problem);
        let expected = normal::assemble(&prepared, &theta);
        let mut curvature = Curvature::new(3);
        let elsewhere: Vec<f64> = theta.iter().map(|v| 1.1 * v + 0.01).collect();
        let old = curvature.normal(&prepared, &elsewhere);
        let got = curvature.normal(&prepared, &theta);
        assert!(!curvature.is_new());
        assert!((got.loss / expected.loss - 1.0).abs() < 1e-13);
        let gradient = |n: &Normal| {
            n.shared_gradient.iter().chain(n.devices.iter().flat_map(|d| &d.gradient)).copied().collect()
        };
        let (a, b): (Vec<f64>, Vec<f64>) = (gradient(&got), gradient(&expected));
        let largest = b.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12 * largest));
        assert_eq!(got.shared[(3, 2)], old.shared[(3, 2)], "matrices are kept");
        curvature.forget();
        let anew = curvature.normal(&prepared, &theta);
        assert!(curvature.is_new());
        assert_eq!(anew.shared[(3, 2)], expected.shared[(3, 2)]);
    }
}
