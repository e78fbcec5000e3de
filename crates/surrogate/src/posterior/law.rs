//! How the channel current of a transistor follows temperature, told by its current at one temperature.
//!
//! At a given overdrive transistors of a family answer to temperature nearly alike, and what overdrive a bias is tells the current itself: IHP
//! lv_nmos of 0.15 by 0.13 um and of 10 by 10 um differ by 90 % in what 100 K do to the current at the same gate voltage, by 16 % at
//! the same voltage above threshold. With the normalised overdrive `u` of C. C. Enz, F. Krummenacher, E. A. Vittoz, "An analytical MOS
//! transistor model valid in all regions of operation" (1995),
//! ```text
//! F(u) - F(u - vds / vt) = i / i0           F(u) = ln^2(1 + exp(u / 2)),  i0 a few times the constant-current threshold
//! [y(hot) - y(cold)] / span = a(L) . z(still) + sum_q b_q q(u)        q: ln(1 + exp(-u / 2)), 1 / (1 + t), ln(1 + t) with t = 2 ln(1 + exp(u / 2))
//! a(L) = a_0 + a_1 ln L + a_2 0.13 um / L
//! ```
//! at every bias, `still` 300.15 K, `cold` and `hot` the ends of the temperatures measured. The first `q` is what warmth does below threshold, the second what the shift of the threshold does above it and the third what the field changes
//! in that; `a . z`, a function of the bias, is what devices of a length have in common. Whether there are `b`, and how much `a_1` and
//! `a_2` are held down, is decided by the currents of devices left out. The slope of a head is the one by which `y` changes so over the
//! biases of the family, what the trunk makes of temperature by itself counted in.

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Side};
use gummel_device::metrics::{criterion_current, quantile};
use gummel_kernel::{Covariate, Folded, Member, OutputKind, Place};
use gummel_model::Model;
use rayon::prelude::*;

/// Temperature at which functions of temperature vanish, K.
pub(super) const REFERENCE: f64 = 300.15;
/// kT/q at [`REFERENCE`], V.
const THERMAL: f64 = 0.025_865;
/// `i0` over the constant-current threshold.
const SPECIFIC: f64 = 5.0;
/// Biases along vgs, vds and vbs.
const GRID: [usize; 3] = [16, 6, 3];
/// Weight of biases below threshold, where a threshold that moves by other than usual is a large part of the current.
const WEAK: f64 = 0.2;
/// Functions of overdrive and of length.
const OVERDRIVE: usize = 3;
const LENGTHS: usize = 3;
/// Penalties of `b` where it is there, and of `a_1` and `a_2`; the last leaves them at zero.
const LOOSE: f64 = 1e-3;
const OF_LENGTH: [f64; 5] = [1e-4, 1e-3, 1e-2, 0.1, OFF];
/// A penalty that leaves a number at zero.
const OFF: f64 = 1e9;
/// Penalty of squared numbers over the mean square of what they multiply: biases leave directions in which heads do not show.
const RIDGE: f64 = 1e-6;
/// Most devices that are asked.
const MOST: usize = 24;

/// The law of one output of a model.
pub(super) struct Law {
    biases: Biases,
    /// `b`, then `a_0`, `a_1`, `a_2`.
    numbers: Vec<f64>,
}

/// Biases of a family as its trunk sees them at [`REFERENCE`].
struct Biases {
    /// Activations with a final 1.
    z: Vec<Vec<f64>>,
    /// What the change of `y` per 100 K from the cold end to the hot is for every number of a slope.
    of_slope: Vec<Vec<f64>>,
    /// The same for every number of the head at the reference, by what the trunk makes of temperature.
    of_head: Vec<Vec<f64>>,
    /// V.
    vds: Vec<f64>,
    /// Amperes per unit of `vds exp(y) W / L`; zero for an output that is no channel current.
    scale: f64,
    /// `i0` of a square device, A.
    specific: f64,
    /// Noise floor, A.
    floor: f64,
    /// Relative error that is wanted.
    relative: f64,
}

/// A device whose slope is known.
pub(super) struct Known {
    /// At the reference.
    pub(super) head: Vec<f64>,
    /// Change of the head per 100 K.
    pub(super) slope: Vec<f64>,
    pub(super) place: Place,
}

/// The law with what it says of devices that it was not told of.
pub(super) struct Found {
    pub(super) law: Law,
    /// Slope of every device minus what the others say of it, a row each.
    pub(super) left_out: Mat<f64>,
}

