//! Ring oscillators of 5, 17 and 101 stages.

use super::bench::{Circuit, VDD, both, rising};
use super::simulator::{Run, Simulator};

/// A ring of `stages` inverters with 5 fF at every node.
fn ring(c: &mut Circuit, stages: usize) {
    c.add("vdd vdd 0 {vdd}\n.ic v(n0)=0");
    for k in 0..stages {
        c.inverter(&format!("n{k}"), &format!("n{}", (k + 1) % stages));
        c.add(&format!("c{k} n{k} 0 5f"));
    }
}

/// Period between the last two rising crossings of half the supply, s.
fn period(run: &Run) -> f64 {
    let crossings = rising(&run.column(0), &run.column(1), VDD / 2.0);
    assert!(crossings.len() > 2, "no oscillation:\n{}", run.log);
    crossings[crossings.len() - 1] - crossings[crossings.len() - 2]
}

#[test]
fn rings_oscillate_at_the_frequency_of_bsim4() {
    let Some(simulator) = Simulator::find() else { return };
    for (stages, stop) in [(5, "1.5n"), (17, "4n"), (101, "20n")] {
        let control = format!("tran 2p {stop}\nwrdata out.txt v(n1)");
        let [bsim4, surrogate] = both(simulator, |c| ring(c, stages), &control).map(|run| period(&run));
        println!("ring of {stages}: {bsim4:e} s with BSIM4, ratio {:.4}", surrogate / bsim4);
        assert!(
            (surrogate / bsim4 - 1.0).abs() < 0.03,
            "{stages} stages: {surrogate:e} s, BSIM4 {bsim4:e} s"
        );
    }
}
