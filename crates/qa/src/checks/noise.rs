//! Noise of the channel at three places where physics knows it.
//!
//! ```text
//! vds = 0                      S = 4 k T gds       Nyquist: a channel in equilibrium
//! weak inversion, saturation   S = 2 q id          carriers that cross a barrier one by one
//! strong inversion, saturation S = 4 k T g g0      g0: gds at vds = 0; g = 2/3 of a long channel, measured 0.7 to 1.5 of short ones
//! ```
//! `S` in A^2/Hz. Weak inversion is where the current is a hundredth of the criterion of the threshold, saturation from eight thermal
//! voltages on (there `1 - e^-8` of the current has come); strong inversion is where the current is a hundred
//! times the criterion, saturation at the largest drain voltage.

use gummel_device::si::{BOLTZMANN, ELEMENTARY_CHARGE};

use crate::device::{D, Volts};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

/// Gate voltages looked at.
const STEPS: usize = 41;
/// Thermal voltages from which on weak inversion is saturated.
const SATURATED: f64 = 8.0;
/// Currents of weak and strong inversion in units of the constant-current criterion of the threshold.
const WEAK: f64 = 0.01;
const STRONG: f64 = 100.0;

/// Biases along the gate at one drain voltage, with the noise there.
struct Sweep {
    vgs: Vec<f64>,
    biases: Vec<Volts>,
    noise: Vec<f64>,
}

/// Noise along the gate at `vds`; says why when the device has none.
fn along_gate(scene: &Scene<'_>, vds: f64) -> Result<Result<Sweep, Outcome>, QaError> {
    let vgs = Scene::steps(scene.vgs(), STEPS);
    let biases: Vec<Volts> = vgs.iter().map(|g| scene.bias(*g, vds, 0.0)).collect();
    Ok(match scene.device.thermal_noise(&biases)? {
        Some(noise) => Ok(Sweep { vgs, biases, noise }),
        None => Err(Outcome::NotModelled(
            "the model alone holds no noise; its exports do, and --exports tests theirs".to_owned(),
        )),
    })
}

/// Without drain voltage.
pub(super) fn nyquist(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let Sweep { vgs, biases, noise } = match along_gate(scene, 0.0)? {
        Ok(sweep) => sweep,
        Err(outcome) => return Ok(outcome),
    };
    let mut worst = Worst::under(bound);
    let mut expected = Vec::new();
    for ((s, g), at) in noise.iter().zip(open(scene, &vgs)?).zip(&biases) {
        let nyquist = 4.0 * BOLTZMANN * scene.temperature * g;
        expected.push(nyquist);
        if g * scene.thermal_voltage() > scene.credible() {
            worst.see((s / nyquist - 1.0).abs(), *at);
        }
    }
    let picture = picture("noise at vds = 0 (A²/Hz)", &vgs, &noise, ("4 k T gds", &expected));
    Ok(worst.outcome("relative to 4 k T gds", Some(picture)))
}

/// Weak inversion.
pub(super) fn shot(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let vds = SATURATED * scene.thermal_voltage();
    let Sweep { vgs, biases, noise } = match along_gate(scene, vds)? {
        Ok(sweep) => sweep,
        Err(outcome) => return Ok(outcome),
    };
    let id = scene.id(&biases)?;
    let least = scene.credible().max(scene.nominal.leakage);
    let mut worst = Worst::under(bound);
    for ((s, i), at) in noise.iter().zip(&id).zip(&biases) {
        if *i > least && *i < WEAK * scene.criterion() {
            worst.see((s / (2.0 * ELEMENTARY_CHARGE * i) - 1.0).abs(), *at);
        }
    }
    let expected: Vec<f64> = id.iter().map(|i| 2.0 * ELEMENTARY_CHARGE * i.abs()).collect();
    let label = format!("noise at vds = {vds:.2} V (A²/Hz)");
    let picture = picture(&label, &vgs, &noise, ("2 q id", &expected));
    Ok(worst.outcome("relative to 2 q id", Some(picture)))
}

/// Strong inversion.
pub(super) fn saturation(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let vds = scene.vds_max();
    let Sweep { vgs, biases, noise } = match along_gate(scene, vds)? {
        Ok(sweep) => sweep,
        Err(outcome) => return Ok(outcome),
    };
    let mut worst = Worst::under(bound);
    let (mut at, mut factors) = (Vec::new(), Vec::new());
    let rows = noise.iter().zip(open(scene, &vgs)?).zip(scene.id(&biases)?);
    for (k, ((s, open), id)) in rows.enumerate() {
        let factor = s / (4.0 * BOLTZMANN * scene.temperature * open);
        if id > (STRONG * scene.criterion()).max(scene.credible()) {
            worst.see(factor, biases[k]);
            at.push(vgs[k]);
            factors.push(factor);
        }
    }
    let mut picture = Picture::new("vgs (V)", "noise over 4 k T gds at vds = 0");
    picture.add(format!("vds = {vds:.2} V"), &at, &factors);
    picture.bounded(bound);
    Ok(worst.outcome(format!("at vds = {vds:.2} V"), Some(picture)))
}

/// gds without drain voltage, S.
fn open(scene: &Scene<'_>, vgs: &[f64]) -> Result<Vec<f64>, QaError> {
    let biases: Vec<Volts> = vgs.iter().map(|g| scene.bias(*g, 0.0, 0.0)).collect();
    Ok(scene.conductances(&biases)?.iter().map(|g| g[D][D]).collect())
}

fn picture(label: &str, vgs: &[f64], noise: &[f64], (name, expected): (&str, &[f64])) -> Picture {
    let mut picture = Picture { log: true, ..Picture::new("vgs (V)", label) };
    picture.add_points("noise", vgs.iter().copied().zip(noise.iter().copied()));
    picture.add(name, vgs, expected);
    picture
}
