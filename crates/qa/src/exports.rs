//! Checks of the exported model: the round trip of every target, its noise, its units, and the circuit set in ngspice.
//!
//! They need tools beside this program and take seconds to minutes, so they are made when asked for. Circuits are
//! made of each device of the model and, for those of both polarities, the device of another model that is nearest to
//! it: of the same name, else of the same corner and the nearest size.

use gummel_export::VerifyOptions;
use gummel_model::{DeviceQuery, Model};

use crate::checks::{CHECKS, Check};
use crate::circuits::kit::{Kit, Part, Stop};
use crate::circuits::set::{CIRCUITS, CircuitCheck};
use crate::device::{Device, Matrix, Terminals, Volts};
use crate::exported::{Exported, NO_SIMULATOR, Wanted};
use crate::finding::{Outcome, Picture};
use crate::ngspice::{Ngspice, work_folder};
use crate::report::{Case, CheckReport, in_parallel};
use crate::spice;
use crate::{Abilities, Ask, Family, Measurements, Nominal, Plan, QaError, check, round_trip};

/// Checks that models alone answer with "not modelled" and their exports with a number.
const OF_EXPORTS: [&str; 4] = ["noise", "noise-shot", "noise-saturation", "scale"];

/// Names of all checks that [`check_exports`] makes.
pub fn export_checks() -> impl Iterator<Item = &'static str> {
    round_trip::names().chain(OF_EXPORTS).chain(CIRCUITS.iter().map(|c| c.name))
}

/// Makes the checks of the plan that need an export; `with` is a model of the other polarity.
///
/// # Errors
/// [`QaError::SamePolarity`], [`QaError::UnknownDevice`]; when an export cannot be written. A tool that is not there is a check that was not
/// tested.
pub fn check_exports(
    model: &Model,
    with: Option<&Model>,
    plan: &Plan,
    options: &VerifyOptions,
) -> Result<Vec<CheckReport>, QaError> {
    if let Some(other) = with.filter(|o| o.manifest.polarity == model.manifest.polarity) {
        return Err(QaError::SamePolarity { polarity: other.manifest.polarity, family: other.title() });
    }
    let mut reports = round_trip::round_trips(model, plan, options)?;
    let circuits: Vec<&CircuitCheck> = CIRCUITS.iter().filter(|c| plan.makes(c.name)).collect();
    let alone: Vec<&Check> =
        CHECKS.iter().filter(|c| OF_EXPORTS.contains(&c.name) && plan.makes(c.name)).collect();
    if alone.is_empty() && circuits.is_empty() {
        return Ok(reports);
    }
    let simulator = Ngspice::new(&options.tools.ngspice).until(&options.tools.stop);
    if !simulator.answers() {
        let untested = |heading, bound| {
            let outcome = Outcome::NotTested(NO_SIMULATOR.to_owned());
            CheckReport::of_cases(heading, bound, vec![Case::of("", bound, outcome)])
        };
        reports.extend(alone.iter().map(|c| untested(c.heading(), (c.bound)(&plan.limits))));
        reports.extend(circuits.iter().map(|c| untested(c.heading(), (c.bound)(&plan.limits))));
        return Ok(reports);
    }
    let work = work_folder()?;
    let models: Vec<&Model> = std::iter::once(model).chain(with).collect();
    let exported = Exported::write(&models, work.path())?;
    if !alone.is_empty() {
        let family = InSimulator { model, exported: &exported, simulator: &simulator };
        let plan = Plan { checks: alone.iter().map(|c| c.name.to_owned()).collect(), ..plan.clone() };
        reports.extend(check(&family, &Measurements::new(), &plan)?.checks);
    }
    if !circuits.is_empty() {
        reports.extend(set(&models, &exported, &simulator, &circuits, plan)?);
    }
    Ok(reports)
}

/// A model whose export answers for what the model itself does not have: noise, and sizes in other units.
struct InSimulator<'a> {
    model: &'a Model,
    exported: &'a Exported,
    simulator: &'a Ngspice,
}

impl Family for InSimulator<'_> {
    fn title(&self) -> String {
        self.model.title()
    }

    fn nominals(&self) -> Vec<Nominal> {
        self.model.nominals()
    }

    fn abilities(&self) -> Abilities {
        Abilities { units: true, ..self.model.abilities() }
    }

    fn device(&self, ask: &Ask) -> Result<Box<dyn Device>, QaError> {
        let place = self.model.locate(&ask.query)?;
        let drawn = ask.units.map(|units| (units, [place.w, place.l]));
        let wanted = Wanted { corner: ask.query.corner, drawn, ..Wanted::at(place.temperature) };
        let card = self.exported.card(&ask.query.device, &wanted);
        let simulated = spice::device(self.simulator, self.model.spec.sign, card);
        if drawn.is_some() {
            return Ok(simulated);
        }
        Ok(Box::new(NoisyDevice { frozen: self.model.device(ask)?, simulated }))
    }
}

/// A device that has currents from the kernel, noise and capacitances from the simulator.
struct NoisyDevice {
    frozen: Box<dyn Device>,
    simulated: Box<dyn Device>,
}

impl Device for NoisyDevice {
    fn sign(&self) -> f64 {
        self.frozen.sign()
    }

    fn currents(&self, biases: &[Volts]) -> Result<Vec<Terminals>, QaError> {
        self.frozen.currents(biases)
    }

