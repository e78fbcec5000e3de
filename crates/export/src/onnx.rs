//! ONNX: the program as a graph over a batch of biases, with inputs and outputs of double or single precision.
//!
//! A subthreshold current changes by a factor e within 30 mV, and a conductance is what is left of neurons that cancel: rounded to 24
//! bits on the way, single transistors were off by up to 4e-4 and conductances of GF180MCU by 2e-5. So the graph computes in 64 bits either way.
//!
//! Inputs are vectors of one length N: `vgs vds vbs` in volts, `device` (int64) when there are several, and the
//! open place inputs in SI units. Outputs are vectors of length N: `id gm gds gmb`, and what else the model has.
//! A value of the program is a tensor of shape (N, length), a constant one of shape (length).

mod message;
mod needed;

use gummel_kernel::{OutputKind, math};
use gummel_model::Model;

use crate::ExportError;
use crate::program::build::Derivatives;
use crate::program::{Id, Input, Node, Op, Program};
use crate::scope::{Scope, Selection};
use crate::stamp::{Stamp, header};
use message::{Message, tensor_type};

/// Operator set: the newest that runtimes of two years back read; none of its successors changes what is used here.
const OPSET: u64 = 21;
/// File format that belongs to the operator set.
const IR_VERSION: u64 = 10;

/// Width of the numbers that go in and come out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// 64 bits.
    Double,
    /// 32 bits.
    Single,
}

impl Precision {
    /// Name of the target.
    pub fn target(self) -> &'static str {
        match self {
            Precision::Double => "onnx",
            Precision::Single => "onnx-f32",
        }
    }

    /// TensorProto.DataType.
    fn element(self) -> u64 {
        match self {
            Precision::Single => message::FLOAT,
            Precision::Double => message::DOUBLE,
        }
    }

    /// Largest argument of an exponential whose value can come out.
    fn limit(self) -> f64 {
        match self {
            Precision::Single => 80.0,
            Precision::Double => math::EXP_LIMIT,
        }
    }
}

/// The file's bytes; of `open`, what the model depends on becomes an input.
///
/// # Errors
/// [`ExportError::Model`] for a device that is not in the model.
pub fn bytes(
    model: &Model,
    selection: &Selection,
    open: &[Input],
    precision: Precision,
) -> Result<Vec<u8>, ExportError> {
    let scope = Scope::new(model, selection, open)?;
    let stamp = Stamp::new(precision.target(), model, &scope);
    let program = Program::new(&model.spec, &scope, Derivatives::OfDrainCurrent);
    let mut graph = Graph { program: &program, precision, message: Message::default(), initializers: 0 };
    graph.print(&stamp.module, stamp.devices.len());
    let mut file = Message::default();
    file.number(1, IR_VERSION);
    file.text(2, "gummel");
    file.text(3, &stamp.gummel);
    file.text(6, &header(model, &scope, &stamp).join("\n"));
    file.message(7, &graph.message);
    let mut opset = Message::default();
    opset.text(1, "");
    opset.number(2, OPSET);
    file.message(8, &opset);
    let mut entry = Message::default();
    entry.text(1, "gummel");
    entry.text(2, &stamp.lines().join("\n"));
    file.message(14, &entry);
    Ok(file.bytes)
}

struct Graph<'a> {
    program: &'a Program,
    /// Width of the inputs and results.
    precision: Precision,
    message: Message,
    initializers: usize,
}

