//! What a step follows: the gradient of a batch as a whole, or of every task's part of it, weighed and mended.

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::balance::{Balance, Seen};
use super::error::AdamwError;
use super::feed::{Batch, Feed};
use super::gradients::TaskGradients;
use super::network::Crowd;
use super::objective::Objective;
use super::surgery::{cagrad, pcgrad};
use super::surrogate::Surrogate;
use crate::config::{AdamwConfig, Balanced, Balancing, Conflicts};
use crate::further::Further;
use crate::problem::Problem;

/// Gradients, one batch after the other.
pub(super) struct Direction<'a> {
    feed: Feed<'a>,
    objective: Objective,
    /// How tasks are weighed against each other; `None` where their readings are just added.
    tasks: Option<Tasks>,
}

struct Tasks {
    /// The group that every task of the problem belongs to.
    group_of: Vec<usize>,
    balance: Balance,
    conflicts: Conflicts,
    random: ChaCha8Rng,
}

impl<'a> Direction<'a> {
    pub(super) fn new(
        problem: &'a Problem,
        further: Option<&'a Further<'a>>,
        device: &Device,
        config: &AdamwConfig,
        seed: u64,
    ) -> Result<Self, AdamwError> {
        let feed = Feed::new(problem, further, device, config.batch, seed)?;
        let (points, slopes) = feed.first();
        let objective = Objective::new(&Crowd { problems: vec![problem] }, points, slopes, device);
        let plain = config.balance == Balancing::Noise && config.conflicts == Conflicts::Ignored;
        let tasks = (!plain).then(|| Tasks::new(problem, config, seed));
        Ok(Direction { feed, objective, tasks })
    }

    /// The gradient of the next batch, and how many points it has.
    pub(super) fn next(&mut self, surrogate: &Surrogate) -> Result<(GradientsParams, usize), AdamwError> {
        let Some(tasks) = &mut self.tasks else {
            let batch = self.feed.next()?;
            let network = surrogate.network();
            let loss = self.objective.batch(&network, &batch) + self.objective.penalty(&network);
            return Ok((GradientsParams::from_grads(loss.backward(), surrogate), batch.points.len()));
        };
        let batches = self.feed.next_by(&tasks.group_of)?;
        let points = batches.iter().map(|(_, batch)| batch.points.len()).sum();
        Ok((tasks.gradient(&self.objective, surrogate, &batches), points))
    }
}

impl Tasks {
    fn new(problem: &Problem, config: &AdamwConfig, seed: u64) -> Self {
        let group_of: Vec<usize> = problem
            .tasks
            .iter()
            .map(|t| match config.tasks {
                Balanced::Device => t.device,
                Balanced::Quantity => t.output,
            })
            .collect();
        let mut readings = vec![0; group_of.iter().max().map_or(0, |most| most + 1)];
        for (task, group) in problem.tasks.iter().zip(&group_of) {
            readings[*group] += task.weight.iter().filter(|w| **w > 0.0).count();
        }
        Tasks {
            group_of,
            balance: Balance::new(config.balance, &readings),
            conflicts: config.conflicts,
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    fn gradient(
        &mut self,
        objective: &Objective,
        surrogate: &Surrogate,
        batches: &[(usize, Batch)],
    ) -> GradientsParams {
        // A graph for every loss: walking one back takes it apart.
        let losses: Vec<Tensor<1>> =
            batches.iter().map(|(_, batch)| objective.batch(&surrogate.network(), batch)).collect();
        let values: Vec<f64> = Tensor::cat(losses.iter().map(|l| l.clone().inner()).collect(), 0)
            .into_data()
            .iter::<f64>()
            .collect();
        let gradients = TaskGradients::of(surrogate, losses);
        let weights: Vec<f64> = batches.iter().map(|(task, _)| self.balance.weights()[*task]).collect();
        let factors: Vec<f64> = match self.conflicts {
            Conflicts::Ignored => weights.clone(),
            Conflicts::Pcgrad => times(pcgrad(&gradients.gram(&weights), &mut self.random), &weights),
            Conflicts::Cagrad => times(cagrad(&gradients.gram(&weights)), &weights),
        };
        let norms = if self.balance.asks_for_norms() { gradients.norms() } else { vec![0.0; batches.len()] };
        let seen = batches.iter().zip(values.iter().zip(norms));
        let seen: Vec<Seen> =
            seen.map(|((task, _), (loss, norm))| Seen { task: *task, loss: *loss, norm }).collect();
        self.balance.learn(&seen);
        let penalty = objective.penalty(&surrogate.network()).backward();
        let penalty = GradientsParams::from_grads(penalty, surrogate);
        gradients.together(surrogate, &factors, &weights, &penalty)
    }
}

fn times(factors: Vec<f64>, weights: &[f64]) -> Vec<f64> {
    factors.iter().zip(weights).map(|(f, w)| f * w).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Parameters;
    use crate::synthetic::Synthetic;
    use burn::module::Module;

    #[test]
    fn tasks_one_by_one_give_the_gradient_of_all_together() {
        let family =
            Synthetic { devices: 3, gates: 9, gate: true, hidden: vec![7, 5], ..Synthetic::default() };
        // Shares of slopes are other than shares of points.
        let problem = Problem { slope_weight: 0.0, strength: 3.0, ..family.problem() };
        let mut theta = family.start(&problem).flatten(&problem.layout);
        theta.iter_mut().enumerate().for_each(|(k, t)| *t += 0.05 * (k as f64).sin());
        let parameters = Parameters::from_flat(&theta, &problem.layout);
        let device = Device::flex();
        let surrogate = Surrogate::from_parameters(&parameters, &problem.layout, &device.clone().autodiff());
        let config = AdamwConfig { batch: usize::MAX, ..AdamwConfig::default() };
        let stepped = |tasks: Option<Tasks>| {
            let mut direction = Direction::new(&problem, None, &device, &config, 1).expect("points");
            direction.tasks = tasks;
            let (gradients, points) = direction.next(&surrogate).expect("a batch");
            assert_eq!(points, problem.points());
            let stepped = burn::optim::SgdConfig::new().init().step(1.0, surrogate.clone(), gradients);
            assert_eq!(stepped.num_params(), theta.len());
            stepped.to_parameters(&problem.layout).flatten(&problem.layout)
        };
        let whole = stepped(None);
        for tasks in [Balanced::Device, Balanced::Quantity] {
            let config = AdamwConfig { tasks, ..config.clone() };
            let apart = stepped(Some(Tasks::new(&problem, &config, 1)));
            for (k, (a, b)) in whole.iter().zip(&apart).enumerate() {
                assert!((a - b).abs() < 1e-5 * (1.0 + a.abs()), "{tasks:?} parameter {k}: {a} {b}");
            }
        }
    }
}
