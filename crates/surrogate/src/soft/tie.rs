//! The ties between networks: which parameters, how strong, how distances are measured.

use serde::{Deserialize, Serialize};

use crate::held::Held;
use crate::parameters::Layout;
use crate::sharing::{Distance, SoftConfig, Towards};

/// Distances below this do not count as such in norms and absolute values, which keeps their slopes finite.
pub(crate) const SMOOTH: f64 = 1e-3;

/// How far the tasks of a soft-shared fit are from each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharingReport {
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// Strength per layer of the trunk, then of the heads, at the end.
    pub strengths: Vec<f64>,
    /// RMS distance of the parameters of each task from where they are held, per layer and heads.
    pub from_centre: Vec<Vec<f64>>,
    /// RMS distance of the trunk parameters between each two tasks.
    pub between: Vec<Vec<f64>>,
}

/// Ties of the shared parameters of every task to centres, or to those of every other task.
#[derive(Clone, Debug)]
pub(crate) struct Tie {
    /// Ranges of the shared parameters: one per layer of the trunk, then the heads.
    pub(crate) layers: Vec<std::ops::Range<usize>>,
    /// Strength of each.
    pub(crate) strengths: Vec<f64>,
    /// Factor on all strengths.
    factor: f64,
    pub(crate) distance: Distance,
    /// Factors on the centres per task.
    pub(crate) design: Vec<Vec<f64>>,
    /// Whether distances are those between every two tasks. The centre is then their mean, which pulls at none of them.
    pub(crate) mutual: bool,
}

impl Tie {
    pub(crate) fn new(layout: &Layout, config: &SoftConfig, design: Vec<Vec<f64>>) -> Self {
        let mut layers: Vec<_> = layout.shape.layers().map(|l| l.range()).collect();
        let mut strengths: Vec<f64> = (0..layers.len())
            .map(|k| config.strength * config.layers.get(k).copied().unwrap_or(1.0))
            .collect();
        layers.push(layout.trunk()..layout.shared());
        strengths.push(config.strength * config.heads);
        Tie {
            layers,
            strengths,
            factor: 1.0,
            distance: config.distance,
            design,
            mutual: config.towards == Towards::Others,
        }
    }

    /// Number of centres.
    pub(crate) fn centres(&self) -> usize {
        self.design[0].len()
    }

    /// Number of tied parameters of a task.
    pub(crate) fn len(&self) -> usize {
        self.layers.last().map_or(0, |l| l.end)
    }

    /// Strength of the tie of every unknown.
    pub(crate) fn per_unknown(&self) -> Vec<f64> {
        let each = self.layers.iter().zip(&self.strengths);
        each.flat_map(|(layer, strength)| vec![self.factor * strength; layer.len()]).collect()
    }

    /// Sets the factor on all strengths.
    pub(crate) fn scale(&mut self, factor: f64) {
        self.factor = factor;
    }

    /// Where the centres hold task `k`.
    pub(crate) fn target(&self, k: usize, centres: &[Vec<f64>]) -> Vec<f64> {
        let mut target = vec![0.0; self.len()];
        for (z, u) in self.design[k].iter().zip(centres) {
            target.iter_mut().zip(u).for_each(|(t, u)| *t += z * u);
        }
        target
    }

    /// Distance of task `k` from where it is held.
    pub(crate) fn offset(&self, k: usize, theta: &[f64], centres: &[Vec<f64>]) -> Vec<f64> {
        theta.iter().zip(self.target(k, centres)).map(|(t, c)| t - c).collect()
    }

    /// Penalty of one distance, between a task and its target or between two tasks.
    fn penalty(&self, d: &[f64]) -> f64 {
        let of = |(layer, strength): (&std::ops::Range<usize>, &f64)| {
            let d = &d[layer.clone()];
            let squares: f64 = d.iter().map(|v| v * v).sum();
            let n = d.len() as f64;
            let distance = match self.distance {
                Distance::Squared => 0.5 * squares,
                Distance::Norm => (n * (squares + n * SMOOTH * SMOOTH)).sqrt() - n * SMOOTH,
                Distance::Absolute => d.iter().map(|v| v.hypot(SMOOTH) - SMOOTH).sum(),
            };
            self.factor * strength * distance
        };
        self.layers.iter().zip(&self.strengths).map(of).sum()
    }

    /// Penalty of all tasks.
    pub(crate) fn penalties(&self, thetas: &[Vec<f64>], centres: &[Vec<f64>]) -> f64 {
        let all = 0..thetas.len();
        if self.mutual {
            let of =
                |k: usize| (0..k).map(|j| self.penalty(&self.between(&thetas[j], &thetas[k]))).sum::<f64>();
            return all.map(of).sum::<f64>() / thetas.len() as f64;
        }
        all.map(|k| self.penalty(&self.offset(k, &thetas[k], centres))).sum()
    }

    /// Distance of the tied parameters of a task from those of another.
    fn between(&self, from: &[f64], to: &[f64]) -> Vec<f64> {
        to[..self.len()].iter().zip(from).map(|(to, from)| to - from).collect()
    }

    /// [`Tie::weights`] of the distance between two of `tasks` tasks that are tied to each other.
    pub(super) fn weights_between(&self, a: &[f64], b: &[f64], tasks: usize) -> Vec<f64> {
        let mut weights = self.weights(&self.between(a, b));
        weights.iter_mut().for_each(|w| *w /= tasks as f64);
        weights
    }

