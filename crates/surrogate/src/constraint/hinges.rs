//! Hinges at watched biases: where they fail, their loss, their part of the normal equations.
//!
//! One tangent pass gives `dy/dvgs` or `vds dy/dvds` of a block of biases, one reverse pass their Jacobian over all
//! parameters (`gummel_kernel::jacobian`).

use faer::linalg::matmul::{matmul, triangular};
use faer::{Accum, Mat, Par};
use gummel_kernel::jacobian::{Block, padded};
use gummel_kernel::{Isa, OutputKind};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::ConstraintsConfig;
use super::watched::{Bounds, Place, Sides, Slope, Watched};
use crate::lm::Beside;
use crate::lm::normal::Normal;
use crate::parameters::Layout;
use crate::problem::{BLOCK, Problem, Task};

/// Makes d ln I / d vgs comparable with d ln I / d ln vds, V.
const GATE_VOLTAGE: f64 = 0.1;

/// Noise floors above which gds is asked for; what is judged begins at one.
const AUDIBLE: f64 = 0.5;

/// Biases of a draw and slope that came closest to their bounds and are looked around.
const CLOSEST: usize = 4;
/// Biases drawn around each.
const AROUND: usize = 16;
/// How far from it, and from a bias that is watched, as shares of the box's sides.
const NEAR: f64 = 0.02;
const FAR: f64 = 0.05;

/// What is asked, and of which currents.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Demand {
    /// Bounds of slopes.
    pub(super) bounds: Bounds,
    /// How far above leakage of the drain gm is asked for, as a factor.
    pub(super) aloof: f64,
}

/// What a draw of biases met.
pub(super) struct Drawn {
    /// Biases drawn.
    pub(super) biases: usize,
    /// Those where a constraint fails.
    pub(super) failing: Vec<Watched>,
    /// Number of those where it fails by more than its margin.
    pub(super) broken: usize,
}

/// The constraints of a problem.
pub(super) struct Constraints<'a> {
    problem: &'a Problem,
    config: &'a ConstraintsConfig,
    /// rho at present.
    pub(super) strength: f64,
    /// What is asked, and of which currents.
    demand: Demand,
    /// Channel tasks, and where biases of each are drawn.
    places: Vec<(usize, Place)>,
    /// Per device, A: below, its leakage is what was measured.
    leaks: &'a [f64],
}

impl<'a> Constraints<'a> {
    /// Constraints on the channel tasks; `sides` has the measured box of every device, `leaks` the current below which its
    /// leakage was measured.
    pub(super) fn new(
        problem: &'a Problem,
        config: &'a ConstraintsConfig,
        sides: &[Sides],
        leaks: &'a [f64],
        demand: Demand,
    ) -> Self {
        let places = problem
            .tasks
            .iter()
            .enumerate()
            .filter(|(_, t)| problem.outputs[t.output].kind == OutputKind::Channel)
            .map(|(k, t)| (k, Place::new(sides[t.device], config.beyond, t.place.temperature)))
            .collect();
        Constraints { problem, config, strength: config.strength, demand, places, leaks }
    }

    /// Draws `finer` times the configured number of biases, anywhere and near those `watched`, then some more where slopes
    /// came closest to their bounds, and looks for those above the noise floor where a constraint fails.
    pub(super) fn violations(
        &self,
        theta: &[f64],
        watched: &[Watched],
        finer: usize,
        rng: &mut impl Rng,
    ) -> Drawn {
        let each = (finer * self.config.draws).div_ceil(self.places.len().max(1));
        let seeds: Vec<u64> = self.places.iter().map(|_| rng.random()).collect();
        let found: Vec<Vec<(Watched, f64)>> = self
            .places
            .par_iter()
            .zip(seeds)
            .map(|((task, place), seed)| {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                let known = known(watched, *task);
                let biases = (0..each).map(|k| match known.len() {
                    n if n > 0 && k % 2 == 1 => place.near(known[rng.random_range(0..n)].bias, FAR, &mut rng),
                    _ => place.draw(&mut rng),
                });
                let biases = biases.collect::<Vec<_>>();
                let mut all = Vec::new();
                for slope in [Slope::Gate, Slope::Drain] {
                    let watch = |b: &[f64; 3]| place.watch(*task, *b, slope, self.demand.bounds, self.config);
                    let mut seen = self.audible(theta, &biases.iter().filter_map(watch).collect::<Vec<_>>());
                    seen.sort_by(|(v, a), (w, b)| v.reserve(*a).total_cmp(&w.reserve(*b)));
                    let around: Vec<Watched> = seen
                        .iter()
                        .take(CLOSEST)
                        .flat_map(|(w, _)| std::iter::repeat_n(w.bias, AROUND))
                        .filter_map(|bias| watch(&place.near(bias, NEAR, &mut rng)))
                        .collect();
                    all.extend(seen);
                    all.extend(self.audible(theta, &around));
                }
                all.retain(|(w, s)| w.excess(*s) != 0.0);
                all
            })
            .collect();
        let found = found.concat();
        Drawn {
            biases: (each + 2 * CLOSEST * AROUND) * self.places.len(),
            broken: found.iter().filter(|(w, s)| w.broken(*s)).count(),
            failing: found.into_iter().map(|(w, _)| w).collect(),
        }
    }

