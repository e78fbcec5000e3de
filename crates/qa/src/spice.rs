//! Devices inside ngspice: any model card, Verilog-A or OSDI device behind the same interface as a frozen model.
//!
//! One run evaluates a list of biases: a dummy source counts from 0 to n - 1 in a DC sweep, and four behavioural
//! sources read the terminal voltages from tables over that count. Each bias is solved to 1e-12 V, and since the
//! sources force every terminal, the currents are those of the device at exactly these voltages. Noise and
//! capacitances come from small-signal analyses at one bias after the other.

use std::f64::consts::TAU;
use std::fmt::Write as _;

use crate::device::{Device, Matrix, Terminals, Volts};
use crate::ngspice::{Ngspice, Run};
use crate::{Abilities, Ask, Family, Nominal, QaError};

/// Biases of one run; the simulator searches its tables one by one.
const BIASES: usize = 1000;

/// Frequency at which thermal noise is looked at, Hz: so high that flicker noise is nothing beside it. Sources hold all
/// terminals, so no capacitance has a say.
const THERMAL_AT: f64 = 1e12;
/// Frequency at which capacitances are measured, Hz: high, so that conductances do not drown them in rounding.
const CAPACITANCE_AT: f64 = 1e9;
/// Terminals in the order of [`Volts`].
const TERMINALS: [char; 4] = ['d', 'g', 's', 'b'];

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
    pub simulator: Ngspice,
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
        Ok(device(&self.simulator, self.sign, card))
    }
}

/// The device of a card in ngspice; `sign` is +1 for n-channel, -1 for p-channel.
pub fn device(simulator: &Ngspice, sign: f64, card: Card) -> Box<dyn Device> {
    Box::new(Simulated { simulator: simulator.clone(), sign, card })
}

/// Density of all noise of the drain current of a card at `frequency` (Hz), A²/Hz, at each bias.
///
/// # Errors
/// When ngspice fails.
pub(crate) fn noise(
    simulator: &Ngspice,
    card: &Card,
    biases: &[Volts],
    frequency: f64,
) -> Result<Vec<f64>, QaError> {
    let mut all = Vec::with_capacity(biases.len());
    for part in biases.chunks(BIASES) {
        let run = simulator.run(&noise_deck(card, part, frequency))?;
        all.extend(numbers(simulator, &run, "onoise_spectrum", part.len())?.into_iter().map(|s| s * s));
    }
    Ok(all)
}

/// The numbers printed under `name`, one per bias.
fn numbers(simulator: &Ngspice, run: &Run, name: &str, biases: usize) -> Result<Vec<f64>, QaError> {
    let found: Vec<f64> = run.printed(name).collect();
    if found.len() == biases {
        return Ok(found);
    }
    let reason = format!("expected {biases} times '{name}', found {}", found.len());
    Err(simulator.failed(reason, run))
}

/// One device in ngspice.
struct Simulated {
    simulator: Ngspice,
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

    /// Measured by an AC analysis in which one terminal after the other carries the signal.
    fn capacitances(&self, biases: &[Volts]) -> Result<Option<Vec<Matrix>>, QaError> {
        let mut all: Vec<Matrix> = Vec::with_capacity(biases.len());
        for part in biases.chunks(BIASES) {
            let run = self.simulator.run(&capacitance_deck(&self.card, part))?;
            let mut found = vec![[[0.0; 4]; 4]; part.len()];
            for (r, row) in TERMINALS.iter().enumerate() {
                for (c, column) in TERMINALS.iter().enumerate() {
                    let values =
                        numbers(&self.simulator, &run, &format!("imag(i(v{row}{column}))"), part.len())?;
                    // The signal source drives against the node, so the sign changes.
                    for (matrix, i) in found.iter_mut().zip(values) {
                        matrix[r][c] = -i / (TAU * CAPACITANCE_AT);
                    }
                }
            }
            all.extend(found);
        }
        let stores = all.iter().flatten().flatten().any(|c| *c != 0.0);
        Ok((stores || biases.is_empty()).then_some(all))
    }

