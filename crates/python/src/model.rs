//! A frozen model as a Python object: evaluation on arrays with the interpreter released.

use gummel_cli::run_folder::Fitted;
use gummel_device::{Corner, si};
use gummel_kernel::math::EXP_LIMIT;
use gummel_kernel::{Folded, Instance, Place};
use gummel_model::DeviceQuery;
use pyo3::prelude::*;
use pyo3::types::{PyByteArray, PyBytes};
use rayon::prelude::*;
use std::path::PathBuf;

use crate::error::{GummelError, exception};
use crate::table::doubles;

/// Points below which threads cost more than they bring.
const SERIAL: usize = 4096;
/// Points of one piece of parallel work.
const PIECE: usize = 1024;
const BYTES: usize = size_of::<f64>();

/// A fitted family: what `gummel fit` froze.
#[pyclass(frozen, subclass, module = "gummel._gummel")]
pub(crate) struct Model {
    model: gummel_model::Model,
    folder: PathBuf,
    run: Option<PathBuf>,
}

#[pymethods]
impl Model {
    /// Opens a run folder of one family or a model folder.
    #[new]
    fn open(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let Fitted { model, folder, run } = py.detach(|| Fitted::open(&path)).map_err(exception)?;
        Ok(Model { model, folder, run })
    }

    /// Names of the devices.
    #[getter]
    fn devices(&self) -> Vec<String> {
        self.model.spec.devices.iter().map(|d| d.name.clone()).collect()
    }

    /// `technology/family`.
    #[getter]
    fn family(&self) -> String {
        self.model.manifest.title()
    }

    /// Folder of the model.
    #[getter]
    fn folder(&self) -> PathBuf {
        self.folder.clone()
    }

    /// Folder of the run; None for a model by itself.
    #[getter]
    fn run(&self) -> Option<PathBuf> {
        self.run.clone()
    }

    /// The manifest as JSON.
    fn manifest_json(&self) -> PyResult<String> {
        serde_json::to_string(&self.model.manifest).map_err(exception)
    }

    /// Temperature (K), width and length (m) and devices in parallel at which a device stands, and the box
    /// `[[low, high]; 3]` of vgs, vds, vbs (V, mirrored for p-channel) in which it was measured.
    fn place(&self, device: &str) -> PyResult<([f64; 4], [[f64; 2]; 3])> {
        let heads = &self.model.spec.devices[self.model.device_index(device).map_err(exception)?];
        let p = heads.place;
        Ok(([p.temperature, p.w, p.l, p.mult], heads.range))
    }

    /// Drain current (A) and its derivatives over vgs, vds, vbs (S) at biases given as doubles in native order.
    ///
    /// Without a device: the population's mean device at `w` and `l`.
    #[pyo3(signature = (device, vd, vg, vs, vb, temperature=None, w=None, l=None, corner=None))]
    #[allow(clippy::too_many_arguments)]
    fn eval_bytes<'py>(
        &self,
        py: Python<'py>,
        device: Option<String>,
        vd: Bound<'py, PyBytes>,
        vg: Bound<'py, PyBytes>,
        vs: Bound<'py, PyBytes>,
        vb: Bound<'py, PyBytes>,
        temperature: Option<f64>,
        w: Option<f64>,
        l: Option<f64>,
        corner: Option<String>,
    ) -> PyResult<[Bound<'py, PyByteArray>; 4]> {
        let instance = self.instance(device, temperature, w, l, corner)?;
        let biases = [vd.as_bytes(), vg.as_bytes(), vs.as_bytes(), vb.as_bytes()];
        if biases.iter().any(|b| b.len() != biases[0].len() || b.len() % BYTES != 0) {
            return Err(GummelError::new_err("vd, vg, vs and vb differ in length, expected as many of each"));
        }
        let values = py.detach(|| evaluate(&instance, biases));
        Ok(values.map(|v| doubles(py, &v)))
    }

    /// The network of a device's currents as plain numbers, JSON.
    #[pyo3(signature = (device, temperature=None, w=None, l=None, corner=None))]
    fn network_json(
        &self,
        device: Option<String>,
        temperature: Option<f64>,
        w: Option<f64>,
        l: Option<f64>,
        corner: Option<String>,
    ) -> PyResult<String> {
        Ok(network(self.instance(device, temperature, w, l, corner)?.folded()).to_string())
    }
}

impl Model {
    /// A device at a place; temperature in degrees Celsius, lengths in metres.
    fn instance(
        &self,
        device: Option<String>,
        temperature: Option<f64>,
        w: Option<f64>,
        l: Option<f64>,
        corner: Option<String>,
    ) -> PyResult<Instance> {
        let corner =
            corner.map(|c| c.parse::<Corner>()).transpose().map_err(exception)?.map(Corner::position);
        let temperature = temperature.map(si::kelvin);
        let Some(device) = device else {
            let (Some(w), Some(l)) = (w, l) else {
                return Err(GummelError::new_err(
                    "which device? Name one of the model, or give w and l in metres",
                ));
            };
            let (speed, skew) = corner.map_or((0.0, 0.0), |c| (c.speed, c.skew));
            let temperature = temperature.unwrap_or(self.model.spec.devices[0].place.temperature);
            let place = Place { w, l, mult: 1.0, temperature, speed, skew };
            return self.model.instance_at(&place).map_err(exception);
        };
        let query = DeviceQuery { device, temperature, w, l, corner, ..DeviceQuery::default() };
        self.model.instance(&query).map_err(exception)
    }
}

/// Sign, features, layers (row-major weights, output by output) and heads of the branch of currents.
fn network(folded: &Folded) -> serde_json::Value {
    let branch = &folded.branches[0];
    let features = &branch.features;
    serde_json::json!({
        "sign": folded.sign,
        "symmetric": features.symmetric,
        "smoothing": features.smoothing,
        "knee": features.knee,
        "center": features.center,
        "scale": features.scale,
        "saturation": features.saturation,
        "limit": EXP_LIMIT,
        "layers": branch.layers.iter().map(|l| serde_json::json!({
            "inputs": l.inputs, "outputs": l.outputs, "weight": l.weight, "bias": l.bias,
        })).collect::<Vec<_>>(),
        "heads": branch.outputs.iter().map(|o| serde_json::json!({
            "kind": format!("{:?}", o.kind), "scale": o.scale, "head": o.head, "constant": o.constant,
        })).collect::<Vec<_>>(),
    })
}

/// id, gm, gds and gmb at every bias.
fn evaluate(instance: &Instance, biases: [&[u8]; 4]) -> [Vec<f64>; 4] {
    let points = biases[0].len() / BYTES;
    let mut rows = vec![[0.0; 4]; points];
    let at = |k: usize| {
        let point = instance.eval_currents(biases.map(|b| double(b, k)));
        [point.id(), point.gm(), point.gds(), point.gmb()]
    };
    if points < SERIAL {
        rows.iter_mut().enumerate().for_each(|(k, row)| *row = at(k));
    } else {
        let pieces = rows.par_chunks_mut(PIECE).enumerate();
        pieces.for_each(|(p, piece)| {
            piece.iter_mut().enumerate().for_each(|(k, row)| *row = at(p * PIECE + k))
        });
    }
    std::array::from_fn(|q| rows.iter().map(|row| row[q]).collect())
}

/// The double at index `k` of bytes in native order.
fn double(bytes: &[u8], k: usize) -> f64 {
    let mut buffer = [0; BYTES];
    buffer.copy_from_slice(&bytes[BYTES * k..BYTES * (k + 1)]);
    f64::from_ne_bytes(buffer)
}
