//! The doctor: runs a circuit with exported models, reads the log, and says what is suspicious and what to do.
//!
//! A simulator that does not converge names a node at best. Here the circuit is run analysis by analysis; wherever the
//! simulator had an exported transistor, the kernel is asked for currents and slopes of the very model that the
//! library carries. So a negative conductance, a kink or a bias outside the data is a measured fact with a
//! place. What belongs to the circuit is told from the circuit: floating nodes, initial conditions, missing charges.
//!
//! Reading order: `netlist` (the file taken apart), `circuit` (the simulator's listing), `run`, `log`, `devices`, then what
//! may be wrong: `topology`, `symptoms`.

mod circuit;
mod devices;
mod log;
mod netlist;
mod run;
mod symptoms;
mod topology;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use serde::Serialize;

use crate::{Limits, Ngspice, QaError};
use circuit::{Circuit, Element, is_ground};
use devices::{Device, Libraries, Placed, Stage, Trail};
pub use log::Ending;
pub(crate) use log::Story;
use netlist::{Netlist, Step};
use run::Bench;

/// Room temperature of simulators, K.
const NOMINAL: f64 = 300.15;

/// How a circuit is examined.
#[derive(Clone, Debug)]
pub struct Instruments {
    /// ngspice.
    pub ngspice: PathBuf,
    /// Device libraries that the netlist does not name, for instance those of a `.spiceinit`.
    pub libraries: Vec<PathBuf>,
    /// Limits of the checks.
    pub limits: Limits,
    /// Once raised, the simulator is killed and the examination ends with [`QaError::Stopped`].
    pub stop: Arc<AtomicBool>,
}

/// What may be wrong, the more likely reason of a failure first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The simulator or the device library refused the circuit.
    Refused,
    /// A node has no path for direct current to ground.
    FloatingNode,
    /// An initial condition that the circuit cannot have.
    InitialCondition,
    /// gm or gds is negative where the simulator was.
    NegativeConductance,
    /// A transistor is used outside what it was fitted to.
    OutOfRange,
    /// gm or gds changes its slope at once.
    Kink,
    /// A transient or AC analysis of a model without charges.
    MissingCharge,
    /// An analysis failed for none of these reasons.
    Unexplained,
}

impl Cause {
    /// Words for a heading.
    pub fn text(self) -> &'static str {
        match self {
            Cause::Refused => "refused",
            Cause::FloatingNode => "floating node",
            Cause::InitialCondition => "bad initial condition",
            Cause::NegativeConductance => "negative conductance",
            Cause::OutOfRange => "bias out of range",
            Cause::Kink => "kink",
            Cause::MissingCharge => "missing charge",
            Cause::Unexplained => "failed for another reason",
        }
    }
}

/// Something suspicious.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// What.
    pub cause: Cause,
    /// Model and device, or node.
    pub subject: String,
    /// Instances that show it, the worst first.
    pub instances: Vec<String>,
    /// Number of the analysis, from 0.
    pub analysis: Option<usize>,
    /// Time or swept value, where there is one.
    pub at: Option<f64>,
    /// Mirrored vgs, vds, vbs with vds not negative, V.
    pub bias: Option<[f64; 3]>,
    /// The number behind it: conductance (S), voltage (V), jump of slope.
    pub number: Option<f64>,
    /// What was found.
    pub evidence: String,
    /// What to do.
    pub advice: String,
}

/// One analysis and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Analysis {
    /// The command.
    pub command: String,
    /// How it ended.
    pub ending: Ending,
    /// Points it gave.
    pub points: usize,
    /// Lines of the log that say why.
    pub reasons: Vec<String>,
    /// Nodes and instances that the simulator names.
    pub trouble: Vec<String>,
}

/// The result of an examination.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The netlist.
    pub netlist: PathBuf,
    /// Exported transistors in it.
    pub transistors: usize,
    /// Analyses in order.
    pub analyses: Vec<Analysis>,
    /// What is suspicious, the most likely reason of a failure first.
    pub findings: Vec<Finding>,
    /// What was not looked at.
    pub remarks: Vec<String>,
}

