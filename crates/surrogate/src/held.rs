//! Shared unknowns held near given ones: a trunk and how heads follow geometry near what was fitted before, a network near
//! those it is tied to.
//!
//! ```text
//! sum_i s_i / 2 (theta_i - target_i)^2          s_i = infinity: theta_i stays what it is
//! ```
//! The sum runs over the first of the shared unknowns, the trunk and what follows it; it is one more residual per unknown in the
//! least-squares problem.

use crate::lm::normal::Normal;

/// Where shared unknowns are held, and how tightly.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// What they are held to, in the solver's order: the trunk's parameters, then those of the population.
    pub target: Vec<f64>,
    /// Strength per unknown, in units of the loss of one reading; infinity keeps it as it is.
    pub strength: Vec<f64>,
}

impl Held {
    /// A trunk of which nothing moves.
    pub fn frozen(target: Vec<f64>) -> Self {
        let strength = vec![f64::INFINITY; target.len()];
        Held { target, strength }
    }

    /// The same hold of the first `n` unknowns only.
    pub(crate) fn first(&self, n: usize) -> Self {
        let first = |of: &[f64]| of[..n.min(of.len())].to_vec();
        Held { target: first(&self.target), strength: first(&self.strength) }
    }

    /// Near both: what one of them keeps stays, in between by their strengths what neither keeps.
    pub(crate) fn and(&self, other: &Held) -> Self {
        let n = self.target.len().max(other.target.len());
        let of = |held: &Held, i: usize| match held.target.get(i) {
            Some(target) => (*target, held.strength[i]),
            None => (0.0, 0.0),
        };
        let both = |i: usize| {
            let ((a, s), (b, t)) = (of(self, i), of(other, i));
            let target = match (s.is_infinite(), t.is_infinite(), s + t > 0.0) {
                (true, _, _) | (_, _, false) => a,
                (_, true, _) => b,
                _ => (s * a + t * b) / (s + t),
            };
            (target, s + t)
        };
        let (target, strength) = (0..n).map(both).unzip();
        Held { target, strength }
    }

    /// The same hold of all but the first `trunk` unknowns, which cannot move.
    pub(crate) fn with_still_trunk(&self, trunk: usize) -> Self {
        let mut still = self.clone();
        still.strength[..trunk].fill(f64::INFINITY);
        still
    }

    /// True when none of the `trunk` parameters of the trunk can move.
    pub fn is_frozen(&self, trunk: usize) -> bool {
        self.strength[..trunk].iter().all(|s| s.is_infinite())
    }

    /// Slope of [`Held::loss`] where everything can move.
    pub(crate) fn slope(&self, theta: &[f64]) -> Vec<f64> {
        let each = self.target.iter().zip(&self.strength).zip(theta);
        each.map(|((target, strength), v)| strength * (v - target)).collect()
    }

    /// What the distance of `theta` costs. Unknowns that cannot move cost nothing.
    pub(crate) fn loss(&self, theta: &[f64]) -> f64 {
        let each = self.target.iter().zip(&self.strength).zip(theta);
        each.filter(|((_, s), _)| s.is_finite()).map(|((t, s), v)| 0.5 * s * (v - t).powi(2)).sum()
    }

    /// Adds gradient and curvature to the normal equations, of parameters that can move.
    pub(crate) fn add(&self, theta: &[f64], normal: &mut Normal) {
        for (i, (target, strength)) in self.target.iter().zip(&self.strength).enumerate() {
            if strength.is_finite() {
                normal.shared[(i, i)] += strength;
                normal.shared_gradient[i] += strength * (theta[i] - target);
            }
        }
    }

