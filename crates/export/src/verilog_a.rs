//! A Verilog-A module: unrolled, one assignment a neuron, no arrays; devices and corners are module parameters.
//!
//! Branches `(d,s) (g,d) (g,s) (b,d) (b,s)` carry the flows so that Kirchhoff's law holds by construction:
//! channel current and charge between drain and source, half of gate and bulk to either side of a symmetric device.
//! Derivatives for noise and operating-point variables are the compiler's own (`ddx`), outside of contributions
//! of currents and charges.

use std::fmt::Write;

use gummel_kernel::OutputKind;
use gummel_model::Model;
use gummel_osdi::Overlap;

use crate::ExportError;
use crate::c::at;
use crate::listing::{Assignment, Dialect, Listing, wrap};
use crate::number::real;
use crate::program::build::Derivatives;
use crate::program::{Input, Program};
use crate::scope::{Scope, Selection};
use crate::stamp::{Stamp, header};

/// Name of the target.
pub const TARGET: &str = "verilog-a";
const WIDTH: usize = 110;
/// Rounding that a drawn size may have and still count as within the fitted range.
const SLACK_BELOW: f64 = 0.999;
const SLACK_ABOVE: f64 = 1.001;
/// Keeps divisions from zero over zero.
const TINY: &str = "1e-300";
/// Characters of names in one declaration.
const DECLARED: usize = 100;
const CONTINUED: &str = "                ";

/// The module as text.
///
/// # Errors
/// [`ExportError::Model`] for a device that is not in the model.
pub fn text(model: &Model, selection: &Selection) -> Result<String, ExportError> {
    let scope = Scope::new(model, selection, &Input::PLACE)?;
    let stamp = Stamp::new(TARGET, model, &scope);
    let program = Program::new(&model.spec, &scope, Derivatives::Without);
    let module = Module { model, scope: &scope, stamp: &stamp, program: &program };
    Ok(module.print())
}

struct Module<'a> {
    model: &'a Model,
    scope: &'a Scope,
    stamp: &'a Stamp,
    program: &'a Program,
}

struct VerilogA;

impl Dialect for VerilogA {
    fn variable(&self, name: &str) -> String {
        name.to_owned()
    }

    fn input(&self, input: Input) -> String {
        match input {
            Input::Vgs => "vgs",
            Input::Vds => "vds",
            Input::Vbs => "vbs",
            Input::W => "width",
            Input::L => "length",
            Input::Temperature => "$temperature",
            Input::Speed => "speed",
            Input::Skew => "skew",
        }
        .to_owned()
    }

    fn limited(&self, x: &str, limit: f64) -> String {
        let limit = real(limit);
        format!("max(-{limit}, min({limit}, {x}))")
    }

    fn ln(&self) -> &'static str {
        "ln"
    }
}

/// Operating-point variables: name, description, unit.
const OPERATING_POINT: [(&str, &str, &str); 4] = [
    ("id", "drain current", "A"),
    ("gm", "transconductance", "A/V"),
    ("gds", "output conductance", "A/V"),
    ("gmb", "body transconductance", "A/V"),
];

