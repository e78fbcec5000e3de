//! A program as assignments of scalars: one a neuron, short expressions inside others, nothing that is not used.
//!
//! What differs between languages is a [`Dialect`]; sums, products and their parentheses are common to all.

use std::collections::BTreeMap;

use crate::number::real;
use crate::program::{Id, Input, Op, Program};

/// How a language writes what a program is made of.
pub trait Dialect {
    /// A variable where it is read.
    fn variable(&self, name: &str) -> String;
    /// An input where it is read.
    fn input(&self, input: Input) -> String;
    /// `x` kept within `-limit..limit`.
    fn limited(&self, x: &str, limit: f64) -> String;
    /// The function that is the natural logarithm.
    fn ln(&self) -> &'static str;
}

/// An assignment to print.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    /// Variable.
    pub name: String,
    /// Right-hand side.
    pub expression: String,
    /// Whether it is the same at every bias.
    pub fixed: bool,
    /// The named vector it belongs to.
    pub group: String,
}

/// A variable with one value per device.
#[derive(Clone, Debug, PartialEq)]
pub struct PerDevice {
    /// Variable.
    pub name: String,
    /// A value per exported device.
    pub values: Vec<f64>,
}

type Element = (Id, usize);

/// A program with the decision which of its elements become variables.
pub struct Listing<'a> {
    program: &'a Program,
    /// Elements in use and how often; the order is that of evaluation.
    uses: BTreeMap<Element, usize>,
    /// Fixed elements that change with bias elements use.
    handed_over: Vec<Element>,
    results: Vec<Element>,
}

impl<'a> Listing<'a> {
    /// What the given results need.
    pub fn new(program: &'a Program, results: &[Id]) -> Self {
        let mut this =
            Listing { program, uses: BTreeMap::new(), handed_over: Vec::new(), results: Vec::new() };
        this.results = results.iter().map(|id| this.resolve(*id, 0)).collect();
        for element in this.results.clone() {
            *this.uses.entry(element).or_default() += 1;
        }
        for k in (0..program.nodes().count()).rev().map(Id) {
            for j in 0..program.node(k).len {
                if !this.uses.contains_key(&(k, j)) {
                    continue;
                }
                for used in this.references(k, j) {
                    *this.uses.entry(used).or_default() += 1;
                    if !program.is_fixed(k) && program.is_fixed(used.0) {
                        this.handed_over.push(used);
                    }
                }
            }
        }
        this.handed_over.retain(|e| !matches!(program.node(e.0).op, Op::Constant(_) | Op::Input(_)));
        this.handed_over.sort();
        this.handed_over.dedup();
        this
    }

    /// Variables with a value per device.
    pub fn per_device(&self) -> Vec<PerDevice> {
        let value = |(id, j): &Element| match &self.program.node(*id).op {
            Op::Rows(rows) => {
                Some(PerDevice { name: self.name((*id, *j)), values: rows.iter().map(|r| r[*j]).collect() })
            }
            _ => None,
        };
        self.uses.keys().filter_map(value).collect()
    }

    /// All assignments in order of evaluation.
    pub fn assignments(&self, dialect: &dyn Dialect) -> Vec<Assignment> {
        let is_printed =
            |e: &&Element| self.is_variable(**e) && !matches!(self.program.node(e.0).op, Op::Rows(_));
        let print = |e: &Element| Assignment {
            name: self.name(*e),
            expression: self.expression(*e, dialect).text,
            fixed: self.program.is_fixed(e.0),
            group: self.group(e.0),
        };
        self.uses.keys().filter(is_printed).map(print).collect()
    }

    /// Variables that do not change with bias and are needed at every bias.
    pub fn handed_over(&self) -> Vec<String> {
        self.handed_over.iter().map(|e| self.name(*e)).collect()
    }

    /// A result as an expression.
    pub fn result(&self, id: Id, dialect: &dyn Dialect) -> String {
        self.element(self.resolve(id, 0), dialect).text
    }

    /// Through joins and parts to the value that an element is.
    fn resolve(&self, id: Id, j: usize) -> Element {
        let node = self.program.node(id);
        match &node.op {
            Op::Part { x, start } => self.resolve(*x, start + j),
            Op::Join(parts) => {
                let mut j = j;
                for part in parts {
                    let len = self.program.node(*part).len;
                    if j < len {
                        return self.resolve(*part, j);
                    }
                    j -= len;
                }
                (id, j)
            }
            // A scalar stands for every element of a vector.
            _ => (id, if node.len == 1 { 0 } else { j }),
        }
    }

