//! Normal equations of the whole problem, assembled block by block in cache, on all cores.
//!
//! Per task only `[trunk | head | r]` columns are formed; population and deviation enter by the
//! Kronecker structure of `head = B phi + D psi`, which costs no pass over the points.

use faer::linalg::matmul::{matmul, triangular};
use faer::{Accum, Mat, MatMut, MatRef, Par};
use gummel_kernel::Isa;
use gummel_kernel::jacobian::{Block, padded};
use rayon::prelude::*;

use crate::parameters::Layout;
use crate::prepared::{PointBlock, Prepared, Whitening};
use crate::problem::{BLOCK, Problem, Task, residual};

/// `J^T J` and `J^T r` split along the arrow; lower triangles of symmetric blocks.
pub(crate) struct Normal {
    /// Shared by shared, lower triangle.
    pub(crate) shared: Mat<f64>,
    /// Gradient over the shared unknowns.
    pub(crate) shared_gradient: Vec<f64>,
    /// Blocks of every device.
    pub(crate) devices: Vec<LocalNormal>,
    /// Half the weighted sum of squares.
    pub(crate) loss: f64,
}

/// One device's blocks.
#[derive(Clone)]
pub(crate) struct LocalNormal {
    /// Local by local, full.
    pub(crate) local: Mat<f64>,
    /// Shared by local.
    pub(crate) coupling: Mat<f64>,
    pub(crate) gradient: Vec<f64>,
}

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
                for (task, blocks) in prepared.device(d) {
                    for_blocks(problem, task, blocks, theta, block, |_, r, _, _| sum += squares(r));
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

fn penalty(problem: &Problem, theta: &[f64]) -> f64 {
    0.5 * problem.strength * squares(&theta[problem.layout.shared()..])
}

/// Residuals (whitened) and raw seeds of every block of a task, with the trunk already run.
fn for_blocks(
    problem: &Problem,
    task: &Task,
    blocks: &[PointBlock],
    theta: &[f64],
    block: &mut Block,
    mut visit: impl FnMut(&mut Block, &[f64], &[f64], &Whitening),
) {
    let trunk = &theta[..problem.layout.trunk()];
    let head = head_of(&problem.layout, task, theta, problem.layout.deviations(theta, task.device));
    let kind = problem.outputs[task.output].kind;
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

/// Scratch and partial sums of one chunk of devices.
struct Partial {
    block: Block,
    panel: Vec<f64>,
    shared: Mat<f64>,
    gradient: Vec<f64>,
    loss: f64,
}

impl Partial {
    fn new(problem: &Problem) -> Self {
        let layout = &problem.layout;
        let shared = layout.shared();
        Partial {
            block: Block::new(Isa::detect(), &layout.shape, BLOCK),
            panel: vec![0.0; (layout.trunk() + layout.head() + 1) * BLOCK],
            shared: Mat::zeros(shared, shared),
            gradient: vec![0.0; shared],
            loss: 0.0,
        }
    }

    fn add(&mut self, prepared: &Prepared<'_>, theta: &[f64], device: usize) -> LocalNormal {
        let problem = prepared.problem;
        let layout = &problem.layout;
        let (trunk, head, local) = (layout.trunk(), layout.head(), layout.local());
        let mut out = LocalNormal {
            local: Mat::zeros(local, local),
            coupling: Mat::zeros(layout.shared(), local),
            gradient: vec![0.0; local],
        };
        for (task, blocks) in prepared.device(device) {
            // Columns [head | r] against [trunk | head | r].
            let mut gram = Mat::<f64>::zeros(trunk + head + 1, head + 1);
            let Partial { block, panel, shared, loss, .. } = self;
            let h = head_of(layout, task, theta, layout.deviations(theta, device));
            for_blocks(problem, task, blocks, theta, block, |block, r, seed, whitening| {
                *loss += 0.5 * squares(r);
                block.jacobian(&theta[..trunk], &h, seed, panel, BLOCK);
                let n = r.len();
                for row in panel.chunks_exact_mut(BLOCK).take(trunk + head) {
                    whitening.apply(&mut row[..n]);
                    row[n..padded(n)].fill(0.0);
                }
                let last = &mut panel[(trunk + head) * BLOCK..];
                last[..n].copy_from_slice(r);
                last[n..padded(n)].fill(0.0);
                accumulate(panel, padded(n), trunk, head, shared.as_mut(), gram.as_mut());
            });
            self.scatter(layout, task, gram.as_ref(), &mut out);
        }
        for k in 0..local {
            out.local[(k, k)] += problem.strength;
        }
        out
    }

    /// Distributes one task's Gram columns over population and deviation.
    fn scatter(&mut self, layout: &Layout, task: &Task, gram: MatRef<'_, f64>, out: &mut LocalNormal) {
        let (trunk, head, phi, psi) = (layout.trunk(), layout.head(), layout.phi, layout.psi);
        let (at_b, at_d) = (layout.population(task.output), layout.deviation(task.output));
        for i in 0..trunk {
            self.gradient[i] += gram[(i, head)];
        }
        for i in 0..head {
            for (a, &pa) in task.phi.iter().enumerate() {
                let column = at_b + i * phi + a;
                self.gradient[column] += pa * gram[(trunk + i, head)];
                for t in 0..trunk {
                    self.shared[(column, t)] += pa * gram[(t, i)];
                }
                for k in 0..head {
                    for (b, &pb) in task.phi.iter().enumerate() {
                        self.shared[(column, at_b + k * phi + b)] += pa * pb * gram[(trunk + k, i)];
                    }
                }
            }
            for (a, &pa) in task.psi.iter().enumerate() {
                let column = at_d + i * psi + a;
                out.gradient[column] += pa * gram[(trunk + i, head)];
                for t in 0..trunk {
                    out.coupling[(t, column)] += pa * gram[(t, i)];
                }
                for k in 0..head {
                    for (b, &pb) in task.phi.iter().enumerate() {
                        out.coupling[(at_b + k * phi + b, column)] += pa * pb * gram[(trunk + k, i)];
                    }
                    for (b, &pb) in task.psi.iter().enumerate() {
                        out.local[(at_d + k * psi + b, column)] += pa * pb * gram[(trunk + k, i)];
                    }
                }
            }
        }
    }
}

/// Adds one block's products to the trunk's triangle and the task's Gram columns.
fn accumulate(
    panel: &[f64],
    n: usize,
    trunk: usize,
    head: usize,
    mut shared: MatMut<'_, f64>,
    gram: MatMut<'_, f64>,
) {
    let columns = trunk + head + 1;
    let all = MatRef::from_column_major_slice_with_stride(panel, n, columns, BLOCK);
    let t = all.subcols(0, trunk);
    use triangular::BlockStructure::{Rectangular, TriangularLower};
    triangular::matmul(
        shared.as_mut().submatrix_mut(0, 0, trunk, trunk),
        TriangularLower,
        Accum::Add,
        t.transpose(),
        Rectangular,
        t,
        Rectangular,
        1.0,
        Par::Seq,
    );
    matmul(gram, Accum::Add, all.transpose(), all.subcols(trunk, head + 1), 1.0, Par::Seq);
}

/// Most chunks of devices whose sums are kept apart; also the most threads that assemble at once.
const CHUNKS: usize = 16;

/// Assembles the normal equations at `theta`.
///
/// Devices are summed in chunks that depend on the problem alone, and the chunks in order, so that the
/// result does not depend on the number of threads.
pub(crate) fn assemble(prepared: &Prepared<'_>, theta: &[f64]) -> Normal {
    let problem = prepared.problem;
    let layout = &problem.layout;
    let parts: Vec<(Partial, Vec<LocalNormal>)> = chunks(prepared)
        .into_par_iter()
        .map(|devices| {
            let mut partial = Partial::new(problem);
            let locals = devices.map(|d| partial.add(prepared, theta, d)).collect();
            (partial, locals)
        })
        .collect();
    let mut total = Normal {
        shared: Mat::zeros(layout.shared(), layout.shared()),
        shared_gradient: vec![0.0; layout.shared()],
        devices: Vec::with_capacity(layout.devices),
        loss: penalty(problem, theta),
    };
    for (partial, locals) in parts {
        total.shared += &partial.shared;
        total.shared_gradient.iter_mut().zip(&partial.gradient).for_each(|(a, b)| *a += b);
        total.loss += partial.loss;
        total.devices.extend(locals);
    }
    for (d, local) in total.devices.iter_mut().enumerate() {
        let own = layout.deviations(theta, d);
        local.gradient.iter_mut().zip(own).for_each(|(g, v)| *g += problem.strength * v);
    }
    total
}

/// Consecutive devices with about the same number of points per chunk.
fn chunks(prepared: &Prepared<'_>) -> Vec<std::ops::Range<usize>> {
    let devices = prepared.problem.layout.devices;
    let share = prepared.problem.points().div_ceil(CHUNKS).max(1);
    let (mut chunks, mut first, mut points) = (Vec::new(), 0, 0);
    for d in 0..devices {
        points += prepared.points_of(d);
        if points >= share || d + 1 == devices {
            chunks.push(first..d + 1);
            (first, points) = (d + 1, 0);
        }
    }
    chunks
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
            for_blocks(problem, &plain, &PointBlock::all(&plain, 0.0), theta, &mut block, |_, r, _, _| {
                all.extend_from_slice(r)
            });
            all
        })
        .collect()
}
