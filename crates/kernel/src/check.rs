//! Verification of a spec: what passes here can be evaluated without a panic.

use crate::spec::{
    Branch, Defect, DeviceHeads, FEATURES, Layer, MAX_LAYERS, MAX_OUTPUTS, MAX_WIDTH, Place, Spec,
};

impl Spec {
    /// Verifies shapes, limits and that every number is finite.
    ///
    /// # Errors
    /// The first [`Defect`] found, naming branch, layer or device.
    pub fn check(&self) -> Result<(), Defect> {
        if self.sign.abs() != 1.0 {
            return Err(Defect(format!("sign is {}, expected +1 or -1", self.sign)));
        }
        if self.branches.is_empty() {
            return Err(Defect("the model has no branch".into()));
        }
        for (b, branch) in self.branches.iter().enumerate() {
            branch.check(b > 0).map_err(|d| Defect(format!("branch {b}: {d}")))?;
            if branch.hull != self.branches[0].hull {
                return Err(Defect(format!(
                    "branch {b}: another hull of sizes than branch 0, expected the same"
                )));
            }
        }
        for device in &self.devices {
            self.check_device(device).map_err(|d| Defect(format!("device '{}': {d}", device.name)))?;
        }
        Ok(())
    }

    fn check_device(&self, device: &DeviceHeads) -> Result<(), Defect> {
        expect_len("branches of heads", device.deviation.len(), self.branches.len())?;
        for (heads, branch) in device.deviation.iter().zip(&self.branches) {
            expect_len("heads", heads.len(), branch.outputs.len())?;
            for head in heads {
                expect_len("head numbers", head.len(), branch.own_len())?;
                expect_finite("head", head)?;
            }
        }
        let Place { w, l, mult, temperature, speed, skew } = device.place;
        expect_positive(&[
            ("width", w),
            ("length", l),
            ("multiplicity", mult),
            ("temperature", temperature),
        ])?;
        expect_finite("corner position", &[speed, skew])
    }
}

impl Branch {
    fn check(&self, charges: bool) -> Result<(), Defect> {
        self.check_layers()?;
        self.check_outputs(charges)?;
        expect_len("population heads", self.population_heads.len(), self.outputs.len())?;
        for head in &self.population_heads {
            expect_len("population numbers", head.len(), self.head_len() * self.population.len())?;
            expect_finite("population head", head)?;
        }
        expect_finite("feature centre", &self.features.center)?;
        expect_finite("feature scale", &self.features.scale)?;
        if let Some(c) = self.features.saturation {
            expect_finite("saturation of features", &[c])?;
            expect_positive(&[("saturation of features", c)])?;
        }
        if let Some(k) = self.features.knee {
            expect_finite("knee of the drain feature", &[k])?;
            expect_positive(&[("knee of the drain feature", k)])?;
        }
        if let Some(hull) = &self.hull {
            for (what, [low, high]) in [("widths", hull.ln_w), ("lengths", hull.ln_l)] {
                expect_finite("end of the hull", &[low, high])?;
                if low > high {
                    return Err(Defect(format!("hull of {what} from {low} to {high}, expected low to high")));
                }
            }
        }
        for s in &self.statics {
            expect_finite("static scale", &[s.scale])?;
        }
        expect_positive(&[("smoothing voltage", self.features.smoothing)])
    }

    fn check_layers(&self) -> Result<(), Defect> {
        if self.layers.is_empty() || self.layers.len() > MAX_LAYERS {
            return Err(Defect(format!("{} layers, expected 1 to {MAX_LAYERS}", self.layers.len())));
        }
        let mut inputs = FEATURES + self.statics.len();
        for (k, layer) in self.layers.iter().enumerate() {
            layer.check(inputs).map_err(|d| Defect(format!("layer {k}: {d}")))?;
            inputs = layer.outputs;
        }
        Ok(())
    }

    /// The first branch holds currents and the others charges, each at most once.
    fn check_outputs(&self, charges: bool) -> Result<(), Defect> {
        if self.outputs.is_empty() || self.outputs.len() > MAX_OUTPUTS {
            return Err(Defect(format!("{} outputs, expected 1 to {MAX_OUTPUTS}", self.outputs.len())));
        }
        for (o, output) in self.outputs.iter().enumerate() {
            let name = output.kind.name();
            if output.kind.is_charge() != charges {
                let expected =
                    if charges { "a charge" } else { "a current; charges belong in a later branch" };
                return Err(Defect(format!("output {o} is {name}, expected {expected}")));
            }
            if self.outputs[..o].iter().any(|other| other.kind == output.kind) {
                return Err(Defect(format!("output {o} is {name} again, expected each kind once")));
            }
            expect_finite("output scale", &[output.scale])?;
        }
        Ok(())
    }
}

