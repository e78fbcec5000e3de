//! Ring oscillators of 5, 17 and 101 stages.

use super::bench::{Circuit, UNIT, VDD, both};
use super::simulator::simulator;
use gummel_qa::circuits::shape::rising;
use gummel_qa::ngspice::Run;

/// Period between the last two rising crossings of half the supply, s.
fn period(run: &Run) -> f64 {
    let crossings = rising(&run.column(0), &run.column(1), VDD / 2.0);
    assert!(crossings.len() > 2, "no oscillation:\n{}", run.log);
    crossings[crossings.len() - 1] - crossings[crossings.len() - 2]
}

#[test]
fn rings_oscillate_at_the_frequency_of_bsim4() {
    let Some(simulator) = simulator() else { return };
    for (stages, stop) in [(5, "1.5n"), (17, "4n"), (101, "20n")] {
        let control = format!("tran 2p {stop}\nwrdata out.txt v(n1)");
        let build = |c: &mut Circuit| _ = c.ring(UNIT, stages, 5e-15);
        let [bsim4, surrogate] = both(simulator, build, &control).map(|run| period(&run));
        println!("ring of {stages}: {bsim4:e} s with BSIM4, ratio {:.4}", surrogate / bsim4);
        assert!(
            (surrogate / bsim4 - 1.0).abs() < 0.03,
            "{stages} stages: {surrogate:e} s, BSIM4 {bsim4:e} s"
        );
    }
}
