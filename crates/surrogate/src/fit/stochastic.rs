//! AdamW as a solver of a fit.

use std::ops::ControlFlow;

use gummel_data::Dataset;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::{Solution, Watch};
use crate::adamw;
use crate::assemble::assemble;
use crate::config::{AdamwConfig, FitConfig};
use crate::error::FitError;
use crate::further::Further;
use crate::parameters::Parameters;
use crate::problem::Problem;
use crate::start::start;

/// Held-out points of training devices as a problem of the same layout, for early stopping.
pub(super) fn judge(
    problem: &Problem,
    (train, held_out): (&Dataset, &Dataset),
    config: &FitConfig,
) -> Option<Problem> {
    if held_out.devices.is_empty() {
        return None;
    }
    let devices = train
        .devices
        .iter()
        .map(|d| held_out.devices.iter().find(|h| h.id == d.id).cloned())
        .collect::<Option<Vec<_>>>()?;
    let mut held = assemble(&Dataset { devices, files: train.files.clone() }, config).ok()?;
    if held.layout.outputs != problem.layout.outputs {
        return None;
    }
    // Both parts must see trunk and population through the same features, scales and functions.
    held.rescale(problem);
    (held.layout == problem.layout).then_some(held)
}

/// Minimises by AdamW with a configuration and a seed, from `begin` or a random start.
pub(super) fn solve(
    problem: &Problem,
    further: Option<&Further<'_>>,
    held_out: Option<&Problem>,
    (config, seed): (&AdamwConfig, u64),
    begin: Option<Vec<f64>>,
    watch: &mut Watch<'_>,
) -> Result<Solution, FitError> {
    let theta = begin.unwrap_or_else(|| start(problem, &mut ChaCha8Rng::seed_from_u64(seed)));
    let parameters = Parameters::from_flat(&theta, &problem.layout);
    watch.max_steps = config.steps;
    let scale = 2.0 / problem.points().max(1) as f64;
    let outcome =
        adamw::solve_in_parts(problem, further, held_out, &parameters, config, seed, &mut |seen| {
            watch.note("adamw", seen.step, seen.loss * scale);
            if watch.stop() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })?;
    Ok(Solution {
        theta: outcome.parameters.flatten(&problem.layout),
        stopped: outcome.stopped,
        steps: outcome.steps,
        damping: 1e-2,
        weights: vec![1.0; problem.layout.devices],
    })
}
