//! Held networks in burn against the f64 kernel, and what their steps do.

use std::ops::ControlFlow;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;
use crate::adamw::{Outcome, solve};
use crate::held::Held;
use crate::sharing::{Distance, SoftConfig, Towards};
use crate::soft::{Member, cut};
use crate::synthetic::Synthetic;

const DEVICES: usize = 4;

fn family() -> Synthetic {
    Synthetic { devices: DEVICES, gates: 9, gate: true, hidden: vec![7, 5], ..Synthetic::default() }
}

/// A network for each of `groups`, every unknown off zero and off those of the others.
fn members(problem: &Problem, groups: &[&[usize]]) -> Vec<Member> {
    let theta = family().start(problem).flatten(&problem.layout);
    let groups: Vec<_> = groups.iter().enumerate().map(|(k, g)| (format!("t{k}"), g.to_vec())).collect();
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let mut members = cut(problem, &groups, &theta);
    members.iter_mut().flat_map(|m| &mut m.theta).for_each(|t| *t += random.random_range(-0.1..0.1));
    members
}

/// Where `members` stand, and centres that are not their mean.
fn standing(members: &[Member], centres: usize) -> Standing {
    let shared = members[0].problem.layout.shared();
    let mut random = ChaCha8Rng::seed_from_u64(4);
    let mut off = |u: f64| u + random.random_range(-0.05..0.05);
    let first = &members[0].theta[..shared];
    let centre = |m: usize| first.iter().map(|u| if m == 0 { *u } else { 0.0 }).collect::<Vec<f64>>();
    Standing {
        thetas: members.iter().map(|m| m.theta.clone()).collect(),
        centres: (0..centres).map(|m| centre(m).into_iter().map(&mut off).collect()).collect(),
    }
}

/// The loss that the solver in f64 minimises.
fn loss(members: &[Member], tie: &Tie, standing: &Standing) -> f64 {
    let readings = members.iter().zip(&standing.thetas);
    let readings = readings.map(|(m, theta)| residuals::loss(&Prepared::new(&m.problem), theta));
    readings.sum::<f64>() + tie.penalties(&standing.thetas, &standing.centres)
}

/// Networks with all their readings in every batch, and how far a step of gradient descent takes them, in the solver's units.
fn stepped(members: &[Member], tie: &mut Tie, standing: &Standing) -> (f64, Standing) {
    let problems = members.iter().map(|m| &m.problem).collect();
    let config = AdamwConfig { batch: usize::MAX, ..AdamwConfig::default() };
    let device = Device::flex();
    let bonds = Bonds { tie, develop: &mut |_, _, _| false };
    let mut together = Together::tied(problems, &[], standing, bonds, (&config, 1), &device).unwrap();
    let batch = together.batches.next().unwrap();
    let loss = together.loss(&batch).mul_scalar((1.0 / together.unit) as f32);
    let value = f64::from(loss.clone().into_scalar::<f32>());
    let gradients = GradientsParams::from_grads(loss.backward(), &together.module);
    let moved = burn::optim::SgdConfig::new().init().step(1.0, together.module.clone(), gradients);
    (value, together.anchor.standing(&moved))
}

fn tie(members: &[Member], (towards, distance): (Towards, Distance), design: Vec<Vec<f64>>) -> Tie {
    let config = SoftConfig {
        towards,
        distance,
        strength: 2.0,
        layers: vec![1.0, 3.0],
        heads: 0.5,
        ..SoftConfig::default()
    };
    Tie::new(&members[0].problem.layout, &config, design)
}

/// Networks and what they are held to.
struct Case {
    groups: Vec<&'static [usize]>,
    towards: Towards,
    design: Vec<Vec<f64>>,
}

/// Devices alone, held to a line, in pairs, held to a mean, and alone, held to each other.
fn cases() -> [Case; 3] {
    [
        Case {
            groups: vec![&[0], &[1], &[2]],
            towards: Towards::Corners,
            design: vec![vec![1.0, -1.0], vec![1.0, 0.0], vec![1.0, 1.0]],
        },
        Case { groups: vec![&[0, 2], &[1, 3]], towards: Towards::Mean, design: vec![vec![1.0]; 2] },
        Case { groups: vec![&[0], &[1], &[2]], towards: Towards::Others, design: vec![vec![1.0]; 3] },
    ]
}

