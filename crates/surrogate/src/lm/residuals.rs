//! Residuals of the whole problem and the loss that they and the penalties make: forward passes only.

use gummel_kernel::Isa;
use gummel_kernel::jacobian::Block;
use rayon::prelude::*;

use crate::parameters::Layout;
use crate::prepared::{PointBlock, Prepared, Rows, Whitening};
use crate::problem::{BLOCK, Problem, Task, residual};

/// Head of a task: the population of `theta` with the `deviation` of the task's device.
pub(crate) fn head_of(layout: &Layout, task: &Task, theta: &[f64], deviation: &[f64]) -> Vec<f64> {
    let population = &theta[layout.population(task.output)..];
    let deviation = &deviation[layout.deviation(task.output)..];
    (0..layout.head())
        .map(|i| {
            let dot = |row: &[f64], v: &[f64]| row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
            dot(&population[i * layout.phi..], &task.phi) + dot(&deviation[i * layout.psi..], &task.psi)
        })
        .collect()
}

/// Half the penalised, weighted sum of squares at `theta`; forward passes only.
pub(crate) fn loss(prepared: &Prepared<'_>, theta: &[f64]) -> f64 {
    let problem = prepared.problem;
    let per_device: Vec<f64> = (0..problem.layout.devices)
        .into_par_iter()
        .map_init(
            || Block::new(Isa::detect(), &problem.layout.shape, BLOCK),
            |block, d| {
                let mut sum = 0.0;
                for rows in prepared.device(d) {
                    for_blocks(problem, &rows, theta, block, |_, r, _, _| sum += squares(r));
                }
                sum
            },
        )
        .collect();
    0.5 * per_device.iter().sum::<f64>() + penalty(problem, theta)
}

pub(super) fn squares(r: &[f64]) -> f64 {
    r.iter().map(|r| r * r).sum()
}

pub(super) fn penalty(problem: &Problem, theta: &[f64]) -> f64 {
    let held = problem.held.as_ref().map_or(0.0, |h| h.loss(theta));
    let order = problem.order.as_ref().map_or(0.0, |o| o.loss(problem, theta));
    0.5 * problem.strength * squares(&theta[problem.layout.shared()..]) + held + order
}

/// Residuals (whitened) and raw seeds of every block of a task, with the trunk already run.
pub(super) fn for_blocks(
    problem: &Problem,
    rows: &Rows<'_>,
    theta: &[f64],
    block: &mut Block,
    mut visit: impl FnMut(&mut Block, &[f64], &[f64], &Whitening),
) {
    let Rows { task, blocks, kind } = *rows;
    let trunk = &theta[..problem.layout.trunk()];
    let head = head_of(&problem.layout, task, theta, problem.layout.deviations(theta, task.device));
    let (mut y, mut r, mut seed) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
    for PointBlock { first, points, whitening } in blocks {
        let n = *points;
        block.forward(trunk, &task.x, task.points(), *first, n);
        block.values(&head, &mut y);
        for p in 0..n {
            (r[p], seed[p]) = residual(kind, y[p], task, first + p);
        }
        seed[n..].fill(0.0);
        whitening.apply(&mut r[..n]);
        visit(block, &r[..n], &seed, whitening);
    }
}

/// Unweighted residuals of every task at `theta`.
pub(crate) fn raw_residuals(problem: &Problem, theta: &[f64]) -> Vec<Vec<f64>> {
    problem
        .tasks
        .par_iter()
        .map(|task| {
            let mut plain = task.clone();
            plain.weight.fill(1.0);
            plain.linked.fill(false);
            let mut block = Block::new(Isa::detect(), &problem.layout.shape, BLOCK);
            let mut all = Vec::with_capacity(task.points());
            let blocks = PointBlock::all(&plain, 0.0);
            let rows = Rows { task: &plain, blocks: &blocks, kind: problem.outputs[task.output].kind };
            for_blocks(problem, &rows, theta, &mut block, |_, r, _, _| all.extend_from_slice(r));
            all
        })
        .collect()
}
