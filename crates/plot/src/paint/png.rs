//! PNG: painted several times too large with plotters' bitmap back end, then averaged down.

use plotters::backend::{BitMapBackend, DrawingBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, FontTransform};

use super::ink;
use crate::PlotError;
use crate::color::Color;
use crate::font;
use crate::scene::{Point, Scene, Shape, Text};

/// Most pixels of the oversized bitmap (three bytes each).
const MOST_PIXELS: f64 = 60e6;
/// Pixels per metre at 96 px per inch and scale 1.
const PIXELS_PER_METRE: f64 = 96.0 / 0.0254;

/// The scene as PNG bytes with `scale` pixels per px.
pub(crate) fn paint(scene: &Scene, scale: f64) -> Result<Vec<u8>, PlotError> {
    let (width, height) = ((scene.width * scale).round().max(1.0), (scene.height * scale).round().max(1.0));
    let oversampling =
        [4, 3, 2].into_iter().find(|n| width * height * f64::from(n * n) <= MOST_PIXELS).unwrap_or(1u32);
    let (width, height) = (width as u32, height as u32);
    let size = (width * oversampling, height * oversampling);
    let mut pixels = vec![255u8; size.0 as usize * size.1 as usize * 3];
    {
        let backend = BitMapBackend::with_buffer(&mut pixels, size);
        let mut brush = Brush { backend, factor: scale * f64::from(oversampling) };
        brush.draw(scene).map_err(|e| PlotError::Backend(e.to_string()))?;
    }
    let small = averaged(&pixels, width as usize, oversampling as usize);
    encode(&small, width, height, scale).map_err(|e| PlotError::Backend(e.to_string()))
}

fn averaged(pixels: &[u8], width: usize, n: usize) -> Vec<u8> {
    if n == 1 {
        return pixels.to_vec();
    }
    let area = (n * n) as u32;
    let mut small = Vec::with_capacity(pixels.len() / (n * n));
    for rows in pixels.chunks_exact(width * n * 3 * n) {
        for x in 0..width {
            for channel in 0..3 {
                let sum: u32 = (0..n)
                    .flat_map(|dy| (0..n).map(move |dx| ((dy * width + x) * n + dx) * 3 + channel))
                    .map(|i| u32::from(rows[i]))
                    .sum();
                small.push(((sum + area / 2) / area) as u8);
            }
        }
    }
    small
}

fn encode(pixels: &[u8], width: u32, height: u32, scale: f64) -> Result<Vec<u8>, png::EncodingError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let density = (PIXELS_PER_METRE * scale).round() as u32;
    encoder.set_pixel_dims(Some(png::PixelDimensions {
        xppu: density,
        yppu: density,
        unit: png::Unit::Meter,
    }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}

/// A bitmap and the number of its pixels per px of the scene.
struct Brush<'a> {
    backend: BitMapBackend<'a>,
    factor: f64,
}

type Painted = Result<(), Box<dyn std::error::Error>>;

impl Brush<'_> {
    fn draw(&mut self, scene: &Scene) -> Painted {
        for (_, shape) in &scene.marks {
            match shape {
                Shape::Line { points, width, color } => self.line(points, *width, *color)?,
                Shape::Polygon { points, color } => self.polygon(points, *color)?,
                Shape::Rect { rect, color } => {
                    let (a, b) = (self.at((rect.x0, rect.y0)), self.at((rect.x1, rect.y1)));
                    self.rect(a, b, *color)?;
                }
                Shape::Ring { center, radius, width, color } => {
                    self.line(&circle(*center, *radius), *width, *color)?;
                }
                Shape::Disc { center, radius, color } => self.polygon(&circle(*center, *radius), *color)?,
                Shape::Text(text) => self.text(text)?,
            }
        }
        self.backend.present()?;
        Ok(())
    }

    /// Strokes segment by segment with round joins: plotters' own wide paths are filled polygons that
    /// open holes where a noisy curve folds back on itself.
    fn line(&mut self, points: &[Point], width: f64, color: Color) -> Painted {
        for pair in points.windows(2) {
            let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
            let length = (x1 - x0).hypot(y1 - y0);
            if length == 0.0 {
                continue;
            }
            let half = 0.5 * width;
            if x0 == x1 || y0 == y1 {
                let (dx, dy) = if x0 == x1 { (half, 0.0) } else { (0.0, half) };
                let a = self.at((x0.min(x1) - dx, y0.min(y1) - dy));
                let b = self.at((x0.max(x1) + dx, y0.max(y1) + dy));
                self.rect(a, b, color)?;
                continue;
            }
            let (nx, ny) = (half * (y0 - y1) / length, half * (x1 - x0) / length);
            self.polygon(
                &[(x0 + nx, y0 + ny), (x1 + nx, y1 + ny), (x1 - nx, y1 - ny), (x0 - nx, y0 - ny)],
                color,
            )?;
        }
        if width * self.factor > 2.0 {
            for joint in points.iter().skip(1).take(points.len().saturating_sub(2)) {
                self.polygon(&circle(*joint, 0.5 * width), color)?;
            }
        }
        Ok(())
    }

    fn polygon(&mut self, points: &[Point], color: Color) -> Painted {
        let vertices: Vec<(i32, i32)> = points.iter().map(|p| self.at(*p)).collect();
        Ok(self.backend.fill_polygon(vertices, &ink(color))?)
    }

    /// Fills from `a` up to but not including `b`, at least one pixel each way.
    fn rect(&mut self, a: (i32, i32), b: (i32, i32), color: Color) -> Painted {
        let b = (b.0.max(a.0 + 1), b.1.max(a.1 + 1));
        Ok(self.backend.draw_rect(a, b, &ink(color), true)?)
    }

    fn text(&mut self, text: &Text) -> Painted {
        let (mut along, origin) = (0.0, text.start());
        for (run, script) in &text.rich.runs {
            let size = text.size * script.scale();
            // plotters puts the baseline half a line height below the position.
            let line = font::line_height() * size * self.factor;
            let down = script.drop() * text.size - 0.5 * line / self.factor;
            let (position, transform) = match text.up {
                true => ((origin.0 + down, origin.1 - along), FontTransform::Rotate270),
                false => ((origin.0 + along, origin.1 + down), FontTransform::None),
            };
            let font = FontDesc::new(FontFamily::Name(font::FAMILY), line, FontStyle::Normal);
            let style =
                font.transform(transform).color(&ink(text.color)).pos(Pos::new(HPos::Left, VPos::Top));
            let position = self.at(position);
            self.backend.draw_text(run, &style, position)?;
            along += font::width(run, size);
        }
        Ok(())
    }

    fn at(&self, (x, y): Point) -> (i32, i32) {
        ((x * self.factor).round() as i32, (y * self.factor).round() as i32)
    }
}

/// A circle as a closed polygon, fine enough for markers.
fn circle((x, y): Point, radius: f64) -> Vec<Point> {
    let n = if radius < 1.5 { 12 } else { 24 };
    (0..=n)
        .map(|k| std::f64::consts::TAU * f64::from(k) / f64::from(n))
        .map(|angle| (x + radius * angle.cos(), y + radius * angle.sin()))
        .collect()
}
