//! Batches with as many rows of every network, whether it has few readings or many.

use burn::tensor::Device;

use super::error::AdamwError;
use super::feed::Batch;
use super::minibatch::{Points, Slopes};
use super::network::Crowd;
use super::shuffle::Shuffle;

/// Endless batches of the readings of a crowd; each network goes through its own in seeded order, again and again.
pub(super) struct Evenly {
    points: Points,
    slopes: Option<Slopes>,
    order: Vec<Shuffle>,
    pairs: Vec<Shuffle>,
    /// Points and pairs of each network in a batch.
    rows: [usize; 2],
    device: Device,
}

impl Evenly {
    /// Of about `batch` points.
    pub(super) fn new(
        crowd: &Crowd<'_>,
        device: &Device,
        batch: usize,
        seed: u64,
    ) -> Result<Self, AdamwError> {
        let (problem, networks) = (crowd.problems[0], crowd.problems.len());
        let tasks = crowd.tasks().map(|t| t.task).enumerate();
        let points = Points::new(problem, tasks.clone(), device).ok_or(AdamwError::NoPoints)?;
        let slopes = Slopes::new(problem, tasks, device);
        let network_of: Vec<usize> = crowd.tasks().map(|t| t.network).collect();
        let shuffles = |numbers: &[i32], seed: u64| -> Vec<Shuffle> {
            let mut rows = vec![Vec::new(); networks];
            for (row, task) in numbers.iter().enumerate() {
                rows[network_of[*task as usize]].push(row as i32);
            }
            let each = rows.into_iter().enumerate();
            each.map(|(k, rows)| Shuffle::over(rows, batch, seed.wrapping_add(2 * k as u64))).collect()
        };
        Ok(Evenly {
            order: shuffles(points.numbers(), seed),
            pairs: shuffles(slopes.as_ref().map_or(&[], Slopes::numbers), seed.wrapping_add(1)),
            rows: [points.len(), slopes.as_ref().map_or(0, Slopes::len)]
                .map(|n| batch.min(n).div_ceil(networks)),
            device: device.clone(),
            points,
            slopes,
        })
    }

    /// Points and slopes of all networks.
    pub(super) fn all(&self) -> (&Points, Option<&Slopes>) {
        (&self.points, self.slopes.as_ref())
    }

    /// The next batch.
    pub(super) fn next(&mut self) -> Batch {
        let networks = self.order.len();
        let indices = next(&mut self.order, self.rows[0]);
        let pairs = next(&mut self.pairs, self.rows[1]);
        let slopes = self.slopes.as_ref().map(|slopes| (slopes, &pairs[..]));
        Batch::gathered(&self.points, &indices, slopes, networks, &self.device)
    }
}

/// The next `rows` of every network. What has none gets the first row of all, which no share of the loss counts.
fn next(shuffles: &mut [Shuffle], rows: usize) -> Vec<i32> {
    let mut indices = Vec::with_capacity(shuffles.len() * rows);
    for (k, shuffle) in shuffles.iter_mut().enumerate() {
        shuffle.take(rows, &mut indices);
        indices.resize((k + 1) * rows, 0);
    }
    indices
}
