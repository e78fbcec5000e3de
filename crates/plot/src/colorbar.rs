//! Colour bars: which colour means which value.

use crate::color::{BLACK, Color};
use crate::font::CAP_HEIGHT;
use crate::panel::TICK_GAP;
use crate::rich::Rich;
use crate::scene::{Anchor, Rect, Role, Scene, Shape};
use crate::ticks;

/// A vertical bar with labelled ticks.
#[derive(Clone, Debug)]
pub(crate) struct ColorBar {
    /// Markup beside the bar.
    pub(crate) label: String,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Colour of a position between 0 (low) and 1 (high).
    pub(crate) color: fn(f64) -> Color,
    /// The ends are round numbers of opposite sign and are labelled.
    pub(crate) ends: bool,
    /// Values beyond the ends exist and take the end colours.
    pub(crate) clipped: bool,
}

const STEPS: usize = 96;

impl ColorBar {
    fn labels(&self) -> Vec<(f64, String)> {
        let mut labels = match self.ends {
            true => self.ends_and_halves(),
            false => ticks::linear(self.low, self.high, 7, self.exponent()).major,
        };
        if self.clipped {
            let end = |v: f64, limit: f64| (v - limit).abs() < 1e-6 * (self.high - self.low);
            for (v, label) in &mut labels {
                if end(*v, self.high) {
                    *label = format!("≥{label}");
                } else if end(*v, self.low) && self.low < 0.0 {
                    *label = format!("≤{label}");
                }
            }
        }
        labels
    }

    fn ends_and_halves(&self) -> Vec<(f64, String)> {
        let unit = 10f64.powi(self.exponent());
        [self.low, 0.5 * self.low, 0.0, 0.5 * self.high, self.high]
            .into_iter()
            .map(|v| (v, ticks::short(v / unit, 3)))
            .collect()
    }

    /// Power of ten by which labels are divided; shown with the label of the bar.
    fn exponent(&self) -> i32 {
        let largest = self.low.abs().max(self.high.abs());
        if (1e-3..1e5).contains(&largest) { 0 } else { largest.log10().floor() as i32 }
    }

    fn title(&self) -> Rich {
        match self.exponent() {
            0 => Rich::parse(&self.label),
            e => Rich::parse(&format!("{} ({})", self.label, ticks::power(e))),
        }
    }

    fn widest(&self, size: f64) -> f64 {
        self.labels().iter().map(|(_, label)| Rich::parse(label).width(size)).fold(0.0, f64::max)
    }

    /// Width of bar, labels and title at a font size.
    pub(crate) fn width(&self, size: f64) -> f64 {
        size + TICK_GAP + self.widest(size) + 1.8 * size
    }

    /// Draws the bar with its left edge at `x` between `top` and `bottom`.
    pub(crate) fn draw(&self, scene: &mut Scene, (x, top, bottom): (f64, f64, f64), size: f64) {
        let area = Rect { x0: x, y0: top, x1: x + size, y1: bottom };
        let edge = |k: usize| bottom - area.height() * k as f64 / STEPS as f64;
        for k in 0..STEPS {
            // Each step reaches to the top and is painted over by the next: no seams.
            let rect = Rect { x0: area.x0, y0: top, x1: area.x1, y1: edge(k) };
            let color = (self.color)((k as f64 + 0.5) / STEPS as f64);
            scene.push(Role::Legend, Shape::Rect { rect, color });
        }
        scene.line(Role::Legend, area.outline(), 0.9, BLACK);
        for (value, label) in self.labels() {
            let y = bottom - area.height() * (value - self.low) / (self.high - self.low);
            scene.line(Role::Legend, vec![(area.x1, y), (area.x1 + TICK_GAP - 3.0, y)], 0.9, BLACK);
            let at = (area.x1 + TICK_GAP, y + 0.5 * CAP_HEIGHT * size);
            scene.text(Role::Legend, at, Rich::parse(&label), size, Anchor::Start, BLACK);
        }
        let at = (area.x1 + TICK_GAP + self.widest(size) + 1.3 * size, area.center().1);
        let title = self.title().fitted(size, area.height());
        scene.text_up(Role::Legend, at, title, size, Anchor::Middle, BLACK);
    }
}
