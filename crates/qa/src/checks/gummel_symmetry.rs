//! Gummel symmetry: with `vd = v0 + x`, `vs = v0 - x` the drain current is odd in `x` and smooth at 0.
//!
//! ```text
//! forward differences   D_n(k) = sum_j (-1)^(n-j) C(n,j) f((k+j) h) / h^n,   placed at (k + n/2) h
//! right limit           polynomial through D_n(0..3), taken to x = 0; left limit alike
//! number                max over n = 0..4 of |right - left| / max |D_n| within 20 h of 0
//! ```
//! A model that uses `|vds|` or exchanges drain and source jumps in its second derivative. The stencils do
//! not cross zero, so that a jump is not smeared over them. Step `h` = 0.5 mV.

use crate::device::Volts;
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

const STEP: f64 = 5e-4;
/// Points on each side of zero.
const SIDE: usize = 24;
/// Points of the extrapolation to zero.
const EXTRAPOLATION: usize = 4;

pub(super) fn run(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let mut worst = Worst::under(bound);
    let mut shown = None;
    let mut order = 0;
    let high = scene.vgs()[1];
    for vgs in [0.5 * high, 0.75 * high, high] {
        let x: Vec<f64> = (0..=2 * SIDE).map(|k| (k as f64 - SIDE as f64) * STEP).collect();
        let biases: Vec<Volts> = x.iter().map(|x| antisymmetric(scene, vgs, *x)).collect();
        let f = scene.id(&biases)?;
        let right = &f[SIDE..];
        let left: Vec<f64> = f[..=SIDE].iter().rev().copied().collect();
        let slope = ((f[SIDE + 1] - f[SIDE - 1]) / (2.0 * STEP)).abs();
        if slope * scene.thermal_voltage() < scene.credible() {
            continue;
        }
        let rounding = rounding(right).max(rounding(&left));
        for n in 0..=4 {
            let Some(jump) = jump(right, &left, n, rounding) else { continue };
            if worst.see(jump, biases[SIDE]) {
                order = n;
                shown = Some(picture(&x, right, &left, n));
            }
        }
    }
    Ok(worst.outcome(format!("worst in derivative {order}"), shown))
}

fn antisymmetric(scene: &Scene<'_>, vgs: f64, x: f64) -> Volts {
    let s = scene.device.sign();
    [s * x, s * vgs, -s * x, 0.0]
}

/// `|right - left|` limit of derivative `n` over the largest value of that derivative near zero.
///
/// `None` where the derivative is so small that its differences are rounding.
fn jump(right: &[f64], left: &[f64], n: usize, rounding: f64) -> Option<f64> {
    let r = derivatives(right, n);
    // The mirrored axis turns the sign of odd derivatives.
    let turn = if n % 2 == 0 { 1.0 } else { -1.0 };
    let l: Vec<f64> = derivatives(left, n).iter().map(|d| turn * d).collect();
    let largest = r.iter().chain(&l).fold(0.0f64, |m, d| m.max(d.abs()));
    // Differences add up to 2^n roundings, the extrapolation to zero some ten times as many.
    let noise = 30.0 * rounding * (2.0 / STEP).powi(n as i32);
    let apart = (limit(&r, n) - limit(&l, n)).abs();
    (noise < 0.02 * largest || apart.is_nan()).then(|| apart / largest)
}

/// Size of the rounding of `f`: its eighth differences, where a smooth function has nothing left.
fn rounding(f: &[f64]) -> f64 {
    let eighth = derivatives(f, 8);
    let largest = eighth.iter().fold(0.0f64, |m, d| m.max(d.abs())) * STEP.powi(8);
    // The root of the sum of squares of the binomial coefficients of order eight.
    largest / 12_870f64.sqrt()
}

/// Forward differences of order `n`, one per starting point.
fn derivatives(f: &[f64], n: usize) -> Vec<f64> {
    let mut d = f.to_vec();
    for _ in 0..n {
        d = d.windows(2).map(|p| (p[1] - p[0]) / STEP).collect();
    }
    d
}

/// Lagrange's polynomial through the first values, placed at `(k + n/2) h`, taken to zero.
fn limit(d: &[f64], n: usize) -> f64 {
    let x = |k: usize| k as f64 + 0.5 * n as f64;
    (0..EXTRAPOLATION)
        .map(|i| {
            let weight: f64 = (0..EXTRAPOLATION).filter(|j| *j != i).map(|j| -x(j) / (x(i) - x(j))).product();
            weight * d[i]
        })
        .sum()
}

fn picture(x: &[f64], right: &[f64], left: &[f64], n: usize) -> Picture {
    let turn = if n % 2 == 0 { 1.0 } else { -1.0 };
    let (r, l) = (derivatives(right, n), derivatives(left, n));
    let place = |k: usize| (k as f64 + 0.5 * n as f64) * STEP;
    let mut at: Vec<f64> = (0..l.len()).rev().map(|k| -place(k)).collect();
    let mut y: Vec<f64> = l.iter().rev().map(|d| turn * d).collect();
    at.extend((0..r.len()).map(place));
    y.extend(&r);
    debug_assert!(at.len() <= x.len() + 1);
    let mut picture = Picture::new("vx (V)", &format!("derivative {n} of id (A/V^{n})"));
    picture.add(format!("d{n} id / d vx{n}"), &at, &y);
    picture
}