impl Found {
    /// The law of output `o` of `model` that `known` devices show; `None` where there is none.
    pub(super) fn of(model: &Model, o: usize, mut known: Vec<Known>, relative: f64) -> Option<Self> {
        let step = known.len().div_ceil(MOST).max(1);
        known = known.into_iter().step_by(step).collect();
        let biases = Biases::of(model, o, relative)?;
        let parts: Vec<Part> = known.par_iter().map(|k| biases.part(k)).collect();
        let all: Vec<&Part> = parts.iter().collect();
        let tried = biases.penalties().into_par_iter().filter_map(|penalty| {
            let without = |k: usize| {
                let others: Vec<&Part> = (0..parts.len()).filter(|j| *j != k).map(|j| &parts[j]).collect();
                solve(&others, &penalty)
            };
            let numbers: Vec<Vec<f64>> = (0..known.len()).map(without).collect::<Option<_>>()?;
            let of = |k: usize| parts[k].error(&numbers[k]).max(f64::MIN_POSITIVE).ln();
            Some(((0..known.len()).map(of).sum::<f64>(), penalty, numbers))
        });
        let tried: Vec<_> = tried.collect();
        let (_, penalty, numbers) = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0))?;
        let rows: Vec<Vec<f64>> = known
            .par_iter()
            .zip(&numbers)
            .map(|(k, numbers)| biases.slope(numbers, &k.head, &k.place))
            .collect::<Option<_>>()?;
        let left_out = Mat::from_fn(rows.len(), rows[0].len(), |k, i| known[k].slope[i] - rows[k][i]);
        Some(Found { law: Law { numbers: solve(&all, &penalty)?, biases }, left_out })
    }
}

impl Law {
    /// Change per 100 K of a `head` at the reference of a device at `place`.
    pub(super) fn slope(&self, head: &[f64], place: &Place) -> Option<Vec<f64>> {
        self.biases.slope(&self.numbers, head, place)
    }
}

/// What one device says of the numbers of the law, biases weighed by how well they can be measured.
struct Part {
    rows: Vec<Vec<f64>>,
    slopes: Vec<f64>,
    normal: Mat<f64>,
    right: Mat<f64>,
}

impl Part {
    fn of(rows: Vec<Vec<f64>>, slopes: Vec<f64>) -> Self {
        let n = rows[0].len();
        let (mut normal, mut right) = (Mat::<f64>::zeros(n, n), Mat::<f64>::zeros(n, 1));
        for (row, slope) in rows.iter().zip(&slopes) {
            for i in 0..n {
                right[(i, 0)] += row[i] * slope;
                (0..=i).for_each(|j| normal[(i, j)] += row[i] * row[j]);
            }
        }
        Part { rows, slopes, normal, right }
    }

    /// Mean squared weighted error of what `numbers` say.
    fn error(&self, numbers: &[f64]) -> f64 {
        let of = |(row, slope): (&Vec<f64>, &f64)| (dot(row, numbers) - slope).powi(2);
        self.rows.iter().zip(&self.slopes).map(of).sum::<f64>() / self.rows.len() as f64
    }
}

