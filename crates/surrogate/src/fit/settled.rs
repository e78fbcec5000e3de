//! Networks of one fit after their common steps: corners put in order, bounds obeyed, network by network.

use gummel_data::Dataset;

use super::{Solution, Watch};
use crate::config::FitConfig;
use crate::constraint;
use crate::order::{self, Still};
use crate::problem::Problem;

/// A network, first where the common steps left it, then after its own.
pub(super) struct Settled {
    /// Holds the network where ties did: order and bounds must not undo them, and a network of its own goes astray between a
    /// few readings.
    pub(super) problem: Problem,
    pub(super) solution: Solution,
    pub(super) train: Dataset,
    /// Readings at which its corners were out of order with each other and with those that stood.
    pub(super) unordered: Option<usize>,
    /// What was said of bounds.
    pub(super) obeyed: Vec<String>,
}

impl Settled {
    pub(super) fn new(problem: Problem, solution: Solution, train: Dataset) -> Self {
        Settled { problem, solution, train, unordered: None, obeyed: Vec::new() }
    }

    fn still(&self) -> Still<'_> {
        Still { problem: &self.problem, theta: &self.solution.theta }
    }

    /// Distance of the nearest of its corners from the typical one.
    fn off_typical(&self) -> f64 {
        let places = self.problem.tasks.iter().map(|t| t.place.speed.hypot(t.place.skew));
        places.fold(f64::INFINITY, f64::min)
    }

    /// Takes the steps that order beside `still` and bounds ask for.
    fn settle(&mut self, still: &[Still<'_>], config: &FitConfig, watch: &mut Watch<'_>) {
        let polarity = self.train.devices[0].id.family.polarity;
        let (solution, unordered) =
            order::enforce(&mut self.problem, still, polarity, config, self.solution.clone(), watch);
        self.unordered = unordered;
        (self.solution, self.obeyed) =
            constraint::enforce(&self.problem, &self.train, config, true, solution, watch);
    }
}

/// Settles all `networks`, those of the typical corner first: each is put in order with those before it, which stand.
///
/// Returns how many readings were out of order, where order was asked for.
pub(super) fn settle(networks: &mut [Settled], config: &FitConfig, watch: &mut Watch<'_>) -> Option<usize> {
    let mut inside_out: Vec<usize> = (0..networks.len()).collect();
    inside_out.sort_by(|a, b| networks[*a].off_typical().total_cmp(&networks[*b].off_typical()));
    for (n, &k) in inside_out.iter().enumerate() {
        let (before, rest) = networks.split_at_mut(k);
        let Some((network, after)) = rest.split_first_mut() else { continue };
        let (before, after) = (&*before, &*after);
        let standing = inside_out[..n].iter().map(|&s| if s < k { &before[s] } else { &after[s - k - 1] });
        let still: Vec<Still<'_>> = standing.map(Settled::still).collect();
        network.settle(&still, config, watch);
    }
    networks.iter().filter_map(|n| n.unordered).reduce(|a, b| a + b)
}
