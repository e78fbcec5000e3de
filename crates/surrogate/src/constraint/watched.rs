//! Where constraints are watched, and between what bounds a slope must lie there.
//!
//! With `phi = kT/q`, a barrier passes no current that rises faster than `exp(vgs / phi)`, and what flows back over it from
//! the drain, `exp(-vds / phi)` of what flows in, is all that keeps a current from saturating:
//! ```text
//! margin              <= d ln I / d vgs     <= 1 / phi
//! max(margin, B(vds)) <= d ln I / d ln vds  <= 1 where vds <= 2 phi        B(v) = (v / phi) / (exp(v / phi) - 1)
//! ```
//! `B` is the slope of `1 - exp(-v / phi)`, the diffusion current in weak inversion; drift is nearer to 1, and every
//! effect of the drain on the channel's length or barrier adds to the slope. Y. Tsividis, C. McAndrew, "Operation and
//! Modeling of the MOS Transistor", 2011, chapter 4.

use gummel_device::si::BOLTZMANN_VOLTS;
use rand::Rng;

use super::ConstraintsConfig;

/// Share of biases drawn on a face of the box, where extrapolation is worst.
const ON_FACES: f64 = 0.3;
/// Share of biases drawn at small drain voltages, between the first readings and zero.
const NEAR_ZERO: f64 = 0.2;
/// End of what counts as small, in thermal voltages.
const SMALL: f64 = 4.0;
/// End of the drain voltages at which the current must not rise faster than in proportion, in thermal voltages.
const LINEAR: f64 = 2.0;
/// Least drain-source voltage of a drawn bias, V.
const LEAST_VDS: f64 = 1e-3;
/// What a bound of physics may be missed by: extraction of temperature and voltage is not perfect.
const TOLERANCE: f64 = 0.05;

/// Box of mirrored `[vgs, vds, vbs]`, V, of one device.
pub(super) type Sides = [[f64; 2]; 3];

/// What is asked of slopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bounds {
    /// All bounds of physics.
    Physics,
    /// Their signs, with a margin.
    Signs,
}

/// Which slope is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slope {
    Gate,
    Drain,
}

/// A bias of a task at which a constraint is watched.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    /// Index of the task.
    pub(super) task: usize,
    /// Mirrored `[vgs, vds, vbs]`, V.
    pub(super) bias: [f64; 3],
    pub(super) slope: Slope,
    /// Bounds of dy/dvgs (1/V), or of vds dy/dvds.
    bounds: [f64; 2],
    /// What a bound may be missed by before it counts.
    slack: f64,
}

impl Watched {
    /// By how much a slope is outside of its bounds, signed.
    pub(super) fn excess(&self, slope: f64) -> f64 {
        (slope - self.bounds[0]).min(0.0) + (slope - self.bounds[1]).max(0.0)
    }

    /// How far a slope is above its lower bound.
    pub(super) fn reserve(&self, slope: f64) -> f64 {
        slope - self.bounds[0]
    }

    /// Whether a slope misses a bound by more than half the margin that bounds are asked for with.
    pub(super) fn broken(&self, slope: f64) -> bool {
        self.excess(slope).abs() > self.slack
    }
}

/// Where biases of one device at one temperature are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    sides: Sides,
    /// kT/q, V.
    thermal: f64,
}

impl Place {
    /// The box `beyond` the measured one, as a fraction of each end.
    pub(super) fn new(measured: Sides, beyond: f64, kelvin: f64) -> Self {
        let mut sides = measured.map(|ends| ends.map(|v| v * (1.0 + beyond)));
        sides[1] = [LEAST_VDS, sides[1][1].max(2.0 * LEAST_VDS)];
        Place { sides, thermal: BOLTZMANN_VOLTS * kelvin }
    }

