//! Hinges on the ratio of two corners' currents: where they fail, their loss, their part of the normal equations.
//!
//! A hinge couples the heads of two devices, for which the arrow of the normal equations has no place. With `s`, `u`, `v`
//! its derivatives by shared unknowns and by those of either device,
//! ```text
//! (s + u + v)^2 <= 2 (s/2 + u)^2 + 2 (s/2 + v)^2
//! ```
//! bounds its curvature by an arrow; gradient and loss are exact, so only the path of the steps depends on it.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use gummel_kernel::Isa;
use gummel_kernel::jacobian::{Block, padded};
use rand::Rng;
use rayon::prelude::*;

use super::{OrderConfig, OrderReport};
use crate::lm::normal::Normal;
use crate::lm::residuals::head_of;
use crate::problem::{BLOCK, Problem};
use crate::symmetric;

/// Least drain-source voltage of the strong set, V.
const LEAST_VDS: f64 = 0.05;
/// Least current of the strong set in noise floors.
const FLOORS: f64 = 100.0;
/// Least current of the strong set in constant-current thresholds.
const THRESHOLDS: f64 = 10.0;

/// Two channel tasks that share their trunk's inputs.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    slow: usize,
    fast: usize,
    /// Readings of the slower device that belong to the strong set and are in order themselves.
    readings: Vec<usize>,
    /// Strong readings that are not.
    unordered: usize,
}

impl Pair {
    /// The pair of tasks `slow` and `fast`; `criterion` is the constant current of the threshold, A.
    pub(super) fn new(problem: &Problem, slow: usize, fast: usize, criterion: f64) -> Self {
        let (s, f) = (&problem.tasks[slow], &problem.tasks[fast]);
        let least = (THRESHOLDS * criterion * s.place.w * s.place.mult / s.place.l).max(FLOORS * s.floor);
        let (n, m) = (s.points(), f.points());
        let same_bias = |p: usize| p < m && (0..3).all(|k| (s.x[k * n + p] - f.x[k * m + p]).abs() < 1e-9);
        let current = |t: &crate::problem::Task, p: usize| 2.0 * t.floor * t.target[p].sinh();
        let strong = (0..n).filter(|&p| s.vds[p] >= LEAST_VDS && current(s, p) >= least);
        let (readings, unordered): (Vec<usize>, Vec<usize>) =
            strong.partition(|&p| !same_bias(p) || current(f, p) >= current(s, p));
        Pair { slow, fast, readings, unordered: unordered.len() }
    }
}

/// A bias at which the order of a pair is watched.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pair: usize,
    /// Inputs of the trunk.
    x: Vec<f64>,
}

/// Pairs of corners with the biases at which their order is watched.
#[derive(Clone, Debug)]
pub struct Active {
    pairs: Vec<Pair>,
    margin: f64,
    draws: usize,
    /// rho at present.
    pub(super) strength: f64,
    /// Ordered by pair.
    watched: Vec<Watched>,
}

impl Active {
    pub(super) fn new(pairs: Vec<Pair>, config: &OrderConfig) -> Self {
        let OrderConfig { margin, draws, strength, .. } = *config;
        Active { pairs, margin, draws, strength, watched: Vec::new() }
    }

    /// Watches more biases.
    pub(super) fn join(&mut self, more: Vec<Watched>) {
        self.watched.extend(more);
        self.watched.sort_by_key(|w| w.pair);
    }

    /// The order at the biases of the readings.
    pub(super) fn at_readings(&self, problem: &Problem, theta: &[f64]) -> OrderReport {
        let ratios: Vec<f64> = (0..self.pairs.len())
            .flat_map(|k| self.ratios(problem, theta, &self.of_readings(problem, k)))
            .collect();
        let low: Vec<f64> = ratios.iter().copied().filter(|r| *r < 0.0).collect();
        OrderReport {
            pairs: self.pairs.len(),
            biases: ratios.len(),
            violations: low.len(),
            worst: low.iter().fold(0.0, |worst, r| worst.max(1.0 - r.exp())),
            unordered_readings: self.pairs.iter().map(|p| p.unordered).sum(),
            before: None,
        }
    }