impl Graph<'_> {
    fn print(&mut self, name: &str, devices: usize) {
        self.message.text(2, name);
        let results: Vec<(&str, Id)> = self
            .program
            .outputs()
            .iter()
            .copied()
            .filter(|(name, id)| {
                OutputKind::from_name(name).is_none() && self.program.as_constant(*id).is_none()
            })
            .collect();
        for input in Input::BIAS.into_iter().chain(self.program.place_inputs()) {
            let element = self.precision.element();
            self.message.message(11, &tensor_type(input.name(), element));
        }
        if devices > 1 {
            self.message.message(11, &tensor_type("device", message::INT64));
        }
        let needed = needed::needed(self.program, results.iter().map(|r| r.1));
        for (id, node) in self.program.nodes().filter(|(id, _)| needed[id.0]) {
            self.value(id, node);
        }
        for (name, id) in results {
            let axis = self.integers(&[1]);
            let element = self.precision.element();
            match self.precision {
                Precision::Double => self.node("Squeeze", &[&tensor(id), &axis], name, &[]),
                Precision::Single => {
                    let exact = format!("{name}_exact");
                    self.node("Squeeze", &[&tensor(id), &axis], &exact, &[]);
                    self.node("Cast", &[&exact], name, &[("to", element)]);
                }
            }
            self.message.message(12, &tensor_type(name, element));
        }
    }

    fn value(&mut self, id: Id, node: &Node) {
        let out = tensor(id);
        let out = out.as_str();
        let operands: Vec<String> = node.op.operands().into_iter().map(tensor).collect();
        let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
        match &node.op {
            Op::Input(i) => {
                let axis = self.integers(&[1]);
                match self.precision {
                    Precision::Double => self.node("Unsqueeze", &[i.name(), &axis], out, &[]),
                    Precision::Single => {
                        let given = format!("{out}_given");
                        self.node("Unsqueeze", &[i.name(), &axis], &given, &[]);
                        self.node("Cast", &[&given], out, &[("to", message::DOUBLE)]);
                    }
                }
            }
            Op::Constant(numbers) => self.reals(out, &[numbers.len()], numbers),
            Op::Rows(rows) => {
                let table = format!("{out}_table");
                self.reals(&table, &[rows.len(), node.len], &rows.concat());
                self.node("Gather", &[&table, "device"], out, &[("axis", 0)]);
            }
            Op::Affine { matrix, bias, .. } => {
                let (w, b) = (format!("{out}_weight"), format!("{out}_bias"));
                self.reals(&w, &[matrix.rows, matrix.columns], &matrix.numbers);
                if bias.iter().all(|b| *b == 0.0) {
                    self.node("Gemm", &[operands[0], &w], out, &[("transB", 1)]);
                } else {
                    self.reals(&b, &[bias.len()], bias);
                    self.node("Gemm", &[operands[0], &w, &b], out, &[("transB", 1)]);
                }
            }
            Op::Add(..) => self.node("Add", &operands, out, &[]),
            Op::Sub(..) => self.node("Sub", &operands, out, &[]),
            Op::Mul(..) => self.node("Mul", &operands, out, &[]),
            Op::Div(..) => self.node("Div", &operands, out, &[]),
            Op::Dot(..) => {
                let product = format!("{out}_products");
                self.node("Mul", &operands, &product, &[]);
                let axis = self.integers(&[1]);
                self.node("ReduceSum", &[&product, &axis], out, &[("keepdims", 1)]);
            }
            Op::Scale(factor, _) => {
                let k = self.constant(&[1], *factor);
                self.node("Mul", &[operands[0], &k], out, &[]);
            }
            Op::Offset(_, constant) => {
                let k = self.constant(&[1], *constant);
                self.node("Add", &[operands[0], &k], out, &[]);
            }
            Op::Tanh(_) => self.node("Tanh", &operands, out, &[]),
            Op::TanhSlope(_) => {
                let (square, one) = (format!("{out}_square"), self.constant(&[1], 1.0));
                self.node("Mul", &[operands[0], operands[0]], &square, &[]);
                self.node("Sub", &[&one, &square], out, &[]);
            }
            Op::Exp { .. } => {
                let limited = format!("{out}_limited");
                // `Clip` asks for limits without dimensions.
                let [low, high] = [-1.0, 1.0].map(|sign| self.constant(&[], sign * self.precision.limit()));
                self.node("Clip", &[operands[0], &low, &high], &limited, &[]);
                self.node("Exp", &[&limited], out, &[]);
            }
            Op::Sqrt(_) => self.node("Sqrt", &operands, out, &[]),
            Op::Ln(_) => self.node("Log", &operands, out, &[]),
            Op::Join(_) => self.node("Concat", &operands, out, &[("axis", 1)]),
            Op::Part { start, .. } => {
                let ends = [*start as i64, (start + node.len) as i64, 1];
                let [start, end, axis] = ends.map(|n| self.integers(&[n]));
                self.node("Slice", &[operands[0], &start, &end, &axis], out, &[]);
            }
        }
    }

    fn node(&mut self, operator: &str, inputs: &[&str], output: &str, attributes: &[(&str, u64)]) {
        let mut node = Message::default();
        inputs.iter().for_each(|i| node.text(1, i));
        node.text(2, output);
        node.text(4, operator);
        for (name, value) in attributes {
            let mut attribute = Message::default();
            attribute.text(1, name);
            attribute.number(3, *value);
            attribute.number(20, message::ATTRIBUTE_INT);
            node.message(5, &attribute);
        }
        self.message.message(1, &node);
    }

    /// An initializer of real numbers.
    fn reals(&mut self, name: &str, shape: &[usize], numbers: &[f64]) {
        let bytes = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        self.initializer(name, shape, message::DOUBLE, bytes);
    }

    /// An initializer that is one number.
    fn constant(&mut self, shape: &[usize], value: f64) -> String {
        let name = self.fresh();
        self.reals(&name, shape, &[value]);
        name
    }

    fn integers(&mut self, values: &[i64]) -> String {
        let name = self.fresh();
        let bytes = values.iter().flat_map(|n| n.to_le_bytes()).collect();
        self.initializer(&name, &[values.len()], message::INT64, bytes);
        name
    }

    fn fresh(&mut self) -> String {
        self.initializers += 1;
        format!("k{}", self.initializers)
    }

    fn initializer(&mut self, name: &str, shape: &[usize], element: u64, bytes: Vec<u8>) {
        let mut tensor = Message::default();
        shape.iter().for_each(|n| tensor.number(1, *n as u64));
        tensor.number(2, element);
        tensor.text(8, name);
        tensor.raw(9, &bytes);
        self.message.message(5, &tensor);
    }
}

fn tensor(id: Id) -> String {
    format!("t{}", id.0)
}
