//! A C header: one file, C99, nothing but the standard library; drain current with exact derivatives.
//!
//! What does not change with bias is computed once, by `NAME_prepare`; `NAME_eval` is branch-free.

use std::fmt::Write;

use gummel_model::Model;

use crate::ExportError;
use crate::listing::{Dialect, Listing, wrap};
use crate::number::real;
use crate::program::build::Derivatives;
use crate::program::{Id, Input, Program};
use crate::scope::{Scope, Selection};
use crate::stamp::{Stamp, header};

/// Name of the target.
pub const TARGET: &str = "c";
const WIDTH: usize = 110;

/// The header as text.
///
/// # Errors
/// [`ExportError::Model`] for a device that is not in the model.
pub fn text(model: &Model, selection: &Selection) -> Result<String, ExportError> {
    let scope = Scope::new(model, selection, &Input::PLACE)?;
    let stamp = Stamp::new(TARGET, model, &scope);
    let program = Program::new(&model.spec, &scope, Derivatives::OfDrainCurrent);
    Ok(Header { model, scope: &scope, stamp: &stamp, program: &program }.print())
}

struct Header<'a> {
    model: &'a Model,
    scope: &'a Scope,
    stamp: &'a Stamp,
    program: &'a Program,
}

/// C, where the listed variables are members of the prepared card.
struct C<'a> {
    card: &'a [String],
}

impl Dialect for C<'_> {
    fn variable(&self, name: &str) -> String {
        if self.card.iter().any(|c| c == name) { format!("k->{name}") } else { name.to_owned() }
    }

    fn input(&self, input: Input) -> String {
        if Input::BIAS.contains(&input) { input.name().into() } else { format!("p.{}", input.name()) }
    }

    fn limited(&self, x: &str, limit: f64) -> String {
        let limit = real(limit);
        format!("fmax(-{limit}, fmin({limit}, {x}))")
    }

    fn ln(&self) -> &'static str {
        "log"
    }
}

