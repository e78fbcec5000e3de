//! The state of tied networks on disk, so that they go on where they stopped: Levenberg-Marquardt exactly, AdamW with new steps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::member::Member;
use super::tie::Tie;
use crate::checkpoint::{Checkpoint, numbers};
use crate::error::FitError;
use crate::lm::StopReason;

/// One of several networks that are tied to each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tied {
    /// The hard-shared fit that all networks begin with.
    pub hard: Box<Checkpoint>,
    /// Its network and what it is held to; `None` while the hard-shared fit is not over.
    pub ties: Option<Ties>,
    /// Whether the fit of any of the networks was ended from outside.
    pub unfinished: bool,
}

/// A network between two steps of all of them, before bounds move it. All but its own unknowns are the same for every network;
/// numbers are IEEE-754 bit patterns, so that reading them back is exact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ties {
    /// All unknowns of the network.
    pub network: Vec<u64>,
    /// What the networks are held to.
    pub centres: Vec<Vec<u64>>,
    /// Strength per layer of the trunk, then of the heads.
    pub strengths: Vec<u64>,
    /// Damping of Levenberg-Marquardt.
    pub damping: u64,
    /// Losses after the steps by which convergence is judged.
    pub losses: Vec<u64>,
    /// Steps taken.
    pub taken: usize,
    /// Why no further step was taken.
    pub stopped: StopReason,
}

/// Where the networks of an earlier fit stand.
pub(crate) struct Earlier<'c> {
    /// The hard-shared fit.
    pub(crate) hard: &'c Checkpoint,
    /// Its networks; `None` while the hard-shared fit is not over.
    pub(crate) ties: Option<Stand<'c>>,
}

/// All networks between two steps.
pub(crate) struct Stand<'c> {
    /// One per network.
    pub(crate) ties: Vec<&'c Ties>,
    /// Whether the fit was ended from outside, by then or later.
    unfinished: bool,
}

impl<'c> Earlier<'c> {
    /// The state of the tasks `names`, in their order; `None` where there are no checkpoints.
    ///
    /// # Errors
    /// [`FitError::Checkpoint`] where that of a task is missing, is of a network without ties or of another fit.
    pub(crate) fn of(
        checkpoints: &'c BTreeMap<String, Checkpoint>,
        names: &[&str],
    ) -> Result<Option<Self>, FitError> {
        if checkpoints.is_empty() {
            return Ok(None);
        }
        let of = |name: &&str| {
            let found = checkpoints.get(*name).ok_or_else(|| {
                refuse(format!("there is none of {name}, and networks that are tied go on together"))
            })?;
            found.tied.as_ref().ok_or_else(|| {
                refuse("it is of a fit without ties, which goes on with the sharing it has".into())
            })
        };
        let all: Vec<&Tied> = names.iter().map(of).collect::<Result<_, _>>()?;
        let Some(first) = all.first() else { return Ok(None) };
        let of_all: Option<Vec<&Ties>> = all.iter().map(|t| t.ties.as_ref()).collect();
        let ties = of_all.map(|ties| Stand { ties, unfinished: all.iter().any(|t| t.unfinished) });
        Ok(Some(Earlier { hard: &first.hard, ties }))
    }
}

impl Stand<'_> {
    /// Steps after which ties end at the latest: those that were left, none if bounds were what was interrupted, and as many again
    /// where all was over.
    pub(crate) fn most(&self, steps: usize) -> usize {
        let first = self.ties[0];
        match (first.stopped, self.unfinished) {
            (StopReason::Interrupted | StopReason::Time, _) => steps,
            (_, true) => first.taken,
            (_, false) => first.taken + steps,
        }
    }

    /// Puts `members` and the strengths of `tie` where they were.
    ///
    /// # Errors
    /// [`FitError::Checkpoint`] where the networks have other sizes, or the ties hold them to another number of centres.
    pub(crate) fn put(&self, members: &mut [Member], tie: &mut Tie) -> Result<(), FitError> {
        let same =
            |t: &Ties, m: &Member| t.network.len() == m.theta.len() && t.centres.len() == tie.centres();
        if self.ties.len() != members.len() || !self.ties.iter().zip(&*members).all(|(t, m)| same(t, m)) {
            return Err(refuse("its networks or ties are not those of the recipe".into()));
        }
        members.iter_mut().zip(&self.ties).for_each(|(m, t)| m.theta = numbers(&t.network));
        tie.strengths = numbers(&self.ties[0].strengths);
        Ok(())
    }

    /// What the networks were held to.
    pub(crate) fn centres(&self) -> Vec<Vec<f64>> {
        self.ties[0].centres.iter().map(|u| numbers(u)).collect()
    }
}

fn refuse(reason: String) -> FitError {
    FitError::Checkpoint { path: "checkpoint.json".into(), reason }
}
