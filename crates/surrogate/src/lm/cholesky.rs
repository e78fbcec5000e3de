//! Cholesky's factorisation of the equations of the shared unknowns, on all threads.
//!
//! Right-looking by blocks: a block's columns are factored, what they explain is taken from the columns behind them. Blocks and strips
//! are of fixed size, so that the factor is the same with any number of threads, which faer's own parallel one is not.

use faer::linalg::matmul::matmul;
use faer::linalg::solvers::Llt;
use faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use faer::{Accum, Mat, MatMut, MatRef, Par, Side};
use rayon::prelude::*;

use crate::symmetric;

/// Columns that are factored at once.
const BLOCK: usize = 96;
/// Rows or columns of a strip.
const STRIP: usize = 64;

/// The lower factor `L` of a symmetric positive definite matrix.
pub(super) struct Factor<'a>(MatRef<'a, f64>);

impl<'a> Factor<'a> {
    /// The factor of `a`, whose lower triangle is read and becomes it; `None` when `a` is not positive definite.
    pub(super) fn of(a: &'a mut Mat<f64>) -> Option<Self> {
        let mut rest = a.as_mut();
        while rest.ncols() > 0 {
            let width = BLOCK.min(rest.ncols());
            let (left, right) = rest.split_at_col_mut(width);
            let (mut corner, mut panel) = left.split_at_row_mut(width);
            let own = Llt::new(corner.as_ref(), Side::Lower).ok()?;
            corner.copy_from(own.L());
            explain(own.L(), panel.as_mut());
            rest = right.split_at_row_mut(width).1;
            subtract_gram(rest.as_mut(), panel.as_ref().transpose());
        }
        Some(Factor(a.as_ref()))
    }

    /// Solves `L L^T x = b` in the place of the column `b`.
    pub(super) fn solve_in_place(&self, b: &mut Mat<f64>) {
        solve_lower_triangular_in_place(self.0, b.as_mut(), Par::Seq);
        solve_upper_triangular_in_place(self.0.transpose(), b.as_mut(), Par::Seq);
    }
}

/// `panel <- panel L^-T`, by strips of rows.
fn explain(l: MatRef<'_, f64>, panel: MatMut<'_, f64>) {
    let (mut strips, mut rest) = (Vec::new(), panel);
    while rest.nrows() > 0 {
        let rows = STRIP.min(rest.nrows());
        let (strip, below) = rest.split_at_row_mut(rows);
        strips.push(strip);
        rest = below;
    }
    strips
        .into_par_iter()
        .for_each(|strip| solve_lower_triangular_in_place(l, strip.transpose_mut(), Par::Seq));
}

/// `a -= rows^T rows`, lower triangle.
pub(super) fn subtract_gram(a: MatMut<'_, f64>, rows: MatRef<'_, f64>) {
    let n = a.ncols();
    let (mut strips, mut rest, mut from) = (Vec::new(), a, 0);
    while from < n {
        let (strip, right) = rest.split_at_col_mut(STRIP.min(n - from));
        strips.push((from, strip));
        (rest, from) = (right, from + STRIP);
    }
    strips.into_par_iter().for_each(|(from, strip)| {
        let width = strip.ncols();
        let (corner, below) = strip.split_at_row_mut(from).1.split_at_row_mut(width);
        let (own, after) = (rows.subcols(from, width), rows.subcols(from + width, n - from - width));
        symmetric::add(corner, own, own, -1.0);
        matmul(below, Accum::Add, after.transpose(), own, -1.0, Par::Seq);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A matrix that is positive definite, and not if `shift` is taken from its diagonal.
    fn matrix(n: usize, shift: f64) -> Mat<f64> {
        let root = Mat::<f64>::from_fn(n, n, |i, j| ((7 * i + 3 * j + i * j) as f64).sin());
        let mut a = root.transpose() * &root;
        (0..n).for_each(|i| a[(i, i)] += 1.0 - shift);
        a
    }

    #[test]
    fn the_factor_solves_what_it_was_made_of() {
        for n in [1, 95, 96, 97, 300] {
            let (a, x) = (matrix(n, 0.0), Mat::<f64>::from_fn(n, 1, |i, _| (i as f64).cos()));
            let mut b = &a * &x;
            // The upper triangle is not looked at.
            let mut lower = Mat::from_fn(n, n, |i, j| if i >= j { a[(i, j)] } else { f64::NAN });
            Factor::of(&mut lower).expect("positive definite").solve_in_place(&mut b);
            for i in 0..n {
                assert!((b[(i, 0)] - x[(i, 0)]).abs() < 1e-8, "{n}: unknown {i}: {}", b[(i, 0)]);
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_has_none() {
        for n in [1, 97, 300] {
            assert!(Factor::of(&mut matrix(n, 1e4 * n as f64)).is_none(), "{n}");
        }
        let mut late = matrix(300, 0.0);
        late[(299, 299)] = -1.0;
        assert!(Factor::of(&mut late).is_none());
    }
}
