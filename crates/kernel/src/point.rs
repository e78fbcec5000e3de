//! What an evaluation returns: terminal currents and charges with their exact derivatives.
//!
//! Kirchhoff's laws hold by construction. With channel current `ic` and gate and bulk currents `ig`,
//! `ib` of a symmetric device: `id = ic - (ig + ib)/2`, `is = -ic - (ig + ib)/2`; so `id` and `is`
//! exchange under a swap of drain and source. Charges follow the same rule. Without symmetry `id = ic`.

use crate::spec::OutputKind;

/// A number with its derivatives over `(vgs, vds, vbs)`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Dual {
    /// The value.
    pub value: f64,
    /// Derivatives over `vgs`, `vds`, `vbs`.
    pub gradient: [f64; 3],
}

impl Dual {
    fn combine(terms: &[(f64, Dual)]) -> Dual {
        let mut out = Dual::default();
        for (factor, d) in terms {
            out.value += factor * d.value;
            for (o, g) in out.gradient.iter_mut().zip(d.gradient) {
                *o += factor * g;
            }
        }
        out
    }
}

/// Currents (A) and charges (C) into the terminals at one bias, with derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperatingPoint {
    sign: f64,
    /// How gate and bulk share is charged to drain: half for symmetric devices, nothing otherwise.
    share: f64,
    /// Values of the mirrored device, one per [`OutputKind`].
    outputs: [Dual; OutputKind::ALL.len()],
}

impl OperatingPoint {
    #[inline]
    pub(crate) fn new(sign: f64, symmetric: bool) -> Self {
        OperatingPoint { sign, share: if symmetric { 0.5 } else { 0.0 }, outputs: Default::default() }
    }

    #[inline]
    pub(crate) fn set(&mut self, kind: OutputKind, value: Dual) {
        self.outputs[kind as usize] = value;
    }

    /// Value and derivatives of one output of the mirrored (n-channel) device.
    pub fn output(&self, kind: OutputKind) -> Dual {
        self.outputs[kind as usize]
    }

    #[inline]
    fn drain(&self, channel: OutputKind, gate: OutputKind, bulk: OutputKind) -> Dual {
        Dual::combine(&[
            (1.0, self.output(channel)),
            (-self.share, self.output(gate)),
            (-self.share, self.output(bulk)),
        ])
    }

    /// Drain current of the mirrored device with its derivatives.
    #[inline]
    pub fn drain_current(&self) -> Dual {
        self.drain(OutputKind::Channel, OutputKind::Gate, OutputKind::Bulk)
    }

    /// Drain current into the drain, A.
    #[inline]
    pub fn id(&self) -> f64 {
        self.sign * self.drain_current().value
    }

    /// Transconductance d id / d vgs, S.
    #[inline]
    pub fn gm(&self) -> f64 {
        self.drain_current().gradient[0]
    }

    /// Output conductance d id / d vds, S.
    #[inline]
    pub fn gds(&self) -> f64 {
        self.drain_current().gradient[1]
    }

    /// Body transconductance d id / d vbs, S.
    #[inline]
    pub fn gmb(&self) -> f64 {
        self.drain_current().gradient[2]
    }

    /// Currents into `[drain, gate, source, bulk]`, A; their sum is zero up to rounding.
    #[inline]
    pub fn currents(&self) -> [f64; 4] {
        let d = [self.drain_current(), self.output(OutputKind::Gate), self.output(OutputKind::Bulk)];
        terminals(d).map(|t| self.sign * t.value)
    }

    /// Charges of `[drain, gate, source, bulk]`, C; their sum is zero up to rounding.
    #[inline]
    pub fn charges(&self) -> [f64; 4] {
        terminals(self.charge_duals()).map(|t| self.sign * t.value)
    }

    /// `g[r][c]` = d current into terminal r / d voltage of terminal c, S; order drain, gate, source, bulk.
    ///
    /// Rows and columns sum to zero up to rounding.
    #[inline]
    pub fn conductances(&self) -> [[f64; 4]; 4] {
        let d = [self.drain_current(), self.output(OutputKind::Gate), self.output(OutputKind::Bulk)];
        terminals(d).map(|t| over_terminals(t.gradient))
    }

    /// `c[r][c]` = d charge of terminal r / d voltage of terminal c, F; order drain, gate, source, bulk.
    #[inline]
    pub fn capacitances(&self) -> [[f64; 4]; 4] {
        terminals(self.charge_duals()).map(|t| over_terminals(t.gradient))
    }

    fn charge_duals(&self) -> [Dual; 3] {
        [
            self.drain(OutputKind::ChannelCharge, OutputKind::GateCharge, OutputKind::BulkCharge),
            self.output(OutputKind::GateCharge),
            self.output(OutputKind::BulkCharge),
        ]
    }
}

/// Adds the source by Kirchhoff: `[drain, gate, bulk]` becomes `[drain, gate, source, bulk]`.
#[inline]
fn terminals([d, g, b]: [Dual; 3]) -> [Dual; 4] {
    [d, g, Dual::combine(&[(-1.0, d), (-1.0, g), (-1.0, b)]), b]
}

/// Derivatives over `(vgs, vds, vbs)` become derivatives over `[vd, vg, vs, vb]`.
#[inline]
fn over_terminals([g, d, b]: [f64; 3]) -> [f64; 4] {
    [d, g, -(d + g + b), b]
}
