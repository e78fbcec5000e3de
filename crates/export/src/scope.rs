//! What of a model is exported: which devices, where they stand, and what the user of the export may still choose.

use gummel_device::{Corner, CornerPosition, si};
use gummel_kernel::{Covariate, Place, Spec};
use gummel_model::{Model, ModelError};

use crate::ExportError;
use crate::program::Input;

/// Which devices, at which corner and temperature.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selection {
    /// Names of devices; empty means all.
    pub devices: Vec<String>,
    /// Corner to stand at instead of the devices' own.
    pub corner: Option<CornerPosition>,
    /// Temperature to stand at instead of the devices' own, K.
    pub temperature: Option<f64>,
}

/// The exported devices and their inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Scope {
    /// Indices into the model's devices.
    pub devices: Vec<usize>,
    /// Where each of them stands unless the user of the export says otherwise.
    pub places: Vec<Place>,
    /// Place inputs that stay open in the export; the others are fixed at [`Scope::places`].
    pub open: Vec<Input>,
}

impl Scope {
    /// Devices and places of a selection; of `open`, what the model depends on stays open.
    ///
    /// # Errors
    /// [`ModelError::UnknownDevice`] with the nearest names, [`ModelError::Place`] for an impossible temperature,
    /// [`ExportError::Elsewhere`] for a temperature or corner that the model does not change with.
    pub fn new(model: &Model, selection: &Selection, open: &[Input]) -> Result<Self, ExportError> {
        let devices = if selection.devices.is_empty() {
            (0..model.spec.devices.len()).collect()
        } else {
            selection.devices.iter().map(|d| model.device_index(d)).collect::<Result<Vec<_>, _>>()?
        };
        check_temperature(model, selection, &devices)?;
        check_corner(model, selection, &devices)?;
        let place = |d: &usize| {
            let mut place = model.spec.devices[*d].place;
            if let Some(CornerPosition { speed, skew }) = selection.corner {
                (place.speed, place.skew) = (speed, skew);
            }
            place.temperature = selection.temperature.unwrap_or(place.temperature);
            place
        };
        let places = devices.iter().map(place).collect();
        let open = open.iter().copied().filter(|i| depends_on(&model.spec, *i)).collect();
        Ok(Scope { devices, places, open })
    }
}

/// Temperatures so close are one, K.
const SAME_TEMPERATURE: f64 = 0.5;

/// Whether the devices can stand at the temperature that was asked for.
fn check_temperature(model: &Model, selection: &Selection, devices: &[usize]) -> Result<(), ExportError> {
    let Some(asked) = selection.temperature else { return Ok(()) };
    if !(asked.is_finite() && asked > 0.0) {
        return Err(ModelError::Place { what: "temperature", value: asked }.into());
    }
    let own = |d: &usize| model.spec.devices[*d].place.temperature;
    let stays = |d: &usize| (own(d) - asked).abs() <= SAME_TEMPERATURE;
    if depends_on(&model.spec, Input::Temperature) || devices.iter().all(stays) {
        return Ok(());
    }
    let celsius = devices.iter().map(|d| format!("{:.2}", si::celsius(own(d))));
    Err(ExportError::Elsewhere {
        family: model.manifest.title(),
        what: "temperature",
        asked: format!("{:.2} degrees Celsius", si::celsius(asked)),
        own: format!("{} degrees Celsius", once(celsius)),
    })
}

/// Whether the devices can stand at the corner that was asked for.
fn check_corner(model: &Model, selection: &Selection, devices: &[usize]) -> Result<(), ExportError> {
    let Some(asked) = selection.corner else { return Ok(()) };
    let own = |d: &usize| {
        let place = model.spec.devices[*d].place;
        CornerPosition { speed: place.speed, skew: place.skew }
    };
    let moves = [Input::Speed, Input::Skew].iter().any(|i| depends_on(&model.spec, *i));
    if moves || devices.iter().all(|d| own(d) == asked) {
        return Ok(());
    }
    Err(ExportError::Elsewhere {
        family: model.manifest.title(),
        what: "corner",
        asked: corner_name(asked),
        own: once(devices.iter().map(|d| corner_name(own(d)))),
    })
}

fn corner_name(at: CornerPosition) -> String {
    let named = Corner::ALL.into_iter().find(|c| c.position() == at);
    named.map_or_else(|| format!("speed {} skew {}", at.speed, at.skew), |c| c.name().to_owned())
}

/// The words in their order, each once.
fn once(words: impl Iterator<Item = String>) -> String {
    let mut all: Vec<String> = Vec::new();
    for word in words {
        if !all.contains(&word) {
            all.push(word);
        }
    }
    all.join(", ")
}

/// The input that a covariate is made of.
pub(crate) fn input_of(covariate: Covariate) -> Input {
    match covariate {
        Covariate::LnL | Covariate::InvL => Input::L,
        Covariate::LnW | Covariate::InvW => Input::W,
        Covariate::Tau => Input::Temperature,
        Covariate::Speed => Input::Speed,
        Covariate::Skew => Input::Skew,
    }
}

/// Whether currents or charges of the model change with `input`.
pub fn depends_on(spec: &Spec, input: Input) -> bool {
    let geometric = matches!(input, Input::W | Input::L);
    spec.branches.iter().any(|b| {
        (geometric && b.outputs.iter().any(|o| o.per_geometry))
            || Covariate::ALL.into_iter().any(|c| input_of(c) == input && b.depends_on(c))
    })
}
