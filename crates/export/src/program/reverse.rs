//! Exact derivatives of a program's results, by reverse accumulation: for `y = f(a)` the adjoint of `a` gains
//! `f'(a)` times the adjoint of `y`, from the result back to the inputs.
//!
//! What does not change with bias has no adjoint.

use super::{Id, Op, Program};

impl Program {
    /// Derivatives of the scalar `of` over the scalars `over`, appended to the program; `None` where there is none.
    pub(crate) fn gradient<const N: usize>(&mut self, of: Id, over: [Id; N]) -> [Option<Id>; N] {
        let mut adjoints: Vec<Option<Id>> = vec![None; of.0 + 1];
        adjoints[of.0] = Some(self.constant(vec![1.0]));
        for k in (0..=of.0).rev() {
            let Some(adjoint) = adjoints[k] else { continue };
            for (operand, share) in self.pull_back(Id(k), adjoint) {
                adjoints[operand.0] = Some(match adjoints[operand.0] {
                    Some(sum) => self.add(sum, share),
                    None => share,
                });
            }
        }
        over.map(|id| adjoints.get(id.0).copied().flatten())
    }

    /// What the adjoint of `id` adds to those of its operands.
    fn pull_back(&mut self, id: Id, adjoint: Id) -> Vec<(Id, Id)> {
        let op = self.node(id).op.clone();
        let mut shares = Vec::new();
        let moving = |p: &Program, x: Id| !p.is_fixed(x);
        match op {
            Op::Input(_) | Op::Constant(_) | Op::Rows(_) => {}
            Op::Affine { matrix, x, .. } if moving(self, x) => {
                let share = self.affine(matrix.transposed(), vec![0.0; matrix.columns], adjoint);
                shares.push((x, share));
            }
            Op::Add(a, b) => shares.extend([(a, adjoint), (b, adjoint)]),
            Op::Sub(a, b) => {
                shares.push((a, adjoint));
                if moving(self, b) {
                    let share = self.scale(-1.0, adjoint);
                    shares.push((b, share));
                }
            }
            Op::Mul(a, b) | Op::Dot(a, b) => {
                for (x, other) in [(a, b), (b, a)] {
                    if moving(self, x) {
                        let share = self.mul(adjoint, other);
                        shares.push((x, share));
                    }
                }
            }
            Op::Div(a, b) => {
                let share = self.div(adjoint, b);
                shares.push((a, share));
                if moving(self, b) {
                    let slope = self.mul(share, id);
                    let share = self.scale(-1.0, slope);
                    shares.push((b, share));
                }
            }
            Op::Scale(factor, x) => {
                let share = self.scale(factor, adjoint);
                shares.push((x, share));
            }
            Op::Offset(x, _) => shares.push((x, adjoint)),
            Op::Tanh(x) => {
                let slope = self.tanh_slope(id);
                let share = self.mul(adjoint, slope);
                shares.push((x, share));
            }
            Op::Exp { x, .. } => {
                let share = self.mul(adjoint, id);
                shares.push((x, share));
            }
            Op::Sqrt(x) => {
                let half = self.scale(0.5, adjoint);
                let share = self.div(half, id);
                shares.push((x, share));
            }
            Op::Ln(x) => {
                let share = self.div(adjoint, x);
                shares.push((x, share));
            }
            Op::Join(parts) => {
                let mut start = 0;
                for part in parts {
                    let len = self.node(part).len;
                    if moving(self, part) {
                        let share = self.part(adjoint, start, len);
                        shares.push((part, share));
                    }
                    start += len;
                }
            }
            // The builder takes parts of fixed values only, and nothing is derived twice.
            Op::Affine { .. } | Op::Part { .. } | Op::TanhSlope(_) => {}
        }
        shares.retain(|(x, _)| !self.is_fixed(*x));
        shares
    }
}
