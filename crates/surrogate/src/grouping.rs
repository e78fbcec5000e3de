//! Which tasks may share a trunk without harm: the guard against negative transfer.
//!
//! All tasks are fitted together and each alone, and judged by readings that neither fit saw (cross-validation: the parts of
//! the readings take turns, and random starts differ, so that one lucky fit does not decide). While the 95 % interval of some
//! task's error reaches beyond what is allowed, the one that lost most (of many losing ones a quarter) is taken out and the
//! others are tried again; those that were taken out form the next group. N tasks cost N fits of one, and of several as many
//! as tasks are taken out and one more per group, at most about N^2 / 2; trying all groups would cost 2^N (T. Standley et
//! al., "Which tasks should be learned together in multi-task learning?", 2020).

use serde::{Deserialize, Serialize};

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

/// How far a grouping is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Progressed {
    /// It is known who shares a trunk with whom.
    Settled(Grouping),
    /// Fits that are over; others have yet to come.
    Trying(Vec<Tried>),
}

/// Some tasks fitted together to a part of the readings, judged by the rest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// Which part of the readings judges.
    pub fold: usize,
    /// Squared weighted residuals of every task, curve by curve, as IEEE-754 bit patterns.
    pub bits: Vec<Vec<Vec<u64>>>,
}

impl Tried {
    /// What a fit of `tasks` came to.
    pub(crate) fn new(tasks: Vec<String>, fold: usize, squares: &[Vec<Vec<f64>>]) -> Self {
        Tried { tasks, fold, bits: each(squares, f64::to_bits) }
    }

    /// Squared weighted residuals of every task, curve by curve.
    pub(crate) fn squares(&self) -> Vec<Vec<Vec<f64>>> {
        each(&self.bits, f64::from_bits)
    }
}

/// Every number of every curve of every task, changed by `f`.
fn each<A: Copy, B>(all: &[Vec<Vec<A>>], f: impl Fn(A) -> B) -> Vec<Vec<Vec<B>>> {
    all.iter().map(|task| task.iter().map(|curve| curve.iter().map(|v| f(*v)).collect()).collect()).collect()
}

/// Of so many losing tasks one is taken out at a time.
const AT_A_TIME: usize = 4;

/// Groups `names` such that no task's error grows by more than `worse`; `together` fits some of them and says how the error
/// of each changed against the fit alone.
///
/// # Errors
/// Those of `together`.
pub(crate) fn group<E>(
    names: &[String],
    worse: f64,
    mut together: impl FnMut(&[usize]) -> Result<Vec<Option<Effect>>, E>,
) -> Result<Grouping, E> {
    let named = |tasks: &[usize]| tasks.iter().map(|k| names[*k].clone()).collect::<Vec<_>>();
    let (mut groups, mut trials) = (Vec::new(), Vec::new());
    let mut open: Vec<usize> = (0..names.len()).collect();
    while !open.is_empty() {
        let (mut tasks, mut taken_out) = (std::mem::take(&mut open), Vec::new());
        while tasks.len() > 1 {
            let changes = together(&tasks)?;
            let mut losing: Vec<usize> =
                (0..tasks.len()).filter(|at| changes[*at].is_some_and(|e| !harmless(&e, worse))).collect();
            let high = |at: &usize| changes[*at].as_ref().map_or(f64::NEG_INFINITY, high);
            losing.sort_by(|a, b| high(b).total_cmp(&high(a)));
            trials.push(Trial { tasks: named(&tasks), changes, kept: losing.is_empty() });
            if losing.is_empty() {
                break;
            }
            losing.truncate((losing.len() / AT_A_TIME).max(1));
            taken_out.extend(losing.iter().map(|at| tasks[*at]));
            tasks.retain(|k| !taken_out.contains(k));
        }
        groups.push(tasks);
        taken_out.sort_unstable();
        open = taken_out;
    }
    groups.sort();
    Ok(Grouping { groups: groups.iter().map(|g| named(g)).collect(), trials })
}

