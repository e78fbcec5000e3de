//! A fit as numbers: tasks with inputs, targets and weights, whitened along sweeps.
//!
//! Residual of a current `i` with noise floor `f`: `asinh(i / 2f) - asinh(i_measured / 2f)`; a relative
//! error where there is signal, an absolute one in the noise (11 decades of current and negative
//! off-state readings need no special case). Gate and bulk heads predict `y = asinh(i / 2f)` itself.
//!
//! Weights are inverse variances. With relative accuracy `e` wanted, floor `f` and voltages uncertain by `dV`, a reading
//! `i` at `vds` has `sigma^2 = e^2 + f^2 / (i^2 + 4 f^2) + (dV / vds)^2` in asinh units. Differences of neighbouring residuals along a
//! sweep (errors of gm and gds) are weighed as well: `W = S^2 + a^2 D^T S^2 F^2 D` with the factors F of `steepness.rs`,
//! tridiagonal along each curve, is factored once as `L L^T`, and the solver sees `L^T r`, so slopes cost nothing extra.

use std::sync::Arc;

use gummel_kernel::{Basis, Features, Hull, Output, OutputKind, Place, StaticInput};
use rand::Rng;
use rand::seq::index::sample;

use crate::held::Held;
use crate::order;
use crate::parameters::Layout;

/// Largest number of points evaluated as one block; chosen so that a Jacobian panel stays in cache.
pub const BLOCK: usize = 256;

/// One head's data: a device's output at one temperature and corner.
#[derive(Clone, Debug)]
pub struct Task {
    /// Index of the output.
    pub output: usize,
    /// Index of the device.
    pub device: usize,
    /// Place of the device in the population.
    pub place: Place,
    /// Site of the device; corners are compared on one site.
    pub site: Arc<str>,
    /// Basis values phi of the population mean.
    pub phi: Vec<f64>,
    /// Basis values psi of the device's deviation.
    pub psi: Vec<f64>,
    /// ln of the factor between `vds exp(y)` and the current in amperes.
    pub ln_scale: f64,
    /// Noise floor, A.
    pub floor: f64,
    /// Trunk inputs, `inputs` rows of `points` numbers.
    pub x: Vec<f64>,
    /// Mirrored drain-source voltage, V.
    pub vds: Vec<f64>,
    /// asinh(i / 2f) of the mirrored current.
    pub target: Vec<f64>,
    /// Factor on the squared weights, less than 1 for a device that validation doubts; robust weights apply it.
    pub trust: f64,
    /// Square root of each point's weight; 0 leaves a point out.
    pub weight: Vec<f64>,
    /// True where the next point belongs to the same curve.
    pub linked: Vec<bool>,
    /// Factor on the difference to the next point, against the points' own weights.
    pub steepness: Vec<f64>,
}

impl Task {
    /// Number of points.
    pub fn points(&self) -> usize {
        self.target.len()
    }

    /// The points `keep` (ascending), links dropped.
    fn gathered(&self, keep: &[usize]) -> Task {
        let pick = |v: &[f64]| keep.iter().map(|&p| v[p]).collect::<Vec<f64>>();
        Task {
            x: self.x.chunks_exact(self.points().max(1)).flat_map(pick).collect(),
            vds: pick(&self.vds),
            weight: pick(&self.weight),
            linked: vec![false; keep.len()],
            steepness: pick(&self.steepness),
            target: pick(&self.target),
            phi: self.phi.clone(),
            psi: self.psi.clone(),
            site: self.site.clone(),
            ..*self
        }
    }

    /// The points that `keep` takes, whole curves of them.
    pub(crate) fn kept(&self, keep: impl Fn(usize) -> bool) -> Task {
        let rows: Vec<usize> = (0..self.points()).filter(|p| keep(*p)).collect();
        let linked = rows.iter().map(|p| self.linked[*p] && keep(p + 1)).collect();
        Task { linked, ..self.gathered(&rows) }
    }

