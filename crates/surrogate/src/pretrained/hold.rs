//! How tightly a given trunk is held, chosen by curves that are kept aside: few readings cannot say what a trunk should be,
//! many can.
//!
//! On a subset heads are fitted first, then heads and trunk held ever more loosely, each fit going on from the one before. Holds
//! whose error is within one standard error, over the curves, of the least are as good (L. Breiman et al., "Classification and
//! regression trees", 1984); of these the one nearest to the usual wins. Few curves cannot tell an extreme from luck: on seven
//! readings of each SKY130 nfet the errors from 10 to 1e-4 lie between 15 and 17 % on curves held out, those of the whole
//! devices between 13 and 54 %.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::aside::{apart, devices, geometric, log_errors, points_per_task, turns};
use crate::held::Held;
use crate::lm::Lm;
use crate::prepared::Prepared;
use crate::problem::Problem;

/// Strengths that are tried, tightest first: from a trunk that hardly moves to one that is nearly free.
const STRENGTHS: [f64; 8] = [10.0, 1.0, 0.1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6];
/// Strength where no curve can be kept aside, and where curves do not tell.
const USUAL: f64 = 1e-2;
/// Steps of the heads alone, and of every strength.
const STEPS: usize = 15;

/// A strength and why.
pub(super) struct Choice {
    pub(super) strength: f64,
    pub(super) told: String,
}

/// Chooses for `problem`, which begins at `theta`; `held` makes the hold of a strength.
pub(super) fn choose(problem: &Problem, theta: &[f64], seed: u64, held: impl Fn(f64) -> Held) -> Choice {
    let few = problem.few_devices(devices(problem));
    let begin = &theta[..few.layout.total()];
    let turns = (0..turns(&few)).map(|turn| errors(&few, begin, turn, seed, &held));
    // The curves of all turns, strength by strength.
    let logs = turns.fold(vec![Vec::new(); STRENGTHS.len()], |mut all, turn| {
        all.iter_mut().zip(turn).for_each(|(all, curves)| all.extend(curves));
        all
    });
    let errors: Vec<f64> = logs.iter().map(|l| geometric(l)).collect();
    if errors.iter().any(|e| !e.is_finite()) {
        let told = format!("with strength {USUAL}: there are no curves to choose by");
        return Choice { strength: USUAL, told };
    }
    let least = (0..errors.len()).min_by(|a, b| errors[*a].total_cmp(&errors[*b])).unwrap_or(0);
    let decades = |k: &usize| (STRENGTHS[*k] / USUAL).log10().abs();
    let as_good = (0..logs.len()).filter(|k| within_chance(&logs[*k], &logs[least]));
    let best = as_good.min_by(|a, b| decades(a).total_cmp(&decades(b))).unwrap_or(least);
    let tried = errors.iter().zip(STRENGTHS).map(|(e, s)| format!("{s}: {:.2} %", 100.0 * e));
    let told = format!(
        "with strength {}; held-out curves: {}",
        STRENGTHS[best],
        tried.collect::<Vec<_>>().join(", ")
    );
    Choice { strength: STRENGTHS[best], told }
}

/// True where the logarithms `a` exceed those of the same curves in `b` by no more than the standard error of that difference.
fn within_chance(a: &[f64], b: &[f64]) -> bool {
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let n = differences.len() as f64;
    let centre = differences.iter().sum::<f64>() / n;
    let variance = differences.iter().map(|d| (d - centre).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    centre <= (variance / n).sqrt()
}

/// Logarithms of the errors of the curves of part `turn` of `few`, for every strength.
fn errors(
    few: &Problem,
    begin: &[f64],
    turn: usize,
    seed: u64,
    held: &impl Fn(f64) -> Held,
) -> Vec<Vec<f64>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (learnt, judge) = apart(few, turn, &mut rng);
    let subset = learnt.subset(points_per_task(&learnt), &mut rng);
    let still = held(STRENGTHS[0]).with_still_trunk(few.layout.trunk());
    let mut theta = stepped(&subset, begin.to_vec(), still);
    STRENGTHS
        .iter()
        .map(|strength| {
            theta = stepped(&subset, std::mem::take(&mut theta), held(*strength));
            log_errors(&judge, &theta)
        })
        .collect()
}

/// `theta` after some steps on `subset`.
fn stepped(subset: &Problem, theta: Vec<f64>, held: Held) -> Vec<f64> {
    let problem = Problem { held: Some(held), ..subset.clone() };
    let prepared = Prepared::new(&problem);
    let mut lm = Lm::new(&prepared, theta);
    lm.steps(&prepared, STEPS);
    lm.theta
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Synthetic;

    /// The strength chosen for a family whose given trunk is `off` by some of every parameter's size.
    fn chosen(gates: usize, devices: usize, off: f64) -> (f64, String) {
        let family = Synthetic { devices, gates, hidden: vec![8, 8], ..Synthetic::default() };
        let mut problem = family.problem();
        // A trunk that knows transistors: that of a family of other devices.
        let other = Synthetic { devices: 8, gates: 25, seed: 9, ..family.clone() };
        let solved =
            crate::fit::solve_problem(&mut other.problem(), &crate::LmConfig::default(), 0, &mut ()).unwrap();
        let mut theta = solved.parameters.flatten(&other.problem().layout);
        theta.truncate(problem.layout.shared());
        theta.resize(problem.layout.total(), 0.0);
        let trunk = problem.layout.trunk();
        for (k, v) in theta[..trunk].iter_mut().enumerate() {
            *v *= 1.0 + if k % 2 == 0 { off } else { -off };
        }
        problem.held = None;
        let target = theta[..trunk].to_vec();
        let choice =
            choose(&problem, &theta, 0, |s| Held { target: target.clone(), strength: vec![s; trunk] });
        (choice.strength, choice.told)
    }

    #[test]
    fn a_good_trunk_is_held_where_readings_are_few_and_a_bad_one_is_let_go_where_they_are_many() {
        let (few, told_few) = chosen(2, 2, 0.0);
        let (many, told_many) = chosen(25, 8, 0.5);
        assert!(few > many, "{told_few} / {told_many}");
        assert!(many <= 1e-3, "{told_many}");
    }
}
