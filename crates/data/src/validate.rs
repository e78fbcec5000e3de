//! Validation: marks doubtful points and devices; rows are flagged, never dropped.
//!
//! Some checks look at one file ([`points`], [`jumps`], [`behaviour`]), some compare files
//! ([`duplicates`], [`siblings`]); the [`floor`] estimate comes first, because most need it.

mod behaviour;
mod duplicates;
mod floor;
mod jumps;
mod points;
mod siblings;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub(crate) use behaviour::conducts_as;

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

/// What one file tells alone, and what the comparison of files needs: floor estimate and digest.
pub(crate) fn validate_file(block: &mut Block, options: &FlagOptions) {
    block.digest = duplicates::digest(block);
    points::flag_clipped(block, options);
    behaviour::flag_silent(block);
    if block.is_transistor() {
        block.floor = options.floor.or_else(|| floor::estimate(block)).unwrap_or(f64::NAN);
    }
}

/// What needs the floors of neighbours, or the neighbours themselves.
pub(crate) fn validate_across(blocks: &mut [Block], options: &FlagOptions) {
    floor::fill_in(blocks);
    blocks.par_iter_mut().filter(|b| b.is_transistor()).for_each(|block| {
        points::flag_points(block, options);
        behaviour::flag_behaviour(block);
        jumps::flag_jumps(block, options);
    });
    duplicates::flag_duplicates(blocks);
    duplicates::flag_strangers(blocks);
    siblings::flag_siblings(blocks, options);
}
