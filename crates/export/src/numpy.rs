//! A Python file that needs NumPy alone: one function from devices and biases, arrays of any shape, to currents,
//! exact derivatives and charges.
//!
//! Arrays broadcast, so that what does not change with bias is computed once per device and not once per bias.

use gummel_model::Model;

use crate::ExportError;
use crate::listing::{Dialect, Listing, wrap};
use crate::number::real;
use crate::program::build::Derivatives;
use crate::program::{Id, Input, Program};
use crate::scope::{Scope, Selection};
use crate::stamp::{Stamp, header};

/// Name of the target.
pub const TARGET: &str = "numpy";
const WIDTH: usize = 110;

/// The file as text.
///
/// # Errors
/// [`ExportError::Model`] for a device that is not in the model.
pub fn text(model: &Model, selection: &Selection) -> Result<String, ExportError> {
    let scope = Scope::new(model, selection, &Input::PLACE)?;
    let stamp = Stamp::new(TARGET, model, &scope);
    let program = Program::new(&model.spec, &scope, Derivatives::OfDrainCurrent);
    let results = program.results();
    let listing = Listing::new(&program, &results.iter().map(|r| r.1).collect::<Vec<_>>());
    let comment = header(model, &scope, &stamp).into_iter().chain(stamp.lines()).map(|l| format!("# {l}"));
    let mut lines: Vec<String> = comment.collect();
    lines.push(OPENING.replace("MODULE", &stamp.module).replace("DEVICE", &literal(&stamp.devices[0].name)));
    lines.push("DEVICES = (".into());
    lines.extend(stamp.devices.iter().map(|d| format!("    {},", literal(&d.name))));
    lines.push(")".into());
    let inputs = program.place_inputs();
    let own = |place| inputs.iter().map(|i| crate::c::at(place, *i)).collect();
    lines.extend(table("OWN", &scope.places.iter().map(own).collect::<Vec<_>>()));
    let rows = listing.per_device();
    let row = |d: usize| rows.iter().map(|r| r.values[d]).collect();
    lines.extend(table("ROWS", &(0..stamp.devices.len()).map(row).collect::<Vec<_>>()));
    lines.push(NUMBER.into());
    lines.extend(evaluate(&inputs, &listing, &results));
    Ok(lines.join("\n") + "\n")
}

const OPENING: &str = "
# import MODULE
# point = MODULE.evaluate(DEVICE, vgs, vds, vbs)
# point[\"id\"], point[\"gm\"], point[\"gds\"], point[\"gmb\"]

import numpy as np
from numpy import exp, sqrt, tanh

# A device's number is its position.";

const NUMBER: &str = "

def number(device):
    \"\"\"Numbers of devices, given by name, by number or as an array of either.\"\"\"
    device = np.asarray(device)
    if device.dtype.kind in \"US\":
        known = {name: n for n, name in enumerate(DEVICES)}
        unknown = sorted(set(device.ravel().tolist()) - set(known))
        if unknown:
            raise KeyError(f\"no device {unknown[0]!r}; expected one of {', '.join(DEVICES)}\")
        device = np.reshape([known[name] for name in device.ravel().tolist()], device.shape)
    n = device.astype(int)
    if np.any((n != device) | (n < 0) | (n >= len(DEVICES))):
        raise IndexError(f\"device numbers go from 0 to {len(DEVICES) - 1}, found {device}\")
    return n

";

/// NumPy, where everything is a variable of the function.
struct Numpy;

impl Dialect for Numpy {
    fn variable(&self, name: &str) -> String {
        name.to_owned()
    }

    fn input(&self, input: Input) -> String {
        input.name().to_owned()
    }

    fn limited(&self, x: &str, limit: f64) -> String {
        let limit = real(limit);
        format!("np.clip({x}, -{limit}, {limit})")
    }

    fn ln(&self) -> &'static str {
        "np.log"
    }
}

/// The function that evaluates.
fn evaluate(inputs: &[Input], listing: &Listing<'_>, results: &[(&'static str, Id)]) -> Vec<String> {
    let place: String = inputs.iter().map(|i| format!(", {}=None", i.name())).collect();
    let mut lines = vec![format!("def evaluate(device, vgs, vds, vbs=0.0{place}):"), DOCSTRING.to_owned()];
    let mut say = |indent: &str, text: &str| lines.push(format!("{indent}{text}"));
    say(ONCE, "n = number(device)");
    for bias in Input::BIAS {
        say(ONCE, &format!("{0} = np.asarray({0}, dtype=float)", bias.name()));
    }
    for (k, input) in inputs.iter().enumerate() {
        let name = input.name();
        say(ONCE, &format!("{name} = np.asarray(_OWN[n, {k}] if {name} is None else {name}, dtype=float)"));
    }
    let shapes: String = Input::BIAS.iter().chain(inputs).map(|i| format!(", {}.shape", i.name())).collect();
    say(ONCE, &format!("zero = np.zeros(np.broadcast_shapes(n.shape{shapes}))"));
    for (k, row) in listing.per_device().iter().enumerate() {
        say(ONCE, &format!("{} = _ROWS[n, {k}]", row.name));
    }
    // What overflows on the way to a result that is finite, or to infinity, is not worth a warning.
    say(ONCE, "with np.errstate(over=\"ignore\", invalid=\"ignore\"):");
    for a in listing.assignments(&Numpy) {
        say("", &assignment(&a.name, &a.expression));
    }
    say(ONCE, "return {");
    for (name, id) in results {
        say(TWICE, &format!("\"{name}\": zero + {},", listing.result(*id, &Numpy)));
    }
    say(ONCE, "}");
    lines
}

const ONCE: &str = "    ";
const TWICE: &str = "        ";

const DOCSTRING: &str = "    \"\"\"Currents (A), conductances (S) and charges (C) by name, each an array.

    device: name, number, or an array of them. vgs, vds, vbs: V against the source. The others, of which there are those
    that matter to the model, say where the device stands, if elsewhere than where it was exported to stand: w, l in m,
    temperature in K, speed (1 at ff, -1 at ss), skew (1 at fs, -1 at sf). All of them broadcast.
    \"\"\"";

/// An assignment, in parentheses where it takes several lines.
fn assignment(name: &str, expression: &str) -> String {
    let plain = format!("{TWICE}{name} = {expression}");
    if plain.len() <= WIDTH {
        return plain;
    }
    wrap(&format!("{TWICE}{name} = ({expression})"), "            ", WIDTH)
}

/// An array with a row per device, left out where it would have no columns.
fn table(name: &str, rows: &[Vec<f64>]) -> Vec<String> {
    if rows.iter().all(Vec::is_empty) {
        return Vec::new();
    }
    let row = |r: &Vec<f64>| format!("    [{}],", r.iter().map(|v| real(*v)).collect::<Vec<_>>().join(", "));
    let mut lines = vec![format!("_{name} = np.array([")];
    lines.extend(rows.iter().map(row));
    lines.push("])".into());
    lines
}

/// A string as Python writes it: JSON's are among them.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
