//! Thermal noise at vds = 0: a channel in equilibrium has the noise of its conductance, `4 k T gds` (Nyquist).

use crate::device::{D, Volts};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

/// Boltzmann's constant, J/K.
const BOLTZMANN: f64 = 1.380_649e-23;

pub(super) fn run(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let vgs = Scene::steps(scene.vgs(), 41);
    let biases: Vec<Volts> = vgs.iter().map(|g| scene.bias(*g, 0.0, 0.0)).collect();
    let Some(noise) = scene.device.thermal_noise(&biases)? else {
        return Ok(Outcome::NotModelled(
            "the model alone holds no noise; its exports do, and --exports tests theirs".to_owned(),
        ));
    };
    let mut worst = Worst::under(bound);
    let mut expected = Vec::new();
    for ((s, g), at) in noise.iter().zip(scene.conductances(&biases)?).zip(&biases) {
        let nyquist = 4.0 * BOLTZMANN * scene.temperature * g[D][D];
        expected.push(nyquist);
        if g[D][D] * scene.thermal_voltage() > scene.credible() {
            worst.see((s / nyquist - 1.0).abs(), *at);
        }
    }
    let mut picture = Picture { log: true, ..Picture::new("vgs (V)", "noise density at vds = 0 (A²/Hz)") };
    picture.add_points("noise", vgs.iter().copied().zip(noise));
    picture.add("4 k T gds", &vgs, &expected);
    Ok(worst.outcome("relative to 4 k T gds", Some(picture)))
}
