//! What the generated numbers must obey: Kirchhoff, charges that are integrals of capacitances, currents
//! that are integrals of conductances, and corners distinct and in order.

use anyhow::{Result, ensure};
use gummel_data::{Dataset, DeviceData, Flags};
use gummel_device::{Corner, Polarity, Quantity, Terminal};

/// Checks every device of a set.
///
/// # Errors
/// The first violation, with device and quantity.
pub(crate) fn verify(set: &Dataset) -> Result<()> {
    for device in &set.devices {
        // Two corners with the same shifts of one polarity would be the same device twice.
        let repeated = device.flags.iter().any(|f| f.intersects(Flags::DUPLICATE));
        ensure!(!repeated, "{} has the numbers of another device", device.id.name);
        currents_add_up(device)?;
        if device.quantities.contains_key(&Quantity::Cgg) {
            slopes_integrate(device)?;
        }
    }
    corners_are_in_order(set)
}

/// Terminal currents add up to zero: to rounding, or to the noise of a measured-like set.
fn currents_add_up(device: &DeviceData) -> Result<()> {
    let noisy = !device.quantities.contains_key(&Quantity::Gm);
    // Six standard deviations of 0.2 % on drain and source and of 1 pA on four terminals.
    let (relative, absolute) = if noisy { (0.018, 12e-12) } else { (2e-6, 1e-16) };
    let current = |q: Quantity, i: usize| device.quantities[&q][i];
    for i in 0..device.len() {
        let all = [Quantity::Id, Quantity::Ig, Quantity::Is, Quantity::Ib].map(|q| current(q, i));
        let (sum, largest) = (all.iter().sum::<f64>(), all.iter().fold(0.0, |m: f64, v| m.max(v.abs())));
        ensure!(
            sum.abs() <= relative * largest + absolute,
            "{} at {:?}: the currents add up to {sum:e} A",
            device.id.name,
            device.bias_at(i)
        );
    }
    Ok(())
}

/// A quantity, its derivative and along which terminal; the last number bounds the error of
/// Simpson's rule, which is large where a curve saturates within two steps of 0.1 V.
const SLOPES: [(Quantity, Quantity, Terminal, f64); 7] = [
    (Quantity::Id, Quantity::Gm, Terminal::Gate, 0.01),
    (Quantity::Qg, Quantity::Cgg, Terminal::Gate, 0.01),
    (Quantity::Qd, Quantity::Cdg, Terminal::Gate, 0.01),
    (Quantity::Qb, Quantity::Cbg, Terminal::Gate, 0.01),
    (Quantity::Id, Quantity::Gds, Terminal::Drain, 0.12),
    (Quantity::Qg, Quantity::Cgd, Terminal::Drain, 0.12),
    (Quantity::Qd, Quantity::Cdd, Terminal::Drain, 0.12),
];

/// Every charge and current changes along a curve by the integral of its derivative.
fn slopes_integrate(device: &DeviceData) -> Result<()> {
    for (quantity, slope, terminal, tolerance) in SLOPES {
        let (values, slopes) = (&device.quantities[&quantity], &device.quantities[&slope]);
        let voltage = if terminal == Terminal::Drain { 0 } else { 1 };
        for (c, info) in device.curves.iter().enumerate().filter(|(_, info)| info.swept == terminal) {
            let points: Vec<usize> = (0..device.len()).filter(|i| device.curve[*i] == c).collect();
            let steepest = points.iter().fold(0.0, |m: f64, i| m.max(slopes[*i].abs()));
            for three in points.windows(3) {
                let [a, b, c] = [three[0], three[1], three[2]];
                let step = device.bias[[c, voltage]] - device.bias[[a, voltage]];
                let integral = step / 6.0 * (slopes[a] + 4.0 * slopes[b] + slopes[c]);
                let change = values[c] - values[a];
                // Leakage through the junctions is in the drain current, not in its conductances.
                let allowed =
                    tolerance * steepest * step.abs() + 1e-11 * f64::from(u8::from(quantity == Quantity::Id));
                ensure!(
                    (change - integral).abs() <= allowed,
                    "{} {:?}, {} over v{}: changes by {change:e}, the integral of {} is {integral:e}",
                    device.id.name,
                    info.held,
                    quantity.column(),
                    terminal.letter(),
                    slope.column()
                );
            }
        }
    }
    Ok(())
}

/// The fastest corner carries most current: `ss < tt < ff`, and the letter of the device's own polarity decides.
fn corners_are_in_order(set: &Dataset) -> Result<()> {
    let strongest = |d: &DeviceData| d.id().iter().fold(0.0, |m: f64, i| m.max(i.abs()));
    for typical in set.devices.iter().filter(|d| d.id.corner == Some(Corner::Tt)) {
        let fast = |corner: Corner| match typical.id.family.polarity {
            Polarity::N => matches!(corner, Corner::Ff | Corner::Fs),
            Polarity::P => matches!(corner, Corner::Ff | Corner::Sf),
        };
        let relatives = set.devices.iter().filter(|d| {
            d.id.family == typical.id.family && d.id.geometry == typical.id.geometry && d.id.corner.is_some()
        });
        for device in relatives {
            let Some(corner) = device.id.corner.filter(|c| *c != Corner::Tt) else { continue };
            ensure!(
                (strongest(device) > strongest(typical)) == fast(corner),
                "{} is on the wrong side of {}",
                device.id.name,
                typical.id.name
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{SETS, load, sums};
    use super::*;
    use std::path::PathBuf;

    fn home() -> PathBuf {
        PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/demo130"))
    }

    #[test]
    fn the_bundled_sets_obey_physics_and_are_those_of_the_list() {
        for name in SETS {
            let set = load(&home().join(format!("{name}.parquet"))).unwrap();
            assert_eq!(set.devices.len(), if name == "demo130" { 80 } else { 16 });
            verify(&set).unwrap();
        }
        sums::verify(&home()).unwrap();
    }

    #[test]
    fn violations_are_found() {
        let set = load(&home().join("demo130.parquet")).unwrap();
        let spoiled = |q: Quantity, factor: f64| {
            let mut set = set.clone();
            set.devices.truncate(1);
            set.devices[0].quantities.get_mut(&q).unwrap().mapv_inplace(|v| factor * v);
            verify(&set).unwrap_err().to_string()
        };
        assert!(spoiled(Quantity::Is, 1.001).contains("add up"));
        assert!(spoiled(Quantity::Qg, -1.0).contains("cgg"));
        assert!(spoiled(Quantity::Cdd, 1.2).contains("cdd"));
    }
}
