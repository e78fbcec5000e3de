//! One Levenberg-Marquardt step for all networks, and for the centres that hold them.

use faer::linalg::solvers::{Llt, Solve};
use faer::linalg::triangular_solve::solve_lower_triangular_in_place;
use faer::{Mat, Par, Side};
use rayon::prelude::*;

use super::mutual::Mutual;
use super::star::{Bound, RIDGE, Star};
use super::tie::Tie;
use crate::held::Held;
use crate::lm::arrow::{self, Reduced, Step};
use crate::lm::normal::{self, Normal};
use crate::lm::{Trial, damped, residuals};
use crate::prepared::Prepared;

/// State of a soft-shared fit between steps.
pub(crate) struct Joint {
    /// All unknowns of every task.
    pub(crate) thetas: Vec<Vec<f64>>,
    /// What the tasks are held to.
    pub(crate) centres: Vec<Vec<f64>>,
    /// Loss of every task, without ties.
    losses: Vec<f64>,
    penalty: f64,
    pub(crate) damping: f64,
}

/// A step that is not taken yet.
struct Proposal {
    /// Of every task.
    steps: Vec<Step>,
    /// Of the centres; `None` where those follow from the tasks.
    moved: Option<Vec<Vec<f64>>>,
    /// Decrease of the loss that the centres' part promises.
    gain: f64,
}

