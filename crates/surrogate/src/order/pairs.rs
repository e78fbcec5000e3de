//! Pairs of corners to compare: neighbours on an axis of the corner plane, of one geometry at one temperature.
//!
//! Both may belong to the network that is fitted, or one of them to a network that stands already: its current is then a given
//! number at every bias.

use std::collections::BTreeMap;
use std::sync::Arc;

use gummel_device::Polarity;
use gummel_device::metrics::criterion_current;
use gummel_kernel::jacobian::{Block, TrunkShape};
use gummel_kernel::{Isa, OutputKind};

use super::on_axis;
use crate::lm::residuals::head_of;
use crate::problem::{BLOCK, Problem, Task};

/// Least drain-source voltage of the strong set, V.
const LEAST_VDS: f64 = 0.05;
/// Least current of the strong set in noise floors.
const FLOORS: f64 = 100.0;
/// Least current of the strong set in constant-current thresholds.
const THRESHOLDS: f64 = 10.0;

/// A network that does not move; its trunk sees biases as that of the network in question does.
#[derive(Clone, Copy)]
pub(crate) struct Still<'a> {
    pub(crate) problem: &'a Problem,
    pub(crate) theta: &'a [f64],
}

/// `ln(I / vds)` of a device that does not move, over the inputs of the trunk.
#[derive(Debug)]
pub(super) struct Curve {
    shape: TrunkShape,
    trunk: Vec<f64>,
    head: Vec<f64>,
}

impl Curve {
    fn of(Still { problem, theta }: Still<'_>, task: &Task) -> Self {
        let layout = &problem.layout;
        Curve {
            shape: layout.shape.clone(),
            trunk: theta[..layout.trunk()].to_vec(),
            head: scaled_head(problem, theta, task),
        }
    }

    /// At every one of `xs`.
    fn at(&self, xs: &[&[f64]]) -> Vec<f64> {
        let mut all = Vec::with_capacity(xs.len());
        along(&self.shape, &self.trunk, &self.head, xs, |_, y| all.extend_from_slice(y));
        all
    }
}

/// Head of `ln(I / vds)` of a task.
pub(super) fn scaled_head(problem: &Problem, theta: &[f64], task: &Task) -> Vec<f64> {
    let layout = &problem.layout;
    let mut head = head_of(layout, task, theta, layout.deviations(theta, task.device));
    if let Some(constant) = head.last_mut() {
        *constant += task.ln_scale;
    }
    head
}

/// Runs a trunk at the inputs `xs`, block by block, with the outputs of `head`.
pub(super) fn along(
    shape: &TrunkShape,
    trunk: &[f64],
    head: &[f64],
    xs: &[&[f64]],
    mut each: impl FnMut(&mut Block, &[f64]),
) {
    let mut block = Block::new(Isa::detect(), shape, BLOCK);
    let mut y = [0.0; BLOCK];
    for part in xs.chunks(BLOCK) {
        let n = part.len();
        let x: Vec<f64> = (0..shape.inputs).flat_map(|k| part.iter().map(move |x| x[k])).collect();
        block.forward(trunk, &x, n, 0, n);
        block.values(head, &mut y);
        each(&mut block, &y[..n]);
    }
}

/// One device of a pair.
#[derive(Clone, Debug)]
pub(super) enum Side {
    /// A task of the network that is fitted.
    Own(usize),
    /// A device of another network.
    Still(Arc<Curve>),
}

impl Side {
    /// The task, where it is of the network that is fitted.
    pub(super) fn own<'a>(&self, problem: &'a Problem) -> Option<&'a Task> {
        match self {
            Side::Own(k) => Some(&problem.tasks[*k]),
            Side::Still(_) => None,
        }
    }

    fn still(&self, xs: &[&[f64]]) -> Option<Vec<f64>> {
        match self {
            Side::Own(_) => None,
            Side::Still(curve) => Some(curve.at(xs)),
        }
    }
}

/// Inputs of the trunk, and the part of `ln(I_fast / I_slow)` there that does not move.
#[derive(Clone, Debug)]
pub(super) struct Point {
    pub(super) x: Vec<f64>,
    pub(super) given: f64,
}

/// A slower and a faster device that share their trunks' inputs.
#[derive(Clone, Debug)]
pub(super) struct Pair {
    pub(super) slow: Side,
    pub(super) fast: Side,
    /// Readings of the slower device that belong to the strong set and are in order themselves.
    pub(super) readings: Vec<Point>,
    /// Strong readings that are not.
    pub(super) unordered: usize,
}

