//! Networks that are held: near each other, near given numbers, or both.

use burn::lr_scheduler::module_lr_scheduler::ModuleLearningRate;
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::tensor::{Device, Tensor};
use rayon::prelude::*;

use super::Judgement;
use super::anchored::{Anchor, Anchored, Standing};
use super::descend::{Walker, optimizer};
use super::error::AdamwError;
use super::even::Evenly;
use super::feed::{Batch, Feed};
use super::free::unpenalised;
use super::network::Crowd;
use super::objective::Objective;
use super::pull::Pull;
use crate::config::AdamwConfig;
use crate::further::Further;
use crate::lm::residuals;
use crate::prepared::Prepared;
use crate::problem::Problem;
use crate::soft::tie::Tie;

/// Ties between networks, and how they develop.
pub(crate) struct Bonds<'a> {
    pub(crate) tie: &'a mut Tie,
    /// Called before every judgement with the steps taken and where networks stand; true when it changed the ties.
    pub(crate) develop: &'a mut dyn FnMut(usize, &Standing, &mut Tie) -> bool,
}

/// Networks on their way.
pub(super) struct Together<'a> {
    batches: Batches<'a>,
    objective: Objective,
    anchor: Anchor,
    pull: Pull,
    module: Anchored,
    optimizer: ModuleOptimizer,
    prepared: Vec<Prepared<'a>>,
    held_out: Vec<Problem>,
    bonds: Option<Bonds<'a>>,
    /// Loss of a batch per unit of the solver's.
    unit: f64,
    device: Device,
}

/// Where batches come from.
enum Batches<'a> {
    /// One network, whose set may be larger than memory.
    One(Box<Feed<'a>>),
    Several(Box<Evenly>),
}

impl Batches<'_> {
    fn next(&mut self) -> Result<Batch, AdamwError> {
        match self {
            Batches::One(feed) => feed.next(),
            Batches::Several(evenly) => Ok(evenly.next()),
        }
    }
}

impl<'a> Together<'a> {
    /// One network near what its problem holds it to, from `theta`.
    pub(super) fn alone(
        problem: &'a Problem,
        further: Option<&'a Further<'a>>,
        held_out: Option<&Problem>,
        theta: Vec<f64>,
        (config, seed): (&AdamwConfig, u64),
        device: &Device,
    ) -> Result<Self, AdamwError> {
        let mut centre = theta[..problem.layout.shared()].to_vec();
        if let Some(held) = &problem.held {
            let near = held.target.iter().zip(&held.strength).zip(&mut centre);
            near.filter(|((_, s), _)| s.is_finite()).for_each(|((t, _), c)| *c = *t);
        }
        let standing = Standing { thetas: vec![theta], centres: vec![centre] };
        let feed = Feed::new(problem, further, device, config.batch, seed)?;
        let crowd = Crowd { problems: vec![problem] };
        let held_out = held_out.map_or_else(Vec::new, |h| vec![unpenalised(h)]);
        Ok(Together::new(crowd, Batches::One(Box::new(feed)), held_out, &standing, None, config, device))
    }

    /// Several networks near each other, from where they stand.
    pub(super) fn tied(
        problems: Vec<&'a Problem>,
        held_out: &[Problem],
        standing: &Standing,
        bonds: Bonds<'a>,
        (config, seed): (&AdamwConfig, u64),
        device: &Device,
    ) -> Result<Self, AdamwError> {
        let crowd = Crowd { problems };
        let evenly = Box::new(Evenly::new(&crowd, device, config.batch, seed)?);
        let held_out = held_out.iter().map(unpenalised).collect();
        Ok(Together::new(crowd, Batches::Several(evenly), held_out, standing, Some(bonds), config, device))
    }

    fn new(
        crowd: Crowd<'a>,
        batches: Batches<'a>,
        held_out: Vec<Problem>,
        standing: &Standing,
        bonds: Option<Bonds<'a>>,
        config: &AdamwConfig,
        device: &Device,
    ) -> Self {
        let (points, slopes) = match &batches {
            Batches::One(feed) => feed.first(),
            Batches::Several(evenly) => evenly.all(),
        };
        let held = crowd.problems[0].held.as_ref();
        let tie = bonds.as_ref().map(|b| &*b.tie);
        let design = tie.map_or_else(|| vec![vec![1.0]], |t| t.design.clone());
        let strengths = tie.map(Tie::per_unknown);
        let layouts = crowd.problems.iter().map(|p| p.layout.clone()).collect();
        let anchor = Anchor::new(layouts, design, standing, strengths.as_deref(), held, device);
        let unit = 2.0 / points.total;
        Together {
            objective: Objective::new(&crowd, points, slopes, device),
            pull: Pull::new(tie, held, unit, device),
            module: anchor.module(standing, &device.clone().autodiff()),
            anchor,
            batches,
            optimizer: optimizer(config),
            prepared: crowd.problems.iter().map(|p| Prepared::new(p)).collect(),
            held_out,
            bonds,
            unit,
            device: device.clone(),
        }
    }
}

impl Together<'_> {
    /// Where networks and centres began.
    pub(super) fn begun(&self) -> Standing {
        self.anchor.begun().clone()
    }

    /// Share of a batch, with what distances and deviations cost.
    fn loss(&self, batch: &Batch) -> Tensor<1> {
        let distances = self.anchor.distances(&self.module);
        let shared = self.anchor.shared(&self.module, distances.clone());
        let network = self.anchor.network(&self.module, &shared);
        self.objective.batch(&network, batch)
            + self.objective.penalty(&network)
            + self.pull.cost(&shared, distances)
    }
}

impl Walker for Together<'_> {
    type State = Standing;

    fn step(&mut self, rate: ModuleLearningRate) -> Result<usize, AdamwError> {
        let batch = self.batches.next()?;
        let gradients = GradientsParams::from_grads(self.loss(&batch).backward(), &self.module);
        self.module = self.optimizer.step(rate, self.module.clone(), gradients);
        Ok(batch.points.len())
    }

    fn state(&self) -> Standing {
        self.anchor.standing(&self.module)
    }

    fn judge(&self, step: usize, state: &Standing) -> Judgement {
        let Standing { thetas, centres } = state;
        let readings: f64 =
            self.prepared.par_iter().zip(thetas).map(|(p, theta)| residuals::loss(p, theta)).sum();
        let ties = self.bonds.as_ref().map_or(0.0, |bonds| bonds.tie.penalties(thetas, centres));
        let unseen = self.held_out.iter().zip(thetas);
        let unseen = unseen.map(|(h, theta)| residuals::loss(&Prepared::new(h), theta)).sum();
        let held_out = (!self.held_out.is_empty()).then_some(unseen);
        Judgement { step, loss: readings + ties, held_out }
    }

    fn turn(&mut self, step: usize, state: &Standing) -> bool {
        let Some(Bonds { tie, develop }) = &mut self.bonds else { return false };
        let changed = develop(step, state, tie);
        if changed {
            let held = self.prepared[0].problem.held.as_ref();
            self.pull = Pull::new(Some(tie), held, self.unit, &self.device);
        }
        changed
    }
}

#[cfg(test)]
mod tests;
