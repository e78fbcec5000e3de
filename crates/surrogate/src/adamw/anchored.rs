//! Networks as distances from where they are held, as a burn module.
//!
//! ```text
//! shared_k = sum_m z_km u_m + s * e_k        s_i = 1 / sqrt(1 + strength_i)
//! ```
//! The shared unknowns of network k (trunk and population) are those of the centres `u` and a distance in units `s` of what the
//! strength of its ties allows: the non-centred form of a hierarchical model (M. Betancourt, M. Girolami, "Hamiltonian Monte
//! Carlo for hierarchical models", 2015). A step of Adam is about as long for every parameter, so that without the units tight
//! ties would let networks jump by more than the ties allow, and what moves all networks would be lost among what holds them.
//! The units stay those of the strengths at the start. What cannot move has the unit zero and a centre that stays.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor, TensorData};

use super::network::Network;
use super::surrogate::{deviation_rows, deviations, matrix, narrow, widen};
use crate::held::Held;
use crate::parameters::{Layout, Parameters};

/// What AdamW moves; see the module's equation.
#[derive(Module, Debug)]
pub(super) struct Anchored {
    /// Trunk of the centres: centres x trunk parameters.
    trunk: Param<Tensor<2>>,
    /// Heads of the centres: centres x population parameters.
    heads: Param<Tensor<2>>,
    /// Distances, networks x shared parameters.
    distance: Param<Tensor<2>>,
    /// Deviations of devices, one row per (device, output, psi), network by network.
    deviation: Param<Tensor<2>>,
}

/// Where networks stand, in the solver's order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Standing {
    /// All unknowns of every network.
    pub(crate) thetas: Vec<Vec<f64>>,
    /// What their shared unknowns are held close to.
    pub(crate) centres: Vec<Vec<f64>>,
}

/// What stays the same while networks move.
pub(super) struct Anchor {
    layouts: Vec<Layout>,
    /// Factors on the centres, per network.
    design: Vec<Vec<f64>>,
    /// Where networks and centres began.
    begun: Standing,
    /// Units of the distances.
    scale: Vec<f64>,
    /// Whether the centres may move, for every shared unknown.
    free: Vec<bool>,
    on_device: OnDevice,
}

/// The same as tensors.
struct OnDevice {
    /// networks x centres.
    design: Tensor<2>,
    /// 1 x shared.
    scale: Tensor<2>,
    /// 1 x shared: 1 where the centres may move.
    free: Tensor<2>,
    /// centres x shared: centres that may not move, 0 where they may.
    still: Tensor<2>,
}

impl Anchor {
    /// Of networks that stand at `standing` and are held with `strengths` per shared unknown (none where nothing ties them) and
    /// near `held` beside. Centres move where networks are tied.
    pub(super) fn new(
        layouts: Vec<Layout>,
        design: Vec<Vec<f64>>,
        standing: &Standing,
        strengths: Option<&[f64]>,
        held: Option<&Held>,
        device: &Device,
    ) -> Self {
        let n = layouts[0].shared();
        let held = |i: usize| held.and_then(|h| h.strength.get(i)).copied().unwrap_or(0.0);
        let tied = |i: usize| strengths.map_or(0.0, |s| s[i]);
        let scale: Vec<f64> = (0..n).map(|i| (1.0 + tied(i) + held(i)).sqrt().recip()).collect();
        let free: Vec<bool> = (0..n).map(|i| strengths.is_some() && held(i).is_finite()).collect();
        let begun = standing.clone();
        let centres = &begun.centres;
        let row = |values: Vec<f64>, rows: usize| {
            let columns = values.len() / rows;
            Tensor::from_data(TensorData::new(narrow(&values), [rows, columns]), device)
        };
        let still = centres.iter().flat_map(|u| u.iter().zip(&free).map(|(u, f)| if *f { 0.0 } else { *u }));
        let on_device = OnDevice {
            design: row(design.concat(), design.len()),
            scale: row(scale.clone(), 1),
            free: row(free.iter().map(|f| f64::from(u8::from(*f))).collect(), 1),
            still: row(still.collect(), centres.len()),
        };
        Anchor { layouts, design, begun, scale, free, on_device }
    }

    /// Where networks and centres began.
    pub(super) fn begun(&self) -> &Standing {
        &self.begun
    }

