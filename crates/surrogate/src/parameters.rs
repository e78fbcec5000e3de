//! The unknowns of a fit as plain numbers: trunk layers, population matrices, device deviations.

use gummel_kernel::{Layer, jacobian::TrunkShape};

/// All parameters of a surrogate.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// Trunk layers, first to last.
    pub layers: Vec<Layer>,
    /// Heads, per output.
    pub outputs: Vec<OutputParameters>,
}

/// Heads of one output.
#[derive(Clone, Debug, PartialEq)]
pub struct OutputParameters {
    /// B: `width + 1` rows, one column per phi, row-major.
    pub population: Vec<f64>,
    /// D per device: `width + 1` rows, one column per psi, row-major.
    pub deviation: Vec<Vec<f64>>,
}

/// Where each group of parameters stands in the solver's vectors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The trunk.
    pub shape: TrunkShape,
    /// Number of outputs.
    pub outputs: usize,
    /// Number of devices.
    pub devices: usize,
    /// Columns of B.
    pub phi: usize,
    /// Columns of D.
    pub psi: usize,
}

impl Layout {
    /// Numbers of one head.
    pub fn head(&self) -> usize {
        self.shape.width() + 1
    }

    /// Trunk parameters.
    pub fn trunk(&self) -> usize {
        self.shape.parameters()
    }

    /// Shared unknowns: the trunk, then B of every output.
    pub fn shared(&self) -> usize {
        self.trunk() + self.outputs * self.head() * self.phi
    }

    /// Unknowns of one device: D of every output.
    pub fn local(&self) -> usize {
        self.outputs * self.head() * self.psi
    }

    /// All unknowns.
    pub fn total(&self) -> usize {
        self.shared() + self.devices * self.local()
    }

    /// Index of B of output `o` among the shared unknowns; row-major, `phi` columns.
    pub fn population(&self, o: usize) -> usize {
        self.trunk() + o * self.head() * self.phi
    }

    /// Index of D of output `o` among a device's unknowns; row-major, `psi` columns.
    pub fn deviation(&self, o: usize) -> usize {
        o * self.head() * self.psi
    }

    /// The unknowns of device `d` in the whole vector `theta`.
    pub fn deviations<'a>(&self, theta: &'a [f64], d: usize) -> &'a [f64] {
        &theta[self.device(d)..][..self.local()]
    }

    /// Index of the first unknown of device `d` in the whole vector.
    pub fn device(&self, d: usize) -> usize {
        self.shared() + d * self.local()
    }
}

impl Parameters {
    /// Flattens into the solver's vector, in the order of `layout`.
    pub fn flatten(&self, layout: &Layout) -> Vec<f64> {
        let mut v = Vec::with_capacity(layout.total());
        for layer in &self.layers {
            v.extend_from_slice(&layer.weight);
            v.extend_from_slice(&layer.bias);
        }
        for o in &self.outputs {
            v.extend_from_slice(&o.population);
        }
        for d in 0..layout.devices {
            for o in &self.outputs {
                v.extend_from_slice(&o.deviation[d]);
            }
        }
        v
    }

    /// Inverse of [`Parameters::flatten`].
    ///
    /// # Panics
    /// When `v` does not have `layout.total()` numbers.
    pub fn from_flat(v: &[f64], layout: &Layout) -> Self {
        assert_eq!(v.len(), layout.total(), "parameter vector and layout disagree");
        let layers = layout
            .shape
            .layers()
            .map(|l| Layer {
                inputs: l.inputs,
                outputs: l.outputs,
                weight: v[l.offset..l.bias_offset()].to_vec(),
                bias: v[l.bias_offset()..][..l.outputs].to_vec(),
            })
            .collect();
        let outputs = (0..layout.outputs)
            .map(|o| OutputParameters {
                population: v[layout.population(o)..][..layout.head() * layout.phi].to_vec(),
                deviation: (0..layout.devices)
                    .map(|d| {
                        v[layout.device(d) + layout.deviation(o)..][..layout.head() * layout.psi].to_vec()
                    })
                    .collect(),
            })
            .collect();
        Parameters { layers, outputs }
    }
}
