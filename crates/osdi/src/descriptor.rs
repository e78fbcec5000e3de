//! The tables that a simulator reads, and in a template the symbols under which it finds them.

use std::ffi::{CStr, c_char};
use std::mem::offset_of;

use crate::abi::{
    Descriptor, Descriptor04, JACOBIAN_REACT, JACOBIAN_RESIST, JacobianEntry, NONE, NatureRef, Node,
    NodePair, NoiseSource, SetupModel, Shared,
};
use crate::block::{ENTRIES, InstanceBlock, ModelBlock, TERMINALS};
use crate::parameters::{self, INSTANCE_PARAMETERS, OPVARS, PARAM_OPVARS, PARAMETERS};
use crate::setup::{setup_instance, setup_model};
use crate::{evaluate, load};

/// Most models in one library: an n- and a p-channel family and room for thick-oxide, low-power ones.
pub const MAX_MODELS: usize = 8;

/// Setup of each device type; the callback has no other way to know which descriptor it belongs to.
pub static SETUP_MODEL: [SetupModel; MAX_MODELS] = [
    setup_model::<0>,
    setup_model::<1>,
    setup_model::<2>,
    setup_model::<3>,
    setup_model::<4>,
    setup_model::<5>,
    setup_model::<6>,
    setup_model::<7>,
];

const fn node(name: &'static CStr, k: usize) -> Node {
    Node {
        name: name.as_ptr(),
        units: c"V".as_ptr(),
        residual_units: c"A".as_ptr(),
        resist_residual_off: (offset_of!(InstanceBlock, at.currents) + k * size_of::<f64>()) as u32,
        react_residual_off: (offset_of!(InstanceBlock, at.charges) + k * size_of::<f64>()) as u32,
        resist_limit_rhs_off: NONE,
        react_limit_rhs_off: NONE,
        is_flow: false,
    }
}

static NODES: Shared<[Node; TERMINALS]> =
    Shared([node(c"d", 0), node(c"g", 1), node(c"s", 2), node(c"b", 3)]);

static JACOBIAN: Shared<[JacobianEntry; ENTRIES]> = Shared({
    let mut entries =
        [JacobianEntry { nodes: NodePair { node_1: 0, node_2: 0 }, react_ptr_off: 0, flags: 0 }; ENTRIES];
    let mut e = 0;
    while e < ENTRIES {
        entries[e] = JacobianEntry {
            nodes: NodePair { node_1: (e / TERMINALS) as u32, node_2: (e % TERMINALS) as u32 },
            react_ptr_off: (offset_of!(InstanceBlock, react) + e * size_of::<*mut f64>()) as u32,
            flags: JACOBIAN_RESIST | JACOBIAN_REACT,
        };
        e += 1;
    }
    entries
});

const CHANNEL: NodePair = NodePair { node_1: 0, node_2: 2 };
static NOISE: Shared<[NoiseSource; 2]> = Shared([
    NoiseSource { name: c"thermal".as_ptr(), nodes: CHANNEL },
    NoiseSource { name: c"flicker".as_ptr(), nodes: CHANNEL },
]);

/// Branches that control the device: drain, gate and bulk against the source.
static INPUTS: [NodePair; 3] =
    [NodePair { node_1: 0, node_2: 2 }, NodePair { node_1: 1, node_2: 2 }, NodePair { node_1: 3, node_2: 2 }];

static NO_NATURES: [NatureRef; TERMINALS] = [NatureRef { ref_type: 0, index: NONE }; TERMINALS];

/// The OSDI 0.3 descriptor of device type `kind` of the library.
///
/// # Panics
/// When `kind` is not below [`MAX_MODELS`].
pub fn descriptor(name: *const c_char, kind: usize) -> Descriptor {
    Descriptor {
        name,
        num_nodes: TERMINALS as u32,
        num_terminals: TERMINALS as u32,
        nodes: NODES.0.as_ptr(),
        num_jacobian_entries: ENTRIES as u32,
        jacobian_entries: JACOBIAN.0.as_ptr(),
        num_collapsible: 0,
        collapsible: std::ptr::null(),
        collapsed_offset: offset_of!(InstanceBlock, collapsed) as u32,
        noise_sources: NOISE.0.as_ptr(),
        num_noise_src: NOISE.0.len() as u32,
        num_params: PARAMETERS,
        num_instance_params: INSTANCE_PARAMETERS,
        num_opvars: OPVARS,
        param_opvar: PARAM_OPVARS.0.as_ptr(),
        node_mapping_offset: offset_of!(InstanceBlock, nodes) as u32,
        jacobian_ptr_resist_offset: offset_of!(InstanceBlock, resist) as u32,
        num_states: 0,
        state_idx_off: offset_of!(InstanceBlock, states) as u32,
        bound_step_offset: NONE,
        instance_size: size_of::<InstanceBlock>() as u32,
        model_size: size_of::<ModelBlock>() as u32,
        access: parameters::access,
        setup_model: SETUP_MODEL[kind],
        setup_instance,
        eval: evaluate::eval,
        load_noise: load::noise,
        load_residual_resist: load::residual_resist,
        load_residual_react: load::residual_react,
        load_limit_rhs_resist: load::limit_rhs,
        load_limit_rhs_react: load::limit_rhs,
        load_spice_rhs_dc: load::spice_rhs_dc,
        load_spice_rhs_tran: load::spice_rhs_tran,
        load_jacobian_resist: load::jacobian_resist,
        load_jacobian_react: load::jacobian_react,
        load_jacobian_tran: load::jacobian_tran,
    }
}

/// The OSDI 0.4 descriptor of device type `kind` of the library.
///
/// # Panics
/// As [`descriptor`].
pub fn descriptor_0_4(name: *const c_char, kind: usize) -> Descriptor04 {
    Descriptor04 {
        base: descriptor(name, kind),
        given_flag_model: load::given_model,
        given_flag_instance: load::given_instance,
        num_resistive_jacobian_entries: ENTRIES as u32,
        num_reactive_jacobian_entries: ENTRIES as u32,
        write_jacobian_array_resist: load::write_resist,
        write_jacobian_array_react: load::write_react,
        num_inputs: INPUTS.len() as u32,
        inputs: INPUTS.as_ptr(),
        load_jacobian_with_offset_resist: load::offset_resist,
        load_jacobian_with_offset_react: load::offset_react,
        unknown_nature: NO_NATURES.as_ptr(),
        residual_nature: NO_NATURES.as_ptr(),
    }
}
