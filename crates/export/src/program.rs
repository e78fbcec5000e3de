//! The straight-line description of an evaluation: a list of operations on short vectors that emitters only print.
//!
//! Every value is a vector of fixed length (a scalar has length one). An operation refers only to values before
//! it, so that printing them in order is a program. Values that do not change with bias are told apart
//! ([`Program::is_fixed`]): an emitter may compute them once.
//!
//! [`build`] makes it from a model, [`reverse`] adds exact derivatives, [`run`] evaluates it.

pub mod build;
mod heads;
pub mod reverse;
pub mod run;

use gummel_kernel::math;

/// A value of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub(crate) usize);

/// What a program takes from outside: source-referred voltages (V) and the place of the device (m, K).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the symbols'")]
pub enum Input {
    Vgs,
    Vds,
    Vbs,
    W,
    L,
    Temperature,
    Speed,
    Skew,
}

impl Input {
    /// The inputs that change from bias to bias.
    pub const BIAS: [Input; 3] = [Input::Vgs, Input::Vds, Input::Vbs];
    /// The inputs that say where the device stands.
    pub const PLACE: [Input; 5] = [Input::W, Input::L, Input::Temperature, Input::Speed, Input::Skew];

    /// Lower-case name.
    pub fn name(self) -> &'static str {
        ["vgs", "vds", "vbs", "w", "l", "temperature", "speed", "skew"][self as usize]
    }
}

/// A dense matrix of constants, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    /// Number of rows.
    pub rows: usize,
    /// Number of columns.
    pub columns: usize,
    /// `rows * columns` numbers.
    pub numbers: Vec<f64>,
}

impl Matrix {
    /// One row of the matrix.
    pub fn row(&self, r: usize) -> &[f64] {
        &self.numbers[r * self.columns..][..self.columns]
    }

    /// Rows become columns.
    pub fn transposed(&self) -> Matrix {
        let numbers = (0..self.columns)
            .flat_map(|c| (0..self.rows).map(move |r| self.numbers[r * self.columns + c]))
            .collect();
        Matrix { rows: self.columns, columns: self.rows, numbers }
    }
}

/// How a value comes about. Scalars are repeated where a vector is expected.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// From outside.
    Input(Input),
    /// Numbers.
    Constant(Vec<f64>),
    /// The row of the chosen device: one vector per exported device.
    Rows(Vec<Vec<f64>>),
    /// `matrix x + bias`.
    Affine {
        /// Constants.
        matrix: Matrix,
        /// Constants, one a row.
        bias: Vec<f64>,
        /// The vector.
        x: Id,
    },
    /// Sum, element by element.
    Add(Id, Id),
    /// Difference.
    Sub(Id, Id),
    /// Product, element by element.
    Mul(Id, Id),
    /// Quotient.
    Div(Id, Id),
    /// Sum of the products of two vectors of one length.
    Dot(Id, Id),
    /// Constant times value.
    Scale(f64, Id),
    /// Value plus constant.
    Offset(Id, f64),
    /// Hyperbolic tangent.
    Tanh(Id),
    /// `1 - t^2` for a value `t` that is a hyperbolic tangent: its derivative.
    TanhSlope(Id),
    /// Exponential; with `clamp` the argument is kept within [`math::EXP_LIMIT`], without it is known to be.
    Exp {
        /// The argument.
        x: Id,
        /// Whether the argument has to be limited.
        clamp: bool,
    },
    /// Square root.
    Sqrt(Id),
    /// Natural logarithm.
    Ln(Id),
    /// Values one after the other.
    Join(Vec<Id>),
    /// `length` elements from `start` on.
    Part {
        /// The vector.
        x: Id,
        /// First element.
        start: usize,
    },
}

impl Op {
    /// The values it refers to.
    pub fn operands(&self) -> Vec<Id> {
        match self {
            Op::Input(_) | Op::Constant(_) | Op::Rows(_) => Vec::new(),
            Op::Add(a, b) | Op::Sub(a, b) | Op::Mul(a, b) | Op::Div(a, b) | Op::Dot(a, b) => vec![*a, *b],
            Op::Join(parts) => parts.clone(),
            Op::Affine { x, .. } | Op::Exp { x, .. } | Op::Part { x, .. } => vec![*x],
            Op::Scale(_, x) | Op::Offset(x, _) => vec![*x],
            Op::Tanh(x) | Op::TanhSlope(x) | Op::Sqrt(x) | Op::Ln(x) => vec![*x],
        }
    }
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// How it comes about.
    pub op: Op,
    /// Number of elements.
    pub len: usize,
    /// Name for people; values without one may be printed inside others.
    pub name: Option<String>,
    /// Bound of the magnitude of its elements, infinite when unknown.
    bound: f64,
    fixed: bool,
}

