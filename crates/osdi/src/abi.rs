//! The C layout of OSDI 0.3 and 0.4 on 64-bit machines, after the public headers of OpenVAF and OpenVAF-Reloaded.
//!
//! Offsets into instance memory are bytes; [`NONE`] means absent.

use std::ffi::{c_char, c_void};

/// Absent offset or node.
pub const NONE: u32 = u32::MAX;

/// Parameter holds a double.
pub const TYPE_REAL: u32 = 0;
/// Parameter holds a 32-bit integer.
pub const TYPE_INT: u32 = 1;
/// Parameter holds a C string.
pub const TYPE_STRING: u32 = 2;
/// Parameter of a model.
pub const KIND_MODEL: u32 = 0;
/// Parameter of an instance.
pub const KIND_INSTANCE: u32 = 1 << 30;
/// Operating-point variable.
pub const KIND_OPVAR: u32 = 2 << 30;

/// The caller of `access` is about to write.
pub const ACCESS_SET: u32 = 1;
/// The caller of `access` means the instance's value.
pub const ACCESS_INSTANCE: u32 = 4;

/// Evaluation wants charges.
pub const CALC_REACT_RESIDUAL: u32 = 2;
/// Evaluation wants capacitances.
pub const CALC_REACT_JACOBIAN: u32 = 8;
/// Evaluation wants operating-point variables.
pub const CALC_OP: u32 = 32;
/// Evaluation may stop short of the solution's bias.
pub const ENABLE_LIMITING: u32 = 256;
/// First iteration of an operating point: the solution is a guess.
pub const INIT_LIMITING: u32 = 512;
/// The analysis is a transient.
pub const ANALYSIS_TRAN: u32 = 8192;

/// First iteration of a transient, whose charges are those of the initial conditions.
pub const ANALYSIS_IC: u32 = 16384;

/// Jacobian entry has a resistive part.
pub const JACOBIAN_RESIST: u32 = 4;
/// Jacobian entry has a reactive part.
pub const JACOBIAN_REACT: u32 = 8;

/// The evaluation stopped short of the solution's bias: iterate again.
pub const LIMITED: u32 = 1;
/// A callback failed for good.
pub const FATAL: u32 = 2;

/// Log level of a warning.
pub const LOG_WARNING: u32 = 3;
/// Log level of an error.
pub const LOG_ERROR: u32 = 4;

/// Names and values of simulator parameters.
#[repr(C)]
pub struct SimParas {
    /// NULL-terminated.
    pub names: *mut *mut c_char,
    /// One value per name.
    pub vals: *mut f64,
    /// NULL-terminated names of strings.
    pub names_str: *mut *mut c_char,
    /// One string per name.
    pub vals_str: *mut *mut c_char,
}

/// State of the simulation as `eval` sees it.
#[repr(C)]
pub struct SimInfo {
    /// Simulator parameters.
    pub paras: SimParas,
    /// Time of the point being solved, s.
    pub abstime: f64,
    /// Node voltages of the last iteration.
    pub prev_solve: *mut f64,
    /// Limiting states of the last iteration.
    pub prev_state: *mut f64,
    /// Limiting states to be written.
    pub next_state: *mut f64,
    /// What to calculate and for which analysis.
    pub flags: u32,
}

/// A defect found by a setup function.
#[repr(C)]
pub struct InitError {
    /// 1: parameter out of bounds.
    pub code: u32,
    /// The parameter's number.
    pub payload: u32,
}

/// What a setup function reports.
#[repr(C)]
pub struct InitInfo {
    /// Zero or [`FATAL`].
    pub flags: u32,
    /// Length of `errors`.
    pub num_errors: u32,
    /// Defects.
    pub errors: *mut InitError,
}

/// Two nodes; [`NONE`] is ground.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NodePair {
    /// First node.
    pub node_1: u32,
    /// Second node.
    pub node_2: u32,
}

/// One entry of the Jacobian: row node and column node.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct JacobianEntry {
    /// Row and column.
    pub nodes: NodePair,
    /// Where the pointer to the reactive matrix element lives.
    pub react_ptr_off: u32,
    /// `JACOBIAN_*`.
    pub flags: u32,
}

