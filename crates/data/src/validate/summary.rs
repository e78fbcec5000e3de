//! The few numbers of a block that comparison between files needs.

use super::{duplicates, siblings};
use crate::Flags;
use crate::block::Block;
use crate::identity::Identity;

/// A block without its rows.
#[derive(Clone, Debug)]
pub(crate) struct Summary {
    /// Who was measured.
    pub(crate) identity: Identity,
    /// File the block comes from.
    pub(crate) file: String,
    /// Rows.
    pub(super) rows: usize,
    /// Hash of the numbers.
    pub(super) digest: [u8; 32],
    /// True for drain currents over bias.
    pub(super) transistor: bool,
    /// Largest drain current without body bias, A.
    pub(super) on_current: Option<f64>,
    /// Flags of any row.
    pub(super) flags: Flags,
    /// Noise floor, A; NaN until comparison fills it in.
    pub(super) floor: f64,
    /// Flags that comparison found, for every row.
    pub(super) found: Flags,
}

impl Summary {
    /// Summary of a block that has been checked alone.
    pub(crate) fn of(block: &Block) -> Summary {
        Summary {
            identity: block.identity.clone(),
            file: block.file.clone(),
            rows: block.rows(),
            digest: duplicates::digest(block),
            transistor: block.is_transistor(),
            on_current: siblings::on_current(block),
            flags: block.flags.iter().fold(Flags::NONE, |a, f| a | *f),
            floor: block.floor,
            found: Flags::NONE,
        }
    }
}