/// A list of operations with named results.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Program {
    nodes: Vec<Node>,
    outputs: Vec<(&'static str, Id)>,
}

impl Program {
    /// All values, operands before results.
    pub fn nodes(&self) -> impl Iterator<Item = (Id, &Node)> {
        self.nodes.iter().enumerate().map(|(k, n)| (Id(k), n))
    }

    /// One value.
    pub fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0]
    }

    /// Named results, scalars.
    pub fn outputs(&self) -> &[(&'static str, Id)] {
        &self.outputs
    }

    /// Results that a caller wants: those of the terminals, without the modelled flows they are made of.
    pub fn results(&self) -> Vec<(&'static str, Id)> {
        let is_flow = |name: &str| gummel_kernel::OutputKind::from_name(name).is_some();
        self.outputs.iter().copied().filter(|(name, _)| !is_flow(name)).collect()
    }

    /// The result called `name`, if there is one.
    pub fn output(&self, name: &str) -> Option<Id> {
        self.outputs.iter().find(|(n, _)| *n == name).map(|(_, id)| *id)
    }

    /// The place inputs that the program depends on.
    pub fn place_inputs(&self) -> Vec<Input> {
        let used = |i: &Input| self.nodes.iter().any(|n| n.op == Op::Input(*i));
        Input::PLACE.into_iter().filter(used).collect()
    }

    /// Whether a value is the same at every bias.
    pub fn is_fixed(&self, id: Id) -> bool {
        self.node(id).fixed
    }

    pub(crate) fn emit(&mut self, name: &'static str, id: Id) {
        self.outputs.push((name, id));
    }

    /// Gives a value a name.
    pub(crate) fn named(&mut self, name: impl Into<String>, id: Id) -> Id {
        self.nodes[id.0].name.get_or_insert_with(|| name.into());
        id
    }

    fn push(&mut self, op: Op, len: usize, bound: f64) -> Id {
        let fixed = match op {
            Op::Input(i) => !Input::BIAS.contains(&i),
            _ => op.operands().iter().all(|id| self.is_fixed(*id)),
        };
        self.nodes.push(Node { op, len, name: None, bound, fixed });
        Id(self.nodes.len() - 1)
    }

    fn len(&self, id: Id) -> usize {
        self.node(id).len
    }

    fn bound(&self, id: Id) -> f64 {
        self.node(id).bound
    }

    pub(crate) fn as_constant(&self, id: Id) -> Option<&[f64]> {
        match &self.node(id).op {
            Op::Constant(numbers) => Some(numbers),
            _ => None,
        }
    }

    pub(crate) fn input(&mut self, input: Input) -> Id {
        match self.nodes.iter().position(|n| n.op == Op::Input(input)) {
            Some(k) => Id(k),
            None => self.push(Op::Input(input), 1, f64::INFINITY),
        }
    }

    pub(crate) fn constant(&mut self, numbers: Vec<f64>) -> Id {
        let (len, bound) = (numbers.len(), largest(&numbers));
        self.push(Op::Constant(numbers), len, bound)
    }

    /// A vector per device; one constant when they are all alike.
    pub(crate) fn rows(&mut self, rows: Vec<Vec<f64>>) -> Id {
        if rows.iter().all(|r| *r == rows[0]) {
            return self.constant(rows[0].clone());
        }
        let (len, bound) = (rows[0].len(), rows.iter().map(|r| largest(r)).fold(0.0, f64::max));
        self.push(Op::Rows(rows), len, bound)
    }

    pub(crate) fn affine(&mut self, matrix: Matrix, bias: Vec<f64>, x: Id) -> Id {
        if let Some(x) = self.as_constant(x) {
            let numbers = (0..matrix.rows).map(|r| bias[r] + dot(matrix.row(r), x)).collect();
            return self.constant(numbers);
        }
        let row =
            |r: usize| bias[r].abs() + matrix.row(r).iter().map(|w| w.abs()).sum::<f64>() * self.bound(x);
        let bound = (0..matrix.rows).map(row).fold(0.0, f64::max);
        let rows = matrix.rows;
        self.push(Op::Affine { matrix, bias, x }, rows, bound)
    }

    fn longer(&self, a: Id, b: Id) -> usize {
        self.len(a).max(self.len(b))
    }

    pub(crate) fn add(&mut self, a: Id, b: Id) -> Id {
        let (len, bound) = (self.longer(a, b), self.bound(a) + self.bound(b));
        if [a, b].iter().any(|x| self.len(*x) == len && self.is_zero(*x)) {
            return if self.is_zero(a) { b } else { a };
        }
        self.push(Op::Add(a, b), len, bound)
    }

    pub(crate) fn sub(&mut self, a: Id, b: Id) -> Id {
        let (len, bound) = (self.longer(a, b), self.bound(a) + self.bound(b));
        self.push(Op::Sub(a, b), len, bound)
    }

    pub(crate) fn mul(&mut self, a: Id, b: Id) -> Id {
        let len = self.longer(a, b);
        for (one, other) in [(a, b), (b, a)] {
            match self.as_constant(one) {
                Some([k]) if self.len(other) == len => return self.scale(*k, other),
                _ => {}
            }
        }
        let bound = self.bound(a) * self.bound(b);
        self.push(Op::Mul(a, b), len, bound)
    }

    pub(crate) fn div(&mut self, a: Id, b: Id) -> Id {
        let len = self.longer(a, b);
        self.push(Op::Div(a, b), len, f64::INFINITY)
    }

    pub(crate) fn dot(&mut self, a: Id, b: Id) -> Id {
        for (one, other) in [(a, b), (b, a)] {
            if let Some(numbers) = self.as_constant(one) {
                let matrix = Matrix { rows: 1, columns: numbers.len(), numbers: numbers.to_vec() };
                return self.affine(matrix, vec![0.0], other);
            }
        }
        let bound = self.bound(a) * self.bound(b) * self.len(a) as f64;
        self.push(Op::Dot(a, b), 1, bound)
    }

    pub(crate) fn scale(&mut self, factor: f64, x: Id) -> Id {
        if factor == 1.0 {
            return x;
        }
        if let Some(numbers) = self.as_constant(x) {
            let numbers = numbers.iter().map(|n| factor * n).collect();
            return self.constant(numbers);
        }
        let (len, bound) = (self.len(x), factor.abs() * self.bound(x));
        self.push(Op::Scale(factor, x), len, bound)
    }

    pub(crate) fn offset(&mut self, x: Id, constant: f64) -> Id {
        if constant == 0.0 {
            return x;
        }
        let (len, bound) = (self.len(x), constant.abs() + self.bound(x));
        self.push(Op::Offset(x, constant), len, bound)
    }

    pub(crate) fn tanh(&mut self, x: Id) -> Id {
        if let Some(numbers) = self.as_constant(x) {
            let numbers = numbers.iter().map(|n| math::tanh::<false>(*n)).collect();
            return self.constant(numbers);
        }
        let len = self.len(x);
        self.push(Op::Tanh(x), len, 1.0)
    }

    fn tanh_slope(&mut self, tanh: Id) -> Id {
        let len = self.len(tanh);
        self.push(Op::TanhSlope(tanh), len, 1.0)
    }

    pub(crate) fn exp(&mut self, x: Id) -> Id {
        let (len, clamp) = (self.len(x), self.bound(x).is_nan() || self.bound(x) > math::EXP_LIMIT);
        self.push(Op::Exp { x, clamp }, len, f64::INFINITY)
    }

    pub(crate) fn sqrt(&mut self, x: Id) -> Id {
        let len = self.len(x);
        self.push(Op::Sqrt(x), len, f64::INFINITY)
    }

    pub(crate) fn ln(&mut self, x: Id) -> Id {
        let len = self.len(x);
        self.push(Op::Ln(x), len, f64::INFINITY)
    }

    pub(crate) fn join(&mut self, parts: Vec<Id>) -> Id {
        if let [only] = parts[..] {
            return only;
        }
        let len = parts.iter().map(|p| self.len(*p)).sum();
        let bound = parts.iter().map(|p| self.bound(*p)).fold(0.0, f64::max);
        self.push(Op::Join(parts), len, bound)
    }

    pub(crate) fn part(&mut self, x: Id, start: usize, len: usize) -> Id {
        if len == self.len(x) {
            return x;
        }
        if let Some(numbers) = self.as_constant(x) {
            let numbers = numbers[start..][..len].to_vec();
            return self.constant(numbers);
        }
        let bound = self.bound(x);
        self.push(Op::Part { x, start }, len, bound)
    }

    fn is_zero(&self, id: Id) -> bool {
        self.as_constant(id).is_some_and(|numbers| numbers.iter().all(|n| *n == 0.0))
    }
}

fn largest(numbers: &[f64]) -> f64 {
    numbers.iter().fold(0.0, |a, n| a.max(n.abs()))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
