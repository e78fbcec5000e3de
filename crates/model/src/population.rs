//! What a model knows of heads beyond their values: how they scatter, and how sure each of them is.
//!
//! A head `h = D psi` gives `y = h . [z, 1]` at a bias with trunk activations `z`. The fit leaves the `m` numbers of `D` (one per
//! neuron, and as many again where deviations follow temperature) uncertain with the covariance `C` (Laplace: the inverse of the
//! Gauss-Newton matrix at the fit), so `y` has the variance `x^T C x`, `x` all products of `[z, 1]` and `psi`. A device that was never measured has a head drawn from the population: a
//! Gaussian whose covariance is that of the fitted heads around what their neighbours in geometry say.
//!
//! `population.safetensors` holds, per current output of the first branch:
//!
//! | tensor | shape | meaning |
//! |---|---|---|
//! | `{output}.kernel` | 3 | reach of neighbours, share of variance they explain, factor on predictive deviations |
//! | `{output}.covariance` | m, m | of a head around its neighbours' prediction |
//! | `{output}.noise` | devices + 1 | scatter of readings around each device, asinh units; last: a new device |
//! | `{output}.posterior` | devices, m, m | covariance of each device's head |
//!
//! and `voltage_offset` (1): uncertainty of the drain-source voltage, V.

use std::path::Path;

use ndarray::{ArrayD, IxDyn};
use safetensors::SafeTensors;

use crate::weights::{encode, read};
use crate::{Model, ModelError};

/// Scatter and certainty of the heads of a model's first branch.
#[derive(Clone, Debug, PartialEq)]
pub struct Population {
    /// Uncertainty of the drain-source voltage, V.
    pub voltage_offset: f64,
    /// One entry per output of the first branch.
    pub outputs: Vec<HeadPopulation>,
}

/// Scatter and certainty of the heads of one output.
#[derive(Clone, Debug, PartialEq)]
pub struct HeadPopulation {
    /// How far neighbours in geometry reach, in standard distances.
    pub reach: f64,
    /// Share of a head's variance that its neighbours explain, 0..=1.
    pub shared: f64,
    /// Factor on predictive standard deviations, found so that intervals hold what they promise.
    pub calibration: f64,
    /// `m x m`, row-major: covariance of the head of a new device around what is expected of it, for the variance factor 1.
    pub covariance: Vec<f64>,
    /// Scatter of readings around each device, in asinh units (about relative error).
    pub noise: Vec<f64>,
    /// The same for a device that is still unknown.
    pub new_noise: f64,
    /// Per device `m x m`, row-major: covariance of its head.
    pub posterior: Vec<Vec<f64>>,
}

impl Population {
    /// Whether the sizes are those of `model`.
    ///
    /// # Errors
    /// [`ModelError::Inconsistent`] naming the first size that is not.
    pub fn check(&self, model: &Model) -> Result<(), ModelError> {
        let wrong = |what: String| Err(ModelError::Inconsistent(format!("population: {what}")));
        let branch = &model.spec.branches[0];
        let (m, n) = (branch.own_len(), model.spec.devices.len());
        if self.outputs.len() != branch.outputs.len() {
            return wrong(format!("{} outputs, expected {}", self.outputs.len(), branch.outputs.len()));
        }
        for o in &self.outputs {
            if o.noise.len() != n || o.posterior.len() != n {
                return wrong(format!("{} devices, expected {n}", o.posterior.len()));
            }
            if o.covariance.len() != m * m || o.posterior.iter().any(|p| p.len() != m * m) {
                return wrong(format!("a covariance is not {m} x {m}"));
            }
        }
        Ok(())
    }

    /// The bytes of `population.safetensors`.
    pub(crate) fn encode(&self, model: &Model, path: &Path) -> Result<Vec<u8>, ModelError> {
        self.check(model)?;
        let m = model.spec.branches[0].own_len();
        let mut tensors = vec![named("voltage_offset", &[1], vec![self.voltage_offset])?];
        for (output, o) in model.spec.branches[0].outputs.iter().zip(&self.outputs) {
            let name = output.kind.name();
            let mut noise = o.noise.clone();
            noise.push(o.new_noise);
            let n = o.posterior.len();
            tensors.push(named(&format!("{name}.kernel"), &[3], vec![o.reach, o.shared, o.calibration])?);
            tensors.push(named(&format!("{name}.covariance"), &[m, m], o.covariance.clone())?);
            tensors.push(named(&format!("{name}.noise"), &[n + 1], noise)?);
            tensors.push(named(&format!("{name}.posterior"), &[n, m, m], o.posterior.concat())?);
        }
        encode(&tensors, path)
    }

    /// Reads the bytes of a file at `path` that belongs to `model`.
    pub(crate) fn decode(model: &Model, bytes: &[u8], path: &Path) -> Result<Self, ModelError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|e| ModelError::Weights { path: path.to_owned(), reason: e.to_string() })?;
        let get = |name: &str, shape: &[usize]| read(&file, name, shape, path);
        let branch = &model.spec.branches[0];
        let (m, n) = (branch.own_len(), model.spec.devices.len());
        let outputs = branch
            .outputs
            .iter()
            .map(|output| {
                let name = output.kind.name();
                let kernel = get(&format!("{name}.kernel"), &[3])?;
                let mut noise = get(&format!("{name}.noise"), &[n + 1])?;
                let new_noise = noise.pop().unwrap_or_default();
                Ok(HeadPopulation {
                    reach: kernel[0],
                    shared: kernel[1],
                    calibration: kernel[2],
                    covariance: get(&format!("{name}.covariance"), &[m, m])?,
                    noise,
                    new_noise,
                    posterior: get(&format!("{name}.posterior"), &[n, m, m])?
                        .chunks_exact(m * m)
                        .map(<[f64]>::to_vec)
                        .collect(),
                })
            })
            .collect::<Result<_, ModelError>>()?;
        Ok(Population { voltage_offset: get("voltage_offset", &[1])?[0], outputs })
    }
}

fn named(name: &str, shape: &[usize], numbers: Vec<f64>) -> Result<(String, ArrayD<f64>), ModelError> {
    let array = ArrayD::from_shape_vec(IxDyn(shape), numbers)
        .map_err(|e| ModelError::Inconsistent(format!("tensor '{name}': {e}")))?;
    Ok((name.to_owned(), array))
}
