//! Soft sharing: a network for every task, its parameters held close to those of the others.
//!
//! ```text
//! sum_k loss_k(theta_k) + penalty(theta_k - sum_m z_km u_m)      z_k = (1) or (1, speed, skew)
//! ```
//! The centres `u` are unknowns too. A step of Levenberg-Marquardt solves for all networks and centres at once:
//! the normal equations have an arrow structure again, with the centres as its head, so that tight ties cost no
//! more steps than loose ones. Tasks start from the hard-shared fit, which tight ties give back.

mod joint;
mod learn;
mod state;
mod tie;

use crate::checkpoint::{bits, numbers};
use crate::config::LmConfig;
use crate::error::FitError;
use crate::fit::{StopRule, Watch};
use crate::held::Held;
use crate::lm::StopReason;
use crate::prepared::Prepared;
use crate::problem::{Problem, Task};
use crate::sharing::{Schedule, SoftConfig, Towards};

pub(crate) use state::{Earlier, Stand};
pub use state::{Tied, Ties};
pub use tie::SharingReport;

use joint::Joint;
use tie::Tie;

/// Steps between two updates of learned strengths.
const LEARN_EVERY: usize = 5;
/// Annealing starts at this multiple of the strength.
const ANNEAL_FROM: f64 = 100.0;

/// One task: its problem, and the parameters of its network.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) problem: Problem,
    pub(crate) theta: Vec<f64>,
}

impl Member {
    /// The task that `devices` of `problem` make up, with the parameters that `theta` gives them.
    ///
    /// The population of a single device is a number that never varies: its head alone remains.
    pub(crate) fn cut(name: &str, problem: &Problem, devices: &[usize], theta: &[f64]) -> Self {
        let layout = &problem.layout;
        let single = devices.len() == 1;
        let mut own = problem.clone();
        own.layout.devices = devices.len();
        let local = |task: &Task| devices.iter().position(|d| *d == task.device);
        own.tasks =
            problem.tasks.iter().filter_map(|t| Some(Task { device: local(t)?, ..t.clone() })).collect();
        let mut own_theta = theta[..layout.trunk()].to_vec();
        if single {
            own.population = gummel_kernel::Basis::constant();
            own.layout.phi = 1;
            for output in 0..layout.outputs {
                // Heads of one device differ with temperature only where phi or psi do; the first stands for all.
                let task = own.tasks.iter().find(|t| t.output == output);
                let head = task.map(|t| {
                    crate::lm::residuals::head_of(layout, t, theta, layout.deviations(theta, devices[0]))
                });
                own_theta.extend(head.unwrap_or_else(|| vec![0.0; layout.head()]));
            }
            own.tasks.iter_mut().for_each(|t| t.phi = vec![1.0]);
            own_theta.extend(vec![0.0; layout.local()]);
        } else {
            own_theta.extend_from_slice(&theta[layout.trunk()..layout.shared()]);
            for d in devices {
                own_theta.extend_from_slice(layout.deviations(theta, *d));
            }
        }
        Member { name: name.to_owned(), problem: own, theta: own_theta }
    }

    /// What its parameters are held close to, as factors on the centres.
    fn design(&self, towards: Towards) -> Vec<f64> {
        match (towards, self.problem.tasks.first()) {
            (Towards::Corners, Some(task)) => vec![1.0, task.place.speed, task.place.skew],
            (Towards::Corners, None) => vec![1.0, 0.0, 0.0],
            (Towards::Mean, _) => vec![1.0],
        }
    }
}

/// What soft sharing ended with.
pub(crate) struct SoftSolution {
    pub(crate) stopped: StopReason,
    pub(crate) steps: usize,
    pub(crate) damping: f64,
    pub(crate) report: SharingReport,
    /// Where every member is held, and how tightly, for steps that it takes by itself.
    pub(crate) held: Vec<Held>,
    /// The state of every member.
    pub(crate) ties: Vec<Ties>,
}

