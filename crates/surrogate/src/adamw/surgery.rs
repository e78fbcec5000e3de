//! One direction from the gradients of tasks that may oppose each other.
//!
//! Both methods give a combination of the gradients that depends on their products alone, so they work on the Gram matrix
//! `g_ij = g_i . g_j` of the weighted gradients and give factors `c`, the direction being `sum_i c_i g_i`.

use faer::Mat;
use rand::Rng;
use rand::seq::SliceRandom;

/// How far from the mean gradient CAGrad may look, over its norm (0.2 to 0.8 in the paper).
const RADIUS: f64 = 0.5;
/// Most steps of the search for the worst mixture of tasks, and halvings of each.
const STEPS: usize = 300;
const HALVINGS: usize = 40;
/// Slopes that differ by less than this share are the same.
const SAME: f64 = 1e-9;

/// Every gradient loses what opposes another one, in random order of the others; their sum.
///
/// T. Yu et al., "Gradient surgery for multi-task learning" (PCGrad), NeurIPS 2020, algorithm 1.
pub(super) fn pcgrad(gram: &Mat<f64>, random: &mut impl Rng) -> Vec<f64> {
    let n = gram.nrows();
    let mut sum = vec![0.0; n];
    let mut others: Vec<usize> = (0..n).collect();
    for i in 0..n {
        let mut own = vec![0.0; n];
        own[i] = 1.0;
        others.shuffle(random);
        for &j in others.iter().filter(|j| **j != i) {
            let product: f64 = (0..n).map(|k| own[k] * gram[(k, j)]).sum();
            if product < 0.0 && gram[(j, j)] > 0.0 {
                own[j] -= product / gram[(j, j)];
            }
        }
        sum.iter_mut().zip(own).for_each(|(s, o)| *s += o);
    }
    sum
}

/// The direction near the mean gradient that helps the task it helps least the most.
///
/// B. Liu et al., "Conflict-averse gradient descent for multi-task learning" (CAGrad), NeurIPS 2021, algorithm 1: with
/// `g_0` the mean, `d = g_0 + c |g_0| g_u / |g_u|` for the [`worst_mixture`] `u` of gradients. Times the number of tasks, as a
/// sum is.
pub(super) fn cagrad(gram: &Mat<f64>) -> Vec<f64> {
    let n = gram.nrows();
    let mean = vec![1.0 / n as f64; n];
    let of_mean = times(gram, &mean);
    let reach = RADIUS * dot(&mean, &of_mean).max(0.0).sqrt();
    let mixture = worst_mixture(gram, &of_mean, reach);
    let norm = dot(&mixture, &times(gram, &mixture)).max(0.0).sqrt();
    let factor = if norm > 0.0 { n as f64 * reach / norm } else { 0.0 };
    mixture.iter().map(|u| 1.0 + factor * u).collect()
}

/// Shares `u` of the gradients, none negative and their sum one, that minimise `g_u . g_0 + reach |g_u|`, which is convex.
///
/// Share goes from the task whose slope is largest to the one whose slope is smallest, as much as serves (Frank-Wolfe
/// with pairwise steps; S. Lacoste-Julien, M. Jaggi, 2015), until the slopes of all tasks that have a share are the same.
fn worst_mixture(gram: &Mat<f64>, of_mean: &[f64], reach: f64) -> Vec<f64> {
    let n = gram.nrows();
    let mut u = vec![1.0 / n as f64; n];
    let mut of = of_mean.to_vec();
    for _ in 0..STEPS {
        let square = dot(&u, &of);
        if square <= 0.0 {
            break;
        }
        let slope = |k: usize| of_mean[k] + reach * of[k] / square.sqrt();
        let by_slope = |a: &usize, b: &usize| slope(*a).total_cmp(&slope(*b));
        let to = (0..n).min_by(by_slope);
        let from = (0..n).filter(|k| u[*k] > 0.0).max_by(by_slope);
        let (Some(to), Some(from)) = (to, from) else { break };
        if to == from || slope(from) - slope(to) <= SAME * slope(from).abs() {
            break;
        }
        // Along the step the objective is `(a_to - a_from) t + reach sqrt(square + 2 q t + p t^2)`.
        let fall = of_mean[to] - of_mean[from];
        let q = of[to] - of[from];
        let p = gram[(to, to)] - 2.0 * gram[(to, from)] + gram[(from, from)];
        let rises = |t: f64| {
            let norm = (square + t * (2.0 * q + p * t)).max(f64::MIN_POSITIVE).sqrt();
            fall + reach * (q + p * t) / norm > 0.0
        };
        let (mut low, mut high) = (0.0, u[from]);
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if rises(middle) { high = middle } else { low = middle }
        }
        let step = if rises(u[from]) { 0.5 * (low + high) } else { u[from] };
        u[to] += step;
        u[from] -= step;
        of = times(gram, &u);
    }
    u
}

