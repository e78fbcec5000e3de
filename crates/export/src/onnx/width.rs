//! Which values of a program in single precision are computed in double precision all the same.

use gummel_kernel::OutputKind;

use crate::program::{Id, Op, Program};

use super::Precision;

/// The values that `results` are made of, themselves included.
pub(super) fn needed(program: &Program, results: impl Iterator<Item = Id>) -> Vec<bool> {
    let mut needed = vec![false; program.nodes().count()];
    results.for_each(|id| needed[id.0] = true);
    spread(program, &mut needed, |_| false);
    needed
}

/// The width of every value of a graph whose inputs and results are `precision`.
///
/// A current changes by a factor e within 30 mV, so that every rounding on the way to a neuron counts; a charge is a
/// difference of neurons. What leads to a hyperbolic tangent and to a charge therefore keeps 64 bits.
pub(super) fn widths(program: &Program, precision: Precision) -> Vec<Precision> {
    let charges = program
        .outputs()
        .iter()
        .filter(|(name, _)| OutputKind::from_name(name).map_or(name.starts_with('q'), OutputKind::is_charge));
    let mut double = vec![precision == Precision::Double; program.nodes().count()];
    charges.for_each(|(_, id)| double[id.0] = true);
    spread(program, &mut double, |op| matches!(op, Op::Tanh(_)));
    let width = |((_, node), double): ((Id, &crate::program::Node), bool)| match node.op {
        Op::Input(_) => precision,
        _ if double => Precision::Double,
        _ => Precision::Single,
    };
    program.nodes().zip(double).map(width).collect()
}

/// Marks the operands of what is marked, and of every operation for which `also` holds.
fn spread(program: &Program, marked: &mut [bool], also: impl Fn(&Op) -> bool) {
    // Operands come before results: one way back reaches all.
    for k in (0..marked.len()).rev() {
        let op = &program.node(Id(k)).op;
        if marked[k] || also(op) {
            op.operands().into_iter().for_each(|operand| marked[operand.0] = true);
        }
    }
}
