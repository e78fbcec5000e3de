//! Normal equations of the whole problem, on all cores.
//!
//! Per task only `[trunk | head | r]` columns are formed; population and deviation enter by the
//! Kronecker structure of `head = B phi + D psi`, which costs no pass over the points.

mod partial;
mod sums;

use faer::Mat;
use rayon::prelude::*;

use super::residuals::penalty;
use crate::parameters::Layout;
use crate::prepared::Prepared;
use partial::Partial;
pub(crate) use sums::Sums;

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

impl Normal {
    /// Adds sums over more residuals, in their order.
    pub(crate) fn add(&mut self, sums: &[&Sums]) {
        let columns: Vec<_> = self.shared.col_iter_mut().enumerate().collect();
        columns.into_par_iter().for_each(|(j, mut total)| {
            for more in sums {
                let more = &more.shared.col_as_slice(j)[j..];
                total.as_mut().iter_mut().skip(j).zip(more).for_each(|(sum, p)| *sum += p);
            }
        });
        for more in sums {
            self.shared_gradient.iter_mut().zip(&more.gradient).for_each(|(sum, g)| *sum += g);
            self.loss += more.loss;
        }
    }
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

impl LocalNormal {
    /// Nothing yet.
    pub(crate) fn new(layout: &Layout) -> Self {
        let local = layout.local();
        LocalNormal {
            local: Mat::zeros(local, local),
            coupling: Mat::zeros(layout.shared(), local),
            gradient: vec![0.0; local],
        }
    }

    /// Adds what other residuals say of the same device.
    pub(crate) fn add(&mut self, more: &LocalNormal) {
        self.local += &more.local;
        self.coupling += &more.coupling;
        self.gradient.iter_mut().zip(&more.gradient).for_each(|(sum, g)| *sum += g);
    }
}

/// Most chunks of devices whose sums are kept apart; also the most threads that assemble at once.
const CHUNKS: usize = 16;
/// Fewest points of a chunk: its sums cost as much as some hundred points.
const CHUNK_POINTS: usize = 1024;

/// Assembles the normal equations at `theta`: the residuals' rows, smoothness included, and what is asked beside the
/// data, that is small deviations, order of corners, a held trunk.
///
/// Devices are summed in chunks that depend on the problem alone, and the chunks in order, so that the
/// result does not depend on the number of threads.
pub(crate) fn assemble(prepared: &Prepared<'_>, theta: &[f64]) -> Normal {
    let problem = prepared.problem;
    let parts: Vec<(Partial, Vec<LocalNormal>)> = chunks(prepared)
        .into_par_iter()
        .map(|devices| {
            let mut partial = Partial::new(problem);
            let locals = devices.map(|d| partial.add(prepared, theta, d)).collect();
            partial.flush(problem.layout.trunk());
            (partial, locals)
        })
        .collect();
    let mut normal = total(&problem.layout, parts);
    normal.loss += penalty(problem, theta);
    for (d, local) in normal.devices.iter_mut().enumerate() {
        let own = problem.layout.deviations(theta, d);
        local.gradient.iter_mut().zip(own).for_each(|(g, v)| *g += problem.strength * v);
    }
    if let Some(order) = &problem.order {
        order.add(problem, theta, &mut normal);
    }
    if let Some(held) = &problem.held {
        held.add(theta, &mut normal);
        held.keep(&mut normal);
    }
    normal
}

/// The sums of all chunks, which come in the order of their devices.
fn total(layout: &Layout, parts: Vec<(Partial, Vec<LocalNormal>)>) -> Normal {
    let mut total = Normal {
        shared: Mat::zeros(layout.shared(), layout.shared()),
        shared_gradient: vec![0.0; layout.shared()],
        devices: Vec::with_capacity(layout.devices),
        loss: 0.0,
    };
    total.add(&parts.iter().map(|(partial, _)| &partial.sums).collect::<Vec<_>>());
    total.devices.extend(parts.into_iter().flat_map(|(_, locals)| locals));
    total
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
