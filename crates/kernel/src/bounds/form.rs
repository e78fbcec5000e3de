//! Quadratic forms with a guaranteed remainder over the three coordinates of a box, and a neuron as three of them.

use super::Bounds;

/// More than the rounding of one operation, relative.
const EPSILON: f64 = 8.0 * f64::EPSILON;
/// Error of an elementary function and of short sums of numbers of order one.
const SMALL: f64 = 8e-15;
/// Coefficients of a form: the constant, three of first and six of second order.
const TERMS: usize = 10;
/// Axes of the second-order terms, in the order of their coefficients from [`SQUARES`] on.
const PAIRS: [[usize; 2]; 6] = [[0, 0], [1, 1], [2, 2], [0, 1], [0, 2], [1, 2]];
/// Index of the first coefficient of second order.
const SQUARES: usize = 4;

/// `c + sum_k g_k e_k + sum_kl h_kl e_k e_l +- radius`, `e_k` in -1..1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Form {
    /// c, then g, then h as [`PAIRS`] says.
    terms: [f64; TERMS],
    radius: f64,
}

impl Form {
    pub(super) fn constant(center: f64) -> Self {
        let mut terms = [0.0; TERMS];
        terms[0] = center;
        Form { terms, radius: 0.0 }
    }

    /// Coordinate `k` of a box between `low` and `high`.
    pub(super) fn axis(k: usize, low: f64, high: f64) -> Self {
        let mut form = Form::constant(0.5 * (low + high));
        form.terms[1 + k] = 0.5 * (high - low);
        form.radius = EPSILON * (low.abs() + high.abs());
        form
    }

    pub(super) fn center(&self) -> f64 {
        self.terms[0]
    }

    /// Largest magnitudes of the parts of first and of second order.
    fn parts(&self) -> [f64; 2] {
        let sum = |part: &[f64]| part.iter().map(|v| v.abs()).sum::<f64>() * (1.0 + EPSILON);
        [sum(&self.terms[1..SQUARES]), sum(&self.terms[SQUARES..])]
    }

    /// Half-width of all values, at most.
    fn reach(&self) -> f64 {
        let [linear, square] = self.parts();
        (linear + square + self.radius) * (1.0 + EPSILON)
    }

    fn magnitude(&self) -> f64 {
        self.center().abs() + self.reach()
    }

    fn widened(mut self, by: f64) -> Self {
        self.radius = (self.radius + by) * (1.0 + EPSILON);
        self
    }

    pub(super) fn plus(&self, other: &Form) -> Form {
        let terms = std::array::from_fn(|k| self.terms[k] + other.terms[k]);
        Form { terms, radius: self.radius + other.radius }
            .widened(EPSILON * (self.magnitude() + other.magnitude()))
    }

    pub(super) fn minus(&self, other: &Form) -> Form {
        self.plus(&other.shifted_scaled(0.0, -1.0))
    }

    pub(super) fn plus_constant(&self, constant: f64) -> Form {
        let mut sum = *self;
        sum.terms[0] += constant;
        sum.widened(EPSILON * (self.center().abs() + constant.abs()))
    }

    /// `(self + shift) * scale`.
    pub(super) fn shifted_scaled(&self, shift: f64, scale: f64) -> Form {
        let s = self.plus_constant(shift);
        let scaled = Form { terms: s.terms.map(|v| v * scale), radius: s.radius * scale.abs() };
        scaled.widened(EPSILON * scale.abs() * s.magnitude())
    }

    /// Adds `factor` times the product of the first-order parts of `a` and `b`.
    fn add_product(&mut self, factor: f64, a: &Form, b: &Form) {
        for (h, [k, l]) in self.terms[SQUARES..].iter_mut().zip(PAIRS) {
            let both = a.terms[1 + k] * b.terms[1 + l];
            *h += factor * if k == l { both } else { both + a.terms[1 + l] * b.terms[1 + k] };
        }
    }

    pub(super) fn times(&self, other: &Form) -> Form {
        let (a, b) = (self, other);
        let mut product = Form {
            terms: std::array::from_fn(|k| a.center() * b.terms[k] + b.center() * a.terms[k]),
            radius: 0.0,
        };
        product.terms[0] = a.center() * b.center();
        product.add_product(1.0, a, b);
        // What is of third order and more, and the remainders.
        let ([a1, a2], [b1, b2]) = (a.parts(), b.parts());
        let radius =
            a1 * b2 + a2 * b1 + a2 * b2 + a.radius * b.magnitude() + b.radius * (a.center().abs() + a1 + a2);
        product.widened(radius * (1.0 + EPSILON) + EPSILON * a.magnitude() * b.magnitude())
    }

