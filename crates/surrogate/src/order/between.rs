//! The order of corners with networks of their own: all networks that it concerns take their steps together.
//!
//! The ratio of two networks' currents is a residual of both, `rho min(0, ln I_fast(theta_f) - ln I_slow(theta_s) - margin)`. With
//! `u` and `v` its derivatives by the unknowns of either,
//! ```text
//! (u + v)^2 <= 2 u^2 + 2 v^2
//! ```
//! bounds its curvature by a block for each network, so that each keeps the arrow of its normal equations and is asked for half of
//! what lacks. Gradient and loss are exact, and damping is common: a step lowers the sum over all networks or is not taken.
//!
//! Readings that pull two networks through each other leave a lack in proportion to their pull over rho^2. Once rho is grown, more
//! is therefore asked where something lacks, `asked + margin - ratio` of the logarithm, until nothing does (the method of
//! multipliers; J. Nocedal, S. J. Wright, "Numerical Optimization", 2006, chapter 17).

use std::f64::consts::SQRT_2;

use gummel_data::Dataset;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::hinges::hinge;
use super::pairs::{Pair, Standing, channels, input, neighbours};
use super::ratio::Ratio;
use super::{Disorder, LEAST_DAMPING, OrderConfig, rounds};
use crate::config::{FitConfig, LmConfig, Solver};
use crate::constraint::{self, Kept};
use crate::fit::Watch;
use crate::lm::normal::Normal;
use crate::lm::{Beside, StopReason, Trial, added, arrow, damped, linearised, residuals};
use crate::prepared::Prepared;
use crate::problem::Problem;

/// Share of the margin that must be left for the order to hold.
const LEAST_SHARE: f64 = 0.5;

/// A network that was solved for, with its bounds on gm and gds.
pub(crate) struct Network<'a> {
    pub(crate) problem: &'a Problem,
    pub(crate) data: &'a Dataset,
    pub(crate) theta: &'a [f64],
    pub(crate) kept: Option<&'a Kept>,
}

/// Where a network went.
pub(crate) struct Moved {
    pub(crate) theta: Vec<f64>,
    pub(crate) damping: f64,
    /// What it cost, in a sentence.
    pub(crate) told: String,
}

/// What came of putting networks in order.
pub(crate) struct Ordered {
    /// `None` for a network that stayed where it was.
    pub(crate) networks: Vec<Option<Moved>>,
    pub(crate) steps: usize,
    /// Why steps ended, if from outside.
    pub(crate) over: Option<StopReason>,
}

/// Goes on from solutions until corners of different networks are in order; `None` where no two can be compared, and for the
/// stochastic solver, which takes no hinges. `first` is the number of steps of the fit before, `damping` that of the last.
pub(crate) fn between(
    networks: &[Network<'_>],
    config: &FitConfig,
    (first, damping): (usize, f64),
    watch: &mut Watch<'_>,
) -> Option<Ordered> {
    let Solver::Lm(LmConfig { seconds, .. }) = config.solver else { return None };
    let crossings = crossings(networks, config.order.skewed);
    if config.order.steps == 0 || crossings.is_empty() {
        return None;
    }
    let prepared: Vec<Prepared<'_>> = networks.iter().map(|n| Prepared::new(n.problem)).collect();
    let mut apart = Apart {
        config,
        prepared: &prepared,
        thetas: networks.iter().map(|n| n.theta.to_vec()).collect(),
        bounds: networks.iter().map(|n| Some(n.kept?.of(n.problem, &config.constraints))).collect(),
        crossings,
        damping: damping.max(LEAST_DAMPING),
        strength: 0.0,
    };
    let (steps, over) = rounds(&mut apart, (config, seconds), first, watch);
    let moved = |k: usize| (apart.thetas[k] != networks[k].theta).then(|| apart.moved(k, networks[k].theta));
    Some(Ordered { networks: (0..networks.len()).map(moved).collect(), steps, over })
}

/// A slower and a faster corner in different networks, and where they are watched.
struct Crossing {
    /// The networks.
    slow: usize,
    fast: usize,
    /// Their tasks.
    pair: Pair,
    watched: Vec<Watched>,
}

/// One bias.
struct Watched {
    /// Inputs of the slower network's trunk.
    slow: Vec<f64>,
    /// Inputs of the faster network's trunk.
    fast: Vec<f64>,
    /// Least ln of the ratio of currents that is asked for.
    asked: f64,
}

/// Neighbouring corners of one family, site, geometry and temperature that are in different networks.
fn crossings(networks: &[Network<'_>], skewed: bool) -> Vec<Crossing> {
    let (mut all, mut standing) = (Vec::new(), Vec::new());
    for (network, Network { problem, data, .. }) in networks.iter().enumerate() {
        for (k, task) in channels(problem) {
            let id = &data.devices[task.device].id;
            all.push((network, k));
            standing.push(Standing {
                place: task.place,
                polarity: id.family.polarity,
                among: format!("{} {}", id.family, id.site),
            });
        }
    }
    let crossing = |(s, f): (usize, usize)| {
        let ((slow, s), (fast, f)) = (all[s], all[f]);
        let polarity = networks[slow].data.devices[0].id.family.polarity;
        let pair = || Pair::new((networks[slow].problem, s), (networks[fast].problem, f), polarity);
        (slow != fast).then(|| Crossing { slow, fast, pair: pair(), watched: Vec::new() })
    };
    neighbours(&standing, skewed).into_iter().filter_map(crossing).collect()
}

/// Networks whose corners are brought into order.
struct Apart<'a> {
    config: &'a FitConfig,
    prepared: &'a [Prepared<'a>],
    thetas: Vec<Vec<f64>>,
    bounds: Vec<Option<constraint::Active<'a>>>,
    crossings: Vec<Crossing>,
    damping: f64,
    /// rho at present.
    strength: f64,
}

