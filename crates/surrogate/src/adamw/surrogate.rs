//! The surrogate as a burn module: a trunk shared by all devices and one small head per task. What it computes is that of a
//! [`Network`].

use burn::config::Config;
use burn::module::{Initializer, Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData};
use gummel_kernel::Layer;

use super::network::Network;
use crate::parameters::{Layout, OutputParameters, Parameters};

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

/// Trunk and heads.
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
        let own = deviation_rows(parameters, layout);
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
        let mut own = deviations(&widen(self.deviation.val()), layout);
        let outputs = (0..layout.outputs)
            .map(|o| {
                let wide = layout.phi * head;
                OutputParameters {
                    population: transpose(&population[o * wide..][..wide], layout.phi, head),
                    deviation: own.iter_mut().map(|device| std::mem::take(&mut device[o])).collect(),
                }
            })
            .collect();
        Parameters { layers, outputs }
    }

    /// The same numbers as a network of one.
    pub(super) fn network(&self) -> Network {
        let trunk = self.trunk.iter().map(|layer| {
            let [_, outputs] = layer.weight.dims();
            let bias = layer.bias.as_ref().map_or_else(
                || Tensor::zeros([1, 1, outputs], &layer.weight.val().device()),
                |bias| bias.val().reshape([1, 1, outputs]),
            );
            (layer.weight.val().unsqueeze(), bias)
        });
        Network {
            trunk: trunk.collect(),
            population: self.population.as_ref().map(Param::val),
            deviation: self.deviation.val(),
        }
    }
}

/// D transposed, one row per (device, output, psi).
pub(super) fn deviation_rows(parameters: &Parameters, layout: &Layout) -> Vec<f64> {
    let (head, psi) = (layout.head(), layout.psi);
    (0..layout.devices)
        .flat_map(|d| parameters.outputs.iter().flat_map(move |o| transpose(&o.deviation[d], head, psi)))
        .collect()
}

/// D of every device and output, out of the rows that [`deviation_rows`] gives.
pub(super) fn deviations(rows: &[f64], layout: &Layout) -> Vec<Vec<Vec<f64>>> {
    let own = layout.psi * layout.head();
    let of_device = |d: usize| {
        let of_output =
            |o: usize| transpose(&rows[(d * layout.outputs + o) * own..][..own], layout.psi, layout.head());
        (0..layout.outputs).map(of_output).collect()
    };
    (0..layout.devices).map(of_device).collect()
}

pub(super) fn narrow(v: &[f64]) -> Vec<f32> {
    v.iter().map(|&v| v as f32).collect()
}

pub(super) fn widen<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

pub(super) fn matrix(values: Vec<f64>, shape: [usize; 2], device: &Device) -> Param<Tensor<2>> {
    Param::from_tensor(Tensor::from_data(TensorData::new(narrow(&values), shape), device))
}

/// Row-major `rows x columns` to row-major `columns x rows`.
fn transpose(m: &[f64], rows: usize, columns: usize) -> Vec<f64> {
    (0..columns).flat_map(|c| (0..rows).map(move |r| m[r * columns + c])).collect()
}
