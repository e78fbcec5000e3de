//! Noise of the channel current.
//!
//! ```text
//! thermal:  S = 4 k T (gds + 2/3 |gm + gmb|)     conductances of the forward device
//! flicker:  S = kf |id|^af / f^ef                 kf = 0 unless a netlist gives it
//! ```
//! At vds = 0 the transconductances vanish and S = 4 k T gds, as thermodynamics demands; in saturation S is
//! the long-channel 8/3 k T gm of van der Ziel; between them it stays within 7 % of the square law's
//! integral. Forward means that drain and source are exchanged when vds is negative.

/// Boltzmann's constant, J/K.
pub const BOLTZMANN: f64 = 1.380_649e-23;

/// Density of the thermal noise, A^2/Hz, from the forward gm, gds, gmb (S) at `temperature` (K).
pub fn thermal(temperature: f64, [gm, gds, gmb]: [f64; 3]) -> f64 {
    4.0 * BOLTZMANN * temperature * (gds.max(0.0) + 2.0 / 3.0 * (gm + gmb).abs())
}

/// Density of the flicker noise at 1 Hz, A^2/Hz, of one device with drain current `id` (A).
pub fn flicker(id: f64, kf: f64, af: f64) -> f64 {
    if kf == 0.0 { 0.0 } else { kf * id.abs().powf(af) }
}
