//! Circuits that exist twice: with BSIM4 and with the exported surrogates.

use std::fmt::Write;
use std::path::Path;

use super::models::fitted;
use super::simulator::{Run, Simulator};
use gummel_qa::Limits;
use gummel_qa::doctor::{Ending, Instruments, examine};

/// Which transistors a circuit is built of.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    /// ngspice's own, with the cards of the bundled data.
    Bsim4,
    /// The library's.
    Surrogate,
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
pub(super) struct Circuit {
    kind: Kind,
    text: String,
    count: usize,
    /// Another library than the shared one.
    library: Option<&'static Path>,
}

impl Circuit {
    pub(super) fn new(kind: Kind) -> Self {
        let mut text = format!("* {kind:?}\n.temp 27\n.param vdd={VDD}\n");
        match kind {
            Kind::Bsim4 => {
                let cards = concat!(env!("CARGO_MANIFEST_DIR"), "/../datasets/demo130/models/demo130.lib");
                let _ = writeln!(text, ".lib '{cards}' tt");
            }
            Kind::Surrogate => {
                for size in [UNIT, WIDE, ANALOG] {
                    for channel in ["n", "p"] {
                        let name = size.name;
                        let _ =
                            writeln!(text, ".model {channel}_{name} demo130_{channel}mos device=\"{name}\"");
                    }
                }
            }
        }
        Circuit { kind, text, count: 0, library: None }
    }

    /// Loads the surrogates from another library.
    pub(super) fn load(&mut self, library: &'static Path) -> &mut Self {
        self.library = Some(library);
        self
    }

    /// Adds lines as they are.
    pub(super) fn add(&mut self, lines: &str) -> &mut Self {
        self.text.push_str(lines);
        self.text.push('\n');
        self
    }

    /// Adds a transistor, `channel` `n` or `p`, nodes drain, gate, source, bulk; `m` of them in parallel.
    pub(super) fn transistor(&mut self, channel: char, size: Size, nodes: &str, m: u32) -> &mut Self {
        self.count += 1;
        let (k, Size { name, w, l }) = (self.count, size);
        // Diffusions as in the data: their junctions leak.
        let (area, perimeter) = (w * 0.34e-6, 2.0 * (w + 0.34e-6));
        let line = match self.kind {
            Kind::Bsim4 => format!(
                "m{k} {nodes} {channel}mos w={w:e} l={l:e} ad={area:e} as={area:e} pd={perimeter:e} \
                 ps={perimeter:e} m={m}"
            ),
            Kind::Surrogate => format!("n{k} {nodes} {channel}_{name} m={m}"),
        };
        self.add(&line)
    }

    /// An inverter of unit transistors, p twice as wide.
    pub(super) fn inverter(&mut self, input: &str, output: &str) -> &mut Self {
        self.transistor('p', UNIT, &format!("{output} {input} vdd vdd"), 2);
        self.transistor('n', UNIT, &format!("{output} {input} 0 0"), 1)
    }

    fn deck(&self, control: &str) -> String {
        let load = match (self.kind, &self.library) {
            (Kind::Bsim4, _) => String::new(),
            (Kind::Surrogate, None) => format!("pre_osdi {}\n", fitted().library.display()),
            (Kind::Surrogate, Some(library)) => format!("pre_osdi {}\n", library.display()),
        };
        format!(
            "{}.control\n{load}set num_threads=1\nset wr_singlescale\nset numdgt=15\n{control}\n.endc\n.end\n",
            self.text
        )
    }

    /// Runs control commands; `out.txt` becomes the table.
    pub(super) fn run(&self, simulator: &Simulator, control: &str) -> Run {
        let folder = tempfile::tempdir().unwrap();
        let deck = self.deck(control);
        let run = simulator.run(folder.path(), &deck);
        for bad in ["singular", "Timestep too small", "no convergence", "failed", "Error"] {
            assert!(!run.log.contains(bad), "{:?}: '{bad}' in the log:\n{}\n{deck}", self.kind, run.log);
        }
        run
    }
}

/// The same circuit with both kinds of transistors, run with the same commands: BSIM4 first. With surrogates the
/// doctor must find nothing in it.
pub(super) fn both(simulator: &Simulator, build: impl Fn(&mut Circuit), control: &str) -> [Run; 2] {
    [Kind::Bsim4, Kind::Surrogate].map(|kind| {
        let mut circuit = Circuit::new(kind);
        build(&mut circuit);
        if kind == Kind::Surrogate {
            assert_healthy(simulator, &circuit.deck(control));
        }
        circuit.run(simulator, control)
    })
}

/// Asserts that the doctor finds nothing in a deck, and says how long it took.
fn assert_healthy(simulator: &Simulator, deck: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("healthy.cir");
    std::fs::write(&path, deck).unwrap();
    let ngspice = simulator.program().to_owned();
    let start = std::time::Instant::now();
    let found =
        examine(&path, &Instruments { ngspice, libraries: Vec::new(), limits: Limits::default() }).unwrap();
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

/// Abscissas at which `y` falls through `level`, between the rows.
pub(super) fn falling(x: &[f64], y: &[f64], level: f64) -> Vec<f64> {
    (1..y.len())
        .filter(|&k| y[k - 1] > level && y[k] <= level)
        .map(|k| x[k - 1] + (x[k] - x[k - 1]) * (y[k - 1] - level) / (y[k - 1] - y[k]))
        .collect()
}

/// Abscissas at which `y` rises through `level`.
pub(super) fn rising(x: &[f64], y: &[f64], level: f64) -> Vec<f64> {
    falling(x, &y.iter().map(|y| -y).collect::<Vec<_>>(), -level)
}
