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
    #[inline(always)]
    fn combine(terms: [(f64, Dual); 3]) -> Dual {
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

/// Part of an output that flows into the drain: all of the channel, minus half of gate and bulk if symmetric.
#[inline(always)]
pub(crate) fn drain_share(kind: OutputKind, symmetric: bool) -> f64 {
    match kind {
        OutputKind::Channel | OutputKind::ChannelCharge => 1.0,
        _ if symmetric => -0.5,
        _ => 0.0,
    }
}

/// Part of an output that flows into the source: what neither the drain nor the output's own terminal takes.
///
/// Not the negated sum of the other terminals: in floating point, that would differ from the drain after a swap.
#[inline(always)]
fn source_share(kind: OutputKind, symmetric: bool) -> f64 {
    let own = if matches!(kind, OutputKind::Channel | OutputKind::ChannelCharge) { 0.0 } else { 1.0 };
    -own - drain_share(kind, symmetric)
}

const CURRENTS: [OutputKind; 3] = [OutputKind::Channel, OutputKind::Gate, OutputKind::Bulk];
const CHARGES: [OutputKind; 3] = [OutputKind::ChannelCharge, OutputKind::GateCharge, OutputKind::BulkCharge];

/// Currents (A) and charges (C) into the terminals at one bias, with derivatives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct OperatingPoint {
    sign: f64,
    symmetric: bool,
    /// Values of the mirrored device, one per [`OutputKind`].
    outputs: [Dual; OutputKind::ALL.len()],
}

impl OperatingPoint {
    #[inline]
    pub(crate) fn new(sign: f64, symmetric: bool) -> Self {
        OperatingPoint { sign, symmetric, outputs: Default::default() }
    }

    #[inline]
    pub(crate) fn set(&mut self, kind: OutputKind, value: Dual) {
        self.outputs[kind as usize] = value;
    }

    /// Value and derivatives of one output of the mirrored (n-channel) device.
    pub fn output(&self, kind: OutputKind) -> Dual {
        self.outputs[kind as usize]
    }

    #[inline(always)]
    fn through(&self, [a, b, c]: [OutputKind; 3], share: impl Fn(OutputKind, bool) -> f64) -> Dual {
        let term = |k| (share(k, self.symmetric), self.output(k));
        Dual::combine([term(a), term(b), term(c)])
    }

    /// Drain, gate, source and bulk from channel, gate and bulk.
    #[inline(always)]
    fn terminals(&self, kinds: [OutputKind; 3]) -> [Dual; 4] {
        let [_, gate, bulk] = kinds;
        [
            self.through(kinds, drain_share),
            self.output(gate),
            self.through(kinds, source_share),
            self.output(bulk),
        ]
    }

    /// Values at the terminals and their derivatives over the terminals' voltages, both times `factor`.
    #[inline(always)]
    fn times(&self, kinds: [OutputKind; 3], factor: f64) -> ([f64; 4], [[f64; 4]; 4]) {
        let (mut values, mut slopes) = ([0.0; 4], [[0.0; 4]; 4]);
        // A loop: `map` of an array of this size is called instead of inlined.
        for (r, terminal) in self.terminals(kinds).into_iter().enumerate() {
            values[r] = self.sign * factor * terminal.value;
            slopes[r] = over_terminals([
                factor * terminal.gradient[0],
                factor * terminal.gradient[1],
                factor * terminal.gradient[2],
            ]);
        }
        (values, slopes)
    }

    /// [`currents`](Self::currents) and [`conductances`](Self::conductances) of `count` devices in parallel.
    #[inline]
    pub fn resistive(&self, count: f64) -> ([f64; 4], [[f64; 4]; 4]) {
        self.times(CURRENTS, count)
    }

    /// [`charges`](Self::charges) and [`capacitances`](Self::capacitances) of `count` devices in parallel.
    #[inline]
    pub fn reactive(&self, count: f64) -> ([f64; 4], [[f64; 4]; 4]) {
        self.times(CHARGES, count)
    }

    /// Drain current of the mirrored device with its derivatives.
    #[inline]
    pub fn drain_current(&self) -> Dual {
        self.through(CURRENTS, drain_share)
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
        self.resistive(1.0).0
    }

    /// Charges of `[drain, gate, source, bulk]`, C; their sum is zero up to rounding.
    #[inline]
    pub fn charges(&self) -> [f64; 4] {
        self.reactive(1.0).0
    }

    /// `g[r][c]` = d current into terminal r / d voltage of terminal c, S; order drain, gate, source, bulk.
    ///
    /// Rows and columns sum to zero up to rounding.
    #[inline]
    pub fn conductances(&self) -> [[f64; 4]; 4] {
        self.resistive(1.0).1
    }

    /// `c[r][c]` = d charge of terminal r / d voltage of terminal c, F; order drain, gate, source, bulk.
    #[inline]
    pub fn capacitances(&self) -> [[f64; 4]; 4] {
        self.reactive(1.0).1
    }
}

/// Derivatives over `(vgs, vds, vbs)` become derivatives over `[vd, vg, vs, vb]`.
#[inline]
fn over_terminals([g, d, b]: [f64; 3]) -> [f64; 4] {
    [d, g, -(d + g + b), b]
}