    /// The module that stands at `standing`, on `device`.
    pub(super) fn module(&self, standing: &Standing, device: &Device) -> Anchored {
        let layout = &self.layouts[0];
        let (trunk, all) = (layout.trunk(), layout.shared());
        let centres = |range: std::ops::Range<usize>| {
            let values = standing.centres.iter().flat_map(|u| u[range.clone()].iter().copied()).collect();
            matrix(values, [standing.centres.len(), range.len()], device)
        };
        let distance = standing.thetas.iter().zip(&self.design).flat_map(|(theta, z)| {
            let apart = |i: usize| match self.scale[i] {
                0.0 => 0.0,
                scale => (theta[i] - place(z, &standing.centres, i)) / scale,
            };
            (0..all).map(apart).collect::<Vec<f64>>()
        });
        let own: Vec<f64> = standing
            .thetas
            .iter()
            .zip(&self.layouts)
            .flat_map(|(theta, layout)| deviation_rows(&Parameters::from_flat(theta, layout), layout))
            .collect();
        let rows = own.len() / layout.head();
        Anchored {
            trunk: centres(0..trunk),
            heads: centres(trunk..all),
            distance: matrix(distance.collect(), [self.design.len(), all], device),
            deviation: matrix(own, [rows, layout.head()], device),
        }
    }

    /// Where `module` stands. What cannot move stands where it was to the last bit.
    pub(super) fn standing(&self, module: &Anchored) -> Standing {
        let n = self.scale.len();
        let (trunk, heads) = (widen(module.trunk.val()), widen(module.heads.val()));
        let of = |all: &[f64], m: usize| {
            let columns = all.len() / self.begun.centres.len();
            all[m * columns..][..columns].to_vec()
        };
        let moved = (0..self.begun.centres.len()).map(|m| [of(&trunk, m), of(&heads, m)].concat());
        let centres: Vec<Vec<f64>> = moved
            .zip(&self.begun.centres)
            .map(|(moved, begun)| (0..n).map(|i| if self.free[i] { moved[i] } else { begun[i] }).collect())
            .collect();
        let distance = widen(module.distance.val());
        let own = widen(module.deviation.val());
        let mut rows = &own[..];
        let thetas = self
            .layouts
            .iter()
            .zip(&self.design)
            .enumerate()
            .map(|(k, (layout, z))| {
                let at = |i: usize| match self.scale[i] {
                    0.0 => self.begun.thetas[k][i],
                    scale => place(z, &centres, i) + scale * distance[k * n + i],
                };
                let mut theta: Vec<f64> = (0..n).map(at).collect();
                let (mine, rest) = rows.split_at(layout.devices * layout.local());
                rows = rest;
                theta.extend(deviations(mine, layout).into_iter().flatten().flatten());
                theta
            })
            .collect();
        Standing { thetas, centres }
    }

    /// Distances of the shared unknowns from where they are held, networks x shared.
    pub(super) fn distances(&self, module: &Anchored) -> Tensor<2> {
        module.distance.val() * self.on_device.scale.clone()
    }

    /// Shared unknowns at these [`Anchor::distances`], networks x shared.
    pub(super) fn shared(&self, module: &Anchored, distances: Tensor<2>) -> Tensor<2> {
        let OnDevice { design, free, still, .. } = &self.on_device;
        let centres = Tensor::cat(vec![module.trunk.val(), module.heads.val()], 1);
        design.clone().matmul(centres * free.clone() + still.clone()) + distances
    }

    /// The networks with these shared unknowns.
    pub(super) fn network(&self, module: &Anchored, shared: &Tensor<2>) -> Network {
        let (networks, layout) = (self.layouts.len(), &self.layouts[0]);
        let part = |first: usize, rows: usize, columns: usize| {
            shared.clone().narrow(1, first, rows * columns).reshape([networks, rows, columns])
        };
        let trunk = layout.shape.layers().map(|l| {
            (part(l.offset, l.outputs, l.inputs).swap_dims(1, 2), part(l.bias_offset(), 1, l.outputs))
        });
        let of_output = |o: usize| part(layout.population(o), layout.head(), layout.phi).swap_dims(1, 2);
        let population = Tensor::cat((0..layout.outputs).map(of_output).collect(), 1);
        Network {
            trunk: trunk.collect(),
            population: Some(population.reshape([networks * layout.outputs * layout.phi, layout.head()])),
            deviation: module.deviation.val(),
        }
    }
}

/// Where `centres` with factors `z` hold unknown `i`.
fn place(z: &[f64], centres: &[Vec<f64>], i: usize) -> f64 {
    z.iter().zip(centres).map(|(z, u)| z * u[i]).sum()
}
