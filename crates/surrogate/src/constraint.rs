//! Signs of gm and gds as soft constraints of the fit, at biases where nobody measured.
//!
//! With `I = scale vds exp(y)`, gds has the sign of `q = 1 + vds dy/dvds` and gm that of `p = dy/dvgs`. Both are slopes
//! of the network along a direction of its inputs, and
//! ```text
//! hinge = rho min(0, q - margin)
//! ```
//! is one more residual. Biases are drawn at random in a box around each device's data; those where a constraint fails
//! above the noise floor join the *active set* and stay in it, and their hinges enter the normal equations beside the
//! data. A bias that obeys again costs nothing. This is the penalty method with working sets (J. Nocedal, S. J. Wright,
//! "Numerical Optimization", 2006, chapter 17); a certificate (`gummel certify`) then says whether it succeeded.

mod hinges;
mod slopes;
mod watched;

use gummel_data::Dataset;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::config::{FitConfig, LmConfig, Solver};
use crate::fit::{Solution, StopRule, Watch};
use crate::freeze::range;
use crate::leakage::leakage;
use crate::lm::residuals::loss;
use crate::lm::{Lm, Outcome, StopReason};
use crate::prepared::Prepared;
use crate::problem::Problem;
use hinges::{Active, Constraints, Demand, Drawn};
use watched::{Bounds, Sides};

/// Signs that slopes must have, also where there are no data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConstraintsConfig {
    /// Most steps at the end of the fit in which gm and gds are brought between their bounds; 0 leaves them alone.
    pub steps: usize,
    /// How far beyond the measured voltages, as a fraction of each end.
    pub beyond: f64,
    /// Biases drawn anew before each step, over all devices, at most as many again over those of little weight; up to 16 times as many when rho is nearly grown, or once no
    /// violation is found.
    pub draws: usize,
    /// rho: weight of a violation.
    pub strength: f64,
    /// Least d ln I / d ln vds.
    pub gds_margin: f64,
    /// Least d ln I / d vgs, 1/V.
    pub gm_margin: f64,
    /// Most growth of the error on the data (root mean square of the weighted residuals) that all bounds may cost, as a
    /// fraction; signs alone may cost three times as much. Where the data contradict them it is more.
    pub cost: f64,
    /// gm is asked for where the current exceeds this many noise floors and what the readings show to be leakage of the
    /// drain, which decides below.
    pub leakage: f64,
}

impl Default for ConstraintsConfig {
    fn default() -> Self {
        ConstraintsConfig {
            steps: 80,
            beyond: 0.3,
            draws: 6000,
            strength: 15.0,
            gds_margin: 0.005,
            gm_margin: 0.02,
            cost: 0.1,
            leakage: 20.0,
        }
    }
}

/// A draw without a violation is followed by one so many times larger, up to the largest: what is left at the end is rare.
const FINER: usize = 4;
/// The largest draw over the first.
const FINEST: usize = 16;

/// What is asked for, one after the other until the data agree: all bounds of physics, then signs, of gm where the current is
/// well above what the drain leaks to the bulk.
const ATTEMPTS: [Bid; 2] = [
    Bid { demand: Demand { bounds: Bounds::Physics, aloof: 1.0 }, name: "bounds of physics", costs: 1.0 },
    // A simulator can do with an error a quarter larger, but not with a negative conductance.
    Bid { demand: Demand { bounds: Bounds::Signs, aloof: 10.0 }, name: "signs", costs: 3.0 },
];

/// What is asked for, and the growth of the error it may cost, in terms of the configured one.
struct Bid {
    demand: Demand,
    name: &'static str,
    costs: f64,
}

