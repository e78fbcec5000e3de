//! Lines, markers and bands as marks of a scene.

use crate::clip;
use crate::color::{Color, WHITE};
use crate::scene::{Point, Rect, Role, Scene, Shape};
use crate::series::{Dash, Marker};

/// How much white a band's colour is mixed with, so that lines stand out on it.
pub(crate) const BAND_WHITE: f64 = 0.72;
/// Outline of open markers over their size.
const OUTLINE: f64 = 0.2;
/// Markers closer together than this fraction of their size are thinned.
const CROWDED: f64 = 0.6;

/// A line with a dash pattern.
pub(crate) fn line(scene: &mut Scene, role: Role, points: &[Point], dash: Dash, width: f64, color: Color) {
    for stroke in clip::dashes(points, &dash.pattern(width)) {
        scene.line(role, stroke, width, color);
    }
}

/// A marker of diameter `size`.
pub(crate) fn marker(scene: &mut Scene, role: Role, (x, y): Point, marker: Marker, size: f64, color: Color) {
    let width = OUTLINE * size;
    let r = 0.5 * (size - width);
    let polygon = |corners: &[(f64, f64)]| corners.iter().map(|(dx, dy)| (x + r * dx, y + r * dy)).collect();
    match marker {
        Marker::Circle => scene.push(role, Shape::Ring { center: (x, y), radius: r, width, color }),
        Marker::Dot => scene.push(role, Shape::Disc { center: (x, y), radius: 0.4 * size, color }),
        Marker::Square => {
            let c = 0.9;
            scene.line(role, polygon(&[(-c, -c), (c, -c), (c, c), (-c, c), (-c, -c)]), width, color);
        }
        Marker::Triangle => {
            let corners = [(0.0, -1.15), (1.1, 0.8), (-1.1, 0.8), (0.0, -1.15)];
            scene.line(role, polygon(&corners), width, color);
        }
        Marker::Diamond => {
            let c = 1.25;
            scene.line(role, polygon(&[(0.0, -c), (c, 0.0), (0.0, c), (-c, 0.0), (0.0, -c)]), width, color);
        }
        Marker::Cross => {
            scene.line(role, polygon(&[(-1.0, -1.0), (1.0, 1.0)]), width, color);
            scene.line(role, polygon(&[(-1.0, 1.0), (1.0, -1.0)]), width, color);
        }
    }
}

/// Markers at those points inside `area` that do not cover the one drawn before.
pub(crate) fn markers(
    scene: &mut Scene,
    points: &[Point],
    area: Rect,
    shape: Marker,
    size: f64,
    color: Color,
) {
    let slack = 0.01;
    let mut last: Option<Point> = None;
    for &(x, y) in points {
        let inside =
            x >= area.x0 - slack && x <= area.x1 + slack && y >= area.y0 - slack && y <= area.y1 + slack;
        let crowded = last.is_some_and(|(a, b)| (x - a).hypot(y - b) < CROWDED * size);
        if inside && !crowded {
            marker(scene, Role::Data, (x, y), shape, size, color);
            last = Some((x, y));
        }
    }
}

/// The area between two polylines with common abscissae, cut at the upper and lower edge of `area`.
pub(crate) fn band(scene: &mut Scene, low: &[Point], high: &[Point], area: Rect, color: Color) {
    let color = color.mix(WHITE, BAND_WHITE);
    let cut = |(x, y): Point| (x.clamp(area.x0, area.x1), y.clamp(area.y0, area.y1));
    let finite = |p: &Point| p.0.is_finite() && p.1.is_finite();
    let pairs: Vec<(Point, Point)> = low.iter().copied().zip(high.iter().copied()).collect();
    for run in pairs.split(|(a, b)| !finite(a) || !finite(b)).filter(|run| run.len() > 1) {
        let there = run.iter().map(|(a, _)| cut(*a));
        let back = run.iter().rev().map(|(_, b)| cut(*b));
        scene.push(Role::Data, Shape::Polygon { points: there.chain(back).collect(), color });
    }
}