    /// Biases of one task whose current exceeds the noise, with their slopes.
    fn audible(&self, theta: &[f64], watched: &[Watched]) -> Vec<(Watched, f64)> {
        let mut out = Vec::new();
        self.visit(theta, watched, |block, part| {
            for (p, w) in part.iter().enumerate() {
                let task = &self.problem.tasks[w.task];
                let least = match w.slope {
                    Slope::Gate => {
                        self.demand.aloof
                            * f64::max(self.config.leakage * task.floor, self.leaks[task.device])
                    }
                    Slope::Drain => AUDIBLE * task.floor,
                };
                if block.current(p) > least {
                    out.push((*w, block.slopes[p]));
                }
            }
        });
        out
    }

    /// Weighted violation of a slope, zero when it is obeyed.
    fn hinge(&self, watched: &Watched, slope: f64) -> f64 {
        self.weight(watched.slope) * watched.excess(slope)
    }

    /// Derivative of a violated hinge over its slope.
    fn weight(&self, slope: Slope) -> f64 {
        match slope {
            Slope::Gate => self.strength * GATE_VOLTAGE,
            Slope::Drain => self.strength,
        }
    }

    /// Half the sum of squares of the hinges.
    fn hinges_loss(&self, theta: &[f64], active: &[Watched]) -> f64 {
        let parts: Vec<f64> = by_task(active)
            .into_par_iter()
            .map(|watched| {
                let mut sum = 0.0;
                self.visit(theta, watched, |block, w| {
                    sum += w.iter().zip(&block.slopes).map(|(w, s)| self.hinge(w, *s).powi(2)).sum::<f64>();
                });
                sum
            })
            .collect();
        0.5 * parts.iter().sum::<f64>()
    }

    /// Adds the hinges of `active` to the normal equations.
    fn add_hinges(&self, theta: &[f64], active: &[Watched], normal: &mut Normal) {
        let parts: Vec<(usize, Rows)> = by_task(active)
            .into_par_iter()
            .map(|watched| (self.problem.tasks[watched[0].task].device, self.rows(theta, watched)))
            .collect();
        for (device, rows) in parts {
            normal.loss += 0.5 * rows.residual.iter().map(|r| r * r).sum::<f64>();
            if rows.residual.is_empty() {
                continue;
            }
            let r = Mat::from_fn(rows.residual.len(), 1, |i, _| rows.residual[i]);
            use triangular::BlockStructure::{Rectangular, TriangularLower};
            triangular::matmul(
                normal.shared.as_mut(),
                TriangularLower,
                Accum::Add,
                rows.shared.transpose(),
                Rectangular,
                rows.shared.as_ref(),
                Rectangular,
                1.0,
                Par::Seq,
            );
            let local = &mut normal.devices[device];
            let products = [
                (&mut local.local, &rows.local, &rows.local),
                (&mut local.coupling, &rows.shared, &rows.local),
            ];
            for (sum, a, b) in products {
                matmul(sum.as_mut(), Accum::Add, a.transpose(), b.as_ref(), 1.0, Par::Seq);
            }
            let gradients = [(&mut normal.shared_gradient, &rows.shared), (&mut local.gradient, &rows.local)];
            for (gradient, jacobian) in gradients {
                let g = jacobian.transpose() * &r;
                gradient.iter_mut().enumerate().for_each(|(i, v)| *v += g[(i, 0)]);
            }
        }
    }

    /// Hinges of one task's biases that fail, with their Jacobian.
    fn rows(&self, theta: &[f64], watched: &[Watched]) -> Rows {
        let layout = &self.problem.layout;
        let (trunk, head) = (layout.trunk(), layout.head());
        let task = &self.problem.tasks[watched[0].task];
        let mut found: Vec<(f64, Vec<f64>)> = Vec::new();
        let mut panel = vec![0.0; (trunk + head) * BLOCK];
        self.visit(theta, watched, |at, w| {
            let zero = vec![0.0; padded(w.len())];
            let mut seed = zero.clone();
            for (p, w) in w.iter().enumerate() {
                seed[p] = if self.hinge(w, at.slopes[p]) != 0.0 { self.weight(w.slope) } else { 0.0 };
            }
            at.block.jacobian_tangent(&theta[..trunk], &at.head, &zero, &seed, &mut panel, BLOCK);
            for (p, w) in w.iter().enumerate().filter(|(p, _)| seed[*p] > 0.0) {
                let row = (0..trunk + head).map(|k| panel[k * BLOCK + p]).collect();
                found.push((self.hinge(w, at.slopes[p]), row));
            }
        });
        let population = layout.population(task.output);
        let deviation = layout.deviation(task.output);
        let n = found.len();
        let mut rows = Rows {
            residual: found.iter().map(|(r, _)| *r).collect(),
            shared: Mat::zeros(n, layout.shared()),
            local: Mat::zeros(n, layout.local()),
        };
        for (i, (_, row)) in found.iter().enumerate() {
            for (k, v) in row[..trunk].iter().enumerate() {
                rows.shared[(i, k)] = *v;
            }
            for k in 0..head {
                for (a, phi) in task.phi.iter().enumerate() {
                    rows.shared[(i, population + k * layout.phi + a)] = phi * row[trunk + k];
                }
                for (a, psi) in task.psi.iter().enumerate() {
                    rows.local[(i, deviation + k * layout.psi + a)] = psi * row[trunk + k];
                }
            }
        }
        rows
    }

