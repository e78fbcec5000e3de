//! Kinks: places where gm, gm' or gds changes its slope at once.
//!
//! Samples stand `h` = 1 mV apart. With `d1(x)` the second difference over one step and `d2(x)` over two, a
//! smooth function has `d1 = d2 / 4` at `x` and its neighbours but for `h^3`; a kink of slope `J` on a sample makes
//! them differ by `3/4 J h`. So `J = max |d1(x +- h) - d2(x) / 4| / (3/4 h)`, exact for a kink on a sample, half of it for
//! one between two. The number is `J` over the largest slope of the sweep; what a smooth function resolves
//! over 10 mV gives 2 to 3 %.

use crate::device::{D, G, Volts};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

/// Distance of samples, V.
pub(crate) const STEP: f64 = 1e-3;

/// gm along vgs.
pub(super) fn gm(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let high = scene.vds_max();
    kinks(scene, bound, G, &[0.05, high], "gm (S)", <[f64]>::to_vec)
}

/// The derivative of gm along vgs.
pub(super) fn gm_slope(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let high = scene.vds_max();
    // Differences of neighbours: central ones would smear a kink over two steps.
    kinks(scene, bound, G, &[0.05, high], "gm' (A/V^2)", |g| {
        g.windows(2).map(|p| (p[1] - p[0]) / STEP).collect()
    })
}

/// gds along vds.
pub(super) fn gds(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let [low, high] = scene.vgs();
    kinks(scene, bound, D, &[0.5 * (low + high), high], "gds (S)", <[f64]>::to_vec)
}

fn kinks(
    scene: &Scene<'_>,
    bound: Bound,
    over: usize,
    held: &[f64],
    label: &str,
    quantity: fn(&[f64]) -> Vec<f64>,
) -> Result<Outcome, QaError> {
    let range = if over == G { scene.vgs() } else { [0.0, scene.vds_max()] };
    let n = ((range[1] - range[0]) / STEP) as usize;
    let x: Vec<f64> = (0..=n).map(|i| range[0] + i as f64 * STEP).collect();
    let mut worst = Worst::under(bound);
    let mut shown = None;
    for other in held {
        let at = |v: f64| if over == G { scene.bias(v, *other, 0.0) } else { scene.bias(*other, v, 0.0) };
        let biases: Vec<Volts> = x.iter().map(|v| at(*v)).collect();
        let g: Vec<f64> = scene.conductances(&biases)?.iter().map(|g| g[D][over]).collect();
        let f = quantity(&g);
        for (i, jump) in jumps(&f) {
            if worst.see(jump, biases[i]) {
                shown = Some((*other, f.clone()));
            }
        }
    }
    let picture = shown.map(|(other, f)| {
        let name = if over == G { format!("vds = {other:.2} V") } else { format!("vgs = {other:.2} V") };
        let mut picture = Picture::new(if over == G { "vgs (V)" } else { "vds (V)" }, label);
        picture.add(name, &x[..f.len()], &f);
        picture
    });
    Ok(worst.outcome("step 1 mV", picture))
}

/// Jump of slope over the largest slope, at every inner point of a sweep.
pub(crate) fn jumps(f: &[f64]) -> Vec<(usize, f64)> {
    if f.len() < 7 {
        return Vec::new();
    }
    let second = |i: usize, step: usize| f[i + step] - 2.0 * f[i] + f[i - step];
    let steepest = f[1..f.len() - 1].windows(2).map(|p| (p[1] - p[0]).abs() / STEP).fold(0.0, f64::max);
    (3..f.len() - 3)
        .map(|i| {
            let whole = 0.25 * second(i, 2);
            let apart =
                [i - 1, i, i + 1].map(|k| (second(k, 1) - whole).abs()).into_iter().fold(0.0, f64::max);
            (i, if steepest > 0.0 { apart / (0.75 * STEP) / steepest } else { 0.0 })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worst(f: impl Fn(f64) -> f64) -> f64 {
        let samples: Vec<f64> = (0..400).map(|i| f(f64::from(i) * STEP)).collect();
        jumps(&samples).into_iter().map(|(_, j)| j).fold(0.0, f64::max)
    }

    #[test]
    fn a_kink_has_its_jump_and_a_smooth_bend_has_none() {
        assert!((worst(|x| (x - 0.2).abs()) - 2.0).abs() < 1e-9);
        assert!(worst(|x| (x - 0.2).max(0.0)) > 0.99);
        assert!(worst(|x| ((x - 0.2) / 0.01).tanh()) < 0.05);
    }
}
