//! Noise of the channel current.
//!
//! ```text
//! thermal:  S = 4 k T ( u (gs + gd) / 2  +  (1 - u) 2/3 (gs^2 + gs gd + gd^2) / (gs + gd) )
//!           gd = gds     gs = t + gds + (1 - u) max(0, g0 - t - gds)     t = |gm + gmb|     u = min(1, (k T / q) t / |id|)
//! flicker:  S = kf |id|^af / f^ef                 kf = 0 unless a netlist gives it
//! ```
//! Conductances (S) are those of the forward device: drain and source are exchanged when vds is negative. `gs` and `gd` are the
//! conductances of the channel at its two ends, `g0` is gds of the same device without drain voltage.
//!
//! This is the charge-sheet model's integral of noise along the channel (Enz and Vittoz, Charge-based MOS Transistor Modeling,
//! 2006, chapter 6), written with conductances instead of charges: `1/u` is one more than the sum of its normalised
//! charges at both ends. Its limits are Nyquist's 4 k T gds at vds = 0, for every u; shot noise, 2 q id, in weak inversion and
//! saturation (u = 1, gd = 0), as diffusion over a barrier has it (Sarpeshkar, Delbruck, Mead, White noise in MOS transistors and resistors,
//! IEEE Circuits and Devices Magazine 9(6), 1993); the square law's 8/3 k T gs in strong inversion. Where carriers are
//! fast, gs at a drain voltage is less than the channel begins with, and the noise is not: there g0 takes its place, and
//! saturation has van der Ziel's 8/3 k T g0.

/// Boltzmann's constant, J/K.
pub const BOLTZMANN: f64 = 1.380_649e-23;
/// Elementary charge, C.
pub const ELEMENTARY_CHARGE: f64 = 1.602_176_634e-19;

/// What the noise of a channel depends on.
#[derive(Clone, Copy, Debug)]
pub struct Channel {
    /// Drain current, A.
    pub id: f64,
    /// gm, gds, gmb of the forward device, S.
    pub conductances: [f64; 3],
    /// gds of the same device at the same gate and bulk voltages and vds = 0, S.
    pub open: f64,
}

/// Density of the thermal noise at `temperature` (K), A^2/Hz.
pub fn thermal(temperature: f64, channel: &Channel) -> f64 {
    let [gm, gds, gmb] = channel.conductances;
    let (through, gd) = ((gm + gmb).abs(), gds.max(0.0));
    let diffusion = thermal_voltage(temperature) * through;
    // Without drain voltage there is no current and both ends are alike, so that it does not matter.
    let u = if diffusion < channel.id.abs() { diffusion / channel.id.abs() } else { 1.0 };
    let gs = through + gd + (1.0 - u) * (channel.open - through - gd).max(0.0);
    let both = gs + gd;
    if both <= 0.0 {
        return 0.0;
    }
    let drift = 2.0 / 3.0 * (gs * gs + gs * gd + gd * gd) / both;
    4.0 * BOLTZMANN * temperature * (0.5 * u * both + (1.0 - u) * drift)
}

/// kT/q, V.
fn thermal_voltage(temperature: f64) -> f64 {
    BOLTZMANN * temperature / ELEMENTARY_CHARGE
}

/// Density of the flicker noise at 1 Hz, A^2/Hz, of one device with drain current `id` (A).
pub fn flicker(id: f64, kf: f64, af: f64) -> f64 {
    if kf == 0.0 { 0.0 } else { kf * id.abs().powf(af) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const T: f64 = 300.15;

    /// Currents, conductances and noise conductance of the charge-sheet model over normalised charges at both ends, with a
    /// specific conductance of 1 S: `id = phi (qs^2 + qs - qd^2 - qd)`, `gs = qs`, `gd = qd`.
    fn sheet(qs: f64, qd: f64) -> (Channel, f64) {
        let phi = thermal_voltage(T);
        let id = phi * ((qs * qs + qs) - (qd * qd + qd));
        let noise = (2.0 / 3.0 * (qs * qs + qs * qd + qd * qd) + 0.5 * (qs + qd)) / (qs + qd + 1.0);
        (Channel { id, conductances: [qs - qd, qd, 0.0], open: qs }, noise)
    }

    #[test]
    fn the_charge_sheet_model_has_its_own_noise() {
        for qs in [1e-6, 1e-3, 0.1, 1.0, 10.0, 300.0] {
            for part in [0.0, 0.1, 0.5, 0.9, 0.999, 1.0] {
                let (channel, noise) = sheet(qs, part * qs);
                let found = thermal(T, &channel) / (4.0 * BOLTZMANN * T);
                assert!((found / noise - 1.0).abs() < 1e-9, "{qs} {part}: {found} {noise}");
            }
        }
    }

    #[test]
    fn limits_are_those_of_physics() {
        let weak = sheet(1e-7, 0.0).0;
        assert!((thermal(T, &weak) / (2.0 * ELEMENTARY_CHARGE * weak.id) - 1.0).abs() < 1e-6, "shot noise");
        let strong = sheet(1e5, 0.0).0;
        let square_law = 8.0 / 3.0 * BOLTZMANN * T * strong.conductances[0];
        assert!((thermal(T, &strong) / square_law - 1.0).abs() < 1e-4);
        // Fast carriers: less transconductance, no less noise.
        let fast = Channel { conductances: [0.4 * strong.conductances[0], 0.0, 0.0], ..strong };
        assert!((thermal(T, &fast) / square_law - 1.0).abs() < 1e-4);
        let none = Channel { id: 0.0, conductances: [0.0; 3], open: 0.0 };
        assert_eq!(thermal(T, &none), 0.0);
    }
}
