//! Points and slopes of tasks as tables on a device.

use burn::tensor::{Device, Int, Tensor, TensorData};
use gummel_kernel::OutputKind;

use crate::problem::{Problem, Task};

/// asinh(i / 2f) from which a reading stands clear of the noise, so that its logarithm can be differenced: i > 10 f.
const CLEAR: f64 = 2.31;

/// Rows of numbers with the task each belongs to.
struct Table {
    columns: usize,
    values: Vec<f32>,
    tasks: Vec<i32>,
}

impl Table {
    fn new(columns: usize) -> Self {
        Table { columns, values: Vec::new(), tasks: Vec::new() }
    }

    fn push(&mut self, task: usize, row: impl IntoIterator<Item = f64>) {
        self.values.extend(row.into_iter().map(|v| v as f32));
        self.tasks.push(task as i32);
    }

    fn upload(self, device: &Device) -> Option<Rows> {
        let n = self.tasks.len();
        (n > 0).then(|| Rows {
            values: Tensor::from_data(TensorData::new(self.values, [n, self.columns]), device),
            tasks: Tensor::from_data(TensorData::new(self.tasks.clone(), [n]), device),
            networks: 1,
            numbers: self.tasks,
        })
    }
}

/// A table on a device; one gather fetches whole rows.
#[derive(Clone, Debug)]
struct Rows {
    values: Tensor<2>,
    tasks: Tensor<1, Int>,
    /// Networks among which the rows are divided evenly, in their order.
    networks: usize,
    /// The tasks' numbers in memory; none of gathered rows.
    numbers: Vec<i32>,
}

impl Rows {
    fn len(&self) -> usize {
        self.tasks.dims()[0]
    }

    fn gather(&self, indices: &[i32], networks: usize, device: &Device) -> Rows {
        let at = Tensor::<1, Int>::from_data(TensorData::from(indices), device);
        Rows {
            values: self.values.clone().select(0, at.clone()),
            tasks: self.tasks.clone().select(0, at),
            networks,
            numbers: Vec::new(),
        }
    }

    /// networks x rows of each x `n`.
    fn columns(&self, first: usize, n: usize) -> Tensor<3> {
        self.values.clone().narrow(1, first, n).reshape([self.networks, self.len() / self.networks, n])
    }
}

/// All points with a positive weight.
///
/// Columns: inputs, then sign and offset of a channel current (`|u| = exp(y + offset)`), the factor on
/// `y` of other outputs, target, and weight.
#[derive(Clone, Debug)]
pub(super) struct Points {
    inputs: usize,
    rows: Rows,
    /// Sum of squared weights.
    pub(super) total: f64,
}

