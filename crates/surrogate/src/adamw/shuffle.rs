//! Seeded orders in which rows are seen.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Endless seeded passes over rows, each in a new order.
#[derive(Clone, Debug)]
pub(super) struct Shuffle {
    order: Vec<i32>,
    batch: usize,
    next: usize,
    random: ChaCha8Rng,
}

impl Shuffle {
    /// Passes over `0 .. n`, cut into batches of one size.
    pub(super) fn new(n: usize, batch: usize, seed: u64) -> Self {
        Shuffle::over((0..n as i32).collect(), batch, seed)
    }

    /// Passes over `rows`.
    pub(super) fn over(rows: Vec<i32>, batch: usize, seed: u64) -> Self {
        Shuffle {
            next: rows.len(),
            batch: batch.min(rows.len()),
            order: rows,
            random: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Indices of the next batch; the rest of a pass that is too short for a batch is left out.
    pub(super) fn next_indices(&mut self) -> &[i32] {
        if self.next + self.batch > self.order.len() {
            self.begin();
        }
        self.next += self.batch;
        &self.order[self.next - self.batch..self.next]
    }

    /// The next `n` rows, out of as many passes as that takes.
    pub(super) fn take(&mut self, n: usize, into: &mut Vec<i32>) {
        let end = into.len() + n;
        while into.len() < end && !self.order.is_empty() {
            if self.next == self.order.len() {
                self.begin();
            }
            let rest = &self.order[self.next..];
            let rest = &rest[..rest.len().min(end - into.len())];
            into.extend_from_slice(rest);
            self.next += rest.len();
        }
    }

    fn begin(&mut self) {
        self.order.shuffle(&mut self.random);
        self.next = 0;
    }
}
