//! Signs of gm and gds: more gate or drain voltage never gives less current.
//!
//! The number is the smallest `g / (|id| + floor)` in 1/V over a grid of biases with `vds >= 0`. A sign means nothing
//! below the noise floor: gds is judged where the current, or gds times kT/q, exceeds it. gm is judged where the
//! channel carries the current (above ten noise floors and what the readings show to be leakage, `vgs >= 0`), because
//! gate-induced drain leakage of a real device falls with vgs. Where the model carries a certificate, a proof over all biases, the remark says
//! what it proves.
//!
//! [`Signs`] is what both the checks and the doctor mean by a negative conductance.

use crate::device::{B, D, G};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::scene::CREDIBLE_FLOORS;
use crate::{QaError, Scene};

/// What decides whether the sign of a conductance means anything at a bias, and how large it is there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signs {
    /// Current below which nothing is known, A.
    pub(crate) floor: f64,
    /// Current below which measured leakage of the drain may decide the sign of gm, A.
    pub(crate) leakage: f64,
    /// kT/q, V.
    pub(crate) thermal_voltage: f64,
}

impl Signs {
    /// `gds / (|id| + floor)`, 1/V, from the mirrored drain current (A) and gds (S) at a bias with `vds >= 0`; `None` where
    /// the sign means nothing.
    pub(crate) fn gds(&self, id: f64, gds: f64) -> Option<f64> {
        // At vds = 0 there is no current, and its slope tells.
        self.where_credible(id.max(gds.abs() * self.thermal_voltage) >= self.floor, id, gds)
    }

    /// `gm / (|id| + floor)`, 1/V, in the same way, at the mirrored `vgs` (V).
    pub(crate) fn gm(&self, vgs: f64, id: f64, gm: f64) -> Option<f64> {
        let of_the_channel = vgs >= 0.0 && id >= (CREDIBLE_FLOORS * self.floor).max(self.leakage);
        self.where_credible(of_the_channel, id, gm)
    }

    fn where_credible(&self, credible: bool, id: f64, slope: f64) -> Option<f64> {
        // What is no number must be seen, not passed over.
        (credible || id.is_nan() || slope.is_nan()).then(|| slope / (id.abs() + self.floor))
    }
}

/// Output conductance.
pub(super) fn gds(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    smallest(scene, bound, D, "gds/id (1/V)")
}

/// Transconductance.
pub(super) fn gm(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    smallest(scene, bound, G, "gm/id (1/V)")
}

fn smallest(scene: &Scene<'_>, bound: Bound, over: usize, label: &str) -> Result<Outcome, QaError> {
    let signs = Signs {
        floor: scene.nominal.floor,
        leakage: scene.nominal.leakage,
        thermal_voltage: scene.thermal_voltage(),
    };
    let s = scene.device.sign();
    let from = if over == G { scene.vgs()[0].max(0.0) } else { scene.vgs()[0] };
    let vgs = Scene::steps([from, scene.vgs()[1]], 41);
    let vds = Scene::steps([0.0, scene.vds_max()], 25);
    let biases = scene.grid(&vgs, &vds);
    let (id, g) = (scene.id(&biases)?, scene.conductances(&biases)?);
    let mut worst = Worst::under(bound);
    for i in 0..biases.len() {
        let slope = g[i][D][over];
        let number =
            if over == D { signs.gds(id[i], slope) } else { signs.gm(s * biases[i][G], id[i], slope) };
        if let Some(number) = number {
            worst.see(number, biases[i]);
        }
    }
    let picture = worst.at.map(|at| through(scene, bound, at, over, label)).transpose()?;
    let proof = scene.family.certificate(&scene.nominal.name, scene.temperature);
    let remark = match proof {
        Some([_, gds]) if over == D => gds,
        Some([gm, _]) => gm,
        None => format!("{} biases; `gummel certify` makes a proof over all of them", biases.len()),
    };
    Ok(worst.outcome(remark, picture))
}

/// The conductance along its own voltage through the worst bias, with that bias and the bound.
///
/// Toward `vds = 0`, `gds / id` grows beyond all bounds whatever the device does: the picture begins at two thermal voltages,
/// or at the worst bias where that is lower.
fn through(
    scene: &Scene<'_>,
    bound: Bound,
    at: [f64; 4],
    over: usize,
    label: &str,
) -> Result<Picture, QaError> {
    let s = scene.device.sign();
    let worst = s * at[over];
    let (range, axis) = if over == G {
        (scene.vgs(), "vgs (V)")
    } else {
        ([(2.0 * scene.thermal_voltage()).min(worst), scene.vds_max()], "vds (V)")
    };
    let mut x = Scene::steps(range, 161);
    x.push(worst);
    x.sort_by(f64::total_cmp);
    let biases: Vec<_> = x
        .iter()
        .map(|v| {
            let mut b = at;
            b[over] = s * v;
            b
        })
        .collect();
    let (id, g) = (scene.id(&biases)?, scene.conductances(&biases)?);
    let y: Vec<f64> = (0..x.len()).map(|i| g[i][D][over] / (id[i].abs() + scene.nominal.floor)).collect();
    let (other, held) = if over == G { ("vds", at[D]) } else { ("vgs", at[G]) };
    let mut picture = Picture::new(axis, label);
    picture.add(format!("{other} = {:.2} V, vbs = {:.2} V", s * held, s * at[B]), &x, &y);
    let found = x.iter().position(|v| *v == worst).map(|k| (worst, y[k]));
    picture.add_points("worst", found.into_iter());
    picture.bounded(bound);
    Ok(picture)
}
