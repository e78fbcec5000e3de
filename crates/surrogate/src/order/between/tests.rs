//! Three corners of one transistor with a network each, whose readings scatter more than the corners differ.

use gummel_device::{Corner, Polarity, Terminal};

use super::*;
use crate::config::Solver;
use crate::held::Held;
use crate::lm::{Lm, gradient};
use crate::made_up;
use crate::order::tests::corners;
use crate::soft::Member;

/// A network of one corner, held near the one that all corners began with.
struct Own {
    problem: Problem,
    data: Dataset,
    theta: Vec<f64>,
}

impl Own {
    fn network(&self) -> Network<'_> {
        Network { problem: &self.problem, data: &self.data, theta: &self.theta, kept: None }
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        residuals::loss(&Prepared::new(&self.problem), theta)
    }
}

/// ss, tt and ff with a network each; that of ff sees its voltages scaled otherwise.
fn own(spread: f64, scatter: f64) -> Vec<Own> {
    let (problem, theta) = corners(spread, scatter);
    let network = |(device, corner): (usize, Corner)| {
        let Member { mut problem, theta, .. } = Member::cut(corner.name(), &problem, &[device], &theta);
        if corner == Corner::Ff {
            let mut features = problem.features.clone();
            (features.center[0], features.scale[1]) = (0.5, 2.0);
            problem.scale_inputs(&features);
        }
        let shared = problem.layout.shared();
        problem.held = Some(Held { target: theta[..shared].to_vec(), strength: vec![1e-3; shared] });
        let mut device = made_up::device(&[(Terminal::Drain, 300.15, vec![[1.0, 1.0, 0.0, 0.0]])]);
        (device.id.family.polarity, device.id.corner) = (Polarity::N, Some(corner));
        let data = Dataset { devices: vec![device], files: Vec::new() };
        let prepared = Prepared::new(&problem);
        let mut lm = Lm::new(&prepared, theta);
        lm.steps(&prepared, 60);
        let theta = lm.theta;
        drop(prepared);
        Own { problem, data, theta }
    };
    [Corner::Ss, Corner::Tt, Corner::Ff].into_iter().enumerate().map(network).collect()
}

fn recipe(order: OrderConfig) -> FitConfig {
    FitConfig { solver: Solver::Lm(LmConfig::default()), order, ..FitConfig::default() }
}

/// What putting `own` in order comes to, and readings out of order by then.
fn ordered(own: &[Own], config: &FitConfig) -> Option<(Ordered, usize)> {
    let networks: Vec<Network<'_>> = own.iter().map(Own::network).collect();
    let mut blind = ();
    let found = between(&networks, config, (0, 1e-2), &mut Watch::new(&mut blind))?;
    let theta = |k: usize| found.networks[k].as_ref().map_or(&own[k].theta, |m| &m.theta).clone();
    let thetas: Vec<Vec<f64>> = (0..own.len()).map(theta).collect();
    let left = out_of_order(own, &thetas);
    Some((found, left))
}

/// Readings at which the faster of two neighbours has less current.
fn out_of_order(own: &[Own], thetas: &[Vec<f64>]) -> usize {
    let y = |k: usize| {
        let Own { problem, .. } = &own[k];
        let inputs: Vec<Vec<f64>> =
            (0..problem.tasks[0].points()).map(|p| input(&problem.tasks[0], p)).collect();
        Ratio::new(problem, &thetas[k], &[(0, 1.0)]).at(&inputs)
    };
    let y: Vec<Vec<f64>> = (0..own.len()).map(y).collect();
    let networks: Vec<Network<'_>> = own.iter().map(Own::network).collect();
    let crossings = crossings(&networks, false);
    let low = |c: &Crossing| {
        let readings = c.pair.at_readings(&own[c.slow].problem);
        let all = &own[c.slow].problem.tasks[0];
        let strong = (0..all.points()).filter(|p| readings.contains(&input(all, *p)));
        strong.filter(|p| y[c.fast][*p] < y[c.slow][*p]).count()
    };
    crossings.iter().map(low).sum()
}

