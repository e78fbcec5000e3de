//! Ties from loose to tight on a made-up family.

use super::tie::SMOOTH;
use super::*;
use crate::config::AdamwConfig;
use crate::lm::Lm;
use crate::prepared::Prepared;
use crate::problem::Task;
use crate::sharing::{Distance, Towards};
use crate::synthetic::Synthetic;

const DEVICES: usize = 4;

/// A hard-shared fit of a few transistors, and its parameters.
fn hard() -> (Problem, Vec<f64>) {
    hard_with(1.0)
}

/// The same where slopes have this weight. AdamW compares tangents and not differences, which is not the same between readings as
/// far apart as these.
fn hard_with(slope_weight: f64) -> (Problem, Vec<f64>) {
    let family = Synthetic { devices: DEVICES, gates: 12, hidden: vec![6, 5], ..Synthetic::default() };
    let problem = Problem { slope_weight, ..family.problem() };
    let prepared = Prepared::new(&problem);
    let mut lm = Lm::new(&prepared, family.start(&problem).flatten(&problem.layout));
    for _ in 0..60 {
        lm.step(&prepared);
    }
    let theta = lm.theta;
    drop(prepared);
    (problem, theta)
}

fn members(problem: &Problem, theta: &[f64]) -> Vec<Member> {
    let groups: Vec<_> = (0..DEVICES).map(|d| (format!("t{d}"), vec![d])).collect();
    cut(problem, &groups, theta)
}

/// Losses of the readings of all members.
fn loss(members: &[Member]) -> f64 {
    members.iter().map(|m| crate::lm::residuals::loss(&Prepared::new(&m.problem), &m.theta)).sum()
}

fn tied(problem: &Problem, theta: &[f64], config: &SoftConfig) -> (Vec<Member>, SharingReport) {
    let mut members = members(problem, theta);
    let mut blind = ();
    let mut watch = Watch::new(&mut blind);
    let solution = solve(
        &mut members,
        (config, &LmConfig { tolerance: 1e-4, ..LmConfig::default() }),
        0,
        None,
        &mut watch,
    )
    .unwrap();
    let losses: Vec<f64> = watch.history.iter().map(|h| h.loss).collect();
    if config.schedule == Schedule::Fixed {
        assert!(losses.windows(2).all(|w| w[1] < w[0]), "every step lowers the loss: {losses:?}");
    }
    (members, solution.report)
}

/// Largest distance of two tasks' trunks.
fn apart(report: &SharingReport) -> f64 {
    report.between.iter().flatten().fold(0.0, |a, b| a.max(*b))
}

#[test]
fn cut_networks_say_what_the_whole_said() {
    let (problem, theta) = hard();
    // The penalty on deviations is not part of a single device's loss, whose deviation is zero.
    let layout = &problem.layout;
    let penalty: f64 = theta[layout.shared()..].iter().map(|d| 0.5 * problem.strength * d * d).sum();
    let whole = crate::lm::residuals::loss(&Prepared::new(&problem), &theta) - penalty;
    let parts = loss(&members(&problem, &theta));
    assert!((parts / whole - 1.0).abs() < 1e-9, "{parts} against {whole}");
    let all = cut(&problem, &[("all".into(), vec![0, 1, 2, 3])], &theta);
    assert_eq!(all[0].theta, theta, "a task of all devices is the whole");
}

#[test]
fn tighter_ties_bring_networks_together_and_cost_accuracy() {
    let (problem, theta) = hard();
    let runs: Vec<(f64, f64)> = [1e-4, 1e-1, 1e2, 1e5]
        .into_iter()
        .map(|strength| {
            let config = SoftConfig { strength, heads: 0.0, max_steps: 40, ..SoftConfig::default() };
            let (members, report) = tied(&problem, &theta, &config);
            (apart(&report), loss(&members))
        })
        .collect();
    for pair in runs.windows(2) {
        assert!(pair[1].0 < pair[0].0, "distances fall: {runs:?}");
    }
    assert!(runs[1..].iter().all(|r| r.1 > runs[0].1), "freedom lowers the loss: {runs:?}");
    assert!(runs[3].0 < 0.01 * runs[0].0, "tight ties leave one trunk: {runs:?}");
}

#[test]
fn no_distance_is_left_at_the_centre_of_a_converged_fit() {
    let (problem, theta) = hard();
    for distance in [Distance::Squared, Distance::Norm, Distance::Absolute] {
        let config =
            SoftConfig { distance, strength: 1.0, heads: 1.0, max_steps: 40, ..SoftConfig::default() };
        let (members, report) = tied(&problem, &theta, &config);
        assert!(report.from_centre.iter().flatten().all(|d| d.is_finite()));
        if distance == Distance::Squared {
            // The centre of squared distances is the mean.
            let mean = |i: usize| members.iter().map(|m| m.theta[i]).sum::<f64>() / DEVICES as f64;
            let first = problem.layout.shape.layers().next().unwrap();
            let numbers = first.bias_offset() + first.outputs;
            for (k, m) in members.iter().enumerate() {
                let squares: f64 = (0..numbers).map(|i| (m.theta[i] - mean(i)).powi(2)).sum();
                let rms = (squares / numbers as f64).sqrt();
                assert!((rms - report.from_centre[k][0]).abs() < 0.02 * rms + 1e-6, "{rms} {report:?}");
            }
        }
    }
}

