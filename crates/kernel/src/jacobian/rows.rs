//! Loops over rows of points, each compiled once per instruction set.

use super::LayerShape;
use crate::isa::dispatch;
use crate::math::{LANES, fma, tanh};

#[inline(always)]
fn affine_body<const FMA: bool>(
    params: &[f64],
    layer: LayerShape,
    bias: bool,
    x: &[f64],
    out: &mut [f64],
    n: usize,
) {
    let biases = &params[layer.bias_offset()..][..layer.outputs];
    for (o, row) in out.chunks_exact_mut(n).take(layer.outputs).enumerate() {
        row.fill(if bias { biases[o] } else { 0.0 });
        let weights = &params[layer.offset + o * layer.inputs..][..layer.inputs];
        accumulate_body::<FMA>(x, weights, row);
    }
}

#[inline(always)]
fn accumulate_body<const FMA: bool>(x: &[f64], weights: &[f64], row: &mut [f64]) {
    let n = row.len();
    let quads = weights.len() / 4;
    for q in 0..quads {
        let w = &weights[4 * q..4 * q + 4];
        let (a, rest) = x[4 * q * n..(4 * q + 4) * n].split_at(n);
        let (b, rest) = rest.split_at(n);
        let (c, d) = rest.split_at(n);
        for p in 0..n {
            row[p] = fma::<FMA>(
                w[0],
                a[p],
                fma::<FMA>(w[1], b[p], fma::<FMA>(w[2], c[p], fma::<FMA>(w[3], d[p], row[p]))),
            );
        }
    }
    for (i, w) in weights.iter().enumerate().skip(4 * quads) {
        for (r, a) in row.iter_mut().zip(&x[i * n..(i + 1) * n]) {
            *r = fma::<FMA>(*w, *a, *r);
        }
    }
}

#[inline(always)]
fn transpose_affine_body<const FMA: bool>(
    params: &[f64],
    layer: LayerShape,
    adjoint: &mut [Vec<f64>; 2],
    n: usize,
) {
    let [z, out] = adjoint;
    for (i, row) in out.chunks_exact_mut(n).take(layer.inputs).enumerate() {
        row.fill(0.0);
        for o in 0..layer.outputs {
            let w = params[layer.offset + o * layer.inputs + i];
            for (r, a) in row.iter_mut().zip(&z[o * n..(o + 1) * n]) {
                *r = fma::<FMA>(w, *a, *r);
            }
        }
    }
    adjoint.swap(0, 1);
}

#[inline(always)]
fn squash_body<const FMA: bool>(z: &mut [f64]) {
    for lanes in z.chunks_exact_mut(LANES) {
        for z in lanes {
            *z = tanh::<FMA>(*z);
        }
    }
}

#[inline(always)]
fn product_body<const FMA: bool>(a: &[f64], b: &[f64], out: &mut [f64]) {
    for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
        *o = a * b;
    }
}

#[inline(always)]
fn product_add_body<const FMA: bool>(a: &[f64], b: &[f64], out: &mut [f64]) {
    for ((o, a), b) in out.iter_mut().zip(a).zip(b) {
        *o = fma::<FMA>(*a, *b, *o);
    }
}

#[inline(always)]
fn scaled_body<const FMA: bool>(factor: f64, a: &[f64], out: &mut [f64]) {
    for (o, a) in out.iter_mut().zip(a) {
        *o = factor * a;
    }
}

#[inline(always)]
fn through_tanh_body<const FMA: bool>(t: &[f64], adjoint: &mut [f64]) {
    for (a, t) in adjoint.iter_mut().zip(t) {
        *a *= 1.0 - t * t;
    }
}

#[inline(always)]
fn through_tanh_tangent_body<const FMA: bool>(
    t: &[f64],
    zdot: &[f64],
    adjoint: &mut [f64],
    tangent: &mut [f64],
) {
    for (((a, d), t), zdot) in adjoint.iter_mut().zip(tangent).zip(t).zip(zdot) {
        let s = 1.0 - t * t;
        *a = s * (*a - 2.0 * t * zdot * *d);
        *d *= s;
    }
}

dispatch! { pub(super) fn affine(params: &[f64], layer: LayerShape, bias: bool, x: &[f64], out: &mut [f64], n: usize) = affine_body }
dispatch! { pub(super) fn accumulate(x: &[f64], weights: &[f64], row: &mut [f64]) = accumulate_body }
dispatch! { pub(super) fn transpose_affine(params: &[f64], layer: LayerShape, adjoint: &mut [Vec<f64>; 2], n: usize) = transpose_affine_body }
dispatch! { pub(super) fn squash(z: &mut [f64]) = squash_body }
dispatch! { pub(super) fn product(a: &[f64], b: &[f64], out: &mut [f64]) = product_body }
dispatch! { pub(super) fn product_add(a: &[f64], b: &[f64], out: &mut [f64]) = product_add_body }
dispatch! { pub(super) fn scaled(factor: f64, a: &[f64], out: &mut [f64]) = scaled_body }
dispatch! { pub(super) fn through_tanh(t: &[f64], adjoint: &mut [f64]) = through_tanh_body }
dispatch! { pub(super) fn through_tanh_tangent(t: &[f64], zdot: &[f64], adjoint: &mut [f64], tangent: &mut [f64]) = through_tanh_tangent_body }
