//! One device ready for a simulator's inner loop: packed numbers and the best instruction set.

use crate::folded::{Folded, FoldedBranch, Member};
use crate::inputs::{Inputs, PackedInputs};
use crate::isa::Isa;
use crate::math::{EXP_LIMIT, LANES};
use crate::packed::{self, Activations, Aligned, PackedTrunk, Row, by_vectors, pack};
use crate::point::{Dual, OperatingPoint};
use crate::simd::{self, Vector, dispatch_vector};
use crate::spec::{FEATURES, MAX_LAYERS, OutputKind, Place, Spec};

/// Most vectors of trunks that run beside each other: wider ones have enough to do while they wait.
const BESIDE: usize = 4;

/// A device ready for evaluation; never allocates after construction.
#[derive(Clone, Debug)]
pub struct Instance {
    isa: Isa,
    folded: Folded,
    branches: Vec<PackedBranch>,
}

#[derive(Clone, Debug)]
struct PackedBranch {
    inputs: PackedInputs,
    /// Has the trunk inputs of the branch before.
    shares_inputs: bool,
    /// Has the inputs of the branch before and a trunk of the same shape, not too wide, so that both run layer by layer together.
    runs_beside: bool,
    trunk: PackedTrunk,
    outputs: Vec<PackedOutput>,
}

#[derive(Clone, Debug)]
struct PackedOutput {
    kind: OutputKind,
    scale: f64,
    head: Vec<Aligned>,
    constant: f64,
}

impl Instance {
    /// Specialises `spec` to `member` at `place`, for the running processor.
    ///
    /// # Panics
    /// When a device index is out of range or `spec` does not pass [`Spec::check`].
    pub fn new(spec: &Spec, member: Member, place: &Place) -> Self {
        Self::from_folded(Folded::new(spec, member, place), Isa::detect())
    }

    /// Packs a specialised model for an instruction set that this processor has.
    pub fn from_folded(folded: Folded, isa: Isa) -> Self {
        let mut branches: Vec<PackedBranch> = folded.branches.iter().map(PackedBranch::new).collect();
        for k in 1..branches.len() {
            let (before, [branch, ..]) = branches.split_at_mut(k) else { break };
            branch.shares_inputs = branch.inputs == before[k - 1].inputs;
            branch.runs_beside = branch.shares_inputs
                && branch.trunk.vectors <= BESIDE
                && branch.trunk.is_shaped_like(&before[k - 1].trunk);
        }
        Instance { isa, folded, branches }
    }

    /// The plain numbers behind this instance.
    pub fn folded(&self) -> &Folded {
        &self.folded
    }

    /// The instruction set it evaluates with.
    pub fn isa(&self) -> Isa {
        self.isa
    }

    /// +1 for n-channel, -1 for p-channel.
    pub fn sign(&self) -> f64 {
        self.folded.sign
    }

    /// Terminal currents, charges and their derivatives at `[vd, vg, vs, vb]` in volts.
    #[inline]
    pub fn eval(&self, v: [f64; 4]) -> OperatingPoint {
        self.eval_branches(v, self.branches.len())
    }

    /// As [`Instance::eval`] without the charges, which stay zero.
    #[inline]
    pub fn eval_currents(&self, v: [f64; 4]) -> OperatingPoint {
        self.eval_branches(v, 1)
    }

    #[inline]
    fn eval_branches(&self, v: [f64; 4], count: usize) -> OperatingPoint {
        let mut point = self.empty_point();
        let mirrored = v.map(|v| v * self.folded.sign);
        eval_branches(self.isa, &self.branches[..count], mirrored, &mut point);
        point
    }

    /// Drain current in amperes at `[vd, vg, vs, vb]` in volts, without derivatives.
    #[inline]
    pub fn current(&self, v: [f64; 4]) -> f64 {
        let mut point = self.empty_point();
        value_branch(self.isa, &self.branches[0], v.map(|v| v * self.folded.sign), &mut point);
        point.id()
    }

