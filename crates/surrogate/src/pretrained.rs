//! Fits that begin with the trunk of another model: of another family, technology, polarity or temperature.
//!
//! Everything a fit sees is the n-channel mirror, so a trunk knows nothing of polarity. What it knows are shapes over
//! bias: how current turns on and saturates. New devices get heads of their own; the trunk stays as it is, or is held
//! near what it was by `s/2 |theta - theta_given|^2` per layer.

mod bundled;
mod hold;
mod pool;

use std::path::Path;

use gummel_kernel::folded::{Folded, FoldedOutput, Member};
use gummel_kernel::jacobian::TrunkShape;
use gummel_kernel::{Branch, Covariate, OutputKind};
use gummel_model::Model;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::config::FitConfig;
use crate::error::FitError;
use crate::held::Held;
use crate::lm::Lm;
use crate::prepared::Prepared;
use crate::problem::{Problem, Task};
use hold::Choice;

pub use pool::pooled;

/// The trunk a fit begins with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrunkConfig {
    /// Model or run folder, or `bundled`; a random trunk when empty.
    pub from: String,
    /// The trunk stays as it is; only heads are fitted.
    pub frozen: bool,
    /// Penalty of a squared distance of one from the given trunk, in units of the loss of one reading; chosen by held-out
    /// curves when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strength: Option<f64>,
    /// Factor on the strength for each layer, first to last; those not named have 1.
    pub layers: Vec<f64>,
    /// What the trunk sees.
    pub inputs: TrunkInputs,
}

impl Default for TrunkConfig {
    fn default() -> Self {
        TrunkConfig {
            from: String::new(),
            frozen: false,
            strength: None,
            layers: Vec::new(),
            inputs: TrunkInputs::Auto,
        }
    }
}

/// What a given trunk sees of the new devices' voltages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrunkInputs {
    /// Whichever heads alone fit better with, tried on a few points.
    #[default]
    Auto,
    /// The voltages as they are: for devices of the same supply.
    Volts,
    /// Voltages scaled so that the box of the new data is that of the old: for another supply.
    Box,
}

/// Devices, points per head and steps of the trial that decides on the inputs.
const TRIAL: (usize, usize, usize) = (12, 60, 6);

/// A trunk to begin with.
pub(crate) struct Pretrained {
    branch: Branch,
    /// What devices' heads have beside the population's mean, averaged over devices, for every kind of output.
    beside: Vec<(OutputKind, Vec<f64>)>,
    title: String,
}

/// Where a fit with a given trunk begins.
pub(crate) struct Begin {
    /// All unknowns: the trunk, heads that follow geometry as those of its old devices, no deviations.
    pub(crate) theta: Vec<f64>,
    /// What was done, in a sentence.
    pub(crate) told: String,
}

impl Pretrained {
    /// The trunk that `config` names; `None` for a random one.
    ///
    /// # Errors
    /// [`FitError::Config`] when it cannot be used with the rest of the recipe, [`FitError::Model`] when it cannot be read.
    pub(crate) fn of(config: &FitConfig) -> Result<Option<Self>, FitError> {
        let TrunkConfig { from, strength, layers, .. } = &config.trunk;
        if from.is_empty() {
            return Ok(None);
        }
        if let Some(bad) = layers.iter().chain(strength).find(|v| !(v.is_finite() && **v >= 0.0)) {
            return Err(FitError::Config {
                key: "trunk.strength, trunk.layers",
                found: bad.to_string(),
                expected: "numbers from 0 on (trunk.frozen = true keeps the trunk as it is)".into(),
            });
        }
        let model = load(from)?;
        let branch = model.spec.branches[0].clone();
        if branch.layers.len() < layers.len() {
            return Err(FitError::Config {
                key: "trunk.layers",
                found: format!("{} factors", layers.len()),
                expected: format!("at most {}, one per layer of the given trunk", branch.layers.len()),
            });
        }
        let beside = beside(&model);
        Ok(Some(Pretrained { branch, beside, title: model.manifest.title() }))
    }

    /// `config` with the shape and the features of this trunk.
    pub(crate) fn shaped(&self, config: &FitConfig) -> FitConfig {
        let mut config = config.clone();
        config.network.hidden = self.branch.layers.iter().map(|l| l.outputs).collect();
        config.network.symmetric = self.branch.features.symmetric;
        config.network.smoothing = self.branch.features.smoothing;
        config.network.knee = self.branch.features.knee.unwrap_or(0.0);
        config
    }

