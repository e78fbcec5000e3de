//! The gradient that the trunk descends along, and the recovery of a function that a trunk can be.

use gummel_device::Terminal;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use rows::Points;
use solve::Normal;

/// A device whose gate charge is a sum of two bends, with its derivative by the gate voltage.
fn device() -> Points {
    let n = 60;
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let x: [Vec<f64>; 3] = std::array::from_fn(|_| (0..n).map(|_| rng.random_range(-1.7..1.7)).collect());
    let at = |p: usize| {
        let (a, b) = ((2.0 * x[0][p] - 0.5).tanh(), (0.7 * x[0][p] + 0.9 * x[1][p] - 0.4 * x[2][p]).tanh());
        (1.0 + a + 0.6 * b, 2.0 * (1.0 - a * a) + 0.42 * (1.0 - b * b))
    };
    let (charge, slope): (Vec<f64>, Vec<f64>) = (0..n).map(at).unzip();
    Points::plain(x, &charge, &slope)
}

#[test]
fn the_descent_is_half_the_negative_gradient() {
    let (plain, mut warm) = (device(), device());
    let psi = [vec![1.0; plain.len()], (0..plain.len()).map(|p| 0.01 * p as f64 - 0.2).collect()];
    warm.problems = warm.problems.map(|problem| problem.spread(&psi));
    let devices = [plain, warm];
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    for hidden in [vec![3], vec![3, 2], vec![2, 3, 2]] {
        let trunk = start::random(&devices, &hidden, &mut rng);
        let normal = Normal::at(&trunk, &devices).unwrap();
        for k in 0..trunk.weights.len() {
            let loss = |offset: f64| {
                let mut moved = trunk.clone();
                moved.weights[k] += offset;
                solve::loss(&moved, &devices).unwrap()
            };
            let by_difference = (loss(-1e-5) - loss(1e-5)) / 4e-5;
            let exact = normal.descent[(k, 0)];
            let near = (exact - by_difference).abs() < 1e-6 * (1.0 + exact.abs());
            assert!(near, "{hidden:?} {k}: {exact} {by_difference}");
        }
    }
}

#[test]
fn layers_that_no_kernel_evaluates_are_refused() {
    let check = |hidden: Vec<usize>| ChargeConfig { hidden, ..ChargeConfig::default() }.check();
    assert_eq!(check(Vec::new()).ok(), Some(()));
    assert_eq!(check(vec![16, 16]).ok(), Some(()));
    for hidden in [vec![0], vec![16, 65], vec![8; 7]] {
        assert!(matches!(check(hidden), Err(FitError::Config { key: "charges.hidden", .. })));
    }
}

#[test]
fn a_function_of_two_neurons_is_found_by_four() {
    let devices = [device()];
    let config = ChargeConfig { hidden: vec![4], max_steps: 200, ..ChargeConfig::default() };
    let begun = start::best(&devices, &config.hidden, &config, 0, &mut |_| true);
    let (loss, _) = solve::train(begun, &devices, config.max_steps, &mut |_| true);
    assert!(loss < 1e-5, "{loss}");
}

/// A device with two readings at vgs = 0.3 V, the first at vds = 0, whose capacitances are those of one side.
pub(super) fn measured() -> DeviceData {
    let points = [0.0, 0.6].map(|vd| [vd, 0.3, 0.0, 0.0]).to_vec();
    let row = |a: f64, b: f64| vec![a, b].into();
    let quantities = [
        (Quantity::Id, row(0.0, 1e-6)),
        (Quantity::Cgg, row(2.0, 1.9)),
        (Quantity::Cgd, row(-2.25, 0.0)),
        (Quantity::Cgs, row(0.75, -1.0)),
        (Quantity::Cdg, row(-0.5, -0.2)),
        (Quantity::Cbg, row(-0.3, -0.4)),
        (Quantity::Cdd, row(2.3, 0.0)),
    ];
    let device = crate::made_up::device(&[(Terminal::Drain, 300.15, points)]);
    DeviceData { quantities: quantities.into(), ..device }
}