#[test]
fn squares_between_every_two_take_the_steps_of_squares_from_the_mean() {
    let (problem, theta) = hard();
    let found = |towards: Towards| {
        // Later the last digits of many steps have grown into the first.
        let config = SoftConfig { towards, strength: 1.0, heads: 1.0, max_steps: 5, ..SoftConfig::default() };
        let (members, report) = tied(&problem, &theta, &config);
        [loss(&members), apart(&report)]
    };
    let (mean, others) = (found(Towards::Mean), found(Towards::Others));
    assert!(mean[0] < 0.95 * loss(&members(&problem, &theta)) && mean[1] > 0.1, "{mean:?}");
    for (mean, others) in mean.into_iter().zip(others) {
        assert!((others / mean - 1.0).abs() < 1e-6, "{others:?} {mean:?}");
    }
}

#[test]
fn norms_between_every_two_leave_groups_of_equal_networks() {
    // Devices 0 and 1 have the readings of one transistor, 2 and 3 those of another: their layers are one, whatever sets the
    // transistors apart.
    let (mut problem, theta) = hard();
    for (from, to) in [(0, 1), (2, 3)] {
        let of = |device: usize| problem.tasks.iter().position(|t| t.device == device);
        let (from, to) = (of(from).unwrap(), of(to).unwrap());
        problem.tasks[to] = Task { device: problem.tasks[to].device, ..problem.tasks[from].clone() };
    }
    for distance in [Distance::Norm, Distance::Absolute] {
        let config = SoftConfig {
            towards: Towards::Others,
            distance,
            strength: 0.1,
            heads: 1.0,
            max_steps: 60,
            ..SoftConfig::default()
        };
        let (_, SharingReport { between, .. }) = tied(&problem, &theta, &config);
        let (within, across) = (between[0][1].max(between[2][3]), between[0][2].min(between[1][3]));
        assert!(within < 0.05 * across, "{distance:?}: {between:?}");
    }
}

#[test]
fn a_task_with_few_readings_learns_from_the_others() {
    let (problem, theta) = hard();
    // Task 0 keeps five readings; its other readings judge it.
    let full = members(&problem, &theta);
    let mut poor = problem.clone();
    let keep = [3, 20, 57, 90, 130];
    for (p, w) in poor.tasks[0].weight.iter_mut().enumerate() {
        if !keep.contains(&p) {
            *w = 0.0;
        }
    }
    let prepared = Prepared::new(&poor);
    let family = Synthetic { devices: DEVICES, gates: 12, hidden: vec![6, 5], ..Synthetic::default() };
    let mut lm = Lm::new(&prepared, family.start(&poor).flatten(&poor.layout));
    for _ in 0..60 {
        lm.step(&prepared);
    }
    let start = lm.theta;
    drop(prepared);
    let unseen = |strength: f64| {
        let config = SoftConfig { strength, heads: 0.01, max_steps: 40, ..SoftConfig::default() };
        let (members, _) = tied(&poor, &start, &config);
        crate::lm::residuals::loss(&Prepared::new(&full[0].problem), &members[0].theta)
    };
    let (free, held) = (unseen(1e-9), unseen(1.0));
    assert!(held < 0.5 * free, "tied {held}, free {free}");
}

#[test]
fn strengths_are_learned_and_annealing_ends_at_its_strength() {
    let (problem, theta) = hard();
    let learned =
        SoftConfig { schedule: Schedule::Learned, heads: 1.0, max_steps: 40, ..SoftConfig::default() };
    let (_, report) = tied(&problem, &theta, &learned);
    assert!(report.strengths.iter().all(|s| *s != 1.0 && s.is_finite()), "{report:?}");
    let fixed = SoftConfig { strength: 0.1, max_steps: 60, ..SoftConfig::default() };
    let annealed = SoftConfig { schedule: Schedule::Annealed, ..fixed.clone() };
    let (fixed, annealed) = (tied(&problem, &theta, &fixed).1, tied(&problem, &theta, &annealed).1);
    assert_eq!(fixed.strengths, annealed.strengths);
}

