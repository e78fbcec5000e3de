//! Fits of several networks that were stopped on the way and go on.

use gummel_data::{Dataset, Split};
use gummel_surrogate::sharing::Schedule;
use gummel_surrogate::{
    AdamwConfig, AutoConfig, Checkpoint, FitConfig, Observer, Progress, Progressed, Sharing, SingleConfig,
    SoftConfig, Solver, StopReason, TaskFit, combined, fit_tasks, resume_tasks,
};
use std::collections::BTreeMap;

use crate::bundled::quick;
use crate::sample::demo;

/// Stops as soon as a fit with this text in its stage has begun or gone on for some steps, and keeps the names of all fits.
#[derive(Default)]
struct StopAt {
    stage: Option<&'static str>,
    after: usize,
    reached: bool,
    seen: Vec<String>,
}

impl StopAt {
    fn stage(stage: &'static str) -> Self {
        StopAt { stage: Some(stage), ..StopAt::default() }
    }
}

impl Observer for StopAt {
    fn progress(&mut self, progress: &Progress) {
        if self.stage.is_some_and(|s| progress.stage.contains(s)) {
            self.reached |= self.after == 0;
            self.after = self.after.saturating_sub(1);
        }
        if self.seen.last() != Some(&progress.stage) {
            self.seen.push(progress.stage.clone());
        }
    }

    fn stop(&self) -> bool {
        self.reached
    }
}

/// Two devices of each polarity.
fn both() -> Dataset {
    let (mut n, mut p) = (demo("demo130/nmos"), demo("demo130/pmos"));
    n.devices.truncate(2);
    p.devices.truncate(2);
    n.devices.append(&mut p.devices);
    n
}

fn shared(sharing: Sharing) -> FitConfig {
    FitConfig { sharing, split: Split::Points { fraction: 0.8, seed: 0 }, ..quick() }
}

/// The states as a run folder keeps them.
fn saved(fits: &[TaskFit]) -> BTreeMap<String, Checkpoint> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("checkpoint.json");
    let through = |f: &TaskFit| {
        f.fit.checkpoint.save(&path).unwrap();
        (f.task.clone(), Checkpoint::load(&path).unwrap())
    };
    fits.iter().map(through).collect()
}

#[test]
fn a_grouping_that_was_stopped_ends_as_if_it_had_not_been() {
    let (data, config) = (both(), shared(Sharing::Auto(AutoConfig { folds: 2, ..AutoConfig::default() })));
    let whole = fit_tasks(&data, &config, &mut ()).unwrap();
    // Two fits alone and two of three others are over, one is given up.
    let mut stop = StopAt::stage("(5 of");
    let stopped = fit_tasks(&data, &config, &mut stop).unwrap();
    assert!(stop.reached, "{:?}", stop.seen);
    assert_eq!(stopped.len(), 2, "a model of each family all the same");
    for fit in &stopped {
        assert_eq!(fit.fit.report.stopped, StopReason::Interrupted);
        assert!(fit.fit.report.grouping.is_none());
        assert!(fit.fit.report.decisions.iter().any(|d| d.starts_with("interrupted after 4 fits")));
        let Some(Progressed::Trying(tried)) = &fit.fit.checkpoint.grouping else { panic!("settled") };
        assert_eq!(tried.len(), 4);
    }
    let mut watch = StopAt::default();
    let resumed = resume_tasks(&data, &config, &saved(&stopped), &mut watch).unwrap();
    assert!(watch.seen[0].contains("(5 of"), "known fits are not made again: {:?}", watch.seen[0]);
    assert_eq!(resumed.len(), whole.len());
    for (now, then) in resumed.iter().zip(&whole) {
        assert_eq!(now.task, then.task);
        assert_eq!(now.fit.report.grouping, then.fit.report.grouping);
        assert_eq!(now.fit.checkpoint, then.fit.checkpoint);
        assert_eq!(now.fit.model.spec, then.fit.model.spec);
    }
}

