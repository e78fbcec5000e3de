//! Hinges on the ratio of currents of two corners that share a trunk: where they fail, their loss, their part of the normal
//! equations.

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::pairs::Pair;
use super::ratio::{Ratio, Rows};
use super::{OrderConfig, OrderReport};
use crate::lm::normal::Normal;
use crate::problem::Problem;

/// Weighted lack of a ratio's logarithm, zero where it is at least `margin`.
pub(super) fn hinge(strength: f64, ratio: f64, margin: f64) -> f64 {
    strength * (ratio - margin).min(0.0)
}

/// A bias at which the order of a pair is watched.
#[derive(Clone, Debug)]
struct Watched {
    pair: usize,
    /// Inputs of the trunk.
    x: Vec<f64>,
}

impl AsRef<[f64]> for Watched {
    fn as_ref(&self) -> &[f64] {
        &self.x
    }
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

    /// The order at the biases of the readings.
    pub(super) fn at_readings(&self, problem: &Problem, theta: &[f64]) -> OrderReport {
        let ratios: Vec<f64> = (0..self.pairs.len())
            .flat_map(|k| self.ratio(problem, theta, k).at(&self.pairs[k].at_readings(problem)))
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

    /// Watches biases of readings and random ones between them at which the order fails; says whether it did anywhere anew.
    pub(super) fn look(&mut self, problem: &Problem, theta: &[f64], rng: &mut ChaCha8Rng) -> bool {
        let each = self.draws.div_ceil(self.pairs.len().max(1));
        let tried: Vec<Vec<Vec<f64>>> =
            self.pairs.iter().map(|pair| pair.candidates(problem, each, rng)).collect();
        let failing: Vec<Watched> = tried
            .into_par_iter()
            .enumerate()
            .flat_map_iter(|(pair, tried)| {
                let ratios = self.ratio(problem, theta, pair).at(&tried);
                let margin = self.margin;
                let failing = tried.into_iter().zip(ratios).filter(move |(_, r)| *r < margin);
                failing.map(move |(x, _)| Watched { pair, x })
            })
            .filter(|w| !self.watched.iter().any(|known| known.pair == w.pair && known.x == w.x))
            .collect();
        let found = !failing.is_empty();
        self.watched.extend(failing);
        self.watched.sort_by_key(|w| w.pair);
        found
    }

    /// `ln(I_fast / I_slow)` of a pair.
    fn ratio<'a>(&self, problem: &'a Problem, theta: &'a [f64], pair: usize) -> Ratio<'a> {
        let Pair { slow, fast, .. } = self.pairs[pair];
        Ratio::new(problem, theta, &[(fast, 1.0), (slow, -1.0)])
    }

    fn by_pair(&self) -> Vec<&[Watched]> {
        self.watched.chunk_by(|a, b| a.pair == b.pair).collect()
    }

    /// Half the sum of squares of the hinges.
    pub(crate) fn loss(&self, problem: &Problem, theta: &[f64]) -> f64 {
        let of = |watched: &[Watched]| -> f64 {
            let ratios = self.ratio(problem, theta, watched[0].pair).at(watched);
            ratios.into_iter().map(|r| hinge(self.strength, r, self.margin).powi(2)).sum()
        };
        let parts: Vec<f64> = self.by_pair().into_par_iter().map(of).collect();
        0.5 * parts.iter().sum::<f64>()
    }

    /// Adds gradient and curvature of the hinges to the normal equations.
    pub(crate) fn add(&self, problem: &Problem, theta: &[f64], normal: &mut Normal) {
        let of = |watched: &[Watched]| {
            let ratio = self.ratio(problem, theta, watched[0].pair);
            let hinges = ratio.at(watched).into_iter().map(|r| hinge(self.strength, r, self.margin));
            let (failing, residual): (Vec<&Watched>, Vec<f64>) =
                watched.iter().zip(hinges).filter(|(_, hinge)| *hinge < 0.0).unzip();
            ratio.rows(&failing, residual, self.strength)
        };
        let parts: Vec<Rows> = self.by_pair().into_par_iter().map(of).collect();
        parts.iter().for_each(|rows| rows.add(normal));
    }
}