/// A node of the device.
#[repr(C)]
pub struct Node {
    /// Name.
    pub name: *const c_char,
    /// Unit of the potential.
    pub units: *const c_char,
    /// Unit of the residual.
    pub residual_units: *const c_char,
    /// Where the current into the device lives.
    pub resist_residual_off: u32,
    /// Where the charge lives.
    pub react_residual_off: u32,
    /// Where the limiting correction of the current lives.
    pub resist_limit_rhs_off: u32,
    /// Where the limiting correction of the charge lives.
    pub react_limit_rhs_off: u32,
    /// True for a node whose unknown is a current.
    pub is_flow: bool,
}

/// A parameter or operating-point variable.
#[repr(C)]
pub struct ParamOpvar {
    /// Name and aliases.
    pub name: *const *const c_char,
    /// Number of aliases.
    pub num_alias: u32,
    /// One line for people.
    pub description: *const c_char,
    /// SI unit.
    pub units: *const c_char,
    /// `TYPE_*` and `KIND_*`.
    pub flags: u32,
    /// Zero for a scalar.
    pub len: u32,
}

/// A noise current between two nodes.
#[repr(C)]
pub struct NoiseSource {
    /// Name in reports.
    pub name: *const c_char,
    /// Between which nodes.
    pub nodes: NodePair,
}

/// Address of parameter `id`.
pub type Access = unsafe extern "C" fn(*mut c_void, *mut c_void, u32, u32) -> *mut c_void;
/// Checks and completes a model.
pub type SetupModel = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut SimParas, *mut InitInfo);
/// Checks and completes an instance at a temperature in kelvin.
pub type SetupInstance =
    unsafe extern "C" fn(*mut c_void, *mut c_void, *mut c_void, f64, u32, *mut SimParas, *mut InitInfo);
/// Evaluates an instance.
pub type Eval = unsafe extern "C" fn(*mut c_void, *mut c_void, *const c_void, *const SimInfo) -> u32;
/// Noise densities at a frequency.
pub type LoadNoise = unsafe extern "C" fn(*mut c_void, *mut c_void, f64, *mut f64);
/// Adds to a vector.
pub type LoadVector = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut f64);
/// Adds the right-hand side of a DC iteration, given the last solution.
pub type LoadRhs = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut f64, *mut f64);
/// Adds the right-hand side of a transient iteration with integration factor.
pub type LoadRhsTran = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut f64, *mut f64, f64);
/// Adds to the matrix.
pub type LoadMatrix = unsafe extern "C" fn(*mut c_void, *mut c_void);
/// Adds to the matrix with a factor.
pub type LoadMatrixScaled = unsafe extern "C" fn(*mut c_void, *mut c_void, f64);

/// A device type, OSDI 0.3.
#[repr(C)]
pub struct Descriptor {
    /// Name in `.model` lines.
    pub name: *const c_char,
    /// Number of nodes.
    pub num_nodes: u32,
    /// Number of terminals, which come first among the nodes.
    pub num_terminals: u32,
    /// Nodes.
    pub nodes: *const Node,
    /// Length of `jacobian_entries`.
    pub num_jacobian_entries: u32,
    /// Jacobian entries.
    pub jacobian_entries: *const JacobianEntry,
    /// Length of `collapsible`.
    pub num_collapsible: u32,
    /// Node pairs that may become one.
    pub collapsible: *const NodePair,
    /// Where the flags of collapsed pairs live.
    pub collapsed_offset: u32,
    /// Noise sources.
    pub noise_sources: *const NoiseSource,
    /// Length of `noise_sources`.
    pub num_noise_src: u32,
    /// Instance and model parameters together.
    pub num_params: u32,
    /// Instance parameters, which come first.
    pub num_instance_params: u32,
    /// Operating-point variables, which come last.
    pub num_opvars: u32,
    /// Parameters and operating-point variables.
    pub param_opvar: *const ParamOpvar,
    /// Where the node numbers live.
    pub node_mapping_offset: u32,
    /// Where the pointers to the resistive matrix elements live.
    pub jacobian_ptr_resist_offset: u32,
    /// Limiting states.
    pub num_states: u32,
    /// Where the numbers of the limiting states live.
    pub state_idx_off: u32,
    /// Where a bound of the time step lives.
    pub bound_step_offset: u32,
    /// Bytes of an instance; a multiple of 16.
    pub instance_size: u32,
    /// Bytes of a model; a multiple of 16.
    pub model_size: u32,
    /// See the type.
    pub access: Access,
    /// See the type.
    pub setup_model: SetupModel,
    /// See the type.
    pub setup_instance: SetupInstance,
    /// See the type.
    pub eval: Eval,
    /// See the type.
    pub load_noise: LoadNoise,
    /// Currents.
    pub load_residual_resist: LoadVector,
    /// Charges.
    pub load_residual_react: LoadVector,
    /// Limiting corrections of currents.
    pub load_limit_rhs_resist: LoadVector,
    /// Limiting corrections of charges.
    pub load_limit_rhs_react: LoadVector,
    /// See the type.
    pub load_spice_rhs_dc: LoadRhs,
    /// See the type.
    pub load_spice_rhs_tran: LoadRhsTran,
    /// Conductances.
    pub load_jacobian_resist: LoadMatrix,
    /// Capacitances times a factor, into the reactive elements.
    pub load_jacobian_react: LoadMatrixScaled,
    /// Conductances and capacitances times a factor, into the resistive elements.
    pub load_jacobian_tran: LoadMatrixScaled,
}