    /// Makes `problem`, assembled with the recipe of [`Pretrained::shaped`], begin with this trunk and hold it.
    pub(crate) fn begin(&self, problem: &mut Problem, config: &FitConfig) -> Begin {
        let own = problem.features.clone();
        let inputs = match config.trunk.inputs {
            TrunkInputs::Auto => {
                let trial = |features| self.trial(problem, features, config.seed);
                if trial(&self.branch.features) <= trial(&own) {
                    TrunkInputs::Volts
                } else {
                    TrunkInputs::Box
                }
            }
            given => given,
        };
        if inputs == TrunkInputs::Volts {
            problem.scale_inputs(&self.branch.features);
        }
        let theta = self.theta(problem);
        let held = |strength: f64| self.held(problem, &theta, &config.trunk, strength);
        let (held, how) = match (config.trunk.frozen, config.trunk.strength) {
            (true, _) => (held(f64::INFINITY), "kept as it is".to_owned()),
            (false, Some(strength)) => {
                (held(strength), format!("held near what it was with strength {strength}"))
            }
            (false, None) => {
                let Choice { strength, told } = hold::choose(problem, &theta, config.seed, held);
                (held(strength), format!("held near what it was {told}"))
            }
        };
        problem.held = Some(held);
        let seen = if inputs == TrunkInputs::Volts {
            "volts as they are"
        } else {
            "its box scaled to that of the data"
        };
        Begin { theta, told: format!("trunk of {}, {how}; it sees {seen}", self.title) }
    }

    /// Loss that heads alone reach on a few points when the trunk sees voltages through `features`.
    fn trial(&self, problem: &Problem, features: &gummel_kernel::Features, seed: u64) -> f64 {
        let (devices, points, steps) = TRIAL;
        let mut few = problem.few_devices(devices).subset(points, &mut ChaCha8Rng::seed_from_u64(seed));
        few.scale_inputs(features);
        let theta = self.theta(&few);
        few.held = Some(Held::frozen(theta[..few.layout.trunk()].to_vec()));
        let prepared = Prepared::new(&few);
        let mut lm = Lm::new(&prepared, theta);
        lm.steps(&prepared, steps);
        lm.loss
    }

    /// Unknowns of `problem` with this trunk, and heads that follow geometry as they did for its old devices.
    fn theta(&self, problem: &Problem) -> Vec<f64> {
        let layout = &problem.layout;
        let mut theta = vec![0.0; layout.total()];
        self.put_trunk(problem, &mut theta);
        let Some((o, given, beside)) = self.channel(problem) else { return theta };
        let places: Vec<&Task> = problem.tasks.iter().filter(|t| t.output == o).collect();
        let share = 1.0 / places.len().max(1) as f64;
        let known = self.known(problem);
        let columns = self.branch.population.len();
        for (i, beside) in beside.iter().enumerate() {
            let row = &self.branch.population_heads[given][i * columns..][..columns];
            let new = &mut theta[layout.population(o) + i * layout.phi..][..layout.phi];
            for (j, column) in &known {
                new[*j] = row[*column];
            }
            // The constant makes the mean over the new devices what the old population says of them.
            let there = |t: &&Task| -> f64 {
                let old: f64 = row.iter().zip(self.branch.phi(&t.place)).map(|(b, p)| b * p).sum();
                old - known.iter().map(|(j, _)| new[*j] * t.phi[*j]).sum::<f64>()
            };
            new[0] = beside + share * places.iter().map(there).sum::<f64>();
        }
        theta
    }

    /// The channel current: its output in `problem`, its output here, what heads have beside the mean.
    ///
    /// Leakage heads are scaled by the noise floor of the old instrument: they begin at zero current.
    fn channel(&self, problem: &Problem) -> Option<(usize, usize, &[f64])> {
        let o = problem.outputs.iter().position(|output| output.kind == OutputKind::Channel)?;
        let given = self.beside.iter().position(|(kind, _)| *kind == OutputKind::Channel)?;
        Some((o, given, &self.beside[given].1))
    }

    /// Functions of the population, other than the constant, that both have: index in `problem`, index here.
    fn known(&self, problem: &Problem) -> Vec<(usize, usize)> {
        let old = &self.branch.population.terms;
        let terms = problem.population.terms.iter().enumerate().skip(1);
        terms.filter_map(|(j, term)| Some((j, old.iter().position(|t| t == term)?))).collect()
    }