/// The worst that a change may be; what is not a number comes first.
fn high(effect: &Effect) -> f64 {
    let high = effect.interval.map_or(effect.change, |[_, high]| high);
    if high.is_nan() { f64::INFINITY } else { high }
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
            judged.sort_by(|a, b| high(b.1).total_cmp(&high(a.1)));
            let losing = judged.iter().filter(|(_, e)| !harmless(e, worse)).count();
            let shown = if trial.kept { judged.len() } else { losing };
            let list: Vec<String> =
                judged[..shown.min(SHOWN)].iter().map(|(t, e)| format!("{t} {}", words(e))).collect();
            let more = if shown > SHOWN { format!(", and {} more", shown - SHOWN) } else { String::new() };
            let what = if trial.kept {
                "share a trunk, none loses by it"
            } else {
                "do not share a trunk, harm is not ruled out"
            };
            told.push(format!("{} {what}: unseen error of {}{more}", some(&trial.tasks), list.join(", ")));
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
    use crate::error::FitError;

    fn names() -> Vec<String> {
        ["n", "p", "diode", "bjt"].map(str::to_owned).to_vec()
    }

    fn effect(change: f64) -> Option<Effect> {
        Some(Effect { change, interval: Some([change - 0.02, change + 0.02]) })
    }

    /// Tasks 0 and 1 help each other; 2 and 3 harm everyone, and lose more themselves.
    fn made_up(tasks: &[usize]) -> Vec<Option<Effect>> {
        let strangers = tasks.iter().filter(|t| **t > 1).count();
        let of = |t: &usize| effect(if strangers > 0 { 0.1 + 0.2 * *t as f64 } else { -0.3 });
        tasks.iter().map(of).collect()
    }

    #[test]
    fn those_that_help_each_other_stay_together_and_strangers_are_alone() {
        let mut tried = Vec::new();
        let grouping = group(&names(), 0.01, |tasks| {
            tried.push(tasks.to_vec());
            Ok::<_, FitError>(made_up(tasks))
        })
        .unwrap();
        assert_eq!(grouping.groups, [vec!["n", "p"], vec!["diode"], vec!["bjt"]]);
        assert_eq!(tried, [vec![0, 1, 2, 3], vec![0, 1, 2], vec![0, 1], vec![2, 3]]);
        assert_eq!(grouping.trials.iter().filter(|t| t.kept).count(), 1);
        let told = grouping.told(0.01);
        let kept = "n, p share a trunk, none loses by it: unseen error of n -30.0 % (-32.0 to -28.0), p -30.0 % (-32.0 to -28.0)";
        assert!(told.iter().any(|t| t == kept), "{told:?}");
        assert!(told.iter().any(|t| t == "diode has a trunk of its own"), "{told:?}");
        assert!(told[0].contains("do not share a trunk") && told[0].contains("bjt +70.0 %"), "{told:?}");
    }

    #[test]
    fn many_tasks_are_taken_out_in_a_few_fits_and_what_says_nothing_shares() {
        let names: Vec<String> = (0..40).map(|k| k.to_string()).collect();
        let mut fits = 0;
        let grouping = group(&names, 0.01, |tasks| {
            fits += 1;
            // Odd tasks lose among even ones; task 0 has nothing to judge by, and a third of all is not a number.
            let even = tasks.iter().any(|t| t % 2 == 0);
            let of = |t: &usize| match t {
                0 => None,
                t if t % 2 == 1 && even && t % 3 == 0 => Some(Effect { change: f64::NAN, interval: None }),
                t if t % 2 == 1 && even => effect(0.5),
                _ => effect(-0.5),
            };
            Ok::<_, FitError>(tasks.iter().map(of).collect())
        })
        .unwrap();
        let odd = |rest| names.iter().skip(rest).step_by(2).cloned().collect::<Vec<_>>();
        assert_eq!(grouping.groups, [odd(0), odd(1)]);
        assert!(fits < 15, "{fits} fits");
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