/// A device type, OSDI 0.4 with the natures that VACASK reads.
#[repr(C)]
pub struct Descriptor04 {
    /// The part 0.3 has.
    pub base: Descriptor,
    /// Whether a model parameter was given.
    pub given_flag_model: unsafe extern "C" fn(*mut c_void, u32) -> u32,
    /// Whether an instance parameter was given.
    pub given_flag_instance: unsafe extern "C" fn(*mut c_void, u32) -> u32,
    /// Entries with a resistive part.
    pub num_resistive_jacobian_entries: u32,
    /// Entries with a reactive part.
    pub num_reactive_jacobian_entries: u32,
    /// Conductances into an array.
    pub write_jacobian_array_resist: LoadVector,
    /// Capacitances into an array.
    pub write_jacobian_array_react: LoadVector,
    /// Length of `inputs`.
    pub num_inputs: u32,
    /// Controlling branches.
    pub inputs: *const NodePair,
    /// Conductances into elements at an offset from the pointers.
    pub load_jacobian_with_offset_resist: unsafe extern "C" fn(*mut c_void, *mut c_void, usize),
    /// Capacitances into elements at an offset from the pointers.
    pub load_jacobian_with_offset_react: unsafe extern "C" fn(*mut c_void, *mut c_void, usize),
    /// Nature of each node's unknown.
    pub unknown_nature: *const NatureRef,
    /// Nature of each node's residual.
    pub residual_nature: *const NatureRef,
}

/// Reference to a nature of the (absent) table of natures.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct NatureRef {
    /// Zero: no nature.
    pub ref_type: u32,
    /// Index in its table.
    pub index: u32,
}

/// The layout was measured with a C compiler on the public headers.
#[cfg(target_pointer_width = "64")]
const _: () = {
    assert!(size_of::<SimParas>() == 32 && size_of::<SimInfo>() == 72);
    assert!(size_of::<InitError>() == 8 && size_of::<InitInfo>() == 16);
    assert!(size_of::<NodePair>() == 8 && size_of::<JacobianEntry>() == 16);
    assert!(size_of::<Node>() == 48 && size_of::<ParamOpvar>() == 40 && size_of::<NoiseSource>() == 16);
    assert!(size_of::<Descriptor>() == 240 && size_of::<Descriptor04>() == 328);
    assert!(std::mem::offset_of!(Descriptor, param_opvar) == 88);
    assert!(std::mem::offset_of!(Descriptor, access) == 128);
    assert!(std::mem::offset_of!(Descriptor, load_jacobian_tran) == 232);
    assert!(std::mem::offset_of!(Descriptor04, num_inputs) == 280);
    assert!(std::mem::offset_of!(Descriptor04, load_jacobian_with_offset_react) == 304);
};

/// A value that the loader and the simulator read as plain data.
#[repr(transparent)]
pub struct Shared<T>(pub T);

// SAFETY: holds pointers to constants only, or is written before anyone else can see it (see users).
unsafe impl<T> Sync for Shared<T> {}
