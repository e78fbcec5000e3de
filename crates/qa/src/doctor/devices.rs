//! The exported transistors of a circuit: which model each is, and at which biases the simulator had it.

use std::collections::BTreeMap;
use std::path::Path;

use gummel_device::si;
use gummel_export::osdi::select::{Choice, Request, choose, family};
use gummel_export::osdi::{self, Entry};
use gummel_kernel::{Instance, Member};

use super::circuit::{Circuit, Element, ModelLine, is_ground};
use crate::QaError;
use crate::checks::signs::Signs;
use crate::device::Volts;

/// Most biases of one device and analysis that are evaluated; a longer analysis is thinned evenly.
const MOST: usize = 1500;
/// Noise floor of a device whose library does not say it, A: what simulators put across every junction (1e-12 S) carries a tenth of
/// it at one volt.
const UNKNOWN_FLOOR: f64 = 1e-11;

/// Transistors that are the same device: one evaluator for all.
pub(super) struct Device {
    /// What a netlist calls it: model line, and device or size.
    pub(super) title: String,
    /// Names of the instances.
    pub(super) instances: Vec<String>,
    /// The evaluator.
    pub(super) instance: Instance,
    /// Fitted range of the mirrored vgs, vds, vbs, V.
    pub(super) range: [[f64; 2]; 3],
    /// Whether the model has charges.
    pub(super) charged: bool,
    /// Linear capacitances per metre: cgso, cgdo, cgbo.
    pub(super) overlap: [f64; 3],
    /// Whether gate and bulk carry current.
    pub(super) conducts: [bool; 2],
    /// Where the signs of its conductances mean something.
    pub(super) signs: Signs,
    /// Where it was.
    pub(super) visits: Vec<Visit>,
}

/// A bias at which an instance was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Visit {
    /// Number of the instance in [`Device::instances`].
    pub(super) who: usize,
    /// Number of the analysis.
    pub(super) analysis: usize,
    /// Time or swept value; `None` for an operating point or an iteration.
    pub(super) at: Option<f64>,
    /// Terminal voltages.
    pub(super) volts: Volts,
    /// What kind of bias it is.
    pub(super) stage: Stage,
}

/// Kinds of biases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// The start of a transient with initial conditions.
    Start,
    /// A solution.
    Solution,
    /// An iteration of an operating point that was not found.
    Iteration,
}

/// An element and the device it is.
pub(super) struct Placed {
    /// Number of the element.
    pub(super) element: usize,
    /// Number of the device, and of the instance in it.
    pub(super) device: [usize; 2],
}

/// The device libraries of a netlist.
pub(super) struct Libraries(Vec<Entry>);

impl Libraries {
    /// Reads those that gummel wrote; others are left to the simulator.
    ///
    /// # Errors
    /// When a library of gummel is damaged.
    pub(super) fn read<'a>(paths: impl Iterator<Item = &'a Path>) -> Result<Self, QaError> {
        let mut all = Vec::new();
        for path in paths {
            // What is not there or not ours is the simulator's to complain about.
            let Ok(bytes) = std::fs::read(path) else { continue };
            if osdi::is_exported(&bytes) {
                all.extend(osdi::entries(&bytes, path).map_err(|e| QaError::Export(e.to_string()))?);
            }
        }
        Ok(Libraries(all))
    }

    fn of<'a>(&'a self, circuit: &'a Circuit, element: &Element) -> Option<(&'a Entry, &'a ModelLine)> {
        let name = element.rest.first().filter(|_| element.kind() == b'n')?;
        let model = circuit.models.iter().find(|m| m.name == *name)?;
        let models: Vec<&Entry> = self.0.iter().filter(|e| e.name == model.of).collect();
        let families: Vec<&str> = models.iter().map(|e| e.family.as_str()).collect();
        // What the library refuses, the simulator's log says.
        let chosen = family(&families, model.parameter("family")).ok()?;
        Some((models[chosen], model))
    }
}

