//! SPICE subcircuits of behavioural sources, one a device: for simulators that load nothing else.
//!
//! Every neuron is a voltage source, currents are current sources, charges act through a unit capacitor. About a
//! thousand times slower than a compiled model and without noise; the file says so too.

use std::fmt::Write;

use gummel_kernel::OutputKind;
use gummel_model::Model;
use gummel_osdi::Overlap;

use crate::ExportError;
use crate::library::without_corner;
use crate::listing::{Dialect, Listing, wrap};
use crate::number::real;
use crate::program::build::Derivatives;
use crate::program::{Input, Program};
use crate::scope::{Scope, Selection};
use crate::stamp::{Stamp, header, node_name};

/// Name of the target.
pub const TARGET: &str = "spice";
const WIDTH: usize = 90;
/// What a user has to know.
pub const WARNING: &str = "behavioural sources are about 1000 times slower than a compiled model and have no noise; \
                           use them for small circuits, or where a simulator takes neither OSDI nor Verilog-A";

/// What the subcircuits are called, behind the name of the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// The device's name.
    Own,
    /// The device's name without its corner, so that all sections of a library have the same names.
    WithoutCorner,
}

/// The subcircuits as text.
///
/// # Errors
/// [`ExportError::Model`] for a device that is not in the model.
pub fn text(model: &Model, selection: &Selection, names: Names) -> Result<String, ExportError> {
    let scope = Scope::new(model, selection, &[])?;
    let mut stamp = Stamp::new(TARGET, model, &scope);
    for device in &mut stamp.devices {
        let name = match names {
            Names::Own => &device.name,
            Names::WithoutCorner => without_corner(&device.name),
        };
        device.call = format!("{}_{}", stamp.module, node_name(name));
    }
    distinct(&stamp)?;
    let mut out = String::new();
    for text in header(model, &scope, &stamp).iter().chain(&stamp.lines()) {
        line(&mut out, &format!("* {text}"));
    }
    line(&mut out, &format!("* WARNING: {WARNING}"));
    for (k, device) in stamp.devices.iter().enumerate() {
        let one = Scope { devices: vec![scope.devices[k]], places: vec![scope.places[k]], open: Vec::new() };
        let program = Program::new(&model.spec, &one, Derivatives::Without);
        let name = &device.call;
        line(&mut out, &format!("\n* {}\n.subckt {name} d g s b", device.name));
        Subcircuit { model, scope: &one, program: &program }.print(&mut out);
        line(&mut out, &format!(".ends {name}"));
    }
    Ok(out)
}

/// Fails when a netlist could not tell two devices apart.
fn distinct(stamp: &Stamp) -> Result<(), ExportError> {
    let mut calls: Vec<String> = stamp.devices.iter().map(|d| d.call.to_ascii_lowercase()).collect();
    calls.sort();
    match calls.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(pair) => {
            let reason =
                format!("has two devices that a netlist calls {}; choose devices with --device", pair[0]);
            Err(ExportError::Unsuitable { target: TARGET, reason })
        }
    }
}

struct Subcircuit<'a> {
    model: &'a Model,
    scope: &'a Scope,
    program: &'a Program,
}

struct Spice;

impl Dialect for Spice {
    fn variable(&self, name: &str) -> String {
        format!("v({name})")
    }

    fn input(&self, input: Input) -> String {
        match input {
            Input::Vgs => "v(g,s)".into(),
            Input::Vds => "v(d,s)".into(),
            Input::Vbs => "v(b,s)".into(),
            // Nothing else is open in a subcircuit.
            other => other.name().into(),
        }
    }

    fn limited(&self, x: &str, limit: f64) -> String {
        let limit = real(limit);
        format!("max(-{limit}, min({limit}, {x}))")
    }

    fn ln(&self) -> &'static str {
        "ln"
    }
}

impl Subcircuit<'_> {
    fn print(&self, out: &mut String) {
        let kinds = OutputKind::ALL.into_iter().filter_map(|k| Some((k, self.program.output(k.name())?)));
        let kinds: Vec<_> = kinds.collect();
        let listing = Listing::new(self.program, &kinds.iter().map(|k| k.1).collect::<Vec<_>>());
        let assignments = listing.assignments(&Spice);
        let flows: Vec<String> = kinds.iter().map(|(_, id)| listing.result(*id, &Spice)).collect();
        for a in &assignments {
            let read = Spice.variable(&a.name);
            match flows.iter().position(|f| *f == read) {
                Some(k) => self.flow(out, kinds[k].0, &a.expression),
                None => source(out, &format!("b{0} {0} 0 v = {1}", a.name, a.expression)),
            }
        }
        if self.model.spec.branches.len() == 1 {
            let (Overlap { cgso, cgdo, cgbo }, place) = (Overlap::default(), self.scope.places[0]);
            for (nodes, farads) in [
                ("gs g s", cgso * place.w * place.mult),
                ("gd g d", cgdo * place.w * place.mult),
                ("gb g b", cgbo * place.l * place.mult),
            ] {
                line(out, &format!("c{nodes} {}", real(farads)));
            }
        }
    }

    fn flow(&self, out: &mut String, kind: OutputKind, expression: &str) {
        // (from, to, share), as in `gummel_kernel::point`.
        let symmetric = self.model.spec.branches[0].features.symmetric;
        let paths: &[(char, char, f64)] = match kind {
            OutputKind::Channel | OutputKind::ChannelCharge => &[('d', 's', 1.0)],
            OutputKind::Gate | OutputKind::GateCharge if symmetric => &[('g', 'd', 0.5), ('g', 's', 0.5)],
            OutputKind::Bulk | OutputKind::BulkCharge if symmetric => &[('b', 'd', 0.5), ('b', 's', 0.5)],
            OutputKind::Gate | OutputKind::GateCharge => &[('g', 's', 1.0)],
            OutputKind::Bulk | OutputKind::BulkCharge => &[('b', 's', 1.0)],
        };
        let name = kind.name();
        if kind.is_charge() {
            // A charge of 1 pC is 1 V on a capacitor of 1 pF; the current through it is the charge's derivative.
            let node = charge_node(kind);
            source(out, &format!("bq_{name} {node} 0 v = {VOLTS_PER_COULOMB:e}*({expression})"));
            line(out, &format!("vq_{name} {node} nc_{name} 0\ncq_{name} nc_{name} 0 1e-12"));
            for (from, to, share) in paths {
                line(out, &format!("f{name}_{to} {from} {to} vq_{name} {}", real(*share)));
            }
            return;
        }
        for (from, to, share) in paths {
            let expression = if *share == 1.0 {
                expression.to_owned()
            } else {
                format!("{}*({expression})", real(*share))
            };
            source(out, &format!("b{name}_{to} {from} {to} i = {expression}"));
        }
    }
}

/// What a charge is multiplied by to become the voltage of its node.
pub(crate) const VOLTS_PER_COULOMB: f64 = 1e12;

/// The node inside a subcircuit whose voltage is a charge.
pub(crate) fn charge_node(kind: OutputKind) -> String {
    format!("nq_{}", kind.name())
}

fn source(out: &mut String, text: &str) {
    line(out, &wrap(text, "+ ", WIDTH));
}

fn line(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