    /// Consecutive points evaluated together, `(first, count)`: whole curves up to [`BLOCK`] points.
    pub fn blocks(&self) -> Vec<(usize, usize)> {
        let mut blocks = Vec::new();
        let (mut first, mut curve_end) = (0, 0);
        for p in 0..self.points() {
            if !self.linked[p] {
                if p + 1 - first > BLOCK && curve_end > first {
                    blocks.push((first, curve_end - first));
                    first = curve_end;
                }
                curve_end = p + 1;
            }
            while p + 1 - first >= BLOCK && curve_end <= first {
                blocks.push((first, BLOCK));
                first += BLOCK;
            }
        }
        while first < self.points() {
            let n = (self.points() - first).min(BLOCK);
            blocks.push((first, n));
            first += n;
        }
        blocks
    }
}

/// A whole fit: layout of the unknowns, inputs' definition and tasks.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Places of parameters.
    pub layout: Layout,
    /// Bias features.
    pub features: Features,
    /// Static inputs after the bias features.
    pub statics: Vec<StaticInput>,
    /// Outputs.
    pub outputs: Vec<Output>,
    /// phi.
    pub population: Basis,
    /// psi.
    pub deviation: Basis,
    /// Sizes that phi and psi follow.
    pub hull: Option<Hull>,
    /// All tasks, ordered by device.
    pub tasks: Vec<Task>,
    /// Strength of the penalty on deviations.
    pub strength: f64,
    /// Weight of slopes against points.
    pub slope_weight: f64,
    /// Weight of third differences of `y` along the bulk voltage, between the readings; 0 for none.
    pub smoothness: f64,
    /// What shared unknowns are held near: a trunk that was fitted before, networks that this one is tied to.
    pub held: Option<Held>,
    /// Biases at which corners must keep their order.
    pub order: Option<order::Active>,
}

impl Problem {
    /// Number of points over all tasks.
    pub fn points(&self) -> usize {
        self.tasks.iter().map(Task::points).sum()
    }

    /// The same problem with other tasks.
    pub(crate) fn with_tasks(&self, tasks: Vec<Task>) -> Problem {
        Problem {
            tasks,
            layout: self.layout.clone(),
            features: self.features.clone(),
            statics: self.statics.clone(),
            outputs: self.outputs.clone(),
            population: self.population.clone(),
            deviation: self.deviation.clone(),
            held: self.held.clone(),
            order: self.order.clone(),
            ..*self
        }
    }

    /// Takes over the feature scaling, the population's functions and the output scales of `reference`, so that the same
    /// parameters mean the same currents in both.
    pub(crate) fn rescale(&mut self, reference: &Problem) {
        self.scale_inputs(&reference.features);
        self.layout.phi = reference.layout.phi;
        (self.population, self.hull) = (reference.population.clone(), reference.hull);
        for task in &mut self.tasks {
            let seen = self.hull.map_or(task.place, |hull| hull.pull(&task.place));
            task.phi = self.population.at(&seen);
            let (own, other) = (self.outputs[task.output].scale, reference.outputs[task.output].scale);
            task.ln_scale += (other / own).ln();
        }
        self.outputs = reference.outputs.clone();
    }

    /// Centres and scales the bias inputs as `features` does.
    pub(crate) fn scale_inputs(&mut self, features: &Features) {
        for task in &mut self.tasks {
            let n = task.points();
            for k in 0..3 {
                for x in &mut task.x[k * n..(k + 1) * n] {
                    *x = features.input(k, self.features.volts(k, *x));
                }
            }
        }
        self.features = features.clone();
    }

    /// At most `most` devices, spread over the family, in ascending order. Devices that validation doubts are among them only
    /// where there are no others, so that what is found on few devices does not depend on those.
    pub(crate) fn spread(&self, most: usize) -> Vec<usize> {
        let mut trusted: Vec<usize> = trusted(self.tasks.iter()).map(|t| t.device).collect();
        trusted.dedup();
        let (all, kept) = (trusted.len(), most.min(trusted.len()));
        // Device k of the few stands for the k-th of `kept` equal parts of the family.
        (0..kept).map(|k| trusted[(2 * k + 1) * all / (2 * kept)]).collect()
    }

