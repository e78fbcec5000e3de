//! Hinges at watched biases: where they fail, their loss, their part of the normal equations.
//!
//! One tangent pass gives `dy/dvgs` or `vds dy/dvds` of a block of biases, one reverse pass their Jacobian over all
//! parameters (`gummel_kernel::jacobian`).

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, MatRef, Par};
use gummel_kernel::OutputKind;
use gummel_kernel::jacobian::padded;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::ConstraintsConfig;
use super::slopes::Slopes;
use super::watched::{Bounds, Place, Sides, Slope, Watched};
use crate::lm::Beside;
use crate::lm::normal::{LocalNormal, Normal, Sums};
use crate::problem::{BLOCK, Problem};
use crate::symmetric;

/// Makes d ln I / d vgs comparable with d ln I / d ln vds, V.
const GATE_VOLTAGE: f64 = 0.1;

/// Noise floors above which gds is asked for; what is judged begins at one.
const AUDIBLE: f64 = 0.5;

/// Biases of a draw and slope that came closest to their bounds and are looked around.
const CLOSEST: usize = 4;
/// Biases drawn around each.
const AROUND: usize = 16;
/// How far from it, and from a bias that is watched, as shares of the box's sides.
const NEAR: f64 = 0.02;
const FAR: f64 = 0.05;

/// Share of the largest factor on squared weights from which a device must keep its bounds.
const COUNTS: f64 = 0.5;

/// Most parts whose products are summed apart; also the most threads that form them at once.
const PARTS: usize = 4;

/// What is asked, and of which currents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Demand {
    /// Bounds of slopes.
    pub(super) bounds: Bounds,
    /// How far above leakage of the drain gm is asked for, as a factor.
    pub(super) aloof: f64,
}

/// What a draw of biases met.
pub(super) struct Drawn {
    /// Biases drawn.
    pub(super) biases: usize,
    /// Those where a constraint fails.
    pub(super) failing: Vec<Watched>,
    /// Number of those where it fails by more than its margin.
    pub(super) broken: usize,
    /// Number of these that are of the devices which count most.
    pub(super) open: usize,
}

/// The constraints of a problem.
pub(super) struct Constraints<'a> {
    problem: &'a Problem,
    config: &'a ConstraintsConfig,
    /// rho at present.
    pub(super) strength: f64,
    /// What is asked, and of which currents.
    demand: Demand,
    /// Channel tasks, and where biases of each are drawn.
    places: Vec<(usize, Place)>,
    /// Per device, A: below, its leakage is what was measured.
    leaks: &'a [f64],
    /// Per device: factor on the squared weights of its hinges.
    weights: &'a [f64],
    /// Where this factor is larger, the device is one of those that count.
    little: f64,
}

impl<'a> Constraints<'a> {
    /// Constraints on the channel tasks; `sides` has the measured box of every device, `leaks` the current below which its
    /// leakage was measured, `weights` the factor on the squared weights of its hinges.
    pub(super) fn new(
        problem: &'a Problem,
        config: &'a ConstraintsConfig,
        sides: &[Sides],
        (leaks, weights): (&'a [f64], &'a [f64]),
        demand: Demand,
    ) -> Self {
        let places = problem
            .tasks
            .iter()
            .enumerate()
            .filter(|(_, t)| problem.outputs[t.output].kind == OutputKind::Channel)
            .map(|(k, t)| (k, Place::new(sides[t.device], config.beyond, t.place.temperature)))
            .collect();
        let little = COUNTS * weights.iter().copied().fold(0.0, f64::max);
        Constraints { problem, config, strength: config.strength, demand, places, leaks, weights, little }
    }

