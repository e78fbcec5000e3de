//! The surrogate as a burn module: a trunk shared by all devices and one small head per task.
//!
//! ```text
//! z = tanh(W_n ... tanh(W_1 x + b_1) ... + b_n)       trunk, x: points x inputs
//! h_t = B_o phi_t + D_do psi_t                        head of task t (device d, output o)
//! y = h_t . [z, 1]
//! ```
//! All heads are formed by one product and one gather per step, then gathered per point, so a batch may
//! mix tasks freely.

use burn::config::Config;
use burn::module::{Initializer, Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Int, Tensor, TensorData};
use gummel_kernel::Layer;

use crate::parameters::{Layout, OutputParameters, Parameters};
use crate::problem::Task;

/// Name of the trunk in parameter paths.
pub(super) const TRUNK: &str = "trunk";

/// Shape of a [`Surrogate`].
#[derive(Config, Debug)]
pub struct SurrogateConfig {
    /// Trunk inputs.
    pub inputs: usize,
    /// Neurons of each hidden layer; at least one layer.
    pub hidden: Vec<usize>,
    /// Heads per device.
    #[config(default = 1)]
    pub outputs: usize,
    /// Number of devices.
    pub devices: usize,
    /// Columns of B; 0 leaves heads free.
    #[config(default = 0)]
    pub phi: usize,
    /// Columns of D; at least 1.
    #[config(default = 1)]
    pub psi: usize,
}

impl SurrogateConfig {
    /// The shape that `layout` describes.
    pub fn of(layout: &Layout) -> Self {
        SurrogateConfig::new(layout.shape.inputs, layout.shape.widths.clone(), layout.devices)
            .with_outputs(layout.outputs)
            .with_phi(layout.phi)
            .with_psi(layout.psi)
    }

    /// A surrogate with Glorot weights in the trunk and small random heads, drawn from the device's generator.
    pub fn init(&self, device: &Device) -> Surrogate {
        let sizes: Vec<usize> = std::iter::once(self.inputs).chain(self.hidden.iter().copied()).collect();
        let glorot = Initializer::XavierUniform { gain: 1.0 };
        let trunk = sizes
            .windows(2)
            .map(|s| LinearConfig::new(s[0], s[1]).with_initializer(glorot.clone()).init(device))
            .collect();
        let head = sizes[sizes.len() - 1] + 1;
        let small = Initializer::Normal { mean: 0.0, std: 0.1 };
        let population = (self.phi > 0).then(|| small.init([self.outputs * self.phi, head], device));
        let deviation = small.init([self.devices * self.outputs * self.psi, head], device);
        Surrogate { trunk, population, deviation }
    }
}

/// Trunk and heads; see the module's equations.
#[derive(Module, Debug)]
pub struct Surrogate {
    /// Layers, each followed by tanh.
    pub(super) trunk: Vec<Linear>,
    /// B transposed: one row per (output, phi), head numbers along the row.
    pub(super) population: Option<Param<Tensor<2>>>,
    /// D transposed: one row per (device, output, psi).
    pub(super) deviation: Param<Tensor<2>>,
}

impl Surrogate {
    /// Loads plain numbers onto `device`.
    pub fn from_parameters(parameters: &Parameters, layout: &Layout, device: &Device) -> Self {
        let (head, psi) = (layout.head(), layout.psi);
        let trunk = parameters
            .layers
            .iter()
            .map(|l| Linear {
                weight: matrix(transpose(&l.weight, l.outputs, l.inputs), [l.inputs, l.outputs], device),
                bias: Some(Param::from_tensor(Tensor::from_data(
                    TensorData::new(narrow(&l.bias), [l.outputs]),
                    device,
                ))),
            })
            .collect();
        let population = (layout.phi > 0).then(|| {
            let rows =
                parameters.outputs.iter().flat_map(|o| transpose(&o.population, head, layout.phi)).collect();
            matrix(rows, [layout.outputs * layout.phi, head], device)
        });
        let own = (0..layout.devices)
            .flat_map(|d| parameters.outputs.iter().flat_map(move |o| transpose(&o.deviation[d], head, psi)))
            .collect();
        let deviation = matrix(own, [layout.devices * layout.outputs * psi, head], device);
        Surrogate { trunk, population, deviation }
    }

