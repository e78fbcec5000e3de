//! Runs checks over devices, temperatures and corners, and gathers what they found.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use gummel_device::{Corner, Curve};
use gummel_model::DeviceQuery;
use serde::Serialize;

use crate::card::{self, Card};
use crate::checks::{CHECKS, Check};
use crate::device::Volts;
use crate::finding::{Bound, Outcome, Picture, Verdict};
use crate::standing::{self, Standing};
use crate::{Ask, Family, Limits, Nominal, QaError, Scene};

/// Measured terminal currents and capacitances of devices, by name.
pub type Measurements = BTreeMap<String, Vec<Curve>>;

/// What to judge.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Limits of the checks.
    pub limits: Limits,
    /// Devices by name; all when empty.
    pub devices: Vec<String>,
    /// Checks by name; all when empty.
    pub checks: Vec<String>,
    /// Once raised, no further device is judged and checks end with [`QaError::Stopped`].
    pub stop: Arc<AtomicBool>,
}

/// One check of one device under one condition.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// Device.
    pub device: String,
    /// Temperature, K.
    pub temperature: f64,
    /// Corner, where it is another than the device's own.
    pub corner: Option<Corner>,
    /// Verdict.
    pub verdict: Verdict,
    /// The number, where there is one; JSON has no infinity and says null.
    pub number: Option<f64>,
    /// Terminal voltages `[vd, vg, vs, vb]` where it is worst.
    pub worst: Option<Volts>,
    /// Remark, or the reason why there is no number.
    pub remark: String,
    /// How bad, for ordering; larger is worse.
    #[serde(skip)]
    badness: f64,
}

/// One check over all devices and conditions.
#[derive(Clone, Debug, Serialize)]
pub struct CheckReport {
    /// Name of the check.
    pub name: &'static str,
    /// Heading.
    pub title: &'static str,
    /// What the number is.
    pub definition: &'static str,
    /// Where the check comes from.
    pub source: &'static str,
    /// Unit of the number.
    pub unit: &'static str,
    /// Bound of the number.
    pub bound: Bound,
    /// The worst verdict of all cases.
    pub verdict: Verdict,
    /// The worst case.
    pub worst: Case,
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed.
    pub failed: usize,
    /// Picture of the worst case.
    #[serde(skip)]
    pub picture: Option<Picture>,
    /// All cases, by device, temperature and corner.
    pub cases: Vec<Case>,
}

/// All checks of a family, and the card made of them.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `technology/family`.
    pub family: String,
    /// Version of gummel.
    pub gummel: &'static str,
    /// Number of devices judged.
    pub devices: usize,
    /// Limits applied.
    pub limits: Limits,
    /// The checks.
    pub checks: Vec<CheckReport>,
    /// The 21 rows of the published benchmark.
    pub card: Card,
    /// Whether each device may be used.
    pub standings: Vec<Standing>,
}

impl Plan {
    /// Whether it makes a check.
    pub(crate) fn makes(&self, check: &str) -> bool {
        self.checks.is_empty() || self.checks.iter().any(|n| n == check)
    }

    /// Whether to go on.
    ///
    /// # Errors
    /// [`QaError::Stopped`].
    pub(crate) fn goes_on(&self) -> Result<(), QaError> {
        if self.stop.load(Ordering::Relaxed) { Err(QaError::Stopped) } else { Ok(()) }
    }

    /// Whether it judges a device.
    pub(crate) fn judges(&self, device: &str) -> bool {
        self.devices.is_empty() || self.devices.iter().any(|n| n == device)
    }
}