/// Goes on from a solution until bounds hold at freshly drawn biases; also says in a sentence per attempt how that went.
///
/// The stochastic solver takes no bounds. Bounds that the data themselves contradict would spoil the fit. Where the error
/// grows by more than `cost`, signs alone are asked for, of gm well above leakage, which may cost more, and where they do not
/// suffice, nothing. A network `tied` to others knows more than its own readings.
pub(crate) fn enforce(
    problem: &Problem,
    data: &Dataset,
    config: &FitConfig,
    tied: bool,
    solution: Solution,
    watch: &mut Watch<'_>,
) -> (Solution, Vec<String>) {
    let Solver::Lm(LmConfig { seconds, .. }) = config.solver else { return (solution, Vec::new()) };
    let constraints = &config.constraints;
    let over = matches!(solution.stopped, StopReason::Interrupted | StopReason::Time);
    if constraints.steps == 0 || over {
        return (solution, Vec::new());
    }
    let sides: Vec<Sides> = data.devices.iter().map(range).collect();
    let leaks: Vec<f64> = data.devices.iter().map(leakage).collect();
    let weights = weights(problem, &solution.weights);
    let prepared = Prepared::new(problem);
    let before = loss(&prepared, &solution.theta);
    let mean = 2.0 / problem.points().max(1) as f64;
    let yardstick = if tied { before } else { yardstick(problem, before) };
    let mut told = Vec::new();
    for Bid { demand, name, costs } in ATTEMPTS {
        let mut rng = ChaCha8Rng::seed_from_u64(config.seed ^ 0x5197);
        let hinges = Constraints::new(problem, constraints, &sides, (&leaks, &weights), demand);
        let attempt =
            Attempt { prepared: &prepared, constraints, seconds, yardstick, cost: costs * constraints.cost };
        let active = Active { constraints: hinges, watched: Vec::new() };
        let (held, outcome) = attempt.run(active, &solution, &mut rng, watch);
        let after = loss(&prepared, &held.theta);
        told.push(format!("{name}: {outcome}, error {:+.0} %", 100.0 * growth(after, before)));
        if growth(after, yardstick) <= attempt.cost {
            return (held, told);
        }
        if matches!(held.stopped, StopReason::Interrupted | StopReason::Time) {
            break;
        }
    }
    told.push("the data contradict these bounds: gm and gds are left as they were".into());
    watch.note("without bounds", watch.step(), before * mean);
    (solution, told)
}

/// Factor per device on the squared weights of its hinges: that of its readings where validation doubts it, so that its bounds bend the
/// trunk no more than these do.
fn weights(problem: &Problem, of_readings: &[f64]) -> Vec<f64> {
    let mut weights = vec![1.0; problem.layout.devices];
    for task in problem.tasks.iter().filter(|t| t.trust < 1.0) {
        weights[task.device] = of_readings[task.device];
    }
    weights
}

/// The loss on the data against which its growth counts: `before`, unless there are fewer readings than numbers. Such a fit meets its
/// readings whatever they are, so that its error says little, and bounds are what it knows between them.
fn yardstick(problem: &Problem, before: f64) -> f64 {
    let (points, numbers) = (problem.points(), problem.layout.total());
    if points >= numbers {
        return before;
    }
    (FLATTERED * FLATTERED * before).max(0.5 * points as f64 * WANTED * WANTED)
}

/// Times by which a fit of more numbers than readings is at least worse than its error says.
const FLATTERED: f64 = 4.0;
/// RMS weighted residual that is accurate enough.
const WANTED: f64 = 5e-3;

/// Growth of the error between two losses.
fn growth(after: f64, before: f64) -> f64 {
    (after / before.max(f64::MIN_POSITIVE)).sqrt() - 1.0
}

/// One way of asking for bounds.
struct Attempt<'a> {
    prepared: &'a Prepared<'a>,
    constraints: &'a ConstraintsConfig,
    seconds: f64,
    /// Loss on the data without bounds, as far as it means anything.
    yardstick: f64,
    /// Growth of the error on the data that the bounds may cost.
    cost: f64,
}

