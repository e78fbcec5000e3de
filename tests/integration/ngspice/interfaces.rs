//! Both versions of the interface give one simulator the same circuits.

use super::bench::{Circuit, Kind, UNIT, VDD, empty, run};
use super::simulator::simulator;
use gummel_qa::circuits::shape::rising;

/// An inverter behind a source, loaded with 50 fF.
fn inverter(c: &mut Circuit, source: &str) {
    c.supply().add(&format!("vin in 0 {source}\ncl out 0 50f")).stage(UNIT, "in", "out");
}

#[test]
fn both_interfaces_give_the_same_circuits() {
    let Some(simulator) = simulator() else { return };
    let kinds = [Kind::Surrogate, Kind::Newer];
    let table = |kind: Kind, source: &str, control: &str, more: &str| {
        let mut circuit = empty(kind);
        inverter(&mut circuit, source);
        circuit.transistor('n', UNIT, "in in 0 0", 2);
        run(&circuit, simulator, &format!("{control}\nwrdata out.txt {more}"))
    };
    for (what, source, control, columns) in [
        ("dc", "0", "dc vin 0 1.2 0.01", "v(out) i(vdd)"),
        ("ac", "dc 0.6 ac 1", "ac dec 5 1e6 1e11", "vm(out)"),
        ("noise", "dc 0.6 ac 1", "noise v(out) vin dec 4 1e4 1e6\nsetplot noise1", "onoise_spectrum"),
    ] {
        let [older, newer] = kinds.map(|kind| table(kind, source, control, columns));
        assert!(older.table.len() > 5, "{what}: no table\n{}", older.log);
        for k in 1..older.table[0].len() {
            let (a, b) = (older.column(k), newer.column(k));
            let scale = a.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            let worst = a.iter().zip(&b).fold(0.0f64, |m, (a, b)| m.max((a - b).abs() / scale));
            println!("{what}, column {k}: OSDI 0.3 and 0.4 differ by {worst:e} of the largest value");
            assert!(worst < 1e-6, "{what}: {worst:e}");
        }
    }
    // The newer one does not predict, so that steps and rounding differ.
    let source = "pulse(0 1.2 0.1n 20p 20p 1n 2n)";
    let edges = kinds.map(|kind| {
        let run = table(kind, source, "tran 1p 2n 0 1p", "v(out)");
        rising(&run.column(0), &run.column(1), VDD / 2.0)[0]
    });
    println!("tran: output rises at {:e} s and {:e} s", edges[0], edges[1]);
    assert!((edges[0] - edges[1]).abs() < 1e-13, "{edges:?}");
}
