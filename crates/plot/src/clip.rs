//! Cutting curves to the axes and into dashes.

use crate::scene::{Point, Rect};

/// The pieces of a polyline inside `area`; a point that is not finite interrupts the line.
pub(crate) fn polyline(points: &[Point], area: Rect) -> Vec<Vec<Point>> {
    let mut pieces: Vec<Vec<Point>> = Vec::new();
    for pair in points.windows(2) {
        let Some((a, b)) = segment(pair[0], pair[1], area) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.last() == Some(&a) => piece.push(b),
            _ => pieces.push(vec![a, b]),
        }
    }
    pieces
}

/// The part of a segment inside `area` (Liang and Barsky, ACM Trans. Graphics 3, 1984).
fn segment(a: Point, b: Point, area: Rect) -> Option<(Point, Point)> {
    if ![a.0, a.1, b.0, b.1].iter().all(|v| v.is_finite()) {
        return None;
    }
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0f64, 1f64);
    for (p, q) in [(-dx, a.0 - area.x0), (dx, area.x1 - a.0), (-dy, a.1 - area.y0), (dy, area.y1 - a.1)] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            enter = enter.max(q / p);
        } else {
            leave = leave.min(q / p);
        }
    }
    // End points that need no cutting are kept to the bit, so that pieces join.
    let at = |t: f64| (a.0 + t * dx, a.1 + t * dy);
    let start = if enter == 0.0 { a } else { at(enter) };
    let end = if leave == 1.0 { b } else { at(leave) };
    (enter < leave).then_some((start, end))
}

/// Cuts a polyline into the strokes of a dash pattern: lengths of stroke, gap, stroke, gap ... in px.
pub(crate) fn dashes(points: &[Point], pattern: &[f64]) -> Vec<Vec<Point>> {
    if pattern.is_empty() {
        return vec![points.to_vec()];
    }
    let mut strokes = Vec::new();
    let mut current: Vec<Point> = points.first().map(|p| vec![*p]).unwrap_or_default();
    let (mut phase, mut left) = (0usize, pattern[0]);
    for pair in points.windows(2) {
        let (mut a, b) = (pair[0], pair[1]);
        loop {
            let length = (b.0 - a.0).hypot(b.1 - a.1);
            if length <= left {
                left -= length;
                if phase.is_multiple_of(2) {
                    current.push(b);
                }
                break;
            }
            let t = left / length;
            a = (a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1));
            match phase.is_multiple_of(2) {
                true => {
                    current.push(a);
                    strokes.push(std::mem::take(&mut current));
                }
                false => current = vec![a],
            }
            phase = (phase + 1) % pattern.len();
            left = pattern[phase];
        }
    }
    if current.len() > 1 {
        strokes.push(current);
    }
    strokes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AREA: Rect = Rect { x0: 0.0, y0: 0.0, x1: 10.0, y1: 5.0 };

    #[test]
    fn lines_are_cut_at_the_border_and_interrupted_by_gaps() {
        let line = [(-5.0, 1.0), (5.0, 1.0), (5.0, 9.0), (f64::NAN, 1.0), (1.0, 1.0), (2.0, 1.0)];
        let pieces = polyline(&line, AREA);
        assert_eq!(pieces, [vec![(0.0, 1.0), (5.0, 1.0), (5.0, 5.0)], vec![(1.0, 1.0), (2.0, 1.0)]]);
    }

    #[test]
    fn dashes_follow_the_pattern_around_corners() {
        let strokes = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 5.0)], &[4.0, 2.0]);
        assert_eq!(strokes, [vec![(0.0, 0.0), (3.0, 0.0), (3.0, 1.0)], vec![(3.0, 3.0), (3.0, 5.0)]]);
    }

    proptest! {
        #[test]
        fn nothing_leaves_the_area(points in prop::collection::vec((-20.0..20.0f64, -20.0..20.0f64), 2..20)) {
            for (x, y) in polyline(&points, AREA).into_iter().flatten() {
                prop_assert!((-1e-9..=10.0 + 1e-9).contains(&x) && (-1e-9..=5.0 + 1e-9).contains(&y));
            }
        }
    }
}
