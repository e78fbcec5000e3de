//! Affine forms over the three coordinates of a box, and a neuron as three of them.

use super::Bounds;

/// More than the rounding of one operation, relative.
const EPSILON: f64 = 4.0 * f64::EPSILON;
/// Error of an elementary function and of short sums of numbers of order one.
const SMALL: f64 = 8e-15;

/// `center + sum_k slope[k] e_k +- radius`, `e_k` in -1..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Form {
    center: f64,
    slope: [f64; 3],
    radius: f64,
}

impl Form {
    pub(super) fn constant(center: f64) -> Self {
        Form { center, slope: [0.0; 3], radius: 0.0 }
    }

    /// Coordinate `k` of a box between `low` and `high`.
    pub(super) fn axis(k: usize, low: f64, high: f64) -> Self {
        let mut form = Form::constant(0.5 * (low + high));
        form.slope[k] = 0.5 * (high - low);
        form.radius = EPSILON * (low.abs() + high.abs());
        form
    }

    /// Half-width of all values.
    fn reach(&self) -> f64 {
        (self.slope.iter().map(|s| s.abs()).sum::<f64>() + self.radius) * (1.0 + EPSILON)
    }

    fn magnitude(&self) -> f64 {
        self.center.abs() + self.reach()
    }

    fn widened(mut self, by: f64) -> Self {
        self.radius = (self.radius + by) * (1.0 + EPSILON);
        self
    }

    pub(super) fn plus(&self, other: &Form) -> Form {
        let slope = std::array::from_fn(|k| self.slope[k] + other.slope[k]);
        Form { center: self.center + other.center, slope, radius: self.radius + other.radius }
            .widened(EPSILON * (self.magnitude() + other.magnitude()))
    }

    pub(super) fn minus(&self, other: &Form) -> Form {
        self.plus(&other.shifted_scaled(0.0, -1.0))
    }

    pub(super) fn plus_constant(&self, constant: f64) -> Form {
        let sum = Form { center: self.center + constant, ..*self };
        sum.widened(EPSILON * (self.center.abs() + constant.abs()))
    }

    /// `(self + shift) * scale`.
    pub(super) fn shifted_scaled(&self, shift: f64, scale: f64) -> Form {
        let s = self.plus_constant(shift);
        let scaled = Form {
            center: s.center * scale,
            slope: s.slope.map(|v| v * scale),
            radius: s.radius * scale.abs(),
        };
        scaled.widened(EPSILON * scale.abs() * s.magnitude())
    }

    pub(super) fn times(&self, other: &Form) -> Form {
        let (a, b) = (self, other);
        let slope = std::array::from_fn(|k| a.center * b.slope[k] + b.center * a.slope[k]);
        let radius = a.center.abs() * b.radius + b.center.abs() * a.radius + a.reach() * b.reach();
        Form { center: a.center * b.center, slope, radius }.widened(EPSILON * a.magnitude() * b.magnitude())
    }

    /// `f(self)` from value and slope at the centre, a bound of `|f''|` and the range of `f`.
    ///
    /// The tangent line with its remainder, or the range alone where that is much narrower.
    pub(super) fn through(&self, [f, slope]: [f64; 2], second: f64, range: [f64; 2]) -> Form {
        let reach = self.reach();
        let remainder = 0.5 * second * reach * reach;
        let half = 0.5 * (range[1] - range[0]).abs();
        if slope.abs() * reach + remainder > 2.0 * half {
            let center = 0.5 * (range[0] + range[1]);
            return Form { center, slope: [0.0; 3], radius: half }.widened(SMALL * (1.0 + center.abs()));
        }
        let line = Form {
            center: f,
            slope: self.slope.map(|s| s * slope),
            radius: slope.abs() * self.radius + remainder,
        };
        line.widened(SMALL * (1.0 + f.abs()) + EPSILON * slope.abs() * reach)
    }

    pub(super) fn bounds(&self) -> Bounds {
        let reach = self.reach() + EPSILON * self.center.abs();
        Bounds {
            low: self.center - reach,
            high: self.center + reach,
            by_axis: self.slope.map(f64::abs),
            rest: self.radius,
        }
    }
}

/// Value, slope over vds and slope over vgs of one neuron, side by side for vector registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neuron {
    /// Centre and slopes of each of the three.
    lanes: [f64; 12],
    /// Radius of each.
    radius: [f64; 3],
}

impl Neuron {
    pub(super) fn new(value: Form, drain: Form, gate: Form) -> Self {
        let forms = [value, drain, gate];
        let mut lanes = [0.0; 12];
        for (lane, f) in lanes.chunks_exact_mut(4).zip(&forms) {
            lane.copy_from_slice(&[f.center, f.slope[0], f.slope[1], f.slope[2]]);
        }
        Neuron { lanes, radius: forms.map(|f| f.radius) }
    }

    pub(super) fn forms(&self) -> [Form; 3] {
        std::array::from_fn(|k| {
            let [center, a, b, c] = [0, 1, 2, 3].map(|i| self.lanes[4 * k + i]);
            Form { center, slope: [a, b, c], radius: self.radius[k] }
        })
    }

    /// Widens by what a dot product of `terms` terms can lose to rounding.
    pub(super) fn count_rounding(&mut self, terms: usize) {
        let factor = 2.0 * (terms + 4) as f64 * f64::EPSILON;
        for (radius, lane) in self.radius.iter_mut().zip(self.lanes.chunks_exact(4)) {
            let magnitude = lane.iter().map(|v| v.abs()).sum::<f64>() + *radius;
            *radius += factor * magnitude;
        }
    }

    /// `bias + weights . inputs`.
    pub(super) fn affine(bias: f64, weights: &[f64], inputs: &[Neuron]) -> Self {
        let mut sum = Neuron { lanes: [0.0; 12], radius: [0.0; 3] };
        sum.lanes[0] = bias;
        sum.radius[0] = 2.0 * EPSILON * bias.abs();
        for (w, n) in weights.iter().zip(inputs) {
            for (s, v) in sum.lanes.iter_mut().zip(&n.lanes) {
                *s += w * v;
            }
            for (s, v) in sum.radius.iter_mut().zip(&n.radius) {
                *s += w.abs() * v;
            }
        }
        sum
    }

    /// tanh of the value, and the slopes by the chain rule.
    pub(super) fn squashed(&self) -> Self {
        let [z, drain, gate] = self.forms();
        let reach = z.reach();
        let (low, high) = ((z.center - reach).tanh(), (z.center + reach).tanh());
        let t = z.center.tanh();
        let s = 1.0 - t * t;
        // Nearest to and farthest from zero over the box.
        let largest = low.abs().max(high.abs());
        let smallest = if low <= 0.0 && high >= 0.0 { 0.0 } else { low.abs().min(high.abs()) };
        let (steepest, flattest) = (1.0 - smallest * smallest, 1.0 - largest * largest);
        // tanh'' = -2 t s, s'' = s (6 t^2 - 2).
        let value = z.through([t, s], 2.0 * largest * steepest + SMALL, [low, high]);
        let bend = (6.0 * largest * largest - 2.0).abs().max((6.0 * smallest * smallest - 2.0).abs());
        let slope = z.through([s, -2.0 * t * s], steepest * bend + SMALL, [flattest, steepest]);
        Neuron::new(value, slope.times(&drain), slope.times(&gate))
    }
}
