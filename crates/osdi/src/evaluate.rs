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
use crate::predictor::Start;

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
    let answer = block.linearise(device, v, info);
    if KEEPS_OPERATING_POINT && info.flags & CALC_OP != 0 {
        block.refresh_opvars();
    }
    answer
}

impl InstanceBlock {
    /// Currents, charges and derivatives of an iteration whose solution is `v`; says whether they are of a bias short of it.
    fn linearise(&mut self, device: &Instance, v: [f64; TERMINALS], info: &SimInfo) -> u32 {
        let time = (info.flags & ANALYSIS_TRAN != 0).then_some(info.abstime);
        let start = if PREDICTS { self.history.start(time, v, &mut self.at) } else { Start::Evaluate(v) };
        match start {
            Start::Written => {
                // The block's derivatives are those of the last evaluation no more.
                self.forget();
                0
            }
            Start::Evaluate(bias) => {
                self.evaluate(device, bias, info.flags);
                0
            }
            Start::Solution => {
                let bias = self.limited(v, info.flags);
                self.evaluate(device, bias, info.flags);
                if bias == v { 0 } else { LIMITED }
            }
        }
    }

    /// The bias of an iteration on the way to `v`.
    fn limited(&self, v: [f64; TERMINALS], flags: u32) -> [f64; TERMINALS] {
        // Charges of initial conditions are taken where these are.
        if flags & ENABLE_LIMITING == 0 || flags & ANALYSIS_IC != 0 {
            return v;
        }
        let span = limiter::span(&self.range);
        if flags & INIT_LIMITING != 0 {
            limiter::start(v, self.sign, span)
        } else {
            limiter::limited(self.at.bias, v, self.sign, span)
        }
    }

    fn evaluate(&mut self, device: &Instance, bias: [f64; TERMINALS], flags: u32) {
        let transient = flags & ANALYSIS_TRAN != 0 && flags & ANALYSIS_IC == 0;
        if transient && self.follow(bias) {
            return;
        }
        self.at.bias = bias;
        let reactive = flags & (CALC_REACT_RESIDUAL | CALC_REACT_JACOBIAN | CALC_OP) != 0;
        let charged = device.folded().branches.len() > 1;
        let point = if reactive && charged { device.eval(bias) } else { device.eval_currents(bias) };
        let m = self.parallel;
        let (currents, conductances) = point.resistive(m);
        self.at.currents = currents;
        self.at.conductances.copy_from_slice(conductances.as_flattened());
        if reactive {
            // Without a branch of charges they and their derivatives are zero.
            let (mut q, mut c) = point.reactive(m);
            if self.overlap != [0.0; 3] {
                add_linear(self.overlap.map(|farads| m * farads), bias, &mut q, &mut c);
            }
            self.at.charges = q;
            self.at.capacitances.copy_from_slice(c.as_flattened());
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
