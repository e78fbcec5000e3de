//! What of a model is exported: which devices, where they stand, and what the user of the export may still choose.

use gummel_device::CornerPosition;
use gummel_kernel::{Covariate, Place, Spec};
use gummel_model::{Model, ModelError};

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
    /// [`ModelError::UnknownDevice`] with the nearest names.
    pub fn new(model: &Model, selection: &Selection, open: &[Input]) -> Result<Self, ModelError> {
        let devices = if selection.devices.is_empty() {
            (0..model.spec.devices.len()).collect()
        } else {
            selection.devices.iter().map(|d| model.device_index(d)).collect::<Result<Vec<_>, _>>()?
        };
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
        let mut terms = b.population.terms.iter().chain(&b.deviation.terms);
        (geometric && b.outputs.iter().any(|o| o.per_geometry))
            || b.statics.iter().any(|s| input_of(s.covariate) == input)
            || terms.any(|t| Covariate::ALL.into_iter().any(|c| t[c as usize] > 0 && input_of(c) == input))
    })
}
