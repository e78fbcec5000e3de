//! How large the trunk of charges is: as small as meets the capacitances, since a simulator pays for it at every iteration.

use gummel_data::Dataset;
use gummel_model::Model;
use rayon::prelude::*;

use super::sample::Sample;
use super::score::{ChargeErrors, charge_errors, is_capacitance};
use super::{ChargeConfig, attach, solve, start};
use crate::error::FitError;
use crate::fit::Watch;

/// Neurons of both layers, smallest first. Heads are free to solve for, so the layer that they see may be wide.
const SHAPES: [[usize; 2]; 3] = [[16, 16], [12, 32], [16, 40]];
/// Relative L2 error that a trunk is large enough for, of every kind of capacitance, in nine of ten devices.
const MET: f64 = 0.02;
/// A larger trunk is taken when it brings the error below this share.
const PAYS: f64 = 0.97;
/// Fewest points of a device for each number of its heads, where a larger trunk is tried.
const POINTS: usize = 4;

/// A model with charges.
pub(super) struct Chosen {
    pub(super) model: Model,
    pub(super) errors: Vec<ChargeErrors>,
    /// What was chosen, and how well it meets the data.
    pub(super) told: Vec<String>,
}

/// Fits the trunk that the recipe names, or trunks that grow until one is large enough.
pub(super) fn choose(
    model: &Model,
    data: &Dataset,
    sample: &Sample,
    config: &ChargeConfig,
    seed: u64,
    watch: &mut Watch<'_>,
) -> Result<Chosen, FitError> {
    let shapes: Vec<Vec<usize>> = match config.hidden.as_slice() {
        [] => SHAPES.iter().map(|s| s.to_vec()).collect(),
        hidden => vec![hidden.to_vec()],
    };
    let fewest = sample.all.iter().map(|points| points.len()).min().unwrap_or(0);
    let enough = |hidden: &[usize]| {
        let numbers = hidden.last().map_or(0, |n| n + 1) * sample.deviation.len();
        fewest >= POINTS * numbers
    };
    let mut tried: Vec<String> = Vec::new();
    let mut best: Option<(f64, &[usize], Model, Vec<ChargeErrors>)> = None;
    for hidden in &shapes {
        if best.is_some() && (watch.stop() || !enough(hidden)) {
            break;
        }
        let grown = fitted(model, sample, hidden, config, seed, watch)?;
        let errors = charge_errors(&grown, data)?;
        let worst = worst(&errors);
        tried.push(format!("{}: {:.2} %", layers(hidden), 100.0 * worst));
        if best.as_ref().is_some_and(|(before, ..)| worst >= PAYS * before) {
            break;
        }
        best = Some((worst, hidden, grown, errors));
        if worst <= MET {
            break;
        }
    }
    let (_, hidden, model, errors) = best.unwrap_or_else(|| unreachable!("the first trunk is always fitted"));
    let mut told = Vec::new();
    if config.hidden.is_empty() {
        let tried = tried.join("; ");
        told.push(format!(
            "trunk of charges of {} neurons; worst capacitance, nine of ten devices: {tried}",
            layers(hidden)
        ));
    }
    let words: Vec<String> =
        errors.iter().map(|e| format!("{} {:.2}", e.quantity.column(), 100.0 * e.error.median)).collect();
    if !words.is_empty() {
        told.push(format!("charges fitted; median relative L2 %: {}", words.join(", ")));
    }
    Ok(Chosen { model, errors, told })
}

/// `model` with charges of a trunk of layers `hidden`.
fn fitted(
    model: &Model,
    sample: &Sample,
    hidden: &[usize],
    config: &ChargeConfig,
    seed: u64,
    watch: &mut Watch<'_>,
) -> Result<Model, FitError> {
    let (stage, most) =
        (format!("charges {}", layers(hidden)), config.starts * config.start_steps + config.max_steps);
    let mut step = 0;
    let mut goes_on = |loss: f64| {
        watch.show(&stage, step, most, loss);
        step += 1;
        !watch.stop()
    };
    let trunk = start::best(&sample.few, hidden, config, seed, &mut goes_on);
    let (_, trunk) = solve::train(trunk, &sample.some, config.max_steps, &mut goes_on);
    let functions = sample.deviation.len();
    let heads = sample.all.par_iter().map(|points| solve::heads(&trunk, points, functions)).collect();
    let spec = attach::attach(&model.spec, &trunk, &sample.deviation, sample.scale, heads);
    Ok(Model { population: model.population.clone(), ..Model::new(spec, model.manifest.clone())? })
}

/// The error that nine of ten devices keep, of the capacitance that is met worst, or of the charge where there are no capacitances; what is
/// no number is worst.
fn worst(errors: &[ChargeErrors]) -> f64 {
    let of = |capacitance: bool| {
        let kind = errors.iter().filter(move |e| is_capacitance(e.quantity) == capacitance);
        kind.map(|e| if e.error.p90.is_finite() { e.error.p90 } else { f64::INFINITY }).reduce(f64::max)
    };
    of(true).or_else(|| of(false)).unwrap_or(0.0)
}

fn layers(hidden: &[usize]) -> String {
    hidden.iter().map(usize::to_string).collect::<Vec<_>>().join(",")
}