impl Header<'_> {
    fn print(&self) -> String {
        let results = self.program.results();
        let listing = Listing::new(self.program, &results.iter().map(|r| r.1).collect::<Vec<_>>());
        let mut out = String::new();
        let name = &self.stamp.module;
        self.opening(&mut out);
        self.types(&mut out, &results, &listing);
        self.devices(&mut out);
        self.prepare(&mut out, &listing);
        self.eval(&mut out, &results, &listing);
        line(&mut out, &format!("#endif /* {}_H */", name.to_uppercase()));
        out
    }

    fn opening(&self, out: &mut String) {
        let guard = self.stamp.module.to_uppercase() + "_H";
        line(out, "/*");
        for text in header(self.model, self.scope, self.stamp).iter().chain(&self.stamp.lines()) {
            line(out, &format!(" * {text}"));
        }
        line(out, " *");
        let name = &self.stamp.module;
        line(
            out,
            &format!(" * {name}_place p = {name}_own({name}_find(\"{}\"));", self.stamp.devices[0].name),
        );
        line(out, &format!(" * {name}_card k = {name}_prepare(p);             once a device"));
        line(out, &format!(" * {name}_point o = {name}_eval(&k, vgs, vds, vbs);  re-entrant"));
        line(out, " */");
        line(out, &format!("#ifndef {guard}\n#define {guard}\n\n#include <math.h>\n#include <string.h>\n"));
    }

    fn types(&self, out: &mut String, results: &[(&str, Id)], listing: &Listing<'_>) {
        let name = &self.stamp.module;
        line(
            out,
            "/* Which device, and where it stands (m, K; corner plane: speed 1 at ff, skew 1 at fs). */",
        );
        line(out, "typedef struct {\n    int device;");
        for input in self.program.place_inputs() {
            line(out, &format!("    double {};", input.name()));
        }
        line(out, &format!("}} {name}_place;\n"));
        line(out, "/* Currents in A, conductances in S, charges in C. */");
        let members: Vec<&str> = results.iter().map(|r| r.0).collect();
        line(out, &format!("typedef struct {{\n    double {};\n}} {name}_point;\n", members.join(", ")));
        line(out, "/* What does not change with bias. */\ntypedef struct {\n    double nothing;");
        for member in listing.handed_over() {
            line(out, &format!("    double {member};"));
        }
        line(out, &format!("}} {name}_card;\n"));
    }

    fn devices(&self, out: &mut String) {
        let name = &self.stamp.module;
        let devices = &self.stamp.devices;
        let inputs = self.program.place_inputs();
        line(out, &format!("enum {{ {name}_DEVICES = {} }};\n", devices.len()));
        line(out, &format!("static const char *const {name}_names[{name}_DEVICES] = {{"));
        for device in devices {
            line(out, &format!("    \"{}\",", device.name.escape_default()));
        }
        line(out, "};\n");
        line(out, "/* Number of a device, -1 when there is none of that name. */");
        line(
            out,
            &format!(
                "static inline int {name}_find(const char *device) {{\n    for (int i = 0; i < {name}_DEVICES; i++)\n        \
                 if (strcmp({name}_names[i], device) == 0) return i;\n    return -1;\n}}\n"
            ),
        );
        line(out, "/* A device where it was fitted, or where it was exported to stand. */");
        line(out, &format!("static inline {name}_place {name}_own(int device) {{"));
        line(out, &format!("    {name}_place p;\n    p.device = device;"));
        if !inputs.is_empty() {
            line(out, &format!("    static const double own[{name}_DEVICES][{}] = {{", inputs.len()));
            for place in &self.scope.places {
                let values: Vec<String> = inputs.iter().map(|i| real(at(place, *i))).collect();
                line(out, &format!("        {{{}}},", values.join(", ")));
            }
            line(out, "    };");
            line(out, &format!("    const int known = device >= 0 && device < {name}_DEVICES;"));
            for (k, input) in inputs.iter().enumerate() {
                line(out, &format!("    p.{} = known ? own[device][{k}] : NAN;", input.name()));
            }
        }
        line(out, "    return p;\n}\n");
    }

    fn prepare(&self, out: &mut String, listing: &Listing<'_>) {
        let name = &self.stamp.module;
        let rows = listing.per_device();
        line(out, "/* Everything is NaN for a device number that does not exist. */");
        line(out, &format!("static inline {name}_card {name}_prepare({name}_place p) {{"));
        if !rows.is_empty() {
            line(out, &format!("    static const double own[{name}_DEVICES][{}] = {{", rows.len()));
            for d in 0..self.stamp.devices.len() {
                let values: Vec<String> = rows.iter().map(|r| real(r.values[d])).collect();
                line(out, &format!("        {{{}}},", values.join(", ")));
            }
            line(out, "    };");
        }
        line(out, &format!("    const int known = p.device >= 0 && p.device < {name}_DEVICES;"));
        line(out, "    const double valid = known ? 0.0 : NAN;");
        if !rows.is_empty() {
            line(out, "    const double *row = own[known ? p.device : 0];");
        }
        for (k, row) in rows.iter().enumerate() {
            line(out, &format!("    const double {} = row[{k}];", row.name));
        }
        let c = C { card: &[] };
        for a in listing.assignments(&c).iter().filter(|a| a.fixed) {
            assign(out, &a.name, &a.expression);
        }
        line(out, &format!("    {name}_card k;\n    k.nothing = valid;"));
        for member in listing.handed_over() {
            line(out, &format!("    k.{member} = {member};"));
        }
        line(out, "    return k;\n}\n");
    }

    fn eval(&self, out: &mut String, results: &[(&str, Id)], listing: &Listing<'_>) {
        let name = &self.stamp.module;
        let card = listing.handed_over();
        let c = C { card: &card };
        line(out, "/* Results at a bias, for any voltages. */");
        line(
            out,
            &format!(
                "static inline {name}_point {name}_eval(const {name}_card *k, double vgs, double vds, double vbs) {{"
            ),
        );
        for a in listing.assignments(&c).iter().filter(|a| !a.fixed) {
            assign(out, &a.name, &a.expression);
        }
        line(out, &format!("    {name}_point o;"));
        for (result, id) in results {
            line(
                out,
                &wrap(
                    &format!("    o.{result} = k->nothing + {};", listing.result(*id, &c)),
                    CONTINUED,
                    WIDTH,
                ),
            );
        }
        line(out, "    return o;\n}\n");
    }
}

const CONTINUED: &str = "        ";

fn assign(out: &mut String, name: &str, expression: &str) {
    line(out, &wrap(&format!("    const double {name} = {expression};"), CONTINUED, WIDTH));
}

fn line(out: &mut String, text: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}

/// A place's value of an input.
pub(crate) fn at(place: &gummel_kernel::Place, input: Input) -> f64 {
    match input {
        Input::W => place.w,
        Input::L => place.l,
        Input::Temperature => place.temperature,
        Input::Speed => place.speed,
        Input::Skew => place.skew,
        Input::Vgs | Input::Vds | Input::Vbs => 0.0,
    }
}
