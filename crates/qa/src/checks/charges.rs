//! Charge conservation: charges sum to zero, so do rows and columns of the capacitances, and these are their derivatives.
//!
//! ```text
//! sum_r q_r = 0,   sum_r C_rc = sum_c C_rc = 0,   C_rc = dq_r/dv_c,   closed loop: int sum_c C_rc dv_c = 0
//! ```
//! That `C` is the Jacobian of charges (curl-free) is what makes a transient analysis lose no charge over a
//! cycle. It is judged by central differences of the charges, and by integrals of `C` around a loop of
//! voltages (Gauss-Legendre, 8 points a panel), which need no charges.

use crate::device::{D, Matrix, Volts, differences};
use crate::finding::{Bound, Outcome, Picture, Worst};
use crate::{QaError, Scene};

/// Step of the differences, V.
const STEP: f64 = 1e-4;

/// Panels of a leg of the loop, and of one along vds: where drain and source meet, a model turns within some millivolts.
const PANELS: [usize; 2] = [32, 256];
/// Every so many nodes, a multiple of those of a panel, the picture shows what was gained.
const DRAWN: usize = 64;
/// Names of the terminals.
const TERMINALS: [&str; 4] = ["drain", "gate", "source", "bulk"];
/// Nodes and weights of the Gauss-Legendre rule of 8 points, positive half (Abramowitz and Stegun, 25.4).
const GAUSS: [[f64; 2]; 4] = [
    [0.183_434_642_495_649_8, 0.362_683_783_378_362],
    [0.525_532_409_916_329, 0.313_706_645_877_887_3],
    [0.796_666_477_413_626_7, 0.222_381_034_453_374_5],
    [0.960_289_856_497_536_3, 0.101_228_536_290_376_3],
];

/// Sums of charges, rows and columns of capacitances, capacitances against charges; what a device does not tell is left out.
pub(super) fn conservation(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let high = scene.vds_max();
    let biases: Vec<Volts> = scene.grid(&Scene::steps(scene.vgs(), 15), &Scene::steps([-high, high], 15));
    let Some(matrices) = scene.device.capacitances(&biases)? else {
        return Ok(Outcome::NotModelled("no charges".to_owned()));
    };
    let Some(charges) = scene.device.charges(&biases)? else {
        return Ok(sums(scene, &matrices, &biases, bound));
    };
    let slopes = differences(&biases, STEP, |b| Ok(scene.device.charges(b)?.unwrap_or_default()))?;
    let mut worst = Worst::under(bound);
    let mut remark = "";
    // Where everything nearly vanishes, rounding is no violation.
    let least_charge = 1e-3 * charges.iter().map(|q| largest(q)).fold(0.0, f64::max);
    let least_capacitance = least(&matrices);
    for (((q, c), d), at) in charges.iter().zip(&matrices).zip(&slopes).zip(&biases) {
        let flat = c.as_flattened();
        let scale = largest(flat).max(least_capacitance);
        let apart =
            flat.iter().zip(d.iter().flatten()).fold(0.0f64, |m, (a, b)| m.max((a - b).abs())) / scale;
        let total = q.iter().sum::<f64>().abs() / largest(q).max(least_charge);
        for (number, name) in [
            (total, "sum of charges"),
            (sum(c) / scale, "rows and columns"),
            (apart, "capacitances against charges"),
        ] {
            if worst.see(number, *at) {
                remark = name;
            }
        }
    }
    let picture = scene.over_gate(&worst, "relative violation");
    Ok(worst.outcome(remark, picture))
}

/// Rows and columns alone, of a device that tells no charges.
fn sums(scene: &Scene<'_>, matrices: &[Matrix], biases: &[Volts], bound: Bound) -> Outcome {
    let mut worst = Worst::under(bound);
    let least = least(matrices);
    for (c, at) in matrices.iter().zip(biases) {
        worst.see(sum(c) / largest(c.as_flattened()).max(least), *at);
    }
    let picture = scene.over_gate(&worst, "relative violation");
    worst.outcome("rows and columns", picture)
}

