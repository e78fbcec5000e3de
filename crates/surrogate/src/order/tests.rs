//! Three corners of one transistor whose readings scatter more than the corners differ.

use super::*;
use crate::lm::{gradient, normal, residuals};
use crate::problem::Task;
use crate::synthetic::Synthetic;

/// ss, tt and ff of one geometry; readings of each are off by up to `scatter`, corners differ by `spread`.
pub(super) fn corners(spread: f64, scatter: f64) -> (Problem, Vec<f64>) {
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
    let weights = vec![1.0; 3];
    Solution { theta: lm.theta, stopped: StopReason::Steps, steps: 60, damping: lm.damping, weights }
}

#[test]
fn the_gradient_is_that_of_the_loss() {
    let (mut problem, mut theta) = corners(0.02, 0.0);
    let own = problem.layout.shared()..problem.layout.total();
    theta[own].iter_mut().enumerate().for_each(|(k, v)| *v = 0.05 * (k % 5) as f64 - 0.1);
    // A margin that most biases miss, far from the kink.
    let config = OrderConfig { margin: 2.0, draws: 50, strength: 3.0, ..OrderConfig::default() };
    let mut active = Active::new(pairs(&problem, Polarity::N, false), &config);
    assert!(active.look(&problem, &theta, &mut ChaCha8Rng::seed_from_u64(1)));
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
    let mut solution = fitted(&problem, theta);
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
    let before = enforce(&mut problem, Polarity::N, &config, 60.0, &mut solution, &mut watch);
    assert_eq!(before, Some(free.violations));
    let held = judged(&problem, &solution.theta);
    assert_eq!((held.violations, held.worst), (0, 0.0), "{held:?}");
    problem.order = None;
    let after = residuals::loss(&Prepared::new(&problem), &solution.theta);
    assert!(after < 3.0 * loss, "the readings cost {after}, before {loss}");
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
    assert_eq!(pairs(&problem, Polarity::N, false).len(), 0);
    let unordered =
        |polarity| report(&problem, polarity, &skewed, &theta, None).expect("pairs").unordered_readings;
    assert_eq!(unordered(Polarity::N), 0);
    assert!(unordered(Polarity::P) > 100, "{}", unordered(Polarity::P));
}
