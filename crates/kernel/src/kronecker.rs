//! Kronecker products added to sums: how the slopes of a head become those of the matrices it is made of.
//!
//! With `head = B phi`, row-major `B`, a derivative `a` by the head is `a (x) phi` by `B`:
//! `out_(i m + j) += a_i b_j`, `m` the length of `b`.

use crate::isa::{Isa, dispatch};

/// Adds `a (x) b` to `out`.
///
/// # Panics
/// When `out` is shorter than the product.
pub fn add(isa: Isa, a: &[f64], b: &[f64], out: &mut [f64]) {
    product(isa, a, b, &mut out[..a.len() * b.len()]);
}

#[inline(always)]
fn product_body<const FMA: bool>(a: &[f64], b: &[f64], out: &mut [f64]) {
    for (a, row) in a.iter().zip(out.chunks_exact_mut(b.len().max(1))) {
        for (sum, b) in row.iter_mut().zip(b) {
            *sum += a * b;
        }
    }
}

dispatch! { fn product(a: &[f64], b: &[f64], out: &mut [f64]) = product_body }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_of_all_pairs_are_added_in_order_and_the_rest_is_left() {
        for isa in Isa::available() {
            let mut out = vec![1.0; 8];
            add(isa, &[2.0, 3.0], &[5.0, 7.0, 11.0], &mut out);
            assert_eq!(out, [11.0, 15.0, 23.0, 16.0, 22.0, 34.0, 1.0, 1.0], "{isa:?}");
            add(isa, &[], &[1.0], &mut out);
            add(isa, &[1.0], &[], &mut out);
            assert_eq!(out[0], 11.0);
        }
    }
}
