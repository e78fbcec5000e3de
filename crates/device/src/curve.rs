//! Sweeps and curves: one terminal voltage swept, the others held, one quantity recorded.
//!
//! Curves are the only thing that plots draw and QA judges.

use serde::{Deserialize, Serialize};

use crate::{Bias, Quantity, Terminal};

/// One swept terminal with the bias at which all the others are held.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    /// The swept terminal.
    pub swept: Terminal,
    /// Held voltages, V; the swept terminal's entry is ignored.
    pub held: Bias,
    /// Swept values, V, in the order taken.
    pub values: Vec<f64>,
}

impl Sweep {
    /// The full bias of point `i`.
    ///
    /// # Panics
    /// When `i` is out of range.
    pub fn bias(&self, i: usize) -> Bias {
        let v = self.values[i];
        match self.swept {
            Terminal::Drain => Bias { vd: v, ..self.held },
            Terminal::Gate => Bias { vg: v, ..self.held },
            Terminal::Source => Bias { vs: v, ..self.held },
            _ => Bias { vb: v, ..self.held },
        }
    }

    /// The biases of all points, in order.
    pub fn biases(&self) -> impl ExactSizeIterator<Item = Bias> + '_ {
        (0..self.values.len()).map(|i| self.bias(i))
    }
}

/// Where a curve's numbers come from; decides how it is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Measured on silicon (drawn as points).
    Measured,
    /// Computed by a circuit simulator's reference model (drawn as points).
    Simulated,
    /// Evaluated from a fitted model (drawn as lines).
    Fitted,
}

/// A quantity along one sweep of one device at one temperature.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curve {
    /// Label of the device, e.g. `W10u_L0.13u`.
    pub device: String,
    /// The sweep along which the quantity was taken.
    pub sweep: Sweep,
    /// Which quantity.
    pub quantity: Quantity,
    /// Values in SI units, one per swept value.
    pub values: Vec<f64>,
    /// Temperature, K.
    pub temperature: f64,
    /// Measured, simulated or fitted.
    pub origin: Origin,
}

impl Curve {
    /// The derivative of the values along the sweep: central differences of second order inside,
    /// one-sided at the ends, for uneven steps as `numpy.gradient` does.
    ///
    /// Returns NaN where two neighbouring swept values coincide. Same length as the curve.
    pub fn gradient(&self) -> Vec<f64> {
        gradient(&self.sweep.values, &self.values)
    }
}

/// Second-order finite-difference derivative of `y` along uneven `x` (same rule as `numpy.gradient`).
///
/// Ends are one-sided first order; curves of fewer than two points give NaN.
pub fn gradient(x: &[f64], y: &[f64]) -> Vec<f64> {
    let n = x.len().min(y.len());
    if n < 2 {
        return vec![f64::NAN; n];
    }
    let slope = |i: usize, j: usize| (y[j] - y[i]) / (x[j] - x[i]);
    (0..n)
        .map(|i| match i {
            0 => slope(0, 1),
            _ if i == n - 1 => slope(n - 2, n - 1),
            _ => {
                let (h0, h1) = (x[i] - x[i - 1], x[i + 1] - x[i]);
                (h0 * slope(i, i + 1) + h1 * slope(i - 1, i)) / (h0 + h1)
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradient_is_exact_for_parabolas_on_uneven_steps() {
        let x = [0.0, 0.1, 0.35, 0.4, 1.0];
        let y = x.map(|x| 3.0 * x * x - x);
        let g = gradient(&x, &y);
        for i in 1..4 {
            assert!((g[i] - (6.0 * x[i] - 1.0)).abs() < 1e-12);
        }
    }
}
