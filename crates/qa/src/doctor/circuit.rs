//! The circuit as the simulator sees it: its own listing, with subcircuits flattened and parameters resolved.

use gummel_device::si;

/// Elements, models and conditions.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Circuit {
    pub(super) elements: Vec<Element>,
    pub(super) models: Vec<ModelLine>,
    /// Node and voltage of `.ic`, V.
    pub(super) conditions: Vec<(String, f64)>,
    /// Cards of analyses, e.g. `.tran 1p 1n`.
    pub(super) analyses: Vec<String>,
}

/// One element.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Element {
    /// Name, e.g. `n.x1.n3` for N3 of the subcircuit X1.
    pub(super) name: String,
    /// Its nodes.
    pub(super) nodes: Vec<String>,
    /// What follows the nodes.
    pub(super) rest: Vec<String>,
}

/// A `.model` line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ModelLine {
    pub(super) name: String,
    /// Type of device.
    pub(super) of: String,
    rest: Vec<String>,
}

impl Circuit {
    /// Reads what `listing expand` printed.
    pub(super) fn parse(log: &str) -> Self {
        let lines: Vec<Vec<String>> = log.lines().filter_map(listed).map(words).collect();
        let mut circuit = Circuit::default();
        // Models first: where an element's nodes end is told by the name of its model.
        for line in &lines {
            if let [card, name, of, rest @ ..] = line.as_slice()
                && card == ".model"
            {
                let of = of.clone();
                circuit.models.push(ModelLine { name: name.clone(), of, rest: rest.to_vec() });
            }
        }
        // The first line is the title.
        for line in lines.iter().skip(1) {
            let Some(first) = line.first() else { continue };
            match first.as_str() {
                ".ic" => circuit.conditions.extend(line[1..].iter().filter_map(|w| condition(w))),
                ".op" | ".dc" | ".ac" | ".tran" | ".noise" | ".tf" | ".pz" | ".sens" | ".disto" => {
                    circuit.analyses.push(line.join(" "));
                }
                card if card.starts_with(['.', '*', '+']) => {}
                _ => {
                    let element = circuit.element(line);
                    circuit.elements.push(element);
                }
            }
        }
        circuit
    }

    fn element(&self, line: &[String]) -> Element {
        let (name, rest) = (&line[0], &line[1..]);
        // A node may be called as a model is: the last such word before the parameters is the model.
        let until_model = || {
            let plain = rest.iter().position(|w| w.contains('=')).unwrap_or(rest.len());
            let is_model = |w: &String| self.models.iter().any(|m| m.name == *w);
            rest[..plain].iter().rposition(is_model).unwrap_or(plain)
        };
        let count = match name.as_bytes().first() {
            Some(b'r' | b'c' | b'l' | b'v' | b'i' | b'b' | b'f' | b'h' | b'd' | b'w') => 2,
            Some(b'e' | b'g' | b's' | b't' | b'o') => 4,
            Some(b'k') => 0,
            _ => until_model(),
        };
        let count = count.min(rest.len());
        Element { name: name.clone(), nodes: rest[..count].to_vec(), rest: rest[count..].to_vec() }
    }

    /// Whether a node is in the circuit.
    pub(super) fn has_node(&self, node: &str) -> bool {
        is_ground(node) || self.elements.iter().any(|e| e.nodes.iter().any(|n| n == node))
    }
}

impl Element {
    /// First letter of the name.
    pub(super) fn kind(&self) -> u8 {
        self.name.bytes().next().unwrap_or_default()
    }

    /// The element as its netlist calls it: `x1.n3` for `n.x1.n3`.
    pub(super) fn called(&self) -> &str {
        match self.name.split_once('.') {
            Some((kind, called)) if kind.len() == 1 => called,
            _ => &self.name,
        }
    }