    /// The same problem with the devices of [`Problem::spread`] alone.
    pub(crate) fn few_devices(&self, most: usize) -> Problem {
        self.of_devices(&self.spread(most))
    }

    /// The same problem with some `devices`, in ascending order, and without an order of their corners.
    pub(crate) fn of_devices(&self, devices: &[usize]) -> Problem {
        let place = |d: usize| devices.binary_search(&d).ok();
        let tasks = self.tasks.iter().filter_map(|t| Some(Task { device: place(t.device)?, ..t.clone() }));
        let layout = Layout { devices: devices.len(), ..self.layout.clone() };
        Problem { layout, order: None, ..self.with_tasks(tasks.collect()) }
    }

    /// The same problem with at most `per_task` random points of every task.
    pub fn subset(&self, per_task: usize, rng: &mut impl Rng) -> Problem {
        let tasks = self
            .tasks
            .iter()
            .map(|t| {
                let mut keep = sample(rng, t.points(), per_task.min(t.points())).into_vec();
                keep.sort_unstable();
                t.gathered(&keep)
            })
            .collect();
        self.with_tasks(tasks)
    }
}

/// The trust that the most trusted of `tasks` have.
pub(crate) fn most_trust<'a>(tasks: impl Iterator<Item = &'a Task>) -> f64 {
    tasks.map(|t| t.trust).fold(f64::MIN_POSITIVE, f64::max)
}

/// Those of `tasks` that are trusted most: of devices which validation does not doubt, where there are any.
pub(crate) fn trusted<'a>(tasks: impl Iterator<Item = &'a Task> + Clone) -> impl Iterator<Item = &'a Task> {
    let most = most_trust(tasks.clone());
    tasks.filter(move |t| t.trust >= most)
}

/// Residual and its derivative over `y` of one point.
pub fn residual(kind: OutputKind, y: f64, task: &Task, p: usize) -> (f64, f64) {
    match kind {
        OutputKind::Channel => {
            // The cap keeps a wild trial step finite; exp(60) amperes are rejected anyway.
            let i = task.vds[p] * (y + task.ln_scale).min(60.0).exp();
            let u = i / (2.0 * task.floor);
            (u.asinh() - task.target[p], u / (1.0 + u * u).sqrt())
        }
        _ => (y - task.target[p], 1.0),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn task(linked: Vec<bool>) -> Task {
        let n = linked.len();
        Task {
            output: 0,
            device: 0,
            place: Place { w: 1e-6, l: 1e-6, mult: 1.0, temperature: 300.15, speed: 0.0, skew: 0.0 },
            site: "".into(),
            phi: vec![],
            psi: vec![1.0],
            ln_scale: 0.0,
            floor: 1e-12,
            trust: 1.0,
            x: vec![0.0; 3 * n],
            vds: vec![1.0; n],
            target: vec![0.0; n],
            weight: (0..n).map(|p| 0.5 + 0.1 * (p % 5) as f64).collect(),
            linked,
            steepness: (0..n).map(|p| 1.0 + 0.2 * (p % 3) as f64).collect(),
        }
    }

    #[test]
    fn blocks_cover_every_point_once_and_cut_between_curves_where_they_can() {
        for lens in [vec![100usize; 7], vec![700, 3, 255, 1], vec![1], vec![256, 256], vec![5; 90]] {
            let linked: Vec<bool> = lens.iter().flat_map(|&n| (0..n).map(move |p| p + 1 < n)).collect();
            let t = task(linked);
            let blocks = t.blocks();
            let mut next = 0;
            for (first, n) in blocks {
                assert!(first == next && n > 0 && n <= BLOCK, "{lens:?}");
                next = first + n;
                let cut_inside = next < t.points() && t.linked[next - 1];
                assert!(!cut_inside || lens.iter().any(|&l| l > BLOCK), "{lens:?} cut at {next}");
            }
            assert_eq!(next, t.points());
        }
    }
}
