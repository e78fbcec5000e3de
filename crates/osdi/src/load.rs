//! What an evaluation adds to the simulator's matrix and vectors.
//!
//! All of them add; node `k` of the device is entry `nodes[k]` of a vector. Currents flow into the device.
//!
//! # Safety
//! All functions here are called by a simulator, with blocks of this library after an evaluation, matrix
//! pointers that it set, and vectors that cover its nodes.
#![allow(clippy::missing_safety_doc, reason = "the module states the contract once")]

use std::ffi::c_void;

use crate::block::{D, ENTRIES, InstanceBlock, ModelBlock, TERMINALS};
use crate::noise;

/// The block behind a simulator's pointer.
unsafe fn block<'a>(instance: *mut c_void) -> &'a InstanceBlock {
    // SAFETY: the module's contract.
    unsafe { &*instance.cast::<InstanceBlock>() }
}

unsafe fn add_to_nodes(block: &InstanceBlock, destination: *mut f64, values: [f64; TERMINALS]) {
    for (node, value) in block.nodes.iter().zip(values) {
        // SAFETY: the module's contract.
        unsafe { *destination.add(*node as usize) += value };
    }
}

unsafe fn add_to_matrix(elements: &[*mut f64; ENTRIES], offset: usize, value: impl Fn(usize) -> f64) {
    for (e, element) in elements.iter().enumerate() {
        // SAFETY: the module's contract.
        unsafe { *element.add(offset) += value(e) };
    }
}

/// Rows of a matrix times the bias of the last evaluation, minus the currents.
fn right_hand_side(block: &InstanceBlock, matrix: impl Fn(usize) -> f64) -> [f64; TERMINALS] {
    std::array::from_fn(|r| {
        let row: f64 = (0..TERMINALS).map(|c| matrix(r * TERMINALS + c) * block.at.bias[c]).sum();
        row - block.at.currents[r]
    })
}

/// Currents into a residual vector.
pub unsafe extern "C" fn residual_resist(instance: *mut c_void, _model: *mut c_void, destination: *mut f64) {
    unsafe {
        let block = block(instance);
        add_to_nodes(block, destination, block.at.currents);
    }
}

/// Charges into a residual vector.
pub unsafe extern "C" fn residual_react(instance: *mut c_void, _model: *mut c_void, destination: *mut f64) {
    unsafe {
        let block = block(instance);
        add_to_nodes(block, destination, block.at.charges);
    }
}

/// Limiting corrections: there are none.
pub unsafe extern "C" fn limit_rhs(_instance: *mut c_void, _model: *mut c_void, _destination: *mut f64) {}

/// Right-hand side of a DC iteration.
pub unsafe extern "C" fn spice_rhs_dc(
    instance: *mut c_void,
    _model: *mut c_void,
    destination: *mut f64,
    _solution: *mut f64,
) {
    unsafe {
        let block = block(instance);
        add_to_nodes(block, destination, right_hand_side(block, |e| block.at.conductances[e]));
    }
}

/// Right-hand side of a transient iteration with integration factor `alpha`.
pub unsafe extern "C" fn spice_rhs_tran(
    instance: *mut c_void,
    _model: *mut c_void,
    destination: *mut f64,
    _solution: *mut f64,
    alpha: f64,
) {
    unsafe {
        let block = block(instance);
        let matrix = |e: usize| block.at.conductances[e] + alpha * block.at.capacitances[e];
        add_to_nodes(block, destination, right_hand_side(block, matrix));
    }
}

/// Conductances.
pub unsafe extern "C" fn jacobian_resist(instance: *mut c_void, _model: *mut c_void) {
    unsafe {
        let block = block(instance);
        add_to_matrix(&block.resist, 0, |e| block.at.conductances[e]);
    }
}

/// Capacitances times `alpha`, into the reactive elements.
pub unsafe extern "C" fn jacobian_react(instance: *mut c_void, _model: *mut c_void, alpha: f64) {
    unsafe {
        let block = block(instance);
        add_to_matrix(&block.react, 0, |e| alpha * block.at.capacitances[e]);
    }
}

/// Conductances and capacitances times `alpha`, into the resistive elements.
pub unsafe extern "C" fn jacobian_tran(instance: *mut c_void, _model: *mut c_void, alpha: f64) {
    unsafe {
        let block = block(instance);
        add_to_matrix(&block.resist, 0, |e| block.at.conductances[e] + alpha * block.at.capacitances[e]);
    }
}

/// Densities of thermal and flicker noise at `frequency` (Hz).
pub unsafe extern "C" fn noise(
    instance: *mut c_void,
    model: *mut c_void,
    frequency: f64,
    densities: *mut f64,
) {
    unsafe {
        let (block, model) = (block(instance), &*model.cast::<ModelBlock>());
        let one = block.at.currents[D] / block.parallel;
        *densities = noise::thermal(block.temperature, &block.channel());
        *densities.add(1) =
            block.parallel * noise::flicker(one, model.kf, model.af) / frequency.powf(model.ef);
    }
}

/// Conductances into an array (OSDI 0.4).
pub unsafe extern "C" fn write_resist(instance: *mut c_void, _model: *mut c_void, destination: *mut f64) {
    unsafe { destination.copy_from(block(instance).at.conductances.as_ptr(), ENTRIES) };
}

/// Capacitances into an array (OSDI 0.4).
pub unsafe extern "C" fn write_react(instance: *mut c_void, _model: *mut c_void, destination: *mut f64) {
    unsafe { destination.copy_from(block(instance).at.capacitances.as_ptr(), ENTRIES) };
}

/// Conductances into elements `offset` doubles behind the pointers (OSDI 0.4).
pub unsafe extern "C" fn offset_resist(instance: *mut c_void, _model: *mut c_void, offset: usize) {
    unsafe {
        let block = block(instance);
        add_to_matrix(&block.resist, offset, |e| block.at.conductances[e]);
    }
}

/// Capacitances into elements `offset` doubles behind the pointers (OSDI 0.4).
pub unsafe extern "C" fn offset_react(instance: *mut c_void, _model: *mut c_void, offset: usize) {
    unsafe {
        let block = block(instance);
        add_to_matrix(&block.react, offset, |e| block.at.capacitances[e]);
    }
}

/// Whether a model parameter was given (OSDI 0.4).
pub unsafe extern "C" fn given_model(model: *mut c_void, id: u32) -> u32 {
    // SAFETY: the module's contract.
    u32::from(id < 32 && unsafe { &*model.cast::<ModelBlock>() }.has(id))
}

/// Whether an instance parameter was given (OSDI 0.4).
pub unsafe extern "C" fn given_instance(instance: *mut c_void, id: u32) -> u32 {
    // SAFETY: the module's contract.
    u32::from(id < 32 && unsafe { block(instance) }.has(id))
}
