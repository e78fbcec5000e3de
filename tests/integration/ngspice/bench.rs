//! Circuits that exist twice: with BSIM4 and with the exported surrogates.

use std::fmt::Write;
use std::sync::Arc;

use super::models::fitted;
use gummel_qa::circuits::{self, Transistors};
use gummel_qa::doctor::{Ending, Instruments, examine};
use gummel_qa::ngspice::Run;
use gummel_qa::{Limits, Ngspice};

/// Which transistors a circuit is built of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// ngspice's own, with the cards of the bundled data.
    Bsim4,
    /// The library's.
    Surrogate,
    /// The same models behind the newer interface.
    Newer,
}

/// Supply, V.
pub(super) const VDD: f64 = 1.2;

/// Drawn size of a transistor; the name says width and length.
#[derive(Clone, Copy)]
pub(super) struct Size {
    pub(super) name: &'static str,
    w: f64,
    l: f64,
}

pub(super) const UNIT: Size = Size { name: "W1u_L0.13u", w: 1e-6, l: 0.13e-6 };
pub(super) const WIDE: Size = Size { name: "W10u_L0.13u", w: 10e-6, l: 0.13e-6 };
pub(super) const ANALOG: Size = Size { name: "W10u_L1u", w: 10e-6, l: 1e-6 };

/// A netlist under construction.
pub(super) type Circuit = circuits::Circuit<Kind>;

impl Transistors for Kind {
    type Size = Size;

    fn cards(&self) -> String {
        let mut text = String::new();
        match self {
            Kind::Bsim4 => {
                let cards = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/demo130/models/demo130.lib");
                let _ = writeln!(text, ".lib '{cards}' tt");
            }
            Kind::Surrogate | Kind::Newer => {
                for size in [UNIT, WIDE, ANALOG] {
                    for channel in ["n", "p"] {
                        let name = size.name;
                        let _ =
                            writeln!(text, ".model {channel}_{name} demo130_{channel}mos device=\"{name}\"");
                    }
                }
            }
        }
        text
    }

    fn load(&self) -> String {
        match self {
            Kind::Bsim4 => String::new(),
            Kind::Surrogate => format!("pre_osdi {}", fitted().library.display()),
            Kind::Newer => format!("pre_osdi {}", fitted().newer.display()),
        }
    }

    fn element(&self, k: usize, channel: char, size: Size, nodes: &str, m: u32) -> String {
        let Size { name, w, l } = size;
        // Diffusions as in the data: their junctions leak.
        let (area, perimeter) = (w * 0.34e-6, 2.0 * (w + 0.34e-6));
        match self {
            Kind::Bsim4 => format!(
                "m{k} {nodes} {channel}mos w={w:e} l={l:e} ad={area:e} as={area:e} pd={perimeter:e} \
                 ps={perimeter:e} m={m}"
            ),
            Kind::Surrogate | Kind::Newer => format!("n{k} {nodes} {channel}_{name} m={m}"),
        }
    }
}

/// A circuit without anything but a temperature of 27 C and the supply as a parameter.
pub(super) fn empty(kind: Kind) -> Circuit {
    Circuit::new(kind, VDD, 27.0)
}

/// Runs control commands; `out.txt` becomes the table.
pub(super) fn run(circuit: &Circuit, simulator: &Ngspice, control: &str) -> Run {
    let deck = circuit.deck(control);
    let run = simulator.run(&deck).unwrap();
    for bad in ["singular", "Timestep too small", "no convergence", "failed", "Error"] {
        assert!(
            !run.log.contains(bad),
            "{:?}: '{bad}' in the log:\n{}\n{deck}",
            circuit.transistors(),
            run.log
        );
    }
    assert!(!control.contains("wrdata") || !run.table.is_empty(), "no table came out:\n{}\n{deck}", run.log);
    run
}

/// The number printed as `name = number`.
pub(super) fn printed(run: &Run, name: &str) -> f64 {
    run.printed(name).next().unwrap_or_else(|| panic!("'{name}' was not printed:\n{}", run.log))
}

/// The same circuit with both kinds of transistors, run with the same commands: BSIM4 first. With surrogates the
/// doctor must find nothing in it.
pub(super) fn both(simulator: &Ngspice, build: impl Fn(&mut Circuit), control: &str) -> [Run; 2] {
    [Kind::Bsim4, Kind::Surrogate].map(|kind| {
        let mut circuit = empty(kind);
        build(&mut circuit);
        if kind == Kind::Surrogate {
            assert_healthy(simulator, &circuit.deck(control));
        }
        run(&circuit, simulator, control)
    })
}

/// Asserts that the doctor finds nothing in a deck, and says how long it took.
fn assert_healthy(simulator: &Ngspice, deck: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("healthy.cir");
    std::fs::write(&path, deck).unwrap();
    let ngspice = simulator.program().to_owned();
    let start = std::time::Instant::now();
    let instruments =
        Instruments { ngspice, libraries: Vec::new(), limits: Limits::default(), stop: Arc::default() };
    let found = examine(&path, &instruments).unwrap();
    let seconds = start.elapsed().as_secs_f64();
    let commands: Vec<&str> = found.analyses.iter().map(|a| a.command.as_str()).collect();
    println!("doctor: {} transistors, {}: {seconds:.2} s", found.transistors, commands.join(", "));
    assert!(found.findings.is_empty() && found.remarks.is_empty(), "{found:#?}\n{deck}");
    assert!(
        found.analyses.iter().all(|a| a.ending == Ending::Converged && a.points > 0),
        "{found:#?}\n{deck}"
    );
    assert!(found.transistors > 0, "{deck}");
}

/// Asserts that `found` stays within `share` of `expected`'s largest magnitude, and within `share` of each value
/// above a tenth of it.
pub(super) fn assert_close(what: &str, found: &[f64], expected: &[f64], share: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let differences = found.iter().zip(expected).map(|(f, e)| (f - e).abs() / e.abs().max(0.1 * scale));
    let (at, worst) = differences.enumerate().fold((0, 0.0), |w, d| if d.1 > w.1 { d } else { w });
    println!(
        "{what}: worst difference {:.3} % at row {at}: {:e}, BSIM4 {:e}",
        100.0 * worst,
        found[at],
        expected[at]
    );
    assert!(worst <= share, "{what}: {:.2} % from BSIM4, allowed {:.2} %", 100.0 * worst, 100.0 * share);
}
