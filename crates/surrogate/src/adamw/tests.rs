//! burn against the kernel and finite differences, and AdamW on a small synthetic family.

use std::ops::ControlFlow;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use gummel_kernel::{Branch, DeviceHeads, Instance, Member, Spec};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::feed::Batch;
use super::minibatch::{Points, Slopes};
use super::network::{Crowd, Places};
use super::objective::{Objective, asinh_exp};
use super::*;
use crate::config::{Balanced, Balancing, ComputeDevice, Conflicts};
use crate::lm::residuals;
use crate::prepared::Prepared;
use crate::problem::residual;
use crate::synthetic::Synthetic;

fn family() -> Synthetic {
    Synthetic { devices: 3, gates: 9, gate: true, hidden: vec![7, 5], ..Synthetic::default() }
}

fn quick() -> AdamwConfig {
    AdamwConfig { steps: 300, batch: 128, learning_rate: 1e-2, ..AdamwConfig::default() }
}

fn run(problem: &Problem, start: &Parameters, config: &AdamwConfig, seed: u64) -> Outcome {
    solve(problem, None, start, config, seed, &mut |_| ControlFlow::Continue(()))
        .expect("the options are sound")
}

/// A start with every parameter off zero, population and deviations included.
fn scattered(problem: &Problem) -> Parameters {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut theta = family().start(problem).flatten(&problem.layout);
    theta.iter_mut().for_each(|t| *t += random.random_range(-0.1..0.1));
    Parameters::from_flat(&theta, &problem.layout)
}

/// The model that freezing `parameters` gives.
fn freeze(problem: &Problem, parameters: &Parameters) -> Spec {
    let devices = (0..problem.layout.devices)
        .map(|d| DeviceHeads {
            name: format!("d{d}"),
            place: problem.tasks.iter().find(|t| t.device == d).expect("a task per device").place,
            deviation: vec![parameters.outputs.iter().map(|o| o.deviation[d].clone()).collect()],
            range: [[0.0, 1.2]; 3],
        })
        .collect();
    let branch = Branch {
        features: problem.features.clone(),
        statics: problem.statics.clone(),
        layers: parameters.layers.clone(),
        outputs: problem.outputs.clone(),
        hull: problem.hull,
        population: problem.population.clone(),
        deviation: problem.deviation.clone(),
        population_heads: parameters.outputs.iter().map(|o| o.population.clone()).collect(),
    };
    Spec { sign: 1.0, branches: vec![branch], devices }
}

/// `y` of every point of every task, from burn.
fn burn_values(problem: &Problem, surrogate: &Surrogate, device: &Device) -> Vec<Vec<f64>> {
    let places = Places::new(&Crowd { problems: vec![problem] }, device);
    let forward = |(t, task): (usize, &crate::problem::Task)| {
        let (n, inputs) = (task.points(), problem.layout.shape.inputs);
        let rows: Vec<f32> =
            (0..n).flat_map(|p| (0..inputs).map(move |k| task.x[k * n + p] as f32)).collect();
        let x = Tensor::from_data(TensorData::new(rows, [1, n, inputs]), device);
        let tasks = Tensor::from_data(TensorData::new(vec![t as i32; n], [n]), device);
        surrogate.network().forward(x, tasks, &places).into_data().iter::<f64>().collect()
    };
    problem.tasks.iter().enumerate().map(forward).collect()
}

#[test]
fn forward_equals_the_frozen_model_at_every_bias() {
    let problem = family().problem();
    let start = scattered(&problem);
    let device = Device::flex();
    let surrogate = Surrogate::from_parameters(&start, &problem.layout, &device);
    let spec = freeze(&problem, &surrogate.to_parameters(&problem.layout));
    spec.check().expect("shapes agree");

    let biases: Vec<[f64; 3]> = [0.0, -0.6]
        .iter()
        .flat_map(|&vb| [0.05, 0.2, 0.4, 0.6, 0.9, 1.2].map(move |vd| (vb, vd)))
        .flat_map(|(vb, vd)| (0..9).map(move |k| [1.2 * k as f64 / 8.0, vd, vb]))
        .collect();
    for (task, values) in problem.tasks.iter().zip(burn_values(&problem, &surrogate, &device)) {
        let instance = Instance::new(&spec, Member::Device(task.device), &task.place);
        let kind = problem.outputs[task.output].kind;
        for ((p, y), [vg, vd, vb]) in values.into_iter().enumerate().zip(&biases) {
            let current = instance.eval([*vd, *vg, 0.0, *vb]).output(kind).value;
            let (r, _) = residual(kind, y, task, p);
            let expected = (current / (2.0 * task.floor)).asinh();
            let got = r + task.target[p];
            assert!((got - expected).abs() < 2e-5 * (1.0 + expected.abs()), "{kind:?} {p}: {got} {expected}");
        }
    }
}