    pub(super) fn draw(&self, rng: &mut impl Rng) -> [f64; 3] {
        let mut bias = self.sides.map(|[low, high]| low + (high - low) * rng.random::<f64>());
        if rng.random::<f64>() < NEAR_ZERO {
            bias[1] = (LEAST_VDS + SMALL * self.thermal * rng.random::<f64>()).min(self.sides[1][1]);
        }
        if rng.random::<f64>() < ON_FACES {
            let k = rng.random_range(0..3);
            bias[k] = self.sides[k][rng.random_range(0..2)];
        }
        bias
    }

    /// A bias within `close` of the sides from another: where a constraint failed, others around often do.
    pub(super) fn near(&self, bias: [f64; 3], close: f64, rng: &mut impl Rng) -> [f64; 3] {
        std::array::from_fn(|k| {
            let [low, high] = self.sides[k];
            let moved = bias[k] + close * (high - low) * (2.0 * rng.random::<f64>() - 1.0);
            moved.clamp(low, high)
        })
    }

    /// The constraint on `slope` at a bias; `None` where there is none.
    ///
    /// Below vgs = 0 the drain leaks to the bulk, and a current that rises as vgs falls is physics.
    pub(super) fn watch(
        &self,
        task: usize,
        bias: [f64; 3],
        slope: Slope,
        asked: Bounds,
        config: &ConstraintsConfig,
    ) -> Option<Watched> {
        let u = bias[1] / self.thermal;
        let bounds = match (slope, asked) {
            (Slope::Gate, _) if bias[0] < 0.0 => return None,
            (Slope::Gate, Bounds::Signs) => [config.gm_margin, f64::INFINITY],
            (Slope::Drain, Bounds::Signs) => [config.gds_margin - 1.0, f64::INFINITY],
            (Slope::Gate, Bounds::Physics) => [config.gm_margin, (1.0 + TOLERANCE) / self.thermal],
            (Slope::Drain, Bounds::Physics) => {
                let diffusion = u / u.exp_m1() - TOLERANCE;
                let high = if u <= LINEAR { TOLERANCE } else { f64::INFINITY };
                [diffusion.max(config.gds_margin) - 1.0, high]
            }
        };
        let slack = if slope == Slope::Gate { config.gm_margin } else { config.gds_margin };
        Some(Watched { task, bias, slope, bounds, slack: 0.5 * slack })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn drift_and_diffusion_obey_and_what_is_steeper_or_falls_does_not() {
        let place = Place::new([[-0.2, 1.2], [0.0, 1.2], [-1.0, 0.0]], 0.25, 300.15);
        let config = ConstraintsConfig::default();
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let (mut gate, mut small) = (0, 0);
        for _ in 0..2000 {
            let bias = place.draw(&mut rng);
            assert!((-0.25..=1.5).contains(&bias[0]) && (1e-3..=1.5).contains(&bias[1]), "{bias:?}");
            let drain = place.watch(0, bias, Slope::Drain, Bounds::Physics, &config).unwrap();
            let u = bias[1] / place.thermal;
            // Slopes of vds dy/dvds for I = vds exp(y): diffusion, drift, a falling and a superlinear current.
            assert_eq!(drain.excess((u / u.exp_m1()).max(0.02) - 1.0), 0.0, "{bias:?}");
            assert_eq!(drain.excess(0.0), 0.0);
            assert!(drain.excess(-1.01) < 0.0);
            small += usize::from(drain.excess(0.1) > 0.0);
            let Some(above) = place.watch(0, bias, Slope::Gate, Bounds::Physics, &config) else {
                assert!(bias[0] < 0.0);
                continue;
            };
            gate += 1;
            assert!(above.excess(-1e-3) < 0.0 && above.excess(42.0) > 0.0 && above.excess(30.0) == 0.0);
            let sign = place.watch(0, bias, Slope::Drain, Bounds::Signs, &config).unwrap();
            assert!(sign.excess(5.0) == 0.0 && sign.excess(-0.98) == 0.0 && sign.excess(-1.01) < 0.0);
        }
        assert!(gate > 1000 && small > 150, "{gate} {small}");
    }
}
