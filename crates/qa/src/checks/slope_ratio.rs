//! Slope ratio at a very small drain voltage: from weak to strong inversion it falls from 1.297 to 1.
//!
//! ```text
//! SR = (id / vds) / (d id / d vds)   at vds = kT / 2q
//! weak inversion     id ~ 1 - exp(-vds q/kT)   SR = 2 sqrt(e) - 2 = 1.297
//! strong inversion   id ~ vds                  SR = 1
//! ```
//! The number is the largest distance from the range between the two, or the largest rise with vgs.

use crate::device::D;
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

/// 2 sqrt(e) - 2.
const WEAK: f64 = 1.297_442_541_400_256_3;

pub(super) fn run(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let vds = 0.5 * scene.thermal_voltage();
    let vgs = Scene::steps(scene.vgs(), 121);
    let biases: Vec<_> = vgs.iter().map(|g| scene.bias(*g, vds, 0.0)).collect();
    let (id, g) = (scene.id(&biases)?, scene.conductances(&biases)?);
    let mut worst = Worst::under(bound);
    let (mut x, mut y, mut lowest) = (Vec::new(), Vec::new(), f64::INFINITY);
    for i in 0..vgs.len() {
        // At so small a drain voltage the current is a fraction of what flows in saturation.
        if id[i] < scene.credible() {
            continue;
        }
        let ratio = id[i] / vds / g[i][D][D];
        lowest = f64::min(lowest, ratio);
        worst.see((ratio - WEAK).max(1.0 - ratio).max(ratio - lowest), biases[i]);
        x.push(vgs[i]);
        y.push(ratio);
    }
    let mut picture = Picture::new("vgs (V)", "slope ratio");
    picture.add("model", &x, &y);
    picture.add("weak inversion", &x, &vec![WEAK; x.len()]);
    picture.add("strong inversion", &x, &vec![1.0; x.len()]);
    Ok(worst.outcome(format!("at vds = {:.1} mV", 1e3 * vds), Some(picture)))
}