    /// Plain numbers, for the kernel and for freezing; inverse of [`Surrogate::from_parameters`] up to f32.
    pub fn to_parameters(&self, layout: &Layout) -> Parameters {
        let head = layout.head();
        let layers = self
            .trunk
            .iter()
            .map(|l| {
                let [inputs, outputs] = l.weight.dims();
                let weight = transpose(&widen(l.weight.val()), inputs, outputs);
                let bias = l.bias.as_ref().map_or_else(|| vec![0.0; outputs], |b| widen(b.val()));
                Layer { inputs, outputs, weight, bias }
            })
            .collect();
        let population = self.population.as_ref().map_or_else(Vec::new, |p| widen(p.val()));
        let deviation = widen(self.deviation.val());
        let outputs = (0..layout.outputs)
            .map(|o| {
                let (wide, own) = (layout.phi * head, layout.psi * head);
                OutputParameters {
                    population: transpose(&population[o * wide..][..wide], layout.phi, head),
                    deviation: (0..layout.devices)
                        .map(|d| {
                            let first = (d * layout.outputs + o) * own;
                            transpose(&deviation[first..][..own], layout.psi, head)
                        })
                        .collect(),
                }
            })
            .collect();
        Parameters { layers, outputs }
    }

    /// Last hidden layer at inputs `x` (points x inputs).
    fn activations(&self, x: Tensor<2>) -> Tensor<2> {
        self.trunk.iter().fold(x, |z, layer| layer.forward(z).tanh())
    }

    /// Heads of all tasks, tasks x (width + 1).
    fn heads(&self, places: &Places) -> Tensor<2> {
        let [_, head] = self.deviation.dims();
        let [tasks, psi, _] = places.psi.dims();
        let own = self.deviation.val().select(0, places.rows.clone()).reshape([tasks, psi, head]);
        let own = (own * places.psi.clone()).sum_dim(1).reshape([tasks, head]);
        match &self.population {
            Some(population) => places.phi.clone().matmul(population.val()) + own,
            None => own,
        }
    }

    /// `y` (points x 1) at inputs `x` (points x inputs) of the tasks numbered by `task`.
    pub fn forward(&self, x: Tensor<2>, task: Tensor<1, Int>, places: &Places) -> Tensor<2> {
        let z = self.activations(x);
        let head = self.heads(places).select(0, task);
        let [_, width] = z.dims();
        (z * head.clone().narrow(1, 0, width)).sum_dim(1) + head.narrow(1, width, 1)
    }

    /// `dy` (points x 1) along the input direction `dx`: a forward-mode tangent, written in tensor
    /// operations because burn differentiates once.
    ///
    /// `z = tanh(a), dz = (1 - z^2) da, da = W dx` layer by layer; the constant of the head drops out.
    pub fn tangent(&self, x: Tensor<2>, dx: Tensor<2>, task: Tensor<1, Int>, places: &Places) -> Tensor<2> {
        let (_, dz) = self.trunk.iter().fold((x, dx), |(z, dz), layer| {
            let z = layer.forward(z).tanh();
            let slope = z.clone().square().neg().add_scalar(1.0);
            (z, slope * dz.matmul(layer.weight.val()))
        });
        let [_, width] = dz.dims();
        (dz * self.heads(places).select(0, task).narrow(1, 0, width)).sum_dim(1)
    }

    /// Sum of squares of all deviations.
    pub fn deviation_energy(&self) -> Tensor<1> {
        self.deviation.val().square().sum()
    }
}

/// Where the tasks of a problem stand in the population, on a device.
#[derive(Clone, Debug)]
pub struct Places {
    /// phi of every task in the columns of its output, tasks x (outputs phi).
    phi: Tensor<2>,
    /// psi of every task, tasks x psi x 1.
    psi: Tensor<3>,
    /// Row of D for every (task, psi).
    rows: Tensor<1, Int>,
}

impl Places {
    /// Uploads the places of `tasks`.
    pub fn new(tasks: &[Task], layout: &Layout, device: &Device) -> Self {
        let columns = (layout.outputs * layout.phi).max(1);
        let mut phi = vec![0.0; tasks.len() * columns];
        let mut psi = Vec::with_capacity(tasks.len() * layout.psi);
        let mut rows = Vec::with_capacity(tasks.len() * layout.psi);
        for (t, task) in tasks.iter().enumerate() {
            let own = t * columns + task.output * layout.phi;
            phi[own..own + layout.phi].copy_from_slice(&narrow(&task.phi));
            psi.extend(narrow(&task.psi));
            let first = (task.device * layout.outputs + task.output) * layout.psi;
            rows.extend((first..first + layout.psi).map(|row| row as i32));
        }
        Places {
            phi: Tensor::from_data(TensorData::new(phi, [tasks.len(), columns]), device),
            psi: Tensor::from_data(TensorData::new(psi, [tasks.len(), layout.psi, 1]), device),
            rows: Tensor::from_data(TensorData::new(rows, [tasks.len() * layout.psi]), device),
        }
    }
}

fn narrow(v: &[f64]) -> Vec<f32> {
    v.iter().map(|&v| v as f32).collect()
}

fn widen<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

fn matrix(values: Vec<f64>, shape: [usize; 2], device: &Device) -> Param<Tensor<2>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(narrow(&values), shape), device))
}

/// Row-major `rows x columns` to row-major `columns x rows`.
fn transpose(m: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|c| (0..rows).map(move |r| m[r * columns + c])).collect()
}