impl Biases {
    fn of(model: &Model, o: usize, relative: f64) -> Option<Self> {
        let devices = &model.spec.devices;
        let first = devices.first()?.place;
        let at = |temperature| Folded::new(&model.spec, Member::Population, &Place { temperature, ..first });
        let [cold, hot] = ends(model);
        let folded = [REFERENCE, cold, hot].map(at);
        let tau = |temperature| Covariate::Tau.at(&Place { temperature, ..first });
        let (before, after) = (tau(cold), tau(hot));
        let [vgs, vds, vbs] = [0, 1, 2].map(|k| {
            let ends = devices.iter().map(|d| d.range[k]);
            ends.fold([f64::INFINITY, f64::NEG_INFINITY], |a, b| [a[0].min(b[0]), a[1].max(b[1])])
        });
        let along =
            |[low, high]: [f64; 2], k: usize, n: usize| low + (high - low) * k as f64 / (n - 1) as f64;
        let (mut z, mut of_slope, mut of_head, mut drain) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for g in 0..GRID[0] {
            // Denser where the channel is not saturated; none at zero, where there is no current.
            for d in (1..=GRID[1]).map(|k| vds[1] * (k as f64 / GRID[1] as f64).powi(2)) {
                for b in 0..GRID[2] {
                    let bias = [d, along(vgs, g, GRID[0]), 0.0, along(vbs, b, GRID[2])];
                    let [still, cold, hot] = [0, 1, 2].map(|k: usize| {
                        let mut seen = folded[k].branches[0].activations(bias);
                        seen.push(1.0);
                        seen
                    });
                    z.push(still);
                    let change = |of: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
                        cold.iter().zip(&hot).map(|(c, h)| of(*c, *h) / (after - before)).collect()
                    };
                    of_slope.push(change(&|c, h| after * h - before * c));
                    of_head.push(change(&|c, h| h - c));
                    drain.push(d);
                }
            }
        }
        let output = model.spec.branches[0].outputs[o];
        let mut floors: Vec<f64> = model.manifest.devices.iter().map(|d| d.floor).collect();
        Some(Biases {
            z,
            of_slope,
            of_head,
            vds: drain,
            scale: if output.kind == OutputKind::Channel { output.scale } else { 0.0 },
            specific: SPECIFIC * criterion_current(model.manifest.polarity),
            floor: quantile(&mut floors, 0.5).max(f64::MIN_POSITIVE),
            relative,
        })
    }

    /// Square root of the weight of every bias, and the functions of its overdrive.
    fn seen(&self, head: &[f64], place: &Place) -> Vec<(f64, [f64; OVERDRIVE])> {
        let squares = place.w * place.mult / place.l;
        let of = |(z, vds): (&Vec<f64>, &f64)| {
            if self.scale == 0.0 {
                return (1.0, [0.0; OVERDRIVE]);
            }
            let i = self.scale * vds * dot(head, z).min(MOST_EXPONENT).exp();
            let floor = self.floor / (squares * i).hypot(2.0 * self.floor);
            let strength = if i < self.specific / SPECIFIC { WEAK } else { 1.0 };
            let weight = strength * self.relative / self.relative.hypot(floor);
            (weight, functions(overdrive(i / self.specific, vds / THERMAL)))
        };
        self.z.iter().zip(&self.vds).map(of).collect()
    }

    fn part(&self, known: &Known) -> Part {
        let (mut rows, mut slopes) = (Vec::new(), Vec::new());
        let lengths = lengths(&known.place);
        let changes = self.of_slope.iter().zip(&self.of_head);
        let seen = self.z.iter().zip(changes).zip(self.seen(&known.head, &known.place));
        for ((z, (of_slope, of_head)), (weight, functions)) in seen {
            let of_length = lengths.iter().flat_map(|l| z.iter().map(move |z| l * z));
            rows.push(functions.iter().copied().chain(of_length).map(|v| weight * v).collect());
            slopes.push(weight * (dot(&known.slope, of_slope) + dot(&known.head, of_head)));
        }
        Part::of(rows, slopes)
    }

    /// Penalties of the numbers that are tried, over the mean square of what they multiply.
    fn penalties(&self) -> Vec<Vec<f64>> {
        let m = self.z[0].len();
        let mut all = Vec::new();
        for overdrive in if self.scale > 0.0 { &[LOOSE, OFF][..] } else { &[OFF] } {
            all.extend(OF_LENGTH.map(|length| {
                [vec![*overdrive; OVERDRIVE], vec![RIDGE; m], vec![length; (LENGTHS - 1) * m]].concat()
            }));
        }
        all
    }

    /// The numbers of a head whose change over bias is what the law says.
    fn slope(&self, numbers: &[f64], head: &[f64], place: &Place) -> Option<Vec<f64>> {
        let m = head.len();
        let (b, a) = numbers.split_at(OVERDRIVE);
        let mut common = vec![0.0; m];
        for (a, l) in a.chunks_exact(m).zip(lengths(place)) {
            common.iter_mut().zip(a).for_each(|(c, a)| *c += l * a);
        }
        let (mut rows, mut rest) = (Vec::new(), Vec::new());
        let changes = self.of_slope.iter().zip(&self.of_head);
        let seen = self.z.iter().zip(changes).zip(self.seen(head, place));
        for ((z, (of_slope, of_head)), (weight, functions)) in seen {
            rows.push(of_slope.iter().map(|z| weight * z).collect());
            rest.push(weight * (dot(&common, z) + dot(b, &functions) - dot(head, of_head)));
        }
        solve(&[&Part::of(rows, rest)], &vec![RIDGE; m])
    }
}

/// The ends of the temperatures that devices of `model` were measured at and of the reference, K.
fn ends(model: &Model) -> [f64; 2] {
    let all = model.manifest.devices.iter().flat_map(|d| d.temperatures.iter().copied());
    let [cold, hot] = all.fold([REFERENCE; 2], |[low, high], t| [low.min(t), high.max(t)]);
    // Without any the change is the derivative, nearly.
    if hot > cold { [cold, hot] } else { [REFERENCE, REFERENCE + 1.0] }
}

/// Largest exponent of a current; larger ones mean nothing.
const MOST_EXPONENT: f64 = 700.0;

/// The numbers that all `parts` together are met best by, each with its penalty.
fn solve(parts: &[&Part], penalty: &[f64]) -> Option<Vec<f64>> {
    let n = penalty.len();
    let mut normal = Mat::from_fn(n, n, |i, j| parts.iter().map(|p| p.normal[(i, j)]).sum::<f64>());
    let right = Mat::from_fn(n, 1, |i, _| parts.iter().map(|p| p.right[(i, 0)]).sum::<f64>());
    let mean = (0..n).map(|i| normal[(i, i)]).sum::<f64>() / n as f64;
    (0..n).for_each(|i| {
        let own = if penalty[i] > RIDGE { normal[(i, i)] } else { mean };
        normal[(i, i)] += penalty[i] * own + f64::MIN_POSITIVE;
    });
    let solution = Llt::new(normal.as_ref(), Side::Lower).ok()?.solve(&right);
    let numbers: Vec<f64> = (0..n).map(|i| solution[(i, 0)]).collect();
    numbers.iter().all(|n| n.is_finite()).then_some(numbers)
}

