//! How every fit begins: the problem assembled, a given trunk in its place, the size of the trunk decided.

use gummel_data::Dataset;

use super::descent::From;
use super::{Watch, sizing};
use crate::assemble::assemble;
use crate::checkpoint::Checkpoint;
use crate::config::{FitConfig, Solver};
use crate::error::FitError;
use crate::pretrained::Pretrained;
use crate::problem::Problem;

/// A problem ready to be solved.
pub(super) struct Opening {
    pub(super) problem: Problem,
    /// The recipe as a given trunk and the size that was decided have it.
    pub(super) config: FitConfig,
    /// What was decided.
    pub(super) said: Vec<String>,
    /// Unknowns of a given trunk, with heads that stand for any device.
    given: Option<Vec<f64>>,
}

impl Opening {
    /// The problem of one family, new or that of a checkpoint.
    ///
    /// # Errors
    /// Those of [`assemble`], and a given trunk that cannot be had.
    pub(super) fn of(
        train: &Dataset,
        config: &FitConfig,
        checkpoint: Option<&Checkpoint>,
        watch: &mut Watch<'_>,
    ) -> Result<Self, FitError> {
        let trunk = Pretrained::of(config)?;
        let config = trunk.as_ref().map_or_else(|| config.clone(), |t| t.shaped(config));
        let mut problem = assemble(train, &config)?;
        let begin = trunk.map(|t| t.begin(&mut problem, &config));
        let mut opening = Opening::assembled(problem, config, checkpoint, watch);
        if let Some(begin) = begin {
            opening.said.insert(0, begin.told);
            opening.given = Some(begin.theta);
        }
        Ok(opening)
    }

    /// A problem that was put together already; no trunk is given.
    pub(super) fn assembled(
        mut problem: Problem,
        mut config: FitConfig,
        checkpoint: Option<&Checkpoint>,
        watch: &mut Watch<'_>,
    ) -> Self {
        let said = trunk_size(&mut problem, &mut config, checkpoint, watch);
        Opening { problem, config, said: said.into_iter().collect(), given: None }
    }

    /// Where the descent begins; `devices` are the names of all devices, in order.
    ///
    /// # Errors
    /// [`FitError::Checkpoint`] when the checkpoint belongs to something else.
    pub(super) fn from<'c>(
        &mut self,
        checkpoint: Option<&'c Checkpoint>,
        devices: &[String],
    ) -> Result<From<'c>, FitError> {
        Ok(match (checkpoint, self.given.take()) {
            (Some(checkpoint), _) => {
                From::Checkpoint(checkpoint.theta(&self.problem.layout, devices)?, checkpoint)
            }
            (None, Some(theta)) => From::Trunk(theta),
            (None, None) => From::Anywhere,
        })
    }
}

/// Gives a trunk whose size the recipe leaves open its size: that of the checkpoint, or one that the data ask for.
fn trunk_size(
    problem: &mut Problem,
    config: &mut FitConfig,
    checkpoint: Option<&Checkpoint>,
    watch: &mut Watch<'_>,
) -> Option<String> {
    if !config.network.hidden.is_empty() {
        return None;
    }
    let told = match (checkpoint, &config.solver) {
        (Some(checkpoint), _) => {
            if !checkpoint.hidden.is_empty() {
                problem.layout.shape.widths.clone_from(&checkpoint.hidden);
            }
            None
        }
        (None, Solver::Lm(lm)) => sizing::size(problem, lm, config.seed, watch),
        (None, Solver::Adamw(_)) => None,
    };
    config.network.hidden.clone_from(&problem.layout.shape.widths);
    told
}