impl Attempt<'_> {
    /// Whether the error on the data at `lm` has grown by so much more than it may that it will not come back.
    fn hopeless(&self, lm: &Lm) -> bool {
        let most = 1.0 + HOPELESS * self.cost;
        // Hinges only add to the loss: where all of it is small, the data need not be asked.
        lm.loss > most * most * self.yardstick
            && growth(loss(self.prepared, &lm.theta), self.yardstick) > HOPELESS * self.cost
    }

    /// Steps from `from` until the bounds hold, with what happened.
    fn run(
        &self,
        mut active: Active<'_>,
        from: &Solution,
        rng: &mut ChaCha8Rng,
        watch: &mut Watch<'_>,
    ) -> (Solution, String) {
        let mut lm = Lm::new(self.prepared, from.theta.clone());
        lm.damping = from.damping.max(1e-4);
        let scale = 2.0 / self.prepared.problem.points().max(1) as f64;
        let share = |drawn: &Drawn| drawn.broken as f64 / drawn.biases.max(1) as f64;
        let (mut steps, mut finer, mut first) = (from.steps.max(watch.step()), 1, None);
        let (mut stopped, mut settled) = (from.stopped, false);
        let mut hopeless = 0;
        let mut rule = StopRule::new(SETTLED);
        watch.max_steps = steps + self.constraints.steps;
        for step in 0..self.constraints.steps {
            if let Some(reason) = watch.over(self.seconds) {
                stopped = reason;
                break;
            }
            let grown = (step as f64 / RAMP).min(1.0);
            finer = finer.max(least_finer(grown));
            let drawn = active.constraints.violations(&lm.theta, &active.watched, finer, rng);
            first.get_or_insert(share(&drawn));
            if drawn.open == 0 {
                if finer == FINEST && settled {
                    break;
                }
                finer = FINEST.min(finer * FINER);
            }
            active.join(drawn.failing);
            active.constraints.strength = self.constraints.strength * SOFTEST.powf(1.0 - grown);
            if let Outcome::Stalled = lm.step_beside(self.prepared, &active) {
                break;
            }
            settled = rule.converged(lm.loss);
            steps += 1;
            watch.note("signs", steps, lm.loss * scale);
            hopeless = if grown > HALF && self.hopeless(&lm) { hopeless + 1 } else { 0 };
            if hopeless == PATIENCE {
                break;
            }
        }
        let last = share(&active.constraints.violations(&lm.theta, &active.watched, FINEST, rng));
        let told = format!(
            "missed at {:.2} % of biases in and beyond the data, now {:.2} %",
            100.0 * first.unwrap_or(last),
            100.0 * last
        );
        let weights = from.weights.clone();
        (Solution { theta: lm.theta, stopped, steps, damping: lm.damping, weights }, told)
    }
}

/// How many times the first draw the draw of a step is at least, where rho has `grown` by so much of its way: a bias that is
/// found to fail when rho is large throws the parameters far from the data, so rare ones are looked for while it is small.
/// (IHP `lv_pmos`, trunk 16,16: all bounds after 44 steps for 10 % of error, instead of 12 % after 80.)
fn least_finer(grown: f64) -> usize {
    match grown {
        g if g > 0.75 => FINEST,
        g if g > HALF => FINER,
        _ => 1,
    }
}

