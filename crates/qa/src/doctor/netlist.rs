//! A user's netlist taken apart: the circuit, the commands that prepare analyses, the analyses.
//!
//! Each analysis is run on its own, so that its log is its own. What a control section prints or draws is left out;
//! what it sets or alters before an analysis is kept. Loops and conditions are not followed: commands inside run once.

use std::path::{Path, PathBuf};

use crate::QaError;

/// A netlist for the doctor.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Netlist {
    /// Title and circuit without control sections, outputs and `.end`.
    circuit: String,
    /// Commands of the control sections in order.
    control: Vec<String>,
    /// Device libraries, as the control sections name them.
    pub(super) libraries: Vec<PathBuf>,
    /// Whether the control sections loop or decide.
    pub(super) structured: bool,
}

/// One analysis with the commands before it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Step {
    /// The command, e.g. `tran 1p 10n uic`.
    pub(super) command: String,
    prelude: Vec<String>,
}

/// Cards that only print, and the end.
const OUTPUT_CARDS: [&str; 9] =
    [".save", ".probe", ".print", ".plot", ".four", ".fourier", ".meas", ".measure", ".end"];
/// Commands that only print or draw, or end the program.
const OUTPUT_COMMANDS: [&str; 30] = [
    "print",
    "plot",
    "iplot",
    "asciiplot",
    "gnuplot",
    "hardcopy",
    "write",
    "wrdata",
    "wrs2p",
    "meas",
    "measure",
    "echo",
    "save",
    "display",
    "quit",
    "exit",
    "listing",
    "show",
    "showmod",
    "status",
    "rusage",
    "fft",
    "psd",
    "spec",
    "fourier",
    "linearize",
    "destroy",
    "snload",
    "version",
    "shell",
];
const STRUCTURE: [&str; 11] =
    ["foreach", "while", "dowhile", "repeat", "if", "else", "end", "label", "goto", "break", "continue"];
const ANALYSES: [&str; 11] = ["op", "dc", "ac", "tran", "noise", "tf", "pz", "sens", "disto", "sp", "pss"];

impl Netlist {
    /// Reads a netlist.
    ///
    /// # Errors
    /// When the file cannot be read or holds no circuit.
    pub(super) fn read(path: &Path) -> Result<Self, QaError> {
        let bytes = std::fs::read(path).map_err(QaError::io("read", path))?;
        let text = String::from_utf8_lossy(&bytes);
        let netlist = Netlist::parse(&text);
        if netlist.circuit.lines().count() < 2 {
            let reason = "found no circuit; expected a title line and elements".to_owned();
            return Err(QaError::Netlist { path: path.to_owned(), reason });
        }
        Ok(netlist)
    }

    fn parse(text: &str) -> Self {
        let mut found =
            Netlist { circuit: String::new(), control: Vec::new(), libraries: Vec::new(), structured: false };
        let (mut inside, mut dropped) = (false, false);
        for (k, line) in text.lines().enumerate() {
            let word = first_word(line);
            if k == 0 {
                found.keep(line);
            } else if word == ".control" {
                inside = true;
            } else if word == ".endc" {
                inside = false;
            } else if inside {
                found.command(line, &word);
            } else if line.trim_start().starts_with('+') {
                if !dropped {
                    found.keep(line);
                }
            } else {
                dropped = OUTPUT_CARDS.contains(&word.as_str());
                if word == ".end" {
                    break;
                }
                if !dropped {
                    found.keep(line);
                }
            }
        }
        found
    }

    fn keep(&mut self, line: &str) {
        self.circuit.push_str(line);
        self.circuit.push('\n');
    }

    fn command(&mut self, line: &str, word: &str) {
        if matches!(word, "pre_osdi" | "osdi") {
            let files = line.split_whitespace().skip(1);
            self.libraries.extend(files.map(|f| PathBuf::from(f.trim_matches('"'))));
        }
        if STRUCTURE.contains(&word) {
            self.structured = true;
        } else if !word.is_empty() && !word.starts_with('*') && !OUTPUT_COMMANDS.contains(&word) {
            self.control.push(line.trim().to_owned());
        }
    }

    /// The analyses in order: those of the control sections, where `run` stands for the cards of the circuit; without
    /// any, the cards, and without these an operating point. `cards` are the analysis cards with their numbers.
    pub(super) fn steps(&self, cards: &[String]) -> Vec<Step> {
        let (mut steps, mut prelude) = (Vec::new(), Vec::new());
        let cards = || cards.iter().map(|c| c.trim_start_matches('.').to_owned());
        for line in &self.control {
            let word = first_word(line);
            let commands: Vec<String> = match word.as_str() {
                "run" => cards().collect(),
                w if ANALYSES.contains(&w) => vec![line.clone()],
                _ => {
                    prelude.push(line.clone());
                    continue;
                }
            };
            steps.extend(commands.into_iter().map(|command| Step { command, prelude: prelude.clone() }));
        }
        if steps.is_empty() {
            steps = cards().map(|command| Step { command, prelude: prelude.clone() }).collect();
        }
        if steps.is_empty() {
            steps.push(Step { command: "op".to_owned(), prelude });
        }
        steps
    }