    /// Takes parameters that cannot move out of the normal equations; after everything else that is added to them.
    pub(crate) fn keep(&self, normal: &mut Normal) {
        for i in (0..self.strength.len()).filter(|i| self.strength[*i].is_infinite()) {
            // The lower triangle: row i up to the diagonal, column i from there on.
            (0..i).for_each(|j| normal.shared[(i, j)] = 0.0);
            normal.shared.col_as_slice_mut(i)[i..].fill(0.0);
            normal.shared[(i, i)] = 1.0;
            normal.shared_gradient[i] = 0.0;
            for device in &mut normal.devices {
                (0..device.coupling.ncols()).for_each(|j| device.coupling[(i, j)] = 0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lm::{Beside, Lm, gradient, normal, residuals};
    use crate::prepared::Prepared;
    use crate::problem::Problem;
    use crate::synthetic::Synthetic;

    fn family() -> (Problem, Vec<f64>) {
        let family = Synthetic { devices: 3, gates: 8, hidden: vec![5, 4], gate: true, seed: 1 };
        let problem = family.problem();
        let theta = family.start(&problem).flatten(&problem.layout);
        (problem, theta)
    }

    fn steps(problem: &Problem, theta: &[f64], n: usize) -> Lm {
        let prepared = Prepared::new(problem);
        let mut lm = Lm::new(&prepared, theta.to_vec());
        for _ in 0..n {
            lm.step(&prepared);
        }
        lm
    }

    #[test]
    fn the_gradient_is_that_of_the_loss() {
        let (mut problem, theta) = family();
        let trunk = problem.layout.trunk();
        let target = theta[..trunk].iter().map(|v| v + 0.3).collect();
        problem.held = Some(Held { target, strength: (0..trunk).map(|k| 0.5 * (k % 3) as f64).collect() });
        let prepared = Prepared::new(&problem);
        let normal = normal::assemble(&prepared, &theta);
        gradient::assert_slopes(&normal, &theta, |t| residuals::loss(&prepared, t), 1e-5, 1e-6);
    }

    #[test]
    fn a_frozen_trunk_stays_and_heads_reach_what_a_tight_hold_reaches() {
        let (mut problem, theta) = family();
        let trunk = problem.layout.trunk();
        let free = steps(&problem, &theta, 30);
        problem.held = Some(Held::frozen(theta[..trunk].to_vec()));
        let frozen = steps(&problem, &theta, 30);
        assert_eq!(frozen.theta[..trunk], theta[..trunk], "not a bit of the trunk moves");
        // One layer that may move takes the general path through the normal equations.
        let mut strength = vec![f64::INFINITY; trunk];
        strength[trunk - 1] = 1e12;
        problem.held = Some(Held { target: theta[..trunk].to_vec(), strength });
        let tight = steps(&problem, &theta, 30);
        assert!((tight.loss / frozen.loss - 1.0).abs() < 1e-6, "{} against {}", tight.loss, frozen.loss);
        assert!(free.loss < 0.5 * frozen.loss, "{} against {}", free.loss, frozen.loss);
    }

    /// Residuals that pull every trunk parameter to zero, as hinges pull at some.
    struct Pull {
        trunk: usize,
    }

    impl Beside for Pull {
        fn add(&self, theta: &[f64], normal: &mut Normal) {
            for (i, v) in theta[..self.trunk].iter().enumerate() {
                normal.shared[(i, i)] += 1e3;
                normal.shared_gradient[i] += 1e3 * v;
            }
            normal.loss += self.loss(theta);
        }

        fn loss(&self, theta: &[f64]) -> f64 {
            0.5e3 * theta[..self.trunk].iter().map(|v| v * v).sum::<f64>()
        }
    }

    #[test]
    fn residuals_beside_the_data_do_not_move_a_frozen_trunk() {
        let (mut problem, theta) = family();
        let trunk = problem.layout.trunk();
        let moved = |problem: &Problem| {
            let prepared = Prepared::new(problem);
            let mut lm = Lm::new(&prepared, theta.clone());
            for _ in 0..5 {
                lm.step_beside(&prepared, &Pull { trunk });
            }
            assert!(lm.theta[trunk..] != theta[trunk..], "heads move");
            lm.theta[..trunk] != theta[..trunk]
        };
        assert!(moved(&problem), "the pull moves a free trunk");
        problem.held = Some(Held::frozen(theta[..trunk].to_vec()));
        assert!(!moved(&problem), "not a bit of the trunk moves");
    }

    #[test]
    fn two_holds_pull_as_one_and_what_either_keeps_stays() {
        let one = Held { target: vec![1.0, 2.0, 3.0], strength: vec![1.0, f64::INFINITY, 0.0] };
        let other = Held { target: vec![4.0, 5.0, 6.0, 7.0], strength: vec![2.0, 1.0, 3.0, f64::INFINITY] };
        for both in [one.and(&other), other.and(&one)] {
            assert_eq!(both.target, vec![3.0, 2.0, 6.0, 7.0]);
            assert_eq!(both.strength, vec![3.0, f64::INFINITY, 3.0, f64::INFINITY]);
            let change = |held: &Held| held.loss(&[0.5, 2.0, -1.0, 7.0]) - held.loss(&[2.0, 2.0, 0.0, 7.0]);
            assert!((change(&both) - change(&one) - change(&other)).abs() < 1e-12);
        }
    }

    #[test]
    fn the_tighter_the_hold_the_nearer_the_trunk() {
        let (mut problem, theta) = family();
        let trunk = problem.layout.trunk();
        let mut distance = |strength: f64| {
            problem.held = Some(Held { target: theta[..trunk].to_vec(), strength: vec![strength; trunk] });
            let lm = steps(&problem, &theta, 30);
            lm.theta[..trunk].iter().zip(&theta).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
        };
        let distances = [1.0, 1e4, 1e8].map(&mut distance);
        assert!(distances.windows(2).all(|d| d[1] < d[0]), "{distances:?}");
        assert!(distances[2] < 1e-2 * distances[0], "{distances:?}");
    }
}