    fn references(&self, id: Id, j: usize) -> Vec<Element> {
        let op = &self.program.node(id).op;
        match op {
            Op::Affine { matrix, x, .. } => {
                let weights = matrix.row(j).iter().enumerate().filter(|(_, w)| **w != 0.0);
                weights.map(|(c, _)| self.resolve(*x, c)).collect()
            }
            Op::Dot(a, b) => (0..self.program.node(*a).len)
                .flat_map(|k| [self.resolve(*a, k), self.resolve(*b, k)])
                .collect(),
            // Printed as a square, it needs a variable.
            Op::TanhSlope(t) => vec![self.resolve(*t, j); 2],
            _ => op.operands().into_iter().map(|x| self.resolve(x, j)).collect(),
        }
    }

    fn is_variable(&self, element: Element) -> bool {
        let node = self.program.node(element.0);
        match node.op {
            Op::Input(_) | Op::Constant(_) => false,
            Op::Rows(_) => true,
            _ => {
                node.name.is_some()
                    || self.uses.get(&element).is_some_and(|n| *n > 1)
                    || self.results.contains(&element)
                    || self.handed_over.binary_search(&element).is_ok()
            }
        }
    }

    fn group(&self, id: Id) -> String {
        self.program.node(id).name.clone().unwrap_or_else(|| format!("t{}", id.0))
    }

    fn name(&self, (id, j): Element) -> String {
        let group = self.group(id);
        if self.program.node(id).len == 1 { group } else { format!("{group}_{j}") }
    }

    fn element(&self, element: Element, dialect: &dyn Dialect) -> Text {
        if self.is_variable(element) {
            return Text::atom(dialect.variable(&self.name(element)));
        }
        self.expression(element, dialect)
    }

    fn expression(&self, (id, j): Element, dialect: &dyn Dialect) -> Text {
        let get = |x: &Id| self.element(self.resolve(*x, j), dialect);
        let call = |f: &str, x: &Id| Text::atom(format!("{f}({})", get(x).text));
        match &self.program.node(id).op {
            Op::Input(i) => Text::atom(dialect.input(*i)),
            Op::Constant(numbers) => Text::number(numbers[j]),
            Op::Rows(_) => Text::atom(dialect.variable(&self.name((id, j)))),
            Op::Affine { matrix, bias, x } => {
                let mut sum = Text::number(bias[j]);
                let mut is_empty = bias[j] == 0.0;
                for (c, w) in matrix.row(j).iter().enumerate().filter(|(_, w)| **w != 0.0) {
                    let term = Text::scaled(*w, self.element(self.resolve(*x, c), dialect));
                    sum = if is_empty { term } else { sum.plus(term) };
                    is_empty = false;
                }
                sum
            }
            Op::Dot(a, b) => {
                let term = |k| {
                    self.element(self.resolve(*a, k), dialect)
                        .times(self.element(self.resolve(*b, k), dialect))
                };
                (1..self.program.node(*a).len).fold(term(0), |sum, k| sum.plus(term(k)))
            }
            Op::Add(a, b) => get(a).plus(get(b)),
            Op::Sub(a, b) => get(a).minus(get(b)),
            Op::Mul(a, b) => get(a).times(get(b)),
            Op::Div(a, b) => get(a).over(get(b)),
            Op::Scale(factor, x) => Text::scaled(*factor, get(x)),
            Op::Offset(x, constant) => get(x).plus(Text::number(*constant)),
            Op::Tanh(x) => call("tanh", x),
            Op::TanhSlope(t) => Text::number(1.0).minus(get(t).times(get(t))),
            Op::Exp { x, clamp: false } => call("exp", x),
            Op::Exp { x, clamp: true } => {
                Text::atom(format!("exp({})", dialect.limited(&get(x).text, gummel_kernel::math::EXP_LIMIT)))
            }
            Op::Sqrt(x) => call("sqrt", x),
            Op::Ln(x) => call(dialect.ln(), x),
            Op::Join(_) | Op::Part { .. } => self.element(self.resolve(id, j), dialect),
        }
    }
}

