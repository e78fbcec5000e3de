//! Operating point, AC, noise and transient of single stages.

use super::bench::{ANALOG, Circuit, Kind, UNIT, assert_close, both, empty, printed, run};
use super::models::fitted;
use super::simulator::simulator;
use gummel_model::DeviceQuery;
use gummel_qa::circuits::shape::{falling, rising};

/// A common-source stage with a resistor and a load capacitance much larger than the transistor's.
fn amplifier(c: &mut Circuit) {
    c.supply().add("vin in 0 dc 0.5 ac 1\nrl vdd out 5k\ncl out 0 1p");
    c.transistor('n', ANALOG, "out in 0 0", 1);
}

#[test]
fn an_operating_point_shows_conductances_region_and_range() {
    let Some(simulator) = simulator() else { return };
    let mut circuit = empty(Kind::Surrogate);
    amplifier(&mut circuit);
    let names = ["id", "gm", "gds", "gmb", "region", "out_of_range"];
    let prints: String = names.iter().map(|n| format!("print @n1[{n}]\n")).collect();
    let run = run(&circuit, simulator, &format!("op\nprint v(out)\n{prints}"));
    let out = printed(&run, "v(out)");
    let point = fitted().n.instance(&DeviceQuery::named("W10u_L1u")).unwrap().eval([out, 0.5, 0.0, 0.0]);
    let expected = [point.id(), point.gm(), point.gds(), point.gmb(), 2.0, 0.0];
    for (name, value) in names.iter().zip(expected) {
        let found = printed(&run, &format!("@n1[{name}]"));
        assert!((found - value).abs() <= 1e-6 * value.abs(), "{name}: {found}, expected {value}");
    }
    let [bsim4, surrogate] = both(simulator, amplifier, "op\nprint v(out)");
    assert_close("stage output", &[printed(&surrogate, "v(out)")], &[printed(&bsim4, "v(out)")], 0.01);
}

#[test]
fn a_stage_has_the_gain_and_bandwidth_of_bsim4() {
    let Some(simulator) = simulator() else { return };
    let [bsim4, surrogate] = both(simulator, amplifier, "ac dec 5 1e4 1e9\nwrdata out.txt vm(out)");
    assert_close("stage gain", &surrogate.column(1), &bsim4.column(1), 0.03);
}

#[test]
fn noise_is_that_of_the_stage_resistors_and_the_channel() {
    let Some(simulator) = simulator() else { return };
    let mut circuit = empty(Kind::Surrogate);
    amplifier(&mut circuit);
    let run = run(
        &circuit,
        simulator,
        "op\nprint v(out)\nnoise v(out) vin dec 1 1e4 1e5\nsetplot noise1\nwrdata out.txt onoise_spectrum",
    );
    let out = printed(&run, "v(out)");
    let instance = fitted().n.instance(&DeviceQuery::named("W10u_L1u")).unwrap();
    let point = instance.eval([out, 0.5, 0.0, 0.0]);
    let four_kt = 4.0 * 1.380_649e-23 * 300.15;
    // The charge-sheet channel of the book's page about noise.
    let (through, gd) = (point.gm() + point.gmb(), point.gds());
    let diffusion = 8.617_333_262e-5 * 300.15 * through / point.id();
    let open = instance.eval([0.0, 0.5, 0.0, 0.0]).gds();
    let gs = through + gd + (1.0 - diffusion) * (open - through - gd).max(0.0);
    let drift = 2.0 / 3.0 * (gs * gs + gs * gd + gd * gd) / (gs + gd);
    let channel = four_kt * (0.5 * diffusion * (gs + gd) + (1.0 - diffusion) * drift);
    let resistance = 1.0 / (1.0 / 5e3 + point.gds());
    let expected = (channel + four_kt / 5e3).sqrt() * resistance;
    for found in run.column(1) {
        assert!((found / expected - 1.0).abs() < 1e-3, "{found} V/sqrt(Hz), expected {expected}");
    }
}

#[test]
fn an_inverter_drives_a_load_as_fast_as_bsim4() {
    let Some(simulator) = simulator() else { return };
    let build = |c: &mut Circuit| {
        c.supply().add("vin in 0 pulse(0 1.2 0.1n 20p 20p 1n 2n)\ncl out 0 50f").stage(UNIT, "in", "out");
    };
    let control = "tran 1p 2n 0 1p\nwrdata out.txt v(out)";
    // From the middle of the input's edge to that of the output's.
    let delays = both(simulator, build, control).map(|run| {
        let (t, v) = (run.column(0), run.column(1));
        [falling(&t, &v, 0.6)[0] - 0.11e-9, rising(&t, &v, 0.6)[0] - 1.13e-9]
    });
    assert_close("inverter delays", &delays[1], &delays[0], 0.02);
}

#[test]
fn many_instances_of_one_device_share_it() {
    let Some(simulator) = simulator() else { return };
    let mut circuit = empty(Kind::Surrogate);
    circuit.add("vd d 0 0.6");
    for _ in 0..300 {
        circuit.transistor('n', UNIT, "d d 0 0", 1);
    }
    let run = run(&circuit, simulator, "op\nprint i(vd)");
    let one = fitted().n.instance(&DeviceQuery::named("W1u_L0.13u")).unwrap().eval([0.6, 0.6, 0.0, 0.0]).id();
    assert!((printed(&run, "i(vd)") / (-300.0 * one) - 1.0).abs() < 1e-6);
}