impl Joint {
    /// Starts at `thetas` with the centres where they explain them best.
    pub(crate) fn new(prepared: &[Prepared<'_>], thetas: Vec<Vec<f64>>, tie: &Tie) -> Self {
        let losses = losses(prepared, &thetas);
        let centres = centres(&thetas, tie);
        let mut joint = Joint { thetas, centres, losses, penalty: 0.0, damping: 1e-2 };
        joint.weigh(tie);
        joint
    }

    /// Puts the centres and the damping where they were.
    pub(crate) fn stand(&mut self, centres: Vec<Vec<f64>>, damping: f64, tie: &Tie) {
        (self.centres, self.damping) = (centres, damping);
        self.weigh(tie);
    }

    /// Losses of all tasks and what their distances cost.
    pub(crate) fn loss(&self) -> f64 {
        self.losses.iter().sum::<f64>() + self.penalty
    }

    /// Loss of the readings alone.
    pub(crate) fn data_loss(&self) -> f64 {
        self.losses.iter().sum()
    }

    /// Counts the penalty anew after the strengths changed.
    pub(crate) fn weigh(&mut self, tie: &Tie) {
        self.penalty = tie.penalties(&self.thetas, &self.centres);
    }

    /// One step that lowers the loss; false when no damping gives one.
    pub(crate) fn step(&mut self, prepared: &[Prepared<'_>], tie: &Tie) -> bool {
        let normals: Vec<Normal> =
            prepared.par_iter().zip(&self.thetas).map(|(p, theta)| normal::assemble(p, theta)).collect();
        let pulls = Pulls::new(tie, &self.thetas, &self.centres);
        let mut damping = self.damping;
        let found = damped(&mut damping, self.loss(), |damping| {
            let Proposal { steps, moved, gain } = proposal(&normals, tie, &pulls, damping)?;
            let thetas: Vec<Vec<f64>> =
                self.thetas.iter().zip(&steps).map(|(t, s)| added(t, &s.delta)).collect();
            let centres = match moved {
                Some(moved) => self.centres.iter().zip(&moved).map(|(u, e)| added(u, e)).collect(),
                None => centres(&thetas, tie),
            };
            let losses = losses(prepared, &thetas);
            let penalty = tie.penalties(&thetas, &centres);
            let loss = losses.iter().sum::<f64>() + penalty;
            let predicted = steps.iter().map(|s| s.predicted).sum::<f64>() + gain;
            Some(Trial { state: (thetas, centres, losses, penalty), loss, predicted })
        });
        self.damping = damping;
        let lower = found.is_some();
        if let Some(Trial { state, .. }) = found {
            (self.thetas, self.centres, self.losses, self.penalty) = state;
        }
        lower
    }

    /// Diagonal of the inverse of each task's tied equations: variances of its shared unknowns in units of the noise.
    pub(crate) fn variances(&self, prepared: &[Prepared<'_>], tie: &Tie) -> Option<Vec<Vec<f64>>> {
        prepared
            .par_iter()
            .enumerate()
            .map(|(k, p)| {
                let normal = normal::assemble(p, &self.thetas[k]);
                let reduced = arrow::reduce(&normal, f64::EPSILON)?;
                let weights = tie.hold(k, &self.thetas, &self.centres).strength;
                let factor = Bound::new(&reduced.schur, weights)?.factor;
                let mut inverse = Mat::<f64>::identity(tie.len(), tie.len());
                solve_lower_triangular_in_place(factor.L(), inverse.as_mut(), Par::Seq);
                Some((0..tie.len()).map(|i| inverse.col(i).iter().map(|v| v * v).sum()).collect())
            })
            .collect()
    }
}

/// What ties do to networks that stand somewhere, whatever the damping.
struct Pulls {
    /// Weights of ties to centres, per task: those of the ties, or the nearest to them where networks are tied to each other.
    weights: Vec<Vec<f64>>,
    /// Slopes of the penalties over the shared unknowns, per task.
    slopes: Vec<Vec<f64>>,
    /// Ties between every two networks.
    mutual: Option<Mutual>,
}

impl Pulls {
    fn new(tie: &Tie, thetas: &[Vec<f64>], centres: &[Vec<f64>]) -> Self {
        let held: Vec<Held> =
            (0..thetas.len()).into_par_iter().map(|k| tie.hold(k, thetas, centres)).collect();
        let slopes = held.iter().zip(thetas).map(|(h, theta)| h.slope(theta)).collect();
        let mutual = tie.mutual.then(|| Mutual::new(tie, thetas));
        let weights = match &mutual {
            Some(mutual) => (0..held.len()).map(|k| mutual.mean(k)).collect(),
            None => held.into_iter().map(|h| h.strength).collect(),
        };
        Pulls { weights, slopes, mutual }
    }
}

/// What a step with this damping would be; `None` where it cannot be solved for.
fn proposal(normals: &[Normal], tie: &Tie, pulls: &Pulls, damping: f64) -> Option<Proposal> {
    let Pulls { weights, slopes, mutual } = pulls;
    let reduced: Vec<Reduced> =
        normals.par_iter().map(|normal| arrow::reduce(normal, damping)).collect::<Option<_>>()?;
    let right: Vec<Mat<f64>> = reduced
        .iter()
        .zip(slopes)
        .map(|(reduced, slope)| Mat::from_fn(slope.len(), 1, |i, _| -reduced.rhs[(i, 0)] - slope[i]))
        .collect();
    let bound = reduced.par_iter().zip(weights).map(|(r, w)| Bound::new(&r.schur, w.clone()));
    let star = Star::new(bound.collect::<Option<_>>()?, &tie.design)?;
    let (shared, moved, gain) = if let Some(mutual) = mutual {
        let schur: Vec<&Mat<f64>> = reduced.iter().map(|r| &r.schur).collect();
        (mutual.solve(&schur, &star, right)?, None, 0.0)
    } else {
        let pulled = pulled(slopes, tie);
        let (shared, moved) = star.solve(&right, &pulled);
        let gain = moved.iter().zip(&pulled).flat_map(|(e, q)| e.iter().zip(q)).map(|(e, q)| 0.5 * e * q);
        let gain = gain.sum();
        (shared, Some(moved), gain)
    };
    let steps: Vec<Step> = reduced
        .par_iter()
        .zip(normals)
        .zip(&shared)
        .zip(slopes)
        .map(|(((reduced, normal), shared), slope)| {
            let gradient: Vec<f64> = normal.shared_gradient.iter().zip(slope).map(|(g, s)| g + s).collect();
            reduced.step(normal, shared, &gradient)
        })
        .collect::<Option<_>>()?;
    Some(Proposal { steps, moved, gain })
}

/// What the ties of all tasks, whose slopes these are, pull at each centre with.
fn pulled(slopes: &[Vec<f64>], tie: &Tie) -> Vec<Vec<f64>> {
    let of = |m: usize| {
        let mut sum = vec![0.0; tie.len()];
        for (slope, z) in slopes.iter().zip(&tie.design) {
            sum.iter_mut().zip(slope).for_each(|(q, s)| *q += z[m] * s);
        }
        sum
    };
    (0..tie.centres()).map(of).collect()
}

fn losses(prepared: &[Prepared<'_>], thetas: &[Vec<f64>]) -> Vec<f64> {
    prepared.par_iter().zip(thetas).map(|(p, theta)| residuals::loss(p, theta)).collect()
}

/// Least-squares centres of the shared unknowns.
pub(super) fn centres(thetas: &[Vec<f64>], tie: &Tie) -> Vec<Vec<f64>> {
    let (n, m) = (tie.len(), tie.centres());
    let mut matrix = Mat::from_fn(m, m, |a, b| tie.design.iter().map(|z| z[a] * z[b]).sum::<f64>());
    for a in 0..m {
        matrix[(a, a)] += RIDGE * tie.design.len() as f64;
    }
    let right =
        Mat::from_fn(m, n, |a, i| tie.design.iter().zip(thetas).map(|(z, t)| z[a] * t[i]).sum::<f64>());
    // The ridge makes the matrix positive definite; without a factor the tasks are held to zero.
    let solved =
        Llt::new(matrix.as_ref(), Side::Lower).map_or_else(|_| Mat::zeros(m, n), |f| f.solve(&right));
    (0..m).map(|a| solved.row(a).iter().copied().collect()).collect()
}

fn added(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}
