//! Limits of all checks, as a TOML file may change them.

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::QaError;

macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident = $default:literal;)*) => {
        /// Every limit with its default; a limits file names those that differ.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Limits { $($(#[$doc])* pub $name: f64,)* }

        impl Default for Limits {
            fn default() -> Self {
                Limits { $($name: $default,)* }
            }
        }
    };
}

limits! {
    /// Largest relative rms error of the drain current along one sweep, over the strong set.
    accuracy = 0.05;
    /// Largest rms error in decades along one sweep, above ten noise floors.
    accuracy_decades = 0.1;
    /// Largest rms error in decades of gate and bulk current along one sweep, above ten noise floors.
    accuracy_leakage = 0.3;
    /// Largest relative L2 error of gm and of gds over a device's strong set.
    accuracy_slopes = 0.1;
    /// Largest relative L2 error of any capacitance over a device's sweeps.
    accuracy_capacitances = 0.02;
    /// Largest jump of the derivatives of order 0 to 4 at vds = 0, over the largest value near it.
    gummel_symmetry = 0.1;
    /// Largest relative difference after an exchange of drain and source.
    exchange = 1e-6;
    /// Largest distance of the slope ratio from its range 1 .. 1.297, or rise with vgs.
    slope_ratio = 0.1;
    /// Largest rise of gm/id with vgs above its plateau, over the plateau.
    tree_top = 0.02;
    /// Largest gm/id in units of q/kT.
    plateau = 1.02;
    /// Smallest subthreshold swing in units of ln(10) kT/q.
    swing = 0.98;
    /// Largest difference of a harmonic's slope (dB per dB) from its order.
    harmonics = 0.2;
    /// Smallest gm/id and gds/id, 1/V.
    sign = -1e-6;
    /// Largest jump of slope of gm, gm' and gds, over the largest slope of the sweep.
    kink = 0.1;
    /// Smallest power over the sum of |I V|.
    passivity = -0.01;
    /// Largest sum of the terminal currents over the largest of them.
    kirchhoff = 1e-9;
    /// Largest relative difference of the noise at vds = 0 from 4kT gds, and of flicker noise from its formula.
    noise = 0.01;
    /// Largest relative difference of the noise in saturated weak inversion from 2 q id.
    noise_shot = 0.15;
    /// Smallest noise in saturated strong inversion over 4kT gds at vds = 0: a long channel has two thirds.
    noise_factor_min = 0.5;
    /// Largest noise in saturated strong inversion over 4kT gds at vds = 0.
    noise_factor_max = 2.0;
    /// Steepest fall of the threshold voltage with temperature, mV/K.
    threshold_slope_min = -3.5;
    /// Flattest fall of the threshold voltage with temperature, mV/K.
    threshold_slope_max = -0.2;
    /// Smallest ratio of subthreshold currents over one step of temperature.
    leakage_ratio = 1.0;
    /// Smallest ratio of the current of a faster corner to that of a slower one.
    corner_order = 0.999;
    /// Smallest ratio of the on currents of ff and ss.
    corner_spread_min = 1.02;
    /// Largest ratio of the on currents of ff and ss.
    corner_spread_max = 3.0;
    /// Smallest d ln(id) / d ln(W) in strong inversion.
    width_slope_min = 0.5;
    /// Largest d ln(id) / d ln(W) in strong inversion.
    width_slope_max = 1.5;
    /// Smallest d ln(id) / d ln(L) in strong inversion.
    length_slope_min = -2.0;
    /// Largest d ln(id) / d ln(L) in strong inversion.
    length_slope_max = 0.1;
    /// Largest growth in decades of the current outside what is reasonable.
    unreasonable = 6.0;
    /// Largest relative difference between variants that must agree (polarity, common mode, multiplicity).
    variants = 1e-9;
    /// Largest relative difference of a transistor from itself with sizes in other units; currents of simulators end at 1e-21 A.
    units = 1e-6;
    /// Largest relative violation of charge conservation; central differences reach a few millionths.
    charges = 1e-5;
    /// Largest gain of charge around a closed loop, over what moves; central differences reach a few millionths.
    charge_loop = 1e-5;
    /// Largest difference of an export, as a part of what its target may differ by.
    round_trip = 1.0;
    /// Largest relative difference of terminal currents and capacitances of the OSDI library in ngspice.
    round_trip_terminals = 1e-6;
    /// Largest distance of the mean of drawn lots from `tt`, in their own standard deviations.
    corner_scatter = 0.1;
    /// Largest defect of a digital or analogue stage, over the supply: levels off the rails, steps the wrong way,
    /// offset at the input, what the gain lacks of one.
    circuit_defect = 0.01;
    /// Smallest swing of a ring oscillator over the supply.
    circuit_swing = 0.8;
    /// Largest relative difference of an inverter's delays from the model's own.
    circuit_delay = 0.01;
    /// Largest relative difference of a mirrored current from the model's own.
    circuit_current = 0.01;
    /// Smallest read noise margin of a memory cell over the supply.
    circuit_margin = 0.02;
    /// Smallest conductance of a transmission gate between the rails over its largest.
    circuit_conductance = 0.01;
}

impl Limits {
    /// Reads a limits file; limits it does not name keep their defaults.
    ///
    /// # Errors
    /// When it cannot be read, is not TOML or names a limit that does not exist.
    pub fn load(path: &Path) -> Result<Self, QaError> {
        let text = std::fs::read_to_string(path).map_err(QaError::io("read", path))?;
        toml::from_str(&text)
            .map_err(|e| QaError::Limits { path: path.to_owned(), reason: e.to_string().trim().to_owned() })
    }
}