/// Half of the way of rho. Before it the parameters may be far from the data for a dozen steps, and come back.
const HALF: f64 = 0.5;
/// Growth of the error over that which bounds may cost, as a factor, from which they are given up.
const HOPELESS: f64 = 1.5;
/// Steps in a row that must say so: after a find the parameters are far from the data for a few.
const PATIENCE: usize = 5;
/// Fall of the loss per step, as a fraction, below which the data have settled beside the bounds.
const SETTLED: f64 = 1e-3;
/// Steps over which rho grows, so slowly that the parameters follow. Gross violations at full weight throw them far from the
/// data, into a valley from which they do not come back: growth over 8 steps instead of 40 cost the bundled family 46 % of
/// its error and more, where this costs nothing.
const RAMP: f64 = 40.0;
/// rho of the first step over that of the last.
const SOFTEST: f64 = 1e-3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lm::Beside;
    use crate::lm::gradient::assert_slopes;
    use crate::lm::normal::{LocalNormal, Normal};
    use crate::synthetic::Synthetic;
    use faer::Mat;

    #[test]
    fn too_few_readings_do_not_say_how_accurate_a_fit_is() {
        let problem = |devices: usize, gates: usize, width: usize| {
            Synthetic { devices, gates, hidden: vec![width; 2], gate: false, seed: 3 }.problem()
        };
        let of = |problem: &Problem, rms: f64| 0.5 * problem.points() as f64 * rms * rms;
        let readings = |problem: &Problem| problem.points() as f64 / problem.layout.total() as f64;
        let (few, many) = (problem(2, 3, 20), problem(8, 25, 4));
        assert!(readings(&few) < 1.0 && readings(&many) > 1.0, "{} {}", readings(&few), readings(&many));
        let wanted = of(&few, WANTED);
        assert_eq!(yardstick(&few, of(&few, 1e-2 * WANTED)), wanted);
        assert_eq!(yardstick(&few, wanted), FLATTERED * FLATTERED * wanted);
        let small = of(&many, 1e-2 * WANTED);
        assert_eq!(yardstick(&many, small), small);
    }

    #[test]
    fn biases_drawn_for_devices_do_not_depend_on_doubted_ones_among_them() {
        let problem = Synthetic { devices: 3, gates: 6, hidden: vec![5, 4], gate: true, seed: 3 }.problem();
        let sound = problem.of_devices(&[0, 2]);
        let theta = vec![0.1; problem.layout.total()];
        let config = ConstraintsConfig { draws: 90, gds_margin: 2.0, gm_margin: 3.0, ..Default::default() };
        let sides = [[[0.0, 1.2], [0.0, 1.2], [-0.6, 0.0]]; 3];
        // Two draws, one after the other, as the steps of a fit make them; devices by the sound family's numbers.
        let drawn =
            |problem: &Problem, weights: &[f64], number: [Option<usize>; 3]| -> Vec<(usize, [f64; 3])> {
                let (devices, begin) = (problem.layout.devices, &theta[..problem.layout.total()]);
                let leaks = vec![0.0; devices];
                let parts = (&leaks[..], weights);
                let hinges = Constraints::new(problem, &config, &sides[..devices], parts, ATTEMPTS[0].demand);
                let mut rng = ChaCha8Rng::seed_from_u64(1);
                let draws: Vec<Drawn> = (0..2).map(|_| hinges.violations(begin, &[], 1, &mut rng)).collect();
                let failing = draws.iter().flat_map(|drawn| &drawn.failing);
                failing.filter_map(|w| Some((number[problem.tasks[w.task].device]?, w.bias))).collect()
            };
        let alone = drawn(&sound, &[1.0, 1.0], [Some(0), Some(1), None]);
        assert!(alone.len() > 60, "{}", alone.len());
        assert!(drawn(&problem, &[1.0, 1e-3, 1.0], [Some(0), None, Some(1)]) == alone);
        assert!(drawn(&problem, &[1.0, 1.0, 1.0], [Some(0), None, Some(1)]) != alone);
    }

    #[test]
    fn the_hinges_gradient_and_matrix_are_those_of_their_loss() {
        let family = Synthetic { devices: 3, gates: 6, hidden: vec![5, 4], gate: true, seed: 3 };
        let problem = family.problem();
        let mut theta = family.start(&problem).flatten(&problem.layout);
        let own = problem.layout.shared()..problem.layout.total();
        theta[own].iter_mut().enumerate().for_each(|(k, v)| *v = 0.05 * (k % 7) as f64 - 0.1);
        // Margins that many biases miss, far from the kink.
        let config = ConstraintsConfig { draws: 90, gds_margin: 2.0, gm_margin: 3.0, ..Default::default() };
        let sides = [[[0.0, 1.2], [0.0, 1.2], [-0.6, 0.0]]; 3];
        let parts = (&[0.0; 3][..], &[1.0, 0.3, 1.0][..]);
        let hinges = Constraints::new(&problem, &config, &sides, parts, ATTEMPTS[0].demand);
        let drawn =
            |hinges: &Constraints<'_>| hinges.violations(&theta, &[], 1, &mut ChaCha8Rng::seed_from_u64(1));
        let Drawn { failing, broken, open, .. } = drawn(&hinges);
        assert!(0 < open && open < broken, "{open} of {broken}");
        // Where all are doubted alike, none is exempt.
        let all = Constraints::new(&problem, &config, &sides, (&[0.0; 3], &[1e-3; 3]), ATTEMPTS[0].demand);
        let drawn_of_all = drawn(&all);
        assert!(0 < drawn_of_all.open && drawn_of_all.open == drawn_of_all.broken);
        let mut active = Active { constraints: hinges, watched: Vec::new() };
        active.join(failing);
        assert!(active.watched.len() > 60, "{}", active.watched.len());
        let layout = &problem.layout;
        let mut normal = Normal {
            shared: Mat::zeros(layout.shared(), layout.shared()),
            shared_gradient: vec![0.0; layout.shared()],
            devices: vec![LocalNormal::new(layout); 3],
            loss: 0.0,
        };
        active.add(&theta, &mut normal);
        assert!((normal.loss / active.loss(&theta) - 1.0).abs() < 1e-12);
        let gradient = assert_slopes(&normal, &theta, |t| active.loss(t), 1e-6, 1e-4);
        // J^T J is positive semidefinite with g in its range: the Gauss-Newton step along g lowers the loss.
        let step: Vec<f64> = theta.iter().zip(&gradient).map(|(t, g)| t - 1e-9 * g).collect();
        assert!(active.loss(&step) < active.loss(&theta));
    }
}
