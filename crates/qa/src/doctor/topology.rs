//! Nodes without a path for direct current to ground: their voltage is whatever the solver makes of it.
//!
//! Every element joins the nodes between which it conducts; what is not joined with ground floats. A current source
//! and a capacitor do not conduct, nor the gate of a transistor, nor gate and bulk of an exported one whose model
//! has no such current. In a transient that starts from initial conditions alone, capacitors hold their nodes.

use std::collections::{BTreeMap, BTreeSet};

use super::circuit::{Circuit, Element, is_ground};
use super::devices::{Device, Placed};

/// Sets of nodes that float together, each with the elements at them.
pub(super) fn floating(
    circuit: &Circuit,
    devices: &[Device],
    placed: &[Placed],
    capacitors_hold: bool,
) -> Vec<(Vec<String>, Vec<String>)> {
    let mut joined = Joined::default();
    for (k, element) in circuit.elements.iter().enumerate() {
        let device = placed.iter().find(|p| p.element == k).map(|p| &devices[p.device[0]]);
        for node in &element.nodes {
            joined.find(node);
        }
        for group in conducting(element, device, capacitors_hold) {
            for pair in group.windows(2) {
                joined.join(&element.nodes[pair[0]], &element.nodes[pair[1]]);
            }
        }
    }
    let ground = joined.find("0");
    let names: Vec<String> = joined.parent.keys().cloned().collect();
    let mut islands: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in names {
        let root = joined.find(&name);
        if root != ground {
            islands.entry(root).or_default().insert(name);
        }
    }
    let at = |nodes: &BTreeSet<String>| {
        let touches = |e: &&Element| e.nodes.iter().any(|n| nodes.contains(n));
        circuit.elements.iter().filter(touches).map(|e| e.called().to_owned()).collect()
    };
    islands.into_values().map(|nodes| (nodes.iter().cloned().collect(), at(&nodes))).collect()
}

/// Positions of nodes between which an element conducts.
fn conducting(element: &Element, device: Option<&Device>, capacitors_hold: bool) -> Vec<Vec<usize>> {
    let all = || vec![(0..element.nodes.len()).collect()];
    match (element.kind(), device) {
        (b'c', _) if capacitors_hold => all(),
        (b'c' | b'i' | b'f' | b'k', _) => Vec::new(),
        (b'b', _) if is_free_current(element) => Vec::new(),
        // The other two nodes of these only control.
        (b'e' | b'g' | b's', _) => vec![vec![0, 1]],
        (b't' | b'o', _) => vec![vec![0, 1], vec![2, 3]],
        (b'm', _) if element.nodes.len() >= 4 => vec![vec![0, 2, 3]],
        (b'n', Some(device)) => {
            let mut channel = vec![0, 2];
            channel.extend([1, 3].into_iter().zip(device.conducts).filter(|c| c.1).map(|c| c.0));
            vec![channel]
        }
        _ => all(),
    }
}

/// Whether an element is a source of a current that does not depend on the voltages of its own nodes.
fn is_free_current(element: &Element) -> bool {
    let own = |law: &str| {
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '#');
        law.split(|c| !is_name(c)).any(|word| element.nodes.iter().any(|n| n == word && !is_ground(n)))
    };
    element.rest.iter().any(|w| w.starts_with("i=")) && !own(&element.rest.join(" "))
}

/// Sets of nodes, joined one after another.
#[derive(Default)]
struct Joined {
    parent: BTreeMap<String, String>,
}

impl Joined {
    fn find(&mut self, node: &str) -> String {
        let mut at = if is_ground(node) { "0".to_owned() } else { node.to_owned() };
        while let Some(parent) = self.parent.get(&at)
            && *parent != at
        {
            at.clone_from(parent);
        }
        self.parent.entry(at.clone()).or_insert_with(|| at.clone());
        at
    }

    fn join(&mut self, a: &str, b: &str) {
        let (a, b) = (self.find(a), self.find(b));
        self.parent.insert(a, b);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn islands(lines: &str, capacitors_hold: bool) -> Vec<Vec<String>> {
        let listing: String = std::iter::once("title")
            .chain(lines.split('|'))
            .enumerate()
            .map(|(k, l)| format!("{k} : {l}\n"))
            .collect();
        let circuit = Circuit::parse(&listing);
        floating(&circuit, &[], &[], capacitors_hold).into_iter().map(|i| i.0).collect()
    }

    #[test]
    fn what_no_direct_current_reaches_floats() {
        assert!(islands("v1 a 0 1|r1 a b 1k|c1 b 0 1f", false).is_empty());
        assert_eq!(islands("v1 a 0 1|c1 a b 1f|c2 b 0 1f", false), [["b"]]);
        assert!(islands("v1 a 0 1|c1 a b 1f|c2 b 0 1f", true).is_empty());
        assert_eq!(islands("i1 0 x 1u|r1 x y 1k", false), [["x", "y"]]);
        assert_eq!(islands("v1 a 0 1|b1 x 0 i=1u*v(a)", false), [["x"]]);
        assert!(islands("v1 a 0 1|b1 x 0 i=1u*(v(x)-v(a))", false).is_empty());
        assert_eq!(islands("v1 a 0 1|m1 a g 0 0 nm w=1u|.model nm nmos level=14", false), [["g"]]);
        assert!(islands("v1 a gnd 1|e1 o 0 a 0 2|l1 o p 1n", false).is_empty());
    }
}
