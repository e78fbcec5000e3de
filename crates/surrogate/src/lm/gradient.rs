//! The gradient of normal equations against finite differences of the loss they belong to.

use super::normal::Normal;

/// Asserts that every entry of the gradient in `normal` is the slope of `loss` at `theta`, by central differences of
/// width `h`, within `tolerance` of the largest; returns the gradient.
pub(crate) fn assert_slopes(
    normal: &Normal,
    theta: &[f64],
    loss: impl Fn(&[f64]) -> f64,
    h: f64,
    tolerance: f64,
) -> Vec<f64> {
    let locals = normal.devices.iter().flat_map(|d| d.gradient.iter().copied());
    let gradient: Vec<f64> = normal.shared_gradient.iter().copied().chain(locals).collect();
    let largest = gradient.iter().fold(0.0f64, |a, g| a.max(g.abs()));
    for (k, g) in gradient.iter().enumerate() {
        let at = |h: f64| {
            let mut moved = theta.to_vec();
            moved[k] += h;
            loss(&moved)
        };
        let numeric = (at(h) - at(-h)) / (2.0 * h);
        assert!((g - numeric).abs() < tolerance * largest, "unknown {k}: {g} against {numeric}");
    }
    gradient
}