    #[inline]
    fn empty_point(&self) -> OperatingPoint {
        OperatingPoint::new(self.folded.sign, self.folded.branches[0].features.symmetric)
    }
}

impl PackedBranch {
    fn new(branch: &FoldedBranch) -> Self {
        let inputs = PackedInputs::new(&branch.features);
        let trunk = PackedTrunk::new(&branch.layers, &inputs);
        let outputs = branch
            .outputs
            .iter()
            .map(|o| PackedOutput {
                kind: o.kind,
                scale: o.scale,
                head: pack(&o.head, trunk.vectors),
                constant: o.constant,
            })
            .collect();
        PackedBranch { inputs, shares_inputs: false, runs_beside: false, trunk, outputs }
    }
}

dispatch_vector! {
    /// Values and derivatives of all outputs of branches.
    fn eval_branches(branches: &[PackedBranch], v: [f64; 4], point: &mut OperatingPoint) = eval_body
}
dispatch_vector! {
    /// Values of all outputs of a branch.
    fn value_branch(branch: &PackedBranch, v: [f64; 4], point: &mut OperatingPoint) = value_body
}

#[inline(always)]
fn eval_body<V: Vector>(branches: &[PackedBranch], v: [f64; 4], point: &mut OperatingPoint) {
    let Some(first) = branches.first() else { return };
    let mut f = first.inputs.at::<V>(v);
    let vds = v[0] - v[2];
    if let [a, b] = branches
        && b.runs_beside
    {
        by_vectors!(a.trunk.vectors, duals::<V, 2>([a, b], &f, vds, point));
        return;
    }
    for (k, branch) in branches.iter().enumerate() {
        if k > 0 && !branch.shares_inputs {
            f = branch.inputs.at::<V>(v);
        }
        by_vectors!(branch.trunk.vectors, duals::<V, 1>([branch], &f, vds, point));
    }
}

#[inline(always)]
fn value_body<V: Vector>(branch: &PackedBranch, v: [f64; 4], point: &mut OperatingPoint) {
    let f = branch.inputs.at::<V>(v);
    by_vectors!(branch.trunk.vectors, values::<V>(branch, &f, v[0] - v[2], point));
}

/// Values and derivatives of all outputs of branches with trunks of one shape.
#[inline(always)]
fn duals<V: Vector, const T: usize, const N: usize>(
    branches: [&PackedBranch; T],
    f: &Inputs,
    vds: f64,
    point: &mut OperatingPoint,
) {
    // Nothing is compiled for wider trunks, which do not run beside others.
    if const { T > 1 && N > BESIDE } {
        return;
    }
    let mut acts: [Activations<N>; T] = [[Row::ZERO; MAX_LAYERS]; T];
    let mut trunks = [&branches[0].trunk; T];
    for t in 1..T {
        trunks[t] = &branches[t].trunk;
    }
    packed::forward::<V, N, T>(trunks, &f.x, &mut acts);
    for t in 0..T {
        let branch = branches[t];
        // Charges come in threes; one pass for all of them reads the weights once, as long as registers hold its sums.
        let (threes, rest) =
            if N <= 4 { branch.outputs.as_chunks::<3>() } else { (&[][..], &*branch.outputs) };
        if N <= 4 {
            for [a, b, c] in threes {
                duals_of::<V, N, 3>(branch, [a, b, c], &acts[t], f, vds, point);
            }
        }
        for one in rest {
            duals_of::<V, N, 1>(branch, [one], &acts[t], f, vds, point);
        }
    }
}

#[inline(always)]
fn duals_of<V: Vector, const N: usize, const O: usize>(
    branch: &PackedBranch,
    outputs: [&PackedOutput; O],
    acts: &Activations<N>,
    f: &Inputs,
    vds: f64,
    point: &mut OperatingPoint,
) {
    let (heads, mut y) = (heads(outputs), [0.0; O]);
    let values = packed::values::<V, N, O>(&branch.trunk, heads, acts);
    let mut exponentials = [Exponentials::NONE; O];
    // Ahead of the gradients, which take as long and do not wait for them.
    for o in 0..O {
        y[o] = outputs[o].constant + values[o];
        exponentials[o] = Exponentials::of::<V>(outputs[o].kind, y[o]);
    }
    let gradients = packed::gradients::<V, N, O>(&branch.trunk, heads, acts);
    for o in 0..O {
        let PackedOutput { kind, scale, .. } = outputs[o];
        let dy = f.chain(gradients[o]);
        point.set(*kind, physical(*kind, *scale, y[o], exponentials[o], dy, vds));
    }
}

