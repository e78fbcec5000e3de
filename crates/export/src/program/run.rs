//! Evaluation of a program in double precision: what every emitter's text has to give as well.

use super::{Id, Input, Op, Program};
use gummel_kernel::math;

impl Program {
    /// Values of all outputs, in their order, for the exported device number `device`.
    pub fn run(&self, device: usize, input: impl Fn(Input) -> f64) -> Vec<f64> {
        let mut values: Vec<Vec<f64>> = Vec::with_capacity(self.nodes.len());
        for (_, node) in self.nodes() {
            let value = evaluate(&node.op, node.len, &values, device, &input);
            values.push(value);
        }
        self.outputs.iter().map(|(_, id)| values[id.0][0]).collect()
    }
}

fn evaluate(
    op: &Op,
    len: usize,
    values: &[Vec<f64>],
    device: usize,
    input: &impl Fn(Input) -> f64,
) -> Vec<f64> {
    let get = |id: &Id| &values[id.0];
    let at = |id: &Id, k: usize| {
        let v = get(id);
        v[if v.len() == 1 { 0 } else { k }]
    };
    let each = |f: &dyn Fn(usize) -> f64| (0..len).map(f).collect();
    match op {
        Op::Input(i) => vec![input(*i)],
        Op::Constant(numbers) => numbers.clone(),
        Op::Rows(rows) => rows[device].clone(),
        Op::Affine { matrix, bias, x } => each(&|r| bias[r] + super::dot(matrix.row(r), get(x))),
        Op::Add(a, b) => each(&|k| at(a, k) + at(b, k)),
        Op::Sub(a, b) => each(&|k| at(a, k) - at(b, k)),
        Op::Mul(a, b) => each(&|k| at(a, k) * at(b, k)),
        Op::Div(a, b) => each(&|k| at(a, k) / at(b, k)),
        Op::Dot(a, b) => vec![super::dot(get(a), get(b))],
        Op::Scale(factor, x) => each(&|k| factor * at(x, k)),
        Op::Offset(x, constant) => each(&|k| at(x, k) + constant),
        Op::Tanh(x) => each(&|k| math::tanh::<false>(at(x, k))),
        Op::TanhSlope(t) => each(&|k| 1.0 - at(t, k) * at(t, k)),
        Op::Exp { x, .. } => each(&|k| math::exp::<false>(at(x, k))),
        Op::Sqrt(x) => each(&|k| at(x, k).sqrt()),
        Op::Ln(x) => each(&|k| at(x, k).ln()),
        Op::Join(parts) => parts.iter().flat_map(|p| get(p).iter().copied()).collect(),
        Op::Part { x, start } => get(x)[*start..][..len].to_vec(),
    }
}
