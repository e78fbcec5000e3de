//! Currents, charges and their derivatives: equal to the kernel's, consistent, conserving.

use gummel_kernel::Isa;
use gummel_model::DeviceQuery;

use crate::host::{Instance, Matrix};
use crate::samples::{Exported, Numbers};

const DEVICE: &str = "W10u_L0.13u";

/// Largest difference relative to the largest entry.
fn difference(a: &[f64], b: &[f64]) -> f64 {
    let scale = b.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
    a.iter().zip(b).fold(0.0, |m: f64, (a, b)| m.max((a - b).abs())) / scale
}

fn flat(m: &Matrix) -> &[f64] {
    m.as_flattened()
}

fn instances(exported: &Exported) -> [Instance<'_>; 3] {
    ["demo_n", "demo_p", "demo_pop"]
        .map(|name| exported.library.device(name).instance(&[("device", DEVICE.into())]).unwrap())
}

#[test]
fn the_library_computes_what_the_kernel_does_in_and_out_of_range() {
    for exported in Exported::both() {
        for (model, mut instance) in exported.models.iter().zip(instances(&exported)) {
            let oracle = model.instance(&DeviceQuery::named(DEVICE)).unwrap();
            assert_eq!(oracle.isa(), Isa::detect());
            let charged = model.spec.branches.len() > 1;
            let mut numbers = Numbers(7);
            for k in 0..4000 {
                let v = numbers.bias([1.3, 1.3, 3.0, 30.0][k % 4]);
                assert_eq!(instance.eval(v, None), 0);
                let point = oracle.eval(v);
                assert!(difference(&instance.currents(), &point.currents()) < 1e-12, "{v:?}");
                assert!(difference(flat(&instance.conductances()), flat(&point.conductances())) < 1e-12);
                for (name, value) in [("id", point.id()), ("gm", point.gm()), ("gds", point.gds())] {
                    let found = instance.variable(name);
                    assert!((found - value).abs() <= 1e-12 * value.abs(), "{name} {found} {value}");
                }
                if charged {
                    assert!(difference(&instance.charges(), &point.charges()) < 1e-12, "{v:?}");
                    assert!(difference(flat(&instance.capacitances()), flat(&point.capacitances())) < 1e-12);
                }
            }
        }
    }
}

#[test]
fn derivatives_are_those_of_the_residuals() {
    let exported = Exported::new(gummel_export::osdi::Abi::V0_3);
    for mut instance in instances(&exported) {
        let mut numbers = Numbers(11);
        for _ in 0..300 {
            let v = numbers.bias(1.3);
            instance.eval(v, None);
            let (g, c) = (instance.conductances(), instance.capacitances());
            let step = 1e-5;
            let mut by_difference: [Matrix; 2] = Default::default();
            for column in 0..4 {
                let mut at = |offset: f64| {
                    let mut moved = v;
                    moved[column] += offset;
                    instance.eval(moved, None);
                    [instance.currents(), instance.charges()]
                };
                let (low, high) = (at(-step), at(step));
                for row in 0..4 {
                    for (k, matrix) in by_difference.iter_mut().enumerate() {
                        matrix[row][column] = (high[k][row] - low[k][row]) / (2.0 * step);
                    }
                }
            }
            assert!(difference(flat(&g), flat(&by_difference[0])) < 1e-6, "conductances at {v:?}");
            assert!(difference(flat(&c), flat(&by_difference[1])) < 1e-6, "capacitances at {v:?}");
        }
    }
}

#[test]
fn currents_charges_and_their_derivatives_add_up_to_zero() {
    for exported in Exported::both() {
        for mut instance in instances(&exported) {
            let mut numbers = Numbers(13);
            for _ in 0..500 {
                let v = numbers.bias(2.0);
                instance.eval(v, None);
                for vector in [instance.currents(), instance.charges()] {
                    let scale = vector.iter().map(|x| x.abs()).sum::<f64>();
                    assert!(vector.iter().sum::<f64>().abs() <= 1e-15 * scale);
                }
                for matrix in [instance.conductances(), instance.capacitances()] {
                    let scale = flat(&matrix).iter().map(|x| x.abs()).sum::<f64>();
                    for k in 0..4 {
                        let row: f64 = matrix[k].iter().sum();
                        let column: f64 = matrix.iter().map(|r| r[k]).sum();
                        assert!(row.abs() <= 1e-15 * scale && column.abs() <= 1e-15 * scale, "{v:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn drain_and_source_can_be_exchanged() {
    let exported = Exported::new(gummel_export::osdi::Abi::V0_3);
    for mut instance in instances(&exported) {
        let mut numbers = Numbers(17);
        for _ in 0..300 {
            let [d, g, s, b] = numbers.bias(1.5);
            instance.eval([d, g, s, b], None);
            let (forward, charges) = (instance.currents(), instance.charges());
            instance.eval([s, g, d, b], None);
            let (reverse, swapped) = (instance.currents(), instance.charges());
            assert_eq!([forward[0], forward[1], forward[3]], [reverse[2], reverse[1], reverse[3]]);
            assert!(difference(&[charges[0], charges[2]], &[swapped[2], swapped[0]]) < 1e-14);
        }
    }
}