#[test]
fn parameters_survive_the_round_trip_through_tensors() {
    let problem = family().problem();
    let start = scattered(&problem);
    let surrogate = Surrogate::from_parameters(&start, &problem.layout, &Device::flex());
    assert_eq!(surrogate.num_params(), problem.layout.total());
    let once = surrogate.to_parameters(&problem.layout);
    let twice =
        Surrogate::from_parameters(&once, &problem.layout, &Device::flex()).to_parameters(&problem.layout);
    assert_eq!(once, twice);
    let pairs = start.flatten(&problem.layout).into_iter().zip(once.flatten(&problem.layout));
    for (a, b) in pairs {
        assert!((a - b).abs() <= 1e-7 * a.abs(), "{a} became {b}");
    }
}

#[test]
fn a_configured_surrogate_has_the_layout_of_its_problem() {
    let problem = family().problem();
    let surrogate = SurrogateConfig::of(&problem.layout).init(&Device::flex());
    let parameters = surrogate.to_parameters(&problem.layout);
    let theta = parameters.flatten(&problem.layout);
    assert_eq!(theta.len(), problem.layout.total());
    assert!(theta.iter().all(|v| v.is_finite()) && theta.iter().any(|v| *v != 0.0));
}

#[test]
fn asinh_of_exp_is_exact_and_keeps_its_slope_from_noise_to_overflow() {
    let z: Vec<f32> = vec![-90.0, -20.0, -3.0, -0.5, 0.0, 0.5, 3.0, 20.0, 60.0, 300.0];
    let device = Device::flex().autodiff();
    let tensor = Tensor::<2>::from_data(TensorData::new(z.clone(), [z.len(), 1]), &device).require_grad();
    let value = asinh_exp(tensor.clone());
    let gradients = value.clone().sum().backward();
    let slopes: Vec<f64> =
        tensor.grad(&gradients).expect("a tracked tensor").into_data().iter::<f64>().collect();
    for ((z, v), slope) in z.iter().zip(value.into_data().iter::<f64>()).zip(slopes) {
        let z = f64::from(*z);
        let (expected, rate) = if z > 40.0 {
            (z + 2f64.ln(), 1.0)
        } else {
            (z.exp().asinh(), 1.0 / (1.0 + (-2.0 * z).exp()).sqrt())
        };
        assert!((v - expected).abs() < 3e-7 * (1.0 + expected.abs()), "value at {z}: {v} {expected}");
        assert!((slope - rate).abs() < 1e-6, "slope at {z}: {slope} {rate}");
    }
}

#[test]
fn the_tangent_is_the_derivative_along_its_direction() {
    let problem = family().problem();
    let device = Device::flex();
    let surrogate = Surrogate::from_parameters(&scattered(&problem), &problem.layout, &device);
    let places = Places::new(&Crowd { problems: vec![&problem] }, &device);
    let at = |shift: f32| {
        let x: Vec<f32> =
            [0.3, -0.4, 0.8].iter().zip([1.0, -0.5, 0.25]).map(|(x, d)| x + shift * d).collect();
        Tensor::<3>::from_data(TensorData::new(x, [1, 1, 3]), &device)
    };
    let task = || Tensor::from_data(TensorData::from([4i32]), &device);
    let y = |shift: f32| surrogate.network().forward(at(shift), task(), &places).into_scalar::<f32>();
    let direction = Tensor::from_data(TensorData::from([[[1.0f32, -0.5, 0.25]]]), &device);
    let tangent = surrogate.network().tangent(at(0.0), direction, task(), &places).into_scalar::<f32>();
    let h = 1e-2;
    let difference = (y(h) - y(-h)) / (2.0 * h);
    assert!((tangent - difference).abs() < 1e-3 * (1.0 + difference.abs()), "{tangent} {difference}");
}

