//! Normal equations of the whole problem, assembled block by block in cache, on all cores.
//!
//! Per task only `[trunk | head | r]` columns are formed; population and deviation enter by the
//! Kronecker structure of `head = B phi + D psi`, which costs no pass over the points.

use faer::linalg::matmul::{matmul, triangular};
use faer::{Accum, Mat, MatRef, Par};
use gummel_kernel::jacobian::{Block, padded};
use gummel_kernel::{Isa, bidiagonal};
use rayon::prelude::*;

use crate::parameters::Layout;
use crate::prepared::{PointBlock, Prepared, Rows, Whitening};
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
                for rows in prepared.device(d) {
                    for_blocks(problem, &rows, theta, block, |_, r, _, _| sum += squares(r));
                }
                sum
            },
        )
        .collect();
    0.5 * per_device.iter().sum::<f64>() + penalty(problem, theta)
}

fn squares(r: &[f64]) -> f64 {
    r.iter().map(|r| r * r).sum()
}

fn penalty(problem: &Problem, theta: &[f64]) -> f64 {
    let held = problem.held.as_ref().map_or(0.0, |h| h.loss(theta));
    let order = problem.order.as_ref().map_or(0.0, |o| o.loss(problem, theta));
    0.5 * problem.strength * squares(&theta[problem.layout.shared()..]) + held + order
}