    /// A deck that prints the circuit with subcircuits and parameters resolved.
    pub(super) fn listing_deck(&self) -> String {
        let libraries: Vec<&String> =
            self.control.iter().filter(|l| matches!(first_word(l).as_str(), "pre_osdi" | "osdi")).collect();
        let libraries: String = libraries.into_iter().map(|l| format!("{l}\n")).collect();
        format!("{}.control\n{libraries}listing expand\nquit 0\n.endc\n.end\n", self.circuit)
    }
}

impl Step {
    /// `op`, `dc`, `tran` and so on.
    pub(super) fn kind(&self) -> String {
        first_word(&self.command)
    }

    /// Whether the analysis starts from initial conditions alone.
    pub(super) fn starts_from_conditions(&self) -> bool {
        self.kind() == "tran" && self.command.split_whitespace().any(|w| w.eq_ignore_ascii_case("uic"))
    }

    /// A deck that runs the analysis and writes the voltages of `nodes` to files `out0.txt`, `out1.txt` and so on, `chunk` each.
    ///
    /// What has no voltages over time or a sweep (ac, noise and the like) is preceded by its operating point, which is
    /// what is written.
    pub(super) fn deck(&self, netlist: &Netlist, nodes: &[String], chunk: usize) -> String {
        let mut deck = netlist.circuit.clone() + ".control\nset num_threads=1\n";
        for line in &self.prelude {
            deck += line;
            deck.push('\n');
        }
        deck += "set wr_singlescale\nset numdgt=12\n";
        let small_signal = !matches!(self.kind().as_str(), "op" | "dc" | "tran");
        deck += if small_signal { "op" } else { &self.command };
        deck.push('\n');
        for (k, some) in nodes.chunks(chunk).enumerate() {
            let vectors: Vec<String> = some.iter().map(|n| format!("v({n})")).collect();
            deck += &format!("wrdata out{k}.txt {}\n", vectors.join(" "));
        }
        if small_signal {
            deck += &self.command;
            deck.push('\n');
        }
        deck + "quit 0\n.endc\n.end\n"
    }
}

fn first_word(line: &str) -> String {
    line.split_whitespace().next().unwrap_or_default().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    const TEXT: &str = "a ring\nvdd vdd 0 1\n.save v(x)\n+ v(y)\nr1 vdd 0\n+ 1k\n.tran 1p 1n\n.control\npre_osdi a.osdi\n\
                        run\nplot v(x)\nalter vdd dc = 2\ndc vdd 0 1 0.1\n.endc\n.end\nrubbish\n";

    #[test]
    fn outputs_go_and_preparations_stay() {
        let netlist = Netlist::parse(TEXT);
        assert_eq!(netlist.libraries, [PathBuf::from("a.osdi")]);
        let steps = netlist.steps(&[".tran 1p 1n uic".to_owned()]);
        assert_eq!(
            steps.iter().map(|s| s.command.as_str()).collect::<Vec<_>>(),
            ["tran 1p 1n uic", "dc vdd 0 1 0.1"]
        );
        assert!(steps[0].starts_from_conditions() && !steps[1].starts_from_conditions());
        expect![[r#"
            a ring
            vdd vdd 0 1
            r1 vdd 0
            + 1k
            .tran 1p 1n
            .control
            set num_threads=1
            pre_osdi a.osdi
            alter vdd dc = 2
            set wr_singlescale
            set numdgt=12
            dc vdd 0 1 0.1
            wrdata out0.txt v(x) v(y)
            wrdata out1.txt v(z)
            quit 0
            .endc
            .end
        "#]]
        .assert_eq(&steps[1].deck(&netlist, &["x", "y", "z"].map(String::from), 2));
    }

    #[test]
    fn without_a_control_section_cards_run_and_without_cards_an_operating_point() {
        let netlist = Netlist::parse("t\nr1 a 0 1\n.end\n");
        assert_eq!(netlist.steps(&[])[0].command, "op");
        assert_eq!(netlist.steps(&[".ac dec 1 1 10".into()])[0].command, "ac dec 1 1 10");
        let deck = netlist.steps(&[".ac dec 1 1 10".into()])[0].deck(&netlist, &["a".into()], 9);
        assert!(deck.contains("\nop\nwrdata out0.txt v(a)\nac dec 1 1 10\n"), "{deck}");
    }
}