#[test]
fn every_networks_gradient_is_that_of_the_common_loss() {
    let own = own(0.02, 0.0);
    let networks: Vec<Network<'_>> = own.iter().map(Own::network).collect();
    let prepared: Vec<Prepared<'_>> = own.iter().map(|o| Prepared::new(&o.problem)).collect();
    // A margin that most biases miss, far from the kink.
    let config = recipe(OrderConfig { margin: 2.0, draws: 50, ..OrderConfig::default() });
    let mut apart = Apart {
        config: &config,
        prepared: &prepared,
        thetas: own.iter().map(|o| o.theta.clone()).collect(),
        bounds: vec![None, None, None],
        crossings: crossings(&networks, false),
        damping: 1e-2,
        strength: 3.0,
    };
    assert!(apart.look(&mut ChaCha8Rng::seed_from_u64(1)));
    let hinges = apart.hinges_loss(&apart.thetas);
    assert!(hinges > 10.0, "{hinges}");
    for k in 0..3 {
        let loss = |theta: &[f64]| {
            let mut thetas = apart.thetas.clone();
            thetas[k] = theta.to_vec();
            apart.loss(k, theta) + apart.hinges_loss(&thetas)
        };
        gradient::assert_slopes(&apart.normal(k), &apart.thetas[k], loss, 1e-6, 1e-5);
    }
}

#[test]
fn networks_out_of_order_are_put_in_order_and_the_readings_stay_met() {
    let own = own(2e-3, 8e-3);
    let thetas: Vec<Vec<f64>> = own.iter().map(|o| o.theta.clone()).collect();
    let before = out_of_order(&own, &thetas);
    let (found, left) = ordered(&own, &recipe(OrderConfig::default())).expect("three corners");
    assert!(before > 10, "{before}");
    assert_eq!((left, found.over), (0, None), "{before} before, {} steps", found.steps);
    let (mut was, mut is) = (0.0, 0.0);
    for (own, moved) in own.iter().zip(&found.networks) {
        let moved = moved.as_ref().expect("both neighbours of a pair move");
        was += own.loss(&own.theta);
        is += own.loss(&moved.theta);
    }
    // Readings scatter four times as much as the corners differ: order takes away what the networks followed of that.
    println!("loss {is}, before {was}");
    assert!(is < 2.0 * was, "the readings cost {is}, before {was}");
}

#[test]
fn networks_that_are_in_order_or_only_judged_stay_as_they_are() {
    let near = own(2e-3, 8e-3);
    let tt = &near[1];
    let shifted = |speed: f64| {
        let (mut problem, mut theta) = (tt.problem.clone(), tt.theta.clone());
        problem.tasks[0].place.speed = speed;
        theta[problem.layout.shared() - 1] += 0.2 * speed;
        Own { problem, data: tt.data.clone(), theta }
    };
    let far = [-1.0, 0.0, 1.0].map(shifted);
    let (found, left) = ordered(&far, &recipe(OrderConfig::default())).expect("three corners");
    assert_eq!((left, found.steps), (0, 0));
    assert!(found.networks.iter().all(Option::is_none));
    assert!(ordered(&near, &recipe(OrderConfig { steps: 0, ..OrderConfig::default() })).is_none());
    let adamw = FitConfig {
        solver: Solver::Adamw(crate::config::AdamwConfig::default()),
        ..recipe(OrderConfig::default())
    };
    assert!(ordered(&near, &adamw).is_none());
    let mut elsewhere = near;
    for (k, own) in elsewhere.iter_mut().enumerate() {
        own.data.devices[0].id.site = format!("site {k}");
    }
    assert!(ordered(&elsewhere, &recipe(OrderConfig::default())).is_none());
}

#[test]
fn the_order_does_not_depend_on_the_number_of_threads() {
    let own = own(2e-3, 8e-3);
    let config = recipe(OrderConfig { steps: 6, ..OrderConfig::default() });
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let (found, _) = pool.install(|| ordered(&own, &config)).expect("three corners");
        let bits = |m: Moved| m.theta.into_iter().map(f64::to_bits).collect::<Vec<u64>>();
        found.networks.into_iter().map(|m| m.map(bits)).collect::<Vec<_>>()
    };
    let one = with(1);
    assert!(one.iter().all(Option::is_some));
    for threads in [2, 5] {
        assert!(with(threads) == one, "{threads} threads differ from one");
    }
}
