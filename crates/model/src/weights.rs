//! The large arrays of a spec as named f64 tensors, and their safetensors file.
//!
//! | tensor | shape |
//! |---|---|
//! | `branch{b}.layer{k}.weight` | neurons, inputs |
//! | `branch{b}.layer{k}.bias` | neurons |
//! | `branch{b}.{output}.population` | last layer's neurons + 1, population functions |
//! | `branch{b}.{output}.deviation` | devices, last layer's neurons + 1, deviation functions |

use std::borrow::Cow;
use std::path::Path;

use gummel_kernel::Spec;
use ndarray::{ArrayD, IxDyn};
use safetensors::{Dtype, SafeTensors, View};

use crate::ModelError;

/// A tensor with its name, in the order of the table above.
type Named = (String, ArrayD<f64>);

/// Copies all arrays out of `spec`.
///
/// # Errors
/// [`ModelError::Inconsistent`] when an array's length does not match the structure.
pub(crate) fn collect(spec: &Spec) -> Result<Vec<Named>, ModelError> {
    let mut spec = spec.clone();
    let mut out = Vec::new();
    visit(&mut spec, &mut |name, shape, slots| {
        let numbers: Vec<f64> = slots.iter().flat_map(|s| s.iter().copied()).collect();
        let array = ArrayD::from_shape_vec(IxDyn(shape), numbers)
            .map_err(|e| ModelError::Inconsistent(format!("tensor '{name}': {e}")))?;
        out.push((name, array));
        Ok(())
    })?;
    Ok(out)
}

/// Writes tensors as the bytes of a safetensors file; the same tensors give the same bytes.
///
/// # Errors
/// [`ModelError::Weights`] when the format refuses (a header beyond 100 MB).
pub(crate) fn encode(tensors: &[Named], path: &Path) -> Result<Vec<u8>, ModelError> {
    let views = tensors.iter().map(|(name, array)| (name.as_str(), Doubles::of(array)));
    safetensors::serialize(views, None)
        .map_err(|e| ModelError::Weights { path: path.to_owned(), reason: e.to_string() })
}

/// Fills the arrays of `spec` from the bytes of a safetensors file at `path`.
///
/// # Errors
/// A damaged file, an absent tensor, a wrong shape or type, a number that is not finite.
pub(crate) fn fill(spec: &mut Spec, bytes: &[u8], path: &Path) -> Result<(), ModelError> {
    let file = SafeTensors::deserialize(bytes)
        .map_err(|e| ModelError::Weights { path: path.to_owned(), reason: e.to_string() })?;
    visit(spec, &mut |name, shape, slots| {
        let numbers = read(&file, &name, shape, path)?;
        let mut rest = numbers.as_slice();
        for slot in slots {
            let (head, tail) = rest.split_at(slot.len());
            slot.copy_from_slice(head);
            rest = tail;
        }
        Ok(())
    })
}

/// The numbers of tensor `name`, which must have this shape and be finite.
///
/// # Errors
/// An absent tensor, another shape or type, a number that is not finite.
pub(crate) fn read(
    file: &SafeTensors<'_>,
    name: &str,
    shape: &[usize],
    path: &Path,
) -> Result<Vec<f64>, ModelError> {
    let tensor = file
        .tensor(name)
        .map_err(|_| ModelError::MissingTensor { path: path.to_owned(), tensor: name.to_owned() })?;
    if tensor.dtype() != Dtype::F64 || tensor.shape() != shape {
        return Err(ModelError::Shape {
            path: path.to_owned(),
            tensor: name.to_owned(),
            found: format!("{:?} {:?}", tensor.dtype(), tensor.shape()),
            expected: format!("F64 {shape:?}"),
        });
    }
    let numbers: Vec<f64> =
        tensor.data().chunks_exact(8).map(|c| f64::from_le_bytes(std::array::from_fn(|i| c[i]))).collect();
    match numbers.iter().position(|v| !v.is_finite()) {
        None => Ok(numbers),
        Some(index) => Err(ModelError::NotFinite {
            path: path.to_owned(),
            tensor: name.to_owned(),
            index,
            value: numbers[index],
        }),
    }
}

/// What [`visit`] calls with the name, shape and parts of a tensor.
type Visitor<'a> = dyn FnMut(String, &[usize], &mut [&mut [f64]]) -> Result<(), ModelError> + 'a;

/// Calls `each` with name, shape and parts of every tensor; parts follow each other in row-major order.
fn visit(spec: &mut Spec, each: &mut Visitor) -> Result<(), ModelError> {
    let devices = spec.devices.len();
    for (b, branch) in spec.branches.iter_mut().enumerate() {
        let (rows, population, deviation) =
            (branch.head_len(), branch.population.len(), branch.deviation.len());
        for (k, layer) in branch.layers.iter_mut().enumerate() {
            let shape = [layer.outputs, layer.inputs];
            each(format!("branch{b}.layer{k}.weight"), &shape, &mut [&mut layer.weight])?;
            each(format!("branch{b}.layer{k}.bias"), &shape[..1], &mut [&mut layer.bias])?;
        }
        for (o, output) in branch.outputs.iter().enumerate() {
            let name = output.kind.name();
            if population > 0 {
                each(
                    format!("branch{b}.{name}.population"),
                    &[rows, population],
                    &mut [&mut branch.population_heads[o]],
                )?;
            }
            if deviation > 0 && devices > 0 {
                let mut parts: Vec<&mut [f64]> =
                    spec.devices.iter_mut().map(|d| d.deviation[b][o].as_mut_slice()).collect();
                each(format!("branch{b}.{name}.deviation"), &[devices, rows, deviation], &mut parts)?;
            }
        }
    }
    Ok(())
}

/// Little-endian bytes of an array, as safetensors asks for them.
struct Doubles {
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl Doubles {
    fn of(array: &ArrayD<f64>) -> Self {
        Doubles { shape: array.shape().to_vec(), bytes: array.iter().flat_map(|v| v.to_le_bytes()).collect() }
    }
}

impl View for Doubles {
    fn dtype(&self) -> Dtype {
        Dtype::F64
    }

    fn shape(&self) -> &[usize] {
        &self.shape
    }

    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }

    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}