impl Disorder for Apart<'_> {
    fn look(&mut self, rng: &mut ChaCha8Rng) -> bool {
        let each = self.config.order.draws.div_ceil(2 * self.crossings.len());
        let tried: Vec<[Vec<Vec<f64>>; 2]> = self
            .crossings
            .iter()
            .map(|c| {
                let slow = self.prepared[c.slow].problem;
                [c.pair.candidates(slow, each, rng), c.pair.anywhere(slow, each, rng)]
            })
            .collect();
        let failing: Vec<Vec<Watched>> = self
            .crossings
            .par_iter()
            .zip(tried)
            .map(|(crossing, [between, anywhere])| {
                let tried = between.into_iter().chain(self.strong(crossing, anywhere));
                let tried: Vec<Watched> = tried.map(|x| self.watched(crossing, x)).collect();
                let ratios = self.ratios(crossing, &self.thetas, &tried);
                let low = tried.into_iter().zip(ratios).filter(|(_, r)| *r < self.config.order.margin);
                let known = |w: &Watched| crossing.watched.iter().any(|known| known.slow == w.slow);
                low.map(|(w, _)| w).filter(|w| !known(w)).collect()
            })
            .collect();
        let found = self.ask() || failing.iter().any(|failing| !failing.is_empty());
        self.crossings.iter_mut().zip(failing).for_each(|(c, failing)| c.watched.extend(failing));
        for k in self.concerned() {
            if let Some(bounds) = &mut self.bounds[k] {
                bounds.look(&self.thetas[k], rng);
            }
        }
        found
    }

    fn step(&mut self, strength: f64) -> Option<f64> {
        self.strength = strength;
        let concerned = self.concerned();
        let normals: Vec<Normal> = concerned.par_iter().map(|k| self.normal(*k)).collect();
        let points: usize = concerned.iter().map(|k| self.prepared[*k].problem.points()).sum();
        let before = normals.iter().map(|n| n.loss).sum::<f64>() + self.hinges_loss(&self.thetas);
        let mut damping = self.damping;
        let found = damped(&mut damping, before, |damping| {
            let steps: Option<Vec<arrow::Step>> =
                normals.par_iter().map(|normal| arrow::solve(normal, damping)).collect();
            let steps = steps?;
            let mut thetas = self.thetas.clone();
            for (k, step) in concerned.iter().zip(&steps) {
                thetas[*k] = added(&thetas[*k], &step.delta);
            }
            let losses: Vec<f64> = concerned.par_iter().map(|k| self.loss(*k, &thetas[*k])).collect();
            let loss = losses.iter().sum::<f64>() + self.hinges_loss(&thetas);
            Some(Trial { state: thetas, loss, predicted: steps.iter().map(|s| s.predicted).sum() })
        });
        self.damping = damping;
        let Trial { state, loss, .. } = found?;
        self.thetas = state;
        Some(loss * 2.0 / points.max(1) as f64)
    }
}

