//! Files that hold the same numbers, and files that lie among the measurements of another chip.

use std::collections::HashMap;

use super::Summary;
use crate::Flags;
use crate::block::Block;

/// Rows below which equal numbers are no evidence.
const ROWS: usize = 5;

/// Hash of the numbers of a block, whatever its file is called and whatever its header says.
pub(super) fn digest(block: &Block) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (name, values) in &block.columns {
        hasher.update(name.as_bytes());
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_bits().to_le_bytes()).collect();
        hasher.update(&bytes);
    }
    *hasher.finalize().as_bytes()
}

/// Flags every block whose numbers another block, earlier in the order of names, holds already.
pub(super) fn flag_duplicates(summaries: &mut [Summary]) {
    let mut seen: HashMap<[u8; 32], String> = HashMap::new();
    for summary in summaries.iter_mut().filter(|s| s.rows >= ROWS) {
        match seen.get(&summary.digest) {
            Some(file) if *file != summary.file => summary.found |= Flags::DUPLICATE,
            Some(_) => {}
            None => {
                seen.insert(summary.digest, summary.file.clone());
            }
        }
    }
}

/// Flags files whose header names another lot, chip or structure than most files of the same device.
pub(super) fn flag_strangers(summaries: &mut [Summary]) {
    let key = |s: &Summary| format!("{}/{}/{}", s.identity.technology, s.identity.family, s.identity.device);
    let mut places: HashMap<String, HashMap<String, usize>> = HashMap::new();
    for summary in summaries.iter().filter(|s| !s.identity.place.is_empty()) {
        *places.entry(key(summary)).or_default().entry(summary.identity.place.clone()).or_default() += 1;
    }
    for summary in summaries.iter_mut().filter(|s| !s.identity.place.is_empty()) {
        let Some(of_device) = places.get(&key(summary)) else { continue };
        let own = of_device.get(&summary.identity.place).copied().unwrap_or(0);
        let all: usize = of_device.values().sum();
        if own * 2 < all {
            summary.found |= Flags::CONTRADICTION;
        }
    }
}
