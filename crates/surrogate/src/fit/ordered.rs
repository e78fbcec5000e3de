//! Corners that have networks of their own, put in order once every network is solved for.

use gummel_data::Dataset;

use super::finish::Ended;
use super::{TaskFit, Watch};
use crate::config::FitConfig;
use crate::error::FitError;
use crate::order::{self, Moved, Network};

/// Goes on from the solutions of all networks until their corners are in order; `data` are those of every network, held-out ones
/// included. With the number of readings out of order before, if the order was asked for.
pub(super) fn put_in_order(
    networks: &mut [Ended],
    data: &[Dataset],
    config: &FitConfig,
    watch: &mut Watch<'_>,
) -> Result<Option<usize>, FitError> {
    let within = networks.iter().filter_map(|n| n.unordered).reduce(|a, b| a + b);
    if watch.stop() || networks.iter().any(|n| n.solution.stopped.from_outside()) {
        return Ok(within);
    }
    let first = networks.iter().map(|n| n.solution.steps).fold(watch.step(), usize::max);
    let damping = networks.iter().map(|n| n.solution.damping).fold(0.0, f64::max);
    let whole: Vec<Network<'_>> = networks
        .iter()
        .map(|n| Network {
            problem: &n.problem,
            data: &n.train,
            theta: &n.solution.theta,
            kept: n.kept.as_ref(),
        })
        .collect();
    let Some(found) = order::between(&whole, config, (first, damping), watch) else { return Ok(within) };
    let models = networks.iter().map(Ended::frozen).collect::<Result<Vec<_>, _>>()?;
    let before = order::across(&models.iter().zip(data).collect::<Vec<_>>(), &config.order);
    for (network, moved) in networks.iter_mut().zip(found.networks) {
        network.solution.stopped = found.over.unwrap_or(network.solution.stopped);
        if let Some(Moved { theta, damping, told }) = moved {
            (network.solution.theta, network.solution.damping) = (theta, damping);
            network.solution.steps += found.steps;
            network.decisions.push(told);
        }
    }
    Ok(Some(before.map_or(0, |b| b.violations) + within.unwrap_or(0)))
}

/// Says in every network's report how corners of different networks stand to each other, and how many readings were out of order
/// `before` that was mended.
pub(super) fn tell_order(fits: &mut [TaskFit], config: &FitConfig, before: Option<usize>) {
    let networks: Vec<_> = fits.iter().map(|f| (&f.fit.model, &f.data)).collect();
    let Some(found) = order::across(&networks, &config.order) else { return };
    let found = order::OrderReport { before, ..found };
    for fit in fits {
        fit.fit.report.decisions.retain(|d| !order::is_told(d));
        fit.fit.report.decisions.push(order::told(&found));
        fit.fit.report.order = Some(found.clone());
    }
}
