//! Batches of points and slopes in seeded order, out of memory or of a set that is read part by part.

use std::collections::BTreeMap;

use super::error::AdamwError;
use super::minibatch::{Points, Slopes};
use super::shuffle::Shuffle;
use crate::further::Further;
use crate::problem::{Problem, Task};
use burn::tensor::Device;

/// What one step sees.
pub(super) struct Batch {
    pub(super) points: Points,
    pub(super) slopes: Option<Slopes>,
}

impl Batch {
    /// The points numbered by `indices`, and of the slopes those numbered beside them; as many of each of `networks`.
    pub(super) fn gathered(
        points: &Points,
        indices: &[i32],
        slopes: Option<(&Slopes, &[i32])>,
        networks: usize,
        device: &Device,
    ) -> Self {
        Batch {
            points: points.gather(indices, networks, device),
            slopes: slopes.map(|(slopes, pairs)| slopes.gather(pairs, networks, device)),
        }
    }
}

/// Endless batches; of a set in parts, every part is seen once before the next is read.
pub(super) struct Feed<'a> {
    problem: &'a Problem,
    further: Option<&'a Further<'a>>,
    device: Device,
    batch: usize,
    seed: u64,
    part: usize,
    table: Shuffled,
}

/// Points and slopes of one part with the order in which they are seen.
struct Shuffled {
    points: Points,
    slopes: Option<Slopes>,
    order: Shuffle,
    pairs: Option<Shuffle>,
    /// Batches of this part that are left.
    left: usize,
}

impl<'a> Feed<'a> {
    /// Starts with the points of the problem, the first part of `further`.
    pub(super) fn new(
        problem: &'a Problem,
        further: Option<&'a Further<'a>>,
        device: &Device,
        batch: usize,
        seed: u64,
    ) -> Result<Self, AdamwError> {
        let tasks = problem.tasks.iter().enumerate();
        let table = Shuffled::new(problem, tasks, device, batch, seed).ok_or(AdamwError::NoPoints)?;
        Ok(Feed { problem, further, device: device.clone(), batch, seed, part: 0, table })
    }

    /// Points and slopes of the first part.
    pub(super) fn first(&self) -> (&Points, Option<&Slopes>) {
        (&self.table.points, self.table.slopes.as_ref())
    }

    /// The next batch.
    pub(super) fn next(&mut self) -> Result<Batch, AdamwError> {
        self.advance()?;
        Ok(self.table.next(&self.device))
    }

    /// The next batch, cut by the group that `group_of` gives for every task of the problem; groups without a point are left out.
    pub(super) fn next_by(&mut self, group_of: &[usize]) -> Result<Vec<(usize, Batch)>, AdamwError> {
        self.advance()?;
        Ok(self.table.next_by(group_of, &self.device))
    }

    /// Reads the next part where every batch of this one was seen.
    fn advance(&mut self) -> Result<(), AdamwError> {
        if self.table.left == 0
            && let Some(further) = self.further.filter(|f| f.parts() > 1)
        {
            self.part += 1;
            let tasks = further.read(self.part % further.parts(), self.problem)?;
            let seed = self.seed.wrapping_add(2 * self.part as u64);
            let numbered = tasks.iter().map(|(number, task)| (*number, task));
            // A part without a point leaves the last one in place.
            if let Some(table) = Shuffled::new(self.problem, numbered, &self.device, self.batch, seed) {
                self.table = table;
            }
        }
        self.table.left = self.table.left.saturating_sub(1);
        Ok(())
    }
}

impl Shuffled {
    fn new<'a>(
        problem: &Problem,
        tasks: impl Iterator<Item = (usize, &'a Task)> + Clone,
        device: &Device,
        batch: usize,
        seed: u64,
    ) -> Option<Self> {
        let points = Points::new(problem, tasks.clone(), device)?;
        let slopes = Slopes::new(problem, tasks, device);
        Some(Shuffled {
            order: Shuffle::new(points.len(), batch, seed),
            pairs: slopes.as_ref().map(|s| Shuffle::new(s.len(), batch, seed.wrapping_add(1))),
            left: (points.len() / batch).max(1),
            points,
            slopes,
        })
    }

    fn next(&mut self, device: &Device) -> Batch {
        let pairs = self.pairs.as_mut().map(Shuffle::next_indices);
        Batch::gathered(&self.points, self.order.next_indices(), self.slopes.as_ref().zip(pairs), 1, device)
    }

    fn next_by(&mut self, group_of: &[usize], device: &Device) -> Vec<(usize, Batch)> {
        let points = by_group(self.order.next_indices(), self.points.numbers(), group_of);
        let pairs = self.slopes.as_ref().zip(self.pairs.as_mut());
        let pairs = pairs.map(|(slopes, pairs)| by_group(pairs.next_indices(), slopes.numbers(), group_of));
        points
            .into_iter()
            .map(|(group, indices)| {
                let own = pairs.as_ref().and_then(|pairs| pairs.get(&group)).map(Vec::as_slice);
                let batch = Batch::gathered(&self.points, &indices, self.slopes.as_ref().zip(own), 1, device);
                (group, batch)
            })
            .collect()
    }
}

/// Those of `indices` that belong to each group, by the task `numbers` of all rows.
fn by_group(indices: &[i32], numbers: &[i32], group_of: &[usize]) -> BTreeMap<usize, Vec<i32>> {
    let mut groups: BTreeMap<usize, Vec<i32>> = BTreeMap::new();
    for &index in indices {
        groups.entry(group_of[numbers[index as usize] as usize]).or_default().push(index);
    }
    groups
}
