//! Readings of a set larger than memory, part by part.

use std::collections::BTreeMap;

use gummel_data::{DataError, Dataset, DeviceData};
use gummel_device::DeviceId;

use crate::assemble::further_tasks;
use crate::config::FitConfig;
use crate::lm::residuals::loss;
use crate::prepared::Prepared;
use crate::problem::{Problem, Task};

/// A set of which memory holds one part at a time.
///
/// Parts are alike: each has its share of the readings of every device. A fit begins with the first.
pub trait Source {
    /// Number of parts.
    fn parts(&self) -> usize;

    /// Rows of all parts.
    fn rows(&self) -> usize;

    /// Readings of one part, of the family that is fitted.
    ///
    /// # Errors
    /// When the set cannot be read.
    fn read(&self, part: usize) -> Result<Dataset, DataError>;
}

/// A source with what its first part became.
pub(crate) struct Further<'a> {
    source: &'a dyn Source,
    config: &'a FitConfig,
    /// Place and noise floor of every device of the problem.
    known: BTreeMap<String, (usize, f64)>,
}

impl<'a> Further<'a> {
    /// More readings of the devices of `train`, the first part of `source`.
    pub(crate) fn new(source: &'a dyn Source, train: &Dataset, config: &'a FitConfig) -> Self {
        let known = train.devices.iter().enumerate().map(|(k, d)| (key(&d.id), (k, d.floor))).collect();
        Further { source, config, known }
    }

    /// Number of parts.
    pub(crate) fn parts(&self) -> usize {
        self.source.parts()
    }

    /// Tasks of a part, each with the number of the task of `problem` that it belongs to.
    ///
    /// Curves that the recipe holds out are not among them.
    pub(crate) fn read(&self, part: usize, problem: &Problem) -> Result<Vec<(usize, Task)>, DataError> {
        let (train, _) = self.source.read(part)?.split(&self.config.split);
        Ok(train.devices.into_iter().flat_map(|device| self.of(device, problem)).collect())
    }

    fn of(&self, device: DeviceData, problem: &Problem) -> Vec<(usize, Task)> {
        let Some((index, floor)) = self.known.get(&key(&device.id)).copied() else { return Vec::new() };
        // Targets are asinh(i / 2f) with the floor that the first part has.
        further_tasks(problem, index, &DeviceData { floor, ..device }, self.config)
    }

    /// Mean square of the weighted residual over all parts, and the number of readings.
    fn judge(&self, problem: &Problem, theta: &[f64]) -> Result<(f64, usize), DataError> {
        let (mut sum, mut points) = (0.0, 0);
        for part in 0..self.parts() {
            let mut tasks: Vec<Task> = self.read(part, problem)?.into_iter().map(|(_, task)| task).collect();
            tasks.sort_by_key(|t| t.device);
            let part = Problem {
                strength: 0.0,
                smoothness: 0.0,
                held: None,
                order: None,
                ..problem.with_tasks(tasks)
            };
            sum += loss(&Prepared::new(&part), theta);
            points += part.points();
        }
        Ok((2.0 * sum / points.max(1) as f64, points))
    }

    /// What share of the set took part and how well the rest is met, in a sentence.
    pub(crate) fn told(&self, problem: &Problem, theta: &[f64]) -> Result<String, DataError> {
        let (square, points) = self.judge(problem, theta)?;
        Ok(format!(
            "{} rows in {} parts: weighted error {:.2} % over {points} readings of all parts",
            self.source.rows(),
            self.parts(),
            100.0 * square.sqrt()
        ))
    }
}

/// What is the same for a device in every part; its name may depend on what else a part holds.
fn key(id: &DeviceId) -> String {
    let g = id.geometry;
    let corner = id.corner.map(|c| c.to_string()).unwrap_or_default();
    format!("{} {:e} {:e} {} {} {} {corner}", id.family, g.w, g.l, g.nf, g.mult, id.site)
}
