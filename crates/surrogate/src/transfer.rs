//! Who helps whom: every two tasks fitted together against each alone, judged by readings that none of the fits saw.
//!
//! `change_ij = error of i fitted with j / error of i alone - 1`, the error being the geometric mean over unseen curves of the
//! root of the mean squared weighted residual of the drain current: a transfer matrix (A. Zamir et al., "Taskonomy", 2018) of joint training, as in T. Standley
//! et al., "Which tasks should be learned together in multi-task learning?" (2020).

use gummel_data::{Dataset, Split};
use serde::{Deserialize, Serialize};

use crate::config::FitConfig;
use crate::conflict::Conflict;
use crate::error::FitError;
use crate::fit::{Judged, Observer, Parts};
use crate::interval::{Effect, typical};
use crate::sharing::TaskOf;

/// Fraction of every device's readings that judge where the recipe holds out nothing.
const HELD_OUT: f64 = 0.5;

/// Who helps whom.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transfer {
    /// Names of the tasks.
    pub tasks: Vec<String>,
    /// Fitted readings of each.
    pub fitted: Vec<usize>,
    /// Readings that judge each.
    pub judged: Vec<usize>,
    /// Typical weighted residual (about the relative error) of each task's unseen curves, fitted alone.
    pub alone: Vec<f64>,
    /// Row by row, how the error of the row's task changes when the column's is fitted with it; `None` on the diagonal and
    /// where nothing judges.
    pub change: Vec<Vec<Option<Effect>>>,
    /// The same when all tasks are fitted together.
    pub together: Vec<Option<Effect>>,
    /// How the tasks pull at the trunk of all.
    pub conflict: Conflict,
    /// Networks fitted.
    pub fits: usize,
}

/// Fits every task alone, every two together, and all, each with the recipe's steps but without bounds and charges, and compares
/// their unseen errors.
///
/// What judges is what the recipe's split holds out, or half of every device's readings where it holds out nothing.
///
/// # Errors
/// As [`fit`](crate::fit()); [`FitError::Config`] with fewer than two tasks.
pub fn transfer(
    data: &Dataset,
    config: &FitConfig,
    tasks: TaskOf,
    observer: &mut dyn Observer,
) -> Result<Transfer, FitError> {
    let mut config = config.clone();
    if config.split == Split::None {
        config.split = Split::Points { fraction: HELD_OUT, seed: config.seed };
    }
    let (train, held_out) = data.split(&config.split);
    let parts = Parts::new(&train, &held_out, tasks)?;
    let n = parts.len();
    if n < 2 {
        return Err(FitError::Config {
            key: "tasks",
            found: format!("{n} task"),
            expected: "two or more, of which one may help the other".into(),
        });
    }
    let fits = n + n * (n - 1) / 2 + usize::from(n > 2);
    let mut alone = Vec::new();
    for k in 0..n {
        let mut watch = parts.watch(&[k], (k, fits), observer);
        alone.push(parts.fit(&[k], &config, &mut watch)?.remove(0));
    }
    let mut change = vec![vec![None; n]; n];
    let mut pair = |j: usize, k: usize, both: &Judged| {
        change[j][k] = Effect::between(&both[0], &alone[j]);
        change[k][j] = Effect::between(&both[1], &alone[k]);
    };
    // Of two tasks the only pair is all of them.
    let pairs = (0..n).flat_map(|k| (0..k).map(move |j| (j, k))).filter(|_| n > 2);
    for (at, (j, k)) in pairs.enumerate() {
        let mut watch = parts.watch(&[j, k], (n + at, fits), observer);
        pair(j, k, &parts.fit(&[j, k], &config, &mut watch)?);
    }
    let all: Vec<usize> = (0..n).collect();
    let mut watch = parts.watch(&all, (fits - 1, fits), observer);
    let (whole, conflict) = parts.fit_all(&config, &mut watch)?;
    if n == 2 {
        pair(0, 1, &whole);
    }
    Ok(Transfer {
        tasks: parts.names(),
        fitted: parts.fitted(),
        judged: alone.iter().map(|s| s.iter().map(Vec::len).sum()).collect(),
        alone: alone.iter().map(|s| typical(s)).collect(),
        change,
        together: whole.iter().zip(&alone).map(|(a, b)| Effect::between(a, b)).collect(),
        conflict,
        fits,
    })
}