#[test]
fn groups_go_on_from_the_state_they_stopped_at() {
    let (data, config) = (both(), shared(Sharing::Auto(AutoConfig { folds: 2, ..AutoConfig::default() })));
    let first = fit_tasks(&data, &config, &mut ()).unwrap();
    let states = saved(&first);
    let mut watch = StopAt::default();
    let second = resume_tasks(&data, &config, &states, &mut watch).unwrap();
    let groups = first[0].fit.report.grouping.as_ref().unwrap().groups.len();
    assert!(watch.seen.iter().all(|s| s.ends_with(&format!("of {groups})"))), "{:?}", watch.seen);
    for (now, then) in second.iter().zip(&first) {
        assert_eq!(now.fit.report.grouping, then.fit.report.grouping);
        assert!(now.fit.checkpoint.step > then.fit.checkpoint.step);
        let error = |f: &TaskFit| f.fit.report.summaries[0].rel_rms.median;
        assert!(error(now) < 1.2 * error(then), "{} after {}", error(now), error(then));
    }
    let refused = |data: &Dataset, sharing: Sharing| {
        resume_tasks(data, &shared(sharing), &states, &mut ()).unwrap_err().to_string()
    };
    let mut fewer = data.clone();
    fewer.devices.retain(|d| d.id.family.name == "nmos");
    let auto = Sharing::Auto(AutoConfig { folds: 2, ..AutoConfig::default() });
    assert!(refused(&fewer, auto).contains("groups other tasks"));
    let soft = Sharing::Soft(SoftConfig::default());
    assert!(refused(&fewer, soft).contains("networks that are tied go on together"));
}

#[test]
fn networks_fitted_alone_go_on_and_those_not_reached_are_fitted() {
    let mut data = both();
    data.devices.truncate(2);
    let config = shared(Sharing::Single(SingleConfig::default()));
    let stopped = fit_tasks(&data, &config, &mut StopAt::stage("(1 of 2)")).unwrap();
    assert_eq!(stopped.len(), 1);
    let resumed = resume_tasks(&data, &config, &saved(&stopped), &mut ()).unwrap();
    assert_eq!(resumed.len(), 2);
    assert!(resumed[0].fit.checkpoint.step > stopped[0].fit.checkpoint.step);
    let whole = fit_tasks(&data, &config, &mut ()).unwrap();
    assert_eq!(resumed[1].fit.checkpoint, whole[1].fit.checkpoint);
}

/// Three devices, each with a network of its own that is held to the others', with bounds.
fn tied(schedule: Schedule) -> (Dataset, FitConfig) {
    let mut data = demo("demo130/nmos");
    data.devices.truncate(3);
    let mut config = shared(Sharing::Soft(SoftConfig { schedule, max_steps: 12, ..SoftConfig::default() }));
    config.network.hidden = vec![8, 8];
    config.constraints.steps = 6;
    let Solver::Lm(lm) = &mut config.solver else { panic!("solver of the tests") };
    lm.tolerance = 1e-4;
    (data, config)
}

#[test]
fn tied_networks_that_were_stopped_end_as_if_they_had_not_been() {
    for schedule in [Schedule::Fixed, Schedule::Annealed, Schedule::Learned] {
        let (data, config) = tied(schedule);
        let mut watch = StopAt::default();
        let whole = fit_tasks(&data, &config, &mut watch).unwrap();
        assert!(watch.seen.iter().any(|s| s == "signs"), "{:?}", watch.seen);
        // Among the ties, and when bounds move one network after the other.
        let later = if schedule == Schedule::Fixed { &[("signs", 1), ("signs", 9)][..] } else { &[] };
        for (stage, after) in std::iter::once(&("soft sharing", 7)).chain(later) {
            let mut stop = StopAt { after: *after, ..StopAt::stage(stage) };
            let stopped = fit_tasks(&data, &config, &mut stop).unwrap();
            assert!(stop.reached && stopped.len() == 3, "{schedule:?} {stage}: {:?}", stop.seen);
            assert_eq!(stopped[2].fit.report.stopped, StopReason::Interrupted);
            let mut watch = StopAt::default();
            let resumed = resume_tasks(&data, &config, &saved(&stopped), &mut watch).unwrap();
            assert_eq!(watch.seen[0], *stage, "what was over is not done again");
            for (now, then) in resumed.iter().zip(&whole) {
                assert_eq!(now.task, then.task);
                assert_eq!(now.fit.report.stopped, then.fit.report.stopped);
                assert_eq!(now.fit.report.devices, then.fit.report.devices);
                assert_eq!(now.fit.model.spec, then.fit.model.spec, "{schedule:?} {stage} {after}");
            }
        }
    }
}

