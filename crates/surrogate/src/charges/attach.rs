//! Trunk and heads of charges become a branch of the model.

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Side};
use gummel_kernel::basis::times;
use gummel_kernel::{Basis, Branch, Covariate, DeviceHeads, Layer, Output, OutputKind, Spec};

use super::trunk::Trunk;

/// Outputs of the branch, in this order.
const KINDS: [OutputKind; 3] = [OutputKind::GateCharge, OutputKind::BulkCharge, OutputKind::ChannelCharge];
/// Where a basis function has its power of temperature.
const TAU: usize = Covariate::Tau as usize;

/// `spec` with a branch of charges over the same inputs and population as the current; `heads` are those of every device, rows of
/// `deviation.len()` columns, and are split into population and deviation.
pub(super) fn attach(
    spec: &Spec,
    trunk: &Trunk,
    deviation: &Basis,
    scale: f64,
    mut heads: Vec<[Vec<f64>; 3]>,
) -> Spec {
    let mut branch = without_heads(&spec.branches[0], trunk, deviation, scale);
    let seen = |d: &DeviceHeads| branch.hull.map_or(d.place, |hull| hull.pull(&d.place));
    let places: Vec<_> = spec.devices.iter().map(seen).collect();
    let (rows, functions) = (branch.head_len(), deviation.len());
    // A head is a polynomial of temperature; the mean of each of its coefficients is a function of what else `phi` holds.
    for (k, power) in deviation.terms.iter().map(|term| term[TAU]).enumerate() {
        let (columns, coefficients) = of_power(&branch.population, power);
        let phi: Vec<Vec<f64>> = places.iter().map(|place| coefficients.at(place)).collect();
        for o in 0..KINDS.len() {
            let own: Vec<Vec<f64>> =
                heads.iter().map(|h| h[o].iter().skip(k).step_by(functions).copied().collect()).collect();
            let mean = population(&phi, &own);
            for (i, row) in mean.chunks_exact(columns.len().max(1)).enumerate() {
                for (value, column) in row.iter().zip(&columns) {
                    branch.population_heads[o][i * branch.population.len() + column] = *value;
                }
            }
            for (head, phi) in heads.iter_mut().zip(&phi) {
                let deviation = head[o].iter_mut().skip(k).step_by(functions);
                deviation.zip(times(&mean, phi, rows)).for_each(|(h, m)| *h -= m);
            }
        }
    }
    let mut spec = spec.clone();
    for (device, own) in spec.devices.iter_mut().zip(heads) {
        device.deviation.push(own.to_vec());
    }
    spec.branches.push(branch);
    spec
}

/// The branch with a mean head of zero.
fn without_heads(current: &Branch, trunk: &Trunk, deviation: &Basis, scale: f64) -> Branch {
    let layers = trunk.layers().into_iter().map(|span| Layer {
        inputs: span.inputs,
        outputs: span.outputs,
        weight: trunk.rows(&span).flat_map(|r| r[..span.inputs].iter().copied()).collect(),
        bias: trunk.rows(&span).map(|r| r[span.inputs]).collect(),
    });
    let numbers = (trunk.neurons() + 1) * current.population.len();
    Branch {
        layers: layers.collect(),
        outputs: KINDS.iter().map(|&kind| Output { kind, scale, per_geometry: true }).collect(),
        population_heads: vec![vec![0.0; numbers]; KINDS.len()],
        deviation: deviation.clone(),
        ..current.clone()
    }
}

/// The functions in `basis` that have this power of temperature, and what they are without it.
fn of_power(basis: &Basis, power: u8) -> (Vec<usize>, Basis) {
    let columns: Vec<usize> = (0..basis.len()).filter(|&j| basis.terms[j][TAU] == power).collect();
    let mut terms: Vec<_> = columns.iter().map(|&j| basis.terms[j]).collect();
    terms.iter_mut().for_each(|term| term[TAU] = 0);
    (columns, Basis { terms })
}

/// Coefficients `B`, a row of `phi` columns for each number of a head, with which `B phi` is nearest to the devices' numbers `own`.
fn population(phi: &[Vec<f64>], own: &[Vec<f64>]) -> Vec<f64> {
    /// Keeps functions that few devices tell apart small.
    const PENALTY: f64 = 1e-3;
    let (columns, rows) = (phi.first().map_or(0, Vec::len), own.first().map_or(0, Vec::len));
    if columns == 0 {
        return Vec::new();
    }
    let gram = Mat::from_fn(columns, columns, |i, j| {
        phi.iter().map(|p| p[i] * p[j]).sum::<f64>() + if i == j { PENALTY } else { 0.0 }
    });
    let right = Mat::from_fn(columns, rows, |i, r| phi.iter().zip(own).map(|(p, h)| p[i] * h[r]).sum());
    let Ok(factor) = Llt::new(gram.as_ref(), Side::Lower) else { return vec![0.0; rows * columns] };
    let solution = factor.solve(&right);
    (0..rows).flat_map(|r| (0..columns).map(move |i| (i, r))).map(|(i, r)| solution[(i, r)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_kernel::{Place, Sample};

    #[test]
    fn devices_have_their_heads_at_every_temperature() {
        let mut spec = Sample { population: true, bounded: true, ..Default::default() }.spec();
        // Devices stand at 25 C, where functions of temperature do not vanish.
        spec.devices.iter_mut().for_each(|d| d.place.temperature = 298.15);
        let trunk = Trunk { sizes: vec![4, 2], weights: vec![0.3; 10] };
        let number = |d: usize, o: usize, n: usize| (1.0 + d as f64) * 0.1 + o as f64 - 0.3 * n as f64;
        let head = |d: usize, o: usize| (0..6).map(|n| number(d, o, n)).collect::<Vec<f64>>();
        let heads: Vec<[Vec<f64>; 3]> =
            (0..spec.devices.len()).map(|d| [head(d, 0), head(d, 1), head(d, 2)]).collect();
        let deviation = Basis { terms: vec![[0; 7], [0, 0, 0, 0, 1, 0, 0]] };
        let charged = attach(&spec, &trunk, &deviation, 1e-15, heads);
        let branch = &charged.branches[1];
        assert!(branch.population_heads[0].iter().any(|b| b.abs() > 0.01), "all is deviation");
        for (d, device) in charged.devices.iter().enumerate() {
            for kelvin in [233.15, 298.15, 398.15] {
                let place = Place { temperature: kelvin, ..device.place };
                let tau = (kelvin - 300.15) / 100.0;
                for o in 0..3 {
                    for (i, found) in branch.head(o, &device.deviation[1][o], &place).iter().enumerate() {
                        let expected = number(d, o, 2 * i) + tau * number(d, o, 2 * i + 1);
                        assert!((found - expected).abs() < 1e-12, "{d} {o} {i} at {kelvin} K");
                    }
                }
            }
        }
    }

    #[test]
    fn heads_of_a_population_are_split_without_loss() {
        let phi = vec![vec![1.0, 0.2], vec![1.0, -0.3], vec![1.0, 1.1]];
        let own = [vec![1.2, 3.0], vec![0.7, 3.0], vec![2.1, 3.0]];
        let found = population(&phi, &own);
        // Both head numbers are linear in the second function, up to the small penalty.
        for (found, expected) in found.iter().zip([1.0, 1.0, 3.0, 0.0]) {
            assert!((found - expected).abs() < 5e-3, "{found} {expected}");
        }
        assert!(population(&[vec![]], &own[..1]).is_empty());
    }
}