/// Judges a family.
///
/// # Errors
/// [`QaError::UnknownDevice`] when the plan names one that is not there; errors of evaluation;
/// [`QaError::Stopped`].
pub fn check(family: &dyn Family, measured: &Measurements, plan: &Plan) -> Result<Report, QaError> {
    let nominals = family.nominals();
    if let Some(name) = plan.devices.iter().find(|d| !nominals.iter().any(|n| n.name == **d)) {
        return Err(QaError::UnknownDevice { name: name.clone(), family: family.title() });
    }
    let chosen: Vec<&Nominal> = nominals.iter().filter(|n| plan.judges(&n.name)).collect();
    let checks: Vec<&Check> = CHECKS.iter().filter(|c| plan.makes(c.name)).collect();
    let mut found =
        in_parallel(&chosen, |nominal| judge(family, &nominals, nominal, measured, &checks, plan))?;
    let mut reports = Vec::new();
    for (k, check) in checks.iter().enumerate() {
        let cases = found.iter_mut().flat_map(|d| std::mem::take(&mut d[k])).collect();
        reports.extend(summary(check, (check.bound)(&plan.limits), cases));
    }
    let (card, standings) = (card::of(&reports), standing::of(&reports));
    Ok(Report {
        family: family.title(),
        gummel: env!("CARGO_PKG_VERSION"),
        devices: chosen.len(),
        limits: plan.limits,
        checks: reports,
        card,
        standings,
    })
}

type Found = Vec<Vec<(Case, Option<Picture>)>>;

/// All checks of one device: per check, the cases of all conditions.
fn judge(
    family: &dyn Family,
    nominals: &[Nominal],
    nominal: &Nominal,
    measured: &Measurements,
    checks: &[&Check],
    plan: &Plan,
) -> Result<Found, QaError> {
    let mut found: Found = checks.iter().map(|_| Vec::new()).collect();
    let abilities = family.abilities();
    for (temperature, corner) in conditions(family, nominals, nominal) {
        let query = DeviceQuery {
            temperature: Some(temperature),
            corner: corner.map(Corner::position),
            ..DeviceQuery::named(&nominal.name)
        };
        let curves = measured.get(&nominal.name).into_iter().flatten();
        let scene = Scene {
            family,
            nominal,
            nominals,
            abilities,
            device: family.device(&Ask::from(query.clone()))?,
            query,
            temperature,
            corner,
            measured: match corner {
                None => curves.filter(|c| (c.temperature - temperature).abs() < 1.0).collect(),
                Some(_) => Vec::new(),
            },
        };
        for (check, cases) in checks.iter().zip(&mut found) {
            plan.goes_on()?;
            let bound = (check.bound)(&plan.limits);
            cases.push(case(&scene, bound, (check.run)(&scene, bound)?));
        }
    }
    Ok(found)
}

/// Temperatures and, where corners are a property of the model and not of a device, the five corners.
fn conditions(family: &dyn Family, nominals: &[Nominal], nominal: &Nominal) -> Vec<(f64, Option<Corner>)> {
    let abilities = family.abilities();
    let siblings =
        nominals.iter().filter(|n| n.geometry == nominal.geometry && n.site == nominal.site).count();
    let mut corners = vec![None];
    if abilities.corner && siblings == 1 {
        let own = nominal.corner.unwrap_or(Corner::Tt);
        corners.extend(Corner::ALL.into_iter().filter(|c| *c != own).map(Some));
    }
    let temperatures =
        &nominal.temperatures[..if abilities.temperature { nominal.temperatures.len() } else { 1 }];
    corners.iter().flat_map(|c| temperatures.iter().map(|t| (*t, *c))).collect()
}

fn case(scene: &Scene<'_>, bound: Bound, outcome: Outcome) -> (Case, Option<Picture>) {
    let (case, picture) = Case::of(&scene.nominal.name, bound, outcome);
    (case.under(scene.temperature, scene.corner), picture)
}

/// Gathers the cases of a check; `None` when there is none.
fn summary(check: &Check, bound: Bound, cases: Vec<(Case, Option<Picture>)>) -> Option<CheckReport> {
    let some = !cases.is_empty();
    some.then(|| CheckReport { unit: check.unit, ..CheckReport::of_cases(check.heading(), bound, cases) })
}

impl Case {
    /// A case at room temperature and the device's own corner.
    pub(crate) fn new(
        device: &str,
        verdict: Verdict,
        number: Option<f64>,
        worst: Option<Volts>,
        remark: String,
        bound: Bound,
    ) -> Self {
        let badness = match (number, verdict) {
            (Some(n), _) => bound.badness(n),
            // That the model lacks something says more than that a condition had no data.
            (None, Verdict::NotModelled) => f64::MIN,
            (None, _) => f64::NEG_INFINITY,
        };
        let (device, temperature) = (device.to_owned(), 300.15);
        Case { device, temperature, corner: None, verdict, number, worst, remark, badness }
    }

