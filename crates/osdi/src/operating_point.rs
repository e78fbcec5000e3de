//! Operating-point variables and the forward view of a device, from its last evaluation.

use crate::block::{B, D, G, InstanceBlock, Opvars, S, TERMINALS};
use crate::noise::Channel;

/// Voltage by which a bias may leave the fitted range before it counts as outside: rounding of a solution.
const SLACK: f64 = 1e-6;

/// The device seen so that its mirrored vds is not negative.
pub struct Forward {
    /// gm, gds, gmb, S.
    pub conductances: [f64; 3],
    /// Mirrored vgs, vds, vbs, V.
    pub voltages: [f64; 3],
}

impl InstanceBlock {
    /// Forward conductances, those of devices in parallel together, and voltages.
    pub fn forward(&self) -> Forward {
        let (v, sign) = (self.at.bias, self.sign);
        let (drain, source) = if sign * (v[D] - v[S]) < 0.0 { (S, D) } else { (D, S) };
        let g = |c: usize| self.at.conductances[drain * TERMINALS + c];
        Forward {
            conductances: [g(G), g(drain), g(B)],
            voltages: [v[G] - v[source], v[drain] - v[source], v[B] - v[source]].map(|v| sign * v),
        }
    }

    /// The channel of the last evaluation, devices in parallel together, as its noise depends on it.
    pub fn channel(&self) -> Channel {
        let v = self.at.bias;
        let source = if self.sign * (v[D] - v[S]) < 0.0 { D } else { S };
        // SAFETY: `device` is NULL or a live `Arc` of ours.
        let device = unsafe { self.device.as_ref() };
        let open = device.map_or(0.0, |d| d.eval_currents([v[source], v[G], v[source], v[B]]).gds());
        Channel {
            id: self.at.currents[D],
            conductances: self.forward().conductances,
            open: self.parallel * open,
        }
    }

    /// Brings the operating-point variables up to the last evaluation.
    pub fn refresh_opvars(&mut self) {
        let ([vd, vg, vs, vb], forward) = (self.at.bias, self.forward());
        let g = |c: usize| self.at.conductances[D * TERMINALS + c];
        let c = |r: usize, k: usize| self.at.capacitances[r * TERMINALS + k];
        let id = self.at.currents[D].abs();
        let region = if id < self.threshold * self.parallel {
            0
        } else if forward.conductances[1] * forward.voltages[1] > 0.5 * id {
            1
        } else {
            2
        };
        let outside = |(v, [low, high]): (&f64, &[f64; 2])| !(*v >= low - SLACK && *v <= high + SLACK);
        self.opvars = Opvars {
            currents: self.at.currents,
            charges: self.at.charges,
            conductances: [g(G), g(D), g(B)],
            voltages: [vg - vs, vd - vs, vb - vs],
            capacitances: [c(G, G), c(G, D), c(G, S), c(G, B), c(D, G), c(D, D), c(S, S), c(B, G), c(B, B)],
            region,
            out_of_range: i32::from(self.misplaced || forward.voltages.iter().zip(&self.range).any(outside)),
        };
    }
}
