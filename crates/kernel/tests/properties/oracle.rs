//! A model evaluated straight from its description, one formula after the other, with the standard library's functions.

use gummel_kernel::{Branch, OutputKind, Place, Spec};

/// `y` and physical value of every output of device `d` at `place` and terminal voltages `[vd, vg, vs, vb]`.
pub(crate) fn outputs(spec: &Spec, d: usize, place: &Place, v: [f64; 4]) -> Vec<(OutputKind, f64)> {
    let v = v.map(|v| v * spec.sign);
    let vds = v[0] - v[2];
    let mut values = Vec::new();
    for (b, branch) in spec.branches.iter().enumerate() {
        let (z, zero) = (trunk(branch, place, v), trunk(branch, place, [0.0; 4]));
        let (phi, psi) = (branch.phi(place), branch.psi(place));
        for (o, output) in branch.outputs.iter().enumerate() {
            let mean = product(&branch.population_heads[o], &phi, branch.head_len());
            let own = product(&spec.devices[d].deviation[b][o], &psi, branch.head_len());
            let head: Vec<f64> = mean.iter().zip(own).map(|(m, o)| m + o).collect();
            let (y, y0) = (dot(&head, &z), dot(&head, &zero));
            let value = match output.kind {
                OutputKind::Channel => vds * y.exp(),
                OutputKind::Gate | OutputKind::Bulk => y.sinh(),
                OutputKind::GateCharge | OutputKind::BulkCharge => y - y0,
                OutputKind::ChannelCharge => vds * y,
            };
            values.push((output.kind, value * output.scale * output.geometry_factor(place)));
        }
    }
    values
}

/// Activations of the last layer, with the 1 that multiplies a head's constant.
fn trunk(branch: &Branch, place: &Place, [vd, vg, vs, vb]: [f64; 4]) -> Vec<f64> {
    let f = &branch.features;
    let u = if f.symmetric {
        let a = ((vd - vs).powi(2) + f.smoothing.powi(2)).sqrt() - f.smoothing;
        let b = f.knee.map_or(a, |k| (k * k + 2.0 * k * a).sqrt() - k);
        let middle = (vd + vs) / 2.0;
        [vg - middle + a / 2.0, b, vb - middle + a / 2.0]
    } else {
        [vg - vs, vd - vs, vb - vs]
    };
    let mut x: Vec<f64> = (0..3).map(|i| (u[i] - f.center[i]) * f.scale[i]).collect();
    if let Some(c) = f.saturation {
        x.iter_mut().for_each(|x| *x = c * (*x / c).tanh());
    }
    x.extend(branch.statics.iter().map(|s| s.covariate.at(place) * s.scale));
    for layer in &branch.layers {
        let rows = layer.weight.chunks_exact(layer.inputs);
        x = rows.zip(&layer.bias).map(|(row, b)| (dot(row, &x) + b).tanh()).collect();
    }
    x.push(1.0);
    x
}

fn product(matrix: &[f64], vector: &[f64], rows: usize) -> Vec<f64> {
    let n = vector.len();
    (0..rows).map(|r| dot(&matrix[r * n..(r + 1) * n], vector)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
