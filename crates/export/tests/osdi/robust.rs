//! Biases that no circuit has, instances on several threads, and what a library must not lose.

use gummel_export::osdi::Abi;

use crate::samples::{Exported, Numbers};

#[test]
fn wild_biases_give_finite_numbers_and_nan_stays_contained() {
    let exported = Exported::new(Abi::V0_3);
    for name in ["demo_n", "demo_p", "demo_pop"] {
        let mut instance =
            exported.library.device(name).instance(&[("device", "W10u_L0.13u".into())]).unwrap();
        let mut numbers = Numbers(23);
        for _ in 0..2000 {
            let v = numbers.bias(1e3);
            assert_eq!(instance.eval(v, None), 0);
            let (g, c) = (instance.conductances(), instance.capacitances());
            let all = [instance.currents(), instance.charges(), instance.rhs_dc(), instance.rhs_tran(1e12)];
            assert!(all.as_flattened().iter().all(|x| x.is_finite()), "{name} at {v:?}: {all:?}");
            assert!(g.as_flattened().iter().chain(c.as_flattened()).all(|x| x.is_finite()), "{v:?}");
            assert_eq!(instance.flag("out_of_range"), 1);
        }
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e308] {
            for k in 0..4 {
                let mut v = [1.0, 0.8, 0.0, 0.0];
                v[k] = bad;
                instance.eval(v, None);
            }
        }
        instance.eval([0.0; 4], None);
        assert_eq!(instance.currents()[0], 0.0, "a bad iterate leaves no trace");
    }
}

#[test]
fn a_range_is_flagged_and_a_region_named() {
    let exported = Exported::new(Abi::V0_3);
    for (name, sign) in [("demo_n", 1.0), ("demo_p", -1.0)] {
        let mut instance =
            exported.library.device(name).instance(&[("device", "W10u_L0.13u".into())]).unwrap();
        // The sample's data cover 0 .. 1.5 V on gate and drain, -1.2 .. 0 V on the bulk.
        for (v, outside) in [
            ([1.2, 1.2, 0.0, 0.0], 0),
            ([0.0, 1.5, 0.0, -1.2], 0),
            ([0.0, 1.2, 1.2, 0.0], 0),
            ([1.6, 1.2, 0.0, 0.0], 1),
            ([1.2, 1.2, 0.0, 0.3], 1),
            ([1.2, 1.2, 0.0, -1.4], 1),
        ] {
            instance.eval(v.map(|v: f64| sign * v), None);
            assert_eq!(instance.flag("out_of_range"), outside, "{name} at {v:?}");
        }
        for (v, region) in [([0.05, 1.2, 0.0, 0.0], 1), ([1.2, -1.0, 0.0, 0.0], 0)] {
            instance.eval(v.map(|v: f64| sign * v), None);
            assert_eq!(instance.flag("region"), region, "{name} at {v:?}: id {}", instance.variable("id"));
        }
    }
}

#[test]
fn instances_on_several_threads_do_not_disturb_each_other() {
    let exported = Exported::new(Abi::V0_3);
    let library = &exported.library;
    let run = |seed: u64| {
        let mut instance = library.device("demo_pop").instance(&[("device", "W10u_L0.13u".into())]).unwrap();
        let mut numbers = Numbers(seed);
        (0..2000)
            .map(|_| {
                instance.eval(numbers.bias(1.5), None);
                instance.currents()
            })
            .collect::<Vec<_>>()
    };
    let alone: Vec<_> = (0..4).map(run).collect();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|seed| scope.spawn(move || run(seed))).collect();
        for (thread, expected) in threads.into_iter().zip(&alone) {
            assert!(thread.join().unwrap() == *expected);
        }
    });
}
