//! Where the trunk of charges begins: random neurons, of which the best go on.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;

use super::ChargeConfig;
use super::rows::Points;
use super::solve;
use super::trunk::Trunk;

/// The best of several random trunks of layers `hidden` after some steps on `points`, as long as `goes_on`.
pub(super) fn best(
    points: &[Points],
    hidden: &[usize],
    config: &ChargeConfig,
    seed: u64,
    goes_on: &mut dyn FnMut(f64) -> bool,
) -> Trunk {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let starts: Vec<Trunk> = (0..config.starts.max(1)).map(|_| random(points, hidden, &mut rng)).collect();
    let mut best: Option<(f64, Trunk)> = None;
    for start in starts {
        let (loss, trunk) = solve::train(start, points, config.start_steps, goes_on);
        if best.as_ref().is_none_or(|(b, _)| loss < *b) {
            best = Some((loss, trunk));
        }
    }
    best.unwrap_or_else(|| unreachable!("there is at least one start")).1
}

/// A first layer of neurons that bend at data points, in random directions, from nearly linear to as sharp as a flat band;
/// further layers random.
pub(super) fn random(points: &[Points], hidden: &[usize], rng: &mut ChaCha8Rng) -> Trunk {
    /// Gate, drain, bulk, then static inputs.
    const SPREAD: [f64; 4] = [1.0, 0.7, 0.5, 0.1];
    /// Standard deviation of further layers' weights over the root of their inputs, and of their biases.
    const FURTHER: [f64; 2] = [1.0, 0.5];
    let inputs = points[0].inputs();
    let sizes: Vec<usize> = std::iter::once(inputs).chain(hidden.iter().copied()).collect();
    let mut weights = Vec::new();
    for _ in 0..hidden[0] {
        let direction: Vec<f64> =
            (0..inputs).map(|i| SPREAD[i.min(3)] * rng.sample::<f64, _>(StandardNormal)).collect();
        let norm = direction.iter().map(|d| d * d).sum::<f64>().sqrt().max(1e-6);
        let slope = (0.2f64.ln() + rng.random::<f64>() * (4.0f64 / 0.2).ln()).exp() / norm;
        let device = &points[rng.random_range(0..points.len())];
        let at = rng.random_range(0..device.len());
        let row: Vec<f64> = direction.iter().map(|d| slope * d).collect();
        let bias = -row.iter().enumerate().map(|(i, w)| w * device.x(i)[at]).sum::<f64>();
        weights.extend(row);
        weights.push(bias);
    }
    for layer in sizes[1..].windows(2) {
        let scale = FURTHER[0] / (layer[0] as f64).sqrt();
        for _ in 0..layer[1] {
            weights.extend((0..layer[0]).map(|_| scale * rng.sample::<f64, _>(StandardNormal)));
            weights.push(FURTHER[1] * rng.sample::<f64, _>(StandardNormal));
        }
    }
    Trunk { sizes, weights }
}
