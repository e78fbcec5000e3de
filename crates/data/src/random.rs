//! Seeded draws that are the same on every machine.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// `n` distinct indices below `len` (all when `n >= len`), ascending.
pub(crate) fn choose(len: usize, n: usize, seed: u64) -> Vec<u32> {
    let mut all: Vec<u32> = (0..len as u32).collect();
    if n < len {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let (chosen, _) = all.partial_shuffle(&mut rng, n);
        let mut chosen = chosen.to_vec();
        chosen.sort_unstable();
        return chosen;
    }
    all
}

/// `fraction` of `len` indices (rounded, at least one and not all when `len > 1`), as a mask.
pub(crate) fn mask(len: usize, fraction: f64, seed: u64) -> Vec<bool> {
    let wanted = (fraction.clamp(0.0, 1.0) * len as f64).round() as usize;
    let wanted = if fraction > 0.0 && len > 1 { wanted.clamp(1, len - 1) } else { wanted.min(len) };
    let mut mask = vec![false; len];
    for i in choose(len, wanted, seed) {
        mask[i as usize] = true;
    }
    mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_same_draw_other_seed_other_draw() {
        assert_eq!(choose(100, 10, 7), choose(100, 10, 7));
        assert_ne!(choose(100, 10, 7), choose(100, 10, 8));
        assert_eq!(choose(3, 10, 1), [0, 1, 2]);
        assert_eq!(mask(10, 0.25, 3).iter().filter(|m| **m).count(), 3);
        assert_eq!(mask(2, 0.01, 3).iter().filter(|m| **m).count(), 1);
    }
}