impl Module<'_> {
    fn print(&self) -> String {
        let needed = |name: &str| ["id", "is"].contains(&name) || OutputKind::from_name(name).is_some();
        let results = self.program.outputs().iter().filter(|(name, _)| needed(name));
        let results: Vec<_> = results.map(|o| o.1).collect();
        let listing = Listing::new(self.program, &results);
        let assignments = listing.assignments(&VerilogA);
        let mut out = String::new();
        for text in header(self.model, self.scope, self.stamp).iter().chain(&self.stamp.lines()) {
            line(&mut out, 0, &format!("// {text}"));
        }
        out += "\n`include \"constants.vams\"\n`include \"disciplines.vams\"\n\n";
        line(&mut out, 0, &format!("module {}(d, g, s, b);", self.stamp.module));
        line(&mut out, 1, "inout d, g, s, b;\n    electrical d, g, s, b;");
        line(&mut out, 1, "branch (d, s) br_ds;\n    branch (g, s) br_gs;\n    branch (b, s) br_bs;");
        line(&mut out, 1, "branch (g, d) br_gd;\n    branch (b, d) br_bd;\n");
        self.parameters(&mut out);
        self.variables(&mut out, &listing, &assignments);
        line(&mut out, 1, "analog begin");
        self.place(&mut out, &listing);
        self.evaluation(&mut out, &listing, &assignments);
        self.contributions(&mut out, &listing);
        self.noise(&mut out);
        line(&mut out, 1, "end\nendmodule");
        out
    }

    fn opens(&self, input: Input) -> bool {
        self.scope.open.contains(&input)
    }

    fn charged(&self) -> bool {
        self.program.output("qg").is_some()
    }

    fn parameters(&self, out: &mut String) {
        let last = self.stamp.devices.len() - 1;
        let mut parameter = |description: &str, units: &str, text: &str| {
            line(out, 1, &format!("(* desc=\"{description}\", units=\"{units}\" *)\n    parameter {text};"));
        };
        parameter("number of the device, see the header", "", &format!("integer device = 0 from [0:{last}]"));
        if self.opens(Input::Speed) || self.opens(Input::Skew) {
            parameter(
                "corner: 0 tt, 1 ff, 2 ss, 3 sf, 4 fs; -1 the device's own",
                "",
                "integer corner = -1 from [-1:4]",
            );
            parameter("distance from the corner towards ff", "", "real dspeed = 0.0 from (-inf:inf)");
            parameter("distance from the corner towards fs", "", "real dskew = 0.0 from (-inf:inf)");
        }
        for (input, name, what) in [(Input::W, "w", "width"), (Input::L, "l", "length")] {
            if self.opens(input) {
                let sizes = self.model.spec.devices.iter().map(|d| at(&d.place, input));
                let low = SLACK_BELOW * sizes.clone().fold(f64::INFINITY, f64::min);
                let high = SLACK_ABOVE * sizes.fold(0.0, f64::max);
                let what = format!("channel {what} within the fitted range; 0 the device's own");
                let range = format!("from [0.0:{}] exclude (0.0:{})", real(high), real(low));
                parameter(&what, "m", &format!("real {name} = 0.0 {range}"));
            }
        }
        parameter("flicker noise coefficient", "", "real kf = 0.0 from [0.0:inf)");
        parameter("flicker noise exponent of the current", "", "real af = 1.0 from (0.0:inf)");
        parameter("flicker noise exponent of the frequency", "", "real ef = 1.0 from (0.0:inf)");
        if !self.charged() {
            let Overlap { cgso, cgdo, cgbo } = Overlap::default();
            for (name, value, what) in [
                ("cgso", cgso, "gate-source capacitance per width"),
                ("cgdo", cgdo, "gate-drain capacitance per width"),
                ("cgbo", cgbo, "gate-bulk capacitance per length"),
            ] {
                parameter(what, "F/m", &format!("real {name} = {} from [0.0:inf)", real(value)));
            }
        }
        out.push('\n');
    }

    /// Names of the place's variables, in the order of [`Input::PLACE`] and then the multiplicity.
    fn place_variables(&self) -> Vec<(&'static str, Vec<f64>)> {
        let geometry = !self.charged();
        let mut variables = Vec::new();
        for (input, name) in
            [(Input::W, "width"), (Input::L, "length"), (Input::Speed, "speed"), (Input::Skew, "skew")]
        {
            if self.opens(input) || (geometry && matches!(input, Input::W | Input::L)) {
                variables.push((name, self.scope.places.iter().map(|p| at(p, input)).collect()));
            }
        }
        if geometry {
            variables.push(("parallel", self.scope.places.iter().map(|p| p.mult).collect()));
        }
        variables
    }

    fn variables(&self, out: &mut String, listing: &Listing<'_>, assignments: &[Assignment]) {
        for (name, description, units) in OPERATING_POINT {
            line(
                out,
                1,
                &format!("(* retrieve, desc=\"{description}\", units=\"{units}\" *)\n    real {name};"),
            );
        }
        let flows = assignments.iter().filter_map(|a| Some((a.name.as_str(), flow_of(&a.name)?)));
        for (name, (description, units)) in flows {
            line(
                out,
                1,
                &format!("(* retrieve, desc=\"{description}\", units=\"{units}\" *)\n    real {name};"),
            );
        }
        line(
            out,
            1,
            "real vgs, vds, vbs, isource, forward;\n    real sgm, sgds, sgmb, through, gsource, gdrain, diffusion, thermal;",
        );
        for (name, _) in self.place_variables() {
            line(out, 1, &format!("real {name};"));
        }
        let mut groups: Vec<(String, Vec<String>)> = Vec::new();
        let rows = listing.per_device().into_iter().map(|r| (prefix(&r.name), r.name));
        let others = assignments.iter().map(|a| (a.group.clone(), a.name.clone()));
        for (group, name) in rows.chain(others).filter(|(_, name)| name != "id" && flow_of(name).is_none()) {
            match groups.iter_mut().find(|(g, _)| *g == group) {
                Some((_, names)) => names.push(name),
                None => groups.push((group, vec![name])),
            }
        }
        for (_, names) in groups {
            let longest = names.iter().map(String::len).max().unwrap_or(1);
            for some in names.chunks((DECLARED / (longest + 2)).max(1)) {
                line(out, 1, &format!("real {};", some.join(", ")));
            }
        }
        out.push('\n');
    }

    /// Numbers of the chosen device.
    fn place(&self, out: &mut String, listing: &Listing<'_>) {
        let rows = listing.per_device();
        let place = self.place_variables();
        let values = |d: usize| {
            let own = rows.iter().map(move |r| (r.name.as_str(), r.values[d]));
            place.iter().map(move |(name, values)| (*name, values[d])).chain(own)
        };
        let devices = self.stamp.devices.len();
        if devices == 1 {
            for (name, value) in values(0) {
                line(out, 2, &format!("{name} = {};", real(value)));
            }
        } else if !(rows.is_empty() && place.is_empty()) {
            line(out, 2, "case (device)");
            for d in 0..devices {
                let label = if d + 1 == devices { "default".to_owned() } else { d.to_string() };
                line(out, 3, &format!("{label}: begin"));
                for (name, value) in values(d) {
                    line(out, 4, &format!("{name} = {};", real(value)));
                }
                line(out, 3, "end");
            }
            line(out, 2, "endcase");
        }
        for (input, parameter, variable) in [(Input::W, "w", "width"), (Input::L, "l", "length")] {
            if self.opens(input) {
                line(
                    out,
                    2,
                    &format!(
                        "if ({parameter} > 0.0) begin\n            {variable} = {parameter};\n        end"
                    ),
                );
            }
        }
        self.corner(out);
    }

    fn corner(&self, out: &mut String) {
        let open = [(Input::Speed, "speed", "dspeed"), (Input::Skew, "skew", "dskew")];
        if open.iter().all(|(i, ..)| !self.opens(*i)) {
            return;
        }
        for (k, corner) in gummel_device::Corner::ALL.into_iter().enumerate() {
            let position = corner.position();
            line(out, 2, &format!("if (corner == {k}) begin"));
            for (input, variable, value) in
                [(Input::Speed, "speed", position.speed), (Input::Skew, "skew", position.skew)]
            {
                if self.opens(input) {
                    line(out, 3, &format!("{variable} = {};", real(value)));
                }
            }
            line(out, 2, "end");
        }
        for (input, variable, shift) in open {
            if self.opens(input) {
                line(out, 2, &format!("{variable} = {variable} + {shift};"));
            }
        }
    }

    fn evaluation(&self, out: &mut String, listing: &Listing<'_>, assignments: &[Assignment]) {
        for v in ["gs", "ds", "bs"] {
            line(out, 2, &format!("v{v} = V(br_{v});"));
        }
        for a in assignments.iter().filter(|a| a.name != "id") {
            line(out, 2, &wrap(&format!("{} = {};", a.name, a.expression), CONTINUED, WIDTH));
        }
        let result = |name: &str| self.program.output(name).map(|id| listing.result(id, &VerilogA));
        let of_id = assignments.iter().find(|a| a.name == "id").map(|a| a.expression.clone());
        let id = of_id.or_else(|| result("id")).unwrap_or_default();
        line(out, 2, &wrap(&format!("id = {id};"), CONTINUED, WIDTH));
        line(out, 2, &format!("isource = {};", result("is").unwrap_or_else(|| "-id".into())));
        for (name, node) in [("gm", "g"), ("gds", "d"), ("gmb", "b")] {
            line(out, 2, &format!("{name} = ddx(id, V({node}));"));
        }
        out.push('\n');
    }

    fn contributions(&self, out: &mut String, listing: &Listing<'_>) {
        let flow =
            |kind: OutputKind| self.program.output(kind.name()).map(|id| listing.result(id, &VerilogA));
        let symmetric = self.model.spec.branches[0].features.symmetric;
        for (channel, gate, bulk, ddt) in [
            (OutputKind::Channel, OutputKind::Gate, OutputKind::Bulk, false),
            (OutputKind::ChannelCharge, OutputKind::GateCharge, OutputKind::BulkCharge, true),
        ] {
            let term = |x: String| if ddt { format!("ddt({x})") } else { x };
            if let Some(i) = flow(channel) {
                line(out, 2, &format!("I(br_ds) <+ {};", term(i)));
            }
            for (kind, terminal) in [(gate, 'g'), (bulk, 'b')] {
                let Some(i) = flow(kind) else { continue };
                if symmetric {
                    let half = term(format!("0.5*{i}"));
                    line(
                        out,
                        2,
                        &format!("I(br_{terminal}d) <+ {half};\n        I(br_{terminal}s) <+ {half};"),
                    );
                } else {
                    line(out, 2, &format!("I(br_{terminal}s) <+ {};", term(i)));
                }
            }
        }
        if !self.charged() {
            line(out, 2, "I(br_gs) <+ ddt(parallel*width*cgso*V(br_gs));");
            line(out, 2, "I(br_gd) <+ ddt(parallel*width*cgdo*V(br_gd));");
            line(out, 2, "I(g, b) <+ ddt(parallel*length*cgbo*V(g, b));");
        }
        out.push('\n');
    }

    /// Noise of the channel as `gummel_osdi::noise` has it, without its term of fast carriers: that one needs the device at
    /// another bias.
    fn noise(&self, out: &mut String) {
        let sign = if self.model.spec.sign < 0.0 { "-" } else { "" };
        line(
            out,
            2,
            "sgm = ddx(isource, V(g));\n        sgds = ddx(isource, V(s));\n        sgmb = ddx(isource, V(b));",
        );
        line(out, 2, &format!("forward = {sign}vds;"));
        line(out, 2, "if (forward < 0.0) begin");
        line(out, 3, "through = abs(sgm + sgmb);\n            gdrain = max(sgds, 0.0);");
        line(out, 2, "end else begin");
        line(out, 3, "through = abs(gm + gmb);\n            gdrain = max(gds, 0.0);");
        line(out, 2, "end");
        line(out, 2, "gsource = gdrain + through;");
        line(out, 2, &format!("diffusion = min(1.0, $vt*through/max(abs(id), {TINY}));"));
        line(out, 2, "thermal = 0.5*diffusion*(gsource + gdrain) + (1.0 - diffusion)*2.0/3.0");
        line(
            out,
            3,
            &format!("*(gsource*gsource + gsource*gdrain + gdrain*gdrain)/max(gsource + gdrain, {TINY});"),
        );
        line(out, 2, "I(br_ds) <+ white_noise(4.0*`P_K*$temperature*thermal, \"thermal\");");
        line(out, 2, "I(br_ds) <+ flicker_noise(kf*pow(abs(id), af), ef, \"flicker\");");
    }
}

/// Description and unit of a modelled flow.
fn flow_of(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "i_channel" => Some(("channel current", "A")),
        "i_gate" => Some(("gate current", "A")),
        "i_bulk" => Some(("bulk current", "A")),
        "q_gate" => Some(("gate charge", "C")),
        "q_bulk" => Some(("bulk charge", "C")),
        "q_channel" => Some(("half the difference of drain and source charge", "C")),
        _ => None,
    }
}

/// Name of a vector from that of its element.
fn prefix(element: &str) -> String {
    element.rsplit_once('_').map_or(element, |(vector, _)| vector).to_owned()
}

fn line(out: &mut String, depth: usize, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}{text}", "    ".repeat(depth));
}
