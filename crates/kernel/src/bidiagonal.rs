//! Rows of a Jacobian times a bidiagonal factor, and sums of single-precision products: the passes over a
//! panel between its evaluation and its matrix product.
//!
//! A factor `L` with diagonal `d` and sub-diagonal `e` acts on a row `r` of numbers over points as
//! `(L^T r)_p = d_p r_p + e_p r_(p+1)`, and `r_n = 0` beyond the last point.

use crate::isa::{Isa, dispatch};
use crate::math::fma;

/// Replaces `row` by `L^T row`.
///
/// # Panics
/// When `diagonal`, `next` and `row` differ in length.
pub fn apply(isa: Isa, diagonal: &[f64], next: &[f64], row: &mut [f64]) {
    assert!(diagonal.len() == row.len() && next.len() == row.len(), "factor and row differ in length");
    in_place(isa, diagonal, next, row);
}

/// Writes `row` to `out` in single precision.
///
/// # Panics
/// When `row` and `out` differ in length.
pub fn round(isa: Isa, row: &[f64], out: &mut [f32]) {
    assert_eq!(row.len(), out.len(), "rows differ in length");
    rounded(isa, row, out);
}

/// Adds single-precision numbers to double-precision sums.
///
/// # Panics
/// When `from` and `sums` differ in length.
pub fn add(isa: Isa, from: &[f32], sums: &mut [f64]) {
    assert_eq!(from.len(), sums.len(), "numbers and sums differ in length");
    widened(isa, from, sums);
}

#[inline(always)]
fn in_place_body<const FMA: bool>(diagonal: &[f64], next: &[f64], row: &mut [f64]) {
    let Some(last) = row.len().checked_sub(1) else { return };
    for p in 0..last {
        row[p] = fma::<FMA>(next[p], row[p + 1], diagonal[p] * row[p]);
    }
    row[last] *= diagonal[last];
}

#[inline(always)]
fn rounded_body<const FMA: bool>(row: &[f64], out: &mut [f32]) {
    for (out, r) in out.iter_mut().zip(row) {
        *out = *r as f32;
    }
}

#[inline(always)]
fn widened_body<const FMA: bool>(from: &[f32], sums: &mut [f64]) {
    for (sum, x) in sums.iter_mut().zip(from) {
        *sum += f64::from(*x);
    }
}

dispatch! { fn in_place(diagonal: &[f64], next: &[f64], row: &mut [f64]) = in_place_body }
dispatch! { fn rounded(row: &[f64], out: &mut [f32]) = rounded_body }
dispatch! { fn widened(from: &[f32], sums: &mut [f64]) = widened_body }

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn products_and_conversions_follow_the_definition(
            numbers in proptest::collection::vec((-1.0f64..1.0, -1.0f64..1.0, -1.0f64..1.0), 0..40),
        ) {
            let d: Vec<f64> = numbers.iter().map(|n| n.0).collect();
            let e: Vec<f64> = numbers.iter().map(|n| n.1).collect();
            let r: Vec<f64> = numbers.iter().map(|n| n.2).collect();
            let following = |p: usize| r.get(p + 1).copied().unwrap_or(0.0);
            let expected: Vec<f64> = (0..r.len()).map(|p| d[p] * r[p] + e[p] * following(p)).collect();
            for isa in Isa::available() {
                let (mut row, mut single) = (r.clone(), vec![f32::NAN; r.len()]);
                apply(isa, &d, &e, &mut row);
                round(isa, &row, &mut single);
                let mut sums = vec![1.0; r.len()];
                add(isa, &single, &mut sums);
                for p in 0..r.len() {
                    prop_assert!((row[p] - expected[p]).abs() < 1e-15, "{isa:?} point {p}");
                    prop_assert!(single[p] == row[p] as f32, "{isa:?} point {p}");
                    prop_assert_eq!(sums[p], 1.0 + f64::from(single[p]));
                }
            }
        }
    }
}
