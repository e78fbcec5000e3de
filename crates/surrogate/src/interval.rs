//! How certain a number is that was found on few items: 95 % intervals by the bootstrap.
//!
//! The items are drawn with replacement, as many as there are, and the statistic is taken again and again (B. Efron,
//! "Bootstrap methods: another look at the jackknife", 1979). Readings of one curve err together; where a curve is the
//! item, that is a block bootstrap (H. R. Künsch, "The jackknife and the bootstrap for general stationary
//! observations", 1989).

use crate::aside::geometric;
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

/// Squared errors of readings, curve by curve.
type Squares = [Vec<f64>];

impl Effect {
    /// The change of typical error between two models, given the squared errors of the same readings curve by curve;
    /// `None` without readings.
    pub fn between(now: &Squares, before: &Squares) -> Option<Effect> {
        Effect::over(&[(now, before)])
    }

    /// The same over several pairs of models, each judged by readings of its own. The interval then holds the luck of the
    /// fits too: pairs are drawn, and curves within each.
    pub(crate) fn over(pairs: &[(&Squares, &Squares)]) -> Option<Effect> {
        let curves: usize = pairs.iter().map(|(now, _)| now.iter().filter(|c| !c.is_empty()).count()).sum();
        // Of a handful of curves the readings are the items: an interval too narrow is better than none.
        let singly = curves < CURVES;
        let difference = |(now, before): &(&Squares, &Squares)| -> Vec<f64> {
            logs(now, singly).iter().zip(logs(before, singly)).map(|(now, before)| now - before).collect()
        };
        let mut pairs: Vec<Vec<f64>> = pairs.iter().map(difference).collect();
        pairs.retain(|p| !p.is_empty());
        let all = pairs.concat();
        if all.is_empty() {
            return None;
        }
        let change = all.iter().sum::<f64>() / all.len() as f64;
        Some(Effect { change: change.exp_m1(), interval: nested(&pairs).map(|ends| ends.map(f64::exp_m1)) })
    }
}

/// Ends of the 95 % interval of the mean of items that come in groups; `None` for few items.
fn nested(groups: &[Vec<f64>]) -> Option<[f64; 2]> {
    if groups.iter().map(Vec::len).sum::<usize>() < LEAST {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let draw = |_| {
        let (mut sum, mut n) = (0.0, 0);
        for _ in groups {
            let group = &groups[rng.random_range(0..groups.len())];
            sum += (0..group.len()).map(|_| group[rng.random_range(0..group.len())]).sum::<f64>();
            n += group.len();
        }
        sum / n as f64
    };
    ends((0..DRAWS).map(draw).collect())
}

fn ends(mut draws: Vec<f64>) -> Option<[f64; 2]> {
    let ends = [0.025, 0.975].map(|q| quantile(&mut draws, q));
    ends.iter().all(|e| e.is_finite()).then_some(ends)
}

/// Geometric mean over curves of the root of their mean squared error; NaN without readings. One curve that no model
/// describes does not decide.
pub(crate) fn typical(squares: &[Vec<f64>]) -> f64 {
    geometric(&logs(squares, false))
}

/// ln of the RMS error of every curve, or of every reading.
fn logs(squares: &[Vec<f64>], singly: bool) -> Vec<f64> {
    let log = |square: f64| 0.5 * (square + SMALLEST * SMALLEST).ln();
    match singly {
        true => squares.iter().flatten().map(|s| log(*s)).collect(),
        false => squares
            .iter()
            .filter(|c| !c.is_empty())
            .map(|c| log(c.iter().sum::<f64>() / c.len() as f64))
            .collect(),
    }
}

/// Fewer curves than this are taken reading by reading.
const CURVES: usize = 8;
/// An error of this size is as good as none.
const SMALLEST: f64 = 1e-4;

/// Ends of the 95 % interval of `statistic`, a function of which of `items` things were drawn; `None` for few things.
pub(crate) fn interval(items: usize, statistic: impl Fn(&[usize]) -> f64) -> Option<[f64; 2]> {
    if items < LEAST {
        return None;
    }
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    ends(
        (0..DRAWS)
            .map(|_| statistic(&(0..items).map(|_| rng.random_range(0..items)).collect::<Vec<_>>()))
            .collect(),
    )
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
            (0..20).map(|_| vec![0.01 + rng.sample::<f64, _>(StandardNormal).powi(2); 30]).collect();
        let doubled: Vec<Vec<f64>> = before.iter().map(|c| c.iter().map(|s| 4.0 * s).collect()).collect();
        let effect = Effect::between(&doubled, &before).unwrap();
        let [low, high] = effect.interval.unwrap();
        assert!([effect.change, low, high].iter().all(|v| (v - 1.0).abs() < 1e-6), "{effect:?}");
        assert!((typical(&doubled) / typical(&before) - 2.0).abs() < 1e-6);
        // Errors of two models without any relation: 20 curves say little, 600 independent readings would say more.
        let other: Vec<Vec<f64>> =
            (0..20).map(|_| vec![0.01 + rng.sample::<f64, _>(StandardNormal).powi(2); 30]).collect();
        let [low, high] = Effect::between(&other, &before).unwrap().interval.unwrap();
        assert!(high - low > 0.3, "{low} {high}");
        assert_eq!(Effect::between(&[], &[]), None);
        // Three fits of which each is better or worse as a whole: their scatter is in the interval.
        let [half, same, twice] = [0.25, 1.0, 4.0]
            .map(|f| before.iter().map(|c| c.iter().map(|s| f * s).collect()).collect::<Vec<_>>());
        let effect = Effect::over(&[(&half, &before), (&same, &before), (&twice, &before)]).unwrap();
        let [low, high] = effect.interval.unwrap();
        assert!(effect.change.abs() < 1e-6 && low < -0.3 && high > 0.4, "{effect:?}");
    }
}
