//! Exact derivatives against central differences, first and second.

use gummel_kernel::OperatingPoint;
use proptest::prelude::*;

use crate::{bias, family, instance, largest};

/// Derivative over terminal `c` of four quantities of an operating point, by central differences.
fn slope(eval: impl Fn([f64; 4]) -> [f64; 4], v: [f64; 4], c: usize, step: f64) -> [f64; 4] {
    let (mut up, mut down) = (v, v);
    up[c] += step;
    down[c] -= step;
    let (a, b) = (eval(up), eval(down));
    std::array::from_fn(|r| (a[r] - b[r]) / (up[c] - down[c]))
}

proptest! {
    #[test]
    fn conductances_and_capacitances_are_the_slopes(spec in family(), v in bias()) {
        let device = instance(&spec);
        let point = device.eval(v);
        type Quantity = fn(&OperatingPoint) -> [f64; 4];
        let kinds: [(_, Quantity, _); 2] = [
            (point.conductances(), OperatingPoint::currents, largest(&point.currents())),
            (point.capacitances(), OperatingPoint::charges, largest(&point.charges())),
        ];
        for (exact, quantity, size) in kinds {
            let scale = largest(exact.as_flattened()) + size;
            for c in 0..4 {
                let numeric = slope(|v| quantity(&device.eval(v)), v, c, 5e-6);
                for (r, (row, numeric)) in exact.iter().zip(numeric).enumerate() {
                    prop_assert!(
                        (row[c] - numeric).abs() <= 1e-6 * scale,
                        "row {r} column {c}: {} {numeric}", row[c]
                    );
                }
            }
        }
    }

    #[test]
    fn second_derivatives_are_the_slopes_of_the_first(spec in family(), v in bias()) {
        let device = instance(&spec);
        let jet = device.drain_jet(v);
        let point = device.eval(v);
        let size = largest(&point.currents()) + largest(point.conductances().as_flattened());
        prop_assert!((jet.value - point.id()).abs() <= 1e-12 * size);
        for (a, b) in jet.gradient.iter().zip(point.drain_current().gradient) {
            prop_assert!((a - b).abs() <= 1e-11 * size, "{a} {b}");
        }
        let scale = largest(jet.hessian.as_flattened()) + size;
        // Variable k is the voltage of this terminal over the source.
        for (k, terminal) in [1, 0, 3].into_iter().enumerate() {
            let gradient = |v| {
                let [a, b, c] = device.eval(v).drain_current().gradient;
                [a, b, c, 0.0]
            };
            let numeric = slope(gradient, v, terminal, 2e-6);
            for (m, (row, numeric)) in jet.hessian.iter().zip(numeric).enumerate() {
                prop_assert!((row[k] - numeric).abs() <= 1e-5 * scale, "{m} {k}: {} {numeric}", row[k]);
                prop_assert!((row[k] - jet.hessian[k][m]).abs() <= 1e-13 * scale);
            }
        }
    }
}
