//! The sums of one chunk of devices: products of the columns of their Jacobians, formed block by block in cache.

use faer::linalg::matmul::{matmul, triangular};
use faer::{Accum, Mat, MatRef, Par};
use gummel_kernel::jacobian::{Block, padded};
use gummel_kernel::{Isa, bidiagonal};

use super::LocalNormal;
use super::sums::Sums;
use crate::lm::residuals::{for_blocks, head_of, squares};
use crate::prepared::Prepared;
use crate::problem::{BLOCK, Problem};

/// Points whose products are summed in single precision before they join the sums in double precision.
const SINGLE: usize = 1024;

/// Scratch and partial sums of one chunk of devices.
///
/// Products of trunk columns, nearly all of the work, are taken in single precision; they only shape the
/// step. Gradient, heads and loss, which decide where the fit ends, stay in double precision.
pub(super) struct Partial {
    isa: Isa,
    block: Block,
    panel: Vec<f64>,
    /// Whitened trunk columns of the panel.
    rounded: Vec<f32>,
    /// Lower triangle of the trunk's products over [`Partial::pending`] points.
    products: Mat<f32>,
    pending: usize,
    pub(super) sums: Sums,
}

impl Partial {
    pub(super) fn new(problem: &Problem) -> Self {
        let layout = &problem.layout;
        let trunk = layout.trunk();
        Partial {
            isa: Isa::detect(),
            block: Block::new(Isa::detect(), &layout.shape, BLOCK),
            panel: vec![0.0; (trunk + layout.head() + 1) * BLOCK],
            rounded: vec![0.0; trunk * BLOCK],
            products: Mat::zeros(trunk, trunk),
            pending: 0,
            sums: Sums::new(layout),
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

    /// Joins the products that are pending with the sums in double precision.
    pub(super) fn flush(&mut self, trunk: usize) {
        if self.pending > 0 {
            for j in 0..trunk {
                let from = &self.products.col_as_slice(j)[j..];
                bidiagonal::add(self.isa, from, &mut self.sums.shared.col_as_slice_mut(j)[j..trunk]);
            }
            self.pending = 0;
        }
    }

    /// Adds the residuals of one device; gives the blocks that are its own.
    pub(super) fn add(&mut self, prepared: &Prepared<'_>, theta: &[f64], device: usize) -> LocalNormal {
        let problem = prepared.problem;
        let layout = &problem.layout;
        let (trunk, head) = (layout.trunk(), layout.head());
        // Nothing is asked of the slopes of a trunk that stays as it is, which are most of the work.
        let frozen = problem.held.as_ref().is_some_and(|h| h.is_frozen(trunk));
        let mut out = LocalNormal::new(layout);
        for rows in prepared.device(device) {
            let task = rows.task;
            // Columns [head | r] against [trunk | head | r].
            let mut gram = Mat::<f64>::zeros(trunk + head + 1, head + 1);
            let h = head_of(layout, task, theta, layout.deviations(theta, device));
            let mut block = std::mem::replace(&mut self.block, Block::new(self.isa, &layout.shape, 0));
            for_blocks(problem, &rows, theta, &mut block, |block, r, seed, whitening| {
                self.sums.loss += 0.5 * squares(r);
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
            self.sums.scatter(layout, task, &gram, &mut out);
        }
        for k in 0..layout.local() {
            out.local[(k, k)] += problem.strength;
        }
        out
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