/// The same by AdamW.
fn walked(problem: &Problem, theta: &[f64], config: &SoftConfig) -> (Vec<Member>, SharingReport) {
    let mut members = members(problem, theta);
    let mut blind = ();
    let mut watch = Watch::new(&mut blind);
    let adamw = AdamwConfig { steps: 1500, batch: 400, ..AdamwConfig::default() };
    let solution = walk(&mut members, &[], (config, &adamw, 3), 60, None, &mut watch).unwrap();
    assert_eq!((solution.stopped, solution.steps), (StopReason::Steps, 1560));
    (members, solution.report)
}

#[test]
fn both_solvers_find_networks_as_close_and_as_good() {
    let (problem, theta) = hard_with(0.0);
    let runs: Vec<[(f64, f64); 2]> = [1e-1, 1e2, 1e5]
        .into_iter()
        .map(|strength| {
            let config = SoftConfig { strength, heads: 0.0, max_steps: 40, ..SoftConfig::default() };
            [tied(&problem, &theta, &config), walked(&problem, &theta, &config)]
                .map(|(members, report)| (apart(&report), loss(&members)))
        })
        .collect();
    for way in 0..2 {
        let fall = runs.windows(2).all(|w| w[1][way].0 < w[0][way].0);
        assert!(fall, "tighter ties bring networks together: {runs:?}");
    }
    // Ties that pull more than readings do leave the same distance, whoever finds it.
    let [exact, found] = runs[2];
    assert!((found.0 / exact.0 - 1.0).abs() < 0.3, "{runs:?}");
    assert!(found.1 < loss(&members(&problem, &theta)), "steps lower the loss: {runs:?}");
}

#[test]
fn both_solvers_tie_networks_to_each_other() {
    let (problem, theta) = hard_with(0.0);
    let config = SoftConfig {
        towards: Towards::Others,
        distance: Distance::Norm,
        strength: 100.0,
        heads: 0.0,
        max_steps: 40,
        ..SoftConfig::default()
    };
    let begun = loss(&members(&problem, &theta));
    let [exact, found] = [tied(&problem, &theta, &config), walked(&problem, &theta, &config)]
        .map(|(members, report)| (apart(&report), loss(&members)));
    assert!(exact.1 < begun && found.1 < begun, "{exact:?} {found:?} {begun}");
    assert!(found.0 < 10.0 * exact.0.max(SMOOTH), "{exact:?} {found:?}");
}

#[test]
fn adamw_learns_strengths_and_anneals_them() {
    let (problem, theta) = hard_with(0.0);
    let learned = SoftConfig { schedule: Schedule::Learned, heads: 1.0, ..SoftConfig::default() };
    let (mut found, report) = walked(&problem, &theta, &learned);
    assert!(loss(&found) < loss(&members(&problem, &theta)));
    assert!(report.strengths.iter().all(|s| *s != 1.0 && s.is_finite()), "{report:?}");

    let stronger = SoftConfig { strength: 2.0, ..SoftConfig::default() };
    let mut tie = tie_between(&mut found, &stronger, None).unwrap();
    let mut at = |step: usize| (walk::loosen(step, 600, &mut tie), tie.per_unknown()[0] / 2.0);
    assert_eq!(at(0), (true, ANNEAL_FROM));
    let half = at(150);
    assert!(half.0 && (half.1 / ANNEAL_FROM.sqrt() - 1.0).abs() < 1e-12, "{half:?}");
    assert_eq!([at(300), at(400), at(600)], [(true, 1.0), (false, 1.0), (false, 1.0)]);
    let annealed = SoftConfig { schedule: Schedule::Annealed, heads: 1.0, ..SoftConfig::default() };
    let (found, report) = walked(&problem, &theta, &annealed);
    assert!(loss(&found) < loss(&members(&problem, &theta)) && report.strengths.iter().all(|s| *s == 1.0));
}

#[test]
fn single_devices_beside_groups_keep_their_population() {
    let (problem, theta) = hard_with(0.0);
    let groups = [("pair".to_owned(), vec![0, 1]), ("one".to_owned(), vec![2]), ("last".to_owned(), vec![3])];
    let mixed = || cut(&problem, &groups, &theta);
    assert!(mixed().iter().all(|m| m.problem.layout.shared() == problem.layout.shared()));
    let config = SoftConfig { max_steps: 5, strength: 0.01, ..SoftConfig::default() };
    let mut blind = ();
    let mut watch = Watch::new(&mut blind);
    let begun = loss(&mixed());
    let mut by_lm = mixed();
    solve(&mut by_lm, (&config, &LmConfig::default()), 0, None, &mut watch).unwrap();
    assert!(loss(&by_lm) < begun);
    let mut by_adamw = mixed();
    let adamw = AdamwConfig { steps: 200, batch: 200, ..AdamwConfig::default() };
    walk(&mut by_adamw, &[], (&config, &adamw, 3), 0, None, &mut watch).unwrap();
    assert!(loss(&by_adamw) < begun, "{} from {begun}", loss(&by_adamw));
}