#[test]
fn loss_and_gradient_are_those_of_the_kernel() {
    // Slopes are compared below: here they are tangents, in the kernel they are differences.
    let problem = Problem { slope_weight: 0.0, strength: 3.0, ..family().problem() };
    for Case { groups, towards, design } in cases() {
        let members = members(&problem, &groups);
        for distance in [Distance::Squared, Distance::Norm, Distance::Absolute] {
            let mut tie = tie(&members, (towards, distance), design.clone());
            let here = standing(&members, tie.centres());
            let exact = loss(&members, &tie, &here);
            let (found, moved) = stepped(&members, &mut tie, &here);
            if distance == Distance::Squared {
                // The others are smoothed by a constant that the kernel takes off.
                assert!((found / exact - 1.0).abs() < 1e-5, "{found} instead of {exact}");
            }
            let at = |place: &dyn Fn(&mut Standing) -> &mut f64, h: f64| {
                let mut there = here.clone();
                *place(&mut there) += h;
                loss(&members, &tie, &there)
            };
            let slope =
                |place: &dyn Fn(&mut Standing) -> &mut f64| (at(place, 1e-5) - at(place, -1e-5)) / 2e-5;
            let strengths = tie.per_unknown();
            let largest =
                (0..here.thetas[0].len()).map(|i| slope(&|s| &mut s.thetas[0][i]).abs()).fold(0.0, f64::max);
            for k in 0..here.thetas.len() {
                for i in (0..here.thetas[k].len()).step_by(7) {
                    // Where the centres are, it goes with them.
                    let with = |s: &Standing| match i < strengths.len() {
                        true => tie.design[k].iter().zip(&s.centres).map(|(z, u)| z * u[i]).sum(),
                        false => 0.0,
                    };
                    let unit = if i < strengths.len() { 1.0 / (1.0 + strengths[i]) } else { 1.0 };
                    let went = (moved.thetas[k][i] - with(&moved)) - (here.thetas[k][i] - with(&here));
                    let expected = -unit * slope(&|s| &mut s.thetas[k][i]);
                    assert!(
                        (went - expected).abs() < 2e-4 * largest,
                        "{distance:?} {k} {i}: {went} {expected}"
                    );
                }
            }
            for m in 0..tie.centres() {
                for i in (0..strengths.len()).step_by(5) {
                    // Networks keep their distance when a centre moves.
                    let together = |h: f64| {
                        let mut there = here.clone();
                        there.centres[m][i] += h;
                        let each = there.thetas.iter_mut().zip(&tie.design);
                        each.for_each(|(theta, z)| theta[i] += z[m] * h);
                        loss(&members, &tie, &there)
                    };
                    let expected = -(together(1e-5) - together(-1e-5)) / 2e-5;
                    let went = moved.centres[m][i] - here.centres[m][i];
                    assert!(
                        (went - expected).abs() < 2e-4 * DEVICES as f64 * largest,
                        "{distance:?} centre {m} {i}: {went} {expected}"
                    );
                }
            }
        }
    }
}

#[test]
fn networks_together_cost_what_they_cost_alone_slopes_included() {
    let mut problem = family().problem();
    // Readings that stand clear of the noise, so that all networks have as many slopes.
    problem.tasks.iter_mut().for_each(|task| task.target.iter_mut().for_each(|t| *t += 3.0));
    let members = members(&problem, &[&[0], &[1], &[2], &[3]]);
    let free = SoftConfig { strength: 0.0, ..SoftConfig::default() };
    let cost = |members: &[Member]| {
        let mut tie = Tie::new(&members[0].problem.layout, &free, vec![vec![1.0]; members.len()]);
        let here = Standing { centres: vec![members[0].theta.clone()], ..standing(members, 1) };
        stepped(members, &mut tie, &here).0
    };
    let alone: f64 = (0..DEVICES).map(|k| cost(&members[k..=k])).sum();
    let together = cost(&members);
    assert!((together / alone - 1.0).abs() < 1e-5, "{together} together, {alone} alone");
    assert!(members[0].problem.slope_weight > 0.0);
}

