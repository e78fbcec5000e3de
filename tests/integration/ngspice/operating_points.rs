//! Operating points of circuits that throw an iteration far: found at once, without stepping of gmin or sources.

use super::bench::{Circuit, UNIT, VDD, both, printed};
use super::simulator::simulator;

/// Most iterations of an operating point; BSIM4 needs up to 132 for these circuits.
const MOST: f64 = 12.0;
/// Agreement of node voltages with BSIM4, V.
const CLOSE: f64 = 0.02;

fn chain(c: &mut Circuit, input: f64) {
    c.add(&format!("vdd vdd 0 {VDD}\nvin n0 0 {input}"));
    for k in 0..40 {
        c.stage(UNIT, &format!("n{k}"), &format!("n{}", k + 1));
    }
}

/// A pair with a mirror as load, its output fed back.
fn follower(c: &mut Circuit) {
    c.add(&format!("vdd vdd 0 {VDD}\nvin ip 0 0.6\nib vdd nb 50u"));
    c.transistor('n', UNIT, "nb nb 0 0", 1).transistor('n', UNIT, "tail nb 0 0", 2);
    c.transistor('n', UNIT, "x ip tail 0", 4).transistor('n', UNIT, "n1 n1 tail 0", 4);
    c.transistor('p', UNIT, "x x vdd vdd", 2).transistor('p', UNIT, "n1 x vdd vdd", 2);
}

/// Two stages in feedback with a resistive load.
fn amplifier(c: &mut Circuit) {
    c.add(&format!("vdd vdd 0 {VDD}\nvin ip 0 0.5\nib vdd nb 20u\nrf n1 fb 10k\ncf n1 fb 1p\nrl n1 0 20k"));
    c.transistor('n', UNIT, "nb nb 0 0", 1).transistor('n', UNIT, "tail nb 0 0", 2);
    c.transistor('n', UNIT, "x fb tail 0", 4).transistor('n', UNIT, "y ip tail 0", 4);
    c.transistor('p', UNIT, "x x vdd vdd", 2).transistor('p', UNIT, "y x vdd vdd", 2);
    c.transistor('p', UNIT, "n1 y vdd vdd", 8).transistor('n', UNIT, "n1 nb 0 0", 4);
}

/// Eight transistors in series.
fn stack(c: &mut Circuit) {
    c.add(&format!("vdd vdd 0 {VDD}\nvg g 0 {VDD}\nrl vdd n1 100k"));
    let node = |k: usize| match k {
        0 => "n1".to_owned(),
        8 => "0".to_owned(),
        k => format!("s{k}"),
    };
    for k in 0..8 {
        c.transistor('n', UNIT, &format!("{} g {} 0", node(k), node(k + 1)), 1);
    }
}

type Build<'a> = &'a dyn Fn(&mut Circuit);

#[test]
fn operating_points_are_found_at_once() {
    let Some(simulator) = simulator() else { return };
    let circuits: [(&str, Build<'_>); 6] = [
        ("chain, low", &|c| chain(c, 0.0)),
        ("chain, half", &|c| chain(c, 0.6)),
        ("chain, high", &|c| chain(c, VDD)),
        ("follower", &follower),
        ("amplifier", &amplifier),
        ("stack", &stack),
    ];
    for (name, build) in circuits {
        let [bsim4, surrogate] = both(simulator, build, "op\nrusage totiter\nprint v(n1)");
        let [theirs, ours] = [&bsim4, &surrogate].map(|run| printed(run, "Total iterations"));
        println!("{name}: {ours} iterations, BSIM4 {theirs}");
        assert!(!surrogate.log.contains("stepping"), "{name}:\n{}", surrogate.log);
        assert!(ours <= MOST, "{name}: {ours} iterations");
        let [theirs, ours] = [bsim4, surrogate].map(|run| printed(&run, "v(n1)"));
        assert!((ours - theirs).abs() < CLOSE, "{name}: v(n1) {ours} V, BSIM4 {theirs} V");
    }
}