/// The exported transistors of a circuit at `ambient` temperature (K), and what could not be told of some.
pub(super) fn of(
    circuit: &Circuit,
    libraries: &Libraries,
    ambient: f64,
) -> (Vec<Device>, Vec<Placed>, Vec<String>) {
    let (mut devices, mut placed, mut remarks) = (Vec::new(), Vec::new(), Vec::new());
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (k, element) in circuit.elements.iter().enumerate() {
        let Some((entry, model)) = libraries.of(circuit, element) else { continue };
        if element.nodes.len() < 4 {
            remarks.push(format!("{} has fewer than four nodes and was not judged", element.called()));
            continue;
        }
        let number = |name: &str| {
            element.parameter(name).or_else(|| model.parameter(name)).and_then(|t| si::parse(t).ok())
        };
        // As the library does: sizes may be drawn in another unit than metres.
        let of_model = |name: &str| model.parameter(name).and_then(|t| si::parse(t).ok());
        let unit = of_model("scale").unwrap_or(1.0) * (1.0 - 0.01 * of_model("shrink").unwrap_or(0.0));
        let own = |name: &str| element.parameter(name).and_then(|t| si::parse(t).ok());
        let temperature =
            own("temp").map_or(ambient, si::kelvin) + own("dtemp").or_else(|| own("dt")).unwrap_or(0.0);
        let request = Request {
            device: model.parameter("device"),
            corner: model.parameter("corner"),
            speed: model.parameter("speed").and_then(|t| si::parse(t).ok()),
            skew: model.parameter("skew").and_then(|t| si::parse(t).ok()),
            w: number("w").map(|w| w * unit),
            l: number("l").map(|l| l * unit),
            temperature,
        };
        let key = format!("{} {:?}", model.name, request);
        let device = match known.get(&key) {
            Some(device) => *device,
            None => match choose(&entry.spec, &request) {
                Ok(choice) => {
                    devices.push(Device::new(entry, model, &request, &choice));
                    known.insert(key, devices.len() - 1);
                    devices.len() - 1
                }
                Err(reason) => {
                    remarks.push(format!("{}: {reason}", element.called()));
                    continue;
                }
            },
        };
        let instances = &mut devices[device].instances;
        instances.push(element.called().to_owned());
        placed.push(Placed { element: k, device: [device, instances.len() - 1] });
    }
    (devices, placed, remarks)
}

impl Device {
    fn new(entry: &Entry, model: &ModelLine, request: &Request<'_>, choice: &Choice) -> Self {
        let spec = &entry.spec;
        let micrometres =
            |v: f64| format!("{:.4}", 1e6 * v).trim_end_matches('0').trim_end_matches('.').to_owned();
        let size = format!("w={}u l={}u", micrometres(choice.place.w), micrometres(choice.place.l));
        let chosen = request.device.map_or(size, |d| format!("device {d}"));
        let linear = |name: &str, default: f64| {
            model.parameter(name).and_then(|t| si::parse(t).ok()).unwrap_or(default)
        };
        let kinds: Vec<_> = spec.branches.iter().flat_map(|b| &b.outputs).map(|o| o.kind).collect();
        let has = |kind| kinds.contains(&kind);
        // Of the population, which is no measured device, the largest.
        let largest = |k: usize| entry.floors.iter().map(|f| f[k]).reduce(f64::max);
        let [floor, leakage] = match choice.member {
            Member::Device(d) => entry.floors.get(d).copied(),
            Member::Population => largest(0).zip(largest(1)).map(|(floor, leakage)| [floor, leakage]),
        }
        .unwrap_or([UNKNOWN_FLOOR, 0.0]);
        Device {
            title: format!("{} ({}, {chosen})", model.name, model.of),
            instances: Vec::new(),
            instance: Instance::new(spec, choice.member, &choice.place),
            range: choice.range,
            charged: spec.branches.len() > 1,
            overlap: [
                linear("cgso", entry.overlap.cgso),
                linear("cgdo", entry.overlap.cgdo),
                linear("cgbo", entry.overlap.cgbo),
            ],
            conducts: [has(gummel_kernel::OutputKind::Gate), has(gummel_kernel::OutputKind::Bulk)],
            signs: Signs { floor, leakage, thermal_voltage: si::BOLTZMANN_VOLTS * request.temperature },
            visits: Vec::new(),
        }
    }