    /// The trunk's numbers for the inputs of `problem`: a static input that it did not have starts without influence,
    /// one that the problem does not have is what it is for all its devices.
    fn put_trunk(&self, problem: &Problem, theta: &mut [f64]) {
        let shape: &TrunkShape = &problem.layout.shape;
        for (k, (to, layer)) in shape.layers().zip(&self.branch.layers).enumerate() {
            if k > 0 {
                theta[to.offset..to.bias_offset()].copy_from_slice(&layer.weight);
                theta[to.bias_offset()..][..to.outputs].copy_from_slice(&layer.bias);
                continue;
            }
            for n in 0..to.outputs {
                let from = &layer.weight[n * layer.inputs..][..layer.inputs];
                let weight = &mut theta[to.offset + n * to.inputs..][..to.inputs];
                weight[..3].copy_from_slice(&from[..3]);
                for (w, s) in weight[3..].iter_mut().zip(&problem.statics) {
                    *w = self
                        .weight_of(s.covariate, from)
                        .map_or(0.0, |(w, scale)| w * s.scale.recip() * scale);
                }
                let mut bias = layer.bias[n];
                for (j, s) in self.branch.statics.iter().enumerate() {
                    let known = problem.statics.iter().any(|p| p.covariate == s.covariate);
                    if let (false, Some(task)) = (known, problem.tasks.first()) {
                        bias += from[3 + j] * s.covariate.at(&task.place) * s.scale;
                    }
                }
                theta[to.bias_offset() + n] = bias;
            }
        }
    }

    /// Weight of a covariate in a neuron of the first layer, and the scale it was seen at.
    fn weight_of(&self, covariate: Covariate, weights: &[f64]) -> Option<(f64, f64)> {
        let j = self.branch.statics.iter().position(|s| s.covariate == covariate)?;
        Some((weights[3 + j], self.branch.statics[j].scale))
    }

    /// The trunk in `theta` held with `strength`, by `config` more or less in every layer, and how heads follow geometry. Inputs
    /// and functions that the given model did not have are free; beside a frozen trunk all of the heads is.
    fn held(&self, problem: &Problem, theta: &[f64], config: &TrunkConfig, strength: f64) -> Held {
        let layout = &problem.layout;
        let mut strengths = vec![0.0; layout.shared()];
        for (k, layer) in problem.layout.shape.layers().enumerate() {
            let of_layer = match config.frozen {
                true => strength,
                false => strength * config.layers.get(k).copied().unwrap_or(1.0),
            };
            strengths[layer.range()].fill(of_layer);
            if k > 0 {
                continue;
            }
            for (j, s) in problem.statics.iter().enumerate() {
                if !self.branch.statics.iter().any(|g| g.covariate == s.covariate) {
                    for n in 0..layer.outputs {
                        strengths[layer.offset + n * layer.inputs + 3 + j] = 0.0;
                    }
                }
            }
        }
        if let (false, Some((o, ..))) = (config.frozen, self.channel(problem)) {
            for (j, _) in self.known(problem) {
                // In units of what the function brings to heads, as everywhere.
                let size = problem.tasks.iter().map(|t| t.phi[j].powi(2)).sum::<f64>();
                let size = size / problem.tasks.len().max(1) as f64;
                for i in 0..layout.head() {
                    strengths[layout.population(o) + i * layout.phi + j] = strength * size;
                }
            }
        }
        Held { target: theta[..layout.shared()].to_vec(), strength: strengths }
    }
}

/// The model in a model or run folder, or the bundled one.
fn load(from: &str) -> Result<Model, FitError> {
    if from == bundled::NAME {
        return bundled::trunk();
    }
    let path = Path::new(from);
    let inside = path.join("model");
    Ok(Model::load(if inside.is_dir() { inside.as_path() } else { path })?)
}

/// What heads have beside the population's mean, averaged over devices, each as it was fitted.
fn beside(model: &Model) -> Vec<(OutputKind, Vec<f64>)> {
    let branch = &model.spec.branches[0];
    let n = model.spec.devices.len().max(1) as f64;
    branch
        .outputs
        .iter()
        .enumerate()
        .map(|(o, output)| {
            let mut beside = vec![0.0; branch.head_len()];
            for (d, device) in model.spec.devices.iter().enumerate() {
                let of = |member| {
                    let folded = Folded::new(&model.spec, member, &device.place);
                    let FoldedOutput { head, constant, .. } = folded.branches[0].outputs[o].clone();
                    head.into_iter().chain([constant])
                };
                let both = of(Member::Device(d)).zip(of(Member::Population));
                beside.iter_mut().zip(both).for_each(|(b, (own, mean))| *b += (own - mean) / n);
            }
            (output.kind, beside)
        })
        .collect()
}
