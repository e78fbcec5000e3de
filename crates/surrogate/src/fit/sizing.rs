//! The size of the trunk, chosen before the fit: a trunk grows on part of the curves until the others no longer gain.
//!
//! A narrow trunk is fitted to most of the curves of a subset and judged by the others; neurons are added, the wider trunk
//! goes on from the narrower one, and is judged again. Growing is cheap, because every width begins near a solution. The fit
//! itself begins anew with the width that was chosen, so that a width given by hand leads to the same fit.

use gummel_kernel::jacobian::TrunkShape;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::Watch;
use super::descent::{StopRule, scale};
use crate::aside::{DEVICES, apart, common, error, points_per_task, turns};
use crate::config::LmConfig;
use crate::lm::{Lm, Outcome};
use crate::parameters::Layout;
use crate::prepared::Prepared;
use crate::problem::Problem;
use crate::start::{start, widened};

/// Neurons of both layers, narrowest first.
const WIDTHS: [usize; 7] = [4, 8, 12, 16, 20, 24, 28];
/// A wider trunk is taken when it brings the error of held-out curves below this share: what chance alone would not.
const PAYS: f64 = 0.97;
/// Wider trunks are taken when the error falls by as much as the cost of every later evaluation grows.
const USUAL: usize = 20;
/// Most steps of one width.
const STEPS: usize = 15;

/// Gives `problem` the trunk whose width pays and says why; `None`, and the trunk stays as it is, where there are no curves
/// to judge by or the fit is over already.
pub(super) fn size(
    problem: &mut Problem,
    config: &LmConfig,
    seed: u64,
    watch: &mut Watch<'_>,
) -> Option<String> {
    let few = problem.few_devices(DEVICES);
    let turns = turns(&few);
    let paths: Vec<Vec<f64>> = (0..turns)
        .map(|turn| {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (learnt, held) = apart(&few, turn, &mut rng);
            let mut growing = Growing { config, watch, done: turn * WIDTHS.len(), of: turns * WIDTHS.len() };
            growing.errors(&learnt, held, &mut rng)
        })
        .collect();
    let errors = common(&paths);
    if watch.over(config.seconds).is_some() || errors.iter().any(|e| !e.is_finite()) {
        return None;
    }
    let chosen = choose(&errors);
    problem.layout = sized(&problem.layout, WIDTHS[chosen]);
    Some(sentence(&errors, chosen))
}

/// A trunk that grows, and who watches it.
struct Growing<'a, 'b> {
    config: &'a LmConfig,
    watch: &'a mut Watch<'b>,
    /// Widths that are over, and all that may come.
    done: usize,
    of: usize,
}

impl Growing<'_, '_> {
    /// Errors on `held` of trunks fitted to `learnt`, until wider ones no longer pay or the fit is over.
    fn errors(&mut self, learnt: &Problem, mut held: Problem, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let mut errors = Vec::new();
        let mut narrower: Option<(Layout, Vec<f64>)> = None;
        let subset = learnt.subset(points_per_task(learnt), rng);
        for width in WIDTHS {
            let subset = Problem { layout: sized(&learnt.layout, width), ..subset.clone() };
            let prepared = Prepared::new(&subset);
            let lm = match &narrower {
                None => self.best_start(&subset, &prepared, rng),
                Some((layout, theta)) => Lm::new(&prepared, widened(theta, layout, &subset.layout, rng)),
            };
            let Some(lm) = self.fitted(lm, &prepared) else { break };
            held.layout = subset.layout.clone();
            errors.push(error(&held, &lm.theta));
            narrower = Some((held.layout.clone(), lm.theta));
            self.done += 1;
            if hopeless(&errors) {
                break;
            }
        }
        errors
    }

    /// The best of several starts after some steps.
    fn best_start(&self, subset: &Problem, prepared: &Prepared<'_>, rng: &mut ChaCha8Rng) -> Lm {
        let mut best = Lm::new(prepared, start(subset, rng));
        for _ in 1..self.config.starts {
            let mut other = Lm::new(prepared, start(subset, rng));
            for lm in [&mut best, &mut other] {
                lm.steps(prepared, self.config.start_steps);
            }
            if other.loss < best.loss {
                best = other;
            }
        }
        best
    }