#[test]
fn tied_networks_go_on_together_from_wherever_they_stopped() {
    let (data, config) = tied(Schedule::Fixed);
    let error = |fits: &[TaskFit]| combined(fits).unwrap().summaries[0].rel_rms.median;
    let early = fit_tasks(&data, &config, &mut StopAt::stage("subset")).unwrap();
    let whole = resume_tasks(&data, &config, &saved(&early), &mut ()).unwrap();
    assert!(error(&whole) < 0.5 * error(&early), "{} after {}", error(&whole), error(&early));
    let further = resume_tasks(&data, &config, &saved(&whole), &mut ()).unwrap();
    assert!(error(&further) < 1.05 * error(&whole), "{} after {}", error(&further), error(&whole));
    let steps = |fits: &[TaskFit]| fits[0].fit.checkpoint.tied.as_ref().unwrap().ties.as_ref().unwrap().taken;
    assert!(steps(&further) > steps(&whole));

    let refused = |states: &BTreeMap<String, Checkpoint>| {
        resume_tasks(&data, &config, states, &mut ()).unwrap_err().to_string()
    };
    let mut fewer = saved(&whole);
    let (name, _) = fewer.pop_first().unwrap();
    assert!(refused(&fewer).contains(&format!("none of {name}")));
    let mut other = saved(&whole);
    other.values_mut().for_each(|c| c.tied.as_mut().unwrap().ties.as_mut().unwrap().network.truncate(9));
    assert!(refused(&other).contains("not those of the recipe"));
    let mut untied = saved(&whole);
    untied.values_mut().for_each(|c| c.tied = None);
    assert!(refused(&untied).contains("without ties"));
}

#[test]
fn networks_tied_by_adamw_go_on_from_where_they_stood() {
    let (data, mut config) = tied(Schedule::Fixed);
    let adamw = AdamwConfig { steps: 400, batch: 256, ..AdamwConfig::default() };
    config.solver = Solver::Adamw(adamw);
    let error = |fits: &[TaskFit]| combined(fits).unwrap().summaries[0].rel_rms.median;
    let hard = fit_tasks(&data, &FitConfig { sharing: Sharing::Hard, ..config.clone() }, &mut ()).unwrap();
    let whole = fit_tasks(&data, &config, &mut ()).unwrap();
    assert_eq!(whole.len(), 3);
    assert!(error(&whole) < error(&hard[..]), "{} tied, {} before", error(&whole), error(&hard));
    let again = fit_tasks(&data, &config, &mut ()).unwrap();
    assert_eq!(again[1].fit.model.spec, whole[1].fit.model.spec, "a seed fixes the result");

    // Within the hard-shared fit, and among the ties.
    for (stage, after) in [("adamw", 2), ("soft sharing", 2)] {
        let mut stop = StopAt { after, ..StopAt::stage(stage) };
        let stopped = fit_tasks(&data, &config, &mut stop).unwrap();
        assert!(stop.reached && stopped[0].fit.report.stopped == StopReason::Interrupted, "{:?}", stop.seen);
        let mut watch = StopAt::default();
        let resumed = resume_tasks(&data, &config, &saved(&stopped), &mut watch).unwrap();
        assert_eq!(watch.seen[0], stage, "what was over is not done again");
        assert!(error(&resumed) < error(&stopped), "{} after {}", error(&resumed), error(&stopped));
        assert!(error(&resumed) < 1.3 * error(&whole), "{} instead of {}", error(&resumed), error(&whole));
    }
}
