//! Which values of a program its results are made of.

use crate::program::{Id, Program};

/// The values that `results` are made of, themselves included.
pub(super) fn needed(program: &Program, results: impl Iterator<Item = Id>) -> Vec<bool> {
    let mut needed = vec![false; program.nodes().count()];
    results.for_each(|id| needed[id.0] = true);
    // Operands come before results: one way back reaches all.
    for k in (0..needed.len()).rev() {
        if needed[k] {
            program.node(Id(k)).op.operands().into_iter().for_each(|operand| needed[operand.0] = true);
        }
    }
    needed
}