    /// `f(self)` from value and two derivatives at the centre, a bound of `|f'''|` and the range of `f`.
    ///
    /// The parabola with its remainder, or the range alone where that is much narrower.
    pub(super) fn through(&self, [f, slope, bend]: [f64; 3], third: f64, range: [f64; 2]) -> Form {
        let [linear, square] = self.parts();
        let reach = self.reach();
        // d = L + Q + R: d^2 = L^2 + what the others add.
        let others = square + self.radius;
        let cross = 0.5 * bend.abs() * others * (2.0 * linear + others);
        let remainder = cross + third * reach * reach * reach / 6.0;
        let half = 0.5 * (range[1] - range[0]).abs();
        let width = slope.abs() * reach + 0.5 * bend.abs() * linear * linear + remainder;
        if width > 2.0 * half {
            let center = 0.5 * (range[0] + range[1]);
            return Form::constant(center).widened(half + SMALL * (1.0 + center.abs()));
        }
        let mut curve = Form { terms: self.terms.map(|v| v * slope), radius: slope.abs() * self.radius };
        curve.terms[0] = f;
        curve.add_product(0.5 * bend, self, self);
        curve.widened(remainder * (1.0 + EPSILON) + SMALL * (1.0 + f.abs()) + EPSILON * width)
    }

    pub(super) fn bounds(&self) -> Bounds {
        let t = &self.terms;
        let mixed: f64 = t[SQUARES + 3..].iter().map(|h| h.abs()).sum();
        let (mut low, mut high) = (0.0, 0.0);
        for k in 0..3 {
            let [a, b] = parabola(t[1 + k], t[SQUARES + k]);
            low += a;
            high += b;
        }
        let rest = self.radius + mixed + EPSILON * self.magnitude();
        let mut by_axis: [f64; 3] = std::array::from_fn(|k| t[1 + k].abs() + t[SQUARES + k].abs());
        for (h, [k, l]) in t[SQUARES + 3..].iter().zip(&PAIRS[3..]) {
            by_axis[*k] += 0.5 * h.abs();
            by_axis[*l] += 0.5 * h.abs();
        }
        Bounds {
            low: self.center() + low - rest,
            high: self.center() + high + rest,
            by_axis,
            rest: self.radius,
        }
    }
}

/// Least and largest value of `g e + h e^2` for `e` in -1..1.
fn parabola(g: f64, h: f64) -> [f64; 2] {
    let ends = [h - g.abs(), h + g.abs()];
    // The vertex lies inside when |g| < 2 |h|.
    let vertex = if g.abs() < 2.0 * h.abs() { -g * g / (4.0 * h) } else { ends[0] };
    [ends[0].min(vertex), ends[1].max(vertex)]
}

/// Value, slope over vds and slope over vgs of one neuron, side by side for vector registers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Neuron {
    /// Coefficients of each of the three.
    lanes: [f64; 3 * TERMS],
    /// Radius of each.
    radius: [f64; 3],
}

impl Neuron {
    pub(super) fn new(value: Form, drain: Form, gate: Form) -> Self {
        let forms = [value, drain, gate];
        let mut lanes = [0.0; 3 * TERMS];
        for (lane, f) in lanes.chunks_exact_mut(TERMS).zip(&forms) {
            lane.copy_from_slice(&f.terms);
        }
        Neuron { lanes, radius: forms.map(|f| f.radius) }
    }

    pub(super) fn forms(&self) -> [Form; 3] {
        std::array::from_fn(|k| {
            let terms = std::array::from_fn(|i| self.lanes[TERMS * k + i]);
            Form { terms, radius: self.radius[k] }
        })
    }

    /// Widens by what a dot product of `terms` terms can lose to rounding.
    pub(super) fn count_rounding(&mut self, terms: usize) {
        let factor = 2.0 * (terms + 4) as f64 * f64::EPSILON;
        for (radius, lane) in self.radius.iter_mut().zip(self.lanes.chunks_exact(TERMS)) {
            let magnitude = lane.iter().map(|v| v.abs()).sum::<f64>() + *radius;
            *radius += factor * magnitude;
        }
    }

    /// `bias + weights . inputs`.
    pub(super) fn affine(bias: f64, weights: &[f64], inputs: &[Neuron]) -> Self {
        let mut sum = Neuron { lanes: [0.0; 3 * TERMS], radius: [0.0; 3] };
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
    ///
    /// `t' = s = 1 - t^2`, `t'' = -2 t s`, `t''' = s'' = s (6 t^2 - 2)`, `s''' = 8 t s (2 - 3 t^2)`.
    pub(super) fn squashed(&self) -> Self {
        let [z, drain, gate] = self.forms();
        let reach = z.reach();
        let (low, high) = ((z.center() - reach).tanh(), (z.center() + reach).tanh());
        let t = z.center().tanh();
        let s = 1.0 - t * t;
        // Nearest to and farthest from zero over the box.
        let largest = low.abs().max(high.abs());
        let smallest = if low <= 0.0 && high >= 0.0 { 0.0 } else { low.abs().min(high.abs()) };
        let (steepest, flattest) = (1.0 - smallest * smallest, 1.0 - largest * largest);
        let most =
            |a: f64, b: f64| (a + b * largest * largest).abs().max((a + b * smallest * smallest).abs());
        let third = steepest * most(-2.0, 6.0) + SMALL;
        let value = z.through([t, s, -2.0 * t * s], third, [low, high]);
        let third = 8.0 * largest * steepest * most(2.0, -3.0) + SMALL;
        let slope = z.through([s, -2.0 * t * s, s * (6.0 * t * t - 2.0)], third, [flattest, steepest]);
        Neuron::new(value, slope.times(&drain), slope.times(&gate))
    }
}
