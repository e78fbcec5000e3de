//! Files that hold the same numbers, and files that lie among the measurements of another chip.

use std::collections::HashMap;

use crate::Flags;
use crate::block::Block;

/// Rows below which equal numbers are no evidence.
const ROWS: usize = 5;

/// Hash of the numbers of a block, whatever its file is called and whatever its header says.
pub(crate) fn digest(block: &Block) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for (name, values) in &block.columns {
        hasher.update(name.as_bytes());
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_bits().to_le_bytes()).collect();
        hasher.update(&bytes);
    }
    *hasher.finalize().as_bytes()
}

/// Flags every block whose numbers another block, earlier in the order of names, holds already.
pub(super) fn flag_duplicates(blocks: &mut [Block]) {
    let mut seen: HashMap<[u8; 32], String> = HashMap::new();
    for block in blocks.iter_mut().filter(|b| b.rows() >= ROWS) {
        match seen.get(&block.digest) {
            Some(file) if *file != block.file => block.flag_all(Flags::DUPLICATE),
            Some(_) => {}
            None => {
                seen.insert(block.digest, block.file.clone());
            }
        }
    }
}

/// Flags files whose header names another lot, chip or structure than most files of the same device.
pub(super) fn flag_strangers(blocks: &mut [Block]) {
    let key = |b: &Block| format!("{}/{}/{}", b.identity.technology, b.identity.family, b.identity.device);
    let mut places: HashMap<String, HashMap<String, usize>> = HashMap::new();
    for block in blocks.iter().filter(|b| !b.identity.place.is_empty()) {
        *places.entry(key(block)).or_default().entry(block.identity.place.clone()).or_default() += 1;
    }
    for block in blocks.iter_mut().filter(|b| !b.identity.place.is_empty()) {
        let Some(of_device) = places.get(&key(block)) else { continue };
        let own = of_device.get(&block.identity.place).copied().unwrap_or(0);
        let all: usize = of_device.values().sum();
        if own * 2 < all {
            block.flag_all(Flags::CONTRADICTION);
        }
    }
}