#[inline(always)]
fn heads<const O: usize>(outputs: [&PackedOutput; O]) -> [&[Aligned]; O] {
    let mut heads = [&[][..]; O];
    for o in 0..O {
        heads[o] = outputs[o].head.as_slice();
    }
    heads
}

/// Values of all outputs, without derivatives.
#[inline(always)]
fn values<V: Vector, const N: usize>(
    branch: &PackedBranch,
    f: &Inputs,
    vds: f64,
    point: &mut OperatingPoint,
) {
    let mut acts: [Activations<N>; 1] = [[Row::ZERO; MAX_LAYERS]];
    packed::forward::<V, N, 1>([&branch.trunk], &f.x, &mut acts);
    for o in &branch.outputs {
        let [y] = packed::values::<V, N, 1>(&branch.trunk, [&o.head], &acts[0]);
        let y = o.constant + y;
        let e = Exponentials::of::<V>(o.kind, y);
        point.set(o.kind, physical(o.kind, o.scale, y, e, [0.0; FEATURES], vds));
    }
}

/// `exp(y)` and, where the output's meaning needs it, `exp(-y)`.
#[derive(Clone, Copy)]
pub(crate) struct Exponentials {
    pub(crate) up: f64,
    pub(crate) down: f64,
}

impl Exponentials {
    /// Of an output that has none.
    const NONE: Exponentials = Exponentials { up: 0.0, down: 0.0 };

    /// Whether `kind` is a hyperbolic sine.
    #[inline(always)]
    pub(crate) fn needs_down(kind: OutputKind) -> bool {
        matches!(kind, OutputKind::Gate | OutputKind::Bulk)
    }

    /// For one `y`, clamped to what a double holds; NaN stays NaN.
    #[inline(always)]
    fn of<V: Vector>(kind: OutputKind, y: f64) -> Self {
        if kind.is_charge() {
            return Self::NONE;
        }
        let y = V::splat(y).at_most(EXP_LIMIT).at_least(-EXP_LIMIT);
        let up = first(simd::exp(y));
        let down = if Self::needs_down(kind) { first(simd::exp(V::zero().sub(y))) } else { 0.0 };
        Exponentials { up, down }
    }
}

/// Lane 0.
#[inline(always)]
fn first<V: Vector>(v: V) -> f64 {
    let mut lanes = [0.0; LANES];
    v.store(&mut lanes);
    lanes[0]
}

/// Current or charge of an output, with derivatives over `(vgs, vds, vbs)`, from `y` and its gradient.
#[inline(always)]
pub(crate) fn physical(
    kind: OutputKind,
    scale: f64,
    y: f64,
    e: Exponentials,
    dy: [f64; FEATURES],
    vds: f64,
) -> Dual {
    match kind {
        OutputKind::Channel => {
            let g = scale * e.up;
            let i = g * vds;
            Dual { value: i, gradient: [i * dy[0], g + i * dy[1], i * dy[2]] }
        }
        OutputKind::Gate | OutputKind::Bulk => {
            let cosh = 0.5 * scale * (e.up + e.down);
            Dual { value: 0.5 * scale * (e.up - e.down), gradient: dy.map(|d| cosh * d) }
        }
        OutputKind::GateCharge | OutputKind::BulkCharge => {
            Dual { value: scale * y, gradient: dy.map(|d| scale * d) }
        }
        OutputKind::ChannelCharge => {
            let c = scale * vds;
            Dual { value: c * y, gradient: [c * dy[0], scale * y + c * dy[1], c * dy[2]] }
        }
    }
}
