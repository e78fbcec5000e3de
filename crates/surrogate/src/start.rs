//! Random starting points of a fit.

use rand::Rng;
use rand_distr::StandardNormal;

use crate::parameters::{Layout, Parameters};
use crate::problem::Problem;

/// Standard deviation of first weights is this over the square root of the fan-in: on scaled inputs the
/// trunk starts almost linear. Measured on IHP lv_nmos, 0.7 reaches in 30 steps what 1.2 needs 60 for.
const WEIGHT: f64 = 0.7;
/// Standard deviation of first biases.
const BIAS: f64 = 0.5;
/// Standard deviation of the population's first head weights.
const HEAD: f64 = 0.1;

/// Starting parameters: small random trunk and mean head, no deviations.
pub(crate) fn start(problem: &Problem, rng: &mut impl Rng) -> Vec<f64> {
    let layout = &problem.layout;
    let mut theta = vec![0.0; layout.total()];
    let mut normal = |scale: f64| scale * rng.sample::<f64, _>(StandardNormal);
    for layer in layout.shape.layers() {
        let scale = WEIGHT / (layer.inputs as f64).sqrt();
        theta[layer.offset..layer.bias_offset()].fill_with(|| normal(scale));
        theta[layer.bias_offset()..][..layer.outputs].fill_with(|| normal(BIAS));
    }
    for o in 0..layout.outputs {
        for i in 0..layout.head() - 1 {
            theta[layout.population(o) + i * layout.phi] = normal(HEAD);
        }
    }
    theta
}

/// The unknowns `theta` of layout `from` in the wider trunk of layout `to`: new neurons are random, nothing listens to
/// them yet, and every output stays as it is.
pub(crate) fn widened(theta: &[f64], from: &Layout, to: &Layout, rng: &mut impl Rng) -> Vec<f64> {
    let mut parameters = Parameters::from_flat(theta, from);
    for (layer, shape) in parameters.layers.iter_mut().zip(to.shape.layers()) {
        let mut weight = vec![0.0; shape.inputs * shape.outputs];
        let scale = WEIGHT / (shape.inputs as f64).sqrt();
        for (neuron, row) in weight.chunks_exact_mut(shape.inputs).enumerate() {
            if neuron < layer.outputs {
                row[..layer.inputs].copy_from_slice(&layer.weight[neuron * layer.inputs..][..layer.inputs]);
            } else {
                row.fill_with(|| scale * rng.sample::<f64, _>(StandardNormal));
            }
        }
        layer.weight = weight;
        layer.bias.resize_with(shape.outputs, || BIAS * rng.sample::<f64, _>(StandardNormal));
        (layer.inputs, layer.outputs) = (shape.inputs, shape.outputs);
    }
    // The last row of a head is its constant.
    let insert = |matrix: &mut Vec<f64>, columns: usize| {
        let at = from.shape.width() * columns;
        let new = (to.shape.width() - from.shape.width()) * columns;
        matrix.splice(at..at, std::iter::repeat_n(0.0, new));
    };
    for output in &mut parameters.outputs {
        insert(&mut output.population, to.phi);
        output.deviation.iter_mut().for_each(|d| insert(d, to.psi));
    }
    parameters.flatten(to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lm::residuals::raw_residuals;
    use crate::problem::Problem;
    use crate::synthetic::Synthetic;
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_wider_trunk_begins_with_the_outputs_of_the_narrower_one() {
        let family = |hidden: Vec<usize>| -> Problem {
            Synthetic { devices: 2, gates: 6, hidden, gate: true, seed: 3 }.problem()
        };
        let (narrow, wide) = (family(vec![3, 4]), family(vec![7, 9]));
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let mut theta = start(&narrow, &mut rng);
        theta[narrow.layout.shared()..].fill_with(|| rng.random_range(-0.1..0.1));
        let widened = widened(&theta, &narrow.layout, &wide.layout, &mut rng);
        assert_eq!(widened.len(), wide.layout.total());
        let (before, after) = (raw_residuals(&narrow, &theta), raw_residuals(&wide, &widened));
        for (a, b) in before.iter().flatten().zip(after.iter().flatten()) {
            assert!((a - b).abs() <= 1e-12 * (1.0 + a.abs()), "{a} {b}");
        }
    }
}
