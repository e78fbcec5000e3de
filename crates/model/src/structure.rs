//! The shape of a spec as it stands in the manifest: everything but the large arrays.
//!
//! A basis function is written as a product, `1`, `ln_l`, `ln_l*inv_w`, `tau^2`.

use gummel_kernel::basis::Exponents;
use gummel_kernel::spec::FEATURES;
use gummel_kernel::{
    Basis, Branch, Covariate, DeviceHeads, Features, Hull, Layer, Output, OutputKind, Place, Spec,
    StaticInput,
};
use serde::{Deserialize, Serialize};

/// Structure of a whole spec.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Structure {
    branches: Vec<BranchShape>,
    devices: Vec<DeviceShape>,
}

#[derive(Debug, Serialize, Deserialize)]
struct BranchShape {
    symmetric: bool,
    /// V.
    smoothing: f64,
    /// V.
    center: [f64; FEATURES],
    /// 1/V.
    scale: [f64; FEATURES],
    /// Magnitude that scaled features never exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    saturation: Option<f64>,
    /// V; where the drain feature becomes a square root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    knee: Option<f64>,
    /// Neurons per layer.
    layers: Vec<usize>,
    population: Vec<String>,
    deviation: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hull: Option<HullShape>,
    #[serde(default)]
    statics: Vec<StaticShape>,
    outputs: Vec<OutputShape>,
}

/// Sizes over one micrometre that heads follow, logarithms, `[low, high]`.
#[derive(Debug, Serialize, Deserialize)]
struct HullShape {
    ln_w: [f64; 2],
    ln_l: [f64; 2],
}

#[derive(Debug, Serialize, Deserialize)]
struct StaticShape {
    covariate: String,
    scale: f64,
}

#[derive(Debug, Serialize, Deserialize)]
struct OutputShape {
    kind: String,
    scale: f64,
    per_geometry: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct DeviceShape {
    name: String,
    w: f64,
    l: f64,
    mult: f64,
    temperature: f64,
    speed: f64,
    skew: f64,
    /// V, `[low, high]` of the mirrored vgs, vds, vbs.
    range: [[f64; 2]; FEATURES],
}

impl Structure {
    pub(crate) fn of(spec: &Spec) -> Self {
        Structure {
            branches: spec.branches.iter().map(BranchShape::of).collect(),
            devices: spec.devices.iter().map(DeviceShape::of).collect(),
        }
    }

    /// A spec of this shape whose arrays are zero, of the polarity `sign`.
    pub(crate) fn zeroed(&self, sign: f64) -> Result<Spec, String> {
        let branches: Vec<Branch> =
            self.branches.iter().map(BranchShape::zeroed).collect::<Result<_, _>>()?;
        let deviation: Vec<Vec<Vec<f64>>> = branches.iter().map(|b| b.no_deviation()).collect();
        let devices = self
            .devices
            .iter()
            .map(|d| DeviceHeads {
                name: d.name.clone(),
                place: Place {
                    w: d.w,
                    l: d.l,
                    mult: d.mult,
                    temperature: d.temperature,
                    speed: d.speed,
                    skew: d.skew,
                },
                deviation: deviation.clone(),
                range: d.range,
            })
            .collect();
        Ok(Spec { sign, branches, devices })
    }
}

impl DeviceShape {
    fn of(device: &DeviceHeads) -> Self {
        let Place { w, l, mult, temperature, speed, skew } = device.place;
        DeviceShape { name: device.name.clone(), w, l, mult, temperature, speed, skew, range: device.range }
    }
}

impl BranchShape {
    fn of(branch: &Branch) -> Self {
        BranchShape {
            symmetric: branch.features.symmetric,
            smoothing: branch.features.smoothing,
            center: branch.features.center,
            scale: branch.features.scale,
            saturation: branch.features.saturation,
            knee: branch.features.knee,
            layers: branch.layers.iter().map(|l| l.outputs).collect(),
            population: branch.population.terms.iter().map(write_term).collect(),
            deviation: branch.deviation.terms.iter().map(write_term).collect(),
            hull: branch.hull.map(|Hull { ln_w, ln_l }| HullShape { ln_w, ln_l }),
            statics: branch
                .statics
                .iter()
                .map(|s| StaticShape { covariate: s.covariate.name().to_owned(), scale: s.scale })
                .collect(),
            outputs: branch
                .outputs
                .iter()
                .map(|o| OutputShape {
                    kind: o.kind.name().to_owned(),
                    scale: o.scale,
                    per_geometry: o.per_geometry,
                })
                .collect(),
        }
    }

