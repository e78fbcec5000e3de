//! A frozen model as a family of devices to be judged.

use gummel_kernel::{Covariate, Instance, Isa};
use gummel_model::Model;
use gummel_model::certify::{Certificate, SignProof};

use crate::device::{Device, Matrix, Terminals, Volts};
use crate::{Abilities, Ask, Family, Nominal, QaError};

/// One device of a frozen model; its derivatives are exact.
struct Frozen {
    instance: Instance,
    charges: bool,
}

impl Device for Frozen {
    fn sign(&self) -> f64 {
        self.instance.sign()
    }

    fn currents(&self, biases: &[Volts]) -> Result<Vec<Terminals>, QaError> {
        Ok(biases.iter().map(|b| self.instance.eval_currents(*b).currents()).collect())
    }

    fn conductances(&self, biases: &[Volts]) -> Result<Vec<Matrix>, QaError> {
        Ok(biases.iter().map(|b| self.instance.eval_currents(*b).conductances()).collect())
    }

    fn charges(&self, biases: &[Volts]) -> Result<Option<Vec<Terminals>>, QaError> {
        Ok(self.charges.then(|| biases.iter().map(|b| self.instance.eval(*b).charges()).collect()))
    }

    fn capacitances(&self, biases: &[Volts]) -> Result<Option<Vec<Matrix>>, QaError> {
        Ok(self.charges.then(|| biases.iter().map(|b| self.instance.eval(*b).capacitances()).collect()))
    }
}

impl Family for Model {
    fn title(&self) -> String {
        self.manifest.title()
    }

    fn nominals(&self) -> Vec<Nominal> {
        let entries = self.manifest.devices.iter().zip(&self.spec.devices);
        entries
            .map(|(entry, heads)| Nominal {
                name: entry.name.clone(),
                geometry: entry.geometry,
                site: entry.site.clone(),
                corner: entry.corner,
                floor: entry.floor,
                leakage: entry.leakage,
                temperatures: match entry.temperatures.as_slice() {
                    [] => vec![heads.place.temperature],
                    some => some.to_vec(),
                },
                range: heads.range,
            })
            .collect()
    }

    fn abilities(&self) -> Abilities {
        let depends = |c| depends(self, c);
        Abilities {
            temperature: depends(Covariate::Tau),
            corner: depends(Covariate::Speed) || depends(Covariate::Skew),
            geometry: [Covariate::LnL, Covariate::InvL, Covariate::LnW, Covariate::InvW]
                .into_iter()
                .any(depends),
            // Sizes of a model folder are metres; its exports may have them otherwise.
            units: false,
        }
    }

    fn certificate(&self, device: &str, temperature: f64) -> Option<[String; 2]> {
        // A damaged certificate proves nothing.
        let certificate = Certificate::of(self).ok().flatten()?;
        let proof = certificate
            .devices
            .iter()
            .find(|p| p.device == device && (p.temperature - temperature).abs() < 1.0)?;
        let words = |sign: &SignProof| match sign.holds {
            true => format!("proved up to {:.0} % beyond the data", 100.0 * certificate.beyond),
            false => format!("not proved in {:.2} % of the biases", 100.0 * sign.open),
        };
        Some([words(&proof.gm), words(&proof.gds)])
    }

    fn device(&self, ask: &Ask) -> Result<Box<dyn Device>, QaError> {
        let mut folded = self.folded(&ask.query)?;
        if ask.reversed {
            folded.sign = -folded.sign;
        }
        let charges = folded.branches.len() > 1;
        Ok(Box::new(Frozen { instance: Instance::from_folded(folded, Isa::detect()), charges }))
    }
}

/// Whether the currents of a model change with a covariate.
pub(crate) fn depends(model: &Model, covariate: Covariate) -> bool {
    model.spec.branches.first().is_some_and(|b| b.depends_on(covariate))
}