/// Examines the circuit of a netlist.
///
/// # Errors
/// When the netlist or a library cannot be read or the simulator cannot be started. A circuit that fails is a
/// [`Diagnosis`].
pub fn examine(path: &Path, instruments: &Instruments) -> Result<Diagnosis, QaError> {
    let netlist = Netlist::read(path)?;
    let folder = std::path::absolute(path).map_err(QaError::io("read", path))?;
    let folder = folder.parent().unwrap_or(Path::new("/")).to_owned();
    let bench = Bench { simulator: Ngspice::new(&instruments.ngspice).until(&instruments.stop), folder };
    let listing = bench.log(&netlist.listing_deck())?;
    let circuit = Circuit::parse(&listing);
    let named = netlist.libraries.iter().map(|l| bench.folder.join(l));
    let paths: Vec<PathBuf> = named.chain(instruments.libraries.iter().cloned()).collect();
    let libraries = Libraries::read(paths.iter().map(PathBuf::as_path))?;
    let mut found = Diagnosis {
        netlist: path.to_owned(),
        transistors: 0,
        analyses: Vec::new(),
        findings: Vec::new(),
        remarks: Vec::new(),
    };
    if netlist.structured {
        found.remarks.push("loops and conditions of the control section were not followed".to_owned());
    }
    if circuit.elements.is_empty() {
        let story = Story::read(&listing);
        found.findings.push(refused(&story.reasons, &listing));
        return Ok(found);
    }
    let (devices, placed, mut remarks) = devices::of(&circuit, &libraries, NOMINAL);
    let nodes = devices::nodes(&circuit, &placed);
    let mut examined = Examined { circuit, devices, placed, nodes };
    let steps = netlist.steps(&examined.circuit.analyses);
    for (k, step) in steps.iter().enumerate() {
        let ran = bench.analysis(&netlist, step, &examined.nodes)?;
        let story = Story::read(&ran.log);
        // The first log tells the temperature, and with it which devices these are; their nodes stay.
        if let (0, Some(ambient)) = (k, story.temperature) {
            (examined.devices, examined.placed, remarks) =
                devices::of(&examined.circuit, &libraries, ambient);
        }
        examined.follow(k, step, &ran.rows, &story);
        found.analyses.push(Analysis {
            command: step.command.clone(),
            ending: story.ending,
            points: ran.rows.len(),
            reasons: story.reasons,
            trouble: story.trouble,
        });
    }
    found.remarks.extend(remarks);
    found.transistors = examined.placed.len();
    if found.transistors == 0 {
        found.remarks.push("no transistor of a library that gummel exported is in the circuit".to_owned());
    }
    found.findings = examined.findings(&steps, &found.analyses, &instruments.limits);
    Ok(found)
}

/// A circuit while it is examined.
struct Examined {
    circuit: Circuit,
    devices: Vec<Device>,
    placed: Vec<Placed>,
    nodes: Vec<String>,
}

impl Examined {
    fn follow(&mut self, analysis: usize, step: &Step, rows: &[Vec<f64>], story: &Story) {
        let conditioned =
            step.starts_from_conditions() || (step.kind() == "tran" && !self.circuit.conditions.is_empty());
        let trail = Trail { analysis, nodes: &self.nodes, rows, conditioned, last: &story.last };
        devices::visit(&mut self.devices, &self.circuit, &self.placed, &trail);
    }

    /// Everything suspicious, in the order of [`Cause`].
    fn findings(&mut self, steps: &[Step], analyses: &[Analysis], limits: &Limits) -> Vec<Finding> {
        let ended = |ending: Ending| -> Vec<usize> {
            (0..analyses.len()).filter(|k| analyses[*k].ending == ending).collect()
        };
        let failed = ended(Ending::Failed);
        let mut all = Vec::new();
        if let Some(k) = ended(Ending::Refused).first() {
            all.push(Finding { analysis: Some(*k), ..refused(&analyses[*k].reasons, "") });
        }
        let floating = self.floating(steps, analyses);
        let afloat: Vec<&String> = floating.iter().flat_map(|f| &f.instances).collect();
        for device in &mut self.devices {
            device.forget(|visit, name| visit.stage != Stage::Start && afloat.contains(&name));
        }
        all.extend(floating);
        all.extend(self.conditions());
        let starts: Vec<Finding> =
            self.devices.iter().filter_map(|d| symptoms::range(d, Stage::Start, limits)).collect();
        // What follows from a start that cannot be is its consequence.
        let flung: Vec<usize> = starts.iter().filter_map(|f| f.analysis).collect();
        for device in &mut self.devices {
            device.forget(|visit, _| flung.contains(&visit.analysis));
        }
        all.extend(starts);
        let charged = |s: &Step| !matches!(s.kind().as_str(), "op" | "dc" | "tf" | "noise");
        let reactive = steps.iter().position(charged);
        for device in &self.devices {
            all.extend(symptoms::conductance(device, &failed, limits));
            all.extend(symptoms::range(device, Stage::Solution, limits));
            all.extend(symptoms::kink(device, limits));
            all.extend(reactive.and_then(|k| uncharged(device, k)));
        }
        if let (Some(k), true) = (failed.first(), all.is_empty()) {
            all.push(self.unexplained(*k, &analyses[*k]));
        }
        all.sort_by_key(|f| f.cause);
        all
    }