    /// Draws `finer` times the configured number of biases over the devices that count, anywhere and near those `watched`, then some
    /// more where slopes came closest to their bounds, and looks for those above the noise floor where a constraint fails.
    ///
    /// Others have draws of their own beside these, at most as many in all: what is drawn for those that count is the same without
    /// them.
    pub(super) fn violations(
        &self,
        theta: &[f64],
        watched: &[Watched],
        finer: usize,
        rng: &mut ChaCha8Rng,
    ) -> Drawn {
        let counting = self.places.iter().filter(|(task, _)| self.counts(*task)).count();
        let all = finer * self.config.draws;
        let [each, each_aside] = [counting, self.places.len()].map(|places| all.div_ceil(places.max(1)));
        let draws = |task: usize| if self.counts(task) { each } else { each_aside };
        let mut aside = rng.clone();
        aside.set_stream(1);
        let seed =
            |(task, _): &(usize, Place)| if self.counts(*task) { rng.random() } else { aside.random() };
        let seeds: Vec<u64> = self.places.iter().map(seed).collect();
        let found: Vec<Vec<(Watched, f64)>> = self
            .places
            .par_iter()
            .zip(seeds)
            .map_init(
                || Slopes::new(self.problem, theta),
                |slopes, ((task, place), seed)| {
                    let mut rng = ChaCha8Rng::seed_from_u64(seed);
                    let known = known(watched, *task);
                    let biases = (0..draws(*task)).map(|k| match known.len() {
                        n if n > 0 && k % 2 == 1 => {
                            place.near(known[rng.random_range(0..n)].bias, FAR, &mut rng)
                        }
                        _ => place.draw(&mut rng),
                    });
                    let biases = biases.collect::<Vec<_>>();
                    slopes.of(*task);
                    let mut all = Vec::new();
                    let drawn = self.audible(slopes, (*task, place), &biases, [Slope::Gate, Slope::Drain]);
                    for (slope, mut seen) in [Slope::Gate, Slope::Drain].into_iter().zip(drawn) {
                        let around: Vec<[f64; 3]> = closest(&mut seen)
                            .iter()
                            .flat_map(|(w, _)| std::iter::repeat_n(w.bias, AROUND))
                            .map(|bias| place.near(bias, NEAR, &mut rng))
                            .collect();
                        let [seen_around] = self.audible(slopes, (*task, place), &around, [slope]);
                        all.extend(seen);
                        all.extend(seen_around);
                    }
                    all.retain(|(w, s)| w.excess(*s) != 0.0);
                    all
                },
            )
            .collect();
        let found = found.concat();
        let broken: Vec<&Watched> = found.iter().filter(|(w, s)| w.broken(*s)).map(|(w, _)| w).collect();
        Drawn {
            biases: self.places.iter().map(|(task, _)| draws(*task) + 2 * CLOSEST * AROUND).sum(),
            broken: broken.len(),
            open: broken.iter().filter(|w| self.counts(w.task)).count(),
            failing: found.into_iter().map(|(w, _)| w).collect(),
        }
    }

    /// Biases of one task whose current exceeds the noise, with each of the slopes asked for.
    fn audible<const N: usize>(
        &self,
        slopes: &mut Slopes<'_>,
        (task, place): (usize, &Place),
        biases: &[[f64; 3]],
        asked: [Slope; N],
    ) -> [Vec<(Watched, f64)>; N] {
        let of = &self.problem.tasks[task];
        let mut out = asked.map(|_| Vec::new());
        for part in biases.chunks(BLOCK) {
            slopes.at(part.iter().copied());
            for (slope, out) in asked.into_iter().zip(&mut out) {
                let least = match slope {
                    Slope::Gate => {
                        self.demand.aloof * f64::max(self.config.leakage * of.floor, self.leaks[of.device])
                    }
                    Slope::Drain => AUDIBLE * of.floor,
                };
                slopes.along(|_| slope);
                for (p, bias) in part.iter().enumerate().filter(|(p, _)| slopes.current(*p) > least) {
                    let watched = place.watch(task, *bias, slope, self.demand.bounds, self.config);
                    out.extend(watched.map(|w| (w, slopes.slopes[p])));
                }
            }
        }
        out
    }

    /// Weighted violation of a slope, zero when it is obeyed.
    fn hinge(&self, watched: &Watched, slope: f64) -> f64 {
        self.weight(watched) * watched.excess(slope)
    }

    /// Derivative of a violated hinge over its slope.
    fn weight(&self, watched: &Watched) -> f64 {
        let of_slope = match watched.slope {
            Slope::Gate => GATE_VOLTAGE,
            Slope::Drain => 1.0,
        };
        self.strength * self.weight_of(watched.task).sqrt() * of_slope
    }

    /// Factor on the squared weights of the hinges of a task.
    fn weight_of(&self, task: usize) -> f64 {
        self.weights[self.problem.tasks[task].device]
    }

    /// True for a task of one of the devices that count most.
    fn counts(&self, task: usize) -> bool {
        self.weight_of(task) > self.little
    }

    /// Half the sum of squares of the hinges.
    fn hinges_loss(&self, theta: &[f64], active: &[Watched]) -> f64 {
        let parts: Vec<f64> = by_task(active)
            .into_par_iter()
            .map_init(
                || Slopes::new(self.problem, theta),
                |slopes, watched| self.failing(slopes, watched).map(|(_, hinge)| hinge.powi(2)).sum::<f64>(),
            )
            .collect();
        0.5 * parts.iter().sum::<f64>()
    }

