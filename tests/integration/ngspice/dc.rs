//! Operating points and DC sweeps of one transistor and of six small circuits.

use super::bench::{ANALOG, Circuit, Kind, UNIT, VDD, WIDE, assert_close, both, falling};
use super::models::fitted;
use super::simulator::{Run, Simulator};
use gummel_model::DeviceQuery;

/// Agreement of DC points with BSIM4 that the exports promise.
const DC: f64 = 0.01;

#[test]
fn a_sweep_prints_what_the_kernel_computes() {
    let Some(simulator) = Simulator::find() else { return };
    for (channel, sign, model) in [('n', 1.0, &fitted().n), ('p', -1.0, &fitted().p)] {
        let oracle = model.instance(&DeviceQuery::named("W10u_L0.13u")).unwrap();
        let mut circuit = Circuit::new(Kind::Surrogate);
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
        let run = circuit.run(simulator, &command);
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
    let Some(simulator) = Simulator::find() else { return };
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
    let Some(simulator) = Simulator::find() else { return };
    let build = |c: &mut Circuit| {
        c.add("vdd vdd 0 {vdd}\nvin in 0 0").inverter("in", "out");
    };
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
    let Some(simulator) = Simulator::find() else { return };
    let build = |c: &mut Circuit| {
        c.add("vdd vdd 0 {vdd}\niref vdd ref 100u\nvout out 0 0.6");
        c.transistor('n', ANALOG, "ref ref 0 0", 1).transistor('n', ANALOG, "out ref 0 0", 3);
    };
    let [bsim4, surrogate] = both(simulator, build, "dc vout 0.05 1.2 0.05\nwrdata out.txt i(vout) v(ref)");
    assert_close("mirror current", &surrogate.column(1), &bsim4.column(1), DC);
    assert_close("mirror bias", &surrogate.column(2), &bsim4.column(2), DC);
}

#[test]
fn a_differential_pair_with_mirror_load_amplifies() {
    let Some(simulator) = Simulator::find() else { return };
    let build = |c: &mut Circuit| {
        c.add("vdd vdd 0 {vdd}\nvp p 0 0.7\nvn n 0 0.7\nvout out 0 0.8\nitail tail 0 100u");
        c.transistor('n', ANALOG, "a p tail 0", 1).transistor('n', ANALOG, "out n tail 0", 1);
        c.transistor('p', ANALOG, "a a vdd vdd", 1).transistor('p', ANALOG, "out a vdd vdd", 1);
    };
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
    let Some(simulator) = Simulator::find() else { return };
    // Half of a cell while it is read: pull-up, pull-down twice as strong, open access transistor.
    let build = |c: &mut Circuit| {
        c.add("vdd vdd 0 {vdd}\nvin in 0 0");
        c.transistor('p', UNIT, "out in vdd vdd", 1).transistor('n', UNIT, "out in 0 0", 2);
        c.transistor('n', UNIT, "vdd vdd out 0", 1);
    };
    let margins = both(simulator, build, "dc vin 0 1.2 0.005\nwrdata out.txt v(out)")
        .map(|run| noise_margin(&run.column(0), &run.column(1)));
    println!("memory cell: read noise margins {margins:?} V");
    assert!((margins[0] - margins[1]).abs() < DC * VDD / 2.0 && margins[0] > 0.05);
}

/// Side of the largest square inside a lobe of the butterfly of curve `y(x)` and its mirror image, V.
///
/// Along the diagonals `y = x + u` the curve meets at one point and its mirror image at another; the square between
/// them has the side of their distance over the square root of two, in x.
fn noise_margin(x: &[f64], y: &[f64]) -> f64 {
    // Falling curve: x - y rises, so each diagonal is met once.
    let on_diagonal = |u: f64| {
        let k = (1..x.len()).find(|&k| x[k] - y[k] >= -u).unwrap_or(x.len() - 1);
        let (a, b) = (x[k - 1] - y[k - 1] + u, x[k] - y[k] + u);
        x[k - 1] + (x[k] - x[k - 1]) * (-a / (b - a)).clamp(0.0, 1.0)
    };
    // The mirror image (y, x) meets y = x + u where the curve meets y = x - u, with coordinates exchanged.
    (0..600)
        .map(|i| 0.002 * f64::from(i))
        .map(|u| (on_diagonal(-u) - u - on_diagonal(u)).abs())
        .fold(0.0, f64::max)
}

#[test]
fn a_transmission_gate_conducts_from_rail_to_rail() {
    let Some(simulator) = Simulator::find() else { return };
    let build = |c: &mut Circuit| {
        c.add("vdd vdd 0 {vdd}\nvin in 0 0\nvout out in 0.05");
        c.transistor('n', WIDE, "in vdd out 0", 1).transistor('p', WIDE, "in 0 out vdd", 2);
    };
    let [bsim4, surrogate] = both(simulator, build, "dc vin 0 1.15 0.05\nwrdata out.txt i(vout)");
    assert_close("transmission gate", &surrogate.column(1), &bsim4.column(1), DC);
}
