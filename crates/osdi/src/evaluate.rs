//! Evaluation of an instance at the bias of an iteration.
//!
//! Re-entrant: everything it writes is in the instance's own block.

use std::ffi::c_void;

use gummel_kernel::{Instance, OperatingPoint};

use crate::abi::{
    ANALYSIS_TRAN, CALC_NOISE, CALC_OP, CALC_REACT_JACOBIAN, CALC_REACT_RESIDUAL, FATAL, SimInfo,
};
use crate::block::{InstanceBlock, ModelBlock, Opvars, TERMINALS};
use crate::noise;

const D: usize = 0;
const G: usize = 1;
const S: usize = 2;
const B: usize = 3;

/// The predictor needs a simulator that never accepts a first iteration and takes the right-hand side
/// from the device, which is what OSDI 0.3 hosts do.
const PREDICTS: bool = !cfg!(gummel_abi_0_4);

/// Currents, charges, their derivatives, noise and operating-point variables of an instance.
///
/// # Safety
/// Called by a simulator with blocks of this library after their setup and a solution that covers the nodes.
pub unsafe extern "C" fn eval(
    _handle: *mut c_void,
    instance: *mut c_void,
    model: *const c_void,
    info: *const SimInfo,
) -> u32 {
    // SAFETY: the caller's promise; `device` is NULL or a live `Arc` of ours.
    let (block, model, info) =
        unsafe { (&mut *instance.cast::<InstanceBlock>(), &*model.cast::<ModelBlock>(), &*info) };
    // SAFETY: as above.
    let Some(device) = (unsafe { block.device.as_ref() }) else { return FATAL };
    let solution = info.prev_solve;
    // SAFETY: the simulator numbered the nodes within its solution.
    let v = block.nodes.map(|n| unsafe { *solution.add(n as usize) });
    let time = (info.flags & ANALYSIS_TRAN != 0).then_some(info.abstime);
    block.bias = if PREDICTS { block.history.predict(time, v) } else { v };
    block.evaluate(device, model, info.flags);
    0
}

impl InstanceBlock {
    fn evaluate(&mut self, device: &Instance, model: &ModelBlock, flags: u32) {
        let reactive = flags & (CALC_REACT_RESIDUAL | CALC_REACT_JACOBIAN | CALC_OP) != 0;
        let charged = device.folded().branches.len() > 1;
        let point =
            if reactive && charged { device.eval(self.bias) } else { device.eval_currents(self.bias) };
        let m = self.parallel;
        self.currents = point.currents().map(|i| m * i);
        let conductances = point.conductances();
        self.conductances.copy_from_slice(conductances.map(|row| row.map(|g| m * g)).as_flattened());
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
        let forward = Forward::of(device.sign(), self.bias, &conductances);
        if flags & CALC_NOISE != 0 {
            self.thermal = m * noise::thermal(self.temperature, forward.conductances);
            self.flicker = [m * noise::flicker(point.id(), model.kf, model.af), model.ef];
        }
        self.opvars = self.opvars_of(&point, &forward);
    }

    fn opvars_of(&self, point: &OperatingPoint, forward: &Forward) -> Opvars {
        let (m, [vd, vg, vs, vb]) = (self.parallel, self.bias);
        let c = |r: usize, k: usize| self.capacitances[r * TERMINALS + k];
        let id = point.id().abs();
        let region = if id < self.threshold {
            0
        } else if forward.conductances[1] * forward.voltages[1] > 0.5 * id {
            1
        } else {
            2
        };
        let outside = |(v, [low, high]): (&f64, &[f64; 2])| !(*v >= low - SLACK && *v <= high + SLACK);
        Opvars {
            currents: self.currents,
            charges: self.charges,
            conductances: [point.gm(), point.gds(), point.gmb()].map(|g| m * g),
            voltages: [vg - vs, vd - vs, vb - vs],
            capacitances: [c(G, G), c(G, D), c(G, S), c(G, B), c(D, G), c(D, D), c(S, S), c(B, G), c(B, B)],
            region,
            out_of_range: i32::from(forward.voltages.iter().zip(&self.range).any(outside)),
        }
    }
}

/// Voltage by which a bias may leave the fitted range before it counts as outside: rounding of a solution.
const SLACK: f64 = 1e-6;

/// The device seen so that its mirrored vds is not negative.
struct Forward {
    /// gm, gds, gmb, S.
    conductances: [f64; 3],
    /// Mirrored vgs, vds, vbs, V.
    voltages: [f64; 3],
}

impl Forward {
    fn of(sign: f64, v: [f64; 4], g: &[[f64; TERMINALS]; TERMINALS]) -> Self {
        let (drain, source) = if sign * (v[D] - v[S]) < 0.0 { (S, D) } else { (D, S) };
        Forward {
            conductances: [g[drain][G], g[drain][drain], g[drain][B]],
            voltages: [v[G] - v[source], v[drain] - v[source], v[B] - v[source]].map(|v| sign * v),
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