    /// Runs the trunk with tangents at biases of one task, block by block.
    fn visit(&self, theta: &[f64], watched: &[Watched], mut each: impl FnMut(&mut Slopes<'_>, &[Watched])) {
        let Some(first) = watched.first() else { return };
        let (problem, layout) = (self.problem, &self.problem.layout);
        let task = &problem.tasks[first.task];
        let trunk = &theta[..layout.trunk()];
        let inputs = layout.shape.inputs;
        let mut slopes = Slopes {
            block: Block::new(Isa::detect(), &layout.shape, BLOCK),
            head: head_of(layout, task, theta),
            task,
            values: vec![0.0; BLOCK],
            slopes: vec![0.0; BLOCK],
            vds: Vec::new(),
        };
        for part in watched.chunks(BLOCK) {
            let n = part.len();
            let (mut x, mut xdot) = (vec![0.0; inputs * n], vec![0.0; inputs * n]);
            for (p, w) in part.iter().enumerate() {
                let [vgs, vds, vbs] = w.bias;
                let f = problem.features.at(vgs, vds, vbs);
                let along = match w.slope {
                    Slope::Gate => [f.own[0], 0.0, 0.0],
                    Slope::Drain => [f.cross[0], f.own[1], f.cross[1]].map(|v| vds * v),
                };
                for k in 0..3 {
                    x[k * n + p] = f.x[k];
                    xdot[k * n + p] = along[k];
                }
            }
            for (k, s) in problem.statics.iter().enumerate() {
                x[(3 + k) * n..][..n].fill(s.covariate.at(&task.place) * s.scale);
            }
            slopes.vds = part.iter().map(|w| w.bias[1]).collect();
            slopes.block.forward(trunk, &x, n, 0, n);
            slopes.block.forward_tangent(trunk, &xdot, n, 0, n);
            slopes.block.values(&slopes.head, &mut slopes.values);
            slopes.block.tangent_values(&slopes.head, &mut slopes.slopes);
            each(&mut slopes, part);
        }
    }
}

/// Constraints with the biases at which they are watched.
pub(super) struct Active<'a> {
    pub(super) constraints: Constraints<'a>,
    /// Ordered by task.
    pub(super) watched: Vec<Watched>,
}

impl Active<'_> {
    /// Watches more biases.
    pub(super) fn join(&mut self, more: Vec<Watched>) {
        self.watched.extend(more);
        self.watched.sort_by_key(|w| w.task);
    }
}

impl Beside for Active<'_> {
    fn add(&self, theta: &[f64], normal: &mut Normal) {
        self.constraints.add_hinges(theta, &self.watched, normal);
    }

    fn loss(&self, theta: &[f64]) -> f64 {
        self.constraints.hinges_loss(theta, &self.watched)
    }
}

/// Hinges with their Jacobian, one row each.
struct Rows {
    residual: Vec<f64>,
    shared: Mat<f64>,
    local: Mat<f64>,
}

/// A block of biases at which trunk and tangents have been run.
struct Slopes<'a> {
    block: Block,
    head: Vec<f64>,
    task: &'a Task,
    /// y.
    values: Vec<f64>,
    /// dy/dvgs, or vds dy/dvds.
    slopes: Vec<f64>,
    vds: Vec<f64>,
}

impl Slopes<'_> {
    /// Channel current at bias `p`, A.
    fn current(&self, p: usize) -> f64 {
        self.vds[p] * (self.values[p] + self.task.ln_scale).min(60.0).exp()
    }
}

/// Biases of one task, of those watched, which are ordered by task.
fn known(watched: &[Watched], task: usize) -> &[Watched] {
    let from = watched.partition_point(|w| w.task < task);
    let to = watched.partition_point(|w| w.task <= task);
    &watched[from..to]
}

/// Runs of biases of the same task.
fn by_task(active: &[Watched]) -> Vec<&[Watched]> {
    active.chunk_by(|a, b| a.task == b.task).collect()
}

/// The head of a task: population and deviation.
fn head_of(layout: &Layout, task: &Task, theta: &[f64]) -> Vec<f64> {
    let b = &theta[layout.population(task.output)..];
    let d = &theta[layout.device(task.device) + layout.deviation(task.output)..];
    let of = |row: &[f64], v: &[f64]| row.iter().zip(v).map(|(a, b)| a * b).sum::<f64>();
    let at = |i: usize| of(&b[i * layout.phi..], &task.phi) + of(&d[i * layout.psi..], &task.psi);
    (0..layout.head()).map(at).collect()
}