/// Loss over all points and slopes, from burn.
fn burn_loss(problem: &Problem, theta: &[f64], device: &Device) -> (Tensor<1>, Surrogate) {
    let plain = device.clone().without_autodiff();
    let parameters = Parameters::from_flat(theta, &problem.layout);
    let surrogate = Surrogate::from_parameters(&parameters, &problem.layout, device);
    let tasks = problem.tasks.iter().enumerate();
    let points = Points::new(problem, tasks.clone(), &plain).expect("weighted points");
    let slopes = Slopes::new(problem, tasks, &plain);
    let objective = Objective::new(&Crowd { problems: vec![problem] }, &points, slopes.as_ref(), &plain);
    let batch = Batch { points, slopes };
    let network = surrogate.network();
    let loss = objective.batch(&network, &batch) + objective.penalty(&network);
    (loss.mul_scalar(0.5 * batch.points.total), surrogate)
}

#[test]
fn the_loss_is_the_one_of_levenberg_marquardt() {
    let mut problem = Problem { slope_weight: 0.0, ..family().problem() };
    let theta = scattered(&problem).flatten(&problem.layout);
    let device = Device::flex();
    let same = |problem: &Problem, tolerance: f64| {
        let (loss, _) = burn_loss(problem, &theta, &device);
        let (got, expected) =
            (f64::from(loss.into_scalar::<f32>()), residuals::loss(&Prepared::new(problem), &theta));
        assert!((got / expected - 1.0).abs() < tolerance, "{got} {expected}");
    };
    same(&problem, 1e-5);
    problem.slope_weight = 1.0;
    for task in &mut problem.tasks {
        task.target.iter_mut().for_each(|t| *t += 3.0);
    }
    // Slopes of channel currents in the noise are left out here, and midpoints are exact to third order.
    same(&problem, 0.05);
}

#[test]
fn gradients_agree_with_finite_differences_of_the_kernel() {
    let problem = Problem { slope_weight: 0.0, strength: 3.0, ..family().problem() };
    let layout = &problem.layout;
    let theta = scattered(&problem).flatten(layout);
    let (loss, surrogate) = burn_loss(&problem, &theta, &Device::flex().autodiff());
    let gradients = GradientsParams::from_grads(loss.backward(), &surrogate);
    // A step of plain gradient descent with rate 1 carries the gradient back through the layout.
    let stepped = burn::optim::SgdConfig::new().init().step(1.0, surrogate.clone(), gradients);
    let (before, after) =
        (surrogate.to_parameters(layout).flatten(layout), stepped.to_parameters(layout).flatten(layout));
    let gradient: Vec<f64> = before.iter().zip(&after).map(|(b, a)| b - a).collect();
    let scale = gradient.iter().fold(0.0f64, |m, g| m.max(g.abs()));
    for k in (0..layout.total()).step_by(3) {
        let h = 1e-5;
        let at = |d: f64| {
            let mut t = theta.clone();
            t[k] += d;
            residuals::loss(&Prepared::new(&problem), &t)
        };
        let expected = (at(h) - at(-h)) / (2.0 * h);
        assert!((gradient[k] - expected).abs() < 1e-4 * scale, "parameter {k}: {} {expected}", gradient[k]);
    }
}

#[test]
fn loss_falls_far_and_the_frozen_best_state_scores_as_reported() {
    let problem = family().problem();
    let start = family().start(&problem);
    let first = residuals::loss(&Prepared::new(&problem), &start.flatten(&problem.layout));
    let outcome = run(&problem, &start, &AdamwConfig { steps: 800, ..quick() }, 1);
    assert_eq!((outcome.stopped, outcome.steps), (StopReason::Steps, 800));
    assert!(outcome.best.loss < 0.02 * first, "{first} fell to {}", outcome.best.loss);
    let again = residuals::loss(&Prepared::new(&problem), &outcome.parameters.flatten(&problem.layout));
    assert_eq!(again, outcome.best.loss);
    freeze(&problem, &outcome.parameters).check().expect("shapes agree");
}

#[test]
fn every_way_of_weighing_tasks_finds_the_family_and_its_seed_fixes_the_result() {
    let problem = family().problem();
    let start = family().start(&problem);
    let first = residuals::loss(&Prepared::new(&problem), &start.flatten(&problem.layout));
    let balances = [Balancing::Equal, Balancing::Uncertainty, Balancing::Gradnorm, Balancing::Dwa];
    let conflicts = [Conflicts::Pcgrad, Conflicts::Cagrad];
    let ways = balances
        .map(|balance| AdamwConfig { balance, ..quick() })
        .into_iter()
        .chain(conflicts.map(|conflicts| AdamwConfig { conflicts, ..quick() }))
        .chain([AdamwConfig { conflicts: Conflicts::Pcgrad, tasks: Balanced::Quantity, ..quick() }]);
    let plain = run(&problem, &start, &quick(), 4).best.loss;
    for config in ways {
        let [once, again] = [4, 4].map(|seed| run(&problem, &start, &config, seed).best.loss);
        assert_eq!(once, again, "{config:?}");
        assert!(
            once < 0.1 * first && once != plain,
            "{config:?}: {first} fell to {once}, without to {plain}"
        );
    }
}

