//! Harmonics at vds = 0: driven by a small sine at the drain, the nth harmonic grows with its nth power.
//!
//! The drain voltage is `a sin(t)`; harmonics come from a discrete Fourier transform over one period. From
//! `a` to `2 a` the nth harmonic of a smooth characteristic rises by n dB per dB; where the second
//! derivative jumps at vds = 0, the third harmonic rises by two only.

use crate::device::Volts;
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

/// Samples of one period.
const SAMPLES: usize = 64;
/// Amplitudes, V; far below the 10 mV over which symmetric models round |vds|.
const AMPLITUDES: [f64; 4] = [0.5e-3, 1e-3, 2e-3, 4e-3];
/// Harmonics.
const ORDERS: std::ops::RangeInclusive<usize> = 1..=3;
/// Harmonics below this fraction of the first are rounding.
const ROUNDING: f64 = 1e-11;

pub(super) fn run(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let mut worst = Worst::under(bound);
    let mut shown = None;
    let high = scene.vgs()[1];
    for vgs in [0.6 * high, high] {
        let spectra =
            AMPLITUDES.map(|a| spectrum(scene, vgs, a)).into_iter().collect::<Result<Vec<_>, _>>()?;
        // The amplitude over a thermal voltage carries a current that must be credible.
        if spectra[3][1] / AMPLITUDES[3] * scene.thermal_voltage() < scene.credible() {
            continue;
        }
        for n in ORDERS {
            for pair in [0, 1] {
                let (low, up) = (spectra[pair][n], spectra[pair + 1][n]);
                if low > ROUNDING * spectra[pair][1] {
                    let slope = (up / low).log2();
                    if worst.see((slope - n as f64).abs(), scene.bias(vgs, 0.0, 0.0)) {
                        shown = Some(vgs);
                    }
                }
            }
        }
    }
    let picture = shown.map(|vgs| picture(scene, vgs)).transpose()?;
    Ok(worst.outcome("orders 1 to 3 between 0.5 and 2 mV", picture))
}

/// Amplitudes of harmonics 0 to 3, A.
fn spectrum(scene: &Scene<'_>, vgs: f64, amplitude: f64) -> Result<[f64; 4], QaError> {
    let angle = |k: usize| std::f64::consts::TAU * k as f64 / SAMPLES as f64;
    let biases: Vec<Volts> = (0..SAMPLES).map(|k| scene.bias(vgs, amplitude * angle(k).sin(), 0.0)).collect();
    let id = scene.id(&biases)?;
    Ok(std::array::from_fn(|n| {
        let part = |f: fn(f64) -> f64| -> f64 {
            id.iter().enumerate().map(|(k, i)| i * f(n as f64 * angle(k))).sum()
        };
        part(f64::cos).hypot(part(f64::sin)) * 2.0 / SAMPLES as f64
    }))
}

fn picture(scene: &Scene<'_>, vgs: f64) -> Result<Picture, QaError> {
    let decibel: Vec<f64> = AMPLITUDES.iter().map(|a| 20.0 * a.log10()).collect();
    let spectra = AMPLITUDES.map(|a| spectrum(scene, vgs, a)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut picture = Picture::new("amplitude (dBV)", "harmonic (dBA)");
    for n in ORDERS {
        let y: Vec<f64> = spectra.iter().map(|s| 20.0 * s[n].log10()).collect();
        picture.add(format!("harmonic {n}"), &decibel, &y);
    }
    Ok(picture)
}