impl Apart<'_> {
    /// Networks with a bias that is watched.
    fn concerned(&self) -> Vec<usize> {
        let watched =
            |k: &usize| self.crossings.iter().any(|c| [c.slow, c.fast].contains(k) && !c.watched.is_empty());
        (0..self.thetas.len()).filter(watched).collect()
    }

    /// Those inputs of the slower network at which it has a strong current. Networks that see a few readings cross beside them.
    fn strong(&self, crossing: &Crossing, mut inputs: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
        let Crossing { slow, ref pair, .. } = *crossing;
        let problem = self.prepared[slow].problem;
        let mut y = Ratio::new(problem, &self.thetas[slow], &[(pair.slow, 1.0)]).at(&inputs).into_iter();
        inputs.retain(|x| y.next().is_some_and(|y| pair.is_strong(problem.features.volts(1, x[1]), y)));
        inputs
    }

    /// The bias at which the slower network has the inputs `slow`.
    fn watched(&self, crossing: &Crossing, slow: Vec<f64>) -> Watched {
        let (s, f) = (self.prepared[crossing.slow].problem, self.prepared[crossing.fast].problem);
        // What does not change with bias is the task's own.
        let mut fast = input(&f.tasks[crossing.pair.fast], 0);
        for k in 0..3 {
            fast[k] = f.features.input(k, s.features.volts(k, slow[k]));
        }
        Watched { slow, fast, asked: self.config.order.margin }
    }

    /// Asks for more where something lacks at watched biases, once rho is grown; says whether the order fails at any.
    fn ask(&mut self) -> bool {
        let OrderConfig { margin, strength, .. } = self.config.order;
        let grown = self.strength >= strength;
        let ratios: Vec<Vec<f64>> =
            self.crossings.par_iter().map(|c| self.ratios(c, &self.thetas, &c.watched)).collect();
        let mut failing = false;
        for (crossing, ratios) in self.crossings.iter_mut().zip(ratios) {
            for (watched, ratio) in crossing.watched.iter_mut().zip(ratios) {
                failing |= ratio < LEAST_SHARE * margin;
                if grown {
                    watched.asked = (watched.asked + margin - ratio).max(margin);
                }
            }
        }
        failing
    }

    /// `ln(I_fast / I_slow)` of a pair.
    fn ratios(&self, crossing: &Crossing, thetas: &[Vec<f64>], at: &[Watched]) -> Vec<f64> {
        let of = |network: usize, task: usize, inputs: fn(&Watched) -> &[f64]| {
            let ratio = Ratio::new(self.prepared[network].problem, &thetas[network], &[(task, 1.0)]);
            ratio.at(&at.iter().map(inputs).collect::<Vec<_>>())
        };
        let Crossing { slow, fast, ref pair, .. } = *crossing;
        let (slow, mut fast) = (of(slow, pair.slow, |w| &w.slow), of(fast, pair.fast, |w| &w.fast));
        fast.iter_mut().zip(&slow).for_each(|(f, s)| *f -= s);
        fast
    }

    /// Hinges at the watched biases of a pair.
    fn hinges(&self, crossing: &Crossing, thetas: &[Vec<f64>]) -> Vec<f64> {
        let ratios = self.ratios(crossing, thetas, &crossing.watched);
        ratios.into_iter().zip(&crossing.watched).map(|(r, w)| hinge(self.strength, r, w.asked)).collect()
    }

    /// Half the sum of squares of all hinges.
    fn hinges_loss(&self, thetas: &[Vec<f64>]) -> f64 {
        let squares = |c: &Crossing| self.hinges(c, thetas).iter().map(|h| h * h).sum::<f64>();
        let parts: Vec<f64> = self.crossings.par_iter().map(squares).collect();
        0.5 * parts.iter().sum::<f64>()
    }

    /// The loss of network `k` at `theta`, without these hinges.
    fn loss(&self, k: usize, theta: &[f64]) -> f64 {
        let bounds = self.bounds[k].as_ref().map_or(0.0, |b| b.loss(theta));
        residuals::loss(&self.prepared[k], theta) + bounds
    }

    /// The normal equations of network `k`, with its part of the hinges.
    fn normal(&self, k: usize) -> Normal {
        linearised(&self.prepared[k], &self.thetas[k], |normal| {
            if let Some(bounds) = &self.bounds[k] {
                bounds.add(&self.thetas[k], normal);
            }
            self.add(k, normal);
        })
    }

    /// Adds the hinges' part of network `k`, but not their loss.
    fn add(&self, k: usize, normal: &mut Normal) {
        for crossing in self.crossings.iter().filter(|c| !c.watched.is_empty()) {
            let (task, sign, inputs): (_, _, fn(&Watched) -> &[f64]) = match k {
                _ if k == crossing.slow => (crossing.pair.slow, -1.0, |w| &w.slow),
                _ if k == crossing.fast => (crossing.pair.fast, 1.0, |w| &w.fast),
                _ => continue,
            };
            let hinges = self.hinges(crossing, &self.thetas);
            let (failing, residual): (Vec<&[f64]>, Vec<f64>) = crossing
                .watched
                .iter()
                .zip(hinges)
                .filter(|(_, h)| *h < 0.0)
                .map(|(w, h)| (inputs(w), h / SQRT_2))
                .unzip();
            // Twice the curvature, the same gradient.
            let ratio = Ratio::new(self.prepared[k].problem, &self.thetas[k], &[(task, sign)]);
            ratio.rows(&failing, residual, SQRT_2 * self.strength).add(normal);
        }
    }

    /// Where network `k` went from `before`.
    fn moved(&self, k: usize, before: &[f64]) -> Moved {
        let loss = |theta| residuals::loss(&self.prepared[k], theta);
        let growth = constraint::growth(loss(&self.thetas[k]), loss(before));
        let mut told = format!("order of corners between networks: error {:+.1} %", 100.0 * growth);
        if let Some(bounds) = &self.bounds[k] {
            let mut rng = ChaCha8Rng::seed_from_u64(self.config.seed ^ 0x0bde);
            let missed = bounds.missed(&self.thetas[k], &mut rng);
            told += &format!(", bounds missed at {:.2} % of biases", 100.0 * missed);
        }
        Moved { theta: self.thetas[k].clone(), damping: self.damping, told }
    }
}

#[cfg(test)]
mod tests;