    /// Where task `k` is held and how tightly while all others and the centres stay: the strength times the distance from there
    /// is the slope of the penalties.
    pub(crate) fn hold(&self, k: usize, thetas: &[Vec<f64>], centres: &[Vec<f64>]) -> Held {
        if !self.mutual {
            let strength = self.weights(&self.offset(k, &thetas[k], centres));
            return Held { target: self.target(k, centres), strength };
        }
        let mut held = Held { target: vec![0.0; self.len()], strength: vec![0.0; self.len()] };
        for other in thetas.iter().enumerate().filter(|(j, _)| *j != k).map(|(_, theta)| theta) {
            let weights = self.weights_between(other, &thetas[k], thetas.len());
            for (i, w) in weights.iter().enumerate() {
                held.target[i] += w * other[i];
                held.strength[i] += w;
            }
        }
        for (i, (target, strength)) in held.target.iter_mut().zip(&held.strength).enumerate() {
            *target = if *strength > 0.0 { *target / strength } else { thetas[k][i] };
        }
        held
    }

    /// Weights `w` such that `w d` is the slope of the penalty of `d` and `w` a curvature never below its own.
    ///
    /// For norms and absolute values that is iteratively reweighted least squares.
    fn weights(&self, d: &[f64]) -> Vec<f64> {
        let mut weights = vec![0.0; d.len()];
        for (layer, strength) in self.layers.iter().zip(&self.strengths) {
            let strength = self.factor * strength;
            let part = &d[layer.clone()];
            let squares: f64 = part.iter().map(|v| v * v).sum();
            let n = part.len() as f64;
            for (w, v) in weights[layer.clone()].iter_mut().zip(part) {
                *w = strength
                    * match self.distance {
                        Distance::Squared => 1.0,
                        Distance::Norm => (n / (squares + n * SMOOTH * SMOOTH)).sqrt(),
                        Distance::Absolute => 1.0 / v.hypot(SMOOTH),
                    };
            }
        }
        weights
    }

    pub(crate) fn report(
        &self,
        names: &[String],
        thetas: &[Vec<f64>],
        centres: &[Vec<f64>],
    ) -> SharingReport {
        let rms = |d: &[f64]| (d.iter().map(|v| v * v).sum::<f64>() / d.len().max(1) as f64).sqrt();
        let from_centre = thetas.iter().enumerate().map(|(k, theta)| {
            let d = self.offset(k, theta, centres);
            self.layers.iter().map(|l| rms(&d[l.clone()])).collect()
        });
        let trunk = self.layers.last().map_or(0, |heads| heads.start);
        let apart = |a: &[f64], b: &[f64]| rms(&self.between(a, b)[..trunk]);
        SharingReport {
            tasks: names.to_vec(),
            strengths: self.strengths.clone(),
            from_centre: from_centre.collect(),
            between: thetas.iter().map(|a| thetas.iter().map(|b| apart(a, b)).collect()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_kernel::jacobian::TrunkShape;

    #[test]
    fn strength_times_distance_is_the_slope_of_every_penalty() {
        let shape = TrunkShape { inputs: 3, widths: vec![4, 3] };
        let layout = Layout { shape, outputs: 1, devices: 1, phi: 1, psi: 1 };
        let numbers = |salt: usize| -> Vec<f64> {
            (0..layout.shared()).map(|k| 0.3 * ((k * 7 + salt * 5) % 11) as f64 - 1.5).collect()
        };
        let (mut thetas, centres) = ([0, 1, 2].map(numbers), [numbers(3)]);
        // A parameter that two networks have in common.
        thetas[0][2] = thetas[1][2];
        for (distance, towards) in [Distance::Squared, Distance::Norm, Distance::Absolute]
            .into_iter()
            .flat_map(|d| [(d, Towards::Mean), (d, Towards::Others)])
        {
            let config = SoftConfig {
                towards,
                distance,
                strength: 2.0,
                layers: vec![1.0, 0.5],
                ..SoftConfig::default()
            };
            let tie = Tie::new(&layout, &config, vec![vec![1.0]; 3]);
            for task in 0..thetas.len() {
                let held = tie.hold(task, &thetas, &centres);
                for i in 0..layout.shared() {
                    let at = |h: f64| {
                        let mut moved = thetas.to_vec();
                        moved[task][i] += h;
                        tie.penalties(&moved, &centres)
                    };
                    let numeric = (at(1e-6) - at(-1e-6)) / 2e-6;
                    let slope = held.strength[i] * (thetas[task][i] - held.target[i]);
                    assert!(
                        (slope - numeric).abs() < 1e-5,
                        "{distance:?} {towards:?} {i}: {slope}, {numeric}"
                    );
                }
            }
        }
    }

    #[test]
    fn squares_between_every_two_are_those_from_the_mean() {
        let layout = Layout {
            shape: TrunkShape { inputs: 2, widths: vec![3] },
            outputs: 1,
            devices: 1,
            phi: 1,
            psi: 1,
        };
        let thetas: Vec<Vec<f64>> =
            (0..4).map(|k| (0..layout.shared()).map(|i| ((i * 5 + k * 3) % 7) as f64).collect()).collect();
        let mean: Vec<f64> =
            (0..layout.shared()).map(|i| thetas.iter().map(|t| t[i]).sum::<f64>() / 4.0).collect();
        let of = |towards: Towards| {
            let config = SoftConfig { towards, ..SoftConfig::default() };
            Tie::new(&layout, &config, vec![vec![1.0]; 4]).penalties(&thetas, std::slice::from_ref(&mean))
        };
        let (others, centre) = (of(Towards::Others), of(Towards::Mean));
        assert!((others / centre - 1.0).abs() < 1e-12, "{others} {centre}");
    }
}