    fn floating(&self, steps: &[Step], analyses: &[Analysis]) -> Vec<Finding> {
        let capacitors_hold = steps.iter().all(Step::starts_from_conditions);
        let islands = topology::floating(&self.circuit, &self.devices, &self.placed, capacitors_hold);
        let blamed =
            |node: &String| analyses.iter().position(|a| a.trouble.contains(node)).map(|k| (k, node.clone()));
        let island = |(nodes, instances): (Vec<String>, Vec<String>)| {
            let said = nodes.iter().find_map(blamed);
            let plural = if nodes.len() == 1 { "node" } else { "nodes" };
            let in_log = said.as_ref().map_or(String::new(), |(k, node)| {
                format!("; the simulator names node {node} in '{}'", analyses[*k].command)
            });
            Finding {
                analysis: said.map(|s| s.0),
                ..Finding::about(Cause::FloatingNode, &format!("{plural} {}", nodes.join(", ")), instances)
            }
            .because(format!("no element carries direct current from there to ground{in_log}"))
            .advise(
                "connect the node, or tie it to ground with a large resistor (1e12 ohm); gate and bulk of an exported \
                 transistor carry no current unless the model has it",
            )
        };
        islands.into_iter().map(island).collect()
    }

    /// Conditions on nodes that are not there or that a source holds elsewhere.
    fn conditions(&self) -> Vec<Finding> {
        let mut all = Vec::new();
        for (node, wanted) in &self.circuit.conditions {
            let evidence = if !self.circuit.has_node(node) {
                format!("the circuit has no node {node}: the condition has no effect")
            } else if let Some((source, held)) = self.held(node).filter(|(_, v)| (v - wanted).abs() > 0.01) {
                format!("{wanted} V is asked for, but {} holds the node at {held} V", source.called())
            } else {
                continue;
            };
            all.push(
                Finding {
                    number: Some(*wanted),
                    ..Finding::about(Cause::InitialCondition, &format!(".ic v({node})"), Vec::new())
                }
                .because(evidence)
                .advise("correct the .ic line; nodes in subcircuits are called x1.node"),
            );
        }
        all
    }

    /// The source between a node and ground, and its voltage at time zero.
    fn held(&self, node: &str) -> Option<(&Element, f64)> {
        self.circuit.elements.iter().filter(|e| e.kind() == b'v').find_map(|e| match e.nodes.as_slice() {
            [plus, minus] if plus == node && is_ground(minus) => Some((e, e.source_at_zero())),
            [plus, minus] if minus == node && is_ground(plus) => Some((e, -e.source_at_zero())),
            _ => None,
        })
    }

    fn unexplained(&self, k: usize, analysis: &Analysis) -> Finding {
        let touches = |e: &&Element| {
            analysis.trouble.iter().any(|t| e.nodes.contains(t) || e.name == *t || e.called() == t)
        };
        let near = self.circuit.elements.iter().filter(touches).map(|e| e.called().to_owned()).collect();
        let at = match analysis.trouble.as_slice() {
            [] => String::new(),
            names => format!(" at {}", names.join(", ")),
        };
        Finding { analysis: Some(k), ..Finding::about(Cause::Unexplained, &analysis.command, near) }
            .because(match self.placed.len() {
                0 => format!("no convergence{at}; no exported transistor is in the circuit"),
                _ => format!(
                    "no convergence{at}; at all biases seen the exported models have positive gm and gds, no kink, and \
                     are in range"
                ),
            })
            .advise(
                "look at the other elements there: ideal switches, sources without resistance, capacitors without loss; try \
                 .options method=gear, a smaller step, or a nodeset",
            )
    }
}

impl Finding {
    fn about(cause: Cause, subject: &str, instances: Vec<String>) -> Self {
        Finding {
            cause,
            subject: subject.to_owned(),
            instances,
            analysis: None,
            at: None,
            bias: None,
            number: None,
            evidence: String::new(),
            advice: String::new(),
        }
    }

    fn because(self, evidence: impl Into<String>) -> Self {
        Finding { evidence: evidence.into(), ..self }
    }

    fn advise(self, advice: impl Into<String>) -> Self {
        Finding { advice: advice.into(), ..self }
    }
}

/// The circuit never ran.
fn refused(reasons: &[String], log: &str) -> Finding {
    let evidence = match reasons {
        [] => {
            let lines: Vec<&str> = log.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
            lines[lines.len().saturating_sub(6)..].join("; ")
        }
        some => some.join("; "),
    };
    Finding::about(Cause::Refused, "the circuit", Vec::new())
        .because(evidence)
        .advise("mend the line that the simulator names; a library's message says what it holds")
}

/// A device whose only charges are linear capacitances, in an analysis in which charges matter.
fn uncharged(device: &Device, analysis: usize) -> Option<Finding> {
    if device.charged {
        return None;
    }
    let [cgso, cgdo, cgbo] = device.overlap;
    let what = if device.overlap == [0.0; 3] {
        "it has no capacitance at all, so voltages may jump".to_owned()
    } else {
        format!(
            "linear capacitances stand in: cgso {cgso:.1e}, cgdo {cgdo:.1e}, cgbo {cgbo:.1e} F/m, without the channel's"
        )
    };
    let found = Finding::about(Cause::MissingCharge, &device.title, device.instances.clone());
    Some(
        Finding { analysis: Some(analysis), ..found }
            .because(format!("the model has no charges; {what}"))
            .advise("fit with data that hold charges or capacitances, or give cgso, cgdo and cgbo on the .model line"),
    )
}