    /// `lm` after all its steps; `None` when the fit as a whole must end.
    fn fitted(&mut self, mut lm: Lm, prepared: &Prepared<'_>) -> Option<Lm> {
        let mut rule = StopRule::new(self.config.tolerance);
        for step in 0..STEPS {
            if self.watch.over(self.config.seconds).is_some() {
                return None;
            }
            let loss = lm.loss * scale(prepared);
            self.watch.show("trunk size", self.done * STEPS + step, self.of * STEPS, loss);
            if let Outcome::Stalled = lm.step(prepared) {
                break;
            }
            if rule.converged(lm.loss) {
                break;
            }
        }
        Some(lm)
    }
}

/// The same unknowns with both layers of the trunk `width` wide.
fn sized(layout: &Layout, width: usize) -> Layout {
    let shape = TrunkShape { widths: vec![width; 2], ..layout.shape.clone() };
    Layout { shape, ..layout.clone() }
}

/// Index of the widest trunk that paid.
fn choose(errors: &[f64]) -> usize {
    (1..errors.len()).fold(0, |best, k| if errors[k] < pays(best, k) * errors[best] { k } else { best })
}

/// Share of the error of width `from` that width `to` must not exceed.
fn pays(from: usize, to: usize) -> f64 {
    let (from, to) = (WIDTHS[from], WIDTHS[to]);
    if to > USUAL { (from as f64 / to as f64).powi(2) } else { PAYS }
}

/// True when wider trunks are not worth a try: two in a row did not pay, or the last gain would not pay for one that is
/// wider than usual.
fn hopeless(errors: &[f64]) -> bool {
    let (best, tried) = (choose(errors), errors.len());
    let dear = tried < WIDTHS.len() && WIDTHS[tried] > USUAL;
    best + 2 < tried || (dear && (best + 1 < tried || errors[best] > pays(best, tried) * errors[best - 1]))
}

/// What was chosen and why.
fn sentence(errors: &[f64], chosen: usize) -> String {
    let tried = errors.iter().zip(WIDTHS).map(|(e, w)| format!("{w}: {:.2} %", 100.0 * e));
    let width = WIDTHS[chosen];
    format!("{TOLD}{width},{width} neurons; held-out curves: {}", tried.collect::<Vec<_>>().join(", "))
}

/// How [`sentence`] begins.
const TOLD: &str = "trunk of ";

/// True for what this module says of its choice.
pub(super) fn is_told(decision: &str) -> bool {
    decision.starts_with(TOLD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::Synthetic;

    #[test]
    fn the_widest_trunk_that_pays_is_chosen() {
        assert_eq!(WIDTHS[choose(&[0.10, 0.05, 0.02, 0.0199, 0.01])], 20);
        assert_eq!(WIDTHS[choose(&[0.10, 0.05, 0.02, 0.0199, 0.0198])], 12);
        // Wider than usual by 20 %: the error must fall by 31 %.
        assert_eq!(WIDTHS[choose(&[0.10, 0.08, 0.06, 0.04, 0.02, 0.015])], 20);
        assert_eq!(WIDTHS[choose(&[0.10, 0.08, 0.06, 0.04, 0.02, 0.013])], 24);
    }

    #[test]
    fn growing_ends_where_it_no_longer_helps() {
        assert!(!hopeless(&[0.1, 0.1, 0.05]));
        assert!(hopeless(&[0.05, 0.1, 0.06]));
        // Four more neurons brought 20 %, a trunk of 24 would have to bring 31 %.
        assert!(hopeless(&[0.2, 0.1, 0.05, 0.025, 0.02]));
        assert!(!hopeless(&[0.2, 0.1, 0.05, 0.025, 0.015]));
    }

    #[test]
    fn many_readings_carry_a_wider_trunk_than_few() {
        let chosen = |gates: usize, devices: usize| {
            let mut problem = Synthetic { devices, gates, ..Synthetic::default() }.problem();
            let told = size(&mut problem, &LmConfig::default(), 0, &mut Watch::new(&mut ()));
            (problem.layout.shape.widths[0], told.expect("there are curves"))
        };
        let ((few, told_few), (many, told_many)) = (chosen(3, 1), chosen(25, 8));
        assert!(few < many, "{told_few} / {told_many}");
        assert!(told_many.contains(&format!("trunk of {many},{many} neurons")), "{told_many}");
    }
}