    /// Those of one task's `watched` biases whose constraint fails, with their hinges.
    fn failing<'w>(
        &self,
        slopes: &mut Slopes<'_>,
        watched: &'w [Watched],
    ) -> impl Iterator<Item = (&'w Watched, f64)> {
        slopes.of(watched[0].task);
        let mut hinges = Vec::with_capacity(watched.len());
        for part in watched.chunks(BLOCK) {
            slopes.at(part.iter().map(|w| w.bias));
            slopes.along(|p| part[p].slope);
            hinges.extend(part.iter().zip(&slopes.slopes).map(|(w, s)| self.hinge(w, *s)));
        }
        watched.iter().zip(hinges).filter(|(_, hinge)| *hinge != 0.0)
    }

    /// Adds the hinges of `active` to the normal equations.
    fn add_hinges(&self, theta: &[f64], active: &[Watched], normal: &mut Normal) {
        let runs = by_task(active);
        let parts: Vec<(Sums, Vec<(usize, LocalNormal)>)> = runs
            .par_chunks(runs.len().div_ceil(PARTS).max(1))
            .map(|runs| self.products(theta, runs))
            .collect();
        normal.add(&parts.iter().map(|(sums, _)| sums).collect::<Vec<_>>());
        for (_, devices) in parts {
            for (device, of_device) in devices {
                normal.devices[device].add(&of_device);
            }
        }
    }

    /// Products of the Jacobian of the hinges that fail, of some tasks.
    fn products(&self, theta: &[f64], runs: &[&[Watched]]) -> (Sums, Vec<(usize, LocalNormal)>) {
        let layout = &self.problem.layout;
        let (trunk, head) = (layout.trunk(), layout.head());
        let mut slopes = Slopes::new(self.problem, theta);
        let mut panel = vec![0.0; (trunk + head + 1) * BLOCK];
        let mut sums = Sums::new(layout);
        let mut devices = Vec::new();
        for watched in runs {
            let failing: Vec<(Watched, f64)> =
                self.failing(&mut slopes, watched).map(|(w, hinge)| (*w, hinge)).collect();
            if failing.is_empty() {
                continue;
            }
            let task = &self.problem.tasks[watched[0].task];
            let mut gram = Mat::<f64>::zeros(trunk + head + 1, head + 1);
            for part in failing.chunks(BLOCK) {
                let n = padded(part.len());
                slopes.at(part.iter().map(|(w, _)| w.bias));
                slopes.along(|p| part[p].0.slope);
                let (zero, mut seed) = (vec![0.0; n], vec![0.0; n]);
                let residual = &mut panel[(trunk + head) * BLOCK..][..n];
                residual.fill(0.0);
                for (p, (w, hinge)) in part.iter().enumerate() {
                    seed[p] = self.weight(w);
                    residual[p] = *hinge;
                    sums.loss += 0.5 * hinge * hinge;
                }
                let parameters = slopes.trunk();
                slopes.block.jacobian_tangent(parameters, &slopes.head, &zero, &seed, &mut panel, BLOCK);
                let all = MatRef::from_column_major_slice_with_stride(&panel[..], n, trunk + head + 1, BLOCK);
                let right = all.subcols(trunk, head + 1);
                matmul(gram.as_mut(), Accum::Add, all.transpose(), right, 1.0, Par::Seq);
                let left = all.subcols(0, trunk);
                symmetric::add(sums.shared.as_mut().submatrix_mut(0, 0, trunk, trunk), left, left, 1.0);
            }
            let mut of_device = LocalNormal::new(layout);
            sums.scatter(layout, task, &gram, &mut of_device);
            devices.push((task.device, of_device));
        }
        (sums, devices)
    }
}

/// Constraints with the biases at which they are watched.
pub(super) struct Active<'a> {
    pub(super) constraints: Constraints<'a>,
    /// Ordered by task.
    pub(super) watched: Vec<Watched>,
}

impl Active<'_> {
    /// Watches more biases.
    pub(super) fn join(&mut self, more: Vec<Watched>) {
        self.watched.extend(more);
        self.watched.sort_by_key(|w| w.task);
    }
}

impl Beside for Active<'_> {
    fn add(&self, theta: &[f64], normal: &mut Normal) {
        self.constraints.add_hinges(theta, &self.watched, normal);
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        self.constraints.hinges_loss(theta, &self.watched)
    }
}

/// Moves those that came closest to their lower bounds to the front and gives them, the closest first.
fn closest(seen: &mut [(Watched, f64)]) -> &[(Watched, f64)] {
    let order = |(v, a): &(Watched, f64), (w, b): &(Watched, f64)| v.reserve(*a).total_cmp(&w.reserve(*b));
    let few = CLOSEST.min(seen.len());
    if few < seen.len() {
        seen.select_nth_unstable_by(few, order);
    }
    seen[..few].sort_by(order);
    &seen[..few]
}

/// Biases of one task, of those watched, which are ordered by task.
fn known(watched: &[Watched], task: usize) -> &[Watched] {
    let from = watched.partition_point(|w| w.task < task);
    let to = watched.partition_point(|w| w.task <= task);
    &watched[from..to]
}

/// Runs of biases of the same task.
fn by_task(active: &[Watched]) -> Vec<&[Watched]> {
    active.chunk_by(|a, b| a.task == b.task).collect()
}
