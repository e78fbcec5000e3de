//! What exported circuits are built of, and the simulator in which they run.

use gummel_device::si;
use gummel_kernel::Instance;

use super::{Circuit, Transistors};
use crate::QaError;
use crate::doctor::{Ending, Story};
use crate::exported::Exported;
use crate::finding::{Measured, Outcome};
use crate::ngspice::{Ngspice, Run};

/// Why a circuit of both polarities was not run.
const ONE_POLARITY: &str = "needs an n- and a p-channel model (name the other one with --with)";
/// The least supply of which a circuit can be made, V.
const LEAST_SUPPLY: f64 = 0.3;

/// Why a circuit gives no number of its own.
pub(crate) enum Stop {
    /// What is to be said instead.
    Outcome(Box<Outcome>),
    /// Nothing could be run.
    Error(QaError),
}

impl From<Outcome> for Stop {
    fn from(outcome: Outcome) -> Self {
        Stop::Outcome(Box::new(outcome))
    }
}

impl From<QaError> for Stop {
    fn from(error: QaError) -> Self {
        Stop::Error(error)
    }
}

/// A transistor of the library.
pub(crate) struct Part {
    /// Number of its model in the library.
    pub(crate) model: usize,
    /// Name of the device.
    pub(crate) device: String,
    /// The device at the temperature of the circuit.
    pub(crate) instance: Instance,
    /// Whether its model has charges.
    pub(crate) charges: bool,
    /// Largest mirrored vgs and vds of its data, V.
    pub(crate) reach: [f64; 2],
}

/// What circuits are built of, and where they run.
pub(crate) struct Kit<'a> {
    pub(crate) simulator: &'a Ngspice,
    pub(crate) exported: &'a Exported,
    /// The device that is judged.
    pub(crate) judged: Part,
    /// One of the other polarity.
    pub(crate) other: Option<Part>,
    /// Temperature of the circuits, K.
    pub(crate) temperature: f64,
}

impl Transistors for &Kit<'_> {
    type Size = ();

    fn cards(&self) -> String {
        let line = |p: &Part| self.exported.model_line(p.model, model_name(p.channel()), &p.device) + "\n";
        self.parts().map(line).collect()
    }

    fn load(&self) -> String {
        self.exported.load()
    }

    fn element(&self, number: usize, channel: char, (): (), nodes: &str, m: u32) -> String {
        format!("n{number} {nodes} {} m={m}", model_name(channel))
    }
}

/// What a netlist calls the transistors of a polarity.
fn model_name(channel: char) -> &'static str {
    if channel == 'n' { "nch" } else { "pch" }
}

impl Part {
    /// `n` or `p`.
    pub(crate) fn channel(&self) -> char {
        if self.instance.sign() > 0.0 { 'n' } else { 'p' }
    }

    /// Drain current of the n-channel mirror at its gate and drain voltage, A.
    pub(crate) fn current(&self, vgs: f64, vds: f64) -> f64 {
        let s = self.instance.sign();
        s * self.instance.current([s * vds, s * vgs, 0.0, 0.0])
    }

    /// What gate and drain of one in an inverter move while the stage switches from rail to rail, C.
    pub(crate) fn switched_charge(&self, supply: f64) -> f64 {
        let s = self.instance.sign();
        let at = |vgs: f64, vds: f64| self.instance.eval([s * vds, s * vgs, 0.0, 0.0]).charges();
        let (open, closed) = (at(supply, 0.0), at(0.0, supply));
        (open[0] - closed[0]).abs() + (open[1] - closed[1]).abs()
    }
}

impl Kit<'_> {
    fn parts(&self) -> impl Iterator<Item = &Part> {
        std::iter::once(&self.judged).chain(&self.other)
    }

    /// The supply that the data of all parts reach, V.
    pub(crate) fn supply(&self) -> Result<f64, Stop> {
        let reach = self.parts().flat_map(|p| p.reach).fold(f64::INFINITY, f64::min);
        if reach < LEAST_SUPPLY {
            let reason = format!("the data reach {reach:.2} V, too little for a supply");
            return Err(Outcome::NotTested(reason).into());
        }
        Ok(reach)
    }

    /// The n- and the p-channel part and the supply (V), when there are both.
    pub(crate) fn both(&self) -> Result<(&Part, &Part, f64), Stop> {
        let other = self.other.as_ref().ok_or_else(|| Outcome::NotTested(ONE_POLARITY.to_owned()))?;
        let supply = self.supply()?;
        Ok(match self.judged.channel() {
            'n' => (&self.judged, other, supply),
            _ => (other, &self.judged, supply),
        })
    }

    /// The same of parts that both have charges, without which there are no delays.
    pub(crate) fn charged(&self) -> Result<(&Part, &Part, f64), Stop> {
        let (n, p, supply) = self.both()?;
        match [n, p].into_iter().find(|part| !part.charges) {
            Some(part) => {
                let which = part.channel();
                Err(Outcome::NotModelled(format!("the {which}-channel model has no charges")).into())
            }
            None => Ok((n, p, supply)),
        }
    }

    /// An empty circuit.
    pub(crate) fn circuit(&self, supply: f64) -> Circuit<&Self> {
        Circuit::new(self, supply, si::celsius(self.temperature))
    }

    /// Runs commands with default options; without convergence, or without a table, there is no number.
    pub(crate) fn run(&self, circuit: &Circuit<&Self>, control: &str) -> Result<Run, Stop> {
        let run = self.simulator.run(&circuit.deck(control))?;
        let story = Story::read(&run.log);
        let remark = match story.ending {
            Ending::Failed | Ending::Refused => format!("did not converge: {}", story.reasons.join("; ")),
            _ if run.table.is_empty() => format!("no table came out: {}", run.last_lines(3)),
            _ => return Ok(run),
        };
        Err(Outcome::Measured(Measured { number: f64::NAN, worst: None, remark, picture: None }).into())
    }
}
