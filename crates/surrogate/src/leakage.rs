//! Where the drain's own leakage, not the channel, decides how a measured current changes with the gate.
//!
//! A gate far below threshold bends the drain's surface so far that carriers tunnel from band to band (T. Y. Chan,
//! J. Chen, P. K. Ko, C. Hu, "The impact of gate-induced drain leakage current on MOSFET scaling", IEDM 1987): the current then
//! falls as the gate voltage rises, and a positive gm must not be asked for.

use gummel_data::DeviceData;
use gummel_device::{Quantity, Terminal};

/// Noise floors by which a reading must fall to count.
const CLEAR: f64 = 3.0;
/// Share of a device's largest current above which a fall is a bad contact or self-heating, not leakage.
const SMALL: f64 = 1e-3;
/// Currents above the largest that falls, up to which leakage still bends the sum of both.
const ABOUT: f64 = 3.0;

/// The drain current (A) of a device below which its leakage may decide the sign of gm at vgs >= 0; zero where no
/// reading says so.
pub(crate) fn leakage(device: &DeviceData) -> f64 {
    let sign = device.id.family.polarity.sign();
    let largest = device.id().iter().fold(0.0, |a: f64, i| a.max(i.abs()));
    let falls = device.curves_along(Quantity::Id, Terminal::Gate).into_iter().map(|curve| {
        let source = curve.sweep.held.vs;
        let mut readings: Vec<(f64, f64)> = curve
            .sweep
            .values
            .iter()
            .zip(&curve.values)
            .map(|(v, i)| (sign * (v - source), i.abs()))
            .collect();
        readings.retain(|(vgs, _)| *vgs >= 0.0);
        readings.sort_by(|a, b| a.0.total_cmp(&b.0));
        let fall = |pair: &[(f64, f64)]| {
            let (before, after) = (pair[0].1, pair[1].1);
            if before - after > CLEAR * device.floor && before < SMALL * largest { before } else { 0.0 }
        };
        readings.windows(2).map(fall).fold(0.0, f64::max)
    });
    ABOUT * falls.fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_device::Polarity;

    /// A p-channel device with one transfer curve at vds = -1.2 V.
    fn measured(floor: f64, current: impl Fn(f64) -> f64) -> DeviceData {
        let vgs: Vec<f64> = (-4..=24).map(|k| 0.05 * f64::from(k)).collect();
        let points = vgs.iter().map(|v| [-1.2, -v, 0.0, 0.0]).collect();
        let mut device = crate::made_up::device(&[(Terminal::Gate, 300.15, points)]);
        (device.id.family.polarity, device.floor) = (Polarity::P, floor);
        device.quantities.insert(Quantity::Id, vgs.iter().map(|v| -current(*v)).collect());
        device
    }

    #[test]
    fn a_current_that_falls_below_threshold_is_leakage_and_noise_or_a_bad_contact_is_not() {
        // The drain current over vgs at vds = 1.2 V with leakage that falls a decade per 0.2 V.
        let channel = |vgs: f64| 1e-5 / (1.0 + ((0.5 - vgs) / 0.035).exp());
        let tunnels = |vgs: f64| 1e-10 * 10f64.powf(-vgs / 0.2);
        let plain = measured(1e-13, channel);
        assert_eq!(leakage(&plain), 0.0);
        let leaky = measured(1e-13, |vgs| channel(vgs) + tunnels(vgs));
        let found = leakage(&leaky);
        assert!((2e-10..4e-10).contains(&found), "{found:e}");
        let noisy = measured(1e-9, |vgs| channel(vgs) + tunnels(vgs));
        assert_eq!(leakage(&noisy), 0.0, "below the noise nothing is seen");
        let contact = measured(1e-13, |vgs| if vgs > 0.9 { 0.5 * channel(vgs) } else { channel(vgs) });
        assert_eq!(leakage(&contact), 0.0);
    }
}