fn times(gram: &Mat<f64>, u: &[f64]) -> Vec<f64> {
    (0..u.len()).map(|i| (0..u.len()).map(|j| gram[(i, j)] * u[j]).sum()).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    fn gram(gradients: &[Vec<f64>]) -> Mat<f64> {
        Mat::from_fn(gradients.len(), gradients.len(), |i, j| dot(&gradients[i], &gradients[j]))
    }

    fn combined(gradients: &[Vec<f64>], factors: &[f64]) -> Vec<f64> {
        (0..gradients[0].len()).map(|k| gradients.iter().zip(factors).map(|(g, c)| c * g[k]).sum()).collect()
    }

    #[test]
    fn of_two_that_oppose_each_other_each_loses_the_part_along_the_other() {
        let gradients = [vec![1.0, 0.0], vec![-1.0, 1.0]];
        let found = combined(&gradients, &pcgrad(&gram(&gradients), &mut ChaCha8Rng::seed_from_u64(1)));
        // (1, 0) without its part along (-1, 1) is (0.5, 0.5), (-1, 1) without that along (1, 0) is (0, 1).
        assert!((found[0] - 0.5).abs() < 1e-12 && (found[1] - 1.5).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn gradients_that_agree_are_added() {
        let gradients = [vec![1.0, 0.2], vec![0.3, 1.0], vec![1.0, 1.0]];
        assert_eq!(pcgrad(&gram(&gradients), &mut ChaCha8Rng::seed_from_u64(1)), [1.0, 1.0, 1.0]);
    }

    #[test]
    fn gradients_of_nothing_stay_nothing() {
        let none = Mat::zeros(2, 2);
        assert_eq!(pcgrad(&none, &mut ChaCha8Rng::seed_from_u64(1)), [1.0, 1.0]);
        assert_eq!(cagrad(&none), [1.0, 1.0]);
    }

    proptest! {
        /// The paper's problem: within its radius of the mean, no direction of many tried helps the worst task more.
        #[test]
        fn no_direction_within_the_radius_helps_the_worst_task_more(
            gradients in prop::collection::vec(prop::collection::vec(-1.0..1.0f64, 3), 2..5),
            others in prop::collection::vec(prop::collection::vec(-1.0..1.0f64, 3), 200),
        ) {
            let n = gradients.len() as f64;
            let mean = combined(&gradients, &vec![1.0 / n; gradients.len()]);
            let reach = RADIUS * dot(&mean, &mean).sqrt();
            prop_assume!(reach > 0.02);
            let worst = |d: &[f64]| gradients.iter().map(|g| dot(g, d)).fold(f64::INFINITY, f64::min);
            let found: Vec<f64> =
                combined(&gradients, &cagrad(&gram(&gradients))).iter().map(|d| d / n).collect();
            let off: Vec<f64> = found.iter().zip(&mean).map(|(d, m)| d - m).collect();
            prop_assert!(dot(&off, &off).sqrt() <= reach * (1.0 + 1e-9));
            for other in others {
                let scale = reach / dot(&other, &other).sqrt();
                let tried: Vec<f64> = mean.iter().zip(&other).map(|(m, o)| m + scale * o).collect();
                prop_assert!(worst(&found) >= worst(&tried) - 1e-4, "{} {}", worst(&found), worst(&tried));
            }
        }
    }
}