/// Largest sum of a row or a column.
fn sum(c: &Matrix) -> f64 {
    let sums = (0..4).flat_map(|k| [c[k].iter().sum::<f64>(), c.iter().map(|row| row[k]).sum()]);
    sums.fold(0.0f64, |m, s| m.max(s.abs()))
}

fn largest(values: &[f64]) -> f64 {
    values.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()))
}

/// A thousandth of the largest capacitance: below, rounding is no violation.
fn least(matrices: &[Matrix]) -> f64 {
    1e-3 * matrices.iter().map(|c| largest(c.as_flattened())).fold(0.0, f64::max)
}

/// What terminal charges gain around a closed loop of voltages, over all that they move on the way.
///
/// The loop has six legs, two along each of vgs, vds and vbs, and drain and source change their roles on it.
pub(super) fn closed_loop(scene: &Scene<'_>, bound: Bound) -> Result<Outcome, QaError> {
    let ([g0, g1], d1) = (scene.vgs(), scene.vds_max());
    let [b0, b1] = scene.nominal.range[2];
    let b0 = if b1 - b0 > 1e-3 { b0 } else { b1 - 0.1 };
    let corners = [
        [g0, -d1, b0],
        [g1, -d1, b0],
        [g1, d1, b0],
        [g1, d1, b1],
        [g0, d1, b1],
        [g0, -d1, b1],
        [g0, -d1, b0],
    ];
    let corners = corners.map(|[vgs, vds, vbs]| scene.bias(vgs, vds, vbs));
    let mut nodes: Vec<(Volts, Volts)> = Vec::new();
    for leg in corners.windows(2) {
        let along: Volts = std::array::from_fn(|k| leg[1][k] - leg[0][k]);
        let panels = PANELS[usize::from(along[D] != 0.0)];
        for panel in 0..panels {
            for [x, weight] in GAUSS {
                for x in [-x, x] {
                    let share = (panel as f64 + 0.5 + 0.5 * x) / panels as f64;
                    let step = 0.5 * weight / panels as f64;
                    nodes.push((
                        std::array::from_fn(|k| leg[0][k] + share * along[k]),
                        along.map(|v| step * v),
                    ));
                }
            }
        }
    }
    let biases: Vec<Volts> = nodes.iter().map(|n| n.0).collect();
    let Some(matrices) = scene.device.capacitances(&biases)? else {
        return Ok(Outcome::NotModelled("no charges".to_owned()));
    };
    let (mut gained, mut moved) = ([0.0f64; 4], [0.0f64; 4]);
    let mut way = Vec::new();
    for (k, (c, (_, dv))) in matrices.iter().zip(&nodes).enumerate() {
        for (r, row) in c.iter().enumerate() {
            let dq: f64 = row.iter().zip(dv).map(|(c, v)| c * v).sum();
            gained[r] += dq;
            moved[r] += dq.abs();
        }
        // The nodes of whole panels make a sum; some of these are enough for a picture.
        if (k + 1) % DRAWN == 0 {
            way.push(((k + 1) as f64 / nodes.len() as f64, gained));
        }
    }
    let mut worst = Worst::under(bound);
    let scale = largest(&moved);
    let mut remark = "";
    let part: Vec<f64> = way.iter().map(|w| w.0).collect();
    let mut picture = Picture::new("part of the loop", "charge gained over charge moved");
    for (r, name) in TERMINALS.into_iter().enumerate() {
        picture.add(name, &part, &way.iter().map(|w| w.1[r] / scale).collect::<Vec<_>>());
    }
    for (gained, name) in gained.iter().zip(TERMINALS) {
        if worst.see(gained.abs() / scale, corners[0]) {
            remark = name;
        }
    }
    Ok(worst.outcome(format!("{remark} charge; a loop through the corners of the range"), Some(picture)))
}