/// The functions of length of the module's formula.
fn lengths(place: &Place) -> [f64; LENGTHS] {
    [1.0, Covariate::LnL.at(place), Covariate::InvL.at(place)]
}

/// The functions of overdrive of the module's formula.
fn functions(u: f64) -> [f64; OVERDRIVE] {
    let above = 2.0 * softplus(0.5 * u);
    [softplus(-0.5 * u), 1.0 / (1.0 + above), above.ln_1p()]
}

/// The overdrive over kT/q at which a current is `i` times the specific one and the drain voltage `vds` times kT/q.
fn overdrive(i: f64, vds: f64) -> f64 {
    let current = |u: f64| {
        let (source, drain) = (softplus(0.5 * u), softplus(0.5 * (u - vds)));
        (source - drain) * (source + drain)
    };
    let (mut low, mut high) = (LEAST, -LEAST);
    for _ in 0..HALVINGS {
        let middle = 0.5 * (low + high);
        if current(middle) < i { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// Overdrives are sought between this and its opposite; every current of a transistor lies far within.
const LEAST: f64 = -400.0;
const HALVINGS: usize = 40;

/// `ln(1 + exp(x))`.
fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gummel_device::Polarity;
    use gummel_kernel::Sample;
    use gummel_model::Manifest;

    fn model() -> Model {
        let spec = Sample { layers: vec![8, 6], devices: 12, population: true, ..Default::default() }.spec();
        Model { spec, manifest: Manifest::new("made-up", "nmos", Polarity::N), population: None }
    }

    #[test]
    fn overdrives_are_those_of_their_currents() {
        let current = |u: f64, vds: f64| softplus(0.5 * u).powi(2) - softplus(0.5 * (u - vds)).powi(2);
        for (u, vds) in [(-20.0, 0.5), (-5.0, 30.0), (0.0, 2.0), (15.0, 1.0), (40.0, 50.0)] {
            let found = overdrive(current(u, vds), vds);
            assert!((found - u).abs() < 1e-6, "{found} instead of {u} at {vds}");
        }
        // Below threshold the first function is the overdrive itself, above it the threshold's shift fades.
        assert!((functions(-40.0)[0] - 20.0).abs() < 1e-6 && functions(40.0)[0] < 1e-6);
        assert!(functions(40.0)[1] < 0.03 && (functions(-40.0)[1] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_law_is_found_from_the_slopes_it_gave() {
        let model = model();
        let biases = Biases::of(&model, 0, 0.05).expect("devices");
        let m = model.spec.branches[0].head_len();
        let mut numbers = vec![-0.4, 0.9, -0.3];
        numbers.extend((0..LENGTHS * m).map(|k| 0.1 * (1.3 * k as f64).sin()));
        let truth = Law { biases, numbers };
        let known = |d: usize| -> Known {
            let device = &model.spec.devices[d];
            // Thresholds differ by tenths of a volt.
            let mut head = device.deviation[0][0].clone();
            head[m - 1] += 3.0 * (2.1 * d as f64).sin();
            let slope = truth.slope(&head, &device.place).expect("finite");
            Known { head, slope, place: device.place }
        };
        let told: Vec<Known> = (0..9).map(known).collect();
        let usual: Vec<f64> = (0..m).map(|i| told.iter().map(|k| k.slope[i]).sum::<f64>() / 9.0).collect();
        let Found { law, left_out } = Found::of(&model, 0, told, 0.05).expect("nine devices");
        // Of the change from cold to hot, weighed as the law weighs biases.
        let error = |slope: &[f64], device: &Known| -> f64 {
            let seen = law.biases.seen(&device.head, &device.place);
            let of = |(z, (weight, _)): (&Vec<f64>, (f64, _))| {
                (weight * (dot(slope, z) - dot(&device.slope, z))).powi(2)
            };
            law.biases.of_slope.iter().zip(seen).map(of).sum::<f64>().sqrt()
        };
        for d in 9..12 {
            let new = known(d);
            let found = error(&law.slope(&new.head, &new.place).expect("finite"), &new);
            let without = error(&usual, &new);
            assert!(found < 0.3 * without, "device {d}: {found}, {without} by the mean of slopes");
            let rest = Known { slope: (0..m).map(|i| left_out[(d - 9, i)]).collect(), ..known(d - 9) };
            assert!(error(&vec![0.0; m], &rest) < 0.5 * without, "a device left out");
        }
    }
}
