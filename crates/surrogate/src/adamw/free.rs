//! One network that nothing holds.

use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::ModuleOptimizer;
use burn::tensor::Device;

use super::Judgement;
use super::descend::{Walker, optimizer};
use super::direction::Direction;
use super::error::AdamwError;
use super::surrogate::Surrogate;
use crate::config::AdamwConfig;
use crate::further::Further;
use crate::lm::residuals;
use crate::parameters::Parameters;
use crate::prepared::Prepared;
use crate::problem::Problem;

/// A surrogate on its way.
pub(super) struct Free<'a> {
    direction: Direction<'a>,
    surrogate: Surrogate,
    optimizer: ModuleOptimizer,
    problem: Prepared<'a>,
    held_out: Option<Problem>,
}

impl<'a> Free<'a> {
    pub(super) fn new(
        problem: &'a Problem,
        further: Option<&'a Further<'a>>,
        held_out: Option<&Problem>,
        start: &Parameters,
        (config, seed): (&AdamwConfig, u64),
        device: &Device,
    ) -> Result<Self, AdamwError> {
        Ok(Free {
            direction: Direction::new(problem, further, device, config, seed)?,
            surrogate: Surrogate::from_parameters(start, &problem.layout, &device.clone().autodiff()),
            optimizer: optimizer(config),
            problem: Prepared::new(problem),
            held_out: held_out.map(unpenalised),
        })
    }
}

/// What judges, without penalties: they say nothing about points that were not fitted.
pub(super) fn unpenalised(held_out: &Problem) -> Problem {
    Problem { strength: 0.0, held: None, ..held_out.clone() }
}

impl Walker for Free<'_> {
    type State = Parameters;

    fn step(&mut self, rate: ModuleLearningRate) -> Result<usize, AdamwError> {
        let (gradients, points) = self.direction.next(&self.surrogate)?;
        self.surrogate = self.optimizer.step(rate, self.surrogate.clone(), gradients);
        Ok(points)
    }

    fn state(&self) -> Parameters {
        self.surrogate.to_parameters(&self.problem.problem.layout)
    }

    fn judge(&self, step: usize, parameters: &Parameters) -> Judgement {
        let theta = parameters.flatten(&self.problem.problem.layout);
        Judgement {
            step,
            loss: residuals::loss(&self.problem, &theta),
            held_out: self.held_out.as_ref().map(|h| residuals::loss(&Prepared::new(h), &theta)),
        }
    }
}