    fn zeroed(&self) -> Result<Branch, String> {
        let statics = self
            .statics
            .iter()
            .map(|s| Ok(StaticInput { covariate: read_covariate(&s.covariate)?, scale: s.scale }))
            .collect::<Result<Vec<_>, String>>()?;
        let outputs = self
            .outputs
            .iter()
            .map(|o| {
                let kind = OutputKind::from_name(&o.kind).ok_or_else(|| {
                    let known = OutputKind::ALL.map(OutputKind::name).join(", ");
                    format!("unknown output kind '{}', expected one of {known}", o.kind)
                })?;
                Ok(Output { kind, scale: o.scale, per_geometry: o.per_geometry })
            })
            .collect::<Result<Vec<_>, String>>()?;
        let mut inputs = FEATURES + statics.len();
        let layers = self
            .layers
            .iter()
            .map(|&outputs| {
                let size = outputs.checked_mul(inputs).filter(|n| *n <= MAX_LAYER_NUMBERS);
                let size = size.ok_or_else(|| format!("a layer of {inputs} by {outputs} is too large"))?;
                let layer = Layer { inputs, outputs, weight: vec![0.0; size], bias: vec![0.0; outputs] };
                inputs = outputs;
                Ok(layer)
            })
            .collect::<Result<Vec<_>, String>>()?;
        let mut branch = Branch {
            features: Features {
                symmetric: self.symmetric,
                smoothing: self.smoothing,
                center: self.center,
                scale: self.scale,
                saturation: self.saturation,
                knee: self.knee,
            },
            statics,
            layers,
            outputs,
            population: read_basis(&self.population)?,
            deviation: read_basis(&self.deviation)?,
            hull: self.hull.as_ref().map(|h| Hull { ln_w: h.ln_w, ln_l: h.ln_l }),
            population_heads: Vec::new(),
        };
        branch.population_heads =
            vec![vec![0.0; branch.head_len() * branch.population.len()]; branch.outputs.len()];
        Ok(branch)
    }
}

/// Keeps a damaged manifest from asking for all memory.
const MAX_LAYER_NUMBERS: usize = 1 << 20;

fn read_basis(terms: &[String]) -> Result<Basis, String> {
    Ok(Basis { terms: terms.iter().map(|t| read_term(t)).collect::<Result<_, _>>()? })
}

fn read_covariate(name: &str) -> Result<Covariate, String> {
    Covariate::from_name(name).ok_or_else(|| {
        let known = Covariate::ALL.map(Covariate::name).join(", ");
        format!("unknown covariate '{name}', expected one of {known}")
    })
}

fn write_term(term: &Exponents) -> String {
    let factors: Vec<String> = Covariate::ALL
        .iter()
        .zip(term)
        .filter(|(_, n)| **n > 0)
        .map(|(c, &n)| if n == 1 { c.name().to_owned() } else { format!("{}^{n}", c.name()) })
        .collect();
    if factors.is_empty() { "1".to_owned() } else { factors.join("*") }
}

fn read_term(text: &str) -> Result<Exponents, String> {
    let mut term = Exponents::default();
    if text == "1" {
        return Ok(term);
    }
    for factor in text.split('*') {
        let (name, power) = factor.split_once('^').unwrap_or((factor, "1"));
        let power: u8 = power.parse().map_err(|_| {
            format!("power '{power}' of the basis function '{text}' is not a number from 1 to 255")
        })?;
        let slot = &mut term[read_covariate(name)? as usize];
        *slot =
            slot.checked_add(power).ok_or_else(|| format!("power of '{name}' in '{text}' is too large"))?;
    }
    Ok(term)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_read_back_as_written() {
        for term in [[0; 7], [1, 0, 0, 0, 0, 0, 0], [2, 0, 1, 0, 3, 0, 1]] {
            assert_eq!(read_term(&write_term(&term)), Ok(term));
        }
        assert_eq!(write_term(&[2, 0, 1, 0, 0, 0, 0]), "ln_l^2*inv_l");
        assert!(read_term("ln_x").unwrap_err().contains("expected one of ln_l"));
        assert!(read_term("tau^x").unwrap_err().contains("'x'"));
    }
}