    /// Biases of readings and random ones between them at which the order fails and that are not watched yet.
    pub(super) fn violations(&self, problem: &Problem, theta: &[f64], rng: &mut impl Rng) -> Vec<Watched> {
        let each = self.draws.div_ceil(self.pairs.len().max(1));
        let tried: Vec<Vec<Watched>> = (0..self.pairs.len())
            .map(|k| {
                let mut all = self.of_readings(problem, k);
                let n = all.len();
                if n > 0 {
                    all.extend(
                        (0..each)
                            .map(|_| {
                                let (a, b, t) =
                                    (rng.random_range(0..n), rng.random_range(0..n), rng.random::<f64>());
                                let mix =
                                    all[a].x.iter().zip(&all[b].x).map(|(a, b)| a + t * (b - a)).collect();
                                Watched { pair: k, x: mix }
                            })
                            .collect::<Vec<_>>(),
                    );
                }
                all
            })
            .collect();
        tried
            .into_par_iter()
            .flat_map_iter(|tried| {
                let ratios = self.ratios(problem, theta, &tried);
                let margin = self.margin;
                tried.into_iter().zip(ratios).filter(move |(_, r)| *r < margin).map(|(w, _)| w)
            })
            .filter(|w| !self.watched.iter().any(|known| known.pair == w.pair && known.x == w.x))
            .collect()
    }

    fn of_readings(&self, problem: &Problem, pair: usize) -> Vec<Watched> {
        let task = &problem.tasks[self.pairs[pair].slow];
        let column = |p: usize| task.x.chunks_exact(task.points()).map(|row| row[p]).collect();
        self.pairs[pair].readings.iter().map(|&p| Watched { pair, x: column(p) }).collect()
    }

    /// Head of the faster device of a pair less that of the slower.
    fn head(&self, problem: &Problem, theta: &[f64], pair: usize) -> Vec<f64> {
        let layout = &problem.layout;
        let of = |k: usize| {
            let task = &problem.tasks[k];
            (head_of(layout, task, theta, layout.deviations(theta, task.device)), task.ln_scale)
        };
        let Pair { slow, fast, .. } = self.pairs[pair];
        let ((slow, slow_scale), (mut fast, fast_scale)) = (of(slow), of(fast));
        fast.iter_mut().zip(&slow).for_each(|(f, s)| *f -= s);
        if let Some(constant) = fast.last_mut() {
            *constant += fast_scale - slow_scale;
        }
        fast
    }

    /// `ln(I_fast / I_slow)` at biases of one pair.
    fn ratios(&self, problem: &Problem, theta: &[f64], watched: &[Watched]) -> Vec<f64> {
        let mut all = Vec::with_capacity(watched.len());
        self.visit(problem, theta, watched, |_, _, y| all.extend_from_slice(y));
        all
    }

    /// Runs the trunk at biases of one pair, block by block, with the difference of heads and its outputs.
    fn visit(
        &self,
        problem: &Problem,
        theta: &[f64],
        watched: &[Watched],
        mut each: impl FnMut(&mut Block, &[f64], &[f64]),
    ) {
        let Some(first) = watched.first() else { return };
        let layout = &problem.layout;
        let head = self.head(problem, theta, first.pair);
        let mut block = Block::new(Isa::detect(), &layout.shape, BLOCK);
        let mut y = [0.0; BLOCK];
        for part in watched.chunks(BLOCK) {
            let n = part.len();
            let x: Vec<f64> =
                (0..layout.shape.inputs).flat_map(|k| part.iter().map(move |w| w.x[k])).collect();
            block.forward(&theta[..layout.trunk()], &x, n, 0, n);
            block.values(&head, &mut y);
            each(&mut block, &head, &y[..n]);
        }
    }

    fn hinge(&self, ratio: f64) -> f64 {
        self.strength * (ratio - self.margin).min(0.0)
    }

    fn by_pair(&self) -> Vec<&[Watched]> {
        self.watched.chunk_by(|a, b| a.pair == b.pair).collect()
    }

