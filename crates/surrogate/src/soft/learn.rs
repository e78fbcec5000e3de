//! Strengths of ties from the data: type-II maximum likelihood of a normal distribution of distances.
//!
//! With noise variance `s^2`, the variance of a layer's distances over tasks is
//! `t^2 = mean(d^2 + s^2 diag(A^-1))`, and the strength that belongs to it `s^2 / t^2`: the fixed point of the
//! expectation-maximisation algorithm for linear models (D. MacKay, "Bayesian interpolation", 1992).

use super::joint::Joint;
use super::tie::Tie;
use crate::prepared::Prepared;

/// Strengths stay within this factor of one: beyond, networks are one or strangers.
const LIMIT: f64 = 1e6;

/// Sets every tie's strength to what the distances of `joint` say.
pub(crate) fn strengths(tie: &mut Tie, joint: &Joint, prepared: &[Prepared<'_>]) {
    let Some(variances) = joint.variances(prepared, tie) else { return };
    let points: usize = prepared.iter().map(|p| p.problem.points()).sum();
    let noise = 2.0 * joint.data_loss() / points.max(1) as f64;
    let offsets: Vec<Vec<f64>> =
        joint.thetas.iter().enumerate().map(|(k, t)| tie.offset(k, t, &joint.centres)).collect();
    for (layer, strength) in tie.layers.iter().zip(&mut tie.strengths) {
        if *strength == 0.0 {
            continue;
        }
        let mut sum = 0.0;
        for (d, v) in offsets.iter().zip(&variances) {
            sum += layer.clone().map(|i| d[i] * d[i] + noise * v[i]).sum::<f64>();
        }
        // Each centre takes the freedom of one task.
        let free = offsets.len().saturating_sub(joint.centres.len()).max(1);
        let spread = sum / (free * layer.len()) as f64;
        *strength = (noise / spread.max(f64::MIN_POSITIVE)).clamp(1.0 / LIMIT, LIMIT);
    }
}