impl Pair {
    /// `criterion` is the constant current of the threshold, A.
    fn new(slow: &Candidate<'_>, fast: &Candidate<'_>, criterion: f64) -> Self {
        let (s, f) = (slow.task(), fast.task());
        let least = (THRESHOLDS * criterion * s.place.w * s.place.mult / s.place.l).max(FLOORS * s.floor);
        let (n, m) = (s.points(), f.points());
        let same_bias = |p: usize| p < m && (0..3).all(|k| (s.x[k * n + p] - f.x[k * m + p]).abs() < 1e-9);
        let current = |t: &Task, p: usize| 2.0 * t.floor * t.target[p].sinh();
        let strong = (0..n).filter(|&p| s.vds[p] >= LEAST_VDS && current(s, p) >= least);
        let (ordered, unordered): (Vec<usize>, Vec<usize>) =
            strong.partition(|&p| !same_bias(p) || current(f, p) >= current(s, p));
        let mut pair =
            Pair { slow: slow.side(), fast: fast.side(), readings: Vec::new(), unordered: unordered.len() };
        let column = |p: &usize| s.x.chunks_exact(n).map(|row| row[*p]).collect();
        pair.readings = pair.points(ordered.iter().map(column).collect());
        pair
    }

    /// What does not move of the pair's ratio at the inputs `xs`.
    pub(super) fn points(&self, xs: Vec<Vec<f64>>) -> Vec<Point> {
        let mut given = vec![0.0; xs.len()];
        let rows: Vec<&[f64]> = xs.iter().map(Vec::as_slice).collect();
        for (side, sign) in [(&self.fast, 1.0), (&self.slow, -1.0)] {
            if let Some(values) = side.still(&rows) {
                given.iter_mut().zip(values).for_each(|(g, v)| *g += sign * v);
            }
        }
        xs.into_iter().zip(given).map(|(x, given)| Point { x, given }).collect()
    }
}

/// A channel task that may be one of a pair.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    network: Still<'a>,
    own: bool,
    index: usize,
}

impl<'a> Candidate<'a> {
    fn task(&self) -> &'a Task {
        &self.network.problem.tasks[self.index]
    }

    fn side(&self) -> Side {
        match self.own {
            true => Side::Own(self.index),
            false => Side::Still(Arc::new(Curve::of(self.network, self.task()))),
        }
    }
}

/// Pairs of channel tasks of one geometry on one site at one temperature, the slower first, from neighbouring corners of `problem` and of
/// networks that stand; pairs of the latter alone are left out.
pub(super) fn pairs(problem: &Problem, still: &[Still<'_>], polarity: Polarity, skewed: bool) -> Vec<Pair> {
    let (sign, criterion) = (polarity.sign(), criterion_current(polarity));
    let own = Still { problem, theta: &[] };
    let mut alike: BTreeMap<([u64; 4], &str), Vec<Candidate<'_>>> = BTreeMap::new();
    for (network, own) in std::iter::once((own, true)).chain(still.iter().map(|s| (*s, false))) {
        for (index, task) in network.problem.tasks.iter().enumerate() {
            if network.problem.outputs[task.output].kind == OutputKind::Channel {
                let p = &task.place;
                let place = [p.w, p.l, p.mult, p.temperature].map(f64::to_bits);
                alike.entry((place, &*task.site)).or_default().push(Candidate { network, own, index });
            }
        }
    }
    let mut pairs = Vec::new();
    for candidates in alike.values() {
        for axis in [false, true].into_iter().filter(|skew| skewed || !skew) {
            let on_axis = |c: &Candidate<'_>| {
                let place = &c.task().place;
                on_axis(place.speed, place.skew, sign, axis)
            };
            let mut line: Vec<Candidate<'_>> =
                candidates.iter().copied().filter(|c| on_axis(c).1 == 0.0).collect();
            line.sort_by(|a, b| on_axis(a).0.total_cmp(&on_axis(b).0));
            line.dedup_by(|a, b| on_axis(a).0 == on_axis(b).0);
            let ours = line.windows(2).filter(|w| w[0].own || w[1].own);
            pairs.extend(ours.map(|w| Pair::new(&w[0], &w[1], criterion)));
        }
    }
    pairs
}