impl Layer {
    fn check(&self, inputs: usize) -> Result<(), Defect> {
        expect_len("inputs", self.inputs, inputs)?;
        if self.outputs == 0 || self.outputs > MAX_WIDTH || self.inputs > MAX_WIDTH {
            return Err(Defect(format!(
                "{} inputs and {} neurons, expected 1 to {MAX_WIDTH}",
                self.inputs, self.outputs
            )));
        }
        expect_len("weights", self.weight.len(), self.inputs * self.outputs)?;
        expect_len("biases", self.bias.len(), self.outputs)?;
        expect_finite("weight", &self.weight)?;
        expect_finite("bias", &self.bias)
    }
}

fn expect_len(what: &str, found: usize, expected: usize) -> Result<(), Defect> {
    if found == expected { Ok(()) } else { Err(Defect(format!("{found} {what}, expected {expected}"))) }
}

fn expect_finite(what: &str, values: &[f64]) -> Result<(), Defect> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(i) => Err(Defect(format!("{what} {i} is {}, expected a finite number", values[i]))),
        None => Ok(()),
    }
}

fn expect_positive(values: &[(&str, f64)]) -> Result<(), Defect> {
    match values.iter().find(|(_, v)| !(v.is_finite() && *v > 0.0)) {
        Some((what, v)) => Err(Defect(format!("{what} is {v}, expected a positive number"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;
    use crate::spec::OutputKind;

    /// What [`Spec::check`] says of a good spec after `spoil`.
    fn defect(spoil: impl FnOnce(&mut Spec)) -> String {
        let mut spec =
            Sample { leakage: true, charges: true, population: true, bounded: true, ..Sample::default() }
                .spec();
        spoil(&mut spec);
        spec.check().err().map(|d| d.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_sample_has_no_defect() {
        assert_eq!(defect(|_| {}), "");
    }

    #[test]
    fn every_defect_is_named_with_its_place() {
        type Spoil = fn(&mut Spec);
        let cases: [(&str, Spoil); 14] = [
            ("sign is 0, expected +1 or -1", |s| s.sign = 0.0),
            ("branch 1: 0 layers, expected 1 to 6", |s| s.branches[1].layers.clear()),
            ("branch 0: layer 1: 15 inputs, expected 16", |s| s.branches[0].layers[1].inputs = 15),
            ("branch 0: layer 0: weight 2 is NaN, expected a finite number", |s| {
                s.branches[0].layers[0].weight[2] = f64::NAN;
            }),
            ("branch 0: layer 1: 15 biases, expected 16", |s| s.branches[0].layers[1].bias.truncate(15)),
            ("branch 0: output 1 is channel again, expected each kind once", |s| {
                s.branches[0].outputs[1].kind = OutputKind::Channel;
            }),
            (
                "branch 0: output 2 is gate_charge, expected a current; charges belong in a later branch",
                |s| {
                    s.branches[0].outputs[2].kind = OutputKind::GateCharge;
                },
            ),
            ("branch 1: output 0 is bulk, expected a charge", |s| {
                s.branches[1].outputs[0].kind = OutputKind::Bulk
            }),
            ("branch 0: smoothing voltage is 0, expected a positive number", |s| {
                s.branches[0].features.smoothing = 0.0;
            }),
            ("branch 0: saturation of features is 0, expected a positive number", |s| {
                s.branches[0].features.saturation = Some(0.0);
            }),
            ("branch 0: hull of lengths from 3 to 2, expected low to high", |s| {
                s.branches[0].hull.as_mut().unwrap().ln_l = [3.0, 2.0];
            }),
            ("branch 1: another hull of sizes than branch 0, expected the same", |s| {
                s.branches[1].hull = None;
            }),
            ("device 'W2u_L0.5u': length is -1, expected a positive number", |s| s.devices[1].place.l = -1.0),
            ("device 'W10u_L0.13u': 2 heads, expected 3", |s| s.devices[0].deviation[1].truncate(2)),
        ];
        for (expected, spoil) in cases {
            assert_eq!(defect(spoil), expected);
        }
    }
}