#[test]
fn a_task_with_few_readings_is_in_every_batch_and_one_without_does_no_harm() {
    let mut problem = family().problem();
    for task in &mut problem.tasks {
        let kept = [usize::MAX, 4, 0, 9][task.device];
        task.weight.iter_mut().skip(kept).for_each(|w| *w = 0.0);
    }
    let members = members(&problem, &[&[0], &[1], &[2]]);
    let crowd = Crowd { problems: members.iter().map(|m| &m.problem).collect() };
    let device = Device::flex();
    let mut evenly = Evenly::new(&crowd, &device, 60, 1).unwrap();
    let network_of: Vec<usize> = crowd.tasks().map(|t| t.network).collect();
    for _ in 0..5 {
        let batch = evenly.next();
        assert_eq!(batch.points.inputs().dims(), [3, 20, 3]);
        let tasks: Vec<i64> = batch.points.tasks().into_data().iter::<i64>().collect();
        let networks: Vec<usize> = tasks.iter().map(|t| network_of[*t as usize]).collect();
        assert!(networks[..20].iter().all(|k| *k == 0) && networks[20..40].iter().all(|k| *k == 1));
    }
    let mut tie = tie(&members, (Towards::Mean, Distance::Squared), vec![vec![1.0]; 3]);
    let here = standing(&members, 1);
    let (_, moved) = stepped(&members, &mut tie, &here);
    assert!(moved.thetas.iter().flatten().all(|v| v.is_finite()));
    // What no reading speaks of moves by its tie alone.
    let first = &tie.per_unknown()[0];
    let expected = first / (1.0 + first) * (here.centres[0][0] - here.thetas[2][0]);
    let went = (moved.thetas[2][0] - moved.centres[0][0]) - (here.thetas[2][0] - here.centres[0][0]);
    assert!((went - expected).abs() < 1e-5 * (1.0 + expected.abs()), "{went} instead of {expected}");
}

fn held(strength: Vec<f64>, balance: crate::config::Balancing) -> (Result<Outcome, AdamwError>, Vec<f64>) {
    let mut problem = family().problem();
    let start = family().start(&problem);
    let theta = start.flatten(&problem.layout);
    let target = theta[..strength.len()].to_vec();
    problem.held = Some(Held { target, strength });
    // A trunk decays where nothing holds it.
    let config = AdamwConfig {
        steps: 300,
        batch: 128,
        learning_rate: 1e-2,
        weight_decay: 0.1,
        balance,
        ..AdamwConfig::default()
    };
    (solve(&problem, None, &start, &config, 1, &mut |_| ControlFlow::Continue(())), theta)
}

#[test]
fn a_frozen_trunk_stays_and_one_that_is_held_goes_as_far_as_it_may() {
    let layout = family().problem().layout;
    let trunk = layout.trunk();
    let plain = crate::config::Balancing::Noise;
    let run = |strength: f64| {
        let (outcome, theta) = held(vec![strength; trunk], plain);
        let outcome = outcome.unwrap();
        let moved: Vec<f64> = outcome.parameters.flatten(&layout);
        let apart = moved[..trunk].iter().zip(&theta).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
        assert!(moved[trunk..] != theta[trunk..], "heads move");
        (apart, outcome.best.loss)
    };
    let (frozen, at_start) = (run(f64::INFINITY), held(vec![f64::INFINITY; trunk], plain).1);
    assert_eq!(frozen.0, 0.0, "not a bit of the trunk moves");
    let problem = family().problem();
    assert!(frozen.1 < residuals::loss(&Prepared::new(&problem), &at_start));
    let apart = [1e-2, 1e2, 1e6].map(|strength| run(strength).0);
    assert!(apart.windows(2).all(|d| d[1] < d[0]) && apart[2] > 0.0, "{apart:?}");
    let refused = held(vec![1.0; trunk], crate::config::Balancing::Equal).0.unwrap_err().to_string();
    assert!(refused.contains("balance, conflicts = equal, ignored"), "{refused}");
}

#[test]
#[cfg(feature = "wgpu")]
fn tied_networks_are_the_same_on_graphics_and_processor() {
    use crate::config::ComputeDevice;

    if let Err(e) = crate::adamw::open(ComputeDevice::Gpu) {
        return eprintln!("SKIPPED: {e}");
    }
    let problem = family().problem();
    let members = members(&problem, &[&[0], &[1], &[2], &[3]]);
    let here = standing(&members, 1);
    let [cpu, gpu] = [ComputeDevice::Cpu, ComputeDevice::Gpu].map(|device| {
        let mut tie = tie(&members, Distance::Squared, vec![vec![1.0]; DEVICES]);
        let problems = members.iter().map(|m| &m.problem).collect();
        let bonds = Bonds { tie: &mut tie, develop: &mut |_, _, _| false };
        let config = AdamwConfig { device, steps: 20, batch: 128, ..AdamwConfig::default() };
        let watch = &mut |_: &Judgement| ControlFlow::Continue(());
        crate::adamw::solve_tied(problems, &[], &here, bonds, (&config, 3), watch).unwrap().best
    });
    assert_eq!((cpu.step, gpu.step), (20, 20));
    assert!((cpu.loss / gpu.loss - 1.0).abs() < 1e-3, "{cpu:?} {gpu:?}");
}
