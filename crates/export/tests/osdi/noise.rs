//! Noise densities: thermodynamics at zero drain voltage, the square law in saturation, flicker on request.

use gummel_export::osdi::Abi;

use crate::samples::Exported;

const FOUR_KT: f64 = 4.0 * 1.380_649e-23 * 300.15;

#[test]
fn a_transistor_without_drain_voltage_is_a_resistor() {
    let exported = Exported::new(Abi::V0_3);
    for (name, sign) in [("demo_n", 1.0), ("demo_p", -1.0)] {
        let mut instance =
            exported.library.device(name).instance(&[("device", "W10u_L0.13u".into())]).unwrap();
        for vg in [0.4, 0.8, 1.2] {
            instance.eval([0.0, sign * vg, 0.0, 0.0], None);
            let expected = FOUR_KT * instance.variable("gds");
            let [thermal, flicker] = instance.noise(1e6);
            assert!((thermal / expected - 1.0).abs() < 1e-9, "{name} at {vg} V: {thermal} {expected}");
            assert_eq!(flicker, 0.0);
        }
        let noise = [[1.2, 1.0, 0.0, 0.0], [0.0, 1.0, 1.2, 0.0]].map(|v| {
            instance.eval(v.map(|v| sign * v), None);
            instance.noise(1e6)[0]
        });
        assert!((noise[0] / noise[1] - 1.0).abs() < 1e-12, "exchanging drain and source changes nothing");
        assert!(noise[0] > 0.0);
    }
}

#[test]
fn flicker_noise_follows_its_formula() {
    let exported = Exported::new(Abi::V0_3);
    let parameters =
        [("device", "W10u_L0.13u".into()), ("kf", 2e-12.into()), ("af", 1.2.into()), ("ef", 0.9.into())];
    let mut instance = exported.library.device("demo_n").instance(&parameters).unwrap();
    instance.eval([1.0, 1.0, 0.0, 0.0], None);
    let id = instance.variable("id");
    for f in [1.0f64, 1e3, 1e6] {
        let expected = 2e-12 * id.powf(1.2) / f.powf(0.9);
        assert!((instance.noise(f)[1] / expected - 1.0).abs() < 1e-12);
    }
}
