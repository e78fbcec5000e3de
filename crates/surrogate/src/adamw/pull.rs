//! What distances of networks from where they are held cost, in tensor operations: the penalties of `soft/tie.rs` and `held.rs`.

use burn::tensor::{Device, Int, Tensor, TensorData};

use super::surrogate::narrow;
use crate::held::Held;
use crate::sharing::Distance;
use crate::soft::tie::{SMOOTH, Tie};

/// Costs of distances, in units of the loss of a batch.
pub(super) struct Pull {
    ties: Option<TieCosts>,
    /// What networks are held near and how tightly, 1 x the first of the shared unknowns.
    held: Option<(Tensor<2>, Tensor<2>)>,
}

/// Ties that pull as far as they are long.
struct TieCosts {
    /// 1 x shared.
    strengths: Tensor<2>,
    layers: Vec<std::ops::Range<usize>>,
    distance: Distance,
    /// First and second network of every two, where ties are between those.
    pairs: Option<[Tensor<1, Int>; 2]>,
}

impl Pull {
    /// `unit` is the loss of a batch per unit of the solver's loss.
    pub(super) fn new(tie: Option<&Tie>, held: Option<&Held>, unit: f64, device: &Device) -> Self {
        let row = |values: Vec<f64>| {
            let n = values.len();
            Tensor::from_data(TensorData::new(narrow(&values), [1, n]), device)
        };
        let held = held.map(|held| {
            // What cannot move costs nothing.
            let strengths = held.strength.iter().map(|s| if s.is_finite() { unit * s } else { 0.0 });
            (row(held.target.clone()), row(strengths.collect()))
        });
        let ties = tie.map(|tie| {
            let networks = tie.design.len();
            let share = if tie.mutual { unit / networks as f64 } else { unit };
            TieCosts {
                strengths: row(tie.per_unknown().into_iter().map(|s| share * s).collect()),
                layers: tie.layers.clone(),
                distance: tie.distance,
                pairs: tie.mutual.then(|| pairs(networks, device)),
            }
        });
        Pull { ties, held }
    }

    /// The cost where networks are at `shared` and `distances` from where ties hold them, both networks x shared.
    pub(super) fn cost(&self, shared: &Tensor<2>, distances: Tensor<2>) -> Tensor<1> {
        let mut cost = Tensor::zeros([1], &shared.device());
        if let Some(ties) = &self.ties {
            cost = cost
                + ties.cost(match &ties.pairs {
                    None => distances,
                    Some([a, b]) => shared.clone().select(0, a.clone()) - shared.clone().select(0, b.clone()),
                });
        }
        if let Some((target, strength)) = &self.held {
            let [_, n] = target.dims();
            let off = shared.clone().narrow(1, 0, n) - target.clone();
            cost = cost + (off.square() * strength.clone()).sum().mul_scalar(0.5);
        }
        cost
    }
}

/// Every two of so many networks.
fn pairs(networks: usize, device: &Device) -> [Tensor<1, Int>; 2] {
    let all = || (0..networks).flat_map(|k| (0..k).map(move |j| [j, k]));
    [0, 1].map(|side| {
        let of: Vec<i32> = all().map(|pair| pair[side] as i32).collect();
        let n = of.len();
        Tensor::from_data(TensorData::new(of, [n]), device)
    })
}

impl TieCosts {
    fn cost(&self, d: Tensor<2>) -> Tensor<1> {
        let smooth = (SMOOTH * SMOOTH) as f32;
        match self.distance {
            Distance::Squared => (d.square() * self.strengths.clone()).sum().mul_scalar(0.5),
            Distance::Absolute => (d.square().add_scalar(smooth).sqrt() * self.strengths.clone()).sum(),
            Distance::Norm => {
                let layer = |range: &std::ops::Range<usize>| {
                    let n = range.len() as f32;
                    let d = d.clone().narrow(1, range.start, range.len());
                    let norm = (d.square().sum_dim(1).add_scalar(n * smooth)).mul_scalar(n).sqrt();
                    // All unknowns of a layer have one strength.
                    (norm * self.strengths.clone().narrow(1, range.start, 1)).sum()
                };
                Tensor::cat(self.layers.iter().map(layer).collect(), 0).sum()
            }
        }
    }
}