    /// The same at a temperature (K) and another corner than the device's own, if there is one.
    pub(crate) fn under(self, temperature: f64, corner: Option<Corner>) -> Self {
        Case { temperature, corner, ..self }
    }

    /// The case that an outcome makes under its bound, and its picture.
    pub(crate) fn of(device: &str, bound: Bound, outcome: Outcome) -> (Self, Option<Picture>) {
        let (verdict, number, worst, remark, picture) = match outcome {
            Outcome::Measured(m) => {
                let verdict = if bound.holds(m.number) { Verdict::Pass } else { Verdict::Fail };
                (verdict, Some(m.number), m.worst, m.remark, m.picture)
            }
            Outcome::NotModelled(why) => (Verdict::NotModelled, None, None, why, None),
            Outcome::NotTested(why) => (Verdict::NotTested, None, None, why, None),
        };
        (Case::new(device, verdict, number, worst, remark, bound), picture)
    }
}

impl CheckReport {
    /// A report with the picture of its worst case; a case that measured something outweighs one that could not.
    /// The heading is name, title, definition and source.
    ///
    /// # Panics
    /// When there is no case.
    pub(crate) fn of_cases(
        [name, title, definition, source]: [&'static str; 4],
        bound: Bound,
        cases: Vec<(Case, Option<Picture>)>,
    ) -> Self {
        let (cases, pictures): (Vec<Case>, Vec<Option<Picture>>) = cases.into_iter().unzip();
        let worst = (0..cases.len()).max_by(|a, b| cases[*a].badness.total_cmp(&cases[*b].badness));
        let k = worst.unwrap_or(0);
        let picture = pictures.into_iter().nth(k).flatten();
        let worst = cases[k].clone();
        let count = |v: Verdict| cases.iter().filter(|c| c.verdict == v).count();
        CheckReport {
            name,
            title,
            definition,
            source,
            unit: "",
            bound,
            verdict: worst.verdict,
            passed: count(Verdict::Pass),
            failed: count(Verdict::Fail),
            worst,
            picture,
            cases,
        }
    }

    /// This report and another one of the same check: the verdict is the worse one of what both measured; where only one
    /// has numbers, or none has, nothing is learned from the other.
    fn joined(self, other: CheckReport) -> Self {
        let measured = |r: &CheckReport| r.cases.iter().any(|c| c.number.is_some());
        match (measured(&self), measured(&other)) {
            (true, true) => {
                let (passed, failed) = (self.passed + other.passed, self.failed + other.failed);
                let cases = self.cases.iter().chain(&other.cases).cloned().collect();
                let worse = if self.worst.badness > other.worst.badness { self } else { other };
                CheckReport { passed, failed, cases, ..worse }
            }
            (true, false) => self,
            (false, _) => other,
        }
    }
}

impl Report {
    /// Adds a check made elsewhere and answers the card anew; a check that is already there gets its cases.
    pub fn add(&mut self, check: CheckReport) {
        match self.checks.iter().position(|c| c.name == check.name) {
            Some(k) => {
                let mine = self.checks.remove(k);
                self.checks.insert(k, mine.joined(check));
            }
            None => self.checks.push(check),
        }
        self.card = card::of(&self.checks);
        self.standings = standing::of(&self.checks);
    }
}

/// `work` on every item by as many threads as the machine has; results in the order of the items.
pub(crate) fn in_parallel<T: Sync, R: Send>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, QaError> + Sync,
) -> Result<Vec<R>, QaError> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<R, QaError>>>> = Mutex::new(items.iter().map(|_| None).collect());
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(items.len());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((i, item)) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|i| Some((i, items.get(i)?)))
                {
                    let result = work(item);
                    if let Ok(mut all) = results.lock() {
                        all[i] = Some(result);
                    }
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    results.into_iter().flatten().collect()
}