/// What binds an expression together.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Bond {
    Sum,
    Product,
    Atom,
}

struct Text {
    text: String,
    bond: Bond,
}

impl Text {
    fn atom(text: String) -> Self {
        Text { text, bond: Bond::Atom }
    }

    fn number(value: f64) -> Self {
        Text { text: real(value), bond: if value < 0.0 { Bond::Product } else { Bond::Atom } }
    }

    fn scaled(factor: f64, x: Text) -> Self {
        if factor == 1.0 {
            return x;
        }
        let (sign, factor) = if factor < 0.0 { ("-", -factor) } else { ("", factor) };
        if factor == 1.0 && !x.is_negative() {
            return Text { text: format!("-{}", x.factor()), bond: Bond::Product };
        }
        Text { text: format!("{sign}{}*{}", real(factor), x.factor()), bond: Bond::Product }
    }

    fn is_negative(&self) -> bool {
        self.text.starts_with('-')
    }

    /// As a factor that is not the first.
    fn factor(&self) -> String {
        if self.bond == Bond::Sum || self.is_negative() {
            format!("({})", self.text)
        } else {
            self.text.clone()
        }
    }

    fn plus(self, other: Text) -> Text {
        let text = match other.text.strip_prefix('-') {
            Some(rest) => format!("{} - {rest}", self.text),
            None => format!("{} + {}", self.text, other.text),
        };
        Text { text, bond: Bond::Sum }
    }

    fn minus(self, other: Text) -> Text {
        let text = if other.bond == Bond::Sum || other.is_negative() {
            format!("{} - ({})", self.text, other.text)
        } else {
            format!("{} - {}", self.text, other.text)
        };
        Text { text, bond: Bond::Sum }
    }

    fn times(self, other: Text) -> Text {
        let first = if self.bond == Bond::Sum { format!("({})", self.text) } else { self.text.clone() };
        Text { text: format!("{first}*{}", other.factor()), bond: Bond::Product }
    }

    fn over(self, other: Text) -> Text {
        let first = if self.bond == Bond::Sum { format!("({})", self.text) } else { self.text.clone() };
        let below = if other.bond == Bond::Atom { other.text } else { format!("({})", other.text) };
        Text { text: format!("{first}/{below}"), bond: Bond::Product }
    }
}

/// Breaks a long line before a sign between terms; lines after the first begin with `continuation`.
pub fn wrap(line: &str, continuation: &str, width: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    let mut words = line.split(' ').peekable();
    let mut is_first = true;
    while let Some(word) = words.next() {
        // An operator stays with the term that follows it.
        let unit = match (word, words.peek()) {
            ("+" | "-", Some(next)) => {
                let unit = format!("{word} {next}");
                words.next();
                unit
            }
            _ => word.to_owned(),
        };
        let breaks = !is_first && length + 1 + unit.len() > width && unit.starts_with(['+', '-']);
        if breaks {
            out += "\n";
            out += continuation;
            length = continuation.len();
        } else if !is_first {
            out += " ";
            length += 1;
        }
        out += &unit;
        length += unit.len();
        is_first = false;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parentheses_stand_where_they_are_needed() {
        let a = || Text::atom("a".into());
        let sum = || a().plus(Text::scaled(-2.0, Text::atom("b".into())));
        assert_eq!(sum().text, "a - 2.0*b");
        assert_eq!(a().minus(sum()).text, "a - (a - 2.0*b)");
        assert_eq!(sum().times(sum()).text, "(a - 2.0*b)*(a - 2.0*b)");
        assert_eq!(a().over(Text::scaled(3.0, a())).text, "a/(3.0*a)");
        assert_eq!(Text::scaled(-1.0, a()).text, "-a");
        assert_eq!(Text::scaled(-1.0, Text::scaled(-1.0, a())).text, "-1.0*(-a)");
        assert_eq!(a().times(Text::number(-1.0)).text, "a*(-1.0)");
    }

    #[test]
    fn long_lines_break_before_a_sign() {
        assert_eq!(wrap("x = a + b - c", "    ", 8), "x = a\n    + b\n    - c");
        assert_eq!(wrap("short", "+ ", 80), "short");
    }
}