/// Moves the parameters of all members to the minimum of losses and ties, from where they are or from where they stood.
///
/// # Errors
/// [`FitError::Checkpoint`] where `from` is of other members.
pub(crate) fn solve(
    members: &mut [Member],
    (config, lm): (&SoftConfig, &LmConfig),
    first_step: usize,
    from: Option<&Stand<'_>>,
    watch: &mut Watch<'_>,
) -> Result<SoftSolution, FitError> {
    let names: Vec<String> = members.iter().map(|m| m.name.clone()).collect();
    let design: Vec<Vec<f64>> = members.iter().map(|m| m.design(config.towards)).collect();
    let layout = members[0].problem.layout.clone();
    let mut tie = Tie::new(&layout, config, design);
    if let Some(stand) = from {
        let unknowns: Vec<usize> = members.iter().map(|m| m.theta.len()).collect();
        stand.check(&unknowns, tie.centres())?;
        members.iter_mut().zip(&stand.ties).for_each(|(m, t)| m.theta = numbers(&t.network));
        tie.strengths = numbers(&stand.ties[0].strengths);
    }
    let (problems, thetas): (Vec<&Problem>, Vec<Vec<f64>>) =
        members.iter().map(|m| (&m.problem, m.theta.clone())).unzip();
    let prepared: Vec<Prepared<'_>> = problems.into_iter().map(Prepared::new).collect();
    let points: usize = prepared.iter().map(|p| p.problem.points()).sum();
    let mut joint = Joint::new(&prepared, thetas, &tie);
    let (mut rule, mut stopped) = (StopRule::new(lm.tolerance), StopReason::Steps);
    let (mut begin, mut most) = (0, config.max_steps);
    if let Some((stand, first)) = from.and_then(|s| Some((s, s.ties.first()?))) {
        joint.stand(first.centres.iter().map(|u| numbers(u)).collect(), f64::from_bits(first.damping), &tie);
        rule = StopRule::after(lm.tolerance, numbers(&first.losses));
        (begin, most) = (first.taken, stand.most(config.max_steps));
        if begin == most {
            stopped = first.stopped;
        }
    }
    let ramp = (config.max_steps / 2).max(1);
    let mut taken = begin;
    for step in begin..most {
        if let Some(reason) = watch.over(lm.seconds) {
            stopped = reason;
            break;
        }
        match config.schedule {
            Schedule::Annealed if step <= ramp => {
                tie.scale(ANNEAL_FROM.powf(1.0 - step as f64 / ramp as f64));
                joint.weigh(&tie);
            }
            Schedule::Learned if step > 0 && step % LEARN_EVERY == 0 => {
                learn::strengths(&mut tie, &joint, &prepared);
                joint.weigh(&tie);
                rule.forget();
            }
            _ => {}
        }
        if !joint.step(&prepared, &tie) {
            stopped = StopReason::Stalled;
            break;
        }
        taken = step + 1;
        watch.note("soft sharing", first_step + taken, joint.loss() * 2.0 / points.max(1) as f64);
        let settled = config.schedule != Schedule::Annealed || step > ramp;
        if settled && rule.converged(joint.loss()) {
            stopped = StopReason::Converged;
            break;
        }
    }
    let report = tie.report(&names, &joint.thetas, &joint.centres);
    let held = (0..joint.thetas.len())
        .map(|k| {
            let offset = tie.offset(k, &joint.thetas[k], &joint.centres);
            Held { target: tie.target(k, &joint.centres), strength: tie.weights(&offset) }
        })
        .collect();
    let ties = joint.thetas.iter().map(|theta| Ties {
        network: bits(theta),
        centres: joint.centres.iter().map(|u| bits(u)).collect(),
        strengths: bits(&tie.strengths),
        damping: joint.damping.to_bits(),
        losses: bits(rule.losses()),
        taken,
        stopped,
    });
    let ties = ties.collect();
    let (damping, thetas) = (joint.damping, joint.thetas);
    drop(prepared);
    for (member, theta) in members.iter_mut().zip(thetas) {
        member.theta = theta;
    }
    Ok(SoftSolution { stopped, steps: first_step + taken, damping, report, held, ties })
}

#[cfg(test)]
mod tests;
