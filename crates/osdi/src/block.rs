//! Memory of a model and of an instance, which the simulator allocates zeroed and the descriptor describes.

use std::ffi::c_char;

use gummel_kernel::Instance;
use gummel_kernel::spec::FEATURES;

use crate::linear::Linear;
use crate::predictor::History;
use crate::rest::Rest;

/// Terminals in SPICE order: drain, gate, source, bulk.
pub const TERMINALS: usize = 4;
/// Drain.
pub const D: usize = 0;
/// Gate.
pub const G: usize = 1;
/// Source.
pub const S: usize = 2;
/// Bulk.
pub const B: usize = 3;
/// Entries of the Jacobian, row by row.
pub const ENTRIES: usize = TERMINALS * TERMINALS;

/// Instance parameters as a netlist gives them.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Drawn {
    /// Devices in parallel.
    pub mfactor: f64,
    /// Channel width, in units of [`ModelBlock::unit`] metres.
    pub w: f64,
    /// Channel length, in the same units.
    pub l: f64,
}

/// A `.model` line.
#[repr(C, align(16))]
pub struct ModelBlock {
    /// Bit per parameter that was given.
    pub given: u32,
    /// Which model of the library.
    pub index: u32,
    /// Instance parameters given on the `.model` line, for instances that do not give them.
    pub drawn: Drawn,
    /// Device name, NULL when not given.
    pub device: *const c_char,
    /// Corner name, NULL when not given.
    pub corner: *const c_char,
    /// Family, NULL when not given.
    pub family: *const c_char,
    /// Position in the corner plane.
    pub speed: f64,
    /// See `speed`.
    pub skew: f64,
    /// Flicker noise coefficient.
    pub kf: f64,
    /// Exponent of the current in the flicker noise.
    pub af: f64,
    /// Exponent of the frequency in the flicker noise.
    pub ef: f64,
    /// Linear capacitance gate to source, F/m of width.
    pub cgso: f64,
    /// Linear capacitance gate to drain, F/m of width.
    pub cgdo: f64,
    /// Linear capacitance gate to bulk, F/m of length.
    pub cgbo: f64,
    /// Factor on drawn sizes.
    pub scale: f64,
    /// Per cent by which drawn sizes are reduced.
    pub shrink: f64,
}

/// Operating-point variables, readable as `@n1[id]` and so on.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Opvars {
    /// Currents into drain, gate, source and bulk, A.
    pub currents: [f64; TERMINALS],
    /// Charges of drain, gate, source and bulk, C.
    pub charges: [f64; TERMINALS],
    /// gm, gds, gmb, S.
    pub conductances: [f64; 3],
    /// vgs, vds, vbs, V.
    pub voltages: [f64; 3],
    /// cgg, cgd, cgs, cgb, cdg, cdd, css, cbg, cbb, F.
    pub capacitances: [f64; 9],
    /// 0 off, 1 linear, 2 saturation.
    pub region: i32,
    /// 1 outside the fitted biases or temperatures.
    pub out_of_range: i32,
}

/// An instance line.
#[repr(C, align(16))]
pub struct InstanceBlock {
    /// Matrix elements of the conductances.
    pub resist: [*mut f64; ENTRIES],
    /// Matrix elements of the capacitances.
    pub react: [*mut f64; ENTRIES],
    /// Numbers of the terminals' nodes in the solution.
    pub nodes: [u32; TERMINALS],
    /// Numbers of limiting states; there are none.
    pub states: [u32; 4],
    /// Collapsed node pairs; there are none.
    pub collapsed: [bool; 16],
    /// Bit per parameter that was given.
    pub given: u32,
    /// Parameters, completed by setup.
    pub drawn: Drawn,
    /// Temperature, K.
    pub temperature: f64,
    /// Factor on currents, charges and their derivatives.
    pub parallel: f64,
    /// Linear capacitances gate to source, drain, bulk of one device, F.
    pub overlap: [f64; 3],
    /// Fitted range of the mirrored vgs, vds, vbs, V.
    pub range: [[f64; 2]; FEATURES],
    /// Whether the temperature is none of those that the model was fitted at.
    pub misplaced: bool,
    /// +1 for n-channel, -1 for p-channel.
    pub sign: f64,
    /// Below this current in A one device counts as off.
    pub threshold: f64,
    /// The device, shared by all instances like it; owned as a raw `Arc`.
    pub device: *const Instance,
    /// What the present iteration is linearised about.
    pub at: Linear,
    /// Accepted points of a transient.
    pub history: History,
    /// The last evaluation of a transient.
    pub rest: Rest,
    /// Operating-point variables.
    pub opvars: Opvars,
}

impl InstanceBlock {
    /// Whether parameter `id` was given on the instance line.
    pub fn has(&self, id: u32) -> bool {
        self.given & (1 << id) != 0
    }
}

impl ModelBlock {
    /// Metres in the channel for one of the drawn `w` or `l`.
    pub fn unit(&self) -> f64 {
        self.scale * (1.0 - 0.01 * self.shrink)
    }

    /// Whether parameter `id` was given on the model line.
    pub fn has(&self, id: u32) -> bool {
        self.given & (1 << id) != 0
    }
}
