//! The loads of an iteration belong to one linearisation, and the multiplicity multiplies all of it.

use gummel_export::osdi::Abi;

use crate::samples::{Exported, Numbers};

#[test]
fn right_hand_sides_are_the_matrix_times_the_bias_less_the_currents() {
    let exported = Exported::new(Abi::V0_3);
    let mut instance = exported.library.device("demo_p").instance(&[("device", "W2u_L0.5u".into())]).unwrap();
    let mut numbers = Numbers(3);
    for _ in 0..200 {
        let v = numbers.bias(1.2);
        instance.eval(v, None);
        let alpha = 1e9 * (1.0 + numbers.next());
        let (g, c, m) = (instance.conductances(), instance.capacitances(), instance.transient_matrix(alpha));
        let (i, residual) = (instance.currents(), instance.residual());
        let (dc, tran) = (instance.rhs_dc(), instance.rhs_tran(alpha));
        for r in 0..4 {
            let times = |a: &[f64; 4]| -> f64 { a.iter().zip(v).map(|(a, v)| a * v).sum() };
            // The vectors were read through additions to one, which keep 1e-16.
            assert!((residual[r] - i[r]).abs() < 3e-16);
            assert!((dc[r] - (times(&g[r]) - i[r])).abs() < 3e-16);
            assert!((tran[r] - (times(&m[r]) - i[r])).abs() < 3e-16);
            for k in 0..4 {
                let expected = g[r][k] + alpha * c[r][k];
                assert!((m[r][k] - expected).abs() <= 1e-15 * expected.abs());
            }
        }
    }
}

#[test]
fn devices_in_parallel_multiply_everything() {
    let exported = Exported::new(Abi::V0_3);
    let device = exported.library.device("demo_n");
    let one = [("device", "W10u_L0.13u".into()), ("kf", 1e-10.into())];
    let mut single = device.instance(&one).unwrap();
    let mut triple = device.instance(&[one[0].clone(), one[1].clone(), ("$mfactor", 3.0.into())]).unwrap();
    let v = [0.8, 1.0, 0.1, -0.2];
    single.eval(v, None);
    triple.eval(v, None);
    let close = |a: f64, b: f64| assert!((a - 3.0 * b).abs() <= 1e-14 * a.abs(), "{a} {b}");
    for k in 0..4 {
        close(triple.currents()[k], single.currents()[k]);
        close(triple.charges()[k], single.charges()[k]);
        close(triple.conductances()[0][k], single.conductances()[0][k]);
        close(triple.capacitances()[1][k], single.capacitances()[1][k]);
    }
    for k in 0..2 {
        close(triple.noise(1e3)[k], single.noise(1e3)[k]);
    }
    for name in ["id", "gm", "gds", "gmb", "cgg"] {
        close(triple.variable(name), single.variable(name));
    }
}

#[test]
fn linear_capacitances_stand_in_for_charges_and_can_be_given() {
    let exported = Exported::new(Abi::V0_3);
    let device = exported.library.device("demo_n");
    let mut default = device.instance(&[("device", "W10u_L0.13u".into())]).unwrap();
    let given = [
        ("device", "W10u_L0.13u".into()),
        ("cgso", 1e-9.into()),
        ("cgdo", 2e-9.into()),
        ("cgbo", 0.0.into()),
    ];
    let mut given = device.instance(&given).unwrap();
    for (instance, [cgs, cgd, cgb]) in
        [(&mut default, [3e-15, 3e-15, 1.3e-17]), (&mut given, [1e-14, 2e-14, 0.0])]
    {
        instance.eval([0.7, 0.9, 0.2, -0.1], None);
        let c = instance.capacitances();
        let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-12 * 1e-14, "{a} {b}");
        close(c[1][2], -cgs);
        close(c[1][0], -cgd);
        close(c[1][3], -cgb);
        close(instance.charges()[1], cgs * 0.7 + cgd * 0.2 + cgb * 1.0);
    }
}

