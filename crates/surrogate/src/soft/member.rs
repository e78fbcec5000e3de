//! One of the networks of a soft-shared fit.

use crate::problem::{Problem, Task};
use crate::sharing::Towards;

/// One task: its problem, and the parameters of its network.
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) problem: Problem,
    pub(crate) theta: Vec<f64>,
}

/// The tasks that `groups` of devices of `problem` make up, with the parameters that `theta` gives them.
///
/// The population of a single device is a number that never varies: where all tasks are single devices, heads alone remain.
/// Otherwise all keep their population, because what is held close must be of one shape.
pub(crate) fn cut(problem: &Problem, groups: &[(String, Vec<usize>)], theta: &[f64]) -> Vec<Member> {
    let single = groups.iter().all(|(_, devices)| devices.len() == 1);
    groups.iter().map(|(name, devices)| Member::cut(name, problem, devices, theta, single)).collect()
}

impl Member {
    /// One task; of a `single` device only the head remains.
    fn cut(name: &str, problem: &Problem, devices: &[usize], theta: &[f64], single: bool) -> Self {
        let layout = &problem.layout;
        let mut own = problem.clone();
        own.layout.devices = devices.len();
        let local = |task: &Task| devices.iter().position(|d| *d == task.device);
        own.tasks =
            problem.tasks.iter().filter_map(|t| Some(Task { device: local(t)?, ..t.clone() })).collect();
        let mut own_theta = theta[..layout.trunk()].to_vec();
        if single {
            own.population = gummel_kernel::Basis::constant();
            own.layout.phi = 1;
            // A given population says nothing of a head alone.
            own.held = problem.held.as_ref().map(|held| held.first(layout.trunk()));
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
    pub(super) fn design(&self, towards: Towards) -> Vec<f64> {
        match (towards, self.problem.tasks.first()) {
            (Towards::Corners, Some(task)) => vec![1.0, task.place.speed, task.place.skew],
            (Towards::Corners, None) => vec![1.0, 0.0, 0.0],
            (Towards::Mean | Towards::Others, _) => vec![1.0],
        }
    }
}
