//! Instrument noise for data that should look measured: a relative part and a floor, normal and seeded.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use super::Row;
use super::deck::MEASURABLE;

/// Relative noise of a reading.
const RELATIVE: f64 = 2e-3;
/// Noise floor of drain and source current, A.
const FLOOR: f64 = 1e-12;

/// A source-measure unit with seeded noise.
pub(crate) struct Instrument {
    rng: ChaCha8Rng,
    unit: Normal<f64>,
}

impl Instrument {
    pub(crate) fn new(seed: u64) -> Self {
        // A unit normal distribution always exists.
        let unit = Normal::new(0.0, 1.0).unwrap_or_else(|_| unreachable!("unit normal"));
        Instrument { rng: ChaCha8Rng::seed_from_u64(seed), unit }
    }

    /// Adds noise to the four terminal currents of every row.
    pub(crate) fn disturb(&mut self, rows: &mut [Row]) {
        for row in rows {
            for i in &mut row.values[4..MEASURABLE] {
                let gain = 1.0 + RELATIVE * self.unit.sample(&mut self.rng);
                *i = *i * gain + FLOOR * self.unit.sample(&mut self.rng);
            }
        }
    }
}
