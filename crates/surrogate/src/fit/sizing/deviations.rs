//! How tightly deviations of heads are held to the population, chosen by the curves that chose the trunk's width.
//!
//! With many readings a device says itself what its head is, and any hold leads to the same fit. With few the hold is what keeps
//! a head from following their noise, or keeps it from what they say.

use super::{Watch, scale};
use crate::aside::log_errors;
use crate::choice::Choice;
use crate::config::USUAL_STRENGTH;
use crate::lm::Lm;
use crate::prepared::Prepared;
use crate::problem::Problem;

/// Strengths that are tried, tightest first.
const STRENGTHS: [f64; 4] = [0.1, 1e-2, 1e-3, 1e-4];
/// Devices with more readings than this for every number of their own do not ask for a choice.
const READINGS: usize = 20;
/// Steps with every strength, from where the usual one led.
const STEPS: usize = 15;

/// How [`choose`] begins what it says.
pub(super) const TOLD: &str = "deviations ";

/// A trunk with what it was fitted to and what judges it.
pub(super) struct Turn {
    pub(super) subset: Problem,
    pub(super) held: Problem,
    pub(super) theta: Vec<f64>,
}

/// True where devices have few readings, and more freedom than their population takes from them.
pub(super) fn matter(problem: &Problem) -> bool {
    let layout = &problem.layout;
    layout.devices > layout.phi && problem.points() <= READINGS * layout.devices * layout.local()
}

/// The strength that held-out curves ask for; `None` without curves or when the fit is over.
pub(super) fn choose(turns: &[Turn], watch: &mut Watch<'_>, seconds: f64) -> Option<Choice> {
    let mut logs = vec![Vec::new(); STRENGTHS.len()];
    let (mut done, all) = (0, turns.len() * STRENGTHS.len());
    for Turn { subset, held, theta } in turns {
        for (strength, logs) in STRENGTHS.iter().zip(&mut logs) {
            if watch.over(seconds).is_some() {
                return None;
            }
            let problem = Problem { strength: *strength, ..subset.clone() };
            let prepared = Prepared::new(&problem);
            let mut lm = Lm::new(&prepared, theta.clone());
            lm.steps(&prepared, STEPS);
            logs.extend(log_errors(held, &lm.theta));
            done += 1;
            watch.show("hold of heads", done, all, lm.loss * scale(&prepared));
        }
    }
    let Choice { strength, told } = Choice::among(&STRENGTHS, USUAL_STRENGTH, &logs)?;
    Some(Choice { strength, told: format!("{TOLD}held {told}") })
}