    fn conductances(&self, biases: &[Volts]) -> Result<Vec<Matrix>, QaError> {
        self.frozen.conductances(biases)
    }

    fn capacitances(&self, biases: &[Volts]) -> Result<Option<Vec<Matrix>>, QaError> {
        self.simulated.capacitances(biases)
    }

    fn thermal_noise(&self, biases: &[Volts]) -> Result<Option<Vec<f64>>, QaError> {
        self.simulated.thermal_noise(biases)
    }
}

/// Every circuit of every device of the first model.
fn set(
    models: &[&Model],
    exported: &Exported,
    simulator: &Ngspice,
    circuits: &[&CircuitCheck],
    plan: &Plan,
) -> Result<Vec<CheckReport>, QaError> {
    let chosen: Vec<Nominal> = models[0].nominals().into_iter().filter(|n| plan.judges(&n.name)).collect();
    let found = in_parallel(&chosen, |nominal| {
        plan.goes_on()?;
        let kit = kit(models, exported, simulator, nominal)?;
        circuits.iter().map(|c| case(c, &kit, nominal, plan)).collect::<Result<Vec<_>, _>>()
    })?;
    let mut reports = Vec::new();
    let mut devices = found.into_iter().map(Vec::into_iter).collect::<Vec<_>>();
    for check in circuits {
        let cases: Vec<_> = devices.iter_mut().filter_map(Iterator::next).collect();
        if !cases.is_empty() {
            reports.push(CheckReport::of_cases(check.heading(), (check.bound)(&plan.limits), cases));
        }
    }
    Ok(reports)
}

fn case(
    check: &CircuitCheck,
    kit: &Kit<'_>,
    nominal: &Nominal,
    plan: &Plan,
) -> Result<(Case, Option<Picture>), QaError> {
    let outcome = match (check.run)(kit) {
        Ok(measured) => Outcome::Measured(measured),
        Err(Stop::Outcome(outcome)) => *outcome,
        Err(Stop::Error(error)) => return Err(error),
    };
    let (case, picture) = Case::of(&nominal.name, (check.bound)(&plan.limits), outcome);
    Ok((case.under(kit.temperature, None), picture))
}

/// A device with its partner in the second model, at the temperature at which it was fitted.
fn kit<'a>(
    models: &[&Model],
    exported: &'a Exported,
    simulator: &'a Ngspice,
    nominal: &Nominal,
) -> Result<Kit<'a>, QaError> {
    let index = models[0].device_index(&nominal.name)?;
    let temperature = models[0].spec.devices[index].place.temperature;
    let part = |model: usize, name: &str| -> Result<Part, QaError> {
        let of = models[model];
        let range = of.spec.devices[of.device_index(name)?].range;
        Ok(Part {
            model,
            device: name.to_owned(),
            instance: of.instance(&DeviceQuery::named(name).at_temperature(temperature))?,
            charges: of.spec.branches.len() > 1,
            reach: [range[0][1], range[1][1]],
        })
    };
    let other = models.get(1).and_then(|m| partner(nominal, &m.nominals()));
    Ok(Kit {
        simulator,
        exported,
        judged: part(0, &nominal.name)?,
        other: other.map(|name| part(1, &name)).transpose()?,
        temperature,
    })
}

/// The device that is nearest to `to`: of the same name, else of the same corner where there is one, of the nearest size.
fn partner(to: &Nominal, among: &[Nominal]) -> Option<String> {
    let distance = |n: &Nominal| {
        let (here, there) = (to.geometry, n.geometry);
        let size = (there.w / here.w).ln().hypot((there.l / here.l).ln());
        (n.name != to.name, n.corner != to.corner, size)
    };
    let nearer = |a: &&Nominal, b: &&Nominal| {
        let (a, b) = (distance(a), distance(b));
        (a.0, a.1).cmp(&(b.0, b.1)).then(a.2.total_cmp(&b.2))
    };
    among.iter().min_by(nearer).map(|n| n.name.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_device::{Corner, Geometry};

    fn nominal(name: &str, w: f64, l: f64, corner: Option<Corner>) -> Nominal {
        Nominal {
            name: name.to_owned(),
            geometry: Geometry::new(w, l),
            site: String::new(),
            corner,
            floor: 1e-12,
            leakage: 0.0,
            temperatures: vec![300.15],
            range: [[0.0, 1.2], [0.0, 1.2], [0.0, 0.0]],
        }
    }

    #[test]
    fn partners_share_name_or_corner_and_are_near_in_size() {
        let among = [
            nominal("a", 1e-6, 1e-6, Some(Corner::Tt)),
            nominal("b", 10e-6, 1e-6, Some(Corner::Ff)),
            nominal("c", 9e-6, 0.2e-6, Some(Corner::Tt)),
        ];
        let of = |name, w, l, corner| partner(&nominal(name, w, l, corner), &among).unwrap();
        assert_eq!(of("b", 1e-6, 1e-6, Some(Corner::Tt)), "b");
        assert_eq!(of("x", 10e-6, 0.2e-6, Some(Corner::Tt)), "c");
        assert_eq!(of("x", 10e-6, 1e-6, Some(Corner::Tt)), "c");
        assert_eq!(of("x", 1e-6, 1e-6, Some(Corner::Ff)), "b");
        assert_eq!(of("x", 2e-6, 1e-6, None), "a");
        assert_eq!(partner(&among[0], &[]), None);
    }
}
