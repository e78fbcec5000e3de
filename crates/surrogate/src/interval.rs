//! How certain a number is that was found on few items: 95 % intervals by the bootstrap.
//!
//! The items are drawn with replacement, as many as there are, and the statistic is taken again and again (B. Efron,
//! "Bootstrap methods: another look at the jackknife", 1979). Readings of one curve err together; where a curve is the
//! item, that is a block bootstrap (H. R. Künsch, "The jackknife and the bootstrap for general stationary
//! observations", 1989).

use gummel_device::metrics::quantile;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Draws of the items.
const DRAWS: usize = 1000;
/// Fewer items say nothing of how they scatter.
const LEAST: usize = 4;
/// Seed of the draws; intervals are the same in every run.
const SEED: u64 = 95;

/// A relative change of an error, `error / baseline - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    /// The change found; below zero the error fell.
    pub change: f64,
    /// Ends of its 95 % interval; `None` where there were too few items.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interval: Option<[f64; 2]>,
}

impl Effect {
    /// The change between two models' squared errors of the same readings, curve by curve: that of the root of their
    /// means. `None` without readings.
    pub fn between(now: &[Vec<f64>], before: &[Vec<f64>]) -> Option<Effect> {
        let pairs: Vec<Vec<(f64, f64)>> = now
            .iter()
            .zip(before)
            .map(|(a, b)| a.iter().copied().zip(b.iter().copied()).collect())
            .filter(|curve: &Vec<_>| !curve.is_empty())
            .collect();
        let sum = |readings: &[(f64, f64)]| {
            readings.iter().fold((0.0, 0.0), |(a, b), (now, before)| (a + now, b + before))
        };
        let few = pairs.len() < CURVES;
        // Of a handful of curves the readings are the items: an interval too narrow is better than none.
        let items: Vec<(f64, f64)> =
            if few { pairs.concat() } else { pairs.iter().map(|curve| sum(curve)).collect() };
        if items.is_empty() {
            return None;
        }
        let change = |readings: &[(f64, f64)]| {
            let (now, before) = sum(readings);
            (now / before.max(f64::MIN_POSITIVE)).sqrt() - 1.0
        };
        let of = |drawn: &[usize]| change(&drawn.iter().map(|k| items[*k]).collect::<Vec<_>>());
        Some(Effect { change: change(&items), interval: interval(items.len(), of) })
    }
}

/// Fewer curves than this are taken reading by reading.
const CURVES: usize = 8;

/// Ends of the 95 % interval of `statistic`, a function of which of `items` things were drawn; `None` for few things.
pub(crate) fn interval(items: usize, statistic: impl Fn(&[usize]) -> f64) -> Option<[f64; 2]> {
    if items < LEAST {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut draws: Vec<f64> = (0..DRAWS)
        .map(|_| statistic(&(0..items).map(|_| rng.random_range(0..items)).collect::<Vec<_>>()))
        .collect();
    let ends = [0.025, 0.975].map(|q| quantile(&mut draws, q));
    ends.iter().all(|e| e.is_finite()).then_some(ends)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_distr::StandardNormal;

    #[test]
    fn intervals_of_a_mean_hold_it_about_95_times_in_a_hundred() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let held = (0..200)
            .filter(|_| {
                let items: Vec<f64> = (0..40).map(|_| rng.sample::<f64, _>(StandardNormal)).collect();
                let mean =
                    |drawn: &[usize]| drawn.iter().map(|k| items[*k]).sum::<f64>() / drawn.len() as f64;
                let [low, high] = interval(items.len(), mean).unwrap();
                low < 0.0 && 0.0 < high
            })
            .count();
        assert!((180..=198).contains(&held), "{held} of 200");
        assert_eq!(interval(3, |_| 0.0), None);
    }

    #[test]
    fn a_doubled_error_is_a_change_of_one_and_readings_of_a_curve_count_as_one_item() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let before: Vec<Vec<f64>> =
            (0..20).map(|_| vec![rng.sample::<f64, _>(StandardNormal).powi(2); 30]).collect();
        let doubled: Vec<Vec<f64>> = before.iter().map(|c| c.iter().map(|s| 4.0 * s).collect()).collect();
        let effect = Effect::between(&doubled, &before).unwrap();
        let [low, high] = effect.interval.unwrap();
        assert!([effect.change, low, high].iter().all(|v| (v - 1.0).abs() < 1e-9), "{effect:?}");
        // Errors of two models without any relation: 20 curves say little, 600 independent readings would say more.
        let other: Vec<Vec<f64>> =
            (0..20).map(|_| vec![rng.sample::<f64, _>(StandardNormal).powi(2); 30]).collect();
        let [low, high] = Effect::between(&other, &before).unwrap().interval.unwrap();
        assert!(low < 0.0 && 0.0 < high && high - low > 0.4, "{low} {high}");
        assert_eq!(Effect::between(&[], &[]), None);
    }
}
