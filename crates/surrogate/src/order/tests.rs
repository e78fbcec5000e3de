//! Three corners of one transistor whose readings scatter more than the corners differ.

use super::*;
use crate::lm::{gradient, normal, residuals};
use crate::problem::Task;
use crate::synthetic::Synthetic;

/// ss, tt and ff of one geometry; readings of each are off by up to `scatter`, corners differ by `spread`.
fn corners(spread: f64, scatter: f64) -> (Problem, Vec<f64>) {
    let family = Synthetic { devices: 1, gates: 15, hidden: vec![8, 8], ..Synthetic::default() };
    let mut problem = family.problem();
    let whole = problem.tasks.remove(0);
    problem.layout.devices = 3;
    for (device, speed) in [-1.0, 0.0, 1.0].into_iter().enumerate() {
        let mut task = Task { device, ..whole.clone() };
        task.place.speed = speed;
        for (p, target) in task.target.iter_mut().enumerate() {
            let off = scatter * (0.37 * p as f64 + 2.0 * speed).sin();
            *target = (target.sinh() * (spread * speed + off).exp()).asinh();
        }
        problem.tasks.push(task);
    }
    let theta = family.start(&problem).flatten(&problem.layout);
    (problem, theta)
}

fn fitted(problem: &Problem, theta: Vec<f64>) -> Solution {
    let prepared = Prepared::new(problem);
    let mut lm = Lm::new(&prepared, theta);
    for _ in 0..60 {
        lm.step(&prepared);
    }
    let weights = vec![1.0; problem.layout.devices];
    Solution { theta: lm.theta, stopped: StopReason::Steps, steps: 60, damping: lm.damping, weights }
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    let (mut problem, mut theta) = corners(0.02, 0.0);
    let own = problem.layout.shared()..problem.layout.total();
    theta[own].iter_mut().enumerate().for_each(|(k, v)| *v = 0.05 * (k % 5) as f64 - 0.1);
    // A margin that most biases miss, far from the kink.
    let config = OrderConfig { margin: 2.0, draws: 50, strength: 3.0, ..OrderConfig::default() };
    let mut active = Active::new(pairs(&problem, &[], Polarity::N, false), &config);
    active.join(active.violations(&problem, &theta, &mut ChaCha8Rng::seed_from_u64(1)));
    assert!(active.loss(&problem, &theta) > 10.0);
    problem.order = Some(active);
    let prepared = Prepared::new(&problem);
    let normal = normal::assemble(&prepared, &theta);
    assert!((normal.loss / residuals::loss(&prepared, &theta) - 1.0).abs() < 1e-9);
    gradient::assert_slopes(&normal, &theta, |t| residuals::loss(&prepared, t), 1e-6, 1e-5);
}

#[test]
fn corners_out_of_order_are_put_in_order_and_the_readings_stay_met() {
    let (mut problem, theta) = corners(2e-3, 8e-3);
    let solution = fitted(&problem, theta);
    let config =
        FitConfig { order: OrderConfig { steps: 40, ..OrderConfig::default() }, ..FitConfig::default() };
    let judged = |problem: &Problem, theta: &[f64]| {
        report(problem, Polarity::N, &config.order, theta, None).expect("three corners")
    };
    let free = judged(&problem, &solution.theta);
    assert!(free.pairs == 2 && free.violations > 10 && free.worst > 1e-4, "{free:?}");
    let loss = residuals::loss(&Prepared::new(&problem), &solution.theta);
    let mut blind = ();
    let mut watch = Watch::new(&mut blind);
    let (solution, before) = enforce(&mut problem, &[], Polarity::N, &config, solution, &mut watch);
    assert_eq!(before, Some(free.violations));
    let held = judged(&problem, &solution.theta);
    assert_eq!((held.violations, held.worst), (0, 0.0), "{held:?}");
    problem.order = None;
    let after = residuals::loss(&Prepared::new(&problem), &solution.theta);
    assert!(after < 3.0 * loss, "the readings cost {after}, before {loss}");
}

/// The corner numbered `k` of [`corners`] by itself, and unknowns of a network of its own.
fn alone(problem: &Problem, theta: &[f64], k: usize) -> (Problem, Vec<f64>) {
    let task = Task { device: 0, ..problem.tasks[k].clone() };
    let mut own = problem.with_tasks(vec![task]);
    own.layout.devices = 1;
    let mut start = theta[..own.layout.total()].to_vec();
    start.iter_mut().enumerate().for_each(|(i, v)| *v *= 1.0 + 0.1 * ((i + k) as f64).sin());
    let solution = fitted(&own, start);
    (own, solution.theta)
}

