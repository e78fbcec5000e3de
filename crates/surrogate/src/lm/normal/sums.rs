//! Sums over residuals: blocks of the shared unknowns, and the way from one task's columns to population and deviation.

use faer::Mat;
use gummel_kernel::{Isa, kronecker};

use super::LocalNormal;
use crate::parameters::Layout;
use crate::problem::Task;

/// Sums over some of the residuals.
pub(crate) struct Sums {
    /// Shared by shared, lower triangle.
    pub(crate) shared: Mat<f64>,
    /// Gradient over the shared unknowns.
    pub(crate) gradient: Vec<f64>,
    /// Half the sum of squares.
    pub(crate) loss: f64,
}

impl Sums {
    /// Nothing yet.
    pub(crate) fn new(layout: &Layout) -> Self {
        let shared = layout.shared();
        Sums { shared: Mat::zeros(shared, shared), gradient: vec![0.0; shared], loss: 0.0 }
    }

    /// Distributes one task's Gram columns over population and deviation.
    ///
    /// Innermost loops run down columns of the sums, which lie in one piece in memory.
    ///
    /// `gram` has the products of the columns `[trunk | head | r]` with `[head | r]`; those of trunk columns with each other
    /// are the caller's.
    pub(crate) fn scatter(&mut self, layout: &Layout, task: &Task, gram: &Mat<f64>, out: &mut LocalNormal) {
        let isa = Isa::detect();
        let (trunk, head, phi, psi) = (layout.trunk(), layout.head(), layout.phi, layout.psi);
        let (at_b, at_d) = (layout.population(task.output), layout.deviation(task.output));
        let (of_trunk, of_head) = gram.col_as_slice(head)[..trunk + head].split_at(trunk);
        self.gradient.iter_mut().zip(of_trunk).for_each(|(sum, g)| *sum += g);
        kronecker::add(isa, of_head, &task.phi, &mut self.gradient[at_b..]);
        kronecker::add(isa, of_head, &task.psi, &mut out.gradient[at_d..]);
        let mut row = vec![0.0; head];
        for t in 0..trunk {
            row.iter_mut().enumerate().for_each(|(i, v)| *v = gram[(t, i)]);
            kronecker::add(isa, &row, &task.phi, &mut self.shared.col_as_slice_mut(t)[at_b..]);
        }
        let mut scaled = vec![0.0; head];
        for k in 0..head {
            let (of_trunk, of_head) = gram.col_as_slice(k)[..trunk + head].split_at(trunk);
            for (b, pb) in task.phi.iter().enumerate() {
                let population = &mut self.shared.col_as_slice_mut(at_b + k * phi + b)[at_b + k * phi..];
                scaled.iter_mut().zip(of_head).for_each(|(s, g)| *s = pb * g);
                kronecker::add(isa, &scaled[k..], &task.phi, population);
            }
            for (b, pb) in task.psi.iter().enumerate() {
                let column = at_d + k * psi + b;
                let coupling = out.coupling.col_as_slice_mut(column);
                coupling.iter_mut().zip(of_trunk).for_each(|(sum, t)| *sum += pb * t);
                scaled.iter_mut().zip(of_head).for_each(|(s, g)| *s = pb * g);
                kronecker::add(isa, &scaled, &task.phi, &mut coupling[at_b..]);
                kronecker::add(isa, &scaled, &task.psi, &mut out.local.col_as_slice_mut(column)[at_d..]);
            }
        }
    }
}