/// Residuals (whitened) and raw seeds of every block of a task, with the trunk already run.
fn for_blocks(
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

/// Points whose products are summed in single precision before they join the sums in double precision.
const SINGLE: usize = 1024;

/// Scratch and partial sums of one chunk of devices.
///
/// Products of trunk columns, nearly all of the work, are taken in single precision; they only shape the
/// step. Gradient, heads and loss, which decide where the fit ends, stay in double precision.
struct Partial {
    isa: Isa,
    block: Block,
    panel: Vec<f64>,
    /// Whitened trunk columns of the panel.
    rounded: Vec<f32>,
    /// Lower triangle of the trunk's products over [`Partial::pending`] points.
    products: Mat<f32>,
    pending: usize,
    shared: Mat<f64>,
    gradient: Vec<f64>,
    loss: f64,
}

impl Partial {
    fn new(problem: &Problem) -> Self {
        let layout = &problem.layout;
        let shared = layout.shared();
        let trunk = layout.trunk();
        Partial {
            isa: Isa::detect(),
            block: Block::new(Isa::detect(), &layout.shape, BLOCK),
            panel: vec![0.0; (trunk + layout.head() + 1) * BLOCK],
            rounded: vec![0.0; trunk * BLOCK],
            products: Mat::zeros(trunk, trunk),
            pending: 0,
            shared: Mat::zeros(shared, shared),
            gradient: vec![0.0; shared],
            loss: 0.0,
        }
    }

    /// Adds the products of the rounded trunk columns of `n` points.
    fn multiply(&mut self, trunk: usize, n: usize) {
        use triangular::BlockStructure::{Rectangular, TriangularLower};
        let t = MatRef::from_column_major_slice_with_stride(&self.rounded[..], n, trunk, BLOCK);
        triangular::matmul(
            self.products.as_mut(),
            TriangularLower,
            if self.pending == 0 { Accum::Replace } else { Accum::Add },
            t.transpose(),
            Rectangular,
            t,
            Rectangular,
            1.0,
            Par::Seq,
        );
        self.pending += n;
        if self.pending >= SINGLE {
            self.flush(trunk);
        }
    }

    fn flush(&mut self, trunk: usize) {
        if self.pending > 0 {
            for j in 0..trunk {
                let from = &self.products.col_as_slice(j)[j..];
                bidiagonal::add(self.isa, from, &mut self.shared.col_as_slice_mut(j)[j..trunk]);
            }
            self.pending = 0;
        }
    }

    fn add(&mut self, prepared: &Prepared<'_>, theta: &[f64], device: usize) -> LocalNormal {
        let problem = prepared.problem;
        let layout = &problem.layout;
        let (trunk, head, local) = (layout.trunk(), layout.head(), layout.local());
        // Nothing is asked of the slopes of a trunk that stays as it is, which are most of the work.
        let frozen = problem.held.as_ref().is_some_and(|h| h.is_frozen(trunk));
        let mut out = LocalNormal {
            local: Mat::zeros(local, local),
            coupling: Mat::zeros(layout.shared(), local),
            gradient: vec![0.0; local],
        };
        for rows in prepared.device(device) {
            let task = rows.task;
            // Columns [head | r] against [trunk | head | r].
            let mut gram = Mat::<f64>::zeros(trunk + head + 1, head + 1);
            let h = head_of(layout, task, theta, layout.deviations(theta, device));
            let mut block = std::mem::replace(&mut self.block, Block::new(self.isa, &layout.shape, 0));
            for_blocks(problem, &rows, theta, &mut block, |block, r, seed, whitening| {
                self.loss += 0.5 * squares(r);
                let n = r.len();
                if frozen {
                    head_columns(block, seed, &mut self.panel[trunk * BLOCK..]);
                } else {
                    block.jacobian(&theta[..trunk], &h, seed, &mut self.panel, BLOCK);
                }
                let first = if frozen { trunk } else { 0 };
                for (k, row) in self.panel.chunks_exact_mut(BLOCK).enumerate().take(trunk + head).skip(first)
                {
                    whitening.apply(&mut row[..n]);
                    row[n..padded(n)].fill(0.0);
                    if k < trunk {
                        bidiagonal::round(
                            self.isa,
                            &row[..padded(n)],
                            &mut self.rounded[k * BLOCK..][..padded(n)],
                        );
                    }
                }
                let last = &mut self.panel[(trunk + head) * BLOCK..];
                last[..n].copy_from_slice(r);
                last[n..padded(n)].fill(0.0);
                let all = MatRef::from_column_major_slice_with_stride(
                    &self.panel[..],
                    padded(n),
                    trunk + head + 1,
                    BLOCK,
                );
                matmul(
                    gram.as_mut().submatrix_mut(first, 0, trunk + head + 1 - first, head + 1),
                    Accum::Add,
                    all.subcols(first, trunk + head + 1 - first).transpose(),
                    all.subcols(trunk, head + 1),
                    1.0,
                    Par::Seq,
                );
                if !frozen {
                    self.multiply(trunk, padded(n));
                }
            });
            self.block = block;
            self.scatter(layout, task, &gram, &mut out);
        }
        for k in 0..local {
            out.local[(k, k)] += problem.strength;
        }
        out
    }

    /// Distributes one task's Gram columns over population and deviation.
    ///
    /// Innermost loops run down columns of the sums, which lie in one piece in memory.
    fn scatter(&mut self, layout: &Layout, task: &Task, gram: &Mat<f64>, out: &mut LocalNormal) {
        let (trunk, head, phi, psi) = (layout.trunk(), layout.head(), layout.phi, layout.psi);
        let (at_b, at_d) = (layout.population(task.output), layout.deviation(task.output));
        let slopes = &gram.col_as_slice(head)[..trunk + head];
        distribute(layout, task, slopes, &mut self.gradient, &mut out.gradient);
        for t in 0..trunk {
            let population = &mut self.shared.col_as_slice_mut(t)[at_b..];
            for i in 0..head {
                weighted(&mut population[i * phi..], &task.phi, gram[(t, i)]);
            }
        }
        for k in 0..head {
            for (b, pb) in task.phi.iter().enumerate() {
                let population = &mut self.shared.col_as_slice_mut(at_b + k * phi + b)[at_b..];
                for i in k..head {
                    weighted(&mut population[i * phi..], &task.phi, pb * gram[(trunk + i, k)]);
                }
            }
            for (b, pb) in task.psi.iter().enumerate() {
                let column = at_d + k * psi + b;
                let coupling = out.coupling.col_as_slice_mut(column);
                for (sum, t) in coupling[..trunk].iter_mut().zip(gram.col(k).iter()) {
                    *sum += pb * t;
                }
                let local = &mut out.local.col_as_slice_mut(column)[at_d..];
                for i in 0..head {
                    let factor = pb * gram[(trunk + i, k)];
                    weighted(&mut coupling[at_b + i * phi..], &task.phi, factor);
                    weighted(&mut local[i * psi..], &task.psi, factor);
                }
            }
        }
    }
}

/// Adds `factor` times the values of a basis.
fn weighted(sums: &mut [f64], basis: &[f64], factor: f64) {
    sums.iter_mut().zip(basis).for_each(|(sum, b)| *sum += b * factor);
}

/// Adds the gradient over one task's trunk and head to those over the shared unknowns and over the device's own.
fn distribute(layout: &Layout, task: &Task, gradient: &[f64], shared: &mut [f64], own: &mut [f64]) {
    let (trunk, head) = gradient.split_at(layout.trunk());
    shared.iter_mut().zip(trunk).for_each(|(sum, g)| *sum += g);
    let (at_b, at_d) = (layout.population(task.output), layout.deviation(task.output));
    for (i, g) in head.iter().enumerate() {
        weighted(&mut shared[at_b + i * layout.phi..], &task.phi, *g);
        weighted(&mut own[at_d + i * layout.psi..], &task.psi, *g);
    }
}

/// Most chunks of devices whose sums are kept apart; also the most threads that assemble at once.
const CHUNKS: usize = 16;
/// Fewest points of a chunk: its sums cost as much as some hundred points.
const CHUNK_POINTS: usize = 1024;

/// Assembles the normal equations at `theta`.
pub(crate) fn assemble(prepared: &Prepared<'_>, theta: &[f64]) -> Normal {
    let mut normal = of_data(prepared, theta);
    complete(prepared.problem, theta, &mut normal);
    normal
}

/// The part of the residuals' rows, smoothness included, and of the curvature of the penalty on deviations.
///
/// Devices are summed in chunks that depend on the problem alone, and the chunks in order, so that the
/// result does not depend on the number of threads.
fn of_data(prepared: &Prepared<'_>, theta: &[f64]) -> Normal {
    let problem = prepared.problem;
    let layout = &problem.layout;
    let parts: Vec<(Partial, Vec<LocalNormal>)> = chunks(prepared)
        .into_par_iter()
        .map(|devices| {
            let mut partial = Partial::new(problem);
            let locals = devices.map(|d| partial.add(prepared, theta, d)).collect();
            partial.flush(layout.trunk());
            (partial, locals)
        })
        .collect();
    let mut total = Normal {
        shared: Mat::zeros(layout.shared(), layout.shared()),
        shared_gradient: vec![0.0; layout.shared()],
        devices: Vec::with_capacity(layout.devices),
        loss: 0.0,
    };
    total.shared.par_col_iter_mut().enumerate().for_each(|(j, mut sums)| {
        for (partial, _) in &parts {
            let part = &partial.shared.col_as_slice(j)[j..];
            sums.as_mut().iter_mut().skip(j).zip(part).for_each(|(sum, p)| *sum += p);
        }
    });
    for (partial, locals) in parts {
        total.shared_gradient.iter_mut().zip(&partial.gradient).for_each(|(a, b)| *a += b);
        total.loss += partial.loss;
        total.devices.extend(locals);
    }
    total
}

/// Adds what is asked beside the data: small deviations, order of corners, a held trunk.
fn complete(problem: &Problem, theta: &[f64], normal: &mut Normal) {
    normal.loss += penalty(problem, theta);
    for (d, local) in normal.devices.iter_mut().enumerate() {
        let own = problem.layout.deviations(theta, d);
        local.gradient.iter_mut().zip(own).for_each(|(g, v)| *g += problem.strength * v);
    }
    if let Some(order) = &problem.order {
        order.add(problem, theta, normal);
    }
    if let Some(held) = &problem.held {
        held.add(theta, normal);
        held.keep(normal);
    }
}

/// Columns of the head alone: the trunk's activations and the constant, times `dr/dy`.
fn head_columns(block: &Block, seed: &[f64], panel: &mut [f64]) {
    let n = block.points();
    let activations = block.features().chunks_exact(n);
    let mut columns = panel.chunks_exact_mut(BLOCK);
    for (z, column) in activations.zip(&mut columns) {
        column.iter_mut().zip(z).zip(seed).for_each(|((c, z), s)| *c = z * s);
    }
    if let Some(column) = columns.next() {
        column[..n].copy_from_slice(&seed[..n]);
    }
}

/// Consecutive devices with about the same number of points per chunk.
fn chunks(prepared: &Prepared<'_>) -> Vec<std::ops::Range<usize>> {
    let devices = prepared.problem.layout.devices;
    let share = prepared.problem.points().div_ceil(CHUNKS).max(CHUNK_POINTS);
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
            let blocks = PointBlock::all(&plain, 0.0);
            let rows = Rows { task: &plain, blocks: &blocks, kind: problem.outputs[task.output].kind };
            for_blocks(problem, &rows, theta, &mut block, |_, r, _, _| all.extend_from_slice(r));
            all
        })
        .collect()
}
