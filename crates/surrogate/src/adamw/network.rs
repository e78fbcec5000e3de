//! Networks as tensors, wherever their numbers come from: several of one shape, evaluated at once.
//!
//! ```text
//! z = tanh(W_n ... tanh(W_1 x + b_1) ... + b_n)       trunk of network k, x: points x inputs
//! h_t = B_ko phi_t + D_do psi_t                       head of task t (network k, device d, output o)
//! y = h_t . [z, 1]
//! ```
//! All heads are formed by one product and one gather per step, then gathered per point, so a batch may
//! mix tasks of a network freely. Every network sees as many points as the others.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::surrogate::narrow;
use crate::parameters::Layout;
use crate::problem::{Problem, Task};

/// Trunks and heads; see the module's equations.
pub(super) struct Network {
    /// Weights (networks x inputs x outputs) and biases (networks x 1 x outputs) of layers that are each followed by tanh.
    pub(super) trunk: Vec<(Tensor<3>, Tensor<3>)>,
    /// B transposed: one row per (network, output, phi), head numbers along the row.
    pub(super) population: Option<Tensor<2>>,
    /// D transposed: one row per (device, output, psi), devices numbered through all networks.
    pub(super) deviation: Tensor<2>,
}

impl Network {
    /// Last hidden layer at inputs `x` (networks x points x inputs).
    fn activations(&self, x: Tensor<3>) -> Tensor<3> {
        self.trunk.iter().fold(x, |z, (weight, bias)| (z.matmul(weight.clone()) + bias.clone()).tanh())
    }

    /// Heads of all tasks, tasks x (width + 1).
    fn heads(&self, places: &Places) -> Tensor<2> {
        let [_, head] = self.deviation.dims();
        let [tasks, psi, _] = places.psi.dims();
        let own = self.deviation.clone().select(0, places.rows.clone()).reshape([tasks, psi, head]);
        let own = (own * places.psi.clone()).sum_dim(1).reshape([tasks, head]);
        match &self.population {
            Some(population) => places.phi.clone().matmul(population.clone()) + own,
            None => own,
        }
    }

    /// Heads of points of the tasks numbered by `task`, as `z` has them: networks x points x (width + 1).
    fn heads_like(&self, z: &Tensor<3>, task: Tensor<1, Int>, places: &Places) -> Tensor<3> {
        let [networks, points, width] = z.dims();
        self.heads(places).select(0, task).reshape([networks, points, width + 1])
    }

    /// `y` (networks x points x 1) at inputs `x` (networks x points x inputs) of the tasks numbered by `task`, network by network.
    pub(super) fn forward(&self, x: Tensor<3>, task: Tensor<1, Int>, places: &Places) -> Tensor<3> {
        let z = self.activations(x);
        let [_, _, width] = z.dims();
        let head = self.heads_like(&z, task, places);
        (z * head.clone().narrow(2, 0, width)).sum_dim(2) + head.narrow(2, width, 1)
    }

    /// `dy` (networks x points x 1) along the input direction `dx`: a forward-mode tangent, written in tensor
    /// operations because burn differentiates once.
    ///
    /// `z = tanh(a), dz = (1 - z^2) da, da = W dx` layer by layer; the constant of the head drops out.
    pub(super) fn tangent(
        &self,
        x: Tensor<3>,
        dx: Tensor<3>,
        task: Tensor<1, Int>,
        places: &Places,
    ) -> Tensor<3> {
        let (_, dz) = self.trunk.iter().fold((x, dx), |(z, dz), (weight, bias)| {
            let z = (z.matmul(weight.clone()) + bias.clone()).tanh();
            let slope = z.clone().square().neg().add_scalar(1.0);
            (z, slope * dz.matmul(weight.clone()))
        });
        let [_, _, width] = dz.dims();
        let head = self.heads_like(&dz, task, places);
        (dz * head.narrow(2, 0, width)).sum_dim(2)
    }

    /// Sum of squares of all deviations.
    pub(super) fn deviation_energy(&self) -> Tensor<1> {
        self.deviation.clone().square().sum()
    }
}

/// Several problems of one shape, a network for each; their tasks and devices are numbered through.
pub(super) struct Crowd<'a> {
    pub(super) problems: Vec<&'a Problem>,
}

/// A task of a crowd.
pub(super) struct Numbered<'a> {
    pub(super) network: usize,
    /// Number of its device.
    device: usize,
    pub(super) task: &'a Task,
}

impl<'a> Crowd<'a> {
    /// Layout of each of the networks, but for the number of devices.
    pub(super) fn layout(&self) -> &'a Layout {
        &self.problems[0].layout
    }

    /// All tasks, in the order of their numbers.
    pub(super) fn tasks(&self) -> impl Iterator<Item = Numbered<'a>> + Clone + '_ {
        let mut devices = 0;
        let first: Vec<usize> = self
            .problems
            .iter()
            .map(|p| {
                devices += p.layout.devices;
                devices - p.layout.devices
            })
            .collect();
        self.problems.iter().copied().zip(first).enumerate().flat_map(|(network, (problem, first))| {
            problem.tasks.iter().map(move |task| Numbered { network, device: first + task.device, task })
        })
    }
}

/// Where the tasks of a crowd stand in their populations, on a device.
#[derive(Clone, Debug)]
pub(super) struct Places {
    /// phi of every task in the columns of its network and output, tasks x (networks outputs phi).
    phi: Tensor<2>,
    /// psi of every task, tasks x psi x 1.
    psi: Tensor<3>,
    /// Row of D for every (task, psi).
    rows: Tensor<1, Int>,
}

impl Places {
    /// Uploads the places of all tasks.
    pub(super) fn new(crowd: &Crowd<'_>, device: &Device) -> Self {
        let layout = crowd.layout();
        let tasks: Vec<Numbered<'_>> = crowd.tasks().collect();
        let columns = (crowd.problems.len() * layout.outputs * layout.phi).max(1);
        let mut phi = vec![0.0; tasks.len() * columns];
        let mut psi = Vec::with_capacity(tasks.len() * layout.psi);
        let mut rows = Vec::with_capacity(tasks.len() * layout.psi);
        for (t, Numbered { network, device, task }) in tasks.iter().enumerate() {
            let own = t * columns + (network * layout.outputs + task.output) * layout.phi;
            phi[own..own + layout.phi].copy_from_slice(&narrow(&task.phi));
            psi.extend(narrow(&task.psi));
            let first = (device * layout.outputs + task.output) * layout.psi;
            rows.extend((first..first + layout.psi).map(|row| row as i32));
        }
        Places {
            phi: Tensor::from_data(TensorData::new(phi, [tasks.len(), columns]), device),
            psi: Tensor::from_data(TensorData::new(psi, [tasks.len(), layout.psi, 1]), device),
            rows: Tensor::from_data(TensorData::new(rows, [tasks.len() * layout.psi]), device),
        }
    }
}
