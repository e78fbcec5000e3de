//! What a check sees of a device: currents into its terminals at any bias, and what follows from them.

use crate::QaError;

/// Terminal voltages `[drain, gate, source, bulk]`, V.
pub type Volts = [f64; 4];
/// One number for each of drain, gate, source, bulk.
pub type Terminals = [f64; 4];
/// `m[r][c]`: derivative at terminal `r` by the voltage of terminal `c`.
pub type Matrix = [Terminals; 4];

/// Drain, gate, source and bulk as positions in [`Volts`], [`Terminals`] and [`Matrix`].
pub const D: usize = 0;
/// Gate.
pub const G: usize = 1;
/// Source.
pub const S: usize = 2;
/// Bulk.
pub const B: usize = 3;

/// Step of the central differences for devices without derivatives of their own, V.
const STEP: f64 = 1e-4;

/// A four-terminal device at one temperature, corner and geometry, from whatever evaluator.
///
/// Whole lists of biases are asked for at once, so that a circuit simulator starts once for a list.
pub trait Device {
    /// +1 for n-channel, -1 for p-channel.
    fn sign(&self) -> f64;

    /// Currents into the terminals, A.
    ///
    /// # Errors
    /// When the evaluator fails; a current that is not a number is no error but an answer.
    fn currents(&self, biases: &[Volts]) -> Result<Vec<Terminals>, QaError>;

    /// Derivatives of the currents, S; central differences over 0.1 mV unless the evaluator knows better.
    ///
    /// # Errors
    /// As [`Device::currents`].
    fn conductances(&self, biases: &[Volts]) -> Result<Vec<Matrix>, QaError> {
        differences(biases, STEP, |b| self.currents(b))
    }

    /// Charges of the terminals, C; `None` when the device has none.
    ///
    /// # Errors
    /// As [`Device::currents`].
    fn charges(&self, _biases: &[Volts]) -> Result<Option<Vec<Terminals>>, QaError> {
        Ok(None)
    }

    /// Derivatives of the charges, F.
    ///
    /// # Errors
    /// As [`Device::currents`].
    fn capacitances(&self, biases: &[Volts]) -> Result<Option<Vec<Matrix>>, QaError> {
        let Some(first) = biases.first() else { return Ok(Some(Vec::new())) };
        if self.charges(&[*first])?.is_none() {
            return Ok(None);
        }
        differences(biases, STEP, |b| Ok(self.charges(b)?.unwrap_or_default())).map(Some)
    }

    /// Density of the channel's thermal noise, A²/Hz; `None` when the device has none.
    ///
    /// # Errors
    /// As [`Device::currents`].
    fn thermal_noise(&self, _biases: &[Volts]) -> Result<Option<Vec<f64>>, QaError> {
        Ok(None)
    }
}

/// Largest difference of two lists over the largest number in them, where that is above `least`; not a number where one of
/// them is none.
pub(crate) fn apart(a: &[f64], b: &[f64], least: f64) -> f64 {
    let all = || a.iter().chain(b);
    let largest = all().fold(least, |m, x| m.max(x.abs()));
    if !all().all(|x| x.is_finite()) {
        return f64::NAN;
    }
    let difference = a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    if largest > 0.0 { difference / largest } else { 0.0 }
}

/// Derivatives of `quantity` over all four voltages by central differences over `step` (V).
///
/// # Errors
/// Those of `quantity`.
pub fn differences(
    biases: &[Volts],
    step: f64,
    quantity: impl Fn(&[Volts]) -> Result<Vec<Terminals>, QaError>,
) -> Result<Vec<Matrix>, QaError> {
    let shifted: Vec<Volts> = biases
        .iter()
        .flat_map(|b| {
            (0..8).map(|k| {
                let mut moved = *b;
                moved[k / 2] += if k % 2 == 0 { step } else { -step };
                moved
            })
        })
        .collect();
    let values = quantity(&shifted)?;
    let slope = |at: &[Terminals], r: usize, c: usize| (at[2 * c][r] - at[2 * c + 1][r]) / (2.0 * step);
    Ok(values
        .chunks_exact(8)
        .map(|at| std::array::from_fn(|r| std::array::from_fn(|c| slope(at, r, c))))
        .collect())
}
