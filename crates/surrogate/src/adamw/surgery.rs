//! One direction from the gradients of tasks that may oppose each other.
//!
//! Both methods give a combination of the gradients that depends on their products alone, so they work on the Gram matrix
//! `g_ij = g_i . g_j` of the weighted gradients and give factors `c`, the direction being `sum_i c_i g_i`.

use faer::Mat;
use rand::Rng;
use rand::seq::SliceRandom;

/// How far from the mean gradient CAGrad may look, over its norm (0.2 to 0.8 in the paper).
const RADIUS: f64 = 0.5;
/// Steps of the search for the worst mixture of tasks.
const STEPS: usize = 200;

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
/// `g_0` the mean, `d = g_0 + c |g_0| g_u / |g_u|` for the mixture `u` of gradients that minimises
/// `g_u . g_0 + c |g_0| |g_u|`, here by exponentiated gradients. Times the number of tasks, as a sum is.
pub(super) fn cagrad(gram: &Mat<f64>) -> Vec<f64> {
    let n = gram.nrows();
    let times = |u: &[f64]| -> Vec<f64> {
        (0..n).map(|i| (0..n).map(|j| gram[(i, j)] * u[j]).sum()).collect()
    };
    let mean = vec![1.0 / n as f64; n];
    let of_mean = times(&mean);
    let size = |u: &[f64], of: &[f64]| u.iter().zip(of).map(|(u, g)| u * g).sum::<f64>().max(0.0).sqrt();
    let reach = RADIUS * size(&mean, &of_mean);
    if reach == 0.0 {
        return vec![1.0; n];
    }
    let (mut mixture, mut best) = (mean.clone(), (f64::INFINITY, mean));
    for step in 0..STEPS {
        let of = times(&mixture);
        let norm = size(&mixture, &of).max(f64::MIN_POSITIVE);
        let value = mixture.iter().zip(&of_mean).map(|(u, g)| u * g).sum::<f64>() + reach * norm;
        if value < best.0 {
            best = (value, mixture.clone());
        }
        let slope: Vec<f64> = of_mean.iter().zip(&of).map(|(m, g)| m + reach * g / norm).collect();
        let (low, high) = slope.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), s| (a.min(*s), b.max(*s)));
        let rate = 2.0 / ((high - low).max(f64::MIN_POSITIVE) * (1.0 + step as f64).sqrt());
        mixture.iter_mut().zip(&slope).for_each(|(u, s)| *u *= (-rate * (s - low)).exp());
        let sum: f64 = mixture.iter().sum();
        mixture.iter_mut().for_each(|u| *u /= sum);
    }
    let mixture = best.1;
    let norm = size(&mixture, &times(&mixture));
    let factor = if norm > 0.0 { n as f64 * reach / norm } else { 0.0 };
    mixture.iter().map(|u| 1.0 + factor * u).collect()
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

    fn dot(a: &[f64], b: &[f64]) -> f64 {
        a.iter().zip(b).map(|(a, b)| a * b).sum()
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
                prop_assert!(worst(&found) >= worst(&tried) - 0.02, "{} {}", worst(&found), worst(&tried));
            }
        }
    }
}