    /// Drops visits that say nothing of their own, told by visit and name of the instance.
    pub(super) fn forget(&mut self, of_no_account: impl Fn(&Visit, &String) -> bool) {
        let instances = &self.instances;
        self.visits.retain(|v| !of_no_account(v, &instances[v.who]));
    }

    /// Mirrored vgs, vds, vbs seen so that vds is not negative.
    pub(super) fn forward(&self, v: Volts) -> [f64; 3] {
        let sign = self.instance.sign();
        let source = if sign * (v[0] - v[2]) < 0.0 { 0 } else { 2 };
        [v[1] - v[source], v[2 - source] - v[source], v[3] - v[source]].map(|x| sign * x)
    }

    /// Terminal voltages of a mirrored bias.
    pub(super) fn volts(&self, [vgs, vds, vbs]: [f64; 3]) -> Volts {
        let sign = self.instance.sign();
        [sign * vds, sign * vgs, 0.0, sign * vbs]
    }

    /// Mirrored drain current, A, and gm, gds, S, at a mirrored bias.
    pub(super) fn at(&self, bias: [f64; 3]) -> [f64; 3] {
        let point = self.instance.eval_currents(self.volts(bias));
        [self.instance.sign() * point.id(), point.gm(), point.gds()]
    }
}

/// Nodes that transistors are connected to, ground left out, each once.
pub(super) fn nodes(circuit: &Circuit, placed: &[Placed]) -> Vec<String> {
    let mut all: Vec<String> = placed
        .iter()
        .flat_map(|p| &circuit.elements[p.element].nodes[..4])
        .filter(|n| !is_ground(n))
        .cloned()
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What an analysis left to look at.
pub(super) struct Trail<'a> {
    /// Number of the analysis.
    pub(super) analysis: usize,
    /// Nodes of the columns after the first.
    pub(super) nodes: &'a [String],
    /// Scale and voltages.
    pub(super) rows: &'a [Vec<f64>],
    /// Whether the first row is an initial condition.
    pub(super) conditioned: bool,
    /// Last two iterations, per node.
    pub(super) last: &'a [(String, [f64; 2])],
}

/// Records where every transistor was in an analysis.
pub(super) fn visit(devices: &mut [Device], circuit: &Circuit, placed: &[Placed], trail: &Trail<'_>) {
    let Trail { analysis, nodes, rows, conditioned, last } = *trail;
    let column = |node: &str| nodes.iter().position(|n| n == node);
    let stride = rows.len().div_ceil(MOST).max(1);
    for p in placed {
        let [device, who] = p.device;
        let terminals: Vec<Option<usize>> =
            circuit.elements[p.element].nodes[..4].iter().map(|n| column(n)).collect();
        for (k, row) in rows.iter().enumerate().step_by(stride) {
            let volts: Volts = std::array::from_fn(|t| terminals[t].map_or(0.0, |c| row[c + 1]));
            let at = (rows.len() > 1).then(|| row[0]);
            let stage = if conditioned && k == 0 { Stage::Start } else { Stage::Solution };
            devices[device].visits.push(Visit { who, analysis, at, volts, stage });
        }
        for iteration in 0..2 {
            let volt = |node: &String| {
                is_ground(node)
                    .then_some(0.0)
                    .or_else(|| last.iter().find(|(n, _)| n == node).map(|(_, v)| v[iteration]))
            };
            let found: Vec<f64> = circuit.elements[p.element].nodes[..4].iter().filter_map(volt).collect();
            if let [d, g, s, b] = found[..]
                && !last.is_empty()
            {
                let (volts, stage) = ([d, g, s, b], Stage::Iteration);
                devices[device].visits.push(Visit { who, analysis, at: None, volts, stage });
            }
        }
    }
}
