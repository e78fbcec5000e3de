//! Products that are symmetric: only their lower triangle is formed.

use faer::linalg::matmul::triangular;
use faer::linalg::matmul::triangular::BlockStructure::{Rectangular, TriangularLower};
use faer::{Accum, MatMut, MatRef, Par};

/// Adds `factor left^T right`, which is symmetric, to the lower triangle of `sum`.
pub(crate) fn add(sum: MatMut<'_, f64>, left: MatRef<'_, f64>, right: MatRef<'_, f64>, factor: f64) {
    triangular::matmul(
        sum,
        TriangularLower,
        Accum::Add,
        left.transpose(),
        Rectangular,
        right,
        Rectangular,
        factor,
        Par::Seq,
    );
}
