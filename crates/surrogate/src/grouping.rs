//! Which tasks may share a trunk without harm: the guard against negative transfer.
//!
//! All tasks are fitted together and each alone, and judged by readings that neither fit saw. Where the 95 % interval of a
//! task's error reaches beyond what is allowed, the tasks are parted into the two groups that pull apart most at the trunk
//! they shared ([`conflict`](crate::conflict)), and each group is tried again, down to single tasks. N tasks cost N fits of
//! one and at most N - 1 of several; trying all groups would cost 2^N (T. Standley et al., "Which tasks should be learned
//! together in multi-task learning?", 2020).

use serde::{Deserialize, Serialize};

use crate::error::FitError;
use crate::interval::Effect;

/// Which tasks share a trunk, and what was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Grouping {
    /// Names of the tasks of every trunk.
    pub groups: Vec<Vec<String>>,
    /// What was tried, in order.
    pub trials: Vec<Trial>,
}

/// Some tasks fitted together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// How the error of each one's unseen readings changed against the fit of that task alone; `None` without such readings.
    pub changes: Vec<Option<Effect>>,
    /// True when none lost by it: these tasks share a trunk.
    pub kept: bool,
}

/// What a joint fit of some tasks came to.
pub(crate) struct Outcome {
    /// Change of each one's error against the fit alone.
    pub(crate) changes: Vec<Option<Effect>>,
    /// Positions of the tasks in the two groups that pull apart most.
    pub(crate) apart: [Vec<usize>; 2],
}

/// Groups `names` such that no task's error grows by more than `worse`; `together` fits some of them.
///
/// # Errors
/// Those of `together`.
pub(crate) fn group(
    names: &[String],
    worse: f64,
    mut together: impl FnMut(&[usize]) -> Result<Outcome, FitError>,
) -> Result<(Vec<Vec<usize>>, Grouping), FitError> {
    let named = |tasks: &[usize]| tasks.iter().map(|k| names[*k].clone()).collect::<Vec<_>>();
    let (mut groups, mut trials) = (Vec::new(), Vec::new());
    let mut open: Vec<Vec<usize>> = vec![(0..names.len()).collect()];
    while let Some(tasks) = open.pop() {
        if tasks.len() < 2 {
            groups.push(tasks);
            continue;
        }
        let Outcome { changes, apart } = together(&tasks)?;
        let kept = changes.iter().flatten().all(|e| harmless(e, worse));
        trials.push(Trial { tasks: named(&tasks), changes, kept });
        if kept {
            groups.push(tasks);
        } else {
            open.extend(apart.map(|part| part.into_iter().map(|at| tasks[at]).collect()));
        }
    }
    groups.retain(|g| !g.is_empty());
    groups.sort();
    let grouping = Grouping { groups: groups.iter().map(|g| named(g)).collect(), trials };
    Ok((groups, grouping))
}

/// True when the error surely does not grow by more than `worse`, or when too few readings say anything about it.
fn harmless(effect: &Effect, worse: f64) -> bool {
    effect.interval.is_none_or(|[_, high]| high <= worse) && !effect.change.is_nan()
}

impl Grouping {
    /// What was found and why, a sentence each.
    pub(crate) fn told(&self, worse: f64) -> Vec<String> {
        let mut told = Vec::new();
        for trial in &self.trials {
            let effects = trial.tasks.iter().zip(&trial.changes);
            let mut judged: Vec<(&String, &Effect)> =
                effects.filter_map(|(t, e)| Some((t, e.as_ref()?))).collect();
            let high = |e: &Effect| e.interval.map_or(e.change, |[_, high]| high);
            judged.sort_by(|a, b| high(b.1).total_cmp(&high(a.1)));
            let losing = judged.iter().filter(|(_, e)| !harmless(e, worse)).count();
            let shown = if trial.kept { judged.len() } else { losing };
            let list: Vec<String> =
                judged[..shown.min(SHOWN)].iter().map(|(t, e)| format!("{t} {}", words(e))).collect();
            let more = if shown > SHOWN { format!(", and {} more", shown - SHOWN) } else { String::new() };
            let what = if trial.kept {
                "share a trunk: none loses"
            } else {
                "do not share a trunk: not proven harmless for"
            };
            told.push(format!("{} {what}; unseen error {}{more}", some(&trial.tasks), list.join(", ")));
        }
        for alone in self.groups.iter().filter(|g| g.len() == 1) {
            told.push(format!("{} has a trunk of its own", alone[0]));
        }
        told
    }
}

/// Most tasks named in a sentence.
const SHOWN: usize = 4;

/// The names of a few tasks, or how many there are.
fn some(tasks: &[String]) -> String {
    if tasks.len() <= SHOWN { tasks.join(", ") } else { format!("{} tasks ({} ...)", tasks.len(), tasks[0]) }
}

fn words(effect: &Effect) -> String {
    let percent = |v: f64| format!("{:+.1}", 100.0 * v);
    match effect.interval {
        Some([low, high]) => format!("{} % ({} to {})", percent(effect.change), percent(low), percent(high)),
        None => format!("{} % (too few readings to tell)", percent(effect.change)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        ["n", "p", "diode", "bjt"].map(str::to_owned).to_vec()
    }

    fn effect(change: f64) -> Option<Effect> {
        Some(Effect { change, interval: Some([change - 0.02, change + 0.02]) })
    }

    /// Tasks 0 and 1 help each other; 2 and 3 harm everyone, 2 the most.
    fn made_up(tasks: &[usize]) -> Outcome {
        let strangers = tasks.iter().filter(|t| **t > 1).count();
        let changes = tasks.iter().map(|_| effect(if strangers > 0 { 0.5 } else { -0.3 })).collect();
        let worst = tasks.iter().max().copied();
        let (far, near) = (0..tasks.len()).partition(|at| Some(tasks[*at]) == worst);
        Outcome { changes, apart: [near, far] }
    }

    #[test]
    fn those_that_help_each_other_stay_together_and_strangers_are_alone() {
        let mut fits = 0;
        let (groups, grouping) = group(&names(), 0.01, |tasks| {
            fits += 1;
            Ok(made_up(tasks))
        })
        .unwrap();
        assert_eq!(groups, [vec![0, 1], vec![2], vec![3]]);
        assert_eq!(fits, 3, "{grouping:?}");
        assert_eq!(grouping.trials.iter().filter(|t| t.kept).count(), 1);
        let told = grouping.told(0.01);
        assert!(told.iter().any(|t| t == "n, p share a trunk: none loses; unseen error n -30.0 % (-32.0 to -28.0), p -30.0 % (-32.0 to -28.0)"), "{told:?}");
        assert!(told.iter().any(|t| t == "diode has a trunk of its own"), "{told:?}");
        assert!(told[0].contains("do not share a trunk") && told[0].contains("+50.0 %"), "{told:?}");
    }

    #[test]
    fn harm_must_be_ruled_out_and_not_only_unproven() {
        let within = |change, interval| harmless(&Effect { change, interval }, 0.01);
        assert!(within(-0.1, Some([-0.2, 0.01])));
        assert!(!within(-0.1, Some([-0.3, 0.05])), "the interval reaches beyond 1 %");
        assert!(!within(f64::NAN, None));
        assert!(within(0.2, None), "two readings say nothing");
    }
}