#[test]
fn a_transient_starts_each_point_from_an_extrapolation_and_ends_at_the_solution() {
    let exported = Exported::new(Abi::V0_3);
    let mut instance =
        exported.library.device("demo_n").instance(&[("device", "W10u_L0.13u".into())]).unwrap();
    let ramp = |t: f64| [1.2, 0.3 + 0.1 * t, 0.0, 0.0];
    let mut reached = ramp(0.0);
    instance.eval(reached, None);
    for k in 1..8 {
        let t = f64::from(k);
        instance.eval(reached, Some(t));
        let first = instance.currents();
        reached = ramp(t);
        instance.eval(reached, Some(t));
        let second = instance.currents();
        if k > 3 {
            assert!((first[0] / second[0] - 1.0).abs() < 1e-12, "a ramp is met at the first iteration");
        }
    }
}

/// The largest magnitude.
fn largest(x: [f64; 4]) -> f64 {
    x.iter().fold(0.0, |m, x| m.max(x.abs()))
}

#[test]
fn a_first_iteration_that_the_past_tells_is_near_what_an_evaluation_says() {
    let exported = Exported::new(Abi::V0_3);
    let device = exported.library.device("demo_n");
    let new = || device.instance(&[("device", "W10u_L0.13u".into())]).unwrap();
    let (mut told, mut fresh) = (new(), new());
    let wave = |k: i32| {
        let t = f64::from(k) / 200.0;
        [1.2 - 0.8 * t, 0.2 + t, 0.0, 0.0]
    };
    told.eval(wave(0), None);
    let mut unevaluated = 0;
    for k in 1..200 {
        let time = 1e-12 * f64::from(k);
        told.eval(wave(k - 1), Some(time));
        let (i, q, c) = (told.currents(), told.charges(), told.capacitances());
        fresh.eval(wave(k), None);
        if k > 3 {
            let exact = fresh.currents();
            unevaluated += usize::from((0..4).any(|r| (i[r] - exact[r]).abs() > 1e-10 * largest(exact)));
            // 100 uV on the gate's capacitance, in charge and, within the picosecond, in current.
            let most = 1e-4 * c[1][1];
            for r in 0..4 {
                assert!((q[r] - fresh.charges()[r]).abs() <= most + 1e-12 * largest(q), "{k}");
                assert!(1e-12 * (i[r] - fresh.currents()[r]).abs() <= most + 1e-24 * largest(i), "{k}");
            }
        }
        told.eval(wave(k), Some(time));
        for r in 0..4 {
            assert!((told.currents()[r] - fresh.currents()[r]).abs() <= 1e-12 * largest(fresh.currents()));
        }
    }
    assert!(unevaluated > 100, "{unevaluated} of 196 points were not evaluated first");
}

#[test]
fn a_transistor_at_rest_follows_its_derivatives_to_rounding() {
    let exported = Exported::new(Abi::V0_3);
    let device = exported.library.device("demo_p");
    let new = || device.instance(&[("device", "W2u_L0.5u".into())]).unwrap();
    let (mut resting, mut fresh) = (new(), new());
    let mut numbers = Numbers(11);
    let mut followed = 0;
    for k in 0..100 {
        let start = numbers.bias(1.2);
        let time = 1e-9 * f64::from(k + 1);
        // The first iteration of a time point is at a prediction, and all but the second are near one before.
        resting.eval(start, Some(time));
        let mut v = start;
        // Steps of up to 4 nV: some stay within reach of the first evaluation, the last do not.
        for _ in 0..8 {
            v = v.map(|v| v + 4e-9 * numbers.next());
            let before = resting.conductances();
            resting.eval(v, Some(time));
            followed += usize::from(resting.conductances() == before);
            // Outside transients everything is evaluated.
            fresh.eval(v, None);
            let (i, q) = (fresh.currents(), fresh.charges());
            for r in 0..4 {
                assert!((resting.currents()[r] - i[r]).abs() <= 2e-13 * largest(i));
                assert!((resting.charges()[r] - q[r]).abs() <= 2e-13 * largest(q));
            }
        }
        let far = v.map(|v| v + 1e-6);
        resting.eval(far, Some(time));
        fresh.eval(far, None);
        assert_eq!(resting.currents(), fresh.currents());
        assert_eq!(resting.conductances(), fresh.conductances());
    }
    assert!((100..700).contains(&followed), "{followed} of 800 evaluations followed");
}
