//! The table of predictions: a device, temperature and bias a row, quantities as columns.

use anyhow::Result;
use gummel_data::{Columns, ParquetColumn};
use gummel_device::Quantity;
use gummel_export::write::write_whole;
use ndarray::Array2;
use std::path::Path;

/// Columns of an interval: its ends (A), the standard deviation in asinh units, 1 inside the measured box.
pub const INTERVAL: [&str; 4] = ["id_low", "id_high", "deviation", "in_range"];

/// Predictions of several devices.
pub struct Predictions {
    devices: Vec<String>,
    /// temperature, vgs, vds, vbs and the quantities.
    columns: Vec<(&'static str, Vec<f64>)>,
}

impl Predictions {
    /// No rows yet; with `interval`, [`INTERVAL`] follows the quantities.
    pub fn new(quantities: &[Quantity], interval: bool) -> Self {
        let names = ["temperature", "vgs", "vds", "vbs"]
            .into_iter()
            .chain(quantities.iter().map(|q| q.column()))
            .chain(INTERVAL.into_iter().filter(|_| interval));
        Predictions { devices: Vec::new(), columns: names.map(|n| (n, Vec::new())).collect() }
    }

    /// Adds a device: `biases` of shape `(n, 4)` as `vd vg vs vb`, `values` of shape `(n, columns)`.
    pub fn add(&mut self, device: &str, temperature: f64, biases: &Array2<f64>, values: &Array2<f64>) {
        for (b, v) in biases.rows().into_iter().zip(values.rows()) {
            self.devices.push(device.to_owned());
            let row =
                [temperature, b[1] - b[2], b[0] - b[2], b[3] - b[2]].into_iter().chain(v.iter().copied());
            self.columns.iter_mut().zip(row).for_each(|((_, column), value)| column.push(value));
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.devices.len()
    }

    /// True when there is no row.
    pub fn is_empty(&self) -> bool {
        self.devices.is_empty()
    }

    /// As columns.
    ///
    /// # Errors
    /// When a quantity was asked for twice.
    pub fn columns(&self) -> Result<Columns> {
        let numbers = self.columns.iter().map(|(name, values)| (*name, ParquetColumn::Number(values)));
        let all: Vec<_> =
            std::iter::once(("device", ParquetColumn::Text(&self.devices))).chain(numbers).collect();
        Ok(Columns::new(&all)?)
    }

    /// As CSV.
    ///
    /// # Errors
    /// Never in practice: it is written to memory.
    pub fn csv(&self) -> Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(std::iter::once("device").chain(self.columns.iter().map(|(n, _)| *n)))?;
        for (i, device) in self.devices.iter().enumerate() {
            let numbers = self.columns.iter().map(|(_, c)| shortest(c[i]));
            writer.write_record(std::iter::once(device.clone()).chain(numbers))?;
        }
        Ok(writer.into_inner()?)
    }

    /// Writes Parquet when the name ends in `.parquet`, else CSV; the file appears whole or not at all.
    ///
    /// # Errors
    /// Errors of the file system, and of quantities asked for twice.
    pub fn write(&self, path: &Path) -> Result<()> {
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("parquet")) {
            return Ok(self.columns()?.to_parquet(path)?);
        }
        Ok(write_whole(path, &self.csv()?)?)
    }
}

/// The shortest text that reads back as the same number.
fn shortest(value: f64) -> String {
    let (plain, scientific) = (value.to_string(), format!("{value:e}"));
    if plain.len() <= scientific.len() { plain } else { scientific }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_devices_and_biases_against_the_source() {
        let mut p = Predictions::new(&[Quantity::Id], false);
        p.add("W1u_L1u", 300.15, &ndarray::arr2(&[[1.2, 0.6, 0.0, -0.5]]), &ndarray::arr2(&[[1.5e-7]]));
        let text = String::from_utf8(p.csv().expect("csv")).expect("text");
        assert_eq!(text, "device,temperature,vgs,vds,vbs,id\nW1u_L1u,300.15,0.6,1.2,-0.5,1.5e-7\n");
        assert_eq!((p.len(), p.is_empty()), (1, false));
    }
}
