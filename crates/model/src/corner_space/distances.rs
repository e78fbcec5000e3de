//! How far process corners are from each other in the parameters of heads, as a table and as a map.
//!
//! ```text
//! d_ab^2 = mean over geometries and numbers of a head of (h_a - h_b)^2
//! B = -1/2 J D^2 J        J = 1 - 1/n        map = first two eigenvectors of B times the roots of their eigenvalues
//! ```
//! The map is classical multidimensional scaling (W. S. Torgerson, "Multidimensional scaling: I. Theory and method",
//! Psychometrika 17, 1952), turned so that `ff` is right of `ss` and `fs` above `sf`.

use gummel_device::Corner;
use gummel_kernel::OutputKind;

use super::missing::{Siblings, families};
use crate::Model;

/// Distances between the corners of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct CornerDistances {
    /// The corners that every geometry compared has.
    pub corners: Vec<Corner>,
    /// Root mean square difference of the numbers of two corners' heads, a row per corner.
    pub between: Vec<Vec<f64>>,
    /// Place of every corner on a plane, in the unit of the distances.
    pub map: Vec<[f64; 2]>,
    /// Share of the squared distances that the plane shows.
    pub shown: f64,
}

/// Steps of the power iteration; corners have few directions, well apart.
const STEPS: usize = 500;

impl Model {
    /// How far the channel heads of the fitted corners are from each other; `None` with fewer than two corners.
    pub fn corner_distances(&self) -> Option<CornerDistances> {
        let output = self.spec.branches[0].outputs.iter().position(|o| o.kind == OutputKind::Channel)?;
        let geometries = families(self);
        let corners: Vec<Corner> =
            Corner::ALL.into_iter().filter(|c| geometries.iter().any(|g| g.at(*c).is_some())).collect();
        let whole: Vec<&Siblings> =
            geometries.iter().filter(|g| corners.iter().all(|c| g.at(*c).is_some())).collect();
        if corners.len() < 2 || whole.is_empty() {
            return None;
        }
        let squared = |a: Corner, b: Corner| -> f64 {
            let of = |g: &&Siblings| -> Option<f64> {
                let (a, b) = (g.at(a)?, g.at(b)?);
                let d = &self.blend(&[(a, 1.0), (b, -1.0)], &self.spec.devices[b].place)[0][output];
                Some(d.iter().map(|v| v * v).sum::<f64>() / d.len() as f64)
            };
            whole.iter().filter_map(of).sum::<f64>() / whole.len() as f64
        };
        let between: Vec<Vec<f64>> =
            corners.iter().map(|a| corners.iter().map(|b| squared(*a, *b).sqrt()).collect()).collect();
        let (mut map, shown) = scaled(&between);
        turn(&corners, &mut map);
        Some(CornerDistances { corners, between, map, shown })
    }
}

/// Places on a plane whose distances are those of `between` as far as a plane can show them, and the share it shows.
fn scaled(between: &[Vec<f64>]) -> (Vec<[f64; 2]>, f64) {
    let n = between.len();
    let square = |i: usize, j: usize| between[i][j].powi(2);
    let row = |i: usize| (0..n).map(|j| square(i, j)).sum::<f64>() / n as f64;
    let rows: Vec<f64> = (0..n).map(row).collect();
    let all = rows.iter().sum::<f64>() / n as f64;
    let mut b: Vec<Vec<f64>> =
        (0..n).map(|i| (0..n).map(|j| -0.5 * (square(i, j) - rows[i] - rows[j] + all)).collect()).collect();
    let trace: f64 = (0..n).map(|i| b[i][i]).sum();
    let mut map = vec![[0.0; 2]; n];
    let mut shown = 0.0;
    for axis in 0..2 {
        let (value, vector) = largest(&b);
        shown += value.max(0.0);
        for ((place, row), v) in map.iter_mut().zip(&mut b).zip(&vector) {
            place[axis] = value.max(0.0).sqrt() * v;
            row.iter_mut().zip(&vector).for_each(|(b, u)| *b -= value * v * u);
        }
    }
    (map, if trace > 0.0 { (shown / trace).min(1.0) } else { 1.0 })
}

/// Largest eigenvalue of a symmetric matrix without negative ones, and its eigenvector, by power iteration.
fn largest(b: &[Vec<f64>]) -> (f64, Vec<f64>) {
    let n = b.len();
    let times =
        |v: &[f64]| -> Vec<f64> { b.iter().map(|row| row.iter().zip(v).map(|(a, x)| a * x).sum()).collect() };
    let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    // Any start that is not orthogonal to the eigenvector will do.
    let mut v: Vec<f64> = (0..n).map(|i| 1.0 + 0.37 * (i as f64 + 1.0).powi(2)).collect();
    for _ in 0..STEPS {
        let next = times(&v);
        let size = length(&next);
        if size <= f64::MIN_POSITIVE {
            return (0.0, vec![0.0; n]);
        }
        v = next.iter().map(|x| x / size).collect();
    }
    let value = times(&v).iter().zip(&v).map(|(a, b)| a * b).sum();
    (value, v)
}

/// Mirrors the map so that fast is right and a fast n-channel above.
fn turn(corners: &[Corner], map: &mut [[f64; 2]]) {
    let axes = [(0, Corner::Ff, Corner::Ss), (1, Corner::Fs, Corner::Sf)];
    for (axis, high, low) in axes {
        let at = |corner| corners.iter().position(|c| *c == corner).map_or(0.0, |k| map[k][axis]);
        if at(high) < at(low) {
            map.iter_mut().for_each(|p| p[axis] = -p[axis]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_a_plane_keep_their_distances_and_a_line_is_shown_by_one_axis() {
        let distance = |a: &[f64; 2], b: &[f64; 2]| ((a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)).sqrt();
        for points in [
            [[0.0, 0.0], [2.0, 0.1], [-1.5, 0.3], [0.4, -0.7], [-0.3, 0.6]],
            [[0.0, 0.0], [2.0, 0.0], [-1.5, 0.0], [1.2, 0.0], [-0.9, 0.0]],
        ] {
            let between: Vec<Vec<f64>> =
                points.iter().map(|a| points.iter().map(|b| distance(a, b)).collect()).collect();
            let (map, shown) = scaled(&between);
            assert!(shown > 0.999, "{shown}");
            for i in 0..5 {
                for j in 0..5 {
                    let found = distance(&map[i], &map[j]);
                    assert!((found - between[i][j]).abs() < 1e-6, "{i} {j}: {found} for {}", between[i][j]);
                }
            }
        }
    }

    #[test]
    fn fast_is_right_and_a_fast_n_channel_above() {
        let mut map = vec![[0.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [0.2, 0.5], [-0.2, -0.5]];
        turn(&Corner::ALL, &mut map);
        assert_eq!(map, [[0.0, 0.0], [1.0, -0.0], [-1.0, -0.0], [-0.2, -0.5], [0.2, 0.5]]);
    }
}
