//! Which devices are neighbours along an axis of the corner plane, and at which of their readings they are compared.

use std::collections::BTreeMap;

use gummel_device::Polarity;
use gummel_device::metrics::criterion_current;
use gummel_kernel::{OutputKind, Place};
use rand::Rng;

use crate::problem::{Problem, Task};

/// Least drain-source voltage of the strong set, V; a reading meant to have it may be off by a rounding.
const LEAST_VDS: f64 = 0.05 - 1e-9;
/// Least current of the strong set in noise floors.
const FLOORS: f64 = 100.0;
/// Least current of the strong set in constant-current thresholds.
const THRESHOLDS: f64 = 10.0;
/// Voltages less apart than this are the same, V.
const SAME: f64 = 1e-6;

/// Two channel tasks of neighbouring corners.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) slow: usize,
    pub(super) fast: usize,
    /// Least current of the strong set, A.
    least: f64,
    /// Readings of the slower device that belong to the strong set and are in order themselves.
    readings: Vec<usize>,
    /// Strong readings that are not.
    pub(super) unordered: usize,
}

impl Pair {
    /// The pair of a slower and a faster task, which may be of different problems.
    pub(super) fn new(
        (slow_problem, slow): (&Problem, usize),
        (fast_problem, fast): (&Problem, usize),
        polarity: Polarity,
    ) -> Self {
        let (s, f) = (&slow_problem.tasks[slow], &fast_problem.tasks[fast]);
        let squares = s.place.w * s.place.mult / s.place.l;
        let least = (THRESHOLDS * criterion_current(polarity) * squares).max(FLOORS * s.floor);
        let current = |t: &Task, p: usize| 2.0 * t.floor * t.target[p].sinh();
        let at: BTreeMap<[i64; 3], usize> = (0..f.points()).map(|p| (bias(fast_problem, f, p), p)).collect();
        let ordered = |p: &usize| {
            let same = at.get(&bias(slow_problem, s, *p));
            same.is_none_or(|q| current(f, *q) >= current(s, *p))
        };
        let strong = (0..s.points()).filter(|&p| s.vds[p] >= LEAST_VDS && current(s, p) >= least);
        let (readings, unordered): (Vec<usize>, Vec<usize>) = strong.partition(ordered);
        Pair { slow, fast, least, readings, unordered: unordered.len() }
    }

    /// Inputs of the trunk at the readings; `problem` is that of the slower task.
    pub(super) fn at_readings(&self, problem: &Problem) -> Vec<Vec<f64>> {
        let task = &problem.tasks[self.slow];
        self.readings.iter().map(|&p| input(task, p)).collect()
    }

    /// As [`Pair::at_readings`], and at `draws` random biases between any two of these.
    pub(super) fn candidates(&self, problem: &Problem, draws: usize, rng: &mut impl Rng) -> Vec<Vec<f64>> {
        let mut all = self.at_readings(problem);
        let n = all.len();
        for _ in 0..if n > 0 { draws } else { 0 } {
            let (a, b, t) = (rng.random_range(0..n), rng.random_range(0..n), rng.random::<f64>());
            all.push(all[a].iter().zip(&all[b]).map(|(a, b)| a + t * (b - a)).collect());
        }
        all
    }

    /// `draws` random biases with each voltage between those of any two readings of the slower device, strong or not.
    pub(super) fn anywhere(&self, problem: &Problem, draws: usize, rng: &mut impl Rng) -> Vec<Vec<f64>> {
        let task = &problem.tasks[self.slow];
        let n = if self.readings.is_empty() { 0 } else { task.points() };
        let mut between = |row: &[f64]| {
            let (a, b, t) = (rng.random_range(0..n), rng.random_range(0..n), rng.random::<f64>());
            row[a] + t * (row[b] - row[a])
        };
        let draws = if n > 0 { draws } else { 0 };
        (0..draws).map(|_| task.x.chunks_exact(n).map(&mut between).collect()).collect()
    }

    /// Whether a bias with `vds` belongs to the strong set where the slower device has `vds exp(y)`, A.
    pub(super) fn is_strong(&self, vds: f64, y: f64) -> bool {
        vds >= LEAST_VDS && vds * y.exp() >= self.least
    }
}

/// Inputs of the trunk at reading `p`.
pub(super) fn input(task: &Task, p: usize) -> Vec<f64> {
    task.x.chunks_exact(task.points()).map(|row| row[p]).collect()
}

/// Voltages of reading `p`, counted in steps of [`SAME`].
fn bias(problem: &Problem, task: &Task, p: usize) -> [i64; 3] {
    let volts = |k: usize| problem.features.volts(k, task.x[k * task.points() + p]);
    [0, 1, 2].map(|k| (volts(k) / SAME).round() as i64)
}

/// A device at one temperature among those it may be compared with.
pub(super) struct Standing {
    pub(super) place: Place,
    pub(super) polarity: Polarity,
    /// What only devices have in common that are compared.
    pub(super) among: String,
}

/// Indices of neighbours along an axis, the slower first, of the same sizes and temperature.
pub(super) fn neighbours(all: &[Standing], skewed: bool) -> Vec<(usize, usize)> {
    let mut alike: BTreeMap<(&str, [u64; 4]), Vec<usize>> = BTreeMap::new();
    for (k, Standing { place: p, among, .. }) in all.iter().enumerate() {
        let sizes = [p.w, p.l, p.mult, p.temperature].map(f64::to_bits);
        alike.entry((among, sizes)).or_default().push(k);
    }
    let mut pairs = Vec::new();
    for group in alike.values() {
        for axis in [false, true].into_iter().filter(|skew| skewed || !skew) {
            let position = |k: &usize| {
                let Standing { place, polarity, .. } = &all[*k];
                on_axis(place.speed, place.skew, polarity.sign(), axis)
            };
            let mut line: Vec<usize> = group.iter().copied().filter(|k| position(k).1 == 0.0).collect();
            line.sort_by(|a, b| position(a).0.total_cmp(&position(b).0));
            line.dedup_by(|a, b| position(a).0 == position(b).0);
            pairs.extend(line.windows(2).map(|w| (w[0], w[1])));
        }
    }
    pairs
}

/// The channel tasks of a problem.
pub(super) fn channels(problem: &Problem) -> impl Iterator<Item = (usize, &Task)> {
    let channel = |t: &Task| problem.outputs[t.output].kind == OutputKind::Channel;
    problem.tasks.iter().enumerate().filter(move |(_, t)| channel(t))
}

/// Places along the axis of speed, or of skew for a channel of `sign`, and across it; faster devices are further along.
pub(super) fn on_axis(speed: f64, skew: f64, sign: f64, skewed: bool) -> (f64, f64) {
    match skewed {
        false => (speed, skew),
        // The skewed fast corner of a p-channel device is the one whose n-channel is slow.
        true => (sign * skew, speed),
    }
}
