//! Readings of a device that a model does not know yet: which part of the data is meant, and what flags add to it.

use anyhow::Result;
use gummel_data::{Dataset, Flags, Selection, read};
use gummel_device::si;
use gummel_model::Model;

use crate::input::{InputArgs, name_failures};
use crate::session::Session;

/// Which device of the data, and what its files do not say.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct NewcomerArgs {
    /// Devices of the data: globs on names such as W10u_L0.13u (may be repeated) [default: all]
    #[arg(long, value_name = "GLOB")]
    device: Vec<String>,
    /// Temperatures in degrees Celsius to take from the data (may be repeated) [default: all]
    #[arg(long, value_name = "CELSIUS", allow_negative_numbers = true)]
    temperature: Vec<f64>,
    /// Channel width, for files that do not say it, e.g. 10u; they then belong to the model's family
    #[arg(long, value_parser = si::parse, value_name = "LENGTH", requires = "l")]
    w: Option<f64>,
    /// Channel length, for files that do not say it, e.g. 0.13u
    #[arg(long, value_parser = si::parse, value_name = "LENGTH", requires = "w")]
    l: Option<f64>,
    /// Devices in parallel, for files that do not say it
    #[arg(long, value_name = "N", requires = "w")]
    mult: Option<f64>,
}

impl NewcomerArgs {
    /// Width and length given by flags, m, and devices in parallel.
    pub fn geometry(&self) -> Option<(f64, f64, f64)> {
        Some((self.w?, self.l?, self.mult.unwrap_or(1.0)))
    }

    /// The first device named.
    pub fn device(&self) -> Option<&str> {
        self.device.first().map(String::as_str)
    }

    /// The first temperature given, K.
    pub fn kelvin(&self) -> Option<f64> {
        self.temperature.first().copied().map(si::kelvin)
    }

    /// Reads the devices.
    ///
    /// # Errors
    /// When files cannot be read or none of the model's family is among them.
    pub fn read(&self, input: &InputArgs, model: &Model, session: &Session) -> Result<Dataset> {
        let mut options = input.options(session)?;
        if let Some((w, l, mult)) = self.geometry() {
            let constants = &mut options.mapping.get_or_insert_default().constants;
            let manifest = &model.manifest;
            for (name, value) in [
                ("w", format!("{w:e}")),
                ("l", format!("{l:e}")),
                ("mult", mult.to_string()),
                ("technology", manifest.technology.clone()),
                ("family", manifest.family.clone()),
                ("polarity", manifest.polarity.to_string()),
            ] {
                constants.insert(name.to_owned(), value);
            }
            if let [celsius] = self.temperature[..] {
                constants.insert("temperature".to_owned(), format!("{celsius}"));
            }
        }
        let reading = input.with_paths(session, |paths, bar| Ok(read(paths, &options, &|p| bar.show(p))?))?;
        name_failures(&reading.failures, session);
        let selection = Selection {
            family: vec![model.manifest.title()],
            devices: self.device.clone(),
            temperature: self.temperature.clone(),
            // Few points cannot be told from a jump or from siblings; outliers lose weight instead.
            exclude_devices_with: Flags::DEAD | Flags::SHORT | Flags::POLARITY | Flags::NO_GEOMETRY,
            ..Selection::default()
        };
        Ok(Dataset::assemble(&reading.table, &reading.files, &selection)?)
    }
}
