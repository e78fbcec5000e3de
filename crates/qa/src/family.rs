//! What a check sees of a family: its devices, what about them is modelled, and how to get one of them.

use gummel_device::{Corner, Geometry};
use gummel_model::DeviceQuery;

use crate::QaError;
use crate::device::Device;

/// A device as it was measured or drawn: the frame inside which it is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Nominal {
    /// Name, unique in the family.
    pub name: String,
    /// Drawn geometry.
    pub geometry: Geometry,
    /// Die or site; empty when there is only one.
    pub site: String,
    /// Process corner, where it has one.
    pub corner: Option<Corner>,
    /// Current below which nothing is known, A; positive.
    pub floor: f64,
    /// Current below which measured leakage of the drain may decide the sign of gm, A.
    pub leakage: f64,
    /// Temperatures of the data, K; at least one.
    pub temperatures: Vec<f64>,
    /// Ranges of `vgs`, `vds`, `vbs` of the n-channel mirror, V.
    pub range: [[f64; 2]; 3],
}

/// What of a family changes when it is asked for another temperature, corner or geometry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// Currents depend on temperature.
    pub temperature: bool,
    /// Currents depend on the position in the corner plane.
    pub corner: bool,
    /// Geometries between and beyond those of the devices can be asked for.
    pub geometry: bool,
    /// Sizes can be given in other units than metres.
    pub units: bool,
}

/// Units in which a netlist gives sizes: a size of `x` is `x scale (1 - shrink / 100)` metres of channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Units {
    /// Factor, e.g. 1e-6 for sizes in micrometres.
    pub scale: f64,
    /// Per cent by which the process makes sizes smaller than they are drawn.
    pub shrink: f64,
}

impl Units {
    /// Metres of channel for one of these units.
    pub fn metres(self) -> f64 {
        self.scale * (1.0 - 0.01 * self.shrink)
    }
}

/// A device to be made.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ask {
    /// Which device, and what about it differs from its nominal.
    pub query: DeviceQuery,
    /// The same equations for the other polarity: all voltages and currents turned.
    pub reversed: bool,
    /// The same sizes, given in these units; `None` for metres.
    pub units: Option<Units>,
}

impl Ask {
    /// A device as it is.
    pub fn named(device: &str) -> Self {
        DeviceQuery::named(device).into()
    }
}

impl From<DeviceQuery> for Ask {
    fn from(query: DeviceQuery) -> Self {
        Ask { query, reversed: false, units: None }
    }
}

/// A family of devices from whatever evaluator: a frozen model, closures, a circuit simulator.
///
/// Shared between threads, because devices are judged in parallel.
pub trait Family: Sync {
    /// `technology/family`.
    fn title(&self) -> String;

    /// The devices, in their order.
    fn nominals(&self) -> Vec<Nominal>;

    /// What is modelled.
    fn abilities(&self) -> Abilities;

    /// One device, ready for evaluation.
    ///
    /// # Errors
    /// When there is no such device or it cannot be placed there.
    fn device(&self, ask: &Ask) -> Result<Box<dyn Device>, QaError>;

    /// What a proof over all biases says of the signs of gm and of gds, in words; `None` without a proof.
    fn certificate(&self, _device: &str, _temperature: f64) -> Option<[String; 2]> {
        None
    }
}
