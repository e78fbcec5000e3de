//! Hinges on the ratio of two corners' currents: where they fail, their loss, their part of the normal equations.
//!
//! A hinge between two devices of one network couples their heads, for which the arrow of the normal equations has no place.
//! With `s`, `u`, `v` its derivatives by shared unknowns and by those of either device,
//! ```text
//! (s + u + v)^2 <= 2 (s/2 + u)^2 + 2 (s/2 + v)^2
//! ```
//! bounds its curvature by an arrow; gradient and loss are exact, so only the path of the steps depends on it. Where one of the
//! two is of another network and stands, there is nothing to couple.

use faer::linalg::matmul::matmul;
use faer::{Accum, Mat, Par};
use gummel_kernel::jacobian::{Block, padded};
use rand::Rng;
use rayon::prelude::*;

use super::pairs::{Pair, Point, along, scaled_head};
use super::{OrderConfig, OrderReport};
use crate::lm::normal::Normal;
use crate::problem::{BLOCK, Problem, Task};
use crate::symmetric;

/// A bias at which the order of a pair is watched.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pair: usize,
    point: Point,
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
        let ratios: Vec<f64> =
            (0..self.pairs.len()).flat_map(|k| self.ratios(problem, theta, &self.of_readings(k))).collect();
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
                let mut all = self.of_readings(k);
                let n = all.len();
                if n > 0 {
                    let mut mix = || -> Vec<f64> {
                        let (a, b, t) = (rng.random_range(0..n), rng.random_range(0..n), rng.random::<f64>());
                        let both = all[a].point.x.iter().zip(&all[b].point.x);
                        both.map(|(a, b)| a + t * (b - a)).collect()
                    };
                    let between = self.pairs[k].points((0..each).map(|_| mix()).collect());
                    all.extend(between.into_iter().map(|point| Watched { pair: k, point }));
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
            .filter(|w| !self.watched.iter().any(|known| known.pair == w.pair && known.point.x == w.point.x))
            .collect()
    }

    fn of_readings(&self, pair: usize) -> Vec<Watched> {
        self.pairs[pair].readings.iter().map(|point| Watched { pair, point: point.clone() }).collect()
    }

    /// The devices of a pair that can move, with the sign that their current has in the ratio.
    fn moving<'p>(&self, problem: &'p Problem, pair: usize) -> Vec<(&'p Task, f64)> {
        let Pair { slow, fast, .. } = &self.pairs[pair];
        let sides = [(fast.own(problem), 1.0), (slow.own(problem), -1.0)];
        sides.into_iter().filter_map(|(task, sign)| Some((task?, sign))).collect()
    }

    /// Head of the faster device of a pair less that of the slower, as far as they can move.
    fn head(&self, problem: &Problem, theta: &[f64], pair: usize) -> Vec<f64> {
        let mut difference = vec![0.0; problem.layout.head()];
        for (task, sign) in self.moving(problem, pair) {
            let head = scaled_head(problem, theta, task);
            difference.iter_mut().zip(head).for_each(|(d, h)| *d += sign * h);
        }
        difference
    }

    /// `ln(I_fast / I_slow)` at biases of one pair.
    fn ratios(&self, problem: &Problem, theta: &[f64], watched: &[Watched]) -> Vec<f64> {
        let mut all = Vec::with_capacity(watched.len());
        self.visit(problem, theta, watched, |_, _, y| all.extend_from_slice(y));
        all
    }

    /// Runs the trunk at biases of one pair, block by block, with the difference of heads and the ratios.
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
        let xs: Vec<&[f64]> = watched.iter().map(|w| &w.point.x[..]).collect();
        let mut rest = watched;
        along(&layout.shape, &theta[..layout.trunk()], &head, &xs, |block, y| {
            let (part, after) = rest.split_at(y.len());
            rest = after;
            let ratios: Vec<f64> = y.iter().zip(part).map(|(y, w)| y + w.point.given).collect();
            each(block, &head, &ratios);
        });
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
            let bound = rows.own.len() as f64;
            for (device, own) in &rows.own {
                let local = &mut normal.devices[*device];
                matmul(local.local.as_mut(), Accum::Add, own.transpose(), own.as_ref(), bound, Par::Seq);
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
        let moving = self.moving(problem, watched[0].pair);
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
        let mut own: Vec<(usize, Mat<f64>)> =
            moving.iter().map(|(t, _)| (t.device, Mat::zeros(n, layout.local()))).collect();
        for (i, (_, row)) in found.iter().enumerate() {
            for (k, v) in row[..trunk].iter().enumerate() {
                shared[(i, k)] = *v;
            }
            for k in 0..head {
                let z = row[trunk + k];
                for ((_, own), (task, sign)) in own.iter_mut().zip(&moving) {
                    for (a, phi) in task.phi.iter().enumerate() {
                        shared[(i, layout.population(task.output) + k * layout.phi + a)] += z * sign * phi;
                    }
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
    /// Devices that can move, and derivatives by their own unknowns.
    own: Vec<(usize, Mat<f64>)>,
}
