//! Heads of a program: what is fixed folded into the numbers of the devices, what is open left as basis functions.
//!
//! A basis function is a product of powers of covariates; the part of it that is fixed goes into the numbers
//! of the devices, the open part stays:
//!
//! ```text
//! head = sum_m (common_m + own_m[device]) m(open covariates)
//! y    = head . (z, 1)            charges: head . (z - z at zero bias)
//! ```

use std::collections::BTreeMap;

use gummel_kernel::basis::Exponents;
use gummel_kernel::{Basis, Branch, Covariate, OutputKind, hull};

use super::build::{Builder, MICROMETRE};
use super::{Id, Matrix};
use crate::scope::input_of;

impl<'a> Builder<'a> {
    /// The head of output `o` of branch `b`: weights of the last layer's neurons, then the constant.
    pub(super) fn head(&mut self, b: usize, o: usize, kind: OutputKind) -> Id {
        let spec = self.spec;
        let branch = &spec.branches[b];
        let rows = branch.head_len();
        let devices = self.scope.devices.len();
        let mut common: BTreeMap<Exponents, Vec<f64>> = BTreeMap::new();
        let mut own: BTreeMap<Exponents, Vec<Vec<f64>>> = BTreeMap::new();
        let places = &self.scope.places;
        let mut gather = |basis: &Basis, numbers: &dyn Fn(usize) -> &'a [f64], shared: bool| {
            for (c, term) in basis.terms.iter().enumerate() {
                let (open, fixed) = self.split(term);
                let column = |d: usize, factor: f64| {
                    let numbers = numbers(d);
                    (0..rows).map(|r| factor * numbers[r * basis.len() + c]).collect::<Vec<f64>>()
                };
                if shared && fixed == [0; 7] {
                    add_to(common.entry(open).or_insert_with(|| vec![0.0; rows]), &column(0, 1.0));
                    continue;
                }
                let each = own.entry(open).or_insert_with(|| vec![vec![0.0; rows]; devices]);
                for (d, sum) in each.iter_mut().enumerate() {
                    let factor = Basis { terms: vec![fixed] }.at(&branch.seen(&places[d]))[0];
                    add_to(sum, &column(d, factor));
                }
            }
        };
        gather(&branch.population, &|_| &branch.population_heads[o], true);
        let indices = &self.scope.devices;
        let deviation = |d: usize| &spec.devices[indices[d]].deviation[b][o][..];
        gather(&branch.deviation, &deviation, false);
        // What can be added up beforehand is.
        if devices == 1 {
            for (open, each) in std::mem::take(&mut own) {
                add_to(common.entry(open).or_insert_with(|| vec![0.0; rows]), &each[0]);
            }
        } else if common.len() == 1
            && let Some(each) = own.get_mut(&[0; 7])
            && let Some(shared) = common.remove(&[0; 7])
        {
            each.iter_mut().for_each(|row| add_to(row, &shared));
        }
        let name = kind.name();
        let mut head = self.common_part(&common, rows);
        for (k, (open, each)) in own.into_iter().enumerate() {
            let row = self.program.rows(each);
            self.program.named(format!("own{k}_{name}"), row);
            let moved = match self.monomial(&open) {
                Some(m) => self.program.mul(m, row),
                None => row,
            };
            head = Some(match head {
                Some(sum) => self.program.add(sum, moved),
                None => moved,
            });
        }
        let head = head.unwrap_or_else(|| self.program.constant(vec![0.0; rows]));
        self.program.named(format!("h_{name}"), head)
    }

    /// The part of a head that all devices share, as a matrix times the open basis functions.
    fn common_part(&mut self, common: &BTreeMap<Exponents, Vec<f64>>, rows: usize) -> Option<Id> {
        let bias = common.get(&[0; 7]).cloned().unwrap_or_else(|| vec![0.0; rows]);
        let open: Vec<_> = common.iter().filter(|(e, _)| **e != [0; 7]).collect();
        if open.is_empty() {
            return common.contains_key(&[0; 7]).then(|| self.program.constant(bias));
        }
        let numbers = (0..rows).flat_map(|r| open.iter().map(move |(_, column)| column[r])).collect();
        let matrix = Matrix { rows, columns: open.len(), numbers };
        let x = open.iter().filter_map(|(e, _)| self.monomial(e)).collect();
        let x = self.program.join(x);
        Some(self.program.affine(matrix, bias, x))
    }

    pub(super) fn head_value(
        &mut self,
        branch: &Branch,
        head: Id,
        z: Id,
        zero: Option<Id>,
        kind: OutputKind,
    ) -> Id {
        let n = branch.head_len() - 1;
        let p = &mut self.program;
        let (weights, constant) = (p.part(head, 0, n), p.part(head, n, 1));
        let y = match zero.filter(|_| matches!(kind, OutputKind::GateCharge | OutputKind::BulkCharge)) {
            Some(zero) => {
                let moved = p.sub(z, zero);
                p.dot(weights, moved)
            }
            None => match (p.as_constant(weights).map(<[f64]>::to_vec), p.as_constant(constant)) {
                (Some(numbers), Some(&[c])) => p.affine(Matrix { rows: 1, columns: n, numbers }, vec![c], z),
                _ => {
                    let product = p.dot(weights, z);
                    p.add(product, constant)
                }
            },
        };
        p.named(format!("y_{}", kind.name()), y)
    }

    pub(super) fn is_open(&self, covariate: Covariate) -> bool {
        self.scope.open.contains(&input_of(covariate))
    }

    /// The open and the fixed part of a basis function.
    fn split(&self, term: &Exponents) -> (Exponents, Exponents) {
        let (mut open, mut fixed) = ([0; 7], [0; 7]);
        for c in Covariate::ALL {
            let part = if self.is_open(c) { &mut open } else { &mut fixed };
            part[c as usize] = term[c as usize];
        }
        (open, fixed)
    }

    /// An open basis function; `None` for the constant 1.
    fn monomial(&mut self, exponents: &Exponents) -> Option<Id> {
        let mut product = None;
        for c in Covariate::ALL {
            for _ in 0..exponents[c as usize] {
                let factor = self.covariate(c);
                product = Some(match product {
                    Some(p) => self.program.mul(p, factor),
                    None => factor,
                });
            }
        }
        product
    }

    pub(super) fn covariate(&mut self, covariate: Covariate) -> Id {
        let name = covariate.name();
        if let Some((id, _)) = self.program.nodes().find(|(_, n)| n.name.as_deref() == Some(name)) {
            return id;
        }
        let p = &mut self.program;
        let input = p.input(input_of(covariate));
        let hull = self.spec.branches[0].hull;
        let id = match covariate {
            Covariate::LnL | Covariate::LnW => {
                let um = p.scale(1.0 / MICROMETRE, input);
                let ln = p.ln(um);
                match hull {
                    Some(hull) => {
                        let ends = if covariate == Covariate::LnL { hull.ln_l } else { hull.ln_w };
                        self.pulled(ln, ends)
                    }
                    None => ln,
                }
            }
            Covariate::InvL | Covariate::InvW => {
                let (unit, ln) = match covariate {
                    Covariate::InvL => (0.13, Covariate::LnL),
                    _ => (0.15, Covariate::LnW),
                };
                if hull.is_some() {
                    let ln = self.covariate(ln);
                    let p = &mut self.program;
                    let down = p.scale(-1.0, ln);
                    let inverse = p.exp(down);
                    p.scale(unit, inverse)
                } else {
                    let top = p.constant(vec![unit * MICROMETRE]);
                    p.div(top, input)
                }
            }
            Covariate::Tau => {
                let moved = p.offset(input, -300.15);
                p.scale(0.01, moved)
            }
            Covariate::Speed | Covariate::Skew => return input,
        };
        self.program.named(name, id)
    }

    /// The logarithm of a size as bases see it; see [`gummel_kernel::hull`].
    fn pulled(&mut self, u: Id, ends: [f64; 2]) -> Id {
        let [low, high] = hull::limits(ends);
        let p = &mut self.program;
        let mut distance = |end: f64| {
            let d = p.offset(u, -end);
            let square = p.mul(d, d);
            let sum = p.offset(square, hull::ROUNDING * hull::ROUNDING);
            p.sqrt(sum)
        };
        let (from_low, from_high) = (distance(low), distance(high));
        let difference = p.sub(from_low, from_high);
        let half = p.scale(0.5, difference);
        p.offset(half, 0.5 * (low + high))
    }
}

fn add_to(sum: &mut [f64], other: &[f64]) {
    sum.iter_mut().zip(other).for_each(|(s, o)| *s += o);
}