    /// Half the sum of squares of the hinges.
    pub(crate) fn loss(&self, problem: &Problem, theta: &[f64]) -> f64 {
        let of = |watched: &[Watched]| -> f64 {
            self.ratios(problem, theta, watched).into_iter().map(|r| self.hinge(r).powi(2)).sum()
        };
        let parts: Vec<f64> = self.by_pair().into_par_iter().map(of).collect();
        0.5 * parts.iter().sum::<f64>()
    }

    /// Adds gradient and curvature of the hinges to the normal equations.
    pub(crate) fn add(&self, problem: &Problem, theta: &[f64], normal: &mut Normal) {
        let parts: Vec<Rows> = self.by_pair().into_par_iter().map(|w| self.rows(problem, theta, w)).collect();
        for rows in parts {
            let n = rows.residual.len();
            let r = Mat::from_fn(n, 1, |i, _| rows.residual[i]);
            symmetric::add(normal.shared.as_mut(), rows.shared.as_ref(), rows.shared.as_ref(), 1.0);
            let slope = rows.shared.transpose() * &r;
            normal.shared_gradient.iter_mut().enumerate().for_each(|(i, g)| *g += slope[(i, 0)]);
            for (device, own) in &rows.own {
                let local = &mut normal.devices[*device];
                matmul(local.local.as_mut(), Accum::Add, own.transpose(), own.as_ref(), 2.0, Par::Seq);
                matmul(
                    local.coupling.as_mut(),
                    Accum::Add,
                    rows.shared.transpose(),
                    own.as_ref(),
                    1.0,
                    Par::Seq,
                );
                let slope = own.transpose() * &r;
                local.gradient.iter_mut().enumerate().for_each(|(i, g)| *g += slope[(i, 0)]);
            }
        }
    }

    /// Hinges of one pair's biases that fail, with their derivatives.
    fn rows(&self, problem: &Problem, theta: &[f64], watched: &[Watched]) -> Rows {
        let layout = &problem.layout;
        let (trunk, head) = (layout.trunk(), layout.head());
        let Pair { slow, fast, .. } = self.pairs[watched[0].pair];
        let (slow, fast) = (&problem.tasks[slow], &problem.tasks[fast]);
        let mut panel = vec![0.0; (trunk + head) * BLOCK];
        let mut found: Vec<(f64, Vec<f64>)> = Vec::new();
        self.visit(problem, theta, watched, |block, difference, ratios| {
            let mut seed = vec![0.0; padded(ratios.len())];
            for (s, r) in seed.iter_mut().zip(ratios) {
                *s = if self.hinge(*r) < 0.0 { self.strength } else { 0.0 };
            }
            block.jacobian(&theta[..trunk], difference, &seed, &mut panel, BLOCK);
            for (p, r) in ratios.iter().enumerate().filter(|(p, _)| seed[*p] > 0.0) {
                found.push((self.hinge(*r), (0..trunk + head).map(|k| panel[k * BLOCK + p]).collect()));
            }
        });
        let n = found.len();
        let mut shared = Mat::zeros(n, layout.shared());
        let mut own = [(fast, 1.0), (slow, -1.0)].map(|(t, _)| (t.device, Mat::zeros(n, layout.local())));
        for (i, (_, row)) in found.iter().enumerate() {
            for (k, v) in row[..trunk].iter().enumerate() {
                shared[(i, k)] = *v;
            }
            for k in 0..head {
                let z = row[trunk + k];
                for a in 0..layout.phi {
                    shared[(i, layout.population(fast.output) + k * layout.phi + a)] =
                        z * (fast.phi[a] - slow.phi[a]);
                }
                for ((_, own), (task, sign)) in own.iter_mut().zip([(fast, 1.0), (slow, -1.0)]) {
                    for (a, psi) in task.psi.iter().enumerate() {
                        own[(i, layout.deviation(task.output) + k * layout.psi + a)] = sign * psi * z;
                    }
                }
            }
        }
        Rows { residual: found.into_iter().map(|(r, _)| r).collect(), shared, own }
    }
}

/// Hinges of one pair with their derivatives, one row each.
struct Rows {
    residual: Vec<f64>,
    shared: Mat<f64>,
    /// Device, and derivatives by its own unknowns: the faster, then the slower.
    own: [(usize, Mat<f64>); 2],
}
