//! Operating points and DC sweeps of one transistor and of six small circuits.

use super::bench::{ANALOG, Circuit, Kind, UNIT, VDD, WIDE, assert_close, both, empty, run};
use super::models::fitted;
use super::simulator::simulator;
use gummel_model::DeviceQuery;
use gummel_qa::circuits::shape::{falling, noise_margin};
use gummel_qa::ngspice::Run;

/// Agreement of DC points with BSIM4 that the exports promise.
const DC: f64 = 0.01;

#[test]
fn a_sweep_prints_what_the_kernel_computes() {
    let Some(simulator) = simulator() else { return };
    for (channel, sign, model) in [('n', 1.0, &fitted().n), ('p', -1.0, &fitted().p)] {
        let oracle = model.instance(&DeviceQuery::named("W10u_L0.13u")).unwrap();
        let mut circuit = empty(Kind::Surrogate);
        circuit.add(".options reltol=1e-9 abstol=1e-18 vntol=1e-12\nvd d 0 0\nvg g 0 0\nvb b 0 0");
        circuit.transistor(channel, WIDE, "d g 0 b", 1);
        let command = format!(
            "dc vg {} {} {} vd {} {} {}\nwrdata out.txt i(vd) v(d)",
            -0.3 * sign,
            1.35 * sign,
            0.05 * sign,
            0.0,
            1.2 * sign,
            0.3 * sign
        );
        let run = run(&circuit, simulator, &command);
        assert_eq!(run.table.len(), 34 * 5);
        for row in &run.table {
            let [vg, out, vd] = [row[0], row[1], row[2]];
            let expected = -oracle.eval([vd, vg, 0.0, 0.0]).id();
            let allowed = 1e-9 * expected.abs() + 1e-19;
            assert!((out - expected).abs() <= allowed, "{channel} at vg={vg} vd={vd}: {out} {expected}");
        }
    }
}

#[test]
fn transfer_and_output_curves_agree_with_bsim4() {
    let Some(simulator) = simulator() else { return };
    for (channel, sign) in [('n', 1.0), ('p', -1.0)] {
        for size in [UNIT, WIDE, ANALOG] {
            let build = |c: &mut Circuit| {
                c.add(&format!("vd d 0 {}\nvg g 0 {}\nvb b 0 0", sign * VDD, sign * VDD))
                    .transistor(channel, size, "d g 0 b", 1);
            };
            for (what, sweep) in [
                ("transfer", format!("dc vg {} {} {}", 0.4 * sign, 1.2 * sign, 0.1 * sign)),
                ("output", format!("dc vd {} {} {}", 0.1 * sign, 1.2 * sign, 0.1 * sign)),
            ] {
                let [bsim4, surrogate] = both(simulator, build, &format!("{sweep}\nwrdata out.txt i(vd)"));
                let what = format!("{channel} {} {what}", size.name);
                assert_close(&what, &surrogate.column(1), &bsim4.column(1), DC);
            }
        }
    }
}

#[test]
fn an_inverter_switches_where_bsim4_does() {
    let Some(simulator) = simulator() else { return };
    let build = |c: &mut Circuit| _ = c.inverter(UNIT);
    let [bsim4, surrogate] = both(simulator, build, "dc vin 0 1.2 0.01\nwrdata out.txt v(out) i(vdd)");
    let threshold = |run: &Run| falling(&run.column(0), &run.column(1), VDD / 2.0)[0];
    let difference = threshold(&surrogate) - threshold(&bsim4);
    println!("inverter: threshold {} V, off by {:.2} mV", threshold(&bsim4), 1e3 * difference);
    assert!(difference.abs() < DC * VDD / 2.0);
    // The crowbar current is the product of both transistors in weak and strong inversion.
    assert_close("inverter current", &surrogate.column(2), &bsim4.column(2), 0.03);
}

#[test]
fn a_current_mirror_copies() {
    let Some(simulator) = simulator() else { return };
    let build = |c: &mut Circuit| _ = c.mirror('n', ANALOG, 100e-6);
    let [bsim4, surrogate] = both(simulator, build, "dc vout 0.05 1.2 0.05\nwrdata out.txt i(vout) v(ref)");
    assert_close("mirror current", &surrogate.column(1), &bsim4.column(1), DC);
    assert_close("mirror bias", &surrogate.column(2), &bsim4.column(2), DC);
}

#[test]
fn a_differential_pair_with_mirror_load_amplifies() {
    let Some(simulator) = simulator() else { return };
    let build = |c: &mut Circuit| _ = c.differential_pair(ANALOG, 0.7, 100e-6).add("vout out 0 0.8");
    let [bsim4, surrogate] =
        both(simulator, build, "dc vp 0.5 0.9 0.01\nwrdata out.txt i(vout) v(tail) v(a)");
    for (k, what) in ["pair tail", "pair mirror"].into_iter().enumerate() {
        assert_close(what, &surrogate.column(k + 2), &bsim4.column(k + 2), DC);
    }
    // The output current passes through zero: compare what the transistor below the output carries.
    let below = |run: &Run| -> Vec<f64> { run.column(1).iter().map(|i| i + 100e-6).collect() };
    assert_close("pair current", &below(&surrogate), &below(&bsim4), DC);
}

#[test]
fn a_memory_cell_has_the_same_butterfly() {
    let Some(simulator) = simulator() else { return };
    let build = |c: &mut Circuit| _ = c.memory_cell(UNIT);
    let margins = both(simulator, build, "dc vin 0 1.2 0.005\nwrdata out.txt v(out)")
        .map(|run| noise_margin(&run.column(0), &run.column(1)));
    println!("memory cell: read noise margins {margins:?} V");
    assert!((margins[0] - margins[1]).abs() < DC * VDD / 2.0 && margins[0] > 0.05);
}

#[test]
fn a_transmission_gate_conducts_from_rail_to_rail() {
    let Some(simulator) = simulator() else { return };
    let build = |c: &mut Circuit| _ = c.transmission_gate(WIDE, 0.05);
    let [bsim4, surrogate] = both(simulator, build, "dc vin 0 1.15 0.05\nwrdata out.txt i(vout)");
    assert_close("transmission gate", &surrogate.column(1), &bsim4.column(1), DC);
}