#[test]
fn a_seed_fixes_the_result() {
    let problem = family().problem();
    let start = family().start(&problem);
    let [a, b, c] = [5, 5, 6].map(|seed| run(&problem, &start, &quick(), seed).parameters);
    assert_eq!(a, b);
    assert_ne!(a, c);
}

#[test]
fn early_stopping_returns_the_state_that_was_best_on_held_out_points() {
    let problem = family().problem();
    let start = family().start(&problem);
    // Held-out targets that contradict the fitted ones: the better the fit, the worse they are met.
    let surrogate = Surrogate::from_parameters(&start, &problem.layout, &Device::flex());
    let values = burn_values(&problem, &surrogate, &Device::flex());
    let mut held_out = problem.clone();
    for (task, values) in held_out.tasks.iter_mut().zip(values) {
        let kind = problem.outputs[task.output].kind;
        for (p, y) in values.into_iter().enumerate() {
            // Mirrored at what the start predicts, which therefore scores as well on both.
            task.target[p] += 2.0 * residual(kind, y, task, p).0;
        }
    }
    let config = AdamwConfig { steps: 5000, patience: 2, ..quick() };
    let mut seen = vec![];
    let outcome = solve(&problem, Some(&held_out), &start, &config, 0, &mut |j| {
        seen.push(*j);
        ControlFlow::Continue(())
    })
    .expect("the options are sound");
    assert_eq!((outcome.stopped, outcome.steps), (StopReason::Converged, 2 * JUDGE_EVERY));
    assert_eq!(outcome.best.step, 0);
    assert!(seen.len() == 3 && seen[1].loss < seen[0].loss && seen[1].held_out > seen[0].held_out);
}

#[test]
fn a_watcher_can_stop_and_keeps_the_best_state() {
    let problem = family().problem();
    let start = family().start(&problem);
    let outcome = solve(&problem, None, &start, &quick(), 0, &mut |j| {
        if j.step >= JUDGE_EVERY { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .expect("the options are sound");
    assert_eq!((outcome.stopped, outcome.steps), (StopReason::Interrupted, JUDGE_EVERY));
    assert_eq!(outcome.best.step, JUDGE_EVERY);
}

#[test]
fn bad_options_and_empty_problems_are_refused_by_name() {
    let mut problem = family().problem();
    let start = family().start(&problem);
    let refuse = |problem: &Problem, config: AdamwConfig| {
        solve(problem, None, &start, &config, 0, &mut |_| ControlFlow::Continue(()))
            .expect_err("refused")
            .to_string()
    };
    assert!(refuse(&problem, AdamwConfig { batch: 0, ..quick() }).contains("batch = 0"));
    assert!(refuse(&problem, AdamwConfig { learning_rate: 2.0, ..quick() }).contains("learning_rate = 2"));
    assert!(
        refuse(&problem, AdamwConfig { weight_decay: f64::NAN, ..quick() }).contains("weight_decay = NaN")
    );
    assert!(refuse(&problem, AdamwConfig { clip: 0.0, ..quick() }).contains("clip = 0"));
    for task in &mut problem.tasks {
        task.weight.fill(0.0);
    }
    assert!(refuse(&problem, quick()).contains("no point has a positive weight"));
}

#[test]
#[cfg(not(feature = "wgpu"))]
fn a_build_without_graphics_says_how_to_get_it() {
    assert!(open(ComputeDevice::Gpu).expect_err("not built").to_string().contains("--features wgpu"));
}

#[test]
#[cfg(feature = "wgpu")]
fn graphics_and_processor_agree_step_by_step() {
    let compute = match open(ComputeDevice::Gpu) {
        Ok(compute) => compute,
        Err(e) => return eprintln!("SKIPPED: {e}"),
    };
    eprintln!("on {}", compute.name);
    let problem = family().problem();
    let start = family().start(&problem);
    let config = AdamwConfig { steps: 20, ..quick() };
    let [cpu, gpu] = [ComputeDevice::Cpu, ComputeDevice::Gpu]
        .map(|device| run(&problem, &start, &AdamwConfig { device, ..config.clone() }, 3).best);
    assert_eq!(cpu.step, 20);
    assert!((cpu.loss / gpu.loss - 1.0).abs() < 1e-3, "{cpu:?} {gpu:?}");
}
