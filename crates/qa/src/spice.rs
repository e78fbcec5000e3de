//! Devices inside ngspice: any model card, Verilog-A or OSDI device behind the same interface as a frozen model.
//!
//! One run evaluates a list of biases: a dummy source counts from 0 to n - 1 in a DC sweep, and four behavioural
//! sources read the terminal voltages from tables over that count. Each bias is solved to 1e-12 V, and since the
//! sources force every terminal, the currents are those of the device at exactly these voltages.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::device::{Device, Terminals, Volts};
use crate::{Abilities, Ask, Family, Nominal, QaError};

/// Biases of one run; the simulator searches its tables one by one.
const BIASES: usize = 1000;

/// What a netlist says about one device.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// Lines before the device: libraries, models, `.temp`.
    pub models: String,
    /// The device between nodes `d g s b`, e.g. `m1 d g s b nmos w=1u l=0.13u`.
    pub element: String,
}

/// A family whose devices live in ngspice.
pub struct SpiceFamily {
    /// ngspice.
    pub program: PathBuf,
    /// `technology/family`.
    pub title: String,
    /// +1 for n-channel, -1 for p-channel.
    pub sign: f64,
    /// Devices.
    pub nominals: Vec<Nominal>,
    /// What [`SpiceFamily::card`] heeds of what it is asked for.
    pub abilities: Abilities,
    /// The netlist lines of a device.
    pub card: fn(&SpiceFamily, &Nominal, &Ask) -> Card,
}

impl Family for SpiceFamily {
    fn title(&self) -> String {
        self.title.clone()
    }

    fn nominals(&self) -> Vec<Nominal> {
        self.nominals.clone()
    }

    fn abilities(&self) -> Abilities {
        self.abilities
    }

    fn device(&self, ask: &Ask) -> Result<Box<dyn Device>, QaError> {
        let nominal = self.nominals.iter().find(|n| n.name == ask.query.device).ok_or_else(|| {
            QaError::UnknownDevice { name: ask.query.device.clone(), family: self.title.clone() }
        })?;
        let card = (self.card)(self, nominal, ask);
        Ok(device(&self.program, self.sign, card))
    }
}

/// The device of a card in ngspice; `sign` is +1 for n-channel, -1 for p-channel.
pub fn device(program: &Path, sign: f64, card: Card) -> Box<dyn Device> {
    Box::new(Simulated { program: program.to_owned(), sign, card })
}

/// One device in ngspice.
struct Simulated {
    program: PathBuf,
    sign: f64,
    card: Card,
}

impl Device for Simulated {
    fn sign(&self) -> f64 {
        self.sign
    }

    fn currents(&self, biases: &[Volts]) -> Result<Vec<Terminals>, QaError> {
        let mut all = Vec::with_capacity(biases.len());
        for part in biases.chunks(BIASES) {
            all.extend(self.run(part)?);
        }
        Ok(all)
    }
}

impl Simulated {
    fn run(&self, biases: &[Volts]) -> Result<Vec<Terminals>, QaError> {
        let work = tempfile::tempdir().map_err(QaError::io("make a folder in", &std::env::temp_dir()))?;
        let (deck, out) = (work.path().join("deck.sp"), work.path().join("out.txt"));
        std::fs::write(&deck, netlist(&self.card, biases)).map_err(QaError::io("write", &deck))?;
        let ran = Command::new(&self.program)
            .arg("-b")
            .arg(&deck)
            .current_dir(work.path())
            .output()
            .map_err(QaError::io("start", &self.program))?;
        let text = std::fs::read_to_string(&out).unwrap_or_default();
        let rows: Vec<Terminals> = text.lines().filter_map(currents).collect();
        if rows.len() == biases.len() {
            return Ok(rows);
        }
        let log = String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr);
        let end: Vec<&str> = log.lines().rev().filter(|l| !l.trim().is_empty()).take(12).collect();
        Err(QaError::Simulator {
            program: self.program.clone(),
            reason: format!("expected {} bias points, found {}", biases.len(), rows.len()),
            log: end.into_iter().rev().collect::<Vec<_>>().join("\n"),
        })
    }
}

fn netlist(card: &Card, biases: &[Volts]) -> String {
    let mut text = format!(
        "* biases of one device\n{}\n.options gmin=1e-18 reltol=1e-9 abstol=1e-18 vntol=1e-12\nvx x 0 0\n",
        card.models
    );
    for (k, t) in ["d", "g", "s", "b"].into_iter().enumerate() {
        let _ = writeln!(text, "b{t} {t} 0 v=pwl(v(x)");
        for (i, b) in biases.iter().enumerate() {
            let _ = writeln!(text, "+ , {i}, {:e}", b[k]);
        }
        // A table needs two entries even for one bias.
        let _ = writeln!(text, "+ , {}, 0 )", biases.len());
    }
    let last = biases.len().saturating_sub(1);
    let _ = write!(
        text,
        "{}\n.control\nset numdgt=16\nset wr_singlescale\nsave i(bd) i(bg) i(bs) i(bb)\ndc vx 0 {last} 1\n\
         wrdata out.txt i(bd) i(bg) i(bs) i(bb)\nquit\n.endc\n.end\n",
        card.element
    );
    text
}

/// Currents into the terminals from a printed line; a source's current counts out of the device.
fn currents(line: &str) -> Option<Terminals> {
    let numbers: Vec<f64> = line.split_whitespace().map(|t| t.parse().unwrap_or(f64::NAN)).collect();
    let [_, d, g, s, b] = numbers[..] else { return None };
    Some([-d, -g, -s, -b])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deck_has_a_row_per_bias_and_terminal() {
        let card = Card { models: ".temp 27".into(), element: "m1 d g s b nmos w=1u l=0.13u".into() };
        expect_test::expect![[r#"
            * biases of one device
            .temp 27
            .options gmin=1e-18 reltol=1e-9 abstol=1e-18 vntol=1e-12
            vx x 0 0
            bd d 0 v=pwl(v(x)
            + , 0, 1.2e0
            + , 1, 1e-1
            + , 2, 0 )
            bg g 0 v=pwl(v(x)
            + , 0, 6e-1
            + , 1, 6e-1
            + , 2, 0 )
            bs s 0 v=pwl(v(x)
            + , 0, 0e0
            + , 1, 0e0
            + , 2, 0 )
            bb b 0 v=pwl(v(x)
            + , 0, -3e-1
            + , 1, 0e0
            + , 2, 0 )
            m1 d g s b nmos w=1u l=0.13u
            .control
            set numdgt=16
            set wr_singlescale
            save i(bd) i(bg) i(bs) i(bb)
            dc vx 0 1 1
            wrdata out.txt i(bd) i(bg) i(bs) i(bb)
            quit
            .endc
            .end
        "#]]
        .assert_eq(&netlist(&card, &[[1.2, 0.6, 0.0, -0.3], [0.1, 0.6, 0.0, 0.0]]));
    }

    #[test]
    fn printed_lines_become_currents_into_the_terminals() {
        assert_eq!(currents(" 0.0 -1e-6 0.0 1e-6 0.0"), Some([1e-6, -0.0, -1e-6, -0.0]));
        assert_eq!(currents(" 0.0 -1e-6"), None);
    }
}