    /// All noise of the drain current, which is the channel's where the card has no resistances.
    fn thermal_noise(&self, biases: &[Volts]) -> Result<Option<Vec<f64>>, QaError> {
        noise(&self.simulator, &self.card, biases, THERMAL_AT).map(Some)
    }
}

impl Simulated {
    fn run(&self, biases: &[Volts]) -> Result<Vec<Terminals>, QaError> {
        let run = self.simulator.run(&netlist(&self.card, biases))?;
        let rows: Vec<Terminals> = run.table.iter().filter_map(|row| currents(row)).collect();
        if rows.len() == biases.len() {
            return Ok(rows);
        }
        let reason = format!("expected {} bias points, found {}", biases.len(), rows.len());
        Err(self.simulator.failed(reason, &run))
    }
}

fn netlist(card: &Card, biases: &[Volts]) -> String {
    let mut text = head("biases of one device", card) + "vx x 0 0\n";
    for (k, t) in TERMINALS.into_iter().enumerate() {
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

/// Title, models and options.
fn head(title: &str, card: &Card) -> String {
    let options = ".options gmin=1e-30 reltol=1e-9 abstol=1e-21 vntol=1e-12";
    format!("* {title}\n{}\n{options}\n", card.models)
}

/// Forces the terminals to each bias in turn and runs `analysis`.
fn at_each(biases: &[Volts], analysis: &str) -> String {
    let mut text = ".control\nset numdgt=16\n".to_owned();
    for bias in biases {
        for (t, v) in TERMINALS.iter().zip(bias) {
            let _ = writeln!(text, "alter v{t} dc = {v:e}");
        }
        let _ = writeln!(text, "{analysis}\ndestroy all");
    }
    text + "quit\n.endc\n.end\n"
}

/// The drain current's noise as the noise of a voltage: a source of one volt per ampere.
fn noise_deck(card: &Card, biases: &[Volts], frequency: f64) -> String {
    let sources = "vd d 0 0 ac 1\nvg g 0 0\nvs s 0 0\nvb b 0 0\nhd out 0 vd 1";
    let analysis = format!("noise v(out) vd lin 1 {frequency:e} {frequency:e}\nprint onoise_spectrum");
    format!(
        "{}{sources}\n{}\n{}",
        head("noise of one device", card),
        card.element,
        at_each(biases, &analysis)
    )
}

/// Four copies of the device share their bias; in each, another terminal carries the signal.
fn capacitance_deck(card: &Card, biases: &[Volts]) -> String {
    let mut text = head("capacitances of one device", card);
    let mut analysis = format!("ac lin 1 {CAPACITANCE_AT:e} {CAPACITANCE_AT:e}");
    let mut words = card.element.split_whitespace();
    let name = words.next().unwrap_or_default();
    let rest: Vec<&str> = words.skip(TERMINALS.len()).collect();
    for t in TERMINALS {
        let _ = writeln!(text, "v{t} {t} 0 0");
    }
    for signal in TERMINALS {
        for t in TERMINALS {
            let _ = writeln!(text, "v{t}{signal} {t} {t}{signal} dc 0 ac {}", u8::from(t == signal));
            let _ = write!(analysis, "\nprint imag(i(v{t}{signal}))");
        }
        let nodes: Vec<String> = TERMINALS.iter().map(|t| format!("{t}{signal}")).collect();
        let _ = writeln!(text, "{name}{signal} {} {}", nodes.join(" "), rest.join(" "));
    }
    text + &at_each(biases, &analysis)
}

/// Currents into the terminals from a row of the table; a source's current counts out of the device.
fn currents(row: &[f64]) -> Option<Terminals> {
    let [_, d, g, s, b] = *row else { return None };
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
            .options gmin=1e-30 reltol=1e-9 abstol=1e-21 vntol=1e-12
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
    fn rows_become_currents_into_the_terminals() {
        assert_eq!(currents(&[0.0, -1e-6, 0.0, 1e-6, 0.0]), Some([1e-6, -0.0, -1e-6, -0.0]));
        assert_eq!(currents(&[0.0, -1e-6]), None);
    }
}
