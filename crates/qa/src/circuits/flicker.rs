//! Flicker noise of one exported transistor in the simulator: with `kf`, `af`, `ef` of a netlist it is `kf |id|^af / f^ef`.

use super::kit::{Kit, Stop};
use crate::device::Volts;
use crate::exported::{Flicker, Wanted};
use crate::finding::{Measured, Picture};
use crate::spice::noise;

/// Exponents that no default has, and so much noise that thermal noise is nothing beside it.
const ASKED: Flicker = Flicker { kf: 1e-9, af: 1.2, ef: 0.9 };
/// Frequencies, Hz.
const FREQUENCIES: [f64; 3] = [1.0, 1e2, 1e4];
/// Gate voltages in parts of the supply.
const GATES: [f64; 3] = [0.5, 0.75, 1.0];

/// Largest relative difference from the formula over gate voltages and frequencies.
pub(super) fn run(kit: &Kit<'_>) -> Result<Measured, Stop> {
    let (part, supply) = (&kit.judged, kit.supply()?);
    let s = part.instance.sign();
    let biases: Vec<Volts> = GATES.iter().map(|g| [s * supply, s * g * supply, 0.0, 0.0]).collect();
    let currents: Vec<f64> = GATES.iter().map(|g| part.current(g * supply, supply).abs()).collect();
    let wanted = Wanted { flicker: Some(ASKED), ..Wanted::at(kit.temperature) };
    let card = kit.exported.card(&part.device, &wanted);
    let Flicker { kf, af, ef } = ASKED;
    let (mut number, mut worst) = (0.0, None);
    let mut densities = Vec::new();
    for f in FREQUENCIES {
        let found = noise(kit.simulator, &card, &biases, f)?;
        for (k, density) in found.iter().enumerate() {
            let apart = (density * f.powf(ef) / (kf * currents[k].powf(af)) - 1.0).abs();
            if worst.is_none() || apart > number || apart.is_nan() {
                (number, worst) = (apart, Some(biases[k]));
            }
        }
        densities.push(found);
    }
    let last = GATES.len() - 1;
    let slope = |y: [f64; 2], x: [f64; 2]| (y[1] / y[0]).ln() / (x[1] / x[0]).ln();
    let over_current = slope([densities[0][0], densities[0][last]], [currents[0], currents[last]]);
    let ends = [0, FREQUENCIES.len() - 1];
    let over_frequency = slope(ends.map(|k| densities[k][last]), ends.map(|k| FREQUENCIES[k]));
    let mut picture =
        Picture { log: true, ..Picture::new("log10(frequency / Hz)", "noise density (A²/Hz)") };
    let decades = FREQUENCIES.map(f64::log10);
    for (k, gate) in GATES.iter().enumerate() {
        let name = format!("vgs = {:.2} V", gate * supply);
        let expected = FREQUENCIES.map(|f| kf * currents[k].powf(af) / f.powf(ef));
        picture
            .add_points(format!("{name}, ngspice"), decades.into_iter().zip(densities.iter().map(|d| d[k])));
        picture.add(name, &decades, &expected);
    }
    let remark =
        format!("goes as f^{over_frequency:.4} id^{over_current:.4}, asked for ef = {ef}, af = {af}");
    Ok(Measured { number, worst, remark, picture: Some(picture) })
}