#[test]
fn the_gradient_beside_a_network_that_stands_is_that_of_the_loss() {
    let (problem, theta) = corners(0.02, 0.0);
    let ((tt, at_tt), (mut ff, mut at_ff)) = (alone(&problem, &theta, 1), alone(&problem, &theta, 2));
    at_ff.iter_mut().enumerate().for_each(|(k, v)| *v += 0.02 * (k as f64).sin());
    let config = OrderConfig { margin: 2.0, draws: 50, strength: 3.0, ..OrderConfig::default() };
    let still = [Still { problem: &tt, theta: &at_tt }];
    let mut active = Active::new(pairs(&ff, &still, Polarity::N, false), &config);
    active.join(active.violations(&ff, &at_ff, &mut ChaCha8Rng::seed_from_u64(1)));
    assert!(active.loss(&ff, &at_ff) > 10.0);
    ff.order = Some(active);
    let prepared = Prepared::new(&ff);
    let normal = normal::assemble(&prepared, &at_ff);
    gradient::assert_slopes(&normal, &at_ff, |t| residuals::loss(&prepared, t), 1e-6, 1e-5);
}

#[test]
fn networks_of_their_own_are_put_in_order_with_those_that_stand() {
    let (problem, theta) = corners(2e-3, 8e-3);
    let problem = Problem { slope_weight: 0.0, ..problem };
    let [ss, tt, ff] = [0, 1, 2].map(|k| alone(&problem, &theta, k));
    // What the scatter of the readings alone costs: networks of their own meet much of it before.
    let (clean, _) = corners(2e-3, 0.0);
    let scatter = |k: usize| -> f64 {
        let (noisy, clean) = (&problem.tasks[k], &clean.tasks[k].target);
        let each = noisy.target.iter().zip(clean).zip(&noisy.weight);
        each.map(|((a, b), w)| 0.5 * (w * (a - b)).powi(2)).sum()
    };
    let config = FitConfig::default();
    let mut blind = ();
    let mut watch = Watch::new(&mut blind);
    let still = [Still { problem: &tt.0, theta: &tt.1 }];
    for (k, (own, theta)) in [(0, ss), (2, ff)] {
        let found = |theta: &[f64]| {
            let pairs = pairs(&own, &still, Polarity::N, false);
            assert_eq!(pairs.len(), 1);
            Active::new(pairs, &config.order).at_readings(&own, theta)
        };
        let free = found(&theta);
        assert!(free.violations > 0 && free.unordered_readings > 0, "{free:?}");
        let solution =
            Solution { theta, stopped: StopReason::Steps, steps: 60, damping: 1e-4, weights: vec![1.0] };
        let mut ordered = own.clone();
        let (solution, before) = enforce(&mut ordered, &still, Polarity::N, &config, solution, &mut watch);
        assert_eq!(before, Some(free.violations));
        let held = found(&solution.theta);
        assert_eq!((held.violations, held.biases), (0, free.biases), "{held:?}");
        let after = residuals::loss(&Prepared::new(&own), &solution.theta);
        assert!(after < 1.1 * scatter(k), "the readings cost {after}, their scatter {}", scatter(k));
    }
}

#[test]
fn what_cannot_be_compared_is_not() {
    let (mut problem, theta) = corners(0.02, 0.0);
    let tt = problem.tasks[1].place;
    problem.tasks.iter_mut().for_each(|t| t.place = tt);
    assert_eq!(report(&problem, Polarity::N, &OrderConfig::default(), &theta, None), None);
    // Skewed corners are a chain of their own, turned round for a p-channel device.
    for (task, skew) in problem.tasks.iter_mut().zip([-1.0, 0.0, 1.0]) {
        task.place.skew = skew;
    }
    let skewed = OrderConfig { skewed: true, ..OrderConfig::default() };
    assert_eq!(pairs(&problem, &[], Polarity::N, false).len(), 0);
    let unordered =
        |polarity| report(&problem, polarity, &skewed, &theta, None).expect("pairs").unordered_readings;
    assert_eq!(unordered(Polarity::N), 0);
    assert!(unordered(Polarity::P) > 100, "{}", unordered(Polarity::P));
}