    /// Text of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        parameter(&self.rest, name)
    }

    /// Voltage or current of a source at time zero: `dc 1`, `1`, `pulse(0 1 ...)`, `pwl(0 1 ...)`.
    pub(super) fn source_at_zero(&self) -> f64 {
        let joined = self.rest.join(" ").replace(['(', ')', ','], " ");
        let tokens: Vec<&str> = joined.split_whitespace().collect();
        let number = |k: usize| tokens.get(k).and_then(|t| si::parse(t).ok());
        let after =
            |word: &str, skip: usize| tokens.iter().position(|t| *t == word).and_then(|k| number(k + skip));
        let over_time = ["pulse", "sin", "exp", "sffm", "am"].iter().find_map(|w| after(w, 1));
        over_time.or(after("pwl", 2)).or(after("dc", 1)).or(number(0)).unwrap_or(0.0)
    }
}

impl ModelLine {
    /// Text of a parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        parameter(&self.rest, name)
    }
}

/// Whether a node is the reference.
pub(super) fn is_ground(node: &str) -> bool {
    matches!(node, "0" | "gnd")
}

fn parameter<'a>(words: &'a [String], name: &str) -> Option<&'a str> {
    words.iter().find_map(|w| w.strip_prefix(name)?.strip_prefix('=')).map(|v| v.trim_matches('"'))
}

/// The text of a line `  12 : text` of a listing.
fn listed(line: &str) -> Option<&str> {
    let (number, text) = line.split_once(" : ")?;
    number.trim().parse::<u32>().ok().map(|_| text)
}

/// Words of a line in lower case; `name = value` is one word, parentheses of a model line are gone.
fn words(text: &str) -> Vec<String> {
    let mut text = text.trim().to_ascii_lowercase();
    while let Some(k) = text.find(" =").or_else(|| text.find("= ")) {
        let blank = if text[k..].starts_with(' ') { k } else { k + 1 };
        text.remove(blank);
    }
    if text.starts_with(".model") {
        text = text.replace(['(', ')'], " ");
    }
    text.split_whitespace().map(str::to_owned).collect()
}

/// `v(out)=0.6`.
fn condition(word: &str) -> Option<(String, f64)> {
    let (node, value) = word.strip_prefix("v(")?.split_once(")=")?;
    Some((node.to_owned(), si::parse(value).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LISTING: &str = "\tan inverter\n\n     1 : an inverter\n     4 : vdd vdd 0    1.2e+00   \n     \
        5 : vin in 0 pulse(0.3 1.2 0.1n 20p)\n     9 : n.xa.np mid in vdd vdd pch m=2\n    \
        10 : c.xa.c1 mid 0   5.0e-15   \n    16 : .model pch demo_pmos device= w1u_l0.13u\n    \
        18 : .ic v(mid) = 600m v(in)=0\n    19 : .tran 1p 1n\n    24 : .end\n";

    #[test]
    fn a_listing_becomes_elements_models_and_conditions() {
        let circuit = Circuit::parse(LISTING);
        assert_eq!(circuit.elements.len(), 4);
        let n = &circuit.elements[2];
        assert_eq!((n.kind(), n.called(), n.nodes.join(" ").as_str()), (b'n', "xa.np", "mid in vdd vdd"));
        assert_eq!((n.rest[0].as_str(), n.parameter("m")), ("pch", Some("2")));
        assert_eq!(circuit.models[0].parameter("device"), Some("w1u_l0.13u"));
        assert_eq!(circuit.conditions, [("mid".to_owned(), 0.6), ("in".to_owned(), 0.0)]);
        assert_eq!(circuit.analyses, [".tran 1p 1n"]);
        assert_eq!([0, 1].map(|k| circuit.elements[k].source_at_zero()), [1.2, 0.3]);
        assert!(circuit.has_node("mid") && circuit.has_node("0") && !circuit.has_node("out"));
    }

    #[test]
    fn a_node_may_be_called_as_a_model_is() {
        let circuit = Circuit::parse("1 : t\n2 : n1 out nch 0 0 nch m=2\n3 : .model nch demo130_nmos\n");
        assert_eq!(circuit.elements[0].nodes, ["out", "nch", "0", "0"]);
        assert_eq!(circuit.elements[0].rest, ["nch", "m=2"]);
    }
}