impl Points {
    /// Uploads the points of tasks, each with the number of the problem's task that it belongs to; `None` when there
    /// are none.
    pub(super) fn new<'a>(
        problem: &Problem,
        tasks: impl Iterator<Item = (usize, &'a Task)>,
        device: &Device,
    ) -> Option<Self> {
        let inputs = problem.layout.shape.inputs;
        let mut table = Table::new(inputs + 5);
        let mut total = 0.0;
        for (t, task) in tasks {
            let channel = problem.outputs[task.output].kind == OutputKind::Channel;
            for p in (0..task.points()).filter(|&p| task.weight[p] > 0.0) {
                let (sign, offset, plain) = match channel {
                    // At vds = 0 the sign is 0 and the current vanishes whatever y.
                    true if task.vds[p] == 0.0 => (0.0, 0.0, 0.0),
                    true => (task.vds[p].signum(), offset(task, p), 0.0),
                    false => (0.0, 0.0, 1.0),
                };
                total += task.weight[p] * task.weight[p];
                table.push(t, input(task, p).chain([sign, offset, plain, task.target[p], task.weight[p]]));
            }
        }
        table.upload(device).map(|rows| Points { inputs, rows, total })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Task of every point.
    pub(super) fn numbers(&self) -> &[i32] {
        &self.rows.numbers
    }

    /// The points numbered by `indices`, as many of each of `networks`.
    pub(super) fn gather(&self, indices: &[i32], networks: usize, device: &Device) -> Points {
        Points { rows: self.rows.gather(indices, networks, device), ..*self }
    }

    pub(super) fn inputs(&self) -> Tensor<3> {
        self.rows.columns(0, self.inputs)
    }

    pub(super) fn tasks(&self) -> Tensor<1, Int> {
        self.rows.tasks.clone()
    }

    pub(super) fn sign(&self) -> Tensor<3> {
        self.rows.columns(self.inputs, 1)
    }

    pub(super) fn offset(&self) -> Tensor<3> {
        self.rows.columns(self.inputs + 1, 1)
    }

    pub(super) fn plain(&self) -> Tensor<3> {
        self.rows.columns(self.inputs + 2, 1)
    }

    pub(super) fn target(&self) -> Tensor<3> {
        self.rows.columns(self.inputs + 3, 1)
    }

    pub(super) fn weight(&self) -> Tensor<3> {
        self.rows.columns(self.inputs + 4, 1)
    }
}

/// Pairs of neighbouring points of a curve: the measured step of `y` between them is the slope to meet.
///
/// The model's step is the tangent at the midpoint of the inputs times the step of the inputs, exact to
/// third order of the step. Channel currents count where both readings stand clear of the noise.
/// Columns: midpoint inputs, steps of the inputs, step of `y`, weight.
#[derive(Clone, Debug)]
pub(super) struct Slopes {
    inputs: usize,
    rows: Rows,
}

impl Slopes {
    /// Uploads the pairs of tasks, as [`Points::new`] their points; `None` when there are none or slopes have no weight.
    pub(super) fn new<'a>(
        problem: &Problem,
        tasks: impl Iterator<Item = (usize, &'a Task)>,
        device: &Device,
    ) -> Option<Self> {
        if problem.slope_weight <= 0.0 {
            return None;
        }
        let inputs = problem.layout.shape.inputs;
        let mut table = Table::new(2 * inputs + 2);
        for (t, task) in tasks {
            let channel = problem.outputs[task.output].kind == OutputKind::Channel;
            let y = |p: usize| if channel { clear(task, p) } else { Some(task.target[p]) };
            for p in (1..task.points()).filter(|&p| task.linked[p - 1]) {
                let weight = task.steepness[p - 1] * task.weight[p - 1].min(task.weight[p]);
                if let (true, Some(from), Some(to)) = (weight > 0.0, y(p - 1), y(p)) {
                    let middle = input(task, p - 1).zip(input(task, p)).map(|(a, b)| 0.5 * (a + b));
                    let step = input(task, p - 1).zip(input(task, p)).map(|(a, b)| b - a);
                    table.push(t, middle.chain(step).chain([to - from, weight]));
                }
            }
        }
        table.upload(device).map(|rows| Slopes { inputs, rows })
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Task of every pair.
    pub(super) fn numbers(&self) -> &[i32] {
        &self.rows.numbers
    }

    /// The pairs numbered by `indices`, as many of each of `networks`.
    pub(super) fn gather(&self, indices: &[i32], networks: usize, device: &Device) -> Slopes {
        Slopes { rows: self.rows.gather(indices, networks, device), ..*self }
    }

    pub(super) fn middle(&self) -> Tensor<3> {
        self.rows.columns(0, self.inputs)
    }

    pub(super) fn step(&self) -> Tensor<3> {
        self.rows.columns(self.inputs, self.inputs)
    }

    pub(super) fn tasks(&self) -> Tensor<1, Int> {
        self.rows.tasks.clone()
    }

    pub(super) fn target(&self) -> Tensor<3> {
        self.rows.columns(2 * self.inputs, 1)
    }

    pub(super) fn weight(&self) -> Tensor<3> {
        self.rows.columns(2 * self.inputs + 1, 1)
    }
}

fn input(task: &Task, p: usize) -> impl Iterator<Item = f64> + '_ {
    task.x.iter().skip(p).step_by(task.points()).copied()
}

/// ln of the factor between `exp(y)` and `|i| / 2f`.
fn offset(task: &Task, p: usize) -> f64 {
    task.ln_scale + (task.vds[p].abs() / (2.0 * task.floor)).ln()
}

/// Measured `y` of a channel current that flows the right way and stands clear of the noise.
fn clear(task: &Task, p: usize) -> Option<f64> {
    let along = task.target[p] * task.vds[p].signum();
    // ln sinh t = t - ln 2 + ln(1 - exp(-2 t)), which cannot overflow.
    (task.vds[p] != 0.0 && along > CLEAR)
        .then(|| along - std::f64::consts::LN_2 + (-(-2.0 * along).exp()).ln_1p() - offset(task, p))
}
