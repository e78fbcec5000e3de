//! Asking a model for one device, at its own or another temperature, geometry or corner.

use gummel_device::{Corner, CornerPosition};
use gummel_kernel::{Folded, Instance, Isa, Member, Place};

use crate::{Model, ModelError};

/// A device of the model with whatever is to differ from how it was fitted.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeviceQuery {
    /// Name of the device.
    pub device: String,
    /// Temperature, K.
    pub temperature: Option<f64>,
    /// Channel width, m.
    pub w: Option<f64>,
    /// Channel length, m.
    pub l: Option<f64>,
    /// Devices in parallel.
    pub mult: Option<f64>,
    /// Position in the corner plane; what the corners of the device's geometry have of their own is carried over.
    pub corner: Option<CornerPosition>,
}

impl DeviceQuery {
    /// The device as it was fitted.
    pub fn named(device: impl Into<String>) -> Self {
        DeviceQuery { device: device.into(), ..Default::default() }
    }

    /// At `temperature`, K.
    pub fn at_temperature(self, temperature: f64) -> Self {
        DeviceQuery { temperature: Some(temperature), ..self }
    }

    /// With width `w` and length `l`, m.
    pub fn with_geometry(self, w: f64, l: f64) -> Self {
        DeviceQuery { w: Some(w), l: Some(l), ..self }
    }

    /// At a named corner.
    pub fn at_corner(self, corner: Corner) -> Self {
        DeviceQuery { corner: Some(corner.position()), ..self }
    }
}

impl Model {
    /// Covariates that a query stands for.
    ///
    /// # Errors
    /// [`ModelError::UnknownDevice`] with the nearest names, [`ModelError::Place`] for impossible values.
    pub fn locate(&self, query: &DeviceQuery) -> Result<Place, ModelError> {
        let index = self.device_index(&query.device)?;
        let mut place = self.spec.devices[index].place;
        place.temperature = query.temperature.unwrap_or(place.temperature);
        place.w = query.w.unwrap_or(place.w);
        place.l = query.l.unwrap_or(place.l);
        place.mult = query.mult.unwrap_or(place.mult);
        if let Some(CornerPosition { speed, skew }) = query.corner {
            (place.speed, place.skew) = (speed, skew);
        }
        check_place(&place)?;
        Ok(place)
    }

    /// The device of a query as plain numbers; at another position of the corner plane, with what [`Model::moved`] gives it.
    ///
    /// # Errors
    /// As [`Model::locate`].
    pub fn folded(&self, query: &DeviceQuery) -> Result<Folded, ModelError> {
        let place = self.locate(query)?;
        Ok(match query.corner {
            Some(position) => {
                let moved = self.moved(&query.device, position)?;
                Folded::new(&moved.spec, Member::Device(0), &place)
            }
            None => Folded::new(&self.spec, Member::Device(self.device_index(&query.device)?), &place),
        })
    }

    /// The device of a query, ready for evaluation.
    ///
    /// # Errors
    /// As [`Model::locate`].
    pub fn instance(&self, query: &DeviceQuery) -> Result<Instance, ModelError> {
        Ok(Instance::from_folded(self.folded(query)?, Isa::detect()))
    }

    /// The population's mean device at `place`, for geometries and corners that were never measured.
    ///
    /// # Errors
    /// [`ModelError::NoPopulation`] when the heads are independent, [`ModelError::Place`] for impossible values.
    pub fn instance_at(&self, place: &Place) -> Result<Instance, ModelError> {
        if self.spec.branches.iter().any(|b| b.population.is_empty()) {
            return Err(ModelError::NoPopulation { family: self.manifest.title() });
        }
        check_place(place)?;
        Ok(Instance::new(&self.spec, Member::Population, place))
    }

    /// Index of the device called `name`.
    ///
    /// # Errors
    /// [`ModelError::UnknownDevice`] with the nearest names.
    pub fn device_index(&self, name: &str) -> Result<usize, ModelError> {
        self.spec.devices.iter().position(|d| d.name == name).ok_or_else(|| ModelError::UnknownDevice {
            name: name.to_owned(),
            family: self.manifest.title(),
            nearest: nearest(name, self.spec.devices.iter().map(|d| d.name.as_str())),
        })
    }
}

fn check_place(place: &Place) -> Result<(), ModelError> {
    let values = [("w", place.w), ("l", place.l), ("mult", place.mult), ("temperature", place.temperature)];
    match values.into_iter().find(|(_, v)| !(v.is_finite() && *v > 0.0)) {
        Some((what, value)) => Err(ModelError::Place { what, value }),
        None => Ok(()),
    }
}

/// Up to five `names`, by edit distance from `name`, ties in their own order.
fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut ranked: Vec<(usize, &str)> = names.map(|n| (edit_distance(name, n), n)).collect();
    ranked.sort_by_key(|(d, _)| *d);
    ranked.into_iter().take(5).map(|(_, n)| n.to_owned()).collect()
}

/// Levenshtein's distance, letter case ignored.
fn edit_distance(a: &str, b: &str) -> usize {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_names_come_first() {
        let names = ["W10u_L0.13u", "W1u_L0.13u", "W10u_L10u"];
        assert_eq!(nearest("w10u_l0.12u", names.into_iter())[0], "W10u_L0.13u");
        assert_eq!(edit_distance("kitten", "sitting"), 3);
        assert_eq!(edit_distance("", "abc"), 3);
    }
}
