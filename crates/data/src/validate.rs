//! Validation: marks doubtful points and devices; rows are flagged, never dropped.
//!
//! Some checks look at one file (`points`, `jumps`, `behaviour`), some compare files (`duplicates`,
//! `siblings`, the `floor` of files that do not tell theirs). Comparison works on a [`Summary`] of a few
//! numbers per block, so that it also serves data sets larger than memory.

mod behaviour;
mod duplicates;
mod floor;
mod jumps;
mod points;
mod siblings;
mod summary;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub(crate) use behaviour::conducts_as;
pub(crate) use summary::Summary;

use crate::block::Block;

/// Thresholds of validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FlagOptions {
    /// Noise floor of the currents of every file, A; by default it is estimated from the data.
    pub floor: Option<f64>,
    /// `compliance`: a current from this fraction of its limit on counts as clipped. Default 0.995.
    pub compliance: f64,
    /// `kirchhoff`: largest sum of terminal currents, relative to the largest of them. Default 0.02.
    pub kirchhoff: f64,
    /// `jump`: a step down by this fraction of the curve's largest current is a fall. Default 0.02.
    pub jump_step: f64,
    /// `jump`: falls per file from which on its falling curves are flagged. Default 3.
    pub jump_count: usize,
    /// `siblings`: largest factor between a device and what its siblings lead to expect. Default 1.8.
    pub siblings: f64,
}

impl Default for FlagOptions {
    fn default() -> Self {
        FlagOptions {
            floor: None,
            compliance: 0.995,
            kirchhoff: 0.02,
            jump_step: 0.02,
            jump_count: 3,
            siblings: 1.8,
        }
    }
}

/// Checks of one file alone: what is clipped, silent, dead, shorted, jumping; its own floor estimate.
pub(crate) fn validate_file(block: &mut Block, options: &FlagOptions) {
    points::flag_clipped(block, options);
    behaviour::flag_silent(block);
    if block.is_transistor() {
        block.floor = options.floor.or_else(|| floor::estimate(block)).unwrap_or(f64::NAN);
        behaviour::flag_behaviour(block);
        jumps::flag_jumps(block, options);
    }
}

/// Comparison of files: floors for those without an estimate, duplicates, strangers, odd siblings.
pub(crate) fn compare(summaries: &mut [Summary], options: &FlagOptions) {
    floor::fill_in(summaries);
    duplicates::flag_duplicates(summaries);
    duplicates::flag_strangers(summaries);
    siblings::flag_siblings(summaries, options);
}

/// Brings what the comparison found back to the rows, with the checks of points that need the floor.
pub(crate) fn apply(summary: &Summary, block: &mut Block, options: &FlagOptions) {
    block.floor = summary.floor;
    block.flag_all(summary.found);
    if block.is_transistor() {
        points::flag_points(block, options);
    }
}

/// All of validation for blocks in memory.
pub(crate) fn validate_across(blocks: &mut [Block], options: &FlagOptions) {
    let mut summaries: Vec<Summary> = blocks.par_iter().map(Summary::of).collect();
    compare(&mut summaries, options);
    blocks.par_iter_mut().zip(&summaries).for_each(|(block, summary)| apply(summary, block, options));
}
