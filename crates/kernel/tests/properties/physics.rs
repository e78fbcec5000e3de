//! What physics demands of every model, fitted or not: conservation, symmetry, mirrors, passivity at rest, finite far away.

use gummel_kernel::{OutputKind, Spec};
use proptest::prelude::*;

use crate::{bias, family, instance, largest, swapped, symmetric_family};

/// Magnitude of the outputs that add up to terminal currents and charges.
fn outputs(point: &gummel_kernel::OperatingPoint, charges: bool) -> f64 {
    let values = OutputKind::ALL.into_iter().filter(|k| k.is_charge() == charges).map(|k| {
        let d = point.output(k);
        d.value.abs() + largest(&d.gradient)
    });
    values.sum()
}

proptest! {
    #[test]
    fn currents_and_charges_are_conserved(spec in family(), v in bias()) {
        let point = instance(&spec).eval(v);
        for (totals, matrix, charges) in [
            (point.currents(), point.conductances(), false),
            (point.charges(), point.capacitances(), true),
        ] {
            let rounding = 4.0 * f64::EPSILON * outputs(&point, charges);
            prop_assert!(totals.iter().sum::<f64>().abs() <= rounding, "sum over terminals {totals:?}");
            for k in 0..4 {
                prop_assert!(matrix[k].iter().sum::<f64>().abs() <= rounding, "row {k} of {matrix:?}");
                prop_assert!(matrix.iter().map(|r| r[k]).sum::<f64>().abs() <= rounding, "column {k} of {matrix:?}");
            }
        }
    }

    #[test]
    fn drain_and_source_exchange_exactly(spec in symmetric_family(), v in bias()) {
        let device = instance(&spec);
        let (here, there) = (device.eval(v), device.eval(swapped(v)));
        prop_assert_eq!(here.currents(), swapped(there.currents()));
        prop_assert_eq!(here.charges(), swapped(there.charges()));
        let (g, h) = (here.conductances(), swapped(there.conductances()).map(swapped));
        let rounding = 1e-13 * outputs(&here, false);
        for (a, b) in g.as_flattened().iter().zip(h.as_flattened()) {
            prop_assert!((a - b).abs() <= rounding, "{a} {b}");
        }
    }

    #[test]
    fn no_channel_current_flows_without_drain_voltage(spec in family(), v in bias()) {
        let point = instance(&spec).eval([v[0], v[1], v[0], v[3]]);
        let channel = point.output(OutputKind::Channel);
        prop_assert_eq!(channel.value, 0.0);
        prop_assert_eq!([channel.gradient[0], channel.gradient[2]], [0.0, 0.0]);
        prop_assert!(channel.gradient[1] > 0.0, "conductance {}", channel.gradient[1]);
    }

    #[test]
    fn charges_vanish_at_rest(spec in family()) {
        let point = instance(&spec).eval([0.0; 4]);
        let unit = largest(&spec.branches[1].outputs.iter().map(|o| o.scale * 100.0).collect::<Vec<f64>>());
        prop_assert!(largest(&point.charges()) <= 1e-13 * unit, "{:?}", point.charges());
    }

    #[test]
    fn a_p_channel_is_the_mirror_of_an_n_channel(spec in family(), v in bias()) {
        let mirror = Spec { sign: -spec.sign, ..spec.clone() };
        let (a, b) = (instance(&spec).eval(v), instance(&mirror).eval(v.map(|v| -v)));
        prop_assert_eq!(a.currents(), b.currents().map(|i| -i));
        prop_assert_eq!(a.charges(), b.charges().map(|q| -q));
        prop_assert_eq!(a.conductances(), b.conductances());
        prop_assert_eq!(a.capacitances(), b.capacitances());
        let (a, b) = (instance(&spec).drain_jet(v), instance(&mirror).drain_jet(v.map(|v| -v)));
        prop_assert_eq!(a.hessian, b.hessian.map(|row| row.map(|h| -h)));
    }

    #[test]
    fn only_voltage_differences_count(spec in family(), v in bias(), shift in -3.0..3.0) {
        let device = instance(&spec);
        let (here, there) = (device.eval(v), device.eval(v.map(|v| v + shift)));
        let tolerance = 1e-11 * outputs(&here, false);
        for (a, b) in here.currents().iter().zip(there.currents()) {
            prop_assert!((a - b).abs() <= tolerance, "{a} {b}");
        }
    }

    #[test]
    fn a_kilovolt_stays_finite(spec in family(), v in prop::array::uniform4(-1e3..1e3)) {
        let device = instance(&spec);
        let point = device.eval(v);
        for m in [point.conductances(), point.capacitances()] {
            prop_assert!(m.as_flattened().iter().all(|x| x.is_finite()), "{m:?}");
        }
        prop_assert!(point.currents().into_iter().chain(point.charges()).all(f64::is_finite));
        let jet = device.drain_jet(v);
        prop_assert!(jet.hessian.as_flattened().iter().all(|x| x.is_finite()), "{:?}", jet.hessian);
    }

    #[test]
    fn not_a_number_in_is_not_a_number_out(spec in family(), v in bias(), terminal in 0..4_usize) {
        let device = instance(&spec);
        let mut v = v;
        v[terminal] = f64::NAN;
        let point = device.eval(v);
        prop_assert!(point.id().is_nan() && point.gm().is_nan() && point.charges()[1].is_nan());
        prop_assert!(device.current(v).is_nan() && device.drain_jet(v).value.is_nan());
        for infinite in [f64::INFINITY, f64::NEG_INFINITY, 1e300] {
            v[terminal] = infinite;
            device.eval(v);
            device.drain_jet(v);
        }
    }
}
