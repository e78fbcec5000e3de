//! Evaluation of an instance at the bias of an iteration.
//!
//! Re-entrant: everything it writes is in the instance's own block. It writes what an iteration needs; noise and
//! operating-point variables follow from that when someone asks ([`crate::load`], [`crate::operating_point`]).

use std::ffi::c_void;

use gummel_kernel::Instance;

use crate::abi::{
    ANALYSIS_IC, ANALYSIS_TRAN, CALC_OP, CALC_REACT_JACOBIAN, CALC_REACT_RESIDUAL, ENABLE_LIMITING, FATAL,
    INIT_LIMITING, LIMITED, SimInfo,
};
use crate::block::{B, D, G, InstanceBlock, S, TERMINALS};
use crate::limiter;

/// Predictor and limiter linearise about another bias than the solution's. That needs a simulator which takes the
/// right-hand side from the device and never accepts a first iteration, which is what OSDI 0.3 hosts do.
const PREDICTS: bool = !cfg!(gummel_abi_0_4);

/// Hosts of the newer interface may keep the address of an operating-point variable and read it later.
const KEEPS_OPERATING_POINT: bool = cfg!(gummel_abi_0_4);

/// Currents, charges and their derivatives of an instance.
///
/// # Safety
/// Called by a simulator with blocks of this library after their setup and a solution that covers the nodes.
pub unsafe extern "C" fn eval(
    _handle: *mut c_void,
    instance: *mut c_void,
    _model: *const c_void,
    info: *const SimInfo,
) -> u32 {
    // SAFETY: the caller's promise; `device` is NULL or a live `Arc` of ours.
    let (block, info) = unsafe { (&mut *instance.cast::<InstanceBlock>(), &*info) };
    // SAFETY: as above.
    let Some(device) = (unsafe { block.device.as_ref() }) else { return FATAL };
    let solution = info.prev_solve;
    // SAFETY: the simulator numbered the nodes within its solution.
    let v = block.nodes.map(|n| unsafe { *solution.add(n as usize) });
    let answer = if PREDICTS {
        block.linearise_about(v, info)
    } else {
        block.bias = v;
        0
    };
    block.evaluate(device, info.flags);
    if KEEPS_OPERATING_POINT && info.flags & CALC_OP != 0 {
        block.refresh_opvars();
    }
    answer
}

impl InstanceBlock {
    /// Sets the bias of an iteration whose solution is `v`; says whether it stopped short of it.
    fn linearise_about(&mut self, v: [f64; TERMINALS], info: &SimInfo) -> u32 {
        let before = self.bias;
        let time = (info.flags & ANALYSIS_TRAN != 0).then_some(info.abstime);
        self.bias = self.history.predict(time, v);
        // Charges of initial conditions are taken where these are, and a prediction is meant to be far.
        let exact = info.flags & ENABLE_LIMITING == 0 || info.flags & ANALYSIS_IC != 0 || self.bias != v;
        if exact {
            return 0;
        }
        let span = limiter::span(&self.range);
        self.bias = if info.flags & INIT_LIMITING != 0 {
            limiter::start(v, self.sign, span)
        } else {
            limiter::limited(before, v, self.sign, span)
        };
        if self.bias == v { 0 } else { LIMITED }
    }

    fn evaluate(&mut self, device: &Instance, flags: u32) {
        let transient = flags & ANALYSIS_TRAN != 0 && flags & ANALYSIS_IC == 0;
        if transient && self.follow() {
            return;
        }
        let reactive = flags & (CALC_REACT_RESIDUAL | CALC_REACT_JACOBIAN | CALC_OP) != 0;
        let charged = device.folded().branches.len() > 1;
        let point =
            if reactive && charged { device.eval(self.bias) } else { device.eval_currents(self.bias) };
        let m = self.parallel;
        self.currents = point.currents().map(|i| m * i);
        self.conductances.copy_from_slice(point.conductances().map(|row| row.map(|g| m * g)).as_flattened());
        if reactive {
            let (mut q, mut c) = if charged {
                (point.charges(), point.capacitances())
            } else {
                ([0.0; TERMINALS], [[0.0; TERMINALS]; TERMINALS])
            };
            add_linear(self.overlap, self.bias, &mut q, &mut c);
            self.charges = q.map(|q| m * q);
            self.capacitances.copy_from_slice(c.map(|row| row.map(|c| m * c)).as_flattened());
        }
        if transient && reactive {
            self.remember();
        } else {
            self.forget();
        }
    }
}

/// Adds linear capacitances from the gate to source, drain and bulk.
fn add_linear(
    overlap: [f64; 3],
    v: [f64; TERMINALS],
    q: &mut [f64; TERMINALS],
    c: &mut [[f64; TERMINALS]; TERMINALS],
) {
    for (terminal, farads) in [S, D, B].into_iter().zip(overlap) {
        let charge = farads * (v[G] - v[terminal]);
        q[G] += charge;
        q[terminal] -= charge;
        c[G][G] += farads;
        c[terminal][terminal] += farads;
        c[G][terminal] -= farads;
        c[terminal][G] -= farads;
    }
}
